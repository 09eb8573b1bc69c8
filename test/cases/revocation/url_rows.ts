/**
 * The table of places: whom a leaf names, what is there, and what that makes of the leaf. `reference` is what the
 * reference makes of it where that differs; `test/peers/revocation_rows.test.ts` asks it.
 */
import type { AnswerProblem } from "../../../src/revocation/mod.ts";
import { MAX_ASKED_PER_CERTIFICATE } from "../../../src/revocation/inquiry.ts";
import { der, extension, name, oid, sequence, text } from "../../run/certificate_maker.ts";
import { crlDistributionPoints, makeCrl, makeOcspResponse, type StatusFields } from "../../run/revocation_maker.ts";
import { after, DAY, HOUR, ISSUER, keys, LEAF_SERIAL, responderCertificate, statusOf } from "./cast.ts";

export interface UrlRow {
  readonly name: string;
  /** Extensions of the leaf. */
  readonly extensions: readonly Uint8Array[];
  /** What is behind each URL; anything else is 404. */
  readonly answers: (at: Date) => Readonly<Record<string, Uint8Array>>;
  readonly expected: "ok" | "revoked" | "nonRevokable" | AnswerProblem;
  readonly reference?: {
    readonly status: "ok" | "nonRevokable" | "revoked" | "unknown" | "panic";
    readonly deviation: string;
  };
}

const OCSP = "http://ocsp.example.com/";
const CRL = "http://crl.example.com/issuer.crl";

/** An authorityInfoAccess that names these responders. */
export const ocspAtEach = (...urls: readonly string[]) =>
  extension(
    "1.3.6.1.5.5.7.1.1",
    false,
    sequence(...urls.map((url) => sequence(oid("1.3.6.1.5.5.7.48.1"), text(url, 0x86)))),
  );
const crlAtEach = (...urls: readonly string[]) => crlDistributionPoints({ urls });

const ocsp = (at: Date, changes: Partial<StatusFields> = {}) =>
  makeOcspResponse({ producedAt: after(at, -HOUR), statuses: [statusOf(at, changes)], signer: keys.issuer });
const crl = (at: Date, listed = false) =>
  makeCrl({
    issuer: ISSUER,
    key: keys.issuer,
    thisUpdate: after(at, -HOUR),
    nextUpdate: after(at, DAY),
    number: 5,
    entries: listed ? [{ serialNumber: LEAF_SERIAL, revokedAt: after(at, -DAY), reason: 1 }] : [],
  });
const revoked = (at: Date) => ocsp(at, { status: "revoked", revokedAt: after(at, -DAY), reason: 1 });
const notKnown = (at: Date) => ocsp(at, { status: "unknown" });

/** A responder at this URL that says good, and a CRL at this URL that lists nothing. */
const ocspPlace = (url: string, row: Pick<UrlRow, "name" | "expected" | "reference">): UrlRow => ({
  ...row,
  extensions: [ocspAtEach(url)],
  answers: (at) => ({ [url]: ocsp(at) }),
});
const crlPlace = (url: string, row: Pick<UrlRow, "name" | "expected" | "reference">): UrlRow => ({
  ...row,
  extensions: [crlAtEach(url)],
  answers: (at) => ({ [url]: crl(at) }),
});
const askedByReference = { status: "ok", deviation: "revocation-private-hosts" } as const;
const notAskedByReference = { status: "unknown", deviation: "revocation-https" } as const;
const crowd = Array.from({ length: MAX_ASKED_PER_CERTIFICATE + 1 }, (_, index) => `http://r${index}.example.com/`);

