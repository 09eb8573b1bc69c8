/**
 * Names that lead to places only we could reach: nobody connects to what was not looked at. Loopback stands for both.
 */
import type { LookupAddress } from "node:dns";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AddressError } from "../../../src/http/mod.ts";
import type { FetchInit } from "../../../src/ports.ts";
import { createNodePorts } from "../../../src/runtime/node.ts";
import { createNodeSend, type Resolve } from "../../../src/runtime/node_send.ts";

const signal = AbortSignal.timeout(30_000);
const GET: FetchInit = { method: "GET", headers: {}, redirect: "manual", signal, reach: "public" };
const address = (text: string): LookupAddress => ({ address: text, family: text.includes(":") ? 6 : 4 });

let canary: Server;
let port = 0;
let connections = 0;

beforeAll(async () => {
  canary = createServer((_, response) => response.end("reached"));
  canary.on("connection", () => connections++);
  await new Promise<void>((resolve) => canary.listen(0, "127.0.0.1", resolve));
  port = (canary.address() as AddressInfo).port;
});
afterAll(() => {
  canary.closeAllConnections();
  canary.close();
});

describe("a name that somebody outside chose", () => {
  it.each([
    ["loopback", ["127.0.0.1"]],
    ["loopback by IPv6", ["::1"]],
    ["loopback in IPv6's clothes", ["::ffff:127.0.0.1"]],
    ["a private network", ["10.0.0.1"]],
    ["cloud metadata", ["169.254.169.254"]],
    ["a public address and loopback", ["8.8.8.8", "127.0.0.1"]],
    ["loopback and a public address", ["127.0.0.1", "8.8.8.8"]],
  ])("is not asked when it leads to %s", async (_, addresses) => {
    const before = connections;
    const asked: string[] = [];
    const resolve: Resolve = (hostname) => {
      asked.push(hostname);
      return Promise.resolve(addresses.map(address));
    };
    const send = createNodeSend({}, { publicOnly: true, resolve });
    await expect(send(`http://rebinding.example:${port}/`, GET)).rejects.toThrow(AddressError);
    expect([asked, connections - before]).toEqual([["rebinding.example"], 0]);
  });

  it.each(["127.0.0.1", "[::1]", "[::ffff:7f00:1]"])("is not asked when it is %s", async (literal) => {
    const before = connections;
    const send = createNodeSend({}, { publicOnly: true });
    await expect(send(`http://${literal}:${port}/`, GET)).rejects.toThrow(AddressError);
    expect(connections - before).toBe(0);
  });

  it("is connected to at an address that was looked at, and looked up once for each connection", async () => {
    // 127.0.0.2 stands for a public address; the next time the name leads to the canary.
    const server = createServer((_, response) => response.setHeader("connection", "close").end("public"));
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.2", resolve));
    try {
      const before = connections;
      let asked = 0;
      const resolve: Resolve = () => Promise.resolve([address(++asked === 1 ? "127.0.0.2" : "127.0.0.1")]);
      const kindOf = (text: string) => text === "127.0.0.2" ? "public" : "loopback";
      const send = createNodeSend({}, { publicOnly: true, resolve, kindOf });
      expect(await (await send(`http://rebinding.example:${port}/`, GET)).text()).toBe("public");
      expect(asked).toBe(1);
      await expect(send(`http://rebinding.example:${port}/`, GET)).rejects.toThrow(
        "resolves to 127.0.0.1, a loopback address",
      );
      expect([asked, connections - before]).toEqual([2, 0]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("is told from one that nobody knows", async () => {
    const send = createNodeSend({}, { publicOnly: true, resolve: () => Promise.resolve([]) });
    await expect(send("http://nobody.example/", GET)).rejects.toThrow("getaddrinfo ENOTFOUND nobody.example");
  });
});

describe("the ports of Node", () => {
  it("reach this machine when the operator chose the place, and not when somebody outside did", async () => {
    const { fetch } = createNodePorts();
    const { reach: _, ...chosen } = GET;
    expect(await (await fetch(`http://localhost:${port}/`, chosen)).text()).toBe("reached");
    const before = connections;
    await expect(fetch(`http://localhost:${port}/`, GET)).rejects.toThrow(AddressError);
    expect(connections - before).toBe(0);
  });
});
