/**
 * Fourteen signatures that are refused, each for one reason, as someone meets them: what `verify --explain` says of
 * them.
 */
import { createHash } from "node:crypto";
import { formatPem } from "../../../src/encoding/mod.ts";
import type { Handler } from "../../../src/ports.ts";
import {
  basicConstraints,
  CA,
  type CertificateFields,
  ecKey,
  keyUsage,
  LEAF,
  makeCertificate,
  type NameParts,
  ocspAt,
  USAGE,
} from "../../run/certificate_maker.ts";
import { EXPIRY, type JwsChanges, makeJws, SCHEME, type Signer } from "../../run/envelope_maker.ts";
import { makeOcspResponse } from "../../run/revocation_maker.ts";
import { makeAuthority, makeToken } from "../../run/timestamp_maker.ts";
import { image, OCI_INDEX, OCI_MANIFEST } from "../oci/fake_registry.ts";

/** When everything is verified. */
export const NOW = new Date("2026-06-01T12:00:00Z");
export const REFERENCE = "registry.example/shop/cart:1.4.2";

const keys = { root: ecKey(), middle: ecKey(), leaf: ecKey(), other: ecKey() };
const named = (commonName: string, organization = "Wabbit Networks"): NameParts => [
  ["C", "US"],
  ["ST", "WA"],
  ["O", organization],
  ["CN", commonName],
];
type Changes = Partial<CertificateFields>;
const root = (changes: Changes = {}) =>
  makeCertificate({ subject: named("Wabbit Root"), key: keys.root, extensions: CA, ...changes });
const middle = (changes: Changes = {}) =>
  makeCertificate({
    subject: named("Wabbit Issuing CA"),
    issuer: named("Wabbit Root"),
    key: keys.middle,
    issuerKey: keys.root,
    extensions: CA,
    ...changes,
  });
const leaf = (changes: Changes = {}) =>
  makeCertificate({
    subject: named("Wabbit Release"),
    issuer: named("Wabbit Issuing CA"),
    key: keys.leaf,
    issuerKey: keys.middle,
    extensions: LEAF,
    ...changes,
  });
const [ROOT, MIDDLE, LEAF_CERTIFICATE] = [root(), middle(), leaf()];
const ACME_ROOT = makeCertificate({ subject: named("Acme Root", "Acme"), key: keys.other, extensions: CA });

const signer = (...chain: readonly Uint8Array[]): Signer => ({ key: keys.leaf, chain, jws: "ES256", cose: -7 });
const wabbit = signer(LEAF_CERTIFICATE, MIDDLE, ROOT);
const cart = image("cart");
const otherImage = image("till");

function signature(by: Signer, changes: JwsChanges = {}, of = cart): Uint8Array {
  const { mediaType, digest, size } = of.descriptor;
  return makeJws(by, { payload: JSON.stringify({ targetArtifact: { mediaType, digest, size } }), ...changes });
}

const OCSP = "http://ocsp.example.com/";
const ISSUED = { serialNumber: [0x4a, 0x01] };
const asked = signer(leaf({ ...ISSUED, extensions: [...LEAF, ocspAt(OCSP)] }), MIDDLE, ROOT);
const hours = (number: number) => new Date(NOW.getTime() + number * 3_600_000);
const revoked = makeOcspResponse({
  producedAt: hours(-1),
  signer: keys.middle,
  statuses: [{
    ...ISSUED,
    issuer: named("Wabbit Issuing CA"),
    issuerKey: keys.middle,
    status: "revoked",
    revokedAt: hours(-24),
    reason: 1,
    thisUpdate: hours(-1),
    nextUpdate: hours(24),
  }],
});

