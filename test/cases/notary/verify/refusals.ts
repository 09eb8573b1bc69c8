/** Signatures and how they are trusted, and what must be said of each that is refused. */
import {
  decodeEnvelope,
  type Envelope,
  type EnvelopeBytes,
  STRICT,
  type Trust,
  type ValidationType,
} from "../../../../src/notary/mod.ts";
import type { Descriptor } from "../../../../src/oci/mod.ts";
import { readCertificate } from "../../../../src/x509/mod.ts";
import { basicConstraints, keyUsage, USAGE } from "../../../run/certificate_maker.ts";
import {
  ARTIFACT,
  AUTHENTIC_TIME,
  cborBytes,
  cborText,
  EXPIRY,
  type JwsChanges,
  makeCose,
  makeJws,
  PAYLOAD,
  SCHEME,
  setHeader,
  type Signer,
  SIGNING_TIME,
} from "../../../run/envelope_maker.ts";
import { signers } from "../envelope/rows.ts";
import { anyPurpose, chain, chained, reissued, rsa2047, shortLived, stranger, withCrl, withOcsp } from "./signers.ts";

export const AT = new Date("2026-06-01T00:00:00Z");
export const artifact: Descriptor = ARTIFACT;

export const trusting = (signer: Signer, changes: Partial<Trust> = {}): Trust => ({
  name: "test",
  level: STRICT,
  trustAnchors: { ca: signer.chain.slice(-1).map((bytes) => readCertificate(bytes)), signingAuthority: [] },
  ...changes,
});
/** Trusts the signer of `../envelope/rows.ts`, under both schemes. */
export const ROW_TRUST: Trust = trusting(signers.curve, {
  trustAnchors: {
    ca: signers.curve.chain.map((bytes) => readCertificate(bytes)),
    signingAuthority: signers.curve.chain.map((bytes) => readCertificate(bytes)),
  },
});
export const jws = (signer: Signer, changes: JwsChanges = {}): Envelope =>
  decode({ mediaType: "application/jose+json", bytes: makeJws(signer, changes) });
export const cose = (signer: Signer, changes: Parameters<typeof makeCose>[1] = {}): Envelope =>
  decode({ mediaType: "application/cose", bytes: makeCose(signer, changes) });

/** What the envelopes here were decoded from: what the reference was asked about. */
export const storedOf = new WeakMap<Envelope, EnvelopeBytes>();

function decode(stored: EnvelopeBytes): Envelope {
  const envelope = decodeEnvelope(stored);
  storedOf.set(envelope, stored);
  return envelope;
}

export interface Refusal {
  readonly name: string;
  readonly envelope: () => Envelope;
  readonly trust: Trust;
  readonly at?: string;
  readonly target?: Descriptor;
  readonly type: ValidationType | "targetArtifact";
  readonly code: string;
  readonly verdict?: "failed" | "inconclusive";
  /** The reference's sentence; `undefined` where it accepts. */
  readonly reference: string | undefined;
  /** Entry of `test/peers/deviations.json` under which the reference accepts it all the same. */
  readonly deviation?: string;
}

export const authority = (header: Record<string, unknown>) => {
  delete header[SIGNING_TIME];
  header[SCHEME] = "notary.x509.signingAuthority";
  header[AUTHENTIC_TIME] = "2026-01-01T00:00:00Z";
  header["crit"] = [SCHEME, AUTHENTIC_TIME];
};
export const expiring = (header: Record<string, unknown>) => {
  header[EXPIRY] = "2026-11-23T17:40:16+09:00";
  header["crit"] = [SCHEME, EXPIRY];
};
export const critical = (name: string, value: unknown) => (header: Record<string, unknown>) => {
  header[name] = value;
  header["crit"] = [SCHEME, name];
};
export const PLUGIN = "io.cncf.notary.verificationPlugin";
export const byAuthority = (anchors: Signer): Trust =>
  trusting(signers.rsa, {
    trustAnchors: { ca: [], signingAuthority: anchors.chain.map((bytes) => readCertificate(bytes)) },
  });

