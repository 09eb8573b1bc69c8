/**
 * `sign --timestamp-url` beside the real notation: authorities that refuse, lie, are strangers or revoked, and flags
 * that do not fit. Neither leaves a signature behind.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { basicConstraints, crlAt, ecKey, keyUsage, USAGE } from "../run/certificate_maker.ts";
import { describeIf } from "../run/requirements.ts";
import { makeCrl } from "../run/revocation_maker.ts";
import { AUTHORITY, type Authority, authorityName, makeAuthority, makeLoneAuthority } from "../run/timestamp_maker.ts";
import { type AnswerChanges, answerQuestion } from "../run/timestamp_server.ts";
import { listReferrers, pushImage } from "./content.ts";
import { expectSame } from "./deviations.ts";
import { openSideBySide, type SideBySide } from "./side_by_side.ts";

const keys = resolve("test/fixtures/keys");
const REPLY = "application/timestamp-reply";
type Answer = (query: Uint8Array, response: ServerResponse) => void;

const authority = makeAuthority();
const stranger = makeLoneAuthority();
const crlKey = ecKey();

let side: SideBySide;
let home: string;
let configuration: string;
let server: Server;
let url: string;
/** What the authority does with the next question; its last path is another address of the same. */
let answer: Answer;

const reply = (response: ServerResponse, bytes: Uint8Array, type = REPLY) =>
  void response.writeHead(200, { "content-type": type }).end(bytes);
const answering = (changes: AnswerChanges = {}, by: Authority = authority): Answer => (query, response) =>
  reply(response, answerQuestion(query, by, new Date(), changes));

function writeRoot(name: string, ...certificates: readonly Uint8Array[]): string {
  const path = join(home, name);
  const blocks = certificates.map((der) => {
    const lines = Buffer.from(der).toString("base64").replace(/.{64}/g, "$&\n");
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  });
  writeFileSync(path, blocks.join(""));
  return path;
}

function makeList(revoked: boolean): Uint8Array {
  const days = (count: number) => new Date(Date.now() + count * 86_400_000);
  return makeCrl({
    issuer: authorityName("tsa intermediate"),
    key: crlKey,
    thisUpdate: days(-1),
    nextUpdate: days(1),
    number: 1,
    entries: revoked ? [{ serialNumber: [0x07], revokedAt: days(-2), reason: 1 }] : [],
  });
}

