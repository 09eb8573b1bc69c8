/**
 * A Kubernetes API server on loopback that answers from a cluster in memory, to whom its CA vouches for, and keeps the
 * policy reports that are applied.
 */
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
  /** Policy reports by path, as the last who applied them left them. */
  readonly reports: ReadonlyMap<string, unknown>;
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
  const reports = new Map<string, unknown>();
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
    if (address === REPORT_GROUP) return answer(200, REPORT_KINDS);
    if (request.method === "PATCH") {
      if (request.headers["content-type"] !== "application/apply-patch+yaml") {
        return refuse(415, "UnsupportedMediaType", "the body of the request was in an unknown format");
      }
      if (!REPORT_PATH.test(address)) {
        return refuse(404, "NotFound", "the server could not find the requested resource");
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk as Uint8Array);
      const object = JSON.parse(Buffer.concat(chunks).toString());
      const code = reports.has(address) ? 200 : 201;
      reports.set(address, object);
      return answer(code, object);
    }
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
    reports,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const REPORT_GROUP = "/apis/wgpolicyk8s.io/v1alpha2";
const REPORT_PATH =
  /^\/apis\/wgpolicyk8s\.io\/v1alpha2\/(?:namespaces\/[a-z0-9-]+\/policy|clusterpolicy)reports\/[a-z0-9-]+$/;
const REPORT_KINDS = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: "wgpolicyk8s.io/v1alpha2",
  resources: [
    { name: "policyreports", kind: "PolicyReport", namespaced: true },
    { name: "clusterpolicyreports", kind: "ClusterPolicyReport", namespaced: false },
  ],
};

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
