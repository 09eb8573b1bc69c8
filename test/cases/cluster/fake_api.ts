/** An API server in memory: answers by path, and what it was asked. */
import type { ClusterAccess, ClusterPorts } from "../../../src/cluster/mod.ts";
import type { FetchInit } from "../../../src/ports.ts";

export type FakeAnswer = Response | Promise<Response>;

export const json = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });

/** What API servers refuse with. Spec: Kubernetes, meta/v1 `Status`. */
export const status = (code: number, reason: string, message: string, headers: Readonly<Record<string, string>> = {}) =>
  json({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code }, code, headers);

export const NOT_FOUND = () => status(404, "NotFound", 'configmaps "keys" not found');

export interface FakeApi {
  readonly ports: ClusterPorts;
  readonly access: ClusterAccess;
  /** Paths with their queries, in order. */
  readonly asked: readonly string[];
  readonly requests: readonly { readonly url: string; readonly init: FetchInit }[];
  readonly slept: readonly number[];
}

/**
 * @param answer By path and query; the number counts requests from 0.
 */
export function fakeApi(
  answer: (path: string, index: number) => FakeAnswer,
  overrides: Partial<ClusterAccess> & Partial<ClusterPorts> = {},
): FakeApi {
  const requests: { readonly url: string; readonly init: FetchInit }[] = [];
  const asked: string[] = [];
  const slept: number[] = [];
  const server = overrides.server ?? "https://api.example:6443";
  return {
    requests,
    asked,
    slept,
    access: {
      server,
      account: 'user "ada" of context "dev"',
      tls: {},
      authorize: () => Promise.resolve("Bearer secret-token"),
      ...overrides,
    },
    ports: {
      fetch: (url, init) => {
        requests.push({ url, init });
        const path = url.slice(server.length);
        asked.push(path);
        return Promise.resolve(answer(path, requests.length - 1));
      },
      now: () => new Date("2026-11-24T00:00:00Z"),
      sleep: (milliseconds) => {
        slept.push(milliseconds);
        return Promise.resolve();
      },
      ...overrides,
    },
  };
}
