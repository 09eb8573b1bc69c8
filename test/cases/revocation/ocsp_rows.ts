/**
 * The table of OCSP responses: what each says of the leaf. `reference` is what the reference makes of it where that
 * differs, with the entry of the closed list that explains why; `test/peers/revocation_rows.test.ts` asks it.
 */
import { extension, PURPOSE, SIGNATURE, subject, USAGE } from "../../run/certificate_maker.ts";
import { invalidityDate, makeOcspResponse, nonce, type OcspFields } from "../../run/revocation_maker.ts";
import type { AnswerProblem } from "../../../src/revocation/mod.ts";
import {
  after,
  DAY,
  HOUR,
  ISSUER,
  keys,
  leafCertificate,
  MINUTE,
  OTHER_SERIAL,
  RESPONDER,
  responderCertificate,
  statusOf,
} from "./cast.ts";

export interface OcspRow {
  readonly name: string;
  readonly make: (at: Date) => Uint8Array;
  readonly expected: "ok" | "revoked" | AnswerProblem;
  /** What the reference says where it is not the same. */
  readonly reference?: { readonly status: "ok" | "revoked" | "unknown"; readonly deviation: string };
  readonly nonce?: Uint8Array;
  readonly signedAt?: (at: Date) => Date;
}

const byIssuer = (at: Date, changes: Partial<OcspFields> = {}): OcspFields => ({
  producedAt: after(at, -HOUR),
  statuses: [statusOf(at)],
  signer: keys.issuer,
  ...changes,
});
const byResponder = (at: Date, certificate: Uint8Array, changes: Partial<OcspFields> = {}): OcspFields =>
  byIssuer(at, { signer: keys.responder, certificates: [certificate], ...changes });
const answered = (change: (at: Date) => Partial<Parameters<typeof statusOf>[1]>) => (at: Date) =>
  makeOcspResponse(byIssuer(at, { statuses: [statusOf(at, change(at))] }));
const delegated =
  (make: (at: Date) => Uint8Array, change: (at: Date) => Partial<OcspFields> = () => ({})) => (at: Date) =>
    makeOcspResponse(byResponder(at, make(at), change(at)));
const acceptedBy = (deviation: string) => ({ status: "ok", deviation }) as const;

const SENT = new Uint8Array(32).fill(7);
const revoked = (at: Date) => ({ status: "revoked", revokedAt: after(at, -2 * DAY), reason: 1 }) as const;

