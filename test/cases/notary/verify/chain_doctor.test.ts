import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import {
  decodeEnvelope,
  FINDINGS,
  nearestMiss,
  STRICT,
  type Trust,
  verdict,
  type VerificationOutcome,
  verifySignature,
} from "../../../../src/notary/mod.ts";
import { type Certificate, readCertificate } from "../../../../src/x509/mod.ts";
import {
  basicConstraints,
  CA,
  type CertificateFields,
  ecKey,
  keyUsage,
  LEAF,
  makeCertificate,
  subject,
  USAGE,
} from "../../../run/certificate_maker.ts";
import { ARTIFACT, AUTHENTIC_TIME, makeJws, SCHEME, type Signer } from "../../../run/envelope_maker.ts";
import type { Descriptor } from "../../../../src/oci/mod.ts";

const crypto = createWebCryptoProvider();
const artifact = ARTIFACT as Descriptor;
const AT = new Date("2026-06-01T00:00:00Z");
const key = { root: ecKey(), middle: ecKey(), leaf: ecKey(), other: ecKey() };

type Changes = Partial<CertificateFields>;
const root = (changes: Changes = {}) =>
  makeCertificate({ subject: subject("root"), key: key.root, extensions: CA, ...changes });
const middle = (changes: Changes = {}) =>
  makeCertificate({
    subject: subject("middle"),
    issuer: subject("root"),
    key: key.middle,
    issuerKey: key.root,
    extensions: CA,
    ...changes,
  });
const leaf = (changes: Changes = {}) =>
  makeCertificate({
    subject: subject("leaf"),
    issuer: subject("middle"),
    key: key.leaf,
    issuerKey: key.middle,
    extensions: LEAF,
    ...changes,
  });
const alone = (changes: Changes = {}) =>
  makeCertificate({ subject: subject("alone"), key: key.leaf, extensions: LEAF, ...changes });
const stranger = () => makeCertificate({ subject: subject("stranger"), key: key.other, extensions: CA });
/** Made once: ECDSA signatures differ each time, and an anchor is compared byte for byte. */
const ROOT = root();
const MIDDLE = middle();
const WHOLE = [leaf(), MIDDLE, ROOT];

const signer = (chain: readonly Uint8Array[], by = key.leaf): Signer => ({ key: by, chain, jws: "ES256", cose: -7 });
const certificates = (ders: readonly Uint8Array[]): readonly Certificate[] => ders.map((der) => readCertificate(der));
const trusting = (...ca: readonly Uint8Array[]): Trust => ({
  name: "test",
  level: STRICT,
  trustAnchors: { ca: certificates(ca), signingAuthority: [] },
});

function verifyChain(by: Signer, trust: Trust, every = false, at = AT): Promise<VerificationOutcome> {
  const envelope = decodeEnvelope({ mediaType: "application/jose+json", bytes: makeJws(by) });
  return verifySignature(envelope, artifact, trust, { crypto, now: () => at, ...(every ? { diagnose: "every" } : {}) });
}

interface Row {
  readonly name: string;
  readonly by: Signer;
  readonly trust: Trust;
  readonly finding: keyof typeof FINDINGS;
  readonly says: RegExp;
  readonly place?: number;
  readonly store?: string;
}

