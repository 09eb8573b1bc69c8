/** A webhook over the committed fixtures: the example policy, and the seed's images served from their layout. */
import { readFileSync } from "node:fs";
import { type AppOptions, createApp } from "../../../src/admission/mod.ts";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { createRegistryClient, DEFAULT_REGISTRY_SETTINGS, readLayout, serveLayouts } from "../../../src/oci/mod.ts";
import { type CompiledPolicy, loadPolicies } from "../../../src/policy/mod.ts";
import type { LogLine, Ports } from "../../../src/ports.ts";
import { files } from "../../../src/runtime/files.ts";
import { sleep } from "../../../src/runtime/web.ts";

export const SIGNED = "ghcr.io/kyverno/test-verify-image:signed";
export const UNSIGNED = "ghcr.io/kyverno/test-verify-image:unsigned";

const crypto = createWebCryptoProvider();

/** Every fixture layout, by `registry/repository` and by repository path. */
const repositories: readonly { readonly layout: string; readonly name: string }[] = JSON.parse(
  readFileSync("test/fixtures/repositories.json", "utf8"),
);

/** A `fetch` that answers from the fixture layouts, whatever the host. */
export async function fixtureFetch(): Promise<Ports["fetch"]> {
  const layouts = await Promise.all(repositories.map(async ({ layout, name }) =>
    [
      name.slice(name.indexOf("/") + 1),
      await readLayout({ files, folder: `test/fixtures/layouts/${layout}` }, crypto),
    ] as const
  ));
  const registry = serveLayouts(new Map(layouts));
  return async (url, { method, headers, signal }) => {
    signal.throwIfAborted();
    return await registry(new Request(url, { method, headers: { ...headers } }));
  };
}

/** The example policy with changes to its text. */
export async function examplePolicy(
  change: (text: string) => string = (text) => text,
): Promise<readonly CompiledPolicy[]> {
  const text = change(readFileSync("examples/check-image-notary.yaml", "utf8"));
  const { policies, problems } = await loadPolicies([{ source: "check-image-notary.yaml", text }], crypto);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return policies;
}

const EXAMPLE_POLICIES = await examplePolicy();

/** A webhook and what it logged. */
export interface Webhook {
  readonly post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Response>;
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
  readonly lines: readonly LogLine[];
}

/** Makes a webhook; `fetch` is the registry's side. */
export function makeWebhook(fetch: Ports["fetch"], options: Partial<AppOptions> = {}): Webhook {
  const lines: LogLine[] = [];
  const now = () => new Date("2026-12-01T00:00:00Z");
  const ports = { fetch, sleep, now, crypto, credentials: () => Promise.resolve(undefined) };
  const open = createRegistryClient(ports, DEFAULT_REGISTRY_SETTINGS);
  const app = createApp({
    policies: options.policies ?? EXAMPLE_POLICIES,
    problems: [],
    ports: { now, crypto, open, log: (line) => lines.push(line) },
    ...options,
  });
  const ask = async (path: string, init?: RequestInit) => await app.fetch(new Request(`http://localhost${path}`, init));
  return {
    fetch: ask,
    lines,
    post: (path, body, headers = { "content-type": "application/json" }) =>
      ask(path, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) }),
  };
}

/** An AdmissionReview that creates a Pod of these images. */
export function podReview(images: readonly string[], request: Record<string, unknown> = {}) {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "uid-1",
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      name: "test",
      namespace: "default",
      operation: "CREATE",
      userInfo: { username: "kubernetes-admin", groups: [] },
      object: {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "test", namespace: "default" },
        spec: { containers: images.map((image, index) => ({ name: `c${index}`, image })) },
      },
      oldObject: null,
      dryRun: false,
      ...request,
    },
  };
}
