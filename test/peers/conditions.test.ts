/**
 * The real Kyverno CLI judges what the cases of `test/cases/policy` take for its answers: operators, preconditions,
 * variables, context entries, and the rules it does not take.
 */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { CONTEXT_ROWS } from "../cases/policy/context_rows.ts";
import { KEYS, OPERATOR_ROWS, VALUES } from "../cases/policy/operator_rows.ts";
import { REFUSED_VARIABLES } from "../cases/policy/refused_variables.ts";
import { VARIABLE_ROWS } from "../cases/policy/variable_rows.ts";
import { describeIf } from "../run/requirements.ts";
import { askRefusal, askRules } from "./kyverno_rules.ts";

const vector: { readonly answers: Readonly<Record<string, readonly string[]>> } = JSON.parse(
  readFileSync("test/vectors/policy/operators.json", "utf8"),
);

/** All of the operators' table takes minutes: every so many-th row is asked again. */
const STEP = 7;

describeIf("kyverno", "the real Kyverno CLI, on conditions", () => {
  it("answers the operators' table as it is written down", { timeout: 120_000 }, async () => {
    const rows = OPERATOR_ROWS.filter((_, index) => index % STEP === 0);
    const answers = await askRules(rows.map((row) => ({ preconditions: { all: [row] } })));
    const differing = rows.filter(({ operator, key, value }, index) => {
      const written = vector.answers[operator]?.[KEYS.indexOf(key)]?.[VALUES.indexOf(value)];
      return written !== (answers[index]?.result === "pass" ? "1" : "0");
    });
    expect(rows.length).toBeGreaterThan(3_000);
    expect(differing).toEqual([]);
  });

  it("answers variables and context entries as the rows have it", { timeout: 60_000 }, async () => {
    const rows = [...VARIABLE_ROWS, ...CONTEXT_ROWS];
    const answers = await askRules(rows.map(({ context, preconditions }) => ({ context, preconditions })));
    const theirs = rows.map(({ name }, index) => {
      const { result, message } = answers[index] ?? {};
      return { name, result, ...(result === "pass" ? {} : { message }) };
    });
    expect(theirs).toEqual(
      rows.map(({ name, result, message }) => ({ name, result, ...(message === undefined ? {} : { message }) })),
    );
  });

  it.each(REFUSED_VARIABLES)(
    "does not take $name",
    { timeout: 30_000 },
    async ({ rule, background = false, reason }) => {
      const said = await askRefusal(rule, { background });
      expect(said?.replace(/^path: spec\.rules\[0\](?:\.validate\.[^:]*)?(?:: \w+)?: /, "")).toSatisfy((text: string) =>
        reason.endsWith(": ") ? text.startsWith(reason) : text === reason
      );
    },
  );
});