const MISSES: readonly Row[] = [
  {
    name: "this is a leaf; the store holds CAs",
    by: signer([alone()]),
    trust: trusting(root(), stranger()),
    finding: "leaf-of-no-ca",
    says: /^This is a leaf, "CN=alone,.*", that no CA issued; the trust store holds 2 CAs$/,
    place: 0,
  },
  {
    name: "nothing in common",
    by: signer(WHOLE),
    trust: trusting(stranger(), alone({ key: key.other, subject: subject("x") })),
    finding: "nothing-in-common",
    says: /holds 1 CA and 1 self-signed signing certificate, and none .* the 3 certificates .* ends at "CN=root,/,
    place: 2,
  },
  {
    name: "the root was renewed",
    by: signer(WHOLE),
    trust: trusting(stranger(), root({ notAfter: "20250101000000Z" })),
    finding: "same-key-other-certificate",
    says: /certificate 3, "CN=root,.*: the store's is valid from \S+ to 2025-01-01T00:00:00.000Z, the signature's from/,
    place: 2,
    store: "ca",
  },
  {
    name: "same name, other key",
    by: signer(WHOLE),
    trust: trusting(root({ key: key.other })),
    finding: "same-name-other-key",
    says: /the same name as certificate 3, "CN=root,.*", with another key$/,
    place: 2,
    store: "ca",
  },
  {
    name: "a lone signing certificate made anew",
    by: signer([alone()]),
    trust: trusting(alone({ key: key.other })),
    finding: "same-name-other-key",
    says: /the same name as certificate 1, "CN=alone,/,
    place: 0,
    store: "ca",
  },
  {
    name: "same key, other name",
    by: signer(WHOLE),
    trust: trusting(root({ subject: subject("old root") })),
    finding: "same-key-other-name",
    says: /key of certificate 3, "CN=root,.*", under the name "CN=old root,/,
    place: 2,
    store: "ca",
  },
  {
    name: "another leaf of the same CA",
    by: signer(WHOLE),
    trust: trusting(leaf({ subject: subject("old leaf"), key: key.other })),
    finding: "sibling-in-store",
    says: /holds the signing certificate "CN=old leaf,.*, which certificate 2 of the chain, "CN=middle,/,
    place: 1,
    store: "ca",
  },
  {
    name: "another CA below the same root",
    by: signer(WHOLE),
    trust: trusting(middle({ subject: subject("old middle"), key: key.other })),
    finding: "sibling-in-store",
    says: /holds the CA "CN=old middle,.*, which certificate 3 of the chain, "CN=root,/,
    place: 2,
    store: "ca",
  },
  {
    name: "in a store of another type",
    by: signer(WHOLE),
    trust: {
      ...trusting(stranger()),
      trustAnchors: { ca: certificates([stranger()]), signingAuthority: certificates([ROOT]) },
    },
    finding: "anchor-of-other-type",
    says: /^Certificate 3, "CN=root,.*, is in a trust store of type signingAuthority; this signature calls for .* ca$/,
    place: 2,
    store: "signingAuthority",
  },
  {
    name: "nobody is trusted",
    by: signer(WHOLE),
    trust: trusting(),
    finding: "store-empty",
    says: /no certificate of type ca/,
  },
  {
    name: "a store that cannot be used",
    by: signer(WHOLE),
    trust: {
      ...trusting(),
      unusableStores: { ca: { code: "ERR_TRUST_STORE_EMPTY", message: "Cannot use trust store", evidence: {} } },
    },
    finding: "store-unusable",
    says: /^Cannot use trust store$/,
  },
];

