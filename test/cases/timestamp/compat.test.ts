import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { MalformedError } from "../../../src/errors.ts";
import { readTimestampToken, verifyTimestamp } from "../../../src/timestamp/mod.ts";
import { readCertificate } from "../../../src/x509/mod.ts";
import { deviations } from "../../peers/deviations.ts";
import { compatOf, RULE_IDS } from "../../peers/strict_rules.ts";
import { MESSAGE, TOKEN_ROWS, type TokenRow } from "./rows.ts";

const crypto = createWebCryptoProvider();

/** Our answer where every rule goes by that can be passed over, and the rules that did. */
async function judge({ token, roots }: TokenRow) {
  const relaxed = new Set<string>();
  const tolerates = (rule: string) => relaxed.add(rule).has(rule);
  try {
    const decoded = readTimestampToken(token, tolerates);
    const verdict = await verifyTimestamp(decoded, MESSAGE, roots.map(readCertificate), crypto, tolerates);
    return { trusted: verdict.trusted, relaxed: [...relaxed] };
  } catch (thrown) {
    if (!(thrown instanceof MalformedError)) throw thrown;
    return { trusted: false, relaxed: [...relaxed] };
  }
}

describe("verifyTimestamp() where the reference's answer is asked for", () => {
  // `test/peers/timestamps.test.ts` asks the reference: it answers otherwise where a row has a deviation, and alike
  // elsewhere.
  it.each(TOKEN_ROWS)("gives it: $name", async (row) => {
    const ours = row.expected === "trusted";
    const { trusted, relaxed } = await judge(row);
    if (row.deviation === undefined) return expect(trusted).toBe(ours);
    const action = compatOf(row.deviation);
    expect(trusted).toBe(action === "kept" ? ours : !ours);
    if (action === "relaxed") expect(relaxed).toContain(row.deviation);
  });

  it("has a rule for every entry about tokens of the list of deviations", () => {
    const listed = deviations.filter(({ test }) => test === "test/cases/timestamp/rows.ts").map(({ id }) => id);
    expect(listed.length).toBeGreaterThan(5);
    expect(listed.filter((id) => !RULE_IDS.includes(id))).toEqual([]);
  });
});
