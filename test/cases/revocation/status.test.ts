/** The checker: whom it asks, in which order and how often, and what it makes of each kind of silence. */
import { describe, expect, it } from "vitest";
import { createNobleProvider, createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { ConfigurationError } from "../../../src/errors.ts";
import {
  createRevocationChecker,
  CRL_TIMEOUT_MILLISECONDS,
  MAX_OCSP_RESPONSE_BYTES,
  OCSP_TIMEOUT_MILLISECONDS,
  type RevocationSettings,
} from "../../../src/revocation/mod.ts";
import { MAX_REVOCATION_REDIRECTS } from "../../../src/revocation/fetch.ts";
import { MAX_ASKED_PER_CERTIFICATE } from "../../../src/revocation/inquiry.ts";
import { MAX_KEPT_SECONDS } from "../../../src/revocation/kept.ts";
import { readCertificate } from "../../../src/x509/mod.ts";
import { der, extension, ocspAt } from "../../run/certificate_maker.ts";
import {
  crlDistributionPoints,
  freshestCrl,
  makeCrl,
  makeOcspResponse,
  nonce,
  type OcspFields,
} from "../../run/revocation_maker.ts";
import {
  after,
  DAY,
  HOUR,
  ISSUER,
  issuerCertificate,
  keys,
  LEAF_SERIAL,
  leafCertificate,
  responderCertificate,
  statusOf,
} from "./cast.ts";
import { type Answerer, network, outcomeOf } from "./network.ts";
import { ocspAtEach, URL_ROWS } from "./url_rows.ts";

const AT = new Date("2026-06-01T12:00:00Z");
const OCSP = "http://ocsp.example.com/";
const CRL = "http://crl.example.com/issuer.crl";
const crypto = createWebCryptoProvider();

const response = (changes: Partial<OcspFields> = {}) =>
  makeOcspResponse({ producedAt: after(AT, -HOUR), statuses: [statusOf(AT)], signer: keys.issuer, ...changes });
const revoked = { status: "revoked", revokedAt: after(AT, -DAY) } as const;
const crl = (changes: Partial<Parameters<typeof makeCrl>[0]> = {}) =>
  makeCrl({
    issuer: ISSUER,
    key: keys.issuer,
    thisUpdate: after(AT, -HOUR),
    nextUpdate: after(AT, DAY),
    number: 5,
    ...changes,
  });
const listed = { entries: [{ serialNumber: LEAF_SERIAL, revokedAt: after(AT, -DAY), reason: 1 }] };

const chainOf = (...extensions: readonly Uint8Array[]) =>
  [leafCertificate(...extensions), issuerCertificate].map((bytes) => readCertificate(bytes));
const BOTH = chainOf(ocspAt(OCSP), crlDistributionPoints({ urls: [CRL] }));
const OCSP_ONLY = chainOf(ocspAt(OCSP));
const CRL_ONLY = chainOf(crlDistributionPoints({ urls: [CRL] }));

/** A checker in a world of these URLs, with a clock that can be put. */
function world(answers: Readonly<Record<string, Uint8Array | Answerer>>, settings: RevocationSettings = {}) {
  const { asked, ...ports } = network(answers);
  let now = AT;
  const checker = createRevocationChecker({ crypto, now: () => now, ...ports }, settings);
  return {
    asked: () => asked.map(({ url }) => url),
    requests: asked,
    at: (instant: Date) => {
      now = instant;
    },
    leaf: async (chain = BOTH) => (await checker.check(chain))[0],
    outcome: async (chain = BOTH) => outcomeOf((await checker.check(chain))[0]),
  };
}

describe("a checker asks", () => {
  it("OCSP by POST, and nobody else when that tells", async () => {
    const { outcome, requests } = world({ [OCSP]: response(), [CRL]: crl(listed) });
    expect(await outcome()).toBe("ok");
    expect(requests.map(({ url, init }) => [url, init.method, init.headers["content-type"], init.redirect])).toEqual([
      [OCSP, "POST", "application/ocsp-request", "manual"],
    ]);
  });

  it.each([
    ["is away", {}, "ok"],
    ["does not know the certificate", { [OCSP]: response({ statuses: [statusOf(AT, { status: "unknown" })] }) }, "ok"],
    ["answers with HTML", { [OCSP]: new TextEncoder().encode("<html>") }, "ok"],
    ["says that it is revoked", { [OCSP]: response({ statuses: [statusOf(AT, revoked)] }) }, "revoked"],
  ])("the CRL when the responder %s", async (_, answers, expected) => {
    expect(await world({ ...answers, [CRL]: crl() }).outcome()).toBe(expected);
  });

  it("one responder after the other until one tells", async () => {
    const urls = ["http://one.example.com/", "http://two.example.com/", "http://three.example.com/"] as const;
    const { outcome, asked } = world({ [urls[1]]: response(), [urls[2]]: response() });
    expect(await outcome(chainOf(ocspAtEach(...urls)))).toBe("ok");
    expect(asked()).toEqual(urls.slice(0, 2));
  });

  it("no further responder once one does not know the certificate", async () => {
    const urls = ["http://one.example.com/", "http://two.example.com/"] as const;
    const { outcome, asked } = world({ [urls[0]]: response({ statuses: [statusOf(AT, { status: "unknown" })] }) });
    expect(await outcome(chainOf(ocspAtEach(...urls)))).toBe("certificate-unknown");
    expect(asked()).toEqual([urls[0]]);
  });

  it("a bounded number of places", async () => {
    const urls = Array.from({ length: MAX_ASKED_PER_CERTIFICATE + 3 }, (_, index) => `http://r${index}.example.com/`);
    const { leaf, asked } = world({});
    const found = await leaf(chainOf(ocspAtEach(...urls)));
    expect(found?.status).toBe("unknown");
    expect(asked()).toHaveLength(MAX_ASKED_PER_CERTIFICATE);
  });

  it("nobody where nobody can be asked: the status is unknown, never ok", async () => {
    const checker = createRevocationChecker({ crypto, now: () => AT });
    const [leaf] = await checker.check(BOTH);
    expect(leaf?.status).toBe("unknown");
    expect(leaf?.asked.map(({ answer }) => answer.status === "unknown" && [answer.problem, answer.message])).toEqual([
      ["not-asked", "is not checked here: nobody can be asked from here"],
      ["not-asked", "is not checked here: nobody can be asked from here"],
    ]);
  });

  it("about every certificate but the root", async () => {
    const { outcome, asked } = world({});
    expect(await outcome([CRL_ONLY[1] as never])).toBe("nonRevokable");
    expect(asked()).toEqual([]);
  });

  it("and takes an extension it cannot read for a place it cannot ask", async () => {
    const junk = (id: string) => chainOf(extension(id, false, Uint8Array.of(0x30, 0x03, 1)));
    for (const id of ["1.3.6.1.5.5.7.1.1", "2.5.29.31"]) {
      expect(await world({}).outcome(junk(id))).toBe("malformed");
    }
  });

  it("and computes nothing it cannot: that is unknown too", async () => {
    const noSubtle = createWebCryptoProvider({} as SubtleCrypto);
    const { asked: _, ...ports } = network({ [CRL]: crl() });
    const checker = createRevocationChecker({ crypto: noSubtle, now: () => AT, ...ports });
    expect(outcomeOf((await checker.check(CRL_ONLY))[0])).toBe("not-computed");
  });

  it("in plain JavaScript too", async () => {
    const { asked: _, ...ports } = network({ [OCSP]: response() });
    const checker = createRevocationChecker({ crypto: createNobleProvider(), now: () => AT, ...ports });
    expect(outcomeOf((await checker.check(OCSP_ONLY))[0])).toBe("ok");
  });
});

describe("a responder without id-pkix-ocsp-nocheck", () => {
  const by = (...extensions: readonly Uint8Array[]) =>
    response({ signer: keys.responder, certificates: [responderCertificate({ noCheck: false, extensions })] });
  const pointing = crlDistributionPoints({ urls: [CRL] });

  it.each([
    ["has a CRL that does not list it", { [OCSP]: by(pointing), [CRL]: crl() }, "ok"],
    [
      "is on its CRL",
      {
        [OCSP]: by(pointing),
        [CRL]: crl({ entries: [{ serialNumber: [0x5a, 0x01], revokedAt: AT, reason: 1 }] }),
      },
      "responder-not-authorized",
    ],
    ["has a CRL that is away", { [OCSP]: by(pointing) }, "responder-unchecked"],
    ["names no CRL", { [OCSP]: by() }, "responder-unchecked"],
  ])("%s", async (_, answers, expected) => {
    expect(await world(answers).outcome(OCSP_ONLY)).toBe(expected);
  });

  it("is believed where the host says so, unless it is revoked", async () => {
    const settings = { acceptUncheckedResponders: true };
    expect(await world({ [OCSP]: by() }, settings).outcome(OCSP_ONLY)).toBe("ok");
    const gone = crl({ entries: [{ serialNumber: [0x5a, 0x01], revokedAt: AT, reason: 1 }] });
    expect(await world({ [OCSP]: by(pointing), [CRL]: gone }, settings).outcome(OCSP_ONLY)).toBe(
      "responder-not-authorized",
    );
  });
});

describe("a nonce", () => {
  const createNonce = () => new Uint8Array(32).fill(9);

  it("is sent where one is made, and its echo is compared", async () => {
    const echoing = world({ [OCSP]: response({ extensions: [nonce(createNonce())] }) }, { createNonce });
    expect(await echoing.outcome(OCSP_ONLY)).toBe("ok");
    const sent = Buffer.from(echoing.requests[0]?.init.body as Uint8Array);
    expect(sent.includes(Buffer.concat([der(0x04, createNonce())]))).toBe(true);
    const other = world({ [OCSP]: response({ extensions: [nonce(new Uint8Array(32))] }) }, { createNonce });
    expect(await other.outcome(OCSP_ONLY)).toBe("nonce");
  });
});

describe("places that are not asked", () => {
  it.each([
    ["file:///etc/passwd", 'is a URL of scheme "file", expected http or https'],
    ["ldap://directory.example.com/cn=ca", 'is a URL of scheme "ldap", expected http or https'],
    ["ftp://crl.example.com/ca.crl", 'is a URL of scheme "ftp", expected http or https'],
    ["http://user:secret@crl.example.com/", "is a URL with a user name or password"],
    ["http://127.0.0.1:8080/", "is at a loopback address, which is not allowed here"],
    ["http://localhost/", "is at a loopback address, which is not allowed here"],
    ["http://2130706433/", "is at a loopback address, which is not allowed here"],
    ["http://[::ffff:10.0.0.1]/", "is at a private address, which is not allowed here"],
    ["http://10.1.2.3/", "is at a private address, which is not allowed here"],
    ["http://169.254.169.254/latest/meta-data/", "is at a link-local address, which is not allowed here"],
    ["http://100.100.100.200/", "is at a cloud metadata address, which is not allowed here"],
    ["http://kubernetes.default.svc.cluster.local/", "is at a name of a private network, which is not allowed here"],
    ["not a URL", "is no URL"],
    ["", "is no URL"],
  ])("%s", async (url, message) => {
    const { leaf, asked } = world({ [url]: crl() });
    const found = await leaf(chainOf(crlDistributionPoints({ urls: [url] })));
    expect(found?.asked.map(({ answer }) => answer)).toEqual([{
      status: "unknown",
      problem: "source-refused",
      message,
    }]);
    expect(asked()).toEqual([]);
  });

  it.each([["127.0.0.1:8080"], ["127.0.0.1"]])("but for what the host allows: %s", async (allowed) => {
    const url = "http://127.0.0.1:8080/ca.crl";
    const chain = chainOf(crlDistributionPoints({ urls: [url] }));
    expect(await world({ [url]: crl() }, { privateHosts: new Set([allowed]) }).outcome(chain)).toBe("ok");
    expect(await world({ [url]: crl() }, { privateHosts: new Set(["127.0.0.1:8081"]) }).outcome(chain)).toBe(
      "source-refused",
    );
  });
});

describe("a leaf that names places", () => {
  it.each(URL_ROWS)("is judged: $name", async ({ extensions, answers, expected }) => {
    expect(await world(answers(AT)).outcome(chainOf(...extensions))).toBe(expected);
  });
});

describe("redirects", () => {
  const to = (location: string, status = 302): Answerer => () => new Response(null, { status, headers: { location } });
  const NEXT = "https://cdn.example.net/issuer.crl";

  it.each([301, 302, 303, 307, 308])("of status %i are followed", async (status) => {
    expect(await world({ [CRL]: to(NEXT, status), [NEXT]: crl() }).outcome(CRL_ONLY)).toBe("ok");
  });

  it("are relative to where they come from, and keep the question", async () => {
    const { outcome, requests } = world({ [OCSP]: to("/moved"), [`${OCSP}moved`]: response() });
    expect(await outcome(OCSP_ONLY)).toBe("ok");
    expect(requests.map(({ init }) => [init.method, init.body])).toEqual([
      ["POST", requests[0]?.init.body],
      ["POST", requests[0]?.init.body],
    ]);
  });

  it.each([
    ["to a private place", "http://192.168.1.1/", "source-refused"],
    ["to another scheme", "file:///etc/passwd", "source-refused"],
    ["to nowhere", "http://[", "source-refused"],
    ["in a circle", CRL, "unreachable"],
  ])("%s are not", async (_, location, expected) => {
    const { outcome, asked } = world({ [CRL]: to(location) });
    expect(await outcome(CRL_ONLY)).toBe(expected);
    expect(asked().length).toBeLessThanOrEqual(MAX_REVOCATION_REDIRECTS + 1);
    expect(new Set(asked())).toEqual(new Set([CRL]));
  });
});

describe("bounds", () => {
  const never: Answerer = ({ init }) =>
    new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(init.signal.reason)));
  const hanging: Answerer = () => new Promise(() => {});

  it.each([
    ["a responder that never answers", OCSP, OCSP_ONLY, never, OCSP_TIMEOUT_MILLISECONDS],
    ["a responder whose adapter hangs", OCSP, OCSP_ONLY, hanging, OCSP_TIMEOUT_MILLISECONDS],
    ["a CRL that never comes", CRL, CRL_ONLY, never, CRL_TIMEOUT_MILLISECONDS],
    [
      "a CRL that never ends",
      CRL,
      CRL_ONLY,
      () => new Response(new ReadableStream({ start: (stream) => stream.enqueue(crl().slice(0, 20)) })),
      CRL_TIMEOUT_MILLISECONDS,
    ],
  ])("%s is given up in time", async (_, url, chain, answer, milliseconds) => {
    const { fetch } = network({ [url]: answer });
    const waits: number[] = [];
    const sleep = (time: number) => Promise.resolve(void waits.push(time));
    const checker = createRevocationChecker({ crypto, now: () => AT, fetch, sleep });
    const [leaf] = await checker.check(chain);
    expect(waits).toEqual([milliseconds]);
    expect(leaf?.asked.map(({ answer: given }) => given)).toEqual([
      { status: "unknown", problem: "unreachable", message: `did not answer within ${milliseconds / 1000} s` },
    ]);
  });

  it("a network that fails is said with its reason, escaped", async () => {
    const failing = () => Promise.reject(new TypeError("fetch failed", { cause: new Error("\u001b[2Jrefused") }));
    const { leaf } = world({ [CRL]: failing });
    expect((await leaf(CRL_ONLY))?.asked[0]?.answer).toMatchObject({
      problem: "unreachable",
      message: "could not be asked: \\x1b[2Jrefused",
    });
  });

  it.each([
    ["an OCSP response", OCSP, OCSP_ONLY, MAX_OCSP_RESPONSE_BYTES],
    ["a CRL of 200 MB", CRL, CRL_ONLY, 32 * 1024 * 1024],
  ])("%s that is too large is not read to its end", async (_, url, chain, limit) => {
    let sent = 0;
    const chunk = new Uint8Array(64 * 1024);
    const endless = new ReadableStream({
      pull: (stream) => {
        sent += chunk.length;
        if (sent > 200 * 1024 * 1024) stream.close();
        else stream.enqueue(chunk);
      },
    });
    expect(await world({ [url]: () => new Response(endless) }).outcome(chain)).toBe("too-large");
    expect(sent).toBeLessThanOrEqual(limit + 4 * chunk.length);
  });

  it("ends with the caller's time", async () => {
    const { fetch, sleep } = network({ [CRL]: never });
    const checker = createRevocationChecker({ crypto, now: () => AT, fetch, sleep });
    const controller = new AbortController();
    const checking = checker.check(CRL_ONLY, { signal: controller.signal });
    controller.abort(new Error("enough"));
    expect((await checking)[0]?.asked[0]?.answer).toMatchObject({
      message: "did not answer within the time that was left",
    });
  });
});

