/** The answers recorded in `test/vectors/kubernetes_cel.json` are still the API server's. */
import { expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { describeIf } from "../run/requirements.ts";
import vectors from "../vectors/kubernetes_cel.json" with { type: "json" };
import { mustRun } from "./tools.ts";

interface Answer {
  readonly expression: string;
  readonly value?: string;
  readonly failure?: string;
  readonly error?: string;
}

describeIf("tools", "k8s.io/apiserver", () => {
  it("answers every expression as recorded", async () => {
    const { object, request } = vectors;
    const rows = vectors.rows.map(({ expression }) => ({ expression, object, request }));
    const said = await mustRun(peerPaths().cel, [], { input: JSON.stringify({ rows }) });
    const { answers } = JSON.parse(said) as { readonly answers: readonly Answer[] };
    expect(answers.map(({ expression, value, failure, error }) => ({
      expression,
      ...(value === undefined ? {} : { value }),
      ...(failure === undefined ? {} : { failure }),
      ...(error === undefined ? {} : { error: error.replace("ERROR: <input>:", "") }),
    }))).toEqual(vectors.rows);
  });
});
