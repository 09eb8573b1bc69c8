/**
 * The table of CRLs: what a leaf that names them is, once they were asked. `reference` is what the reference makes of
 * them where that differs, with the entry of the closed list that explains why; `test/peers/revocation_rows.test.ts`
 * asks it.
 */
import { extension, SIGNATURE, subject } from "../../run/certificate_maker.ts";
import {
  crlDistributionPoints,
  type CrlFields,
  type EntryFields,
  freshestCrl,
  invalidityDate,
  issuingDistributionPoint,
  makeCrl,
  type PointFields,
} from "../../run/revocation_maker.ts";
import type { AnswerProblem } from "../../../src/revocation/mod.ts";
import { after, DAY, HOUR, ISSUER, keys, LEAF_SERIAL, MINUTE, OTHER_SERIAL, silentIssuerCertificate } from "./cast.ts";

export interface CrlRow {
  readonly name: string;
  /** Extensions of the leaf; `base` is where the files are served. By default one distribution point, `/base.crl`. */
  readonly leaf?: (base: string) => readonly Uint8Array[];
  /** What is served, by path; anything else is 404. */
  readonly files: (at: Date, base: string) => Readonly<Record<string, Uint8Array>>;
  readonly expected: "ok" | "revoked" | "nonRevokable" | AnswerProblem;
  readonly reference?: { readonly status: "ok" | "nonRevokable" | "revoked" | "unknown"; readonly deviation: string };
  readonly signedAt?: (at: Date) => Date;
  /** The issuer's certificate, where it is another. */
  readonly issuer?: Uint8Array;
}

const crl = (at: Date, changes: Partial<CrlFields> = {}): CrlFields => ({
  issuer: ISSUER,
  key: keys.issuer,
  thisUpdate: after(at, -HOUR),
  nextUpdate: after(at, DAY),
  number: 5,
  ...changes,
});
const listed = (at: Date, changes: Partial<EntryFields> = {}): EntryFields => ({
  serialNumber: LEAF_SERIAL,
  revokedAt: after(at, -2 * DAY),
  reason: 1,
  ...changes,
});
/** A hold's end, a day after it began. */
const lifted = (at: Date) => listed(at, { reason: 8, revokedAt: after(at, -DAY) });
const one = (change: (at: Date, base: string) => Partial<CrlFields> = () => ({})): CrlRow["files"] => (at, base) => ({
  "/base.crl": makeCrl(crl(at, change(at, base))),
});
const scoped = (scope: (base: string) => Parameters<typeof issuingDistributionPoint>[0]): CrlRow["files"] =>
  one((_, base) => ({ extensions: [issuingDistributionPoint(scope(base))] }));
/** A base, and the delta it points to. */
const withDelta = (
  base: (at: Date) => Partial<CrlFields>,
  delta: (at: Date) => Partial<CrlFields>,
): CrlRow["files"] =>
(at, url) => ({
  "/base.crl": makeCrl(crl(at, { extensions: [freshestCrl({ urls: [`${url}/delta.crl`] })], ...base(at) })),
  "/delta.crl": makeCrl(crl(at, { number: 6, baseNumber: 5, ...delta(at) })),
});
const points = (...fields: readonly PointFields[]) => (base: string) => [
  crlDistributionPoints(...fields.map(({ urls, ...rest }) => ({
    ...rest,
    ...(urls === undefined ? {} : { urls: urls.map((path) => path.startsWith("/") ? base + path : path) }),
  }))),
];
const acceptedBy = (deviation: string) => ({ status: "ok", deviation }) as const;
const critical = extension("1.2.3.4", true, Uint8Array.of(5, 0));

