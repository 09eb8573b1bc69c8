/** Scenes of OCSP: the real openssl answers, or nobody, or somebody who should not. */
import { ocspAt, PURPOSE } from "../run/certificate_maker.ts";
import { makeOcspResponse } from "../run/revocation_maker.ts";
import { after, DAY, keys, leafCertificate, MINUTE, OTHER_SERIAL, statusOf } from "../cases/revocation/cast.ts";
import {
  BOTH,
  bytes,
  CRL,
  delegated,
  hold,
  html,
  list,
  OCSP,
  responder,
  revoked,
  type Scene,
  silence,
  valid,
} from "./revocation_scene.ts";

export const OCSP_SCENES: readonly Scene[] = [
  { name: "nobody to ask", leaf: () => [], code: "verified" },
  { name: "OCSP: good", leaf: OCSP, serve: responder(), code: "verified" },
  {
    name: "OCSP: revoked",
    leaf: OCSP,
    serve: responder(({ at }) => ({ lines: [revoked(at)] })),
    code: "CERTIFICATE_REVOKED",
  },
  {
    name: "OCSP: on hold",
    leaf: OCSP,
    serve: responder(({ at }) => ({ lines: hold(at) })),
    code: "CERTIFICATE_REVOKED",
  },
  { name: "OCSP: not known", leaf: OCSP, serve: responder(() => ({ lines: [] })), code: "REVOCATION_UNKNOWN" },
  { name: "OCSP: nobody there", leaf: OCSP, code: "REVOCATION_UNKNOWN" },
  { name: "OCSP: HTML", leaf: OCSP, serve: () => ({ "/ocsp": html }), code: "REVOCATION_UNKNOWN" },
  { name: "OCSP: silence", leaf: OCSP, serve: () => ({ "/ocsp": silence }), code: "REVOCATION_UNKNOWN" },
  {
    name: "OCSP: without an end",
    leaf: OCSP,
    serve: (stage) => ({ "/ocsp": (question) => stage.issuer.ocsp(question, { lines: [valid] }) }),
    code: "REVOCATION_UNKNOWN",
  },
  {
    name: "OCSP: expired",
    leaf: OCSP,
    serve: bytes("/ocsp", ({ at }) =>
      makeOcspResponse({
        producedAt: after(at, -DAY),
        statuses: [statusOf(at, { thisUpdate: after(at, -DAY), nextUpdate: after(at, -MINUTE) })],
        signer: keys.issuer,
      })),
    code: "REVOCATION_UNKNOWN",
  },
  {
    name: "OCSP: a broken signature",
    leaf: OCSP,
    serve: responder(() => ({ flags: ["-badsig"] })),
    code: "REVOCATION_UNKNOWN",
  },
  {
    name: "OCSP: for another certificate",
    leaf: OCSP,
    serve: bytes("/ocsp", ({ at }) =>
      makeOcspResponse({
        producedAt: at,
        statuses: [statusOf(at, { serialNumber: OTHER_SERIAL })],
        signer: keys.issuer,
      })),
    code: "REVOCATION_UNKNOWN",
  },
  {
    name: "OCSP: for another issuer's certificate of the same number",
    leaf: OCSP,
    serve: bytes("/ocsp", ({ at }) =>
      makeOcspResponse({
        producedAt: at,
        statuses: [statusOf(at, { issuerKey: keys.stranger })],
        signer: keys.issuer,
      })),
    code: "REVOCATION_UNKNOWN",
    deviation: "ocsp-certificate-id",
  },
  { name: "OCSP: by a responder", leaf: OCSP, serve: delegated(() => ({})), code: "verified" },
  {
    name: "OCSP: revoked, by a responder",
    leaf: OCSP,
    serve: (stage) => delegated(() => ({}), [revoked(stage.at)])(stage),
    code: "CERTIFICATE_REVOKED",
  },
  {
    name: "OCSP: by a responder that is not made for it",
    leaf: OCSP,
    serve: delegated(() => ({ purposes: [PURPOSE.codeSigning] })),
    code: "REVOCATION_UNKNOWN",
    deviation: "ocsp-responder",
  },
  {
    name: "OCSP: by a responder without id-pkix-ocsp-nocheck",
    leaf: OCSP,
    serve: delegated(() => ({ noCheck: false })),
    code: "REVOCATION_UNKNOWN",
    deviation: "ocsp-no-check",
  },
  {
    name: "OCSP: by a responder without id-pkix-ocsp-nocheck, whose CRL does not list it",
    leaf: OCSP,
    serve: (stage) => ({
      ...delegated(() => ({ noCheck: false, extensions: CRL(stage) }))(stage),
      ...list()(stage),
    }),
    code: "verified",
  },
  {
    name: "OCSP: by a responder that has expired",
    leaf: OCSP,
    serve: delegated((at) => ({ notAfter: after(at, -DAY) })),
    code: "REVOCATION_UNKNOWN",
    deviation: "ocsp-responder",
  },
  {
    name: "OCSP: by a stranger's responder",
    leaf: OCSP,
    serve: delegated(() => ({ issuerKey: keys.stranger })),
    code: "REVOCATION_UNKNOWN",
  },
  {
    name: "OCSP: by the leaf itself",
    leaf: OCSP,
    serve: (stage) =>
      responder(() => ({ signer: { certificate: leafCertificate(...OCSP(stage)), key: keys.leaf } }))(stage),
    code: "REVOCATION_UNKNOWN",
    deviation: "ocsp-responder",
  },
  {
    name: "OCSP: at a name of loopback, which is not allowed",
    leaf: ({ localhost }) => [ocspAt(`${localhost}/ocsp`)],
    serve: responder(),
    code: "REVOCATION_NOT_CHECKED",
    deviation: "revocation-private-hosts",
  },
  {
    name: "OCSP: at a loopback address, where no host is allowed",
    leaf: OCSP,
    serve: responder(),
    hosts: [],
    code: "REVOCATION_NOT_CHECKED",
    deviation: "revocation-private-hosts",
  },
  {
    name: "OCSP: at what is no URL",
    leaf: () => [ocspAt("http://[")],
    code: "REVOCATION_NOT_CHECKED",
    deviation: "ocsp-unparsable-url",
  },
  {
    name: "OCSP: not known, and a CRL",
    leaf: BOTH,
    serve: (stage) => ({ ...responder(() => ({ lines: [] }))(stage), ...list()(stage) }),
    code: "verified",
  },
  {
    name: "OCSP: not known, and a CRL that lists the leaf",
    leaf: BOTH,
    serve: (stage) => ({
      ...responder(() => ({ lines: [] }))(stage),
      ...list(({ at }) => ({ lines: [revoked(at)] }))(stage),
    }),
    code: "CERTIFICATE_REVOKED",
  },
  {
    name: "OCSP: nobody there, and a CRL",
    leaf: BOTH,
    serve: list(),
    code: "verified",
  },
];
