/** Writes down what the real Kyverno says of the operators' table: `npx tsx scripts/kyverno_answers.ts`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { KEYS, OPERATOR_NAMES, OPERATOR_ROWS, VALUES } from "../test/cases/policy/operator_rows.ts";
import { askRules } from "../test/peers/kyverno_rules.ts";
import { buildPeers } from "./peers.ts";

const file = "test/vectors/policy/operators.json";

buildPeers("kyverno");
const answers = await askRules(OPERATOR_ROWS.map((row) => ({ preconditions: { all: [row] } })));
const bits = answers.map(({ result }) => result === "pass" ? "1" : "0").join("");
const lines = OPERATOR_NAMES.map((operator, at) => {
  const size = KEYS.length * VALUES.length;
  const own = bits.slice(at * size, (at + 1) * size);
  return [operator, KEYS.map((_, key) => own.slice(key * VALUES.length, (key + 1) * VALUES.length))] as const;
});
mkdirSync("test/vectors/policy", { recursive: true });
writeFileSync(
  file,
  `${
    JSON.stringify(
      {
        about: "What the Kyverno CLI v1.15.2 answers for test/cases/policy/operator_rows.ts: per operator a line for " +
          "each key, with 1 for each value for which the condition holds. Written by scripts/kyverno_answers.ts",
        answers: Object.fromEntries(lines),
      },
      undefined,
      2,
    )
  }\n`,
);
console.log(`${file} is written`);