export const URL_ROWS: readonly UrlRow[] = [
  { name: "nobody is named", extensions: [], answers: () => ({}), expected: "nonRevokable" },
  ocspPlace(OCSP, { name: "a responder", expected: "ok" }),
  ocspPlace("HTTP://OCSP.example.com/", { name: "a responder in capitals", expected: "unreachable" }),
  {
    name: "a responder that is away",
    extensions: [ocspAtEach(OCSP)],
    answers: () => ({}),
    expected: "unreachable",
  },
  {
    name: "a responder that is away, and a CRL",
    extensions: [ocspAtEach(OCSP), crlAtEach(CRL)],
    answers: (at) => ({ [CRL]: crl(at) }),
    expected: "ok",
  },
  {
    name: "a responder that does not know the leaf, and a CRL",
    extensions: [ocspAtEach(OCSP), crlAtEach(CRL)],
    answers: (at) => ({ [OCSP]: notKnown(at), [CRL]: crl(at) }),
    expected: "ok",
  },
  {
    name: "a responder that does not know the leaf, and a CRL that lists it",
    extensions: [ocspAtEach(OCSP), crlAtEach(CRL)],
    answers: (at) => ({ [OCSP]: notKnown(at), [CRL]: crl(at, true) }),
    expected: "revoked",
  },
  {
    name: "a responder that does not know the leaf, and a CRL that is away",
    extensions: [ocspAtEach(OCSP), crlAtEach(CRL)],
    answers: (at) => ({ [OCSP]: notKnown(at) }),
    expected: "unreachable",
  },
  {
    name: "a responder that says good, and a CRL that lists the leaf",
    extensions: [ocspAtEach(OCSP), crlAtEach(CRL)],
    answers: (at) => ({ [OCSP]: ocsp(at), [CRL]: crl(at, true) }),
    expected: "ok",
  },
  {
    name: "a responder that says revoked, and a CRL that does not list the leaf",
    extensions: [ocspAtEach(OCSP), crlAtEach(CRL)],
    answers: (at) => ({ [OCSP]: revoked(at), [CRL]: crl(at) }),
    expected: "revoked",
  },
  {
    name: "two responders, the first being away",
    extensions: [ocspAtEach(OCSP, "http://two.example.com/")],
    answers: (at) => ({ "http://two.example.com/": ocsp(at) }),
    expected: "ok",
  },
  {
    name: "two responders, the first not knowing the leaf",
    extensions: [ocspAtEach(OCSP, "http://two.example.com/")],
    answers: (at) => ({ [OCSP]: notKnown(at), "http://two.example.com/": ocsp(at) }),
    expected: "certificate-unknown",
  },
  {
    name: "two responders, the first saying revoked",
    extensions: [ocspAtEach(OCSP, "http://two.example.com/")],
    answers: (at) => ({ [OCSP]: revoked(at), "http://two.example.com/": ocsp(at) }),
    expected: "revoked",
  },
  {
    name: "a responder without a URL",
    extensions: [
      extension("1.3.6.1.5.5.7.1.1", false, sequence(sequence(oid("1.3.6.1.5.5.7.48.1"), der(0xa4, name(ISSUER))))),
    ],
    answers: () => ({}),
    expected: "source-refused",
    reference: { status: "nonRevokable", deviation: "revocation-no-url" },
  },
  {
    name: "more responders than are asked",
    extensions: [ocspAtEach(...crowd)],
    answers: (at) => ({ [crowd.at(-1) as string]: ocsp(at) }),
    expected: "not-asked",
    reference: { status: "ok", deviation: "revocation-places" },
  },
  {
    name: "a responder that nobody vouches for, whose CRL does not list it",
    extensions: [ocspAtEach(OCSP)],
    answers: (at) => ({ [OCSP]: byResponder(at, crlAtEach(CRL)), [CRL]: crl(at) }),
    expected: "ok",
  },
  {
    name: "a responder that nobody vouches for, whose CRL is away",
    extensions: [ocspAtEach(OCSP)],
    answers: (at) => ({ [OCSP]: byResponder(at, crlAtEach(CRL)) }),
    expected: "responder-unchecked",
    reference: { status: "ok", deviation: "ocsp-no-check" },
  },
  {
    name: "a responder that nobody vouches for, without a CRL",
    extensions: [ocspAtEach(OCSP)],
    answers: (at) => ({ [OCSP]: byResponder(at) }),
    expected: "responder-unchecked",
    reference: { status: "ok", deviation: "ocsp-no-check" },
  },
  ocspPlace("https://ocsp.example.com/", {
    name: "a responder by https",
    expected: "ok",
    reference: notAskedByReference,
  }),
  crlPlace("https://crl.example.com/issuer.crl", {
    name: "a CRL by https",
    expected: "ok",
    reference: notAskedByReference,
  }),
  ocspPlace("ftp://ocsp.example.com/", { name: "a responder by ftp", expected: "source-refused" }),
  crlPlace("file:///etc/issuer.crl", { name: "a CRL in a file", expected: "source-refused" }),
  crlPlace("ldap://directory.example.com/cn=issuer", { name: "a CRL in a directory", expected: "source-refused" }),
  crlPlace("not a URL", { name: "a CRL at what is no URL", expected: "source-refused" }),
  ocspPlace("http://[", {
    name: "a responder at what is no URL",
    expected: "source-refused",
    reference: { status: "panic", deviation: "ocsp-unparsable-url" },
  }),
  ...[
    ["a loopback address", "http://127.0.0.1:8080/"],
    ["the loopback name", "http://localhost:8080/"],
    ["the loopback address of IPv6", "http://[::1]:8080/"],
    ["a private address", "http://10.1.2.3/"],
    ["a private address in IPv6's form", "http://[::ffff:10.1.2.3]/"],
    ["a private address of IPv6", "http://[fd00::1]/"],
    ["the metadata address", "http://169.254.169.254/"],
    ["a name of the cluster", "http://vault.default.svc/"],
  ].flatMap(([place, url = ""]) => [
    ocspPlace(url, { name: `a responder at ${place}`, expected: "source-refused", reference: askedByReference }),
    crlPlace(`${url}issuer.crl`, {
      name: `a CRL at ${place}`,
      expected: "source-refused",
      reference: askedByReference,
    }),
  ]),
];

function byResponder(at: Date, ...extensions: readonly Uint8Array[]): Uint8Array {
  return makeOcspResponse({
    producedAt: after(at, -HOUR),
    statuses: [statusOf(at)],
    signer: keys.responder,
    certificates: [responderCertificate({ noCheck: false, extensions })],
  });
}
