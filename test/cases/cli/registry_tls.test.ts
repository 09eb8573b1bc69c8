/** CAs of registries, on a real connection: whom a command believes, for which hosts. */
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRegistryFetch } from "../../../src/cli/registry_tls.ts";
import type { RegistryConfiguration } from "../../../src/oci/mod.ts";
import type { FetchInit } from "../../../src/ports.ts";
import { createNodePorts } from "../../../src/runtime/node.ts";
import { openNodeTls } from "../../../src/runtime/node_tls.ts";
import { makeTlsFamily } from "../../run/tls.ts";
import { createFiles } from "./memory_files.ts";

const family = makeTlsFamily();
const other = makeTlsFamily();
const GET: FetchInit = { method: "GET", headers: {}, redirect: "manual", signal: AbortSignal.timeout(30_000) };
let server: Server;
let host = "";

beforeAll(async () => {
  const { certificate, key } = family.server;
  server = createServer({ cert: certificate, key }, (_, response) => response.end("believed"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  host = `localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function ask(caFile: string | undefined, registries: Record<string, string> = {}): Promise<string> {
  const files = createFiles({ "conf/ca.pem": family.authority, "conf/other.pem": other.authority, "none.pem": "none" });
  const configured = Object.entries(registries).map(([name, certificateAuthority]): [string, RegistryConfiguration] => [
    name === "HOST" ? host : name,
    { mirrors: [], plainHttp: false, realmHosts: [], certificateAuthority },
  ]);
  const parts = { files, openTls: openNodeTls, ports: createNodePorts() };
  const fetch = await openRegistryFetch(caFile, new Map(configured), "conf/", parts);
  return await (await fetch(`https://${host}/v2/`, GET)).text();
}

describe("openRegistryFetch()", () => {
  it("believes a CA for every registry, or for the one it is configured for", async () => {
    expect(await ask("conf/ca.pem")).toBe("believed");
    expect(await ask(undefined, { HOST: "ca.pem" })).toBe("believed");
    expect(await ask("conf/other.pem", { HOST: "ca.pem" })).toBe("believed");
  });

  it.each<[string, string | undefined, Record<string, string>]>([
    ["nobody we were told of", undefined, {}],
    ["another CA", "conf/other.pem", {}],
    ["another registry's CA", undefined, { "r.example": "ca.pem" }],
    ["the CA of another port", undefined, { localhost: "ca.pem" }],
  ])("does not believe %s", async (_, caFile, registries) => {
    await expect(ask(caFile, registries)).rejects.toThrow();
  });

  it("says at once what is wrong with a file", async () => {
    await expect(ask("none.pem")).rejects.toMatchObject({ code: "ERR_CONFIG" });
    await expect(ask("missing.pem")).rejects.toMatchObject({ code: "ERR_FILE" });
  });
});
