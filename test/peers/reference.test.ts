/**
 * The reference implementation itself, linked into a program, judges every row of the tables of envelopes, refusals and
 * chains: what is recorded of it, which our rules and `compat` are held against, is what it says.
 */
import { readFileSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import { CHAIN_ROWS } from "../cases/x509/chain_rows.ts";
import { COSE_ROWS, JWS_ROWS } from "../cases/notary/envelope/rows.ts";
import { TIMELESS_REFUSALS } from "../cases/notary/verify/refusals.ts";
import { describeIf } from "../run/requirements.ts";
import { type Answers, askAboutEverything } from "./reference_answers.ts";

const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));
const envelopes: { answers: Record<string, Answers>; refusals: Answers } = read("test/vectors/notary/envelopes.json");
const chains: { answers: Answers } = read("test/vectors/x509/chains.json");

describeIf("tools", "what is recorded of the reference", () => {
  let said: Awaited<ReturnType<typeof askAboutEverything>>;
  beforeAll(async () => {
    said = await askAboutEverything();
  });

  it("is an answer about every row", () => {
    const names = [...JWS_ROWS, ...COSE_ROWS].map(([name]) => name).concat(
      [...TIMELESS_REFUSALS, ...CHAIN_ROWS].map(({ name }) => name),
    );
    const answered = [...Object.values(said.envelopes), said.refusals, said.chains].flatMap((all) => Object.keys(all));
    expect(answered.sort()).toEqual(names.sort());
    expect(answered.length).toBeGreaterThan(250);
  });

  it.each(JWS_ROWS)("is what it says of %s, as JWS", (name) => {
    expect(said.envelopes["application/jose+json"][name]).toBe(envelopes.answers["application/jose+json"]?.[name]);
  });

  it.each(COSE_ROWS)("is what it says of %s, as COSE", (name) => {
    expect(said.envelopes["application/cose"][name]).toBe(envelopes.answers["application/cose"]?.[name]);
  });

  it.each(TIMELESS_REFUSALS)("is what it says of $name", ({ name }) => {
    expect(said.refusals[name]).toBe(envelopes.refusals[name]);
  });

  it.each(CHAIN_ROWS)("is what it says of the chain: $name", ({ name }) => {
    expect(said.chains[name]).toBe(chains.answers[name]);
  });
});
