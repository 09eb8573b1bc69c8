/**
 * Signatures of the scheme `notary.x509.signingAuthority`, made by the reference's library: our answer is that
 * library's and the real notation's, as recorded when they were made, but for what is on the closed list.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  ARTIFACT as SIGNED,
  type AuthorityRecord,
  STORE_TYPES,
  type StoreType,
} from "../../../../scripts/fixtures/authorities.ts";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import {
  decodeEnvelope,
  firstRefusal,
  signatureReferenceText,
  STRICT,
  type Trust,
  verdict,
  verifyEnvelopeBytes,
  verifySignature,
} from "../../../../src/notary/mod.ts";
import type { Descriptor, Digest } from "../../../../src/oci/mod.ts";
import { parseCertificates } from "../../../../src/x509/mod.ts";
import { expectSame } from "../../../peers/deviations.ts";

const FOLDER = "test/fixtures/authorities";
const read = (file: string) => new Uint8Array(readFileSync(join(FOLDER, file)));
const records: readonly AuthorityRecord[] = JSON.parse(readFileSync(join(FOLDER, "authorities.json"), "utf8"));
const ARTIFACT: Descriptor = { ...SIGNED, digest: SIGNED.digest as Digest };
const crypto = createWebCryptoProvider();
/** When the fixtures were made; only the expiry of a signature depends on it. */
const NOW = new Date("2026-11-23T17:00:00Z");

const stored = ({ file, mediaType }: AuthorityRecord) => ({ mediaType, bytes: read(file) });
const rootOf = ({ root }: AuthorityRecord) => parseCertificates(read(root));
function trusting(record: AuthorityRecord, type: StoreType, more: Partial<Trust> = {}): Trust {
  const trustAnchors = { ca: [], signingAuthority: [], [type]: rootOf(record) };
  return { name: "fixtures", level: STRICT, trustAnchors, ...more };
}
const verify = (record: AuthorityRecord, type: StoreType, at = NOW) =>
  verifyEnvelopeBytes(stored(record), ARTIFACT, trusting(record, type), { crypto, now: () => at });

/** What we say with the root among the signing authorities; those that are not here verify. */
const REFUSED: Readonly<Record<string, string>> = {
  expired: "SIGNATURE_EXPIRED",
  "too-early": "CERTIFICATE_NOT_YET_VALID",
  "too-late": "CERTIFICATE_EXPIRED",
  "fraction-too-late": "CERTIFICATE_EXPIRED",
  "root-too-late": "CERTIFICATE_EXPIRED",
  "without-time": "ERR_ENVELOPE_ATTRIBUTE",
  "signing-time-instead": "ERR_ENVELOPE_ATTRIBUTE",
  "signing-time-too": "ERR_ENVELOPE_ATTRIBUTE",
  "time-not-critical": "ERR_ENVELOPE_ATTRIBUTE",
  "other-scheme": "ERR_ENVELOPE_ATTRIBUTE",
  "both-under-x509": "ERR_ENVELOPE_ATTRIBUTE",
};
const caseOf = ({ name }: AuthorityRecord) => name.replace(/-(?:jws|cose)$/, "");

/** Where the reference is laxer. */
const ONE_TIME = "cose-one-time";
const DEVIATIONS: Readonly<Record<string, Readonly<Partial<Record<StoreType, string>>>>> = {
  "signing-time-too-cose": { signingAuthority: ONE_TIME },
  "both-under-x509-cose": { ca: ONE_TIME },
};

describe.each(STORE_TYPES)("signatures by a signing authority, the root in a store of type %s", (type) => {
  it.each(records)("$name: $about", async (record) => {
    const outcome = await verify(record, type);
    const theirs = record.notation[type];
    const deviation = DEVIATIONS[record.name]?.[type];
    expectSame(verdict(outcome), theirs.exitCode === 0 ? "verified" : "failed", deviation, theirs.reason);
    const malformed = REFUSED[caseOf(record)] === "ERR_ENVELOPE_ATTRIBUTE";
    const expected = type === "ca" && !malformed ? "TRUST_ANCHOR_MISSING" : REFUSED[caseOf(record)];
    expect(firstRefusal(outcome)?.code).toBe(expected);
    const sentence = signatureReferenceText(outcome);
    if (sentence !== undefined && deviation === undefined && record.integrity.verdict === "verified") {
      expect(sentence).toBe(theirs.reason);
    }
  });
});

