/** A Kubernetes API server on loopback that answers from a cluster in memory, to whom its CA vouches for. */
import { Buffer } from "node:buffer";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Cluster } from "../../src/ports.ts";
import { makeTlsFamily, type TlsFamily } from "./tls.ts";

export interface LoopbackApiServer {
  readonly url: string;
  readonly family: TlsFamily;
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
}

/**
 * Starts one.
 *
 * @param token Whoever has no client certificate must have this.
 */
export async function startApiServer(cluster: Cluster, token: string): Promise<LoopbackApiServer> {
  const family = makeTlsFamily();
  const asked: string[] = [];
  const { certificate, key } = family.server;
  const server = createServer({
    cert: certificate,
    key,
    ca: family.authority,
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.on("request", async (request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const answer = (code: number, body: unknown) => {
      response.writeHead(code, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    const refuse = (code: number, reason: string, message: string) =>
      answer(code, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code });
    const isKnown = (request.socket as TLSSocket).authorized || request.headers.authorization === `Bearer ${token}`;
    if (!isKnown) return refuse(401, "Unauthorized", "Unauthorized");
    const [address = "", query = ""] = path.split("?");
    const selection = query.split("&").filter((part) => part.startsWith("labelSelector=")).join("");
    const plain = decodeURIComponent(address) + (selection === "" ? "" : `?${selection}`);
    try {
      const found = await cluster.read(plain, { signal: AbortSignal.timeout(10_000) });
      return found === undefined
        ? refuse(404, "NotFound", `"${plain.split("/").at(-1)}" not found`)
        : answer(200, found);
    } catch (error) {
      return refuse(400, "BadRequest", String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    family,
    asked,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A kubeconfig of it, everything in it. */
export function kubeconfigOf(
  { url, family }: LoopbackApiServer,
  user: "certificate" | { readonly token: string },
): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const credentials = user === "certificate"
    ? {
      "client-certificate-data": base64(family.client.certificate),
      "client-key-data": base64(family.client.key),
    }
    : { token: user.token };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "loopback",
    contexts: [{ name: "loopback", context: { cluster: "loopback", user: "ada" } }],
    clusters: [{
      name: "loopback",
      cluster: { server: url, "certificate-authority-data": base64(family.authority) },
    }],
    users: [{ name: "ada", user: credentials }],
  });
}
