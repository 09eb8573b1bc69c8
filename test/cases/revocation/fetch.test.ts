/** Asking: which places, through which redirects, for how long and for how much. */
import { describe, expect, it } from "vitest";
import { AddressError } from "../../../src/http/mod.ts";
import {
  createRevocationChecker,
  CRL_TIMEOUT_MILLISECONDS,
  MAX_CRL_BYTES,
  MAX_OCSP_RESPONSE_BYTES,
  OCSP_TIMEOUT_MILLISECONDS,
} from "../../../src/revocation/mod.ts";
import { MAX_REVOCATION_REDIRECTS } from "../../../src/revocation/fetch.ts";
import { crlDistributionPoints } from "../../run/revocation_maker.ts";
import { type Answerer, network } from "./network.ts";
import { URL_ROWS } from "./url_rows.ts";
import { AT, chainOf, CRL, crl, CRL_ONLY, crypto, OCSP, OCSP_ONLY, response, world } from "./world.ts";

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

  it("are those a name leads to, too, where the runtime looks: a name somebody else chose reaches public places only", async () => {
    const reaches: unknown[] = [];
    const answerer: Answerer = ({ init }) => {
      reaches.push(init.reach);
      return Promise.reject(new TypeError("fetch failed", { cause: new AddressError("10.0.0.1", "private") }));
    };
    const chain = chainOf(crlDistributionPoints({ urls: [CRL] }));
    const found = await world({ [CRL]: answerer }).leaf(chain);
    expect(found?.asked.map(({ answer }) => answer)).toEqual([{
      status: "unknown",
      problem: "source-refused",
      message: "is at a host that resolves to 10.0.0.1, a private address, which is not allowed here",
    }]);
    await world({ [CRL]: answerer }, { privateHosts: new Set([new URL(CRL).host]) }).leaf(chain);
    expect(reaches).toEqual(["public", undefined]);
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
    [
      "to a private place",
      "http://192.168.1.1/",
      'redirects to "http://192.168.1.1/", which is at a private address, which is not allowed here',
    ],
    [
      "to a private place, without a scheme",
      "//[::ffff:a00:1]/",
      'redirects to "//[::ffff:a00:1]/", which is at a private address, which is not allowed here',
    ],
    [
      "to another scheme",
      "file:///etc/passwd",
      'redirects to "file:///etc/passwd", which is a URL of scheme "file", expected http or https',
    ],
    ["to nowhere", "http://[", 'redirects to "http://[", which is no URL'],
    ["in a circle", CRL, "redirects more than 3 times"],
  ])("%s are not", async (_, location, message) => {
    const { leaf, asked } = world({ [CRL]: to(location) });
    expect((await leaf(CRL_ONLY))?.asked.map(({ answer }) => answer)).toMatchObject([{ status: "unknown", message }]);
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
    ["a CRL of 200 MB", CRL, CRL_ONLY, MAX_CRL_BYTES],
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
    const found = await world({ [url]: () => new Response(endless) }).leaf(chain);
    expect(found?.asked.map(({ answer }) => answer)).toEqual([
      { status: "unknown", problem: "too-large", message: `answered with more than ${limit} bytes` },
    ]);
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
