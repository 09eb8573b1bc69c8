/** Scenes of CRLs: the real openssl makes them, or nobody, or somebody who should not. */
import { crlDistributionPoints, invalidityDate, makeCrl } from "../run/revocation_maker.ts";
import { after, DAY, HOUR, ISSUER, keys, LEAF_SERIAL, MINUTE, OTHER_SERIAL } from "../cases/revocation/cast.ts";
import {
  bytes,
  CRL,
  flood,
  hold,
  html,
  INTERMEDIATE_SERIAL,
  lifted,
  list,
  redirect,
  revoked,
  type Scene,
  type Stage,
  withDelta,
} from "./revocation_scene.ts";

const points = (...paths: readonly string[]) => ({ base }: Stage) => [
  crlDistributionPoints(...paths.map((path) => ({ urls: [path.includes(":") ? path : base + path] }))),
];
const yesterday = (at: Date) => ({ thisUpdate: after(at, -2 * DAY), nextUpdate: after(at, -DAY) });
const excused = (at: Date) =>
  makeCrl({
    issuer: ISSUER,
    key: keys.issuer,
    thisUpdate: after(at, -HOUR),
    nextUpdate: after(at, DAY),
    number: 5,
    entries: [{
      serialNumber: LEAF_SERIAL,
      revokedAt: after(at, -HOUR),
      reason: 1,
      extensions: [invalidityDate(after(at, -DAY))],
    }],
  });