describeIf("tools", "sign with a timestamp", () => {
  beforeAll(async () => {
    side = await openSideBySide("olareg");
    home = mkdtempSync(join(tmpdir(), "edge-notary-timestamp-signing-"));
    configuration = join(home, "notation");
    mkdirSync(configuration);
    const own = {
      name: "own",
      keyPath: join(keys, "p-256-self.test-only.key.pem"),
      certPath: join(keys, "p-256-self.crt.pem"),
    };
    writeFileSync(join(configuration, "signingkeys.json"), JSON.stringify({ default: "own", keys: [own] }));
    server = createServer(async (request, response) => {
      if (request.url?.startsWith("/crl/") === true) {
        return void response.writeHead(200).end(makeList(request.url === "/crl/revoked"));
      }
      const parts: Uint8Array[] = [];
      for await (const part of request) parts.push(part as Uint8Array);
      const query = new Uint8Array(Buffer.concat(parts));
      if (request.url === "/elsewhere") answering()(query, response);
      else answer(query, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsa`;
  });
  afterAll(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
    await side?.close();
    if (home !== undefined) rmSync(home, { recursive: true, force: true });
  });

  let count = 0;
  /** Both sign an artifact of their own; `left` says whether a signature was pushed. */
  async function ask(flags: readonly string[], oursOnly: readonly string[] = []) {
    const signWith = async (sign: typeof side.ours, more: readonly string[]) => {
      const { digest, reference } = await pushImage(side.registry, "timestamps/signing", `image ${++count}`);
      const args = ["sign", "--insecure-registry", "--force-referrers-tag=false", ...more, ...flags, reference];
      const { exitCode, stderr } = await sign(args, { configuration });
      const left = (await listReferrers(side.registry, "timestamps/signing", digest)).length > 0;
      return { exitCode, left, line: stderr.split("\n")[0] ?? "" };
    };
    return [await signWith(side.ours, oursOnly), await signWith(side.notation, [])] as const;
  }
  const flagsFor = (root: Uint8Array, to = url) => [
    ...["--timestamp-url", to],
    ...["--timestamp-root-cert", writeRoot("root.pem", root)],
  ];
  const REFUSED = { exitCode: 1, left: false };
  const SIGNED = { exitCode: 0, left: true };

  it.each<[string, Answer, Uint8Array]>([
    ["a good answer", answering(), authority.root],
    ["a good answer with modifications", answering({ status: 1 }), authority.root],
    [
      "an answer without an accuracy",
      (query, response) => reply(response, answerQuestion(query, authority, new Date(), { accuracy: {} })),
      authority.root,
    ],
  ])("is made by both with %s", async (_, does, root) => {
    answer = does;
    const [ours, theirs] = await ask(flagsFor(root));
    expect([ours, theirs].map(({ exitCode, left }) => ({ exitCode, left })), theirs.line).toEqual([SIGNED, SIGNED]);
  });

  const words = "timestamp-answer-words";
  it.each<[string, Answer, string | undefined]>([
    ["status 500", (_, response) => void response.writeHead(500).end(), undefined],
    ["status 404", (_, response) => void response.writeHead(404).end("no such page"), undefined],
    ["HTML", (_, response) => reply(response, new TextEncoder().encode("<html>"), "text/html"), undefined],
    ["no media type", (_, response) => void response.writeHead(200).end("x"), undefined],
    ["more than 1 MiB", (_, response) => reply(response, new Uint8Array(1024 * 1024 + 1)), undefined],
    ["a stranger's token", answering({}, stranger), undefined],
    ["a token that was changed", answering({ signature: (bytes) => bytes.map((byte) => byte ^ 1) }), undefined],
    ["a rejection", answering({ status: 2 }), words],
    ["a promise", answering({ status: 3 }), words],
    ["another imprint", answering({ imprint: new Uint8Array(32) }), words],
    ["another nonce", answering({ nonce: Uint8Array.of(5) }), words],
    ["no nonce", answering({ more: [] }), words],
    ["another hash", answering({ imprintHash: "sha512" }), words],
    ["text under the right type", (_, response) => reply(response, new TextEncoder().encode("<html>")), words],
    ["nothing under the right type", (_, response) => reply(response, new Uint8Array()), words],
    ["a connection that ends", (_, response) => void response.destroy(), words],
  ])("is refused by both: %s", async (_, does, deviation) => {
    answer = does;
    const [ours, theirs] = await ask(flagsFor(authority.root));
    expect([ours, theirs]).toMatchObject([REFUSED, REFUSED]);
    expectSame(ours.line, theirs.line, deviation, "standard error");
  });

  it.each([["revoked", true], ["good", false]])("asks whether the authority is revoked: %s", async (list, is) => {
    const revocable = makeAuthority({
      intermediate: { key: crlKey, extensions: [basicConstraints(true), keyUsage([USAGE.keyCertSign, USAGE.cRLSign])] },
      // Notation keeps lists by their address.
      signer: { extensions: [...AUTHORITY, crlAt(url.replace("/tsa", `/crl/${list}`))], serialNumber: [0x07] },
    });
    answer = answering({}, revocable);
    const [ours, theirs] = await ask(flagsFor(revocable.root), ["--revocation-host", "127.0.0.1"]);
    expect([ours, theirs], theirs.line).toMatchObject(is ? [REFUSED, REFUSED] : [SIGNED, SIGNED]);
    expect(ours.line).toBe(theirs.line);
    if (is) expect(ours.line).toContain("is revoked");
  });

  it("is refused by us alone where the time is before the signer's certificate", async () => {
    answer = answering({ genTime: "20240101000000Z" });
    const [ours, theirs] = await ask(flagsFor(authority.root));
    expectSame(ours.left, theirs.left, "sign-timestamp-validity", theirs.line);
    expect(ours).toMatchObject(REFUSED);
  });

  it("does not follow a redirect, as notation does", async () => {
    answer = (_, response) => void response.writeHead(307, { location: "/elsewhere" }).end();
    const [ours, theirs] = await ask(flagsFor(authority.root));
    expectSame(ours.left, theirs.left, "timestamp-redirect", theirs.line);
    expect(ours).toMatchObject(REFUSED);
  });

  it("takes a media type with parameters, which notation does not", async () => {
    answer = (query, response) =>
      reply(response, answerQuestion(query, authority, new Date()), "Application/Timestamp-Reply; charset=binary");
    const [ours, theirs] = await ask(flagsFor(authority.root));
    expectSame(ours.left, theirs.left, "timestamp-media-type", theirs.line);
    expect(ours).toMatchObject(SIGNED);
  });

  it.each<[string, () => readonly string[], string | undefined]>([
    ["no root", () => ["--timestamp-url", url], undefined],
    ["no address", () => ["--timestamp-root-cert", "x"], undefined],
    ["an empty address", () => ["--timestamp-url", "", "--timestamp-root-cert", "x"], undefined],
    ["an empty root", () => ["--timestamp-url", url, "--timestamp-root-cert", ""], undefined],
    ["an address of ftp", () => flagsFor(authority.root, "ftp://tsa.example/x"), undefined],
    ["an address without a scheme", () => flagsFor(authority.root, "tsa.example/x"), undefined],
    ["an address without a host", () => flagsFor(authority.root, "http:///x"), undefined],
    [
      "two certificates",
      () => ["--timestamp-url", url, "--timestamp-root-cert", writeRoot("two.pem", authority.root, stranger.root)],
      undefined,
    ],
    [
      "an intermediate for a root",
      () => flagsFor(authority.certificates[1] ?? new Uint8Array()),
      "timestamp-root-words",
    ],
    ["a certificate that is no CA", () => flagsFor(stranger.root), "timestamp-root-words"],
  ])("is refused by both before the authority is asked: %s", async (_, flags, deviation) => {
    let asked = 0;
    answer = (_query, response) => void (asked++, response.writeHead(500).end());
    const [ours, theirs] = await ask(flags());
    expect([ours, theirs], theirs.line).toMatchObject([REFUSED, REFUSED]);
    expectSame(ours.line, theirs.line, deviation, "standard error");
    expect(asked).toBe(0);
  });
});
