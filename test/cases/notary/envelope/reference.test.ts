import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import { decodeEnvelope, type ReadOptions, verdict, verifyEnvelopeBytes } from "../../../../src/notary/mod.ts";
import { readCertificate, validateSigningChain } from "../../../../src/x509/mod.ts";
import { deviations, expectSame } from "../../../peers/deviations.ts";
import { compatOf, RULE_IDS } from "../../../peers/strict_rules.ts";
import { CHAIN_ROWS } from "../../x509/chain_rows.ts";
import { artifact, AT, REFUSALS, ROW_TRUST, storedOf, TIMELESS_REFUSALS } from "../verify/refusals.ts";
import { COSE_ROWS, JWS_ROWS } from "./rows.ts";

type Answers = Readonly<Record<string, string | null>>;
const read = (file: string) => JSON.parse(readFileSync(file, "utf8"));
const { answers, refusals }: { answers: Record<string, Answers>; refusals: Answers } = read(
  "test/vectors/notary/envelopes.json",
);
const { answers: chains }: { answers: Answers } = read("test/vectors/x509/chains.json");

const crypto = createWebCryptoProvider();
const ports = { crypto, now: () => AT };
const FORMATS = [["application/jose+json", JWS_ROWS], ["application/cose", COSE_ROWS]] as const;

const verdictOf = (sentence: string | null | undefined) => {
  expect(sentence).not.toBeUndefined();
  return sentence === null ? "verified" : "failed";
};

/** Under `compat` the verdict is the reference's, but for rules that cannot be had; what was passed over is told. */
function expectCompat(
  ours: { readonly verdict: string; readonly relaxed: readonly string[] | undefined },
  theirs: "verified" | "failed",
  deviation: string | undefined,
  name: string,
): void {
  const action = compatOf(deviation);
  if (action === "kept") return expect(ours.verdict, name).not.toBe(theirs);
  expect(ours.verdict, name).toBe(theirs);
  if (action === "relaxed") expect(ours.relaxed, name).toEqual([deviation]);
  else if (theirs === "verified") expect(ours.relaxed, name).toEqual([]);
}

describe.each(FORMATS)("the rows of %s", (mediaType, rows) => {
  const theirs = answers[mediaType] ?? {};
  const judge = async (make: () => Uint8Array, options?: ReadOptions) => {
    const outcome = await verifyEnvelopeBytes({ mediaType, bytes: make() }, artifact, ROW_TRUST, ports, options);
    return { verdict: verdict(outcome), relaxed: outcome.relaxed };
  };

  it("have an answer of the reference each", () => {
    expect(rows.map(([name]) => name).sort()).toEqual(Object.keys(theirs).sort());
    expect(rows.length).toBeGreaterThan(80);
  });

  it.each(rows)("say what it says, or differ by an entry of the list: %s", async (name, _expected, make, deviation) => {
    const ours = await judge(make);
    expectSame(ours.verdict, verdictOf(theirs[name]), deviation, name);
    expect(ours.relaxed, "there is nothing to tell without compat").toBeUndefined();
  });

  it.each(rows)("say under compat what it says: %s", async (name, _expected, make, deviation) => {
    expectCompat(await judge(make, { compat: true }), verdictOf(theirs[name]), deviation, name);
  });
});

describe("signatures that are refused", () => {
  it.each(TIMELESS_REFUSALS)("under compat as the reference refuses them, or not: $name", async (row) => {
    const { name, envelope, trust, target = artifact, deviation } = row;
    const stored = storedOf.get(envelope());
    const outcome = await verifyEnvelopeBytes(stored!, target, trust, ports, { compat: true });
    const theirs = verdictOf(refusals[name]);
    expectCompat({ verdict: verdict(outcome), relaxed: outcome.relaxed }, theirs, deviation, name);
  });
});

describe("chains", () => {
  it.each(CHAIN_ROWS)("under compat as the reference judges them: $name", async ({ name, make, deviation }) => {
    const { failures } = await validateSigningChain(make().map((der) => readCertificate(der)), crypto);
    const passedOver = (rule: string | undefined) => compatOf(rule) === "relaxed";
    const left = failures.filter(({ strictRule }) => !passedOver(strictRule));
    const relaxed = [...new Set(failures.flatMap(({ strictRule }) => passedOver(strictRule) ? strictRule! : []))];
    const ours = left.length === 0 ? "verified" : "failed";
    expectCompat({ verdict: ours, relaxed }, verdictOf(chains[name]), deviation, name);
  });
});

describe("compat", () => {
  const files = [
    "test/cases/notary/envelope/rows.ts",
    "test/cases/notary/verify/refusals.ts",
    "test/cases/x509/chain_rows.ts",
  ];

  it("uses every rule about envelopes and chains in a row", () => {
    const used = new Set([
      ...[...JWS_ROWS, ...COSE_ROWS].flatMap(([, , , deviation]) => deviation ?? []),
      ...[...REFUSALS, ...CHAIN_ROWS].flatMap(({ deviation }) => deviation ?? []),
    ]);
    const listed = deviations.filter(({ test }) => files.includes(test)).map(({ id }) => id);
    expect([...used].sort()).toEqual(listed.sort());
  });

  it("has a rule for every entry about the reference's library of the list of deviations", () => {
    const listed = deviations.filter(({ peer }) => peer === "notation-core-go").map(({ id }) => id);
    expect(listed.filter((id) => !RULE_IDS.includes(id)), "name them in strict_rules.ts").toEqual([]);
  });

  it("has an entry of that list for every rule", () => {
    const listed = deviations.filter(({ peer }) => peer.startsWith("notation")).map(({ id }) => id);
    expect(RULE_IDS.filter((id) => !listed.includes(id))).toEqual([]);
  });

  it("looks once through padding where there is none", () => {
    const [, , make] = JWS_ROWS[0]!;
    const envelope = JSON.parse(new TextDecoder().decode(make()));
    const text = JSON.stringify({ ...envelope, payload: `${"=".repeat(500_000)}x` });
    const stored = { mediaType: "application/jose+json", bytes: new TextEncoder().encode(text) };
    const started = performance.now();
    expect(() => decodeEnvelope(stored, { compat: true })).toThrow(/"?payload"?/);
    expect(performance.now() - started, "milliseconds; quadratic work takes minutes").toBeLessThan(5000);
  });

  it("leaves a plain envelope as it is, and says that it was asked", () => {
    const [, , make] = JWS_ROWS[0]!;
    const stored = { mediaType: "application/jose+json", bytes: make() };
    const { relaxed, ...compat } = decodeEnvelope(stored, { compat: true });
    expect(compat).toEqual(decodeEnvelope(stored));
    expect(relaxed).toEqual([]);
  });
});