export const CRL_SCENES: readonly Scene[] = [
  { name: "CRL: empty", leaf: CRL, serve: list(), code: "verified" },
  {
    name: "CRL: of others",
    leaf: CRL,
    serve: list(({ at }) => ({ lines: [{ serialNumber: OTHER_SERIAL, revokedAt: at, reason: "superseded" }] })),
    code: "verified",
  },
  {
    name: "CRL: revoked",
    leaf: CRL,
    serve: list(({ at }) => ({ lines: [revoked(at)] })),
    code: "CERTIFICATE_REVOKED",
  },
  { name: "CRL: on hold", leaf: CRL, serve: list(({ at }) => ({ lines: hold(at) })), code: "CERTIFICATE_REVOKED" },
  { name: "CRL: expired", leaf: CRL, serve: list(({ at }) => yesterday(at)), code: "REVOCATION_UNKNOWN" },
  {
    name: "CRL: expired, and the leaf on it",
    leaf: CRL,
    serve: list(({ at }) => ({ ...yesterday(at), lines: [revoked(at)] })),
    code: "CERTIFICATE_REVOKED",
    deviation: "crl-expired-listing",
  },
  {
    name: "CRL: of tomorrow",
    leaf: CRL,
    serve: list(({ at }) => ({ thisUpdate: after(at, DAY), nextUpdate: after(at, 2 * DAY) })),
    code: "REVOCATION_UNKNOWN",
    deviation: "revocation-this-update",
  },
  { name: "CRL: nothing there", leaf: CRL, code: "REVOCATION_UNKNOWN" },
  { name: "CRL: HTML", leaf: CRL, serve: () => ({ "/crl": html }), code: "REVOCATION_UNKNOWN" },
  {
    name: "CRL: of the issuer of the issuer",
    leaf: CRL,
    serve: ({ root }) => ({ "/crl": () => root.crl({ lines: [] }) }),
    code: "REVOCATION_UNKNOWN",
  },
  {
    name: "CRL: under another name, with the issuer's key",
    leaf: CRL,
    serve: bytes("/crl", ({ at }) =>
      makeCrl({
        issuer: [["CN", "another issuer"]],
        key: keys.issuer,
        thisUpdate: after(at, -MINUTE),
        nextUpdate: after(at, DAY),
        number: 5,
      })),
    code: "REVOCATION_UNKNOWN",
    deviation: "crl-issuer-name",
  },
  {
    name: "CRL: about CA certificates only",
    leaf: CRL,
    serve: list(() => ({ extensions: ["issuingDistributionPoint = critical,onlyCA:TRUE"] })),
    code: "REVOCATION_UNKNOWN",
    deviation: "crl-scope",
  },
  {
    name: "CRL: of another point",
    leaf: CRL,
    serve: list(() => ({
      extensions: ["issuingDistributionPoint = critical,@point", "[point]", "fullname = URI:http://crl.example.com/"],
    })),
    code: "REVOCATION_UNKNOWN",
    deviation: "crl-scope",
  },
  {
    name: "CRL: of this point",
    leaf: CRL,
    serve: list(({ base }) => ({
      extensions: ["issuingDistributionPoint = critical,@point", "[point]", `fullname = URI:${base}/crl`],
    })),
    code: "verified",
  },
  {
    name: "CRL: about some reasons only",
    leaf: CRL,
    serve: list(() => ({
      extensions: ["issuingDistributionPoint = critical,@point", "[point]", "onlysomereasons = keyCompromise"],
    })),
    code: "REVOCATION_UNKNOWN",
    deviation: "crl-scope",
  },
  { name: "CRL: nothing new in the delta", leaf: CRL, serve: withDelta(() => [], () => []), code: "verified" },
  {
    name: "CRL: revoked since",
    leaf: CRL,
    serve: withDelta(() => [], (at) => [revoked(at)]),
    code: "CERTIFICATE_REVOKED",
  },
  { name: "CRL: a hold lifted since", leaf: CRL, serve: withDelta(hold, lifted), code: "verified" },
  { name: "CRL: a hold that stands", leaf: CRL, serve: withDelta(hold, () => []), code: "CERTIFICATE_REVOKED" },
  {
    name: "CRL: a delta of a later CRL",
    leaf: CRL,
    serve: withDelta(() => [], () => [], 6),
    code: "REVOCATION_UNKNOWN",
  },
  {
    name: "CRL: a delta that is away",
    leaf: CRL,
    serve: list(({ base }) => ({ extensions: [`freshestCRL = URI:${base}/away`] })),
    code: "REVOCATION_UNKNOWN",
  },
  {
    name: "CRL: at two points",
    leaf: points("/crl", "/second"),
    serve: (stage) => ({ ...list()(stage), "/second": list()(stage)["/crl"] }),
    code: "verified",
  },
  {
    name: "CRL: at the second of two points",
    leaf: points("/away", "/crl"),
    serve: list(),
    code: "verified",
    deviation: "crl-any-point",
  },
  {
    name: "CRL: in a directory",
    leaf: points("ldap://directory.example.com/cn=issuer"),
    code: "REVOCATION_NOT_CHECKED",
  },
  { name: "CRL: in a file", leaf: points("file:///etc/issuer.crl"), code: "REVOCATION_NOT_CHECKED" },
  {
    name: "CRL: at a private address",
    leaf: points("http://[::ffff:10.255.255.1]/issuer.crl"),
    code: "REVOCATION_NOT_CHECKED",
  },
  {
    name: "CRL: a redirect",
    leaf: CRL,
    serve: (stage) => ({ "/crl": redirect(`${stage.base}/there`), "/there": list()(stage)["/crl"] }),
    code: "verified",
  },
  {
    name: "CRL: a redirect to a host that is not allowed",
    leaf: CRL,
    serve: (stage) => ({ "/crl": redirect(`${stage.localhost}/there`), "/there": list()(stage)["/crl"] }),
    code: "REVOCATION_NOT_CHECKED",
    deviation: "revocation-private-hosts",
  },
  { name: "CRL: 200 MB", leaf: CRL, serve: () => ({ "/crl": flood }), code: "REVOCATION_UNKNOWN" },
  {
    name: "CRL: an intermediate that is good",
    leaf: () => [],
    intermediate: CRL,
    serve: ({ root }) => ({ "/crl": () => root.crl({ lines: [] }) }),
    code: "verified",
  },
  {
    name: "CRL: an intermediate that is revoked",
    leaf: () => [],
    intermediate: CRL,
    serve: ({ root, at }) => ({
      "/crl": () =>
        root.crl({
          lines: [{ serialNumber: INTERMEDIATE_SERIAL, revokedAt: after(at, -DAY), reason: "CACompromise" }],
        }),
    }),
    code: "CERTIFICATE_REVOKED",
  },
  {
    name: "CRL: an intermediate of which nobody tells",
    leaf: () => [],
    intermediate: CRL,
    code: "REVOCATION_UNKNOWN",
  },
  {
    name: "CRL: a key misused from yesterday on, by the signer's own word before",
    leaf: CRL,
    serve: bytes("/crl", ({ at }) => excused(at)),
    code: "CERTIFICATE_REVOKED",
  },
  {
    name: "CRL: a key misused from yesterday on, by an authority's word before",
    leaf: CRL,
    serve: bytes("/crl", ({ at }) => excused(at)),
    authenticTime: (at) => after(at, -2 * DAY),
    code: "verified",
  },
  {
    name: "CRL: a key misused from yesterday on, by an authority's word after",
    leaf: CRL,
    serve: bytes("/crl", ({ at }) => excused(at)),
    authenticTime: (at) => after(at, -2 * HOUR),
    code: "CERTIFICATE_REVOKED",
  },
];
