/**
 * Paths of timestamp authorities, found among certificates that prove nothing by being there; judged by OpenSSL too.
 */
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { findPaths, readCertificate, validateTimestampingChain } from "../../../src/x509/mod.ts";
import {
  basicConstraints,
  extension,
  extKeyUsage,
  keyUsage,
  octets,
  PURPOSE,
  subject,
  USAGE,
} from "../../run/certificate_maker.ts";
import { describeIf } from "../../run/requirements.ts";
import { criticalPurpose } from "../../run/timestamp_maker.ts";
import { opensslVerdict } from "./openssl_verify.ts";
import { type Changes, forged, issue, keys, usesOfCa } from "./path_maker.ts";

const crypto = createWebCryptoProvider();
const AT = "2026-06-01T00:00:00Z";

const STAMPING = [keyUsage([USAGE.digitalSignature]), criticalPurpose(PURPOSE.timeStamping)];
const party = (name: string, key: keyof typeof keys, changes: Changes = {}) => ({
  subject: subject(name),
  key: keys[key],
  ...changes,
});
const root = party("root", "root");
const middle = party("middle", "middle");
const ROOT = issue(root);
const MIDDLE = issue(middle, root);
const authority = (changes: Changes = {}) => issue(party("tsa", "leaf", { uses: STAMPING, ...changes }), middle);
const TSA = authority();
const below = (changes: Changes) => issue({ ...middle, ...changes }, root);
const usedFor = (...uses: readonly Uint8Array[]) => authority({ uses });

/** A second hierarchy that vouches for the first one's root, and another one that vouches for its intermediate. */
const otherRoot = party("other root", "other");
const OTHER_ROOT = issue(otherRoot);
const CROSSED_ROOT = issue(root, otherRoot);
const CROSSED_MIDDLE = issue(middle, otherRoot);
const NAMESAKE = issue(party("middle", "fourth"), root);

interface AuthorityRow {
  readonly about: string;
  readonly leaf?: Uint8Array;
  readonly candidates: readonly Uint8Array[];
  readonly anchors?: readonly Uint8Array[];
  /** Whether one of the paths found holds by the rules for timestamp authorities. */
  readonly ours: boolean;
  readonly openssl: number;
  /** Why, where the two differ. */
  readonly difference?: string;
}