export const CRL_ROWS: readonly CrlRow[] = [
  { name: "an empty list", files: one(), expected: "ok" },
  {
    name: "a list of others",
    files: one((at) => ({ entries: [listed(at, { serialNumber: OTHER_SERIAL })] })),
    expected: "ok",
  },
  { name: "on the list", files: one((at) => ({ entries: [listed(at)] })), expected: "revoked" },
  {
    name: "last on the list, without a reason",
    files: one((at) => {
      const { reason: _, ...plain } = listed(at);
      return { entries: [listed(at, { serialNumber: OTHER_SERIAL }), plain] };
    }),
    expected: "revoked",
  },
  { name: "on hold", files: one((at) => ({ entries: [listed(at, { reason: 6 })] })), expected: "revoked" },
  {
    name: "on hold and taken back in one list",
    files: one((at) => ({ entries: [listed(at, { reason: 6 }), lifted(at)] })),
    expected: "malformed",
    reference: acceptedBy("crl-remove-in-base"),
  },
  { name: "expired", files: one((at) => ({ nextUpdate: after(at, -MINUTE) })), expected: "expired" },
  {
    name: "expired, and on the list for good",
    files: one((at) => ({ nextUpdate: after(at, -MINUTE), entries: [listed(at)] })),
    expected: "revoked",
    reference: { status: "unknown", deviation: "crl-expired-listing" },
  },
  {
    name: "expired, and on hold",
    files: one((at) => ({ nextUpdate: after(at, -MINUTE), entries: [listed(at, { reason: 6 })] })),
    expected: "expired",
  },
  {
    name: "without an end",
    files: (at) => {
      const { nextUpdate: _, ...endless } = crl(at);
      return { "/base.crl": makeCrl(endless) };
    },
    expected: "no-next-update",
  },
  {
    name: "of an hour to come",
    files: one((at) => ({ thisUpdate: after(at, HOUR) })),
    expected: "not-yet-valid",
    reference: acceptedBy("revocation-this-update"),
  },
  { name: "a changed signature", files: one(() => ({ forged: true })), expected: "signature" },
  { name: "by a namesake of the issuer", files: one(() => ({ key: keys.stranger })), expected: "signature" },
  {
    name: "signed with SHA-1",
    files: one(() => ({ signature: SIGNATURE.ecdsaSha1 })),
    expected: "signature",
    reference: acceptedBy("revocation-sha-1"),
  },
  {
    name: "of another name, by the issuer's key",
    files: one(() => ({ issuer: subject("another issuer") })),
    expected: "issuer",
    reference: acceptedBy("crl-issuer-name"),
  },
  { name: "by an issuer that may not sign CRLs", files: one(), issuer: silentIssuerCertificate, expected: "issuer" },
  { name: "of version 1", files: one(() => ({ version: 0 })), expected: "malformed" },
  { name: "HTML", files: () => ({ "/base.crl": new TextEncoder().encode("<html>") }), expected: "malformed" },
  {
    name: "PEM",
    files: (at) => {
      const base64 = Buffer.from(makeCrl(crl(at))).toString("base64");
      const pem = `-----BEGIN X509 CRL-----\n${base64}\n-----END X509 CRL-----\n`;
      return { "/base.crl": new TextEncoder().encode(pem) };
    },
    expected: "malformed",
  },
  { name: "not there", files: () => ({}), expected: "unreachable" },
  {
    name: "with a critical extension nobody knows",
    files: one(() => ({ extensions: [critical] })),
    expected: "critical-extension",
  },
  {
    name: "with a critical extension nobody knows at another's entry",
    files: one((at) => ({ entries: [listed(at, { serialNumber: OTHER_SERIAL, extensions: [critical] })] })),
    expected: "critical-extension",
    reference: acceptedBy("crl-entry-critical-extension"),
  },
  { name: "about user certificates only", files: scoped(() => ({ onlyUsers: true })), expected: "ok" },
  {
    name: "about CA certificates only",
    files: scoped(() => ({ onlyCas: true })),
    expected: "scope",
    reference: acceptedBy("crl-scope"),
  },
  {
    name: "about attribute certificates only",
    files: scoped(() => ({ onlyAttributes: true })),
    expected: "scope",
    reference: acceptedBy("crl-scope"),
  },
  {
    name: "indirect",
    files: scoped(() => ({ indirect: true })),
    expected: "indirect",
    reference: acceptedBy("crl-scope"),
  },
  { name: "of this distribution point", files: scoped((base) => ({ urls: [`${base}/base.crl`] })), expected: "ok" },
  {
    name: "of another distribution point",
    files: scoped((base) => ({ urls: [`${base}/other.crl`] })),
    expected: "scope",
    reference: acceptedBy("crl-scope"),
  },
  {
    name: "about some reasons only",
    files: scoped(() => ({ reasons: [1, 2] })),
    expected: "reasons",
    reference: acceptedBy("crl-scope"),
  },
  {
    name: "about all reasons in two partitions",
    leaf: points({ urls: ["/base.crl"], reasons: [1, 2] }, { urls: ["/rest.crl"], reasons: [3, 4, 5, 6, 7, 8] }),
    files: (at) => ({
      "/base.crl": makeCrl(crl(at, { extensions: [issuingDistributionPoint({ reasons: [1, 2] })] })),
      "/rest.crl": makeCrl(crl(at, { extensions: [issuingDistributionPoint({ reasons: [3, 4, 5, 6, 7, 8] })] })),
    }),
    expected: "ok",
  },
  {
    name: "revoked in the second of two partitions",
    leaf: points({ urls: ["/base.crl"], reasons: [1, 2] }, { urls: ["/rest.crl"], reasons: [3, 4, 5, 6, 7, 8] }),
    files: (at) => ({
      "/base.crl": makeCrl(crl(at)),
      "/rest.crl": makeCrl(crl(at, { entries: [listed(at, { reason: 4 })] })),
    }),
    expected: "revoked",
  },
  {
    name: "in one of two partitions, the other being away",
    leaf: points({ urls: ["/base.crl"], reasons: [1, 2] }, { urls: ["/rest.crl"], reasons: [3, 4, 5, 6, 7, 8] }),
    files: one(),
    expected: "reasons",
  },
  {
    name: "at the second URL of one point",
    leaf: points({ urls: ["/away.crl", "/base.crl"] }),
    files: one(),
    expected: "ok",
    reference: { status: "unknown", deviation: "crl-any-point" },
  },
  {
    name: "at the second of two points",
    leaf: points({ urls: ["ldap://directory.example/cn=crl"] }, { urls: ["/base.crl"] }),
    files: one(),
    expected: "ok",
    reference: { status: "unknown", deviation: "crl-any-point" },
  },
  {
    name: "kept by another issuer",
    leaf: points({ urls: ["/base.crl"], crlIssuer: subject("keeper of lists") }),
    files: one(),
    expected: "indirect",
    reference: acceptedBy("crl-scope"),
  },
  {
    name: "kept by the issuer, and said so",
    leaf: points({ urls: ["/base.crl"], crlIssuer: ISSUER }),
    files: one(),
    expected: "ok",
  },
  {
    name: "a point without a URL",
    leaf: points({ crlIssuer: ISSUER }),
    files: one(),
    expected: "source-refused",
    reference: { status: "nonRevokable", deviation: "revocation-no-url" },
  },
  { name: "a delta without changes", files: withDelta(() => ({}), () => ({})), expected: "ok" },
  { name: "revoked since", files: withDelta(() => ({}), (at) => ({ entries: [listed(at)] })), expected: "revoked" },
  {
    name: "a hold that was lifted since",
    files: withDelta((at) => ({ entries: [listed(at, { reason: 6 })] }), (at) => ({ entries: [lifted(at)] })),
    expected: "ok",
  },
  {
    name: "a hold that was lifted since, under the date of the hold",
    files: withDelta(
      (at) => ({ entries: [listed(at, { reason: 6 })] }),
      (at) => ({ entries: [listed(at, { reason: 8 })] }),
    ),
    expected: "ok",
    reference: { status: "revoked", deviation: "crl-hold-lifted" },
  },
  {
    name: "a hold put and lifted in one delta",
    files: withDelta(() => ({}), (at) => ({ entries: [listed(at, { reason: 6 }), lifted(at)] })),
    expected: "revoked",
    reference: acceptedBy("crl-hold-lifted"),
  },
  {
    name: "a hold lifted and put again in one delta",
    files: withDelta(
      (at) => ({ entries: [listed(at, { reason: 6 })] }),
      (at) => ({ entries: [lifted(at), listed(at, { reason: 6, revokedAt: after(at, -HOUR) })] }),
    ),
    expected: "revoked",
  },
  {
    name: "a hold that stands",
    files: withDelta((at) => ({ entries: [listed(at, { reason: 6 })] }), () => ({})),
    expected: "revoked",
  },
  {
    name: "a hold that became a revocation",
    files: withDelta((at) => ({ entries: [listed(at, { reason: 6 })] }), (at) => ({ entries: [listed(at)] })),
    expected: "revoked",
  },
  {
    name: "taken back although it was for good",
    files: withDelta((at) => ({ entries: [listed(at)] }), (at) => ({ entries: [listed(at, { reason: 8 })] })),
    expected: "revoked",
  },
  {
    name: "a delta that is away",
    files: (at, base) => ({
      "/base.crl": makeCrl(crl(at, { extensions: [freshestCrl({ urls: [`${base}/away.crl`] })] })),
    }),
    expected: "delta",
  },
  {
    name: "a delta at the second URL",
    files: (at, base) => ({
      "/base.crl": makeCrl(crl(at, { extensions: [freshestCrl({ urls: [`${base}/away.crl`, `${base}/delta.crl`] })] })),
      "/delta.crl": makeCrl(crl(at, { number: 6, baseNumber: 5 })),
    }),
    expected: "ok",
  },
  {
    name: "a delta that the certificate names",
    leaf: (base) => [
      ...points({ urls: ["/base.crl"] })(base),
      freshestCrl({ urls: [`${base}/delta.crl`] }),
    ],
    files: (at) => ({
      "/base.crl": makeCrl(crl(at)),
      "/delta.crl": makeCrl(crl(at, { number: 6, baseNumber: 5, entries: [listed(at)] })),
    }),
    expected: "revoked",
    reference: { status: "unknown", deviation: "crl-delta-of-certificate" },
  },
  {
    name: "a delta of a later base",
    files: withDelta(() => ({}), () => ({ number: 9, baseNumber: 7 })),
    expected: "delta",
  },
  {
    name: "a delta older than its base",
    files: withDelta(() => ({}), () => ({ number: 4, baseNumber: 3 })),
    expected: "delta",
  },
  {
    name: "a delta of the same number, made with its base",
    files: withDelta(() => ({}), () => ({ number: 5, baseNumber: 4 })),
    expected: "ok",
    reference: { status: "unknown", deviation: "crl-delta-same-number" },
  },
  {
    name: "a delta that is none",
    files: withDelta(() => ({}), () => ({ baseNumber: undefined })),
    expected: "delta",
  },
  {
    name: "an expired delta",
    files: withDelta(() => ({}), (at) => ({ nextUpdate: after(at, -MINUTE) })),
    expected: "expired",
  },
  {
    name: "an expired delta that lists the leaf for good",
    files: withDelta(() => ({}), (at) => ({ nextUpdate: after(at, -MINUTE), entries: [listed(at)] })),
    expected: "revoked",
    reference: { status: "unknown", deviation: "crl-expired-listing" },
  },
  {
    name: "an expired delta that lifts a hold",
    files: withDelta(
      (at) => ({ entries: [listed(at, { reason: 6 })] }),
      (at) => ({ nextUpdate: after(at, -MINUTE), entries: [lifted(at)] }),
    ),
    expected: "expired",
  },
  { name: "a forged delta", files: withDelta(() => ({}), () => ({ forged: true })), expected: "signature" },
  {
    name: "a delta about others",
    files: withDelta(() => ({}), () => ({ extensions: [issuingDistributionPoint({ onlyUsers: true })] })),
    expected: "delta",
    reference: acceptedBy("crl-scope"),
  },
  {
    name: "a delta in place of the list",
    files: one(() => ({ baseNumber: 4 })),
    expected: "delta",
    reference: acceptedBy("crl-delta-as-base"),
  },
  {
    name: "revoked from a time after the signature on",
    files: one((at) => ({ entries: [listed(at, { extensions: [invalidityDate(after(at, -DAY))] })] })),
    signedAt: (at) => after(at, -2 * DAY),
    expected: "ok",
  },
  {
    name: "revoked from a time before the signature on",
    files: one((at) => ({ entries: [listed(at, { extensions: [invalidityDate(after(at, -DAY))] })] })),
    signedAt: (at) => after(at, -HOUR),
    expected: "revoked",
  },
  {
    name: "revoked twice, once from a time after the signature on",
    files: one((at) => ({
      entries: [listed(at, { extensions: [invalidityDate(after(at, -DAY))] }), listed(at)],
    })),
    signedAt: (at) => after(at, -2 * DAY),
    expected: "revoked",
    reference: acceptedBy("crl-entry-twice"),
  },
  { name: "no distribution point", leaf: () => [], files: () => ({}), expected: "nonRevokable" },
];
