/** Questions and answers of RFC 3161, held against those of the real openssl. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { derContent, encodeUtf8, readDer, readSequence } from "../../../src/encoding/mod.ts";
import type { FetchInit, HashAlgorithm } from "../../../src/ports.ts";
import {
  encodeTimestampRequest,
  MAX_TIMESTAMP_RESPONSE_BYTES,
  readTimestampAddress,
  readTimestampResponse,
  readTimestampToken,
  requestTimestamp,
  verifyTimestamp,
} from "../../../src/timestamp/mod.ts";
import { parseCertificates, readCertificate } from "../../../src/x509/mod.ts";
import type { TimestampRecord } from "../../../scripts/fixtures/timestamps.ts";
import { describeIf, sharedPath } from "../../run/requirements.ts";
import { makeAuthority } from "../../run/timestamp_maker.ts";

const folder = "test/fixtures/timestamps";
const read = (file: string) => new Uint8Array(readFileSync(`${folder}/${file}`));
const records: readonly TimestampRecord[] = JSON.parse(readFileSync(`${folder}/timestamps.json`, "utf8"));
const crypto = createWebCryptoProvider();
const anchors = parseCertificates(read("tsa-root.crt.pem"));
const digest = ({ hash, message }: TimestampRecord) => new Uint8Array(createHash(hash).update(message).digest());

/** The nonce of a question by openssl: the INTEGER before the last field. */
function nonceOf(query: Uint8Array): Uint8Array {
  const fields = readSequence(readDer(query), "query");
  return derContent(fields[2]!).slice();
}

describe("encodeTimestampRequest()", () => {
  const asked = records.filter(({ name }) => name !== "no-certificates");

  it.each(asked)("writes what openssl writes: $name", (record) => {
    const query = read(`${record.name}.tsq`);
    const hash = record.hash as HashAlgorithm;
    expect(encodeTimestampRequest({ hash, imprint: digest(record), nonce: nonceOf(query) })).toEqual(query);
  });
});

/** What is asked of a token here and not by openssl. */
const STRICTER: Readonly<Record<string, string>> = {
  "no-certificates": "TIMESTAMP_INVALID",
  "by-sha-1": "TIMESTAMP_INVALID",
};

describe("an answer by openssl", () => {
  const granted = records.filter(({ status }) => status === "Granted.");

  it("has a record for each kind", () => expect(granted.length).toBeGreaterThan(5));

  it.each(granted)("is judged as openssl judges it, or more strictly: $name", async (record) => {
    const token = readTimestampToken(readTimestampResponse(read(`${record.name}.tsr`)));
    const verdict = await verifyTimestamp(token, encodeUtf8(record.message), anchors, crypto);
    expect(record.verification).toBe("ok");
    const answer = verdict.trusted ? "trusted" : verdict.refusal.code;
    expect(answer).toBe(STRICTER[record.name] ?? "trusted");
    if (!verdict.trusted) return;
    expect(verdict.range.genTime).toEqual(new Date(record.time));
    const [seconds, millis, micros] = ["seconds", "millis", "micros"].map((unit) =>
      Number(new RegExp(`(0x[0-9A-F]+) ${unit}`).exec(record.accuracy)?.[1] ?? 0)
    ) as [number, number, number];
    const stated = seconds + millis / 1e3 + micros / 1e6;
    expect(verdict.range.accuracySeconds).toBeCloseTo(record.name === "baseline" ? 1 : stated, 9);
    expect(verdict.authorityChain.at(-1)?.der).toEqual(anchors[0]?.der);
  });

  it("that refuses says why", () => {
    expect(() => readTimestampResponse(read("refused.tsr"))).toThrow(
      expect.objectContaining({
        code: "ERR_TIMESTAMP_RESPONSE",
        message: expect.stringMatching(/refused with status 2: .*badAlg$/),
      }),
    );
  });

  it.each([
    ["nothing", new Uint8Array(0)],
    ["text", encodeUtf8("<html>")],
    ["a status alone", Uint8Array.of(0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00)],
    ["a negative status", Uint8Array.of(0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0xff)],
    ["a token that is a number", Uint8Array.of(0x30, 0x08, 0x30, 0x03, 0x02, 0x01, 0x00, 0x02, 0x01, 0x01)],
  ])("that is %s is refused", (_, bytes) => {
    expect(() => readTimestampResponse(bytes)).toThrow(expect.objectContaining({ code: "ERR_TIMESTAMP_RESPONSE" }));
  });
});

