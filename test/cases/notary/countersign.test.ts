/** Signatures timestamped while they are made: by whom, when nothing is given out, and what is asked of whom. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWebCryptoProvider, parsePrivateKey } from "../../../src/crypto/mod.ts";
import { encodeUtf8 } from "../../../src/encoding/mod.ts";
import {
  createLocalSigner,
  decodeEnvelope,
  type EnvelopeMediaType,
  signBlob,
  signDescriptor,
  STRICT,
  type TimestampOptions,
  verdict,
  verifyBlob,
  verifyEnvelopeBytes,
} from "../../../src/notary/mod.ts";
import type { Descriptor } from "../../../src/oci/mod.ts";
import type { FetchInit, SignatureProvider } from "../../../src/ports.ts";
import { createRevocationChecker } from "../../../src/revocation/mod.ts";
import { MAX_TIMESTAMP_RESPONSE_BYTES } from "../../../src/timestamp/mod.ts";
import { parseCertificates, readCertificate } from "../../../src/x509/mod.ts";
import { basicConstraints, CA, crlAt, ecKey, keyUsage, USAGE } from "../../run/certificate_maker.ts";
import { type EntryFields, makeCrl } from "../../run/revocation_maker.ts";
import {
  AUTHORITY,
  type Authority,
  authorityName,
  makeAuthority,
  makeLoneAuthority,
} from "../../run/timestamp_maker.ts";
import {
  type AnswerChanges,
  answerQuestion,
  readQuestion,
  serveTimestamps,
  timestampReply,
  type TimestampServer,
} from "../../run/timestamp_server.ts";

const crypto = createWebCryptoProvider();
const NOW = new Date("2026-11-23T08:40:15Z");
const ports = { crypto, now: () => NOW };
const signal = AbortSignal.timeout(120_000);
const ARTIFACT: Descriptor = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: `sha256:${"ab".repeat(32)}`,
  size: 562,
};
const KEYS = ["rsa-2048", "rsa-3072", "rsa-4096", "p-256", "p-384", "p-521"] as const;
const FORMATS: readonly EnvelopeMediaType[] = ["application/jose+json", "application/cose"];
const HASHES: Readonly<Record<string, string>> = {
  "rsa-2048": "sha256",
  "rsa-3072": "sha384",
  "rsa-4096": "sha512",
  "p-256": "sha256",
  "p-384": "sha384",
  "p-521": "sha512",
};

const file = (name: string) => new Uint8Array(readFileSync(new URL(`../../fixtures/keys/${name}`, import.meta.url)));
const chainOf = (name: string) => parseCertificates(file(`${name}.${name.endsWith("chain") ? "chain" : "crt"}.pem`));
const signerOf = (name: string) => createLocalSigner(parsePrivateKey(file(`${name}.test-only.key.pem`)), chainOf(name));
const trustOf = (name: string, authority: Authority) => ({
  name: "test",
  level: STRICT,
  trustAnchors: { ca: chainOf(name).slice(-1), signingAuthority: [], tsa: [readCertificate(authority.root)] },
});

const authority = makeAuthority();
type Answer = (query: Uint8Array, init: FetchInit) => Response | Promise<Response>;
const good: Answer = (query) => timestampReply(answerQuestion(query, authority, NOW));
const changed = (changes: AnswerChanges, by = authority): Answer => (query) =>
  timestampReply(answerQuestion(query, by, NOW, changes));

function timestampBy(answer: Answer, options: Partial<TimestampOptions> = {}): TimestampOptions {
  return {
    url: "http://tsa.example/",
    roots: [readCertificate(authority.root)],
    fetch: (_, init) => Promise.resolve(answer(init.body as Uint8Array, init)),
    ...options,
  };
}

const sign = async (timestamp: TimestampOptions, signer?: SignatureProvider) =>
  await signDescriptor(ARTIFACT, signer ?? await signerOf("p-256-self"), ports, { signal, timestamp });

describe("a signature with a timestamp", () => {
  let server: TimestampServer;
  let answer: Uint8Array;
  beforeAll(async () => {
    server = await serveTimestamps((query) => answer = answerQuestion(query, authority, NOW));
  });
  afterAll(() => server.close());

  const grid = FORMATS.flatMap((format) =>
    KEYS.flatMap((key) => ["self", "chain"].map((kind) => ({ format, key, kind })))
  );
  it.each(grid)("verifies where the authority is trusted: $format, $key, $kind", async ({ format, key, kind }) => {
    const name = `${key}-${kind}`;
    const questions: ReturnType<typeof readQuestion>[] = [];
    const timestamp = timestampBy((query) => {
      questions.push(readQuestion(query));
      return good(query, {} as FetchInit);
    });
    const made = await signDescriptor(ARTIFACT, await signerOf(name), ports, { signal, format, timestamp });
    expect(questions.map(({ hash }) => hash)).toEqual([HASHES[key]]);
    const outcome = await verifyEnvelopeBytes(made, ARTIFACT, trustOf(name, authority), ports);
    expect(verdict(outcome)).toBe("verified");
    expect(outcome.validations.authenticTimestamp.result).toMatchObject({
      status: "passed",
      evidence: { basis: "timestamp", instant: NOW.toISOString(), accuracySeconds: 1 },
    });
    const stranger = makeLoneAuthority();
    expect(verdict(await verifyEnvelopeBytes(made, ARTIFACT, trustOf(name, stranger), ports))).toBe("failed");
  });

  it.each(FORMATS)("is asked for over HTTP, and carried unchanged: %s", async (format) => {
    const before = server.asked();
    const timestamp = timestampBy(good, { url: server.url, fetch: (url, init) => fetch(url, init as RequestInit) });
    const blob = { bytes: encodeUtf8("a file") };
    const made = await signBlob(blob, await signerOf("p-384-chain"), ports, { signal, format, timestamp });
    expect(server.asked()).toBe(before + 1);
    const { timestampSignature } = decodeEnvelope(made).unsignedAttributes;
    expect(timestampSignature).toEqual(answer.subarray(answer.length - (timestampSignature?.length ?? 0)));
    expect(verdict(await verifyBlob(blob, made, trustOf("p-384-chain", authority), ports))).toBe("verified");
  });

  it("asks with another nonce each time, positive and of 20 bytes at most", async () => {
    const nonces: string[] = [];
    const timestamp = timestampBy((query, init) => {
      const { nonce } = readQuestion(query);
      expect(nonce.length).toBeLessThanOrEqual(20);
      expect((nonce[0] ?? 0xff) & 0x80).toBe(0);
      nonces.push(Buffer.from(nonce).toString("hex"));
      return good(query, init);
    });
    for (let count = 0; count < 5; count++) await sign(timestamp);
    expect(new Set(nonces).size).toBe(5);
  });

  it("asks with the nonce it is given, made positive", async () => {
    const nonces: Uint8Array[] = [];
    const lengths: number[] = [];
    const random = (length: number) => {
      lengths.push(length);
      return new Uint8Array(length).fill(0xff);
    };
    await sign(timestampBy((query, init) => {
      nonces.push(readQuestion(query).nonce);
      return good(query, init);
    }, { random }));
    expect(lengths).toEqual([20]);
    expect(nonces).toEqual([Uint8Array.of(0x7f, ...new Uint8Array(19).fill(0xff))]);
  });

  it("sends a user name and password as such, and shows neither", async () => {
    const seen: string[] = [];
    const options = { url: "https://ada:s%C3%A9cret@tsa.example/ts?x=1" };
    const timestamp = timestampBy(() => new Response(null, { status: 401 }), options);
    const asking = {
      ...timestamp,
      fetch: (url: string, init: FetchInit) => {
        seen.push(url, init.headers["authorization"] ?? "");
        return timestamp.fetch(url, init);
      },
    };
    const thrown = await sign(asking).then(() => undefined, (error: Error) => error);
    expect(seen).toEqual(["https://tsa.example/ts?x=1", `Basic ${Buffer.from("ada:sécret").toString("base64")}`]);
    expect(thrown?.message).toContain('"https://tsa.example/ts?x=1"');
    expect(thrown?.message).not.toMatch(/ada|cret/);
  });
});

describe("no signature is given out", () => {
  const html = () => new Response("<html>", { headers: { "content-type": "text/html" } });
  const large = () => timestampReply(new Uint8Array(MAX_TIMESTAMP_RESPONSE_BYTES + 1));
  const expired = makeAuthority({ signer: { notAfter: "20260101000000Z" } });
  const forClients = makeAuthority({ signer: { extensions: CA } });
  it.each<readonly [string, Answer, string, string]>([
    ["the authority rejects", changed({ status: 2 }), "ERR_TIMESTAMP_RESPONSE", "refused with status 2: closed today"],
    ["it waits", changed({ status: 3 }), "ERR_TIMESTAMP_RESPONSE", "refused with status 3"],
    ["the imprint is another's", changed({ imprint: new Uint8Array(32) }), "TIMESTAMP_MISMATCH", "other bytes"],
    ["the hash is another", changed({ imprintHash: "sha512" }), "ERR_TIMESTAMP_RESPONSE", "asked was sha256"],
    ["the nonce is another", changed({ nonce: Uint8Array.of(5) }), "ERR_TIMESTAMP_RESPONSE", "its nonce differs"],
    ["there is no nonce", changed({ more: [] }), "ERR_TIMESTAMP_RESPONSE", "its nonce differs"],
    ["the answer is HTML", html, "ERR_TIMESTAMP_RESPONSE", 'content of type "text/html"'],
    ["the answer is HTML by another name", () => timestampReply(encodeUtf8("<html>")), "ERR_TIMESTAMP_RESPONSE", ""],
    ["the answer is an error", () => new Response(null, { status: 503 }), "ERR_TIMESTAMP_RESPONSE", "status 503"],
    ["the answer is too large", large, "ERR_TIMESTAMP_RESPONSE", "more than 1048576 bytes"],
    ["nobody answers", () => Promise.reject(new TypeError("refused")), "ERR_TIMESTAMP_RESPONSE", "refused"],
    ["another root leads to the authority", changed({}, makeLoneAuthority()), "TIMESTAMP_AUTHORITY_NOT_TRUSTED", ""],
    ["the authority's certificate has expired", changed({}, expired), "TIMESTAMP_AUTHORITY_NOT_TRUSTED", "no path"],
    ["the certificate is not for timestamps", changed({}, forClients), "TIMESTAMP_AUTHORITY_INVALID", ""],
    [
      "the token is not signed",
      changed({ signature: (bytes) => bytes.map((byte) => byte ^ 1) }),
      "TIMESTAMP_INVALID",
      "",
    ],
    [
      "it may have been made before the signer's certificate was valid",
      changed({ genTime: "20240101000000Z" }),
      "TIMESTAMP_OUTSIDE_VALIDITY",
      "is valid from",
    ],
  ])("when %s", async (_, answer, code, words) => {
    await expect(sign(timestampBy(answer))).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it("when the authority does not answer in time", async () => {
    const timestamp = timestampBy(() => new Promise<Response>(() => {}));
    const options = { signal: AbortSignal.timeout(30), timestamp };
    const signed = signDescriptor(ARTIFACT, await signerOf("p-256-self"), ports, options);
    await expect(signed).rejects.toMatchObject({
      code: "ERR_DEADLINE",
      message: expect.stringContaining("the authority"),
    });
  });

  it("when the answer ends in the middle", async () => {
    const body = new ReadableStream({ start: (controller) => controller.enqueue(Uint8Array.of(0x30, 0x82)) });
    const headers = { "content-type": "application/timestamp-reply" };
    const options = { signal: AbortSignal.timeout(30), timestamp: timestampBy(() => new Response(body, { headers })) };
    const signed = signDescriptor(ARTIFACT, await signerOf("p-256-self"), ports, options);
    await expect(signed).rejects.toMatchObject({ code: "ERR_DEADLINE" });
  });
});

describe("before a key signs anything", () => {
  const untouched: SignatureProvider = {
    describeKey: () => Promise.reject(new Error("was asked for its key")),
    sign: () => Promise.reject(new Error("was asked to sign")),
  };
  const intermediate = readCertificate(authority.certificates[1] ?? new Uint8Array());
  const lone = readCertificate(makeLoneAuthority().root);
  it.each<readonly [string, Partial<TimestampOptions>, string]>([
    ["an address without a scheme", { url: "tsa.example" }, "ERR_CONFIG"],
    ["no address", { url: "" }, "ERR_CONFIG"],
    ["a file", { url: "file:///etc/passwd" }, "ERR_CONFIG"],
    ["an address of ftp", { url: "ftp://tsa.example/" }, "ERR_CONFIG"],
    ["no host", { url: "http:///x" }, "ERR_CONFIG"],
    ["a password that is no text", { url: "http://ada:%FF@tsa.example/" }, "ERR_CONFIG"],
    ["no root", { roots: [] }, "ERR_TRUST_STORE"],
    ["an intermediate for a root", { roots: [intermediate] }, "ERR_TRUST_STORE"],
    ["the authority's own certificate for a root", { roots: [lone] }, "ERR_TRUST_STORE"],
  ])("refuses %s", async (_, options, code) => {
    const asked: string[] = [];
    const fetch = (url: string) => Promise.reject(asked.push(url));
    await expect(sign({ ...timestampBy(good, options), fetch }, untouched)).rejects.toMatchObject({ code });
    expect(asked).toEqual([]);
  });
});

describe("an authority whose certificate names a CRL", () => {
  const url = "http://crl.example/tsa.crl";
  const key = ecKey();
  const issuer = authorityName("tsa intermediate");
  const revocable = makeAuthority({
    intermediate: { key, extensions: [basicConstraints(true), keyUsage([USAGE.keyCertSign, USAGE.cRLSign])] },
    signer: { extensions: [...AUTHORITY, crlAt(url)], serialNumber: [0x07] },
  });
  const days = (count: number) => new Date(NOW.getTime() + count * 86_400_000);
  const list = (entries: readonly EntryFields[]) =>
    makeCrl({ issuer, key, thisUpdate: days(-1), nextUpdate: days(1), entries });
  const fresh = list([]);
  const revoking = list([{ serialNumber: [0x07], revokedAt: days(-2), reason: 1 }]);

  async function signWith(crl: (() => Response) | undefined): Promise<readonly string[]> {
    const asked: string[] = [];
    const fetch = (to: string) => {
      asked.push(to);
      return crl === undefined ? Promise.reject(new TypeError("refused")) : Promise.resolve(crl());
    };
    const sleep = () => new Promise<void>(() => {});
    const revocation = createRevocationChecker({ crypto, now: () => NOW, fetch, sleep });
    await sign(timestampBy(changed({}, revocable), { roots: [readCertificate(revocable.root)], revocation }));
    return asked;
  }

  it("is asked about before the signature is given out", async () => {
    expect(await signWith(() => new Response(fresh as Uint8Array<ArrayBuffer>))).toEqual([url]);
  });

  it("signs nothing when it is revoked", async () => {
    await expect(signWith(() => new Response(revoking as Uint8Array<ArrayBuffer>))).rejects.toMatchObject({
      code: "CERTIFICATE_REVOKED",
      message: expect.stringContaining("CN=tsa signer"),
      cause: { reference: 'timestamping certificate with subject "CN=tsa signer,O=Time,C=US" is revoked' },
    });
  });

  it.each([["nobody answers", undefined], ["the answer is none", () => new Response("<html>")]])(
    "signs nothing when %s",
    async (_, crl) => {
      await expect(signWith(crl)).rejects.toMatchObject({ code: "REVOCATION_UNKNOWN" });
    },
  );

  it("signs nothing when there is nobody to ask for it", async () => {
    const timestamp = timestampBy(changed({}, revocable), { roots: [readCertificate(revocable.root)] });
    await expect(sign(timestamp)).rejects.toMatchObject({ code: "REVOCATION_NOT_CHECKED" });
  });
});
