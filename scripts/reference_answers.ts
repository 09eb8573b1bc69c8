/**
 * Writes down what the reference implementation says of the rows of our tables: `npx tsx scripts/reference_answers.ts`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { askAboutEverything } from "../test/peers/reference_answers.ts";
import { buildPeers } from "./peers.ts";

function record(file: string, changes: Readonly<Record<string, unknown>>): void {
  const before: Readonly<Record<string, unknown>> = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, `${JSON.stringify({ ...before, ...changes }, undefined, 2)}\n`);
  console.log(`${file} is written`);
}

buildPeers("corebench");
const { envelopes, refusals, chains } = await askAboutEverything();
record("test/vectors/notary/envelopes.json", {
  about: "What the verifier of notation-go v1.3.2 with notation-core-go v1.3.0 says of the envelopes in " +
    'test/cases/notary/envelope/rows.ts and, under "refusals", in test/cases/notary/verify/refusals.ts; null where it ' +
    "accepts. Written by scripts/reference_answers.ts",
  answers: envelopes,
  refusals,
});
record("test/vectors/x509/chains.json", {
  about: "What ValidateCodeSigningCertChain of notation-core-go v1.3.0 says of the chains in " +
    "test/cases/x509/chain_rows.ts; null where it accepts. Written by scripts/reference_answers.ts",
  answers: chains,
});