describeIf("shared", "published answers", () => {
  const published = (file: string) => new Uint8Array(readFileSync(sharedPath("vectors", "timestamp", file)));

  it("a granted one holds the published token", () => {
    const token = readTimestampToken(readTimestampResponse(published("granted.tsq")));
    expect(token.info.version).toBe(1);
    expect(token.certificates.length).toBeGreaterThan(0);
  });

  it("a rejection is refused", () => {
    expect(() => readTimestampResponse(published("rejection.tsq"))).toThrow(
      expect.objectContaining({ code: "ERR_TIMESTAMP_RESPONSE" }),
    );
  });
});

const REPLY = "application/timestamp-reply";
const plain = records.find(({ name }) => name === "plain")!;

interface Asking {
  readonly url?: string;
  readonly nonce?: Uint8Array;
  readonly hash?: HashAlgorithm;
  readonly signal?: AbortSignal;
  readonly trusted?: typeof anchors;
  readonly timeoutMilliseconds?: number;
}

function ask(answer: (url: string, init: FetchInit) => Response | Promise<Response>, asking: Asking = {}) {
  const { url = "http://tsa.example/", nonce = nonceOf(read("plain.tsq")), hash = "sha256" } = asking;
  const authority = {
    url,
    nonce,
    anchors: asking.trusted ?? anchors,
    signal: asking.signal ?? new AbortController().signal,
    ...(asking.timeoutMilliseconds === undefined ? {} : { timeoutMilliseconds: asking.timeoutMilliseconds }),
  };
  const fetch = (to: string, init: FetchInit) => Promise.resolve(answer(to, init));
  return requestTimestamp(encodeUtf8(plain.message), hash, authority, { fetch, crypto });
}

const reply = (bytes: Uint8Array, type = REPLY, status = 200) =>
  new Response(bytes as Uint8Array<ArrayBuffer>, { status, headers: { "content-type": type } });