export const OCSP_ROWS: readonly OcspRow[] = [
  { name: "good, by the issuer", make: (at) => makeOcspResponse(byIssuer(at)), expected: "ok" },
  {
    name: "good, by the issuer under its name",
    make: (at) => makeOcspResponse(byIssuer(at, { responder: { name: ISSUER } })),
    expected: "ok",
  },
  { name: "good, by a responder of the issuer", make: delegated(() => responderCertificate()), expected: "ok" },
  {
    name: "good, by a responder under its name",
    make: delegated(() => responderCertificate(), () => ({ responder: { name: RESPONDER } })),
    expected: "ok",
  },
  { name: "revoked", make: answered(revoked), expected: "revoked" },
  {
    name: "revoked without a reason",
    make: answered((at) => ({ status: "revoked", revokedAt: at })),
    expected: "revoked",
  },
  { name: "on hold", make: answered((at) => ({ ...revoked(at), reason: 6 })), expected: "revoked" },
  { name: "not known", make: answered(() => ({ status: "unknown" })), expected: "certificate-unknown" },
  { name: "try later", make: (at) => makeOcspResponse(byIssuer(at, { error: 3 })), expected: "responder-error" },
  { name: "unauthorized", make: (at) => makeOcspResponse(byIssuer(at, { error: 6 })), expected: "responder-error" },
  {
    name: "an error that does not exist",
    make: (at) => makeOcspResponse(byIssuer(at, { error: 4 })),
    expected: "malformed",
  },
  { name: "HTML", make: () => new TextEncoder().encode("<html>down</html>"), expected: "malformed" },
  { name: "nothing", make: () => new Uint8Array(0), expected: "malformed" },
  {
    name: "a byte after the end",
    make: (at) => Uint8Array.of(...makeOcspResponse(byIssuer(at)), 0),
    expected: "malformed",
  },
  {
    name: "a response of another type",
    make: (at) => makeOcspResponse(byIssuer(at, { responseType: "1.3.6.1.5.5.7.48.1.99" })),
    expected: "malformed",
  },
  {
    name: "a changed signature",
    make: (at) => makeOcspResponse(byIssuer(at, { forged: true })),
    expected: "signature",
  },
  {
    name: "a signature with SHA-1",
    make: (at) => makeOcspResponse(byIssuer(at, { signature: SIGNATURE.ecdsaSha1 })),
    expected: "signature",
    reference: acceptedBy("revocation-sha-1"),
  },
  {
    name: "for another certificate",
    make: answered(() => ({ serialNumber: OTHER_SERIAL })),
    expected: "other-certificate",
  },
  {
    name: "for a namesake's certificate of the same number",
    make: answered(() => ({ issuerKey: keys.stranger })),
    expected: "other-certificate",
    reference: acceptedBy("ocsp-certificate-id"),
  },
  {
    name: "for another issuer's certificate of the same number",
    make: answered(() => ({ issuer: subject("another issuer") })),
    expected: "other-certificate",
    reference: acceptedBy("ocsp-certificate-id"),
  },
  { name: "named with SHA-256", make: answered(() => ({ hash: "sha256" })), expected: "ok" },
  {
    name: "named with MD5",
    make: answered(() => ({ hash: "md5" })),
    expected: "other-certificate",
  },
  {
    name: "good of another and revoked of the leaf",
    make: (at) =>
      makeOcspResponse(byIssuer(at, {
        statuses: [statusOf(at, { serialNumber: OTHER_SERIAL }), statusOf(at, revoked(at))],
      })),
    expected: "revoked",
  },
  {
    name: "both good and revoked",
    make: (at) => makeOcspResponse(byIssuer(at, { statuses: [statusOf(at), statusOf(at, revoked(at))] })),
    expected: "revoked",
    reference: acceptedBy("ocsp-worse-status"),
  },
  {
    name: "by a responder that is not made for OCSP",
    make: delegated(() => responderCertificate({ purposes: [] })),
    expected: "responder-not-authorized",
    reference: acceptedBy("ocsp-responder"),
  },
  {
    name: "by a responder for any purpose",
    make: delegated(() => responderCertificate({ purposes: [PURPOSE.any] })),
    expected: "responder-not-authorized",
    reference: acceptedBy("ocsp-responder"),
  },
  {
    name: "by a responder whose key is for other uses",
    make: delegated(() => responderCertificate({ usages: [USAGE.keyEncipherment] })),
    expected: "responder-not-authorized",
    reference: acceptedBy("ocsp-responder"),
  },
  {
    name: "by a responder that has expired",
    make: delegated((at) => responderCertificate({ notAfter: after(at, -MINUTE) })),
    expected: "responder-not-authorized",
    reference: acceptedBy("ocsp-responder"),
  },
  {
    name: "by a responder that is not valid yet",
    make: delegated((at) => responderCertificate({ notBefore: after(at, HOUR) })),
    expected: "responder-not-authorized",
    reference: acceptedBy("ocsp-responder"),
  },
  {
    name: "by a responder with a critical extension nobody knows",
    make: delegated(() => responderCertificate({ extensions: [extension("1.2.3.4", true, Uint8Array.of(5, 0))] })),
    expected: "responder-not-authorized",
    reference: acceptedBy("ocsp-responder"),
  },
  {
    name: "by a stranger's responder",
    make: delegated(() => responderCertificate({ issuerKey: keys.stranger })),
    expected: "responder-not-authorized",
  },
  {
    name: "by another issuer's responder, certified with the issuer's key",
    make: delegated(() => responderCertificate({ issuer: subject("another issuer") })),
    expected: "responder-not-authorized",
    reference: acceptedBy("ocsp-responder"),
  },
  {
    name: "by a stranger",
    make: (at) => makeOcspResponse(byIssuer(at, { signer: keys.stranger })),
    expected: "responder-not-authorized",
  },
  {
    name: "by a responder whose certificate is missing",
    make: (at) => makeOcspResponse(byIssuer(at, { signer: keys.responder })),
    expected: "responder-not-authorized",
  },
  {
    name: "by the leaf itself",
    make: (at) => makeOcspResponse(byIssuer(at, { signer: keys.leaf, certificates: [leafCertificate()] })),
    expected: "responder-not-authorized",
    reference: acceptedBy("ocsp-responder"),
  },
  {
    name: "by the leaf's key in a responder's certificate",
    make: (at) =>
      makeOcspResponse(byIssuer(at, {
        signer: keys.leaf,
        certificates: [responderCertificate({ key: keys.leaf })],
      })),
    expected: "responder-not-authorized",
    reference: acceptedBy("ocsp-responder"),
  },
  {
    name: "by a responder under the name of another",
    make: delegated(() => responderCertificate(), () => ({ responder: { key: keys.stranger } })),
    expected: "responder-not-authorized",
    reference: acceptedBy("ocsp-responder"),
  },
  {
    name: "a certificate in it that is none",
    make: delegated(() => Uint8Array.of(0x30, 0)),
    expected: "malformed",
  },
  {
    name: "of an hour to come",
    make: answered((at) => ({ thisUpdate: after(at, HOUR) })),
    expected: "not-yet-valid",
    reference: acceptedBy("revocation-this-update"),
  },
  {
    name: "of a clock half a minute ahead",
    make: answered((at) => ({ thisUpdate: after(at, MINUTE / 2) })),
    expected: "ok",
  },
  {
    name: "produced in an hour",
    make: (at) => makeOcspResponse(byIssuer(at, { producedAt: after(at, HOUR) })),
    expected: "not-yet-valid",
    reference: acceptedBy("revocation-this-update"),
  },
  { name: "expired", make: answered((at) => ({ nextUpdate: after(at, -MINUTE) })), expected: "expired" },
  { name: "expired at this instant", make: answered((at) => ({ nextUpdate: at })), expected: "expired" },
  {
    name: "without an end",
    make: (at) => {
      const { nextUpdate: _, ...endless } = statusOf(at);
      return makeOcspResponse(byIssuer(at, { statuses: [endless] }));
    },
    expected: "no-next-update",
  },
  {
    name: "ends before it begins",
    make: answered((at) => ({ thisUpdate: after(at, -HOUR), nextUpdate: after(at, -2 * HOUR) })),
    expected: "malformed",
  },
  {
    name: "with a critical extension nobody knows",
    make: (at) => makeOcspResponse(byIssuer(at, { extensions: [extension("1.2.3.4", true, Uint8Array.of(5, 0))] })),
    expected: "critical-extension",
    reference: acceptedBy("ocsp-critical-extension"),
  },
  {
    name: "with a critical extension nobody knows, of the status",
    make: answered(() => ({ extensions: [extension("1.2.3.4", true, Uint8Array.of(5, 0))] })),
    expected: "critical-extension",
  },
  {
    name: "with an extension nobody knows",
    make: (at) => makeOcspResponse(byIssuer(at, { extensions: [extension("1.2.3.4", false, Uint8Array.of(5, 0))] })),
    expected: "ok",
  },
  {
    name: "with the nonce that was sent",
    make: (at) => makeOcspResponse(byIssuer(at, { extensions: [nonce(SENT)] })),
    nonce: SENT,
    expected: "ok",
  },
  {
    name: "without the nonce that was sent",
    make: (at) => makeOcspResponse(byIssuer(at)),
    nonce: SENT,
    expected: "ok",
  },
  {
    name: "with another nonce",
    make: (at) => makeOcspResponse(byIssuer(at, { extensions: [nonce(SENT.map((octet) => octet + 1))] })),
    nonce: SENT,
    expected: "nonce",
  },
  {
    name: "revoked from a time after the signature on",
    make: answered((at) => ({ ...revoked(at), extensions: [invalidityDate(after(at, -DAY))] })),
    signedAt: (at) => after(at, -2 * DAY),
    expected: "ok",
  },
  {
    name: "revoked from a time before the signature on",
    make: answered((at) => ({ ...revoked(at), extensions: [invalidityDate(after(at, -DAY))] })),
    signedAt: (at) => after(at, -HOUR),
    expected: "revoked",
  },
  {
    name: "revoked from some time on, the signature's own being nobody's word",
    make: answered((at) => ({ ...revoked(at), extensions: [invalidityDate(after(at, -DAY))] })),
    expected: "revoked",
  },
];
