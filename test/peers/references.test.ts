/** The texts of `test/vectors/references.json` still mean to the tools what is recorded. */
import { expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { describeIf } from "../run/requirements.ts";
import vectors from "../vectors/references.json" with { type: "json" };
import { mustRun, runTool } from "./tools.ts";

const inputs = vectors.rows.map(({ input }) => input);

describeIf("references", "distribution/reference and oras-go", () => {
  it("read every text as recorded", async () => {
    const said = await mustRun(peerPaths().references, [], { input: JSON.stringify(inputs) });
    const answers = said.trim().split("\n").map((line) => JSON.parse(line));
    expect(answers).toEqual(vectors.rows.map(({ input, docker, oras }) => ({ input, docker, oras })));
  });
});

/** Texts Kyverno is asked about at a time; of those it refuses, each is asked alone. */
const BATCH = 50;

describeIf("kyverno", "image_normalize()", () => {
  const known = vectors.rows.flatMap(({ input, kyverno }) => kyverno === null ? [] : [{ input, kyverno }]);
  const query = (text: string) => `image_normalize(\`${JSON.stringify(text).replaceAll("`", "\\`")}\`)`;
  const ask = (texts: readonly string[]) =>
    runTool(peerPaths().kyverno, ["jp", "query", "--compact", "--", ...texts.map(query)], { input: "{}" });

  it("reads every text as recorded, and gives it its tag where it has none", async () => {
    for (let at = 0; at < known.length; at += BATCH) {
      const rows = known.slice(at, at + BATCH);
      const { stdout, stderr, exitCode } = await ask(rows.map(({ input }) => input));
      expect(exitCode, stderr).toBe(0);
      const answers = stdout.split("\n").filter((line) => line.startsWith('"'));
      expect(answers.map((line) => JSON.parse(line))).toEqual(rows.map(({ kyverno: { registry, path, ...parts } }) => {
        const { tag, digest }: { readonly tag?: string; readonly digest?: string } = parts;
        return `${registry}/${path}${digest === undefined ? `:${tag ?? "latest"}` : `@${digest}`}`;
      }));
    }
  });

  it("refuses every text that is recorded as refused", async () => {
    const refused = vectors.rows.filter(({ kyverno }) => kyverno === null).map(({ input }) => input);
    expect(refused.length).toBeGreaterThan(40);
    const taken: string[] = [];
    const work = [...refused];
    const workers = Array.from({ length: 3 }, async () => {
      for (let text = work.pop(); text !== undefined; text = work.pop()) {
        if ((await ask([text])).exitCode === 0) taken.push(text);
      }
    });
    await Promise.all(workers);
    expect(taken).toEqual([]);
  }, 120_000);
});