const BROKEN: readonly Row[] = [
  {
    name: "the intermediate is missing",
    by: signer([leaf(), root()]),
    trust: trusting(root()),
    finding: "intermediate-missing",
    says:
      /^Certificate 1, "CN=leaf,.*, is issued by "CN=middle,.*", which is missing: the chain goes on with "CN=root,/,
    place: 0,
  },
  {
    name: "the intermediate is in the store only",
    by: signer([leaf(), root()]),
    trust: trusting(root(), middle()),
    finding: "issuer-in-store",
    says: /is issued by "CN=middle,.*, which is in the trust store and not in the signature$/,
    place: 0,
    store: "ca",
  },
  {
    name: "the root is missing",
    by: signer([leaf(), middle()]),
    trust: trusting(stranger()),
    finding: "root-missing",
    says: /^Certificate 2, "CN=middle,.*, is issued by "CN=root,.*, which is missing: the chain ends with it$/,
    place: 1,
  },
  {
    name: "the root is in the store only",
    by: signer([leaf(), middle()]),
    trust: trusting(stranger(), root()),
    finding: "issuer-in-store",
    says: /^Certificate 2, .* which is in the trust store and not in the signature$/,
    place: 1,
    store: "ca",
  },
  {
    name: "the leaf comes alone",
    by: signer([leaf()]),
    trust: trusting(middle(), root()),
    finding: "issuer-in-store",
    says: /^Certificate 1, "CN=leaf,.* "CN=middle,.*in the trust store and not in the signature$/,
    place: 0,
    store: "ca",
  },
  {
    name: "a namesake of the root in the store did not issue it",
    by: signer([leaf(), middle()]),
    trust: trusting(root({ key: key.other })),
    finding: "root-missing",
    says: /"CN=root,/,
    place: 1,
  },
  {
    name: "root before intermediate",
    by: signer([leaf(), root(), middle()]),
    trust: trusting(root()),
    finding: "chain-out-of-order",
    says: /is issued by "CN=middle,.*", which stands at place 3 of the chain, expected place 2$/,
    place: 0,
  },
  {
    name: "an intermediate made anew",
    by: signer([leaf(), middle({ key: key.other }), root()]),
    trust: trusting(root()),
    finding: "issuer-key-differs",
    says: /the next certificate has that name and a key that did not sign it$/,
    place: 0,
  },
  {
    name: "a CA signed",
    by: signer([root()], key.root),
    trust: trusting(root()),
    finding: "ca-signed",
    says: /^"CN=root,.*" is a CA and signed the artifact itself$/,
    place: 0,
  },
];

describe("the chain doctor names the nearest miss", () => {
  it.each([...MISSES, ...BROKEN])("$name", async ({ by, trust, finding, says, place, store }) => {
    const outcome = await verifyChain(by, trust);
    expect(verdict(outcome)).toBe("failed");
    const nearest = nearestMiss(outcome);
    expect(nearest?.id).toBe(finding);
    expect(nearest?.message).toMatch(says);
    expect(nearest?.nextStep).toBe(FINDINGS[finding]);
    expect(nearest?.certificate?.index).toBe(place);
    expect(nearest?.trusted?.store).toBe(store);
  });

  it("of chains that hold, as refusals of authenticity alone", async () => {
    for (const { by, trust } of MISSES) {
      const { validations, chain } = await verifyChain(by, trust);
      expect(validations.integrity.result.status).toBe("passed");
      expect(chain?.anchor).toBeUndefined();
      expect(chain?.certificates.flatMap(({ rules }) => rules).filter(({ status }) => status !== "passed")).toEqual([]);
    }
  });

  it("of chains that do not hold, beside the rules they break", async () => {
    for (const { by, trust } of BROKEN) {
      const { validations, chain } = await verifyChain(by, trust);
      expect(validations.integrity.result).toMatchObject({ refusal: { code: "CERTIFICATE_CHAIN_INVALID" } });
      expect(chain?.certificates.flatMap(({ rules }) => rules).some(({ status }) => status === "failed")).toBe(true);
    }
  });

  it("not of a signature that does not fit: whoever changed it is not to be trusted", async () => {
    const stranger = signer([alone()], key.other);
    const outcome = await verifyChain(stranger, trusting(root()));
    expect(outcome.validations.integrity.result).toMatchObject({ refusal: { code: "SIGNATURE_MISMATCH" } });
    expect(outcome.chain?.findings).not.toEqual([]);
    expect(nearestMiss(outcome)).toBeUndefined();
  });

  it("of a signature that does not fit because another certificate than the signer's is the first", async () => {
    const outcome = await verifyChain(signer([root(), middle(), leaf()], key.leaf), trusting(root()));
    expect(outcome.validations.integrity.result).toMatchObject({ refusal: { code: "SIGNATURE_MISMATCH" } });
    expect(nearestMiss(outcome)?.id).toBe("chain-out-of-order");
  });

  it("not of a chain that is trusted, when something else was refused", async () => {
    const old = root({ notAfter: "20250101000000Z" });
    const nobody: Trust = { ...trusting(old), trustedIdentities: [] };
    const outcome = await verifyChain(signer([leaf(), middle(), old]), nobody, true);
    expect(outcome.validations.authenticity.result).toMatchObject({ refusal: { code: "IDENTITY_MISSING" } });
    expect(outcome.chain?.findings.map(({ id }) => id)).toEqual(["anchor-expired"]);
    expect(nearestMiss(outcome)).toBeUndefined();
  });

  it("with a next step that is one clause, for every finding there is", () => {
    const tried = new Set([...MISSES, ...BROKEN].map(({ finding }) => finding));
    const elsewhere = ["anchor-expired", "authority-unknown"];
    expect(Object.keys(FINDINGS).filter((id) => !tried.has(id as never)).sort()).toEqual(elsewhere);
    for (const step of Object.values(FINDINGS)) expect(step).toMatch(/^[A-Z][^.]+[^.]$/);
  });
});