describe("requestTimestamp()", () => {
  it("posts the question and gives the token of the answer", async () => {
    const asked: { url: string; init: FetchInit }[] = [];
    const received = await ask((url, init) => {
      asked.push({ url, init });
      return reply(read("plain.tsr"));
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      url: "http://tsa.example/",
      init: { method: "POST", redirect: "manual", headers: { "content-type": "application/timestamp-query" } },
    });
    expect(asked[0]?.init.body).toEqual(read("plain.tsq"));
    expect(received.token).toEqual(readTimestampResponse(read("plain.tsr")));
    expect(received.range.genTime).toEqual(new Date(plain.time));
    expect(received.authorityChain).toHaveLength(2);
  });

  it.each<readonly [string, () => Response | Promise<Response>, string, Asking]>([
    ["status 500", () => reply(read("plain.tsr"), REPLY, 500), "ERR_TIMESTAMP_RESPONSE", {}],
    [
      "a redirection",
      () => new Response(null, { status: 302, headers: { location: "/" } }),
      "ERR_TIMESTAMP_RESPONSE",
      {},
    ],
    ["HTML", () => reply(encodeUtf8("<html>"), "text/html"), "ERR_TIMESTAMP_RESPONSE", {}],
    ["HTML under the right type", () => reply(encodeUtf8("<html>")), "ERR_TIMESTAMP_RESPONSE", {}],
    ["too many bytes", () => reply(new Uint8Array(MAX_TIMESTAMP_RESPONSE_BYTES + 1)), "ERR_TIMESTAMP_RESPONSE", {}],
    ["no connection", () => Promise.reject(new TypeError("refused")), "ERR_TIMESTAMP_RESPONSE", {}],
    ["a refusal", () => reply(read("refused.tsr")), "ERR_TIMESTAMP_RESPONSE", {}],
    ["the answer to another question", () => reply(read("fine.tsr")), "ERR_TIMESTAMP_RESPONSE", {}],
    ["an answer by another hash", () => reply(read("plain.tsr")), "ERR_TIMESTAMP_RESPONSE", { hash: "sha384" }],
    ["an answer by a stranger", () => reply(read("plain.tsr")), "TIMESTAMP_AUTHORITY_NOT_TRUSTED", {
      trusted: [readCertificate(makeAuthority().root)],
    }],
    ["an address that is none", () => reply(read("plain.tsr")), "ERR_CONFIG", { url: "tsa.example" }],
    ["an empty address", () => reply(read("plain.tsr")), "ERR_CONFIG", { url: "" }],
    ["a file", () => reply(read("plain.tsr")), "ERR_CONFIG", { url: "file:///etc/passwd" }],
    ["an authority that takes too long", () => new Promise<Response>(() => {}), "ERR_DEADLINE", {
      timeoutMilliseconds: 20,
    }],
    [
      "an authority that takes too long in the middle of its answer",
      () => new Response(new ReadableStream(), { headers: { "content-type": REPLY } }),
      "ERR_DEADLINE",
      { timeoutMilliseconds: 20 },
    ],
    ["time that was over before", () => reply(read("plain.tsr")), "ERR_DEADLINE", { signal: AbortSignal.abort() }],
    ["no time left", () => new Promise<Response>(() => {}), "ERR_DEADLINE", { signal: AbortSignal.timeout(20) }],
  ])("refuses %s", async (_, answer, code, asking) => {
    await expect(ask(answer, asking)).rejects.toMatchObject({ code });
  });
});

describe("readTimestampAddress()", () => {
  it.each<readonly [string, string, string | undefined]>([
    ["http://tsa.example", "http://tsa.example/", undefined],
    ["HTTPS://TSA.example:8443/a?b=c", "https://tsa.example:8443/a?b=c", undefined],
    ["http://[::1]:3161/", "http://[::1]:3161/", undefined],
    ["http://169.254.169.254/tsa", "http://169.254.169.254/tsa", undefined],
    ["https://ada:p%40ss@tsa.example/", "https://tsa.example/", "ada:p@ss"],
    ["https://ada@tsa.example/", "https://tsa.example/", "ada:"],
  ])("reads %s", (text, href, user) => {
    const authorization = user === undefined ? undefined : `Basic ${Buffer.from(user).toString("base64")}`;
    const expected = authorization === undefined ? { href } : { href, authorization };
    expect(readTimestampAddress(text)).toEqual(expected);
  });

  it.each<readonly [string, string | undefined]>([
    ["", undefined],
    ["tsa.example", 'endpoint "tsa.example": scheme must be http or https, but got ""'],
    ["tsa.example:80", undefined],
    ["//tsa.example/", 'endpoint "//tsa.example/": scheme must be http or https, but got ""'],
    ["ldap://tsa.example/", 'endpoint "ldap://tsa.example/": scheme must be http or https, but got "ldap"'],
    ["FILE:///etc/passwd", 'endpoint "FILE:///etc/passwd": scheme must be http or https, but got "file"'],
    ["http://", 'endpoint "http://": host cannot be empty'],
    ["https:///x", 'endpoint "https:///x": host cannot be empty'],
    ["https:tsa.example", undefined],
    ["http://ada:secret@", undefined],
    ["javascript:alert(1)", undefined],
    ["http://tsa.example:99999/", undefined],
  ])("refuses %j, with the reference's sentence where it is certain", (text, reference) => {
    let thrown: unknown;
    try {
      readTimestampAddress(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "ERR_CONFIG", message: expect.not.stringContaining("secret") });
    expect((thrown as Error).cause).toEqual(reference === undefined ? undefined : { reference });
  });
});
