/**
 * `sign` and `blob sign` with a timestamp: the flags that go together, whom they ask, and that nothing is left behind.
 */
import { describe, expect, it } from "vitest";
import { decodeEnvelope } from "../../../src/notary/mod.ts";
import type { Handler } from "../../../src/ports.ts";
import { basicConstraints, crlAt, ecKey, keyUsage, USAGE } from "../../run/certificate_maker.ts";
import { makeCrl } from "../../run/revocation_maker.ts";
import { AUTHORITY, authorityName, makeAuthority, makeLoneAuthority } from "../../run/timestamp_maker.ts";
import { type AnswerChanges, answerQuestion, timestampReply } from "../../run/timestamp_server.ts";
import { fixturePath } from "./fixture_registry.ts";
import { readFileSync } from "node:fs";
import { type MemoryHostOptions, runInMemory } from "./memory_host.ts";
import { artifact, takingRegistry } from "./taking_registry.ts";

const NOW = new Date("2026-11-23T08:40:15Z");
const byDigest = `registry.example/a/b@${artifact.descriptor.digest}`;
const KEY = ["--key-file", "/key.pem", "--cert-file", "/cert.pem"];
const TSA = "http://127.0.0.1:3161/tsa";
const TIMESTAMP = ["--timestamp-url", TSA, "--timestamp-root-cert", "/root.pem"];

const crlKey = ecKey();
const authority = makeAuthority();
const revocable = makeAuthority({
  intermediate: { key: crlKey, extensions: [basicConstraints(true), keyUsage([USAGE.keyCertSign, USAGE.cRLSign])] },
  signer: { extensions: [...AUTHORITY, crlAt("http://crl.example/tsa.crl")], serialNumber: [0x07] },
});
const days = (count: number) => new Date(NOW.getTime() + count * 86_400_000);
const crl = (revoked: boolean) =>
  makeCrl({
    issuer: authorityName("tsa intermediate"),
    key: crlKey,
    thisUpdate: days(-1),
    nextUpdate: days(1),
    entries: revoked ? [{ serialNumber: [0x07], revokedAt: days(-2) }] : [],
  });
const pem = (...certificates: readonly Uint8Array[]) =>
  certificates.map((der) =>
    `-----BEGIN CERTIFICATE-----\n${
      Buffer.from(der).toString("base64").replace(/.{64}/g, "$&\n")
    }\n-----END CERTIFICATE-----\n`
  ).join("");

const files = {
  "/key.pem": readFileSync(fixturePath("keys/p-256-self.test-only.key.pem")),
  "/cert.pem": readFileSync(fixturePath("keys/p-256-self.crt.pem")),
  "/root.pem": pem(authority.root),
  "/revocable.pem": pem(revocable.root),
  "/two.pem": pem(authority.root, makeLoneAuthority().root),
  "/intermediate.pem": pem(authority.certificates[1] ?? new Uint8Array()),
  "/none.pem": "",
  "/good.crl": crl(false),
  "/revoking.crl": crl(true),
  "/blob.bin": "a file",
};

/** A registry and an authority, by host. */
function world(answer: Handler) {
  const { handler, taken } = takingRegistry();
  const registry: Handler = (request) => request.url === TSA ? answer(request) : handler(request);
  return { taken, options: { registry, files, now: NOW } satisfies MemoryHostOptions };
}

const answering = (changes: AnswerChanges = {}, by = authority): Handler => async (request) =>
  timestampReply(answerQuestion(new Uint8Array(await request.arrayBuffer()), by, NOW, changes));

