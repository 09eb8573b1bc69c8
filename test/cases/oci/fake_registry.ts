/** A registry in memory, as a `fetch` function: each test says what is answered; what was asked is written down. */
import { createHash, webcrypto } from "node:crypto";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import {
  createRegistryClient,
  type Descriptor,
  type Digest,
  parseReference,
  type RegistrySettings,
  type Repository,
} from "../../../src/oci/mod.ts";
import { IDENTITY_PATIENCE_MILLISECONDS } from "../../../src/oci/auth.ts";
import { MIRROR_PATIENCE_MILLISECONDS } from "../../../src/oci/mirrored.ts";
import { SHARED_PATIENCE_MILLISECONDS } from "../../../src/oci/in_flight.ts";
import { sleep } from "../../../src/runtime/web.ts";
import type { Credential, CredentialSource, FetchInit, Ports } from "../../../src/ports.ts";

export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
export const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const SIGNATURE = "application/vnd.cncf.notary.signature";

export const REPOSITORY = "registry.example/a/b";
export const BASE = "https://registry.example/v2/a/b";

/** Node's own hash, so that the engine's is not its own witness. */
export function digest(bytes: Uint8Array, algorithm: "sha256" | "sha384" | "sha512" = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A document as bytes, with its descriptor. */
export interface Document {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
}

export function document(value: Readonly<Record<string, unknown>> | string, mediaType: string): Document {
  const bytes = bytesOf(typeof value === "string" ? value : JSON.stringify(value));
  return { bytes, descriptor: { mediaType, digest: digest(bytes), size: bytes.length } };
}

const EMPTY_CONFIG = { mediaType: "application/vnd.oci.empty.v1+json", digest: digest(bytesOf("{}")), size: 2 };

/** An image manifest; `extra` overrides. */
export function image(name: string, extra: Readonly<Record<string, unknown>> = {}): Document {
  return document({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { ...EMPTY_CONFIG, mediaType: "application/vnd.oci.image.config.v1+json" },
    layers: [],
    annotations: { name },
    ...extra,
  }, OCI_MANIFEST);
}

/** A manifest of the form notation 1.3.2 writes: the artifact type is the config's media type. */
export function signature(name: string, subject: Descriptor, layer: Document = blob(name)): Document {
  return image(name, {
    config: { ...EMPTY_CONFIG, mediaType: SIGNATURE },
    layers: [layer.descriptor],
    subject,
  });
}

export function blob(text: string): Document {
  return document(text, "application/jose+json");
}

export function index(manifests: readonly unknown[] | null, extra: Readonly<Record<string, unknown>> = {}): Document {
  return document({ schemaVersion: 2, mediaType: OCI_INDEX, manifests, ...extra }, OCI_INDEX);
}

/** A referrer's entry in a list. */
export function entry({ descriptor }: Document, artifactType?: string): Descriptor {
  return artifactType === undefined ? descriptor : { ...descriptor, artifactType };
}

/** User and password, found in a test. */
export function password(username: string, secret: string): Credential {
  return { type: "basic", username, secret, source: '"auths" of a test' };
}

/** One request as it arrived. */
export interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly reach: FetchInit["reach"];
  /** From 1: requests sent while the same answers were outstanding are of one round. */
  readonly round: number;
}

export type Route = (request: Request) => Response | Promise<Response>;

export interface FakeRegistry {
  readonly routes: Map<string, Route>;
  readonly requests: Request[];
  /** `GET /v2/a/b/…` without the origin of {@link BASE}. */
  asked(): readonly string[];
  /** Milliseconds slept, in order. */
  readonly slept: number[];
  /** The clock; tests move it. */
  time: number;
  /** How long mirrors, and who asks, are waited for: long enough for a registry in memory, and no longer. */
  patience: Ports["sleep"];
  /** How long the answer to another's question is waited for, in milliseconds. */
  sharedPatience: number;
  /** What chance says, from 0 up to 1. */
  chance: number;
  credentials: CredentialSource;
  readonly fetch: (url: string, init: FetchInit) => Promise<Response>;
  readonly open: (settings?: Partial<RegistrySettings>, reference?: string) => Repository;
}

/**
 * Makes a registry.
 *
 * @param routes By `METHOD url`; a `HEAD` without a route is answered from the `GET` without its body. Anything else is
 * 404 with no words, as registries without the referrers API answer.
 */