describe("what was answered is kept", () => {
  it("and not asked again", async () => {
    const { outcome, asked } = world({ [OCSP]: response(), [CRL]: crl() });
    expect([await outcome(OCSP_ONLY), await outcome(OCSP_ONLY)]).toEqual(["ok", "ok"]);
    expect([await outcome(CRL_ONLY), await outcome(CRL_ONLY)]).toEqual(["ok", "ok"]);
    expect(asked()).toEqual([OCSP, CRL]);
  });

  it("no longer than its own next update", async () => {
    const soon = { statuses: [statusOf(AT, { nextUpdate: after(AT, 60_000) })] };
    const { outcome, asked, at } = world({ [OCSP]: response(soon), [CRL]: crl({ nextUpdate: after(AT, 60_000) }) });
    await outcome(OCSP_ONLY);
    await outcome(CRL_ONLY);
    at(after(AT, 59_000));
    expect([await outcome(OCSP_ONLY), await outcome(CRL_ONLY), asked().length]).toEqual(["ok", "ok", 2]);
    at(after(AT, 60_000));
    expect([await outcome(OCSP_ONLY), await outcome(CRL_ONLY), asked().length]).toEqual(["expired", "expired", 4]);
  });

  it("no longer than an hour, so that a revocation is seen", async () => {
    let answer = crl();
    const { outcome, asked, at } = world({ [CRL]: () => new Response(answer as BodyInit) });
    expect(await outcome(CRL_ONLY)).toBe("ok");
    answer = crl(listed);
    at(after(AT, MAX_KEPT_SECONDS * 1000 - 1));
    expect(await outcome(CRL_ONLY)).toBe("ok");
    at(after(AT, MAX_KEPT_SECONDS * 1000));
    expect([await outcome(CRL_ONLY), asked().length]).toEqual(["revoked", 2]);
  });

  it("not when it says nothing", async () => {
    const { outcome, asked } = world({ [OCSP]: response({ error: 3 }), [CRL]: crl({ forged: true }) });
    await outcome();
    await outcome();
    expect(asked()).toEqual([OCSP, CRL, OCSP, CRL]);
  });

  it("for one certificate, not for another of the same responder", async () => {
    const { outcome, asked } = world({ [OCSP]: response() });
    await outcome(OCSP_ONLY);
    const other = [responderCertificate({ extensions: [ocspAt(OCSP)] }), issuerCertificate];
    expect(await outcome(other.map((bytes) => readCertificate(bytes)))).toBe("other-certificate");
    expect(asked()).toEqual([OCSP, OCSP]);
  });

  it("unless a delta has left it behind: then it is fetched again", async () => {
    const DELTA = "http://crl.example.com/delta.crl";
    const freshest = freshestCrl({ urls: [DELTA] });
    let number = 5;
    const delta = () => crl({ number: number + 1, baseNumber: number, nextUpdate: after(AT, number * HOUR / 10) });
    const { outcome, asked, at } = world({
      [CRL]: () => new Response(crl({ number, extensions: [freshest] }) as BodyInit),
      [DELTA]: () => new Response(delta() as BodyInit),
    });
    expect([await outcome(CRL_ONLY), await outcome(CRL_ONLY)]).toEqual(["ok", "ok"]);
    expect(asked()).toEqual([CRL, DELTA]);
    number = 7;
    at(after(AT, HOUR / 2));
    expect(await outcome(CRL_ONLY)).toBe("ok");
    // The delta is over; the new one starts from a list that is newer than the one kept.
    expect(asked().slice(2)).toEqual([DELTA, CRL, DELTA]);
  });
});