describe("sign --timestamp-url", () => {
  it("asks no authority with --offline, and writes no signature without its word", async () => {
    const { options } = world(answering());
    const args = ["blob", "sign", ...KEY, ...TIMESTAMP, "--offline", "/blob.bin"];
    const { status, stderr, requests, written } = await runInMemory(args, options);
    expect({ status, requests, written: written.size }).toEqual({ status: 1, requests: [], written: 0 });
    expect(stderr).toContain(`Cannot ask POST "${TSA}": --offline allows no request`);
    expect(stderr).toContain("Code: ERR_OFFLINE (misconfigured; a retry does not help)");
  });

  it.each([["jws", "application/jose+json"], ["cose", "application/cose"]])(
    "pushes a %s signature with the authority's word",
    async (format, mediaType) => {
      const { taken, options } = world(answering());
      const args = ["sign", ...KEY, ...TIMESTAMP, "--signature-format", format, byDigest];
      const { status, stderr, requests } = await runInMemory(args, options);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(requests.filter((request) => request.endsWith(TSA))).toEqual([`POST ${TSA}`]);
      const envelopes = [...taken.values()].flatMap((bytes) => {
        try {
          return [decodeEnvelope({ mediaType, bytes })];
        } catch {
          return [];
        }
      });
      expect(envelopes).toHaveLength(1);
      expect(envelopes[0]?.unsignedAttributes.timestampSignature?.length).toBeGreaterThan(500);
    },
  );

  it("signs a file likewise", async () => {
    const { options } = world(answering());
    const { status, written } = await runInMemory(["blob", "sign", ...KEY, ...TIMESTAMP, "/blob.bin"], options);
    expect(status).toBe(0);
    const bytes = written.get("/blob.bin.jws.sig") ?? new Uint8Array();
    const { unsignedAttributes } = decodeEnvelope({ mediaType: "application/jose+json", bytes });
    expect(unsignedAttributes.timestampSignature?.length).toBeGreaterThan(500);
  });

  const refused: readonly (readonly [string, Handler, string, string])[] = [
    [
      "rejects",
      answering({ status: 2 }),
      "ERR_TIMESTAMP_RESPONSE",
      "Error: Cannot get a timestamp: the authority refused",
    ],
    [
      "fails",
      () => new Response(null, { status: 503, statusText: "Service Unavailable" }),
      "ERR_TIMESTAMP_RESPONSE",
      `Error: timestamp: POST "${TSA}": https response bad status: 503 Service Unavailable\n`,
    ],
    [
      "answers with HTML",
      () => new Response("<html>", { headers: { "content-type": "text/html" } }),
      "ERR_TIMESTAMP_RESPONSE",
      `Error: timestamp: POST "${TSA}": unexpected response content type: text/html\n`,
    ],
    [
      "is another",
      answering({}, makeLoneAuthority()),
      "TIMESTAMP_AUTHORITY_NOT_TRUSTED",
      "Error: timestamp: failed to verify signed token: cms verification failure: x509: certificate signed by unknown " +
      "authority\n",
    ],
  ];
  it.each(refused)("pushes nothing when the authority %s", async (_, answer, code, line) => {
    const { taken, options } = world(answer);
    const { status, stdout, stderr } = await runInMemory(["sign", ...KEY, ...TIMESTAMP, byDigest], options);
    expect({ status, stdout, pushed: taken.size }).toEqual({ status: 1, stdout: "", pushed: 0 });
    expect(stderr).toContain(line);
    expect(stderr).toContain(`Code: ${code} `);
  });

  it.each(refused)("writes no file when the authority %s", async (_, answer, code) => {
    const { options } = world(answer);
    const args = ["blob", "sign", ...KEY, ...TIMESTAMP, "/blob.bin"];
    const { status, stdout, stderr, written } = await runInMemory(args, options);
    expect({ status, stdout, written: written.size }).toEqual({ status: 1, stdout: "", written: 0 });
    expect(stderr).toContain(`Code: ${code} `);
  });

  const flags = ["--timestamp-url", TSA, "--timestamp-root-cert", "/revocable.pem"];
  it.each<[string, readonly string[], number, string]>([
    ["a CRL says it is good", ["--crl", "/good.crl"], 0, ""],
    [
      "a CRL says it is revoked",
      ["--crl", "/revoking.crl"],
      1,
      'Error: timestamp: timestamping certificate with subject "CN=tsa signer,O=Time,C=US" is revoked\n',
    ],
    [
      "nobody may be asked",
      ["--offline-revocation"],
      1,
      'timestamping certificate with subject "CN=tsa signer,O=Time,C=US" revocation status is unknown\n',
    ],
  ])("asks whether the authority is revoked: %s", async (_, more, expected, words) => {
    const { taken, options } = world(answering({}, revocable));
    const { status, stderr } = await runInMemory(["sign", ...KEY, ...flags, ...more, byDigest], options);
    expect(status).toBe(expected);
    expect(stderr).toContain(words);
    expect(taken.size > 0).toBe(expected === 0);
  });

  it.each<[readonly string[], string, string]>([
    [["--timestamp-url", TSA], "missing [timestamp-root-cert]", "ERR_USAGE"],
    [["--timestamp-root-cert", "/root.pem"], "missing [timestamp-url]", "ERR_USAGE"],
    [["--timestamp-url", "", "--timestamp-root-cert", "/root.pem"], "tsa url cannot be empty", "ERR_USAGE"],
    [["--timestamp-url", TSA, "--timestamp-root-cert", ""], "tsa root certificate path cannot be empty", "ERR_USAGE"],
    [
      ["--timestamp-url", "ftp://tsa.example/", "--timestamp-root-cert", "/root.pem"],
      'endpoint "ftp://tsa.example/": scheme must be http or https, but got "ftp"',
      "ERR_USAGE",
    ],
    [
      ["--timestamp-url", "http://ada:secret@:80", "--timestamp-root-cert", "/root.pem"],
      'Cannot ask for a timestamp at "http://…@:80": expected an http or https URL',
      "ERR_CONFIG",
    ],
    [["--timestamp-url", TSA, "--timestamp-root-cert", "/absent"], "it does not exist", "ERR_FILE"],
    [["--timestamp-url", TSA, "--timestamp-root-cert", "/none.pem"], "Cannot read certificates", "ERR_CONFIG"],
    [["--timestamp-url", TSA, "--timestamp-root-cert", "/two.pem"], "found more than one certificates", "ERR_USAGE"],
    [
      ["--timestamp-url", TSA, "--timestamp-root-cert", "/intermediate.pem"],
      'certificate from "/intermediate.pem" is not a root certificate',
      "ERR_TRUST_STORE",
    ],
  ])("refuses %j before anybody is asked", async (more, words, code) => {
    for (const command of [["sign", byDigest], ["blob", "sign", "/blob.bin"]]) {
      const { status, stdout, stderr, requests } = await runInMemory([...command, ...KEY, ...more], {
        files,
        now: NOW,
      });
      expect({ status, stdout, requests }).toEqual({ status: 1, stdout: "", requests: [] });
      expect(stderr).toContain(words);
      expect(stderr).toContain(`Code: ${code} `);
    }
  });
});
