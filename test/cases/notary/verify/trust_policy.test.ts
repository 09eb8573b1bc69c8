/** Signatures under trust policies: stores, identities, and what each level makes of each failure. */
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import {
  AUDIT,
  type Envelope,
  firstRefusal,
  PERMISSIVE,
  resultReferenceText,
  SKIP,
  STRICT,
  type Trust,
  type TrustedIdentities,
  type ValidationType,
  verdict,
  verifySignature,
} from "../../../../src/notary/mod.ts";
import { overrideLevel } from "../../../../src/notary/trust/level.ts";
import { readIdentity } from "../../../../src/notary/trust/identity.ts";
import { readCertificate } from "../../../../src/x509/mod.ts";
import { ecKey, LEAF, makeCertificate, type NameParts } from "../../../run/certificate_maker.ts";
import type { Signer } from "../../../run/envelope_maker.ts";
import { signers } from "../envelope/rows.ts";
import { artifact, AT, authority, byAuthority, expiring, jws, trusting } from "./refusals.ts";
import { chain, shortLived, stranger, withOcsp } from "./signers.ts";

const crypto = createWebCryptoProvider();
const LATE = new Date("2027-06-01T00:00:00Z");

const verify = (envelope: Envelope, trust: Trust, at = AT, target = artifact) =>
  verifySignature(envelope, target, trust, { crypto, now: () => at });

const identities = (...texts: readonly string[]): TrustedIdentities =>
  texts.flatMap((text) => {
    const read = readIdentity(`x509.subject:${text}`, "test");
    if ("identity" in read) return [read.identity];
    throw new Error(text);
  });

/** A self-signed signer of this name. */
function named(parts: NameParts): Signer {
  const key = ecKey();
  return { key, chain: [makeCertificate({ subject: parts, key, extensions: LEAF })], jws: "ES256", cose: -7 };
}
const BASE: NameParts = [["C", "US"], ["ST", "WA"], ["O", "Notary"]];

type AuthenticityRow = readonly [string, () => Envelope, Trust, string | undefined, (RegExp | undefined)?];

describe("authenticity under a trust policy", () => {
  const unusable = {
    code: "ERR_TRUST_STORE",
    message: "Cannot use it",
    evidence: { reference: "it is broken" },
  } as const;
  const own = named(BASE);
  const mailing = named([...BASE, ["1.2.840.113549.1.9.1", "a@b.c", 0x16]]);
  const rows: readonly AuthenticityRow[] = [
    ["everyone", () => jws(own), trusting(own, { trustedIdentities: "*" }), undefined],
    [
      "the signer's name",
      () => jws(own),
      trusting(own, { trustedIdentities: identities("C=US,ST=WA,O=Notary") }),
      undefined,
    ],
    [
      "another name",
      () => jws(own),
      trusting(own, { trustedIdentities: identities("C=US,ST=WA,O=Other") }),
      "IDENTITY_NOT_TRUSTED",
      /^signing certificate from the digital signature does not match the X\.509 trusted identities \["x509\.subject:C=US,ST=WA,O=Other"\] defined in the trust policy "test"$/,
    ],
    [
      "no known kind of identity",
      () => jws(own),
      trusting(own, { trustedIdentities: [] }),
      "IDENTITY_MISSING",
      /^no x509 trusted identities are configured in the trust policy "test"$/,
    ],
    [
      "a subject that cannot be compared",
      () => jws(mailing),
      trusting(mailing, { trustedIdentities: identities("C=US,ST=WA,O=Notary") }),
      "IDENTITY_UNREADABLE",
      /^error while parsing the certificate subject from the digital signature\. error : "unsupported distinguished name \(DN\) \\"O=Notary,.*1\.2\.840\.113549\.1\.9\.1=#/,
    ],
    ["the same subject by *", () => jws(mailing), trusting(mailing, { trustedIdentities: "*" }), undefined],
    [
      "the leaf's name under a root",
      () => jws(chain),
      trusting(chain, { trustedIdentities: identities("C=US,ST=WA,O=Notary,CN=leaf") }),
      undefined,
    ],
    [
      "the root's name is not the leaf's",
      () => jws(chain),
      trusting(chain, { trustedIdentities: identities("C=US,ST=WA,O=Notary,CN=root") }),
      "IDENTITY_NOT_TRUSTED",
    ],
    [
      "a good name does not make up for an anchor",
      () => jws(own),
      trusting(stranger, { trustedIdentities: identities("C=US,ST=WA,O=Notary") }),
      "SIGNER_NOT_TRUSTED",
    ],
    [
      "a store that cannot be used",
      () => jws(own),
      trusting(own, { unusableStores: { ca: unusable } }),
      "ERR_TRUST_STORE",
      /^it is broken$/,
    ],
    [
      "a broken store of the other scheme",
      () => jws(own),
      trusting(own, { unusableStores: { signingAuthority: unusable } }),
      undefined,
    ],
    [
      "an authority's store that cannot be used",
      () => jws(chain, { protected: authority }),
      { ...byAuthority(chain), unusableStores: { signingAuthority: unusable } },
      "ERR_TRUST_STORE",
    ],
    ["an authority beside a broken ca store", () => jws(chain, { protected: authority }), {
      ...byAuthority(chain),
      unusableStores: { ca: unusable },
    }, undefined],
  ];

  const cases = rows.map(([name, envelope, trust, code, reference]) => ({ name, envelope, trust, code, reference }));
  it.each(cases)("$name", async ({ envelope, trust, code, reference }) => {
    const outcome = await verify(envelope(), trust);
    expect(firstRefusal(outcome)?.code).toBe(code);
    expect(verdict(outcome)).toBe(code === undefined ? "verified" : "failed");
    const { result } = outcome.validations.authenticity;
    if (reference !== undefined) expect(resultReferenceText(result)).toMatch(reference);
  });

  it("says which identity matched and which anchor", async () => {
    const trust = trusting(chain, { trustedIdentities: identities("C=DE,ST=BY,O=x", "C=US,ST=WA,O=Notary,CN=leaf") });
    expect((await verify(jws(chain), trust)).validations.authenticity.result).toMatchObject({
      status: "passed",
      evidence: {
        identity: "x509.subject:C=US,ST=WA,O=Notary,CN=leaf",
        position: "root",
        anchor: expect.stringMatching(/CN=root/),
      },
    });
  });
});