describe("what is supplied", () => {
  const offline = (supplied: NonNullable<RevocationSettings["supplied"]>, chain = BOTH) =>
    createRevocationChecker({ crypto, now: () => AT }, { supplied }).check(chain).then(([leaf]) => leaf);

  it.each([
    ["an OCSP response", { ocspResponses: [response()] }, BOTH, "ok"],
    [
      "an OCSP response that says revoked",
      { ocspResponses: [response({ statuses: [statusOf(AT, revoked)] })] },
      BOTH,
      "revoked",
    ],
    ["a CRL", { crls: [crl()] }, BOTH, "ok"],
    ["a CRL that lists it", { crls: [crl(listed)] }, BOTH, "revoked"],
    ["an expired CRL", { crls: [crl({ nextUpdate: after(AT, -HOUR) })] }, CRL_ONLY, "not-asked"],
    ["a stranger's CRL", { crls: [crl({ key: keys.stranger })] }, CRL_ONLY, "not-asked"],
    ["a CRL that lists a certificate naming none", { crls: [crl(listed)] }, chainOf(), "revoked"],
    ["a CRL that does not", { crls: [crl()] }, chainOf(), "ok"],
    ["another issuer's CRL", { crls: [crl({ issuer: [["CN", "other"]] })] }, chainOf(), "nonRevokable"],
    [
      "a CRL and its delta",
      {
        crls: [
          crl({ number: 6, baseNumber: 5, ...listed }),
          crl({ extensions: [freshestCrl({ urls: ["http://crl.example.com/delta.crl"] })] }),
        ],
      },
      CRL_ONLY,
      "revoked",
    ],
    [
      "a CRL without its delta",
      { crls: [crl({ extensions: [freshestCrl({ urls: ["http://crl.example.com/delta.crl"] })] })] },
      CRL_ONLY,
      "not-asked",
    ],
  ])("tells without asking anybody: %s", async (_, supplied, chain, expected) => {
    expect(outcomeOf(await offline(supplied, chain))).toBe(expected);
  });

  it("is looked at before anybody is asked", async () => {
    const { outcome, asked } = world({ [OCSP]: response(), [CRL]: crl() }, {
      supplied: { ocspResponses: [response({ statuses: [statusOf(AT, { serialNumber: [9] })] }), response()] },
    });
    expect([await outcome(), asked()]).toEqual(["ok", []]);
  });

  it("does not turn a point without a URL into none", async () => {
    const other = crl({ issuer: [["CN", "other"]] });
    const nowhere = chainOf(crlDistributionPoints({ crlIssuer: ISSUER }));
    expect(outcomeOf(await offline({ crls: [other] }, nowhere))).toBe("source-refused");
  });

  it("is refused at once when it is no CRL", () => {
    const make = () => createRevocationChecker({ crypto, now: () => AT }, { supplied: { crls: [crl(), response()] } });
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow("Cannot use supplied CRL 2: ");
  });
});