const trustedTime = makeAuthority({ root: { subject: named("Wabbit Time Root") } });
/** Another authority, with keys of its own. */
const clock = { root: ecKey(), intermediate: ecKey() };
const unknownTime = makeAuthority({
  root: { key: clock.root },
  intermediate: { key: clock.intermediate, issuerKey: clock.root },
});
const STAMP = "io.cncf.notary.timestampSignature";
const stamped: JwsChanges = {
  members: (envelope) => {
    const bytes = new Uint8Array(Buffer.from(String(envelope["signature"]), "base64url"));
    const token = makeToken(bytes, unknownTime, { genTime: "20260101000000Z" });
    Object.assign(envelope["header"] as object, { [STAMP]: Buffer.from(token).toString("base64") });
  },
};

/** One refused signature. */
export interface Scene {
  readonly name: string;
  readonly code: string;
  /** Envelopes, in the registry's order. */
  readonly signatures: readonly Uint8Array[];
  /** Trust stores: `ca/release` → certificates. */
  readonly stores: Readonly<Record<string, readonly Uint8Array[]>>;
  /** Changes the statement of the trust policy. */
  readonly statement?: Readonly<Record<string, unknown>>;
  readonly answers?: Readonly<Record<string, Uint8Array>>;
  readonly flags?: readonly string[];
}

const trustingRoot = { "ca/release": [ROOT] };

export const SCENES: readonly Scene[] = [
  {
    name: "wrong-ca",
    code: "SIGNER_NOT_TRUSTED",
    signatures: [signature(wabbit)],
    stores: { "ca/release": [ACME_ROOT] },
  },
  {
    name: "self-signed-signer",
    code: "SIGNER_NOT_TRUSTED",
    signatures: [signature(signer(leaf({ issuer: named("Wabbit Release"), issuerKey: keys.leaf })))],
    stores: { "ca/release": [ROOT, ACME_ROOT] },
  },
  {
    name: "same-name-other-key",
    code: "SIGNER_NOT_TRUSTED",
    signatures: [signature(wabbit)],
    stores: { "ca/release": [root({ key: keys.other })] },
  },
  {
    name: "intermediate-missing",
    code: "CERTIFICATE_CHAIN_INVALID",
    signatures: [signature(signer(LEAF_CERTIFICATE, ROOT))],
    stores: trustingRoot,
  },
  {
    name: "certificate-for-everything",
    code: "CERTIFICATE_CHAIN_INVALID",
    signatures: [signature(
      signer(
        leaf({ extensions: [basicConstraints(false), keyUsage([USAGE.digitalSignature, USAGE.keyEncipherment])] }),
        MIDDLE,
        ROOT,
      ),
    )],
    stores: trustingRoot,
  },
  {
    name: "expired-certificate",
    code: "CERTIFICATE_EXPIRED",
    signatures: [signature(signer(leaf({ notAfter: "20260301000000Z" }), MIDDLE, ROOT))],
    stores: trustingRoot,
  },
  {
    name: "expired-signature",
    code: "SIGNATURE_EXPIRED",
    signatures: [signature(wabbit, {
      protected: (header) => {
        header[EXPIRY] = "2026-05-01T00:00:00Z";
        header["crit"] = [SCHEME, EXPIRY];
      },
    })],
    stores: trustingRoot,
  },
  {
    name: "tampered-envelope",
    code: "SIGNATURE_MISMATCH",
    signatures: [signature(wabbit, {
      members: (envelope) => {
        const { mediaType, digest, size } = otherImage.descriptor;
        const payload = JSON.stringify({ targetArtifact: { mediaType, digest, size } });
        envelope["payload"] = Buffer.from(payload).toString("base64url");
      },
    })],
    stores: trustingRoot,
  },
  {
    name: "other-artifact",
    code: "TARGET_ARTIFACT_MISMATCH",
    signatures: [signature(wabbit, {}, otherImage)],
    stores: trustingRoot,
  },
  {
    name: "identity-mismatch",
    code: "IDENTITY_NOT_TRUSTED",
    signatures: [signature(wabbit)],
    stores: trustingRoot,
    statement: { trustedIdentities: ["x509.subject: C=US, ST=WA, O=Wabbit Networks, CN=Wabbit Nightly"] },
  },
  {
    name: "revoked",
    code: "CERTIFICATE_REVOKED",
    signatures: [signature(asked)],
    stores: trustingRoot,
    answers: { [OCSP]: revoked },
  },
  { name: "revocation-unknown", code: "REVOCATION_UNKNOWN", signatures: [signature(asked)], stores: trustingRoot },
  {
    name: "timestamp-by-a-stranger",
    code: "TIMESTAMP_AUTHORITY_NOT_TRUSTED",
    signatures: [signature(wabbit, stamped)],
    stores: { ...trustingRoot, "tsa/time": [trustedTime.root] },
    statement: { trustStores: ["ca:release", "tsa:time"] },
  },
  { name: "unsigned", code: "SIGNATURE_MISSING", signatures: [], stores: trustingRoot },
  {
    name: "too-many-signatures",
    code: "SIGNATURE_LIMIT_EXCEEDED",
    signatures: [signature(wabbit, {}, otherImage), signature(wabbit, {}, image("scale")), signature(wabbit)],
    stores: trustingRoot,
    flags: ["--max-signatures", "1"],
  },
];