export function fakeRegistry(
  routes: Readonly<Record<string, Route>> = {},
  credentials: Readonly<Record<string, Credential>> = {},
): FakeRegistry {
  const registry: FakeRegistry = {
    routes: new Map(Object.entries(routes)),
    requests: [],
    slept: [],
    patience: (_, signal) => sleep(100, signal),
    sharedPatience: SHARED_PATIENCE_MILLISECONDS,
    chance: 0.5,
    time: Date.parse("2026-11-01T00:00:00Z"),
    credentials: ({ host }) => Promise.resolve(credentials[host]),
    asked: () => registry.requests.map(({ method, url }) => `${method} ${url.replace("https://registry.example", "")}`),
    fetch,
    open: (settings = {}, reference = REPOSITORY) => registryClient(settings)(parseReference(reference)),
  };
  const clients = new Map<unknown, ReturnType<typeof createRegistryClient>>();

  function registryClient(settings: Partial<RegistrySettings>) {
    const key = JSON.stringify([settings.plainHttp, settings.redirect, [...(settings.mirrors ?? [])], [
      ...(settings.allowedHosts ?? []),
    ], [...(settings.mirrorsBefore ?? [])]]);
    const known = clients.get(key);
    if (known !== undefined) return known;
    const client = createRegistryClient({
      fetch,
      now: () => new Date(registry.time),
      chance: () => registry.chance,
      sleep: (milliseconds, signal) => {
        // Waiting for the answer to another's question, which is under way.
        if (milliseconds === SHARED_PATIENCE_MILLISECONDS) return sleep(registry.sharedPatience, signal);
        if ([MIRROR_PATIENCE_MILLISECONDS, IDENTITY_PATIENCE_MILLISECONDS].includes(milliseconds)) {
          return registry.patience(milliseconds, signal);
        }
        registry.slept.push(milliseconds);
        registry.time += milliseconds;
        return signal.aborted ? Promise.reject(signal.reason) : Promise.resolve();
      },
      crypto: createWebCryptoProvider(webcrypto.subtle as SubtleCrypto),
      credentials: (asked, options) => registry.credentials(asked, options),
    }, { mirrors: new Map(), plainHttp: new Set(), redirect: "manual", ...settings });
    clients.set(key, client);
    return client;
  }

  let round = 0;
  let waiting: Promise<void> | undefined;
  async function fetch(url: string, init: FetchInit): Promise<Response> {
    // A round is closed a little later than it was opened, when everything that runs beside has been sent.
    waiting ??= new Promise((resolve) => {
      round++;
      setTimeout(() => {
        waiting = undefined;
        resolve();
      }, 8);
    });
    const { method, headers, reach } = init;
    const request = { method, url, headers, body: textOf(init.body), reach, round };
    registry.requests.push(request);
    await waiting;
    const route = registry.routes.get(`${init.method} ${url}`);
    if (route !== undefined) return await route(request);
    const get = registry.routes.get(`GET ${url}`);
    if (init.method === "HEAD" && get !== undefined) return withoutBody(await get(request));
    return new Response(init.method === "HEAD" ? null : "404 page not found\n", { status: 404 });
  }

  return registry;
}

const textOf = (body: FetchInit["body"]) => typeof body === "string" ? body : new TextDecoder().decode(body);

async function withoutBody(response: Response): Promise<Response> {
  const body = new Uint8Array(await response.arrayBuffer());
  const headers = new Headers(response.headers);
  if (!headers.has("content-length")) headers.set("content-length", String(body.length));
  return new Response(null, { status: response.status, headers });
}

/** 200 with a document; `headers` override, and an empty text removes. */
export function ok({ bytes, descriptor }: Document, headers: Readonly<Record<string, string>> = {}): Response {
  const all = new Headers({
    "content-type": descriptor.mediaType,
    "content-length": String(bytes.length),
    "docker-content-digest": descriptor.digest,
  });
  for (const [name, value] of Object.entries(headers)) value === "" ? all.delete(name) : all.set(name, value);
  return new Response(new Uint8Array(bytes), { status: 200, headers: all });
}

/** An answer that is not 200. */
export function refuse(status: number, body: string | null = null, headers: Readonly<Record<string, string>> = {}) {
  return new Response(body, { status, headers });
}

/** Routes of a document under its digest and the tags given. */
export function manifestRoutes(document: Document, ...tags: readonly string[]): Record<string, Route> {
  const names = [document.descriptor.digest, ...tags];
  return Object.fromEntries(names.map((name) => [`GET ${BASE}/manifests/${name}`, () => ok(document)]));
}

export const referrersUrl = (subject: Document) => `${BASE}/referrers/${subject.descriptor.digest}`;
export const tagUrl = (subject: Document) => `${BASE}/manifests/${subject.descriptor.digest.replace(":", "-")}`;

/** A deadline no test meets. */
export const signal = AbortSignal.timeout(15_000);

/** What a promise was rejected with: its code, and its message for whoever reads a failure. */
export async function failure(work: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await work;
  } catch (thrown) {
    const { code, message } = thrown as { code?: string; message: string };
    return { code: code ?? "no code", message };
  }
  return { code: "nothing was thrown", message: "" };
}
