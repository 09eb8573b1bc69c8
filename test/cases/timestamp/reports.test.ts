/**
 * What users of the library that reads CMS here have reported of its own judgement. It is asked for none: each report is
 * a set of rows, and the rows hold the answer.
 */
import { describe, expect, it } from "vitest";
import { TOKEN_ROWS, type TokenRow } from "./rows.ts";

interface Report {
  /** Issue of PeculiarVentures/PKI.js. */
  readonly issue: number;
  readonly says: string;
  readonly refused: readonly string[];
  readonly trusted: readonly string[];
}

const REPORTS: readonly Report[] = [
  {
    issue: 170,
    says: "the digest was computed with another algorithm than the signer's",
    refused: ["another message digest", "a signature algorithm with another hash than the signer's", "SHA-1"],
    trusted: ["SHA-384 and a key of P-384", "SHA-512 and RSA"],
  },
  {
    issue: 247,
    says: "a chain with expired certificates was valid",
    refused: ["an intermediate that had expired", "a root that had expired"],
    trusted: ["an authority's certificate on its last second"],
  },
  {
    issue: 331,
    says: "a good timestamp did not verify",
    refused: ["other bytes than the signature"],
    trusted: ["a token like any other", "certificates in another order"],
  },
  {
    issue: 332,
    says: "the answer was yes whatever certificates were trusted",
    refused: ["an authority nobody trusts", "a namesake of the root in the token, who is not trusted"],
    trusted: ["without its root, which is at hand"],
  },
  {
    issue: 345,
    says: "the instant that was asked about was not the one that was judged",
    refused: ["an authority's certificate that was not valid yet"],
    trusted: ["an authority's certificate on its first second"],
  },
  {
    issue: 460,
    says: "the validity of the signer's certificate was not looked at",
    refused: ["an authority's certificate that had expired", "an authority's certificate that was not valid yet"],
    trusted: ["an authority's certificate on its first second", "an authority's certificate on its last second"],
  },
  {
    issue: 462,
    says: "a token by an expired authority was valid",
    refused: ["an authority's certificate that had expired"],
    trusted: ["a token like any other"],
  },
];

function rowOf(name: string): TokenRow {
  const found = TOKEN_ROWS.find((row) => row.name === name);
  if (found === undefined) throw new Error(`no row "${name}"`);
  return found;
}

describe("reports about the library that reads CMS", () => {
  it.each(REPORTS)("$issue: $says: there are rows for it", ({ refused, trusted }) => {
    expect(refused.map((name) => rowOf(name).expected)).not.toContain("trusted");
    expect(trusted.map((name) => rowOf(name).expected)).toEqual(trusted.map(() => "trusted"));
  });
});
