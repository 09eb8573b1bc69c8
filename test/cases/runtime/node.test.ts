/** The server of Node, asked over real sockets on loopback. */
import { Buffer } from "node:buffer";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import type { Handler, Listener } from "../../../src/ports.ts";
import { MAX_HEADER_BYTES, serveNode } from "../../../src/runtime/node.ts";
import { makeServerIdentity } from "../../run/tls.ts";

const listeners: Listener[] = [];
afterAll(() => Promise.all(listeners.map((listener) => listener.close())));

async function serve(handler: Handler, tls?: { certificate: string; key: string }): Promise<Listener> {
  const listener = await serveNode(handler, { host: "127.0.0.1", port: 0, ...(tls === undefined ? {} : { tls }) });
  listeners.push(listener);
  return listener;
}

/** A promise and what resolves it. */
function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give: () => void = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

/** Sends bytes over a bare socket and gives what comes back until the server ends the connection. */
function talk(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(text));
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
    socket.on("error", reject);
  });
}

describe("serveNode()", () => {
  it("hands the request over whole and the answer back whole", async () => {
    const { url } = await serve(async (request) =>
      Response.json({
        method: request.method,
        path: new URL(request.url).pathname + new URL(request.url).search,
        header: request.headers.get("x-header"),
        body: await request.text(),
      }, { status: 201, headers: { "x-answer": "yes" } })
    );
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const response = await fetch(`${url}/a/b?timeout=10s`, {
      method: "POST",
      headers: { "x-header": "h" },
      body: "größe",
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("x-answer")).toBe("yes");
    expect(await response.json()).toEqual({ method: "POST", path: "/a/b?timeout=10s", header: "h", body: "größe" });
  });

  it("answers HEAD without a body, and streams a long one whole", async () => {
    const long = new Uint8Array(3_000_000).fill(7);
    const { url } = await serve(() => new Response(long));
    expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(long)).toBe(true);
    expect((await (await fetch(url, { method: "HEAD" })).arrayBuffer()).byteLength).toBe(0);
  });

  it("speaks TLS with the certificate it is given", async () => {
    const identity = makeServerIdentity();
    const { url } = await serve(() => new Response("secret"), identity);
    expect(url).toMatch(/^https:/);
    const answer = await new Promise<string>((resolve, reject) => {
      httpsRequest(url, { ca: identity.certificate, servername: "localhost" }, async (response) => {
        resolve((await response.toArray()).join(""));
      }).on("error", reject).end();
    });
    expect(answer).toBe("secret");
  });

  it("refuses TLS 1.1", async () => {
    const { url } = await serve(() => new Response("secret"), makeServerIdentity());
    const failure = await new Promise<Error>((resolve) => {
      httpsRequest(
        url,
        { rejectUnauthorized: false, minVersion: "TLSv1", maxVersion: "TLSv1.1" },
        () => resolve(new Error("answered")),
      ).on("error", resolve).end();
    });
    expect(failure.message).not.toBe("answered");
  });

  it("does not read a body that nobody asks for, and ends the connection with the answer", async () => {
    let read = 0;
    const { url } = await serve(() => new Response("no", { status: 401 }));
    const response = await new Promise<{ status: number | undefined; connection: string | undefined }>(
      (resolve, reject) => {
        const sending = httpRequest(url, { method: "POST", headers: { "content-length": 50_000_000 } }, (answer) => {
          resolve({ status: answer.statusCode, connection: answer.headers.connection });
          answer.resume();
        });
        sending.on("error", reject);
        const push = () => {
          while (read < 50_000_000 && sending.write(new Uint8Array(65_536))) read += 65_536;
        };
        sending.on("drain", push);
        push();
      },
    ).catch((error: Error) => ({ status: 401, connection: error.message }));
    expect(response.status).toBe(401);
    expect(read).toBeLessThan(20_000_000);
  });

  it("refuses headers that are too long, and what is no HTTP", async () => {
    const { url } = await serve(() => new Response("yes"));
    expect(await talk(url, `GET / HTTP/1.1\r\nhost: a\r\nx: ${"a".repeat(MAX_HEADER_BYTES)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431/,
    );
    expect(await talk(url, "no http\r\n\r\n")).toMatch(/^HTTP\/1.1 400/);
    expect(await talk(url, "GET / HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n")).toMatch(/^HTTP\/1.1 400/);
  });

  it("turns a handler that throws into a closed connection without its message", async () => {
    const { url } = await serve(() => Promise.reject(new Error("a secret detail")));
    const answer = await talk(url, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1.1 500/);
    expect(answer).not.toContain("secret");
  });

  it("tells the handler when the client has gone", async () => {
    const gone = signal();
    const arrived = signal();
    const { url } = await serve((request) => {
      request.signal.addEventListener("abort", gone.give);
      arrived.give();
      return gone.given.then(() => new Response("late"));
    });
    const client = new AbortController();
    const asking = fetch(url, { signal: client.signal }).catch(() => "aborted");
    await arrived.given;
    client.abort();
    expect(await asking).toBe("aborted");
    await gone.given;
  });

  it("lets requests under way finish when it closes, and takes no new ones", async () => {
    const arrived = signal();
    const finish = signal();
    const listener = await serve(async () => {
      arrived.give();
      await finish.given;
      return new Response("done");
    });
    const answer = fetch(listener.url).then((response) => response.text());
    await arrived.given;
    const closed = listener.close();
    await expect(fetch(listener.url)).rejects.toThrow();
    finish.give();
    expect(await answer).toBe("done");
    await closed;
  });

  it.each([
    [
      "a port that is taken",
      async () => ({ host: "127.0.0.1", port: Number(new URL((await serve(() => new Response())).url).port) }),
      /port is taken/,
    ],
    [
      "an address of another machine",
      () => Promise.resolve({ host: "192.0.2.1", port: 0 }),
      /Cannot listen on 192.0.2.1:0/,
    ],
    [
      "a certificate that is none",
      () => Promise.resolve({ host: "127.0.0.1", port: 0, tls: { certificate: "no", key: "no" } }),
      /Cannot set up TLS/,
    ],
  ])("refuses %s", async (_, options, message) => {
    const failure = await serveNode(() => new Response(), await options()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "ERR_CONFIG", message: expect.stringMatching(message) });
  });
});
