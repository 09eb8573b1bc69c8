/**
 * A registry whose TLS will not do, on a real connection: a code of its own, the reason, and nothing that is tried
 * again.
 */
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { createRegistryClient, parseReference } from "../../../src/oci/mod.ts";
import type { Ports } from "../../../src/ports.ts";
import { openNodeTls } from "../../../src/runtime/node_tls.ts";
import { createWebPorts } from "../../../src/runtime/web.ts";
import { makeTlsFamily } from "../../run/tls.ts";
import { failure } from "./fake_registry.ts";

const signal = AbortSignal.timeout(30_000);
const servers: Server[] = [];
afterAll(() => servers.forEach((server) => server.close()));

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

/** Resolves a tag at a mirror; counts what the network was asked. */
async function resolve(mirror: string, fetch: Ports["fetch"]) {
  let asked = 0;
  const counted: Ports["fetch"] = (url, init) => {
    asked++;
    return fetch(url, init);
  };
  const ports = { ...createWebPorts({ write: () => {} }), crypto: createWebCryptoProvider(), fetch: counted };
  const settings = { mirrors: new Map([["registry.example", mirror]]), plainHttp: new Set<string>() };
  const open = createRegistryClient(ports, { ...settings, redirect: "manual" });
  const error = await failure(open(parseReference("registry.example/a:1")).resolve("1", { signal }));
  return { ...error, asked };
}

const family = makeTlsFamily();
const serverOf = ({ server: { certificate, key } }: ReturnType<typeof makeTlsFamily>) =>
  createServer({ cert: certificate, key }, (_, response) => response.writeHead(404).end());
const trust = (authority: string) => openNodeTls({ certificateAuthorities: authority, besideDefaults: true });
const { fetch } = createWebPorts({ write: () => {} });
const expired = makeTlsFamily(["localhost"], [], { notAfter: "20250101000000Z" });
const elsewhere = makeTlsFamily(["registry.example"], []);

describe("ERR_REGISTRY_TLS", () => {
  it.each<[string, () => Server, Ports["fetch"], RegExp]>([
    ["a CA nobody told us to believe", () => serverOf(family), fetch, /certificate/],
    ["a CA that is not the one we were told", () => serverOf(family), trust(elsewhere.authority), /certificate/],
    ["a certificate that is over", () => serverOf(expired), trust(expired.authority), /certificate has expired/],
    ["a certificate for another name", () => serverOf(elsewhere), trust(elsewhere.authority), /altnames|localhost/],
    ["a registry that speaks plain HTTP", () => createHttpServer((_, response) => response.end()), fetch, /SSL|TLS/],
    [
      "TLS of another age",
      () =>
        createServer({
          cert: family.server.certificate,
          key: family.server.key,
          maxVersion: "TLSv1.1",
          minVersion: "TLSv1",
          ciphers: "DEFAULT@SECLEVEL=0",
        }),
      trust(family.authority),
      /SSL|TLS|protocol/i,
    ],
  ])("stands for %s", async (_, serve, ask, reason) => {
    const { code, message, asked } = await resolve(await listen(serve()), ask);
    expect(code).toBe("ERR_REGISTRY_TLS");
    expect(message).toMatch(
      /^Cannot resolve "1" of "registry.example\/a": registry.example \(mirror https:.*\) cannot be/,
    );
    expect(message).toMatch(reason);
    expect(asked).toBe(1);
  });

  it("does not stand for a connection that is refused or broken", async () => {
    const closing = await listen(createTcpServer((socket) => socket.destroy()));
    const { code, asked } = await resolve(closing, fetch);
    expect([code, asked]).toEqual(["ERR_REGISTRY_UNAVAILABLE", 3]);
  });

  it("does not stand in the way of a CA that is believed beside the others", async () => {
    const { code } = await resolve(await listen(serverOf(family)), trust(family.authority));
    expect(code).toBe("ERR_REGISTRY_NOT_FOUND");
  });
});
