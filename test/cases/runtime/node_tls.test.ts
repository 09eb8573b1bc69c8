/** `openNodeTls()` against a real server on loopback that asks for client certificates. */
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { FetchInit } from "../../../src/ports.ts";
import { openNodeTls, trustedAnyway } from "../../../src/runtime/node_tls.ts";
import { makeServerIdentity, makeTlsFamily } from "../../run/tls.ts";

const family = makeTlsFamily();
const other = makeTlsFamily();
const signal = AbortSignal.timeout(60_000);
const GET: FetchInit = { method: "GET", headers: { accept: "application/json" }, redirect: "manual", signal };

let server: Server;
let url = "";
let connections = 0;

beforeAll(async () => {
  const { certificate, key } = family.server;
  server = createServer({ cert: certificate, key, ca: family.authority, requestCert: true, rejectUnauthorized: false });
  server.on("secureConnection", () => connections++);
  server.on("request", (request, response) => {
    const socket = request.socket as tls.TLSSocket;
    switch (request.url) {
      case "/who":
        response.setHeader("content-type", "application/json");
        return response.end(JSON.stringify({
          authorized: socket.authorized,
          name: socket.getPeerCertificate().subject?.CN,
          accept: request.headers.accept,
          method: request.method,
        }));
      case "/redirect":
        return response.writeHead(302, { location: "/who" }).end();
      case "/cut":
        response.writeHead(200, { "content-length": "100" });
        response.write("part");
        return void setTimeout(() => socket.destroy(), 20);
      case "/large":
        return response.end(Buffer.alloc(5_000_000, 0x61));
      case "/empty":
        return response.writeHead(204).end();
      case "/echo":
        return request.pipe(response);
      default: // never answered
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const trusted = { certificateAuthorities: family.authority };

describe("openNodeTls()", () => {
  it("believes the CA it is given, and proves who it is", async () => {
    const response = await openNodeTls({ ...trusted, clientCertificate: family.client })(`${url}/who`, GET);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({
      authorized: true,
      name: "client",
      accept: "application/json",
      method: "GET",
    });
  });

  it("asks without a certificate where there is none, and with one nobody vouches for", async () => {
    const anonymous = await openNodeTls(trusted)(`${url}/who`, GET);
    expect(await anonymous.json()).toMatchObject({ authorized: false });
    const stranger = await openNodeTls({ ...trusted, clientCertificate: other.client })(`${url}/who`, GET);
    expect(await stranger.json()).toMatchObject({ authorized: false });
  });

  it.each([
    ["another CA", { certificateAuthorities: other.authority }],
    ["no CA but the runtime's", {}],
    ["another name", { ...trusted, serverName: "kubernetes.default.svc" }],
  ])("refuses the server with %s", async (_, tls) => {
    await expect(openNodeTls(tls)(`${url}/who`, GET)).rejects.toThrow(/certificate|altnames/);
  });

  it("expects the name it is told to", async () => {
    const response = await openNodeTls({ ...trusted, serverName: "localhost" })(`${url}/who`, GET);
    expect(response.status).toBe(200);
  });

  it("shows a redirect instead of following it", async () => {
    const response = await openNodeTls(trusted)(`${url}/redirect`, GET);
    expect([response.status, response.headers.get("location")]).toEqual([302, "/who"]);
  });

  it("keeps its connection", async () => {
    const ask = openNodeTls(trusted);
    const before = connections;
    for (let index = 0; index < 3; index++) await (await ask(`${url}/who`, GET)).text();
    expect(connections - before).toBe(1);
  });

  it("gives answers without a body, with a large one, and sends one", async () => {
    const ask = openNodeTls(trusted);
    expect((await ask(`${url}/empty`, GET)).body).toBeNull();
    expect((await (await ask(`${url}/large`, GET)).arrayBuffer()).byteLength).toBe(5_000_000);
    const echoed = await ask(`${url}/echo`, { ...GET, method: "POST", body: new TextEncoder().encode("grüße") });
    expect(await echoed.text()).toBe("grüße");
  });

  it("fails where the answer is cut off", async () => {
    const response = await openNodeTls(trusted)(`${url}/cut`, GET);
    await expect(response.text()).rejects.toThrow();
  });

  it("ends with its signal, before and while it waits", async () => {
    const ask = openNodeTls(trusted);
    const over = new Error("over");
    await expect(ask(`${url}/who`, { ...GET, signal: AbortSignal.abort(over) })).rejects.toBe(over);
    const controller = new AbortController();
    setTimeout(() => controller.abort(over), 50);
    await expect(ask(`${url}/never`, { ...GET, signal: controller.signal })).rejects.toBe(over);
  });

  it("fails where nothing listens", async () => {
    await expect(openNodeTls(trusted)("https://127.0.0.1:1/", GET)).rejects.toThrow(/ECONNREFUSED/);
  });

  it.each([
    ["a key of another certificate", { clientCertificate: { ...family.client, key: other.client.key } }],
    ["text that is no PEM", { clientCertificate: { certificate: "none", key: "none" } }],
    ["a CA that is none", {
      certificateAuthorities: makeServerIdentity().key.replaceAll("PRIVATE KEY", "CERTIFICATE"),
    }],
    ["no CA at all", { certificateAuthorities: "" }],
    ["a second CA that is none", {
      certificateAuthorities: `${family.authority}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
    }],
  ])("refuses %s at once", (_, tls) => {
    expect(() => openNodeTls(tls)).toThrowError(expect.objectContaining({ code: "ERR_CONFIG" }) as Error);
  });
});

describe("CAs of one's own beside those Node trusts", () => {
  const folder = mkdtempSync(join(tmpdir(), "edge-notary-tls-"));
  const file = join(folder, "extra.pem");
  writeFileSync(file, `${other.authority}\nsome words\n${family.authority}`);
  afterAll(() => rmSync(folder, { recursive: true }));

  // A Node that says whom it trusts has read the variable when it started.
  it.skipIf("getCACertificates" in tls)("are beside those of NODE_EXTRA_CA_CERTS", async () => {
    const besideDefaults = { certificateAuthorities: makeTlsFamily().authority, besideDefaults: true };
    await expect(openNodeTls(besideDefaults)(`${url}/who`, GET)).rejects.toThrow(/certificate/);
    vi.stubEnv("NODE_EXTRA_CA_CERTS", file);
    try {
      expect((await openNodeTls(besideDefaults)(`${url}/who`, GET)).status).toBe(200);
      await expect(openNodeTls({ ...besideDefaults, besideDefaults: false })(`${url}/who`, GET)).rejects
        .toThrow(/certificate/);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it.each([
    ["no file", undefined, []],
    ["a file", file, [other.authority, family.authority]],
    ["a file that is not there", join(folder, "none.pem"), []],
    ["a folder", folder, []],
  ])("with %s: Node's own, and what is in it", (_, extraFile, expected) => {
    const found = trustedAnyway({ extraFile });
    expect(found.slice(0, tls.rootCertificates.length)).toEqual(tls.rootCertificates);
    expect(found.slice(tls.rootCertificates.length)).toEqual(expected.map((pem) => pem.trim()));
  });

  it("are Node's word where it gives it", () => {
    const getCACertificates = (type: string) => [`the ${type} ones`];
    expect(trustedAnyway({ getCACertificates, extraFile: file })).toEqual(["the default ones"]);
  });
});