/** One failure of each validation, at the instant it shows. */
const FAILURES: readonly {
  readonly type: ValidationType;
  readonly status: "failed" | "inconclusive";
  readonly envelope: () => Envelope;
  readonly signer: Signer;
  readonly trusted?: Signer;
  readonly at?: Date;
}[] = [
  {
    type: "integrity",
    status: "failed",
    envelope: () => jws(signers.curve, { members: (members) => (members["payload"] = `${members["payload"]}e30`) }),
    signer: signers.curve,
  },
  {
    type: "authenticity",
    status: "failed",
    envelope: () => jws(signers.curve),
    signer: signers.curve,
    trusted: stranger,
  },
  {
    type: "expiry",
    status: "failed",
    envelope: () => jws(signers.curve, { protected: expiring }),
    signer: signers.curve,
    at: LATE,
  },
  { type: "authenticTimestamp", status: "failed", envelope: () => jws(shortLived), signer: shortLived, at: LATE },
  { type: "revocation", status: "inconclusive", envelope: () => jws(withOcsp), signer: withOcsp },
];

describe("levels × failures × overrides", () => {
  const levels = [STRICT, PERMISSIVE, AUDIT].flatMap((base) => [
    { title: base.name, level: base },
    ...(["authenticity", "authenticTimestamp", "expiry", "revocation"] as const).flatMap((type) =>
      (type === "revocation" ? ["enforce", "log", "skip"] as const : ["enforce", "log"] as const).map((action) => {
        const level = overrideLevel(base, new Map([[type, action]]));
        if (!("actions" in level)) throw new Error(level.rule);
        return { title: `${base.name}, ${type}: ${action}`, level };
      })
    ),
  ]);
  const rows = levels.flatMap(({ title, level }) => FAILURES.map((failure) => ({ title, level, ...failure })));

  it.each(rows)("$title: $type", async ({ level, type, status, envelope, signer, trusted, at }) => {
    const outcome = await verify(envelope(), trusting(trusted ?? signer, { level }), at);
    const { action, result } = outcome.validations[type];
    expect(action).toBe(level.actions[type]);
    if (action === "skip") {
      expect(result.status).toBe("skipped");
      return expect(verdict(outcome)).toBe("verified");
    }
    expect(result.status).toBe(status);
    expect(verdict(outcome)).toBe(action === "enforce" ? status : "verified");
    if (action === "enforce") expect(firstRefusal(outcome)).toEqual("refusal" in result ? result.refusal : undefined);
    else expect(resultReferenceText(result)).toMatch(/\S/);
  });

  it.each([STRICT, PERMISSIVE, AUDIT])("$name never lets a signature of another artifact pass", async (level) => {
    const other = { ...artifact, size: artifact.size + 1 };
    const outcome = await verify(jws(signers.curve), trusting(signers.curve, { level }), AT, other);
    expect(firstRefusal(outcome)?.code).toBe("TARGET_ARTIFACT_MISMATCH");
  });

  it("skips everything under skip, a certificate of nobody included", async () => {
    const trust: Trust = {
      name: "skip",
      level: SKIP,
      trustAnchors: { ca: [], signingAuthority: [] },
      trustedIdentities: [],
    };
    const [certificate] = signers.curve.chain.map((bytes) => readCertificate(bytes));
    expect(certificate).toBeDefined();
    expect(verdict(await verify(jws(signers.curve), trust))).toBe("skipped");
  });
});