describe("the chain doctor", () => {
  it("looks at refused chains only, unless every one is asked for", async () => {
    expect(await verifyChain(signer(WHOLE), trusting(ROOT))).not.toHaveProperty("chain");
    expect(await verifyChain(signer(WHOLE), trusting(ROOT), true)).toHaveProperty("chain.anchor");
    const late = await verifyChain(signer(WHOLE), trusting(ROOT), false, new Date("2100-01-01T00:00:00Z"));
    expect(verdict(late)).toBe("failed");
    expect(late).not.toHaveProperty("chain");
  });

  it("names the anchor, its store and its place", async () => {
    const trust = trusting(stranger(), MIDDLE);
    const [, anchor] = trust.trustAnchors.ca;
    const named = { ...trust, anchorOrigins: new Map(anchor === undefined ? [] : [[anchor, "ca:release"]]) };
    const { chain } = await verifyChain(signer(WHOLE), named, true);
    expect(chain?.anchor).toEqual({
      store: "ca:release",
      subject: "CN=middle,O=Notary,ST=WA,C=US",
      fingerprint: await sha256(MIDDLE),
      index: 1,
      role: "intermediate",
    });
    expect(chain?.findings).toEqual([]);
  });

  it("reports each certificate with every rule, its validity the last", async () => {
    const { chain } = await verifyChain(signer(WHOLE), trusting(ROOT), true);
    expect(chain?.certificates.map(({ role, subject }) => [role, subject])).toEqual([
      ["leaf", "CN=leaf,O=Notary,ST=WA,C=US"],
      ["intermediate", "CN=middle,O=Notary,ST=WA,C=US"],
      ["root", "CN=root,O=Notary,ST=WA,C=US"],
    ]);
    expect(chain?.certificates[0]?.rules.at(-1)).toEqual({
      rule: "validity",
      section: 'Notary Project, trust-store-trust-policy.md, "Signature Verification details", authentic timestamp; ' +
        "RFC 5280, section 6.1.3 (a) (2)",
      status: "passed",
      found: "valid from 2024-01-01T00:00:00.000Z to 2099-01-01T00:00:00.000Z",
      expected: "valid at the verification time, 2026-06-01T00:00:00.000Z",
    });
  });

  it("says that an anchor has expired, and which certificates have", async () => {
    const old = root({ notAfter: "20250101000000Z" });
    const { chain, validations } = await verifyChain(signer([leaf(), middle(), old]), trusting(old), true);
    expect(validations.authenticity.result.status).toBe("passed");
    expect(chain?.findings.map(({ id }) => id)).toEqual(["anchor-expired"]);
    expect(chain?.anchor?.role).toBe("root");
    const validity = chain?.certificates.map(({ rules }) => rules.at(-1)?.status);
    expect(validity).toEqual(["passed", "passed", "failed"]);
  });

  it("judges validity at the authority's signing time under notary.x509.signingAuthority", async () => {
    const old = root({ notAfter: "20260201000000Z" });
    const bytes = makeJws(signer([leaf(), middle(), old]), {
      protected: (header) => {
        header[SCHEME] = "notary.x509.signingAuthority";
        delete header["io.cncf.notary.signingTime"];
        header[AUTHENTIC_TIME] = "2026-01-15T00:00:00Z";
        header["crit"] = [SCHEME, AUTHENTIC_TIME];
      },
    });
    const trust: Trust = { ...trusting(), trustAnchors: { ca: [], signingAuthority: certificates([old]) } };
    const envelope = decodeEnvelope({ mediaType: "application/jose+json", bytes });
    const outcome = await verifySignature(envelope, artifact, trust, { crypto, now: () => AT, diagnose: "every" });
    expect(verdict(outcome)).toBe("verified");
    const validity = outcome.chain?.certificates.map(({ rules }) => rules.at(-1));
    expect(validity?.map((rule) => rule?.status)).toEqual(["passed", "passed", "passed"]);
    expect(validity?.[0]?.expected).toBe("valid at the authentic signing time, 2026-01-15T00:00:00.000Z");
  });

  it("changes nothing that is judged", async () => {
    for (const { by, trust } of [...MISSES, ...BROKEN, { by: signer(WHOLE), trust: trusting(ROOT) }]) {
      const { chain: _, ...asked } = await verifyChain(by, trust, true);
      const { chain: __, ...plain } = await verifyChain(by, trust);
      expect(asked).toEqual(plain);
    }
  });

  it("is silent where it cannot compute, and the verdict stays", async () => {
    const envelope = decodeEnvelope({
      mediaType: "application/jose+json",
      bytes: makeJws(signer([leaf(), middle(), root()])),
    });
    const broken = { ...crypto, digest: () => Promise.reject(new Error("no digest here")) };
    const outcome = await verifySignature(envelope, artifact, trusting(stranger()), { crypto: broken, now: () => AT });
    expect(verdict(outcome)).toBe("failed");
    expect(outcome).not.toHaveProperty("chain");
  });

  it("computes fingerprints of what it keeps, however many anchors come near", async () => {
    const namesakes = Array.from({ length: 40 }, (_, serial) => root({ key: key.other, serialNumber: [serial + 2] }));
    const others = Array.from({ length: 40 }, (_, index) => root({ subject: subject(`root ${index}`) }));
    const digested: Uint8Array[] = [];
    const counting: typeof crypto = {
      ...crypto,
      digest: (hash, bytes) => {
        digested.push(bytes);
        return crypto.digest(hash, bytes);
      },
    };
    const envelope = decodeEnvelope({ mediaType: "application/jose+json", bytes: makeJws(signer(WHOLE)) });
    const trust = trusting(...namesakes, ...others);
    const { chain, validations } = await verifySignature(envelope, artifact, trust, {
      crypto: counting,
      now: () => AT,
    });
    expect(chain?.findings).toHaveLength(5);
    // 20 of the refusal's evidence, and those of the findings.
    const anchors = digested.filter((bytes) => trust.trustAnchors.ca.some(({ der }) => Buffer.from(der).equals(bytes)));
    expect(new Set(anchors.map((bytes) => Buffer.from(bytes).toString("hex"))).size).toBeLessThanOrEqual(25);
    const { evidence } = validations.authenticity.result as { readonly evidence: Record<string, readonly string[]> };
    expect(evidence["trusted"]).toHaveLength(21);
    expect(evidence["trusted"]?.at(-1)).toBe("and 60 more");
  });

  it("escapes what certificates say", async () => {
    const evil = alone({
      subject: subject("\u001b[2J\u202e"),
      extensions: [basicConstraints(true), keyUsage([USAGE.keyCertSign])],
    });
    const { chain } = await verifyChain(signer([evil]), trusting(stranger()));
    const messages = chain?.findings.map(({ message }) => message) ?? [];
    expect(messages.length).toBeGreaterThan(0);
    // deno-lint-ignore no-control-regex
    for (const message of messages) expect(message).not.toMatch(/[\u0000-\u001f\u202e]/);
  });
});

async function sha256(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await globalThis.crypto.subtle.digest("SHA-256", new Uint8Array(bytes))).toString("hex");
}