export const REFUSALS: readonly Refusal[] = [
  {
    name: "an algorithm the key does not call for, of another kind",
    envelope: () => jws(signers.rsa, { protected: (header) => (header["alg"] = "ES256") }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "SIGNATURE_ALGORITHM_MISMATCH",
    reference: "signature is invalid. Error: key is of invalid type",
  },
  {
    name: "an algorithm the key does not call for, in COSE",
    envelope: () => cose({ ...signers.rsa, cose: -38 }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "SIGNATURE_ALGORITHM_MISMATCH",
    reference: "signature is invalid. Error: algorithm mismatch: verifier PS256: header PS384",
  },
  {
    name: "an algorithm of the key's kind that it does not call for",
    envelope: () => jws({ ...signers.rsa, jws: "PS384" }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "SIGNATURE_ALGORITHM_MISMATCH",
    reference: undefined,
  },
  ...(["payload", "protected"] as const).map((member): Refusal => ({
    name: `a ${member} changed after signing, in JWS`,
    envelope: () =>
      jws(signers.curve, {
        members: (envelope) => {
          const bytes = Buffer.from(String(envelope[member]), "base64url");
          envelope[member] = Buffer.from(`${bytes.toString("utf8")} `).toString("base64url");
        },
      }),
    trust: trusting(signers.curve),
    type: "integrity",
    code: "SIGNATURE_MISMATCH",
    reference: "signature is invalid. Error: crypto/ecdsa: verification error",
  })),
  {
    name: "a payload changed after signing, in COSE",
    envelope: () =>
      cose(signers.curve, { parts: (parts) => (parts[2] = cborBytes(new TextEncoder().encode(`${PAYLOAD} `))) }),
    trust: trusting(signers.curve),
    type: "integrity",
    code: "SIGNATURE_MISMATCH",
    reference: "signature is invalid. Error: verification error",
  },
  {
    name: "an RSA key of 2047 bits in JWS",
    deviation: "rsa-2047",
    envelope: () => jws(rsa2047),
    trust: trusting(rsa2047),
    type: "integrity",
    code: "CERTIFICATE_CHAIN_INVALID",
    reference: undefined,
  },
  {
    name: "an RSA key of 2047 bits in COSE",
    envelope: () => cose(rsa2047),
    trust: trusting(rsa2047),
    type: "integrity",
    code: "CERTIFICATE_CHAIN_INVALID",
    reference: undefined,
  },
  {
    name: "an RSA-PSS salt of 20 in JWS",
    deviation: "pss-salt",
    envelope: () => jws(signers.rsa, { saltLength: 20 }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "SIGNATURE_MISMATCH",
    reference: "signature is invalid. Error: crypto/rsa: verification error",
  },
  {
    name: "an RSA-PSS salt of 20 in COSE",
    envelope: () => cose(signers.rsa, { saltLength: 20 }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "SIGNATURE_MISMATCH",
    reference: "signature is invalid. Error: verification error",
  },
  {
    name: "an ECDSA signature as DER",
    envelope: () => jws(signers.curve, { derSignature: true }),
    trust: trusting(signers.curve),
    type: "integrity",
    code: "SIGNATURE_MISMATCH",
    reference: "signature is invalid. Error: crypto/ecdsa: verification error",
  },
  {
    name: "a chain without its root",
    envelope: () => jws({ ...chain, chain: chain.chain.slice(0, 2) }),
    trust: trusting(chain),
    type: "integrity",
    code: "CERTIFICATE_CHAIN_INVALID",
    reference:
      'certificate-chain is invalid, root certificate with subject "CN=middle,O=Notary,ST=WA,C=US" is invalid or ' +
      "not self-signed. Certificate chain must end with a valid self-signed root certificate. Error: x509: ECDSA " +
      "verification failure",
  },
  {
    name: "a leaf that is a CA",
    envelope: () => jws(chained([basicConstraints(true), keyUsage([USAGE.digitalSignature])])),
    trust: trusting(chain),
    type: "integrity",
    code: "CERTIFICATE_CHAIN_INVALID",
    reference: 'certificate-chain is invalid, certificate with subject "CN=leaf,O=Notary,ST=WA,C=US": if the basic ' +
      "constraints extension is present, the ca field must be set to false",
  },
  {
    name: "a leaf for any purpose",
    deviation: "any-purpose",
    envelope: () => jws(anyPurpose),
    trust: trusting(anyPurpose),
    type: "integrity",
    code: "CERTIFICATE_CHAIN_INVALID",
    reference: undefined,
  },
  {
    name: "an unknown critical attribute",
    deviation: "critical-attribute",
    envelope: () => jws(signers.rsa, { protected: critical("com.example.must", 1) }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "CRITICAL_ATTRIBUTE_UNKNOWN",
    reference: undefined,
  },
  {
    name: "a verification plugin",
    envelope: () => jws(signers.rsa, { protected: critical(PLUGIN, "com.example.plugin") }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "VERIFICATION_PLUGIN_REQUIRED",
    reference: "plugin unsupported due to nil verifier.pluginManager",
  },
  {
    name: "a verification plugin that is not marked critical",
    envelope: () => cose(signers.rsa, { protected: (entries) => setHeader(entries, PLUGIN, cborText("p")) }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "VERIFICATION_PLUGIN_REQUIRED",
    reference: "io.cncf.notary.verificationPlugin is not a critical Extended attribute",
  },
  {
    name: "a verification plugin whose name is no text",
    // An integer beyond 2⁵³.
    envelope: () =>
      cose(signers.rsa, {
        protected: (entries) => setHeader(entries, PLUGIN, Uint8Array.of(0x1b, 0x10, 0, 0, 0, 0, 0, 0, 0)),
      }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "CRITICAL_ATTRIBUTE_UNKNOWN",
    reference: undefined,
  },
  {
    name: "a plugin version without a plugin",
    deviation: "critical-attribute",
    envelope: () => jws(signers.rsa, { protected: critical(`${PLUGIN}MinVersion`, "1.0.0") }),
    trust: trusting(signers.rsa),
    type: "integrity",
    code: "CRITICAL_ATTRIBUTE_UNKNOWN",
    reference: undefined,
  },
  {
    name: "a signer who is not trusted",
    envelope: () => jws(stranger),
    trust: trusting(chain),
    type: "authenticity",
    code: "SIGNER_NOT_TRUSTED",
    reference: "the signature's certificate chain does not contain any trusted certificate",
  },
  {
    name: "a certificate issued anew with the same key and name",
    envelope: () => jws(reissued),
    trust: trusting(signers.rsa),
    type: "authenticity",
    code: "SIGNER_NOT_TRUSTED",
    reference: "the signature's certificate chain does not contain any trusted certificate",
  },
  {
    name: "no trusted certificate at all",
    envelope: () => jws(chain),
    trust: trusting(chain, { trustAnchors: { ca: [], signingAuthority: [] } }),
    type: "authenticity",
    code: "TRUST_ANCHOR_MISSING",
    reference: "no trusted certificates are found to verify authenticity",
  },
  {
    name: "a signing authority that is trusted as ca only",
    envelope: () => jws(signers.rsa, { protected: authority }),
    trust: trusting(signers.rsa),
    type: "authenticity",
    code: "TRUST_ANCHOR_MISSING",
    reference: "no trusted certificates are found to verify authenticity",
  },
  {
    name: "a signer who is trusted as signing authority only",
    envelope: () => jws(signers.rsa),
    trust: byAuthority(signers.rsa),
    type: "authenticity",
    code: "TRUST_ANCHOR_MISSING",
    reference: "no trusted certificates are found to verify authenticity",
  },
  {
    name: "the instant of expiry",
    envelope: () => jws(signers.rsa, { protected: expiring }),
    trust: trusting(signers.rsa),
    at: "2026-11-23T08:40:16Z",
    type: "expiry",
    code: "SIGNATURE_EXPIRED",
    reference: 'digital signature has expired on "Mon, 23 Nov 2026 17:40:16 +0900"',
  },
  {
    name: "a second after the certificate's last",
    envelope: () => jws(shortLived),
    trust: trusting(shortLived),
    at: "2026-06-01T00:00:00.001Z",
    type: "authenticTimestamp",
    code: "CERTIFICATE_EXPIRED",
    reference:
      'verification time is after certificate "CN=short,O=Notary,ST=WA,C=US" validity period, it was expired at ' +
      '"Mon, 01 Jun 2026 00:00:00 +0000"',
  },
  {
    name: "a second before the certificate's first",
    envelope: () => jws(shortLived),
    trust: trusting(shortLived),
    at: "2025-12-31T23:59:59Z",
    type: "authenticTimestamp",
    code: "CERTIFICATE_NOT_YET_VALID",
    reference:
      'verification time is before certificate "CN=short,O=Notary,ST=WA,C=US" validity period, it will be valid ' +
      'from "Thu, 01 Jan 2026 00:00:00 +0000"',
  },
  {
    name: "an authentic signing time outside the certificate's validity",
    envelope: () =>
      jws(shortLived, {
        protected: (header) => {
          authority(header);
          header[AUTHENTIC_TIME] = "2026-07-01T09:00:00+09:00";
        },
      }),
    trust: byAuthority(shortLived),
    at: "2026-05-01T00:00:00Z",
    type: "authenticTimestamp",
    code: "CERTIFICATE_EXPIRED",
    reference: 'certificate "CN=short,O=Notary,ST=WA,C=US" was not valid when the digital signature was produced at ' +
      '"Wed, 01 Jul 2026 09:00:00 +0900"',
  },
  {
    name: "a leaf that names an OCSP responder",
    envelope: () => jws(withOcsp),
    trust: trusting(withOcsp),
    type: "revocation",
    code: "REVOCATION_NOT_CHECKED",
    verdict: "inconclusive",
    reference: 'signing certificate with subject "CN=leaf,O=Notary,ST=WA,C=US" revocation status is unknown',
  },
  {
    name: "an intermediate that names a CRL",
    envelope: () => jws(withCrl),
    trust: trusting(withCrl),
    type: "revocation",
    code: "REVOCATION_NOT_CHECKED",
    verdict: "inconclusive",
    reference: 'signing certificate with subject "CN=middle,O=Notary,ST=WA,C=US" revocation status is unknown',
  },
  ...([
    ["another digest", { ...artifact, digest: `sha256:${"cd".repeat(32)}` }],
    ["another size", { ...artifact, size: 563 }],
    ["another media type", { ...artifact, mediaType: "application/vnd.docker.distribution.manifest.v2+json" }],
  ] as const).map(([name, target]): Refusal => ({
    name,
    envelope: () => jws(signers.rsa),
    trust: trusting(signers.rsa),
    target: target as Descriptor,
    type: "targetArtifact",
    code: "TARGET_ARTIFACT_MISMATCH",
    reference: "content descriptor mismatch",
  })),
  {
    name: "a payload with targetArtifact in capitals",
    deviation: "json-names-exact",
    envelope: () => jws(signers.rsa, { payload: JSON.stringify({ TARGETARTIFACT: artifact }) }),
    trust: trusting(signers.rsa),
    type: "targetArtifact",
    code: "ERR_PAYLOAD",
    reference: undefined,
  },
  {
    name: "a payload with targetArtifact twice, in parts",
    deviation: "json-names-once",
    envelope: () =>
      cose(signers.rsa, {
        payload: JSON.stringify({ targetArtifact: { ...artifact, size: 1 } }).replace(
          /}$/,
          `,"targetArtifact":{"size":${artifact.size}}}`,
        ),
      }),
    trust: trusting(signers.rsa),
    type: "targetArtifact",
    code: "ERR_PAYLOAD",
    reference: undefined,
  },
  {
    name: "a payload that is a list",
    envelope: () => jws(signers.rsa, { payload: "[]" }),
    trust: trusting(signers.rsa),
    type: "targetArtifact",
    code: "ERR_PAYLOAD",
    reference: undefined,
  },
  {
    name: "a payload with something behind it",
    envelope: () => jws(signers.rsa, { payload: `${PAYLOAD}{}` }),
    trust: trusting(signers.rsa),
    type: "targetArtifact",
    code: "ERR_PAYLOAD",
    reference: undefined,
  },
  {
    name: "a payload without targetArtifact",
    envelope: () => jws(signers.rsa, { payload: '{"a":1}' }),
    trust: trusting(signers.rsa),
    type: "targetArtifact",
    code: "ERR_PAYLOAD",
    reference: undefined,
  },
];

/**
 * Refusals that depend neither on the clock nor on others that would have to be asked: the reference is asked about
 * these.
 */
export const TIMELESS_REFUSALS: readonly Refusal[] = REFUSALS.filter(({ type }) =>
  type === "integrity" || type === "authenticity" || type === "targetArtifact"
);