const ROWS: readonly AuthorityRow[] = [
  { about: "the chain in order", candidates: [MIDDLE, ROOT], ours: true, openssl: 0 },
  { about: "the chain in no order, the authority among it", candidates: [ROOT, TSA, MIDDLE], ours: true, openssl: 0 },
  { about: "no root beside the token", candidates: [MIDDLE], ours: true, openssl: 0 },
  { about: "no intermediate", candidates: [ROOT], ours: false, openssl: 20 },
  { about: "nothing trusted", candidates: [MIDDLE, ROOT], anchors: [], ours: false, openssl: 19 },
  { about: "another root trusted", candidates: [MIDDLE, ROOT], anchors: [OTHER_ROOT], ours: false, openssl: 19 },
  {
    about: "a way by a root that another root vouches for",
    candidates: [MIDDLE, CROSSED_ROOT],
    anchors: [OTHER_ROOT],
    ours: true,
    openssl: 0,
  },
  {
    about: "two ways, the first one seen leading nowhere",
    candidates: [CROSSED_MIDDLE, MIDDLE],
    ours: true,
    openssl: 20,
    difference: "OpenSSL follows the first issuer it sees and does not go back among what is not trusted.",
  },
  { about: "a namesake of the intermediate before it", candidates: [NAMESAKE, MIDDLE], ours: true, openssl: 0 },
  { about: "a namesake of the intermediate alone", candidates: [NAMESAKE], ours: false, openssl: 20 },
  {
    about: "an expired intermediate and one that is valid, of the same key",
    candidates: [below({ notAfter: "20260101000000Z" }), MIDDLE],
    ours: true,
    openssl: 0,
  },
  { about: "an expired intermediate", candidates: [below({ notAfter: "20260101000000Z" })], ours: false, openssl: 10 },
  {
    about: "an expired authority",
    leaf: authority({ notAfter: "20260101000000Z" }),
    candidates: [MIDDLE],
    ours: false,
    openssl: 10,
  },
  {
    about: "an expired root",
    candidates: [MIDDLE],
    anchors: [issue({ ...root, notAfter: "20260101000000Z" })],
    ours: false,
    openssl: 10,
  },
  {
    about: "an intermediate that is no CA",
    candidates: [below({ uses: STAMPING })],
    ours: false,
    openssl: 79,
  },
  {
    about: "an intermediate that may not sign certificates",
    candidates: [below({ uses: [basicConstraints(true), keyUsage([USAGE.cRLSign])] })],
    ours: false,
    openssl: 79,
  },
  { about: "a forged intermediate", candidates: [below({ bytes: forged })], ours: false, openssl: 7 },
  { about: "a forged authority", leaf: authority({ bytes: forged }), candidates: [MIDDLE], ours: false, openssl: 7 },
  {
    about: "a path length of 0 above the intermediate",
    candidates: [MIDDLE],
    anchors: [issue({ ...root, uses: usesOfCa(0) })],
    ours: false,
    openssl: 25,
  },
  {
    about: "a purpose that is not critical",
    leaf: usedFor(keyUsage([USAGE.digitalSignature]), extKeyUsage(PURPOSE.timeStamping)),
    candidates: [MIDDLE],
    ours: false,
    openssl: 26,
  },
  {
    about: "a purpose too many",
    leaf: usedFor(keyUsage([USAGE.digitalSignature]), criticalPurpose(PURPOSE.timeStamping, PURPOSE.codeSigning)),
    candidates: [MIDDLE],
    ours: false,
    openssl: 26,
  },
  {
    about: "no purpose",
    leaf: usedFor(keyUsage([USAGE.digitalSignature])),
    candidates: [MIDDLE],
    ours: false,
    openssl: 26,
  },
  {
    about: "a key for encryption too",
    leaf: usedFor(
      keyUsage([USAGE.digitalSignature, USAGE.keyEncipherment]),
      criticalPurpose(PURPOSE.timeStamping),
    ),
    candidates: [MIDDLE],
    ours: false,
    openssl: 26,
  },
  {
    about: "no keyUsage",
    leaf: usedFor(criticalPurpose(PURPOSE.timeStamping)),
    candidates: [MIDDLE],
    ours: false,
    openssl: 0,
    difference: "Notary Project, Certificate Requirements: keyUsage is present; RFC 3161 does not ask for it.",
  },
  {
    about: "an intermediate for servers",
    candidates: [below({ more: [extKeyUsage(PURPOSE.serverAuth)] })],
    ours: false,
    openssl: 0,
    difference: "A CA that is limited to other purposes vouches for no authority, in Go's verifier as in ours.",
  },
  {
    about: "an unknown critical extension",
    leaf: authority({ more: [extension("1.3.6.1.4.1.99999.1", true, octets(5, 0))] }),
    candidates: [MIDDLE],
    ours: true,
    openssl: 34,
    difference: "Notary Project, Certificate Requirements: other extensions are ignored, critical or not.",
  },
];

async function ourAnswer({ leaf = TSA, candidates, anchors = [ROOT] }: AuthorityRow): Promise<boolean> {
  const read = (ders: readonly Uint8Array[]) => ders.map((der) => readCertificate(der));
  const search = {
    leaf: readCertificate(leaf),
    candidates: read(candidates),
    anchors: read(anchors),
    at: new Date(AT),
  };
  const { paths } = await findPaths(search, crypto);
  const judged = await Promise.all(paths.map((path) => validateTimestampingChain(path, crypto)));
  return judged.some(({ valid }) => valid);
}

describe("the path of a timestamp authority", () => {
  it.each(ROWS)("$about: $ours", async (row) => {
    expect(await ourAnswer(row)).toBe(row.ours);
  });

  it.each(ROWS)("$about: a reason where OpenSSL differs, and only there", ({ ours, openssl, difference }) => {
    expect(difference !== undefined).toBe(ours !== (openssl === 0));
  });
});

describeIf("openssl", "the path of a timestamp authority, by OpenSSL", () => {
  it.each(ROWS)("$about: $openssl", ({ leaf = TSA, candidates: others, anchors = [ROOT], openssl }) => {
    expect(opensslVerdict({ leaf, others, anchors, at: AT, purpose: "timestampsign" })).toBe(openssl);
  });
});