/** Notation's folder with a trust policy and its stores. */
export function notationFiles({ stores, statement }: Scene): Readonly<Record<string, string>> {
  const policy = {
    version: "1.0",
    trustPolicies: [{
      name: "releases",
      registryScopes: ["registry.example/shop/cart"],
      signatureVerification: { level: "strict" },
      trustStores: ["ca:release"],
      trustedIdentities: ["*"],
      ...statement,
    }],
  };
  const files = Object.entries(stores).map(([store, certificates]) =>
    [
      `/etc/notation/truststore/x509/${store}/trusted.pem`,
      certificates.map((certificate) => formatPem("CERTIFICATE", certificate)).join(""),
    ] as const
  );
  return { "/etc/notation/trustpolicy.json": JSON.stringify(policy), ...Object.fromEntries(files) };
}

const digestOf = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A registry with the image and its signatures, and the responders of the scene. */
export function sceneRegistry({ signatures, answers = {} }: Scene): Handler {
  const contents = new Map<string, { readonly mediaType: string; readonly bytes: Uint8Array }>();
  const keep = (mediaType: string, bytes: Uint8Array) => {
    const digest = digestOf(bytes);
    contents.set(digest, { mediaType, bytes });
    return { mediaType, digest, size: bytes.length };
  };
  const listed = signatures.map((envelope) => {
    const manifest = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: "application/vnd.cncf.notary.signature",
      config: keep("application/vnd.oci.empty.v1+json", new TextEncoder().encode("{}")),
      layers: [keep("application/jose+json", envelope)],
      subject: cart.descriptor,
    };
    return {
      ...keep(OCI_MANIFEST, new TextEncoder().encode(JSON.stringify(manifest))),
      artifactType: manifest.artifactType,
    };
  });
  contents.set(cart.descriptor.digest, { mediaType: cart.descriptor.mediaType, bytes: cart.bytes });
  return ({ url, method }) => {
    const answer = answers[url];
    if (answer !== undefined) return new Response(answer as BodyInit);
    if (url === OCSP) return new Response(null, { status: 503 });
    const [, what = "", name = ""] = /\/v2\/shop\/cart\/(manifests|blobs|referrers)\/([^?]+)/.exec(url) ?? [];
    if (what === "referrers") {
      const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: listed };
      return Response.json(index, { headers: { "content-type": OCI_INDEX } });
    }
    const content = contents.get(name === "1.4.2" ? cart.descriptor.digest : name);
    if (content === undefined) return new Response(null, { status: 404 });
    const headers = {
      "content-type": content.mediaType,
      "content-length": String(content.bytes.length),
      "docker-content-digest": digestOf(content.bytes),
    };
    return new Response(method === "HEAD" ? null : content.bytes as BodyInit, { headers });
  };
}
