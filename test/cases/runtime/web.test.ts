/** The ports made of Web APIs. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWebPorts, formatLogLine, openWebTls, sleep } from "../../../src/runtime/web.ts";

const ports = createWebPorts({ write: () => {} });
const init = { method: "GET", headers: {}, redirect: "manual", signal: new AbortController().signal } as const;

let server: Server;
let base = "";
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/there") return void response.end("there");
    if (request.url === "/silent") return;
    response.writeHead(307, { location: "/there" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

describe("fetch", () => {
  it("shows a redirect instead of following it", async () => {
    const response = await ports.fetch(`${base}/here`, init);
    expect(response.status).toBe(307);
    expect(response.headers.get("location")).toBe("/there");
  });

  it("ends with its signal", async () => {
    await expect(ports.fetch(`${base}/silent`, { ...init, signal: AbortSignal.timeout(50) }))
      .rejects.toMatchObject({ name: "TimeoutError" });
  });
});

describe("sleep()", () => {
  it("waits", async () => {
    const from = performance.now();
    await sleep(30, init.signal);
    expect(performance.now() - from).toBeGreaterThanOrEqual(28);
  });

  it("ends with the signal's reason", async () => {
    const controller = new AbortController();
    const waiting = sleep(60_000, controller.signal);
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(sleep(60_000, controller.signal)).rejects.toThrow("enough");
  });
});

describe("formatLogLine()", () => {
  it("is one line of JSON, whatever stands in it", () => {
    const line = formatLogLine(
      { level: "warn", event: "e", text: 'a"\n\u001b[2J', absent: undefined, n: 1 },
      new Date(0),
    );
    expect([...line].filter((character) => character < " ")).toEqual([]);
    expect(Object.entries(JSON.parse(line))).toEqual([
      ["time", "1970-01-01T00:00:00.000Z"],
      ["level", "warn"],
      ["event", "e"],
      ["text", 'a"\n\u001b[2J'],
      ["n", 1],
    ]);
  });
});

describe("openWebTls()", () => {
  it("is the fetch of the ports where nothing is asked for", () => {
    expect(openWebTls({}, ports)).toBe(ports.fetch);
  });

  it.each([
    { certificateAuthorities: "PEM" },
    { clientCertificate: { certificate: "PEM", key: "PEM" } },
    { serverName: "kubernetes" },
  ])("refuses %j at once", (tls) => {
    expect(() => openWebTls(tls, ports)).toThrowError(
      expect.objectContaining({
        code: "ERR_CONFIG",
        message: expect.stringContaining(Object.keys(tls)[0] ?? "") as string,
      }) as Error,
    );
  });
});