describe("the envelopes of signing authorities", () => {
  it("are well-formed to us where they are to notation-core-go", () => {
    for (const record of records) {
      const decoded = () => decodeEnvelope(stored(record));
      const lax = record.name in DEVIATIONS;
      if (record.integrity.verdict === "failed" || lax) {
        expect(decoded, record.name).toThrow(expect.objectContaining({ code: "ERR_ENVELOPE_ATTRIBUTE" }));
      } else {
        const { signingScheme, authenticSigningTime, signingTime } = decoded().signedAttributes;
        expect([signingScheme, signingTime]).toEqual(["notary.x509.signingAuthority", undefined]);
        expect(authenticSigningTime?.instant).toEqual(new Date(record.signedAt));
      }
    }
  });
});

const named = (name: string): AuthorityRecord => {
  const found = records.find((record) => record.name === name);
  if (found === undefined) throw new Error(`no fixture "${name}"`);
  return found;
};
const FORMATS = ["jws", "cose"] as const;

describe.each(FORMATS)("the authentic signing time of %s", (format) => {
  it("counts in place of the clock, however late it is", async () => {
    const outcome = await verify(named(`retired-${format}`), "signingAuthority", new Date("2400-01-01T00:00:00Z"));
    expect(verdict(outcome)).toBe("verified");
    expect(outcome.validations.authenticTimestamp.result).toMatchObject({
      status: "passed",
      evidence: { basis: "authentic signing time", instant: "2021-06-01T00:00:00.000Z", timestamp: "absent" },
    });
  });

  it.each(["always", "afterCertExpiry"] as const)("asks for no timestamp, verifyTimestamp %s", async (when) => {
    for (const name of ["p-256", "retired", "stamped"]) {
      const record = named(`${name}-${format}`);
      const trust = trusting(record, "signingAuthority", { verifyTimestamp: when });
      // A store of timestamp authorities makes timestamps count, under the other scheme.
      const asking: Trust = { ...trust, trustAnchors: { ...trust.trustAnchors, tsa: [] } };
      const envelope = decodeEnvelope(stored(record));
      const outcome = await verifySignature(envelope, ARTIFACT, asking, { crypto, now: () => NOW });
      expect(verdict(outcome)).toBe("verified");
      const timestamp = name === "stamped" ? "not evaluated" : "absent";
      expect(outcome.validations.authenticTimestamp.result).toMatchObject({ evidence: { timestamp } });
    }
  });

  it("does not move the expiry, which the clock decides", async () => {
    const record = named(`expired-${format}`);
    expect(verdict(await verify(record, "signingAuthority", new Date("2025-06-01T23:59:59Z")))).toBe("verified");
    expect(verdict(await verify(record, "signingAuthority", new Date("2025-06-02T00:00:00Z")))).toBe("failed");
  });
});

describe("a signing authority's signature that is not trusted", () => {
  const record = named("p-256-jws");

  it("says which store was looked into, and which scheme asks for it", async () => {
    const refused = firstRefusal(await verify(record, "ca"));
    expect(refused).toMatchObject({
      code: "TRUST_ANCHOR_MISSING",
      message: 'Cannot establish who signed: "fixtures" trusts no certificate of type signingAuthority, which ' +
        '"notary.x509.signingAuthority" calls for',
    });
  });

  it("is another authority's, of the same name", async () => {
    const stranger = trusting(named("lasting-jws"), "signingAuthority");
    const outcome = await verifyEnvelopeBytes(stored(record), ARTIFACT, stranger, { crypto, now: () => NOW });
    expect(firstRefusal(outcome)?.code).toBe("SIGNER_NOT_TRUSTED");
  });
});
