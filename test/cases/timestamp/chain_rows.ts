/** Tokens of authorities whose certificates break one rule each. */
import {
  basicConstraints,
  CA,
  ecKey,
  extKeyUsage,
  keyUsage,
  makeCertificate,
  PURPOSE,
  rsaKey,
  SIGNATURE,
  USAGE,
} from "../../run/certificate_maker.ts";
import {
  AUTHORITY,
  authorityName,
  criticalPurpose,
  makeAuthority,
  makeLoneAuthority,
} from "../../run/timestamp_maker.ts";
import { authority, byAuthority, row, type TokenRow } from "./row_maker.ts";

const stranger = makeAuthority({ root: { key: ecKey() } });

/** The authority's certificates. */
export const CHAIN_ROWS: readonly TokenRow[] = [
  row("an authority nobody trusts", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {}, { roots: [stranger.root] }),
  row("a namesake of the root in the token, who is not trusted", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    certificates: [...authority.certificates.slice(0, 2), stranger.root],
  }, { roots: [stranger.root] }),
  row("a namesake of the intermediate beside it", "trusted", {
    certificates: [
      authority.signer.der,
      makeAuthority({ intermediate: { key: ecKey() } }).certificates[1] as Uint8Array,
      ...authority.certificates.slice(1),
    ],
  }),
  row("a lone authority that is trusted itself", "trusted", {}, { by: makeLoneAuthority() }),
  row("a lone authority that is a CA", "TIMESTAMP_AUTHORITY_INVALID", {}, {
    by: makeLoneAuthority([basicConstraints(true), ...AUTHORITY.slice(1)]),
  }),
  byAuthority("an authority's certificate that had expired", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    signer: { notAfter: "20260601115959Z" },
  }, { says: "2026-06-01T11:59:59.000Z" }),
  byAuthority("an authority's certificate on its last second", "trusted", { signer: { notAfter: "20260601120000Z" } }),
  ...(["signer", "intermediate", "root"] as const).flatMap((which) =>
    ["0.0000005", "0.5"].map((fraction) =>
      row(`a token ${fraction} s after the last second of its ${which}`, "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
        genTime: `20260601120000${fraction.slice(1)}Z`,
      }, { by: makeAuthority({ [which]: { notAfter: "20260601120000Z" } }) })
    )
  ),
  row("a token a fraction before the first second of its signer", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    genTime: "20260601120000.9999999Z",
  }, { by: makeAuthority({ signer: { notBefore: "20260601120001Z" } }) }),
  row("an accuracy that reaches beyond the signer's certificate", "trusted", { accuracy: { seconds: [60] } }, {
    by: makeAuthority({ signer: { notBefore: "20260601120000Z", notAfter: "20260601120000Z" } }),
  }),
  byAuthority("an authority's certificate on its first second", "trusted", {
    signer: { notBefore: "20260601120000Z" },
  }),
  byAuthority("an authority's certificate that was not valid yet", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    signer: { notBefore: "20260601120001Z" },
  }),
  byAuthority("an intermediate that had expired", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    intermediate: { notAfter: "20260601115959Z" },
  }),
  byAuthority("a root that had expired", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", { root: { notAfter: "20260601115959Z" } }),
  byAuthority("a purpose that is not critical", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [...AUTHORITY.slice(0, 2), extKeyUsage(PURPOSE.timeStamping)] },
  }),
  byAuthority("two purposes", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [...AUTHORITY.slice(0, 2), criticalPurpose(PURPOSE.timeStamping, PURPOSE.codeSigning)] },
  }),
  byAuthority("an unknown purpose besides", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [...AUTHORITY.slice(0, 2), criticalPurpose(PURPOSE.timeStamping, "1.2.3.4")] },
  }),
  byAuthority("any purpose", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [...AUTHORITY.slice(0, 2), criticalPurpose(PURPOSE.any)] },
  }),
  byAuthority("no purpose", "TIMESTAMP_AUTHORITY_INVALID", { signer: { extensions: AUTHORITY.slice(0, 2) } }),
  byAuthority("another purpose", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [...AUTHORITY.slice(0, 2), criticalPurpose(PURPOSE.codeSigning)] },
  }),
  byAuthority("no key usage", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [AUTHORITY[0]!, AUTHORITY[2]!] },
  }),
  byAuthority("a key usage that is not critical", "trusted", {
    signer: { extensions: [AUTHORITY[0]!, keyUsage([USAGE.digitalSignature], false), AUTHORITY[2]!] },
  }),
  byAuthority("a key that may encipher keys", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: {
      extensions: [AUTHORITY[0]!, keyUsage([USAGE.digitalSignature, USAGE.keyEncipherment]), AUTHORITY[2]!],
    },
  }),
  byAuthority("a key that may not sign", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [AUTHORITY[0]!, keyUsage([USAGE.contentCommitment]), AUTHORITY[2]!] },
  }),
  byAuthority("a signing certificate that is a CA", "TIMESTAMP_AUTHORITY_INVALID", {
    signer: { extensions: [basicConstraints(true), ...AUTHORITY.slice(1)] },
  }),
  byAuthority("an intermediate that is no CA", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    intermediate: { extensions: [basicConstraints(false), keyUsage([USAGE.keyCertSign])] },
  }),
  byAuthority("an intermediate that may not sign certificates", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    intermediate: { extensions: [basicConstraints(true), keyUsage([USAGE.cRLSign])] },
  }),
  byAuthority("an intermediate without key usage", "TIMESTAMP_AUTHORITY_INVALID", {
    intermediate: { extensions: [basicConstraints(true)] },
  }),
  byAuthority("an intermediate whose CA flag is not critical", "TIMESTAMP_AUTHORITY_INVALID", {
    intermediate: { extensions: [basicConstraints(true, { critical: false }), keyUsage([USAGE.keyCertSign])] },
  }, { deviation: "ca-constraints-critical" }),
  byAuthority("an intermediate for other purposes", "TIMESTAMP_AUTHORITY_INVALID", {
    intermediate: { extensions: [...CA, extKeyUsage(PURPOSE.codeSigning)] },
  }),
  byAuthority("an intermediate for this purpose too", "trusted", {
    intermediate: { extensions: [...CA, extKeyUsage(PURPOSE.codeSigning, PURPOSE.timeStamping)] },
  }),
  byAuthority("a root that allows no CA below it", "TIMESTAMP_AUTHORITY_INVALID", {
    root: { extensions: [basicConstraints(true, { pathLength: 0 }), keyUsage([USAGE.keyCertSign])] },
  }),
  byAuthority("a signer's key of 1024 bits", "TIMESTAMP_AUTHORITY_INVALID", { signer: { key: rsaKey(1024) } }),
  byAuthority("a signer's certificate by SHA-1", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    signer: { signature: SIGNATURE.ecdsaSha1 },
  }),
  row("an intermediate as the only anchor", "TIMESTAMP_AUTHORITY_INVALID", {}, {
    roots: [authority.certificates[1] as Uint8Array],
  }),
  row("the signing certificate as the only anchor", "TIMESTAMP_AUTHORITY_INVALID", {}, {
    roots: [authority.signer.der],
  }),
];

/** A certificate that names its own issuer again and again. */
export function makeCrowd(): TokenRow {
  const crowd = Array.from({ length: 25 }, () =>
    makeCertificate({
      subject: authorityName("tsa intermediate"),
      issuer: authorityName("tsa intermediate"),
      key: ecKey(),
      extensions: CA,
    }));
  return row("a crowd of namesakes", "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
    certificates: [authority.signer.der, ...crowd],
  });
}
