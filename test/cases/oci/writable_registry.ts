/**
 * A registry in memory that can be written to, with a clock of its own: requests take time, waiting costs none, and any
 * number of clients can be let loose on it at once. It does what distribution and olareg were seen to do.
 */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { createPushClient, type OpenWritableRepository, type RegistrySettings } from "../../../src/oci/mod.ts";
import type { CredentialSource, FetchInit } from "../../../src/ports.ts";
import { digest, OCI_INDEX } from "./fake_registry.ts";

export interface WritableRegistryOptions {
  /** Whether it has the referrers API; with `claimed` it says so when something is pushed and has none. */
  readonly referrersApi?: boolean | "claimed";
  /** Answers in place of the registry; `undefined` lets it answer. */
  readonly intercept?: (request: WrittenRequest) => Response | undefined;
  /** How long a request takes to arrive, and its answer to come back; 0 when left out. */
  readonly latency?: () => number;
  readonly credentials?: CredentialSource;
  readonly chance?: () => number;
  readonly settings?: Partial<RegistrySettings>;
}

export interface WrittenRequest {
  readonly method: string;
  /** Without the origin, unless it is another's. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

interface Stored {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

const ORIGIN = "https://registry.example";
const BASE = "/v2/a/b";

/** Makes a registry with the repository `registry.example/a/b`, empty. */
export function writableRegistry(options: WritableRegistryOptions = {}) {
  const manifests = new Map<string, Stored>();
  const tags = new Map<string, string>();
  const blobs = new Map<string, Uint8Array>();
  const requests: WrittenRequest[] = [];
  const slept: number[] = [];
  const timers: { readonly at: number; readonly fire: () => void }[] = [];
  let time = Date.parse("2026-11-01T00:00:00Z");
  let sessions = 0;

  const wait = (milliseconds: number): Promise<void> =>
    new Promise((fire) => void timers.push({ at: time + milliseconds, fire }));

  async function fetch(url: string, init: FetchInit): Promise<Response> {
    const bytes = typeof init.body === "string" ? new TextEncoder().encode(init.body) : init.body ?? new Uint8Array();
    const path = url.startsWith(`${ORIGIN}/`) ? url.slice(ORIGIN.length) : url;
    const request = { method: init.method, path, headers: init.headers, body: bytes.slice() };
    await wait(options.latency?.() ?? 0);
    requests.push(request);
    const answer = options.intercept?.(request) ?? respond(request);
    await wait(options.latency?.() ?? 0);
    return answer;
  }

  function respond({ method, path, headers, body }: WrittenRequest): Response {
    const { pathname, searchParams } = new URL(path, ORIGIN);
    const [, kind = "", rest = ""] = /^\/v2\/a\/b\/(manifests|blobs|referrers)\/(.*)$/.exec(pathname) ?? [];
    const notFound = () => new Response("404 page not found\n", { status: 404 });
    if (kind === "referrers") return options.referrersApi === true ? list(rest) : notFound();
    if (kind === "manifests" && method === "PUT") return putManifest(rest, headers["content-type"] ?? "", body);
    if (kind === "manifests") {
      const found = manifests.get(tags.get(rest) ?? rest);
      return found === undefined ? notFound() : content(method, found);
    }
    if (method === "POST" && rest === "uploads/") {
      return new Response(null, {
        status: 202,
        headers: { location: `${BASE}/blobs/uploads/${++sessions}?_state=x%2By` },
      });
    }
    if (method === "PUT" && searchParams.get("_state") === "x+y") {
      const name = searchParams.get("digest") ?? "";
      if (digest(body) !== name) return new Response(null, { status: 400 });
      blobs.set(name, body);
      return new Response(null, { status: 201 });
    }
    const blob = blobs.get(rest);
    return blob === undefined ? notFound() : content(method, { bytes: blob, mediaType: "application/octet-stream" });
  }

  function content(method: string, { bytes, mediaType }: Stored): Response {
    return new Response(method === "HEAD" ? null : new Uint8Array(bytes), {
      headers: {
        "content-type": mediaType,
        "content-length": String(bytes.length),
        "docker-content-digest": digest(bytes),
      },
    });
  }

  function putManifest(name: string, mediaType: string, bytes: Uint8Array): Response {
    const own = digest(bytes);
    const manifest = JSON.parse(new TextDecoder().decode(bytes));
    const missing = [manifest.config, ...manifest.layers ?? []].filter((part) => part && !blobs.has(part.digest));
    if (missing.length > 0) return new Response('{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}', { status: 404 });
    manifests.set(own, { bytes, mediaType });
    if (!name.startsWith("sha256:")) tags.set(name, own);
    const says = options.referrersApi !== undefined && options.referrersApi !== false && manifest.subject !== undefined;
    return new Response(null, { status: 201, headers: says ? { "oci-subject": manifest.subject.digest } : {} });
  }

  function list(subject: string): Response {
    const found = [...manifests].flatMap(([name, { bytes, mediaType }]) => {
      const { subject: named, artifactType, annotations } = JSON.parse(new TextDecoder().decode(bytes));
      return named?.digest === subject
        ? [{ mediaType, digest: name, size: bytes.length, artifactType, annotations }]
        : [];
    });
    return new Response(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: found }), {
      headers: { "content-type": OCI_INDEX },
    });
  }

  const client = (): OpenWritableRepository =>
    createPushClient({
      fetch,
      now: () => new Date(time),
      sleep: async (milliseconds, signal) => {
        slept.push(milliseconds);
        await wait(milliseconds);
        signal.throwIfAborted();
      },
      // In this thread, so that all that is pending is pending on the clock.
      crypto: {
        name: "test",
        digest: (algorithm, data) => Promise.resolve(new Uint8Array(createHash(algorithm).update(data).digest())),
        verify: () => Promise.resolve(false),
      },
      credentials: options.credentials ?? (() => Promise.resolve(undefined)),
      ...(options.chance === undefined ? {} : { chance: options.chance }),
    }, { mirrors: new Map(), plainHttp: new Set(), redirect: "manual", ...options.settings });

  /** Lets the clock run until the work is done. */
  async function run<Result>(work: Promise<Result>): Promise<Result> {
    let done = false;
    const finished = work.finally(() => void (done = true));
    finished.catch(() => {});
    while (!done) {
      for (let turn = 0; turn < 3; turn++) await setImmediate();
      if (done) break;
      const next = timers.reduce<number>(
        (best, { at }, index) => at < (timers[best]?.at ?? Infinity) ? index : best,
        0,
      );
      const [timer] = timers.splice(next, 1);
      if (timer === undefined) continue;
      time = Math.max(time, timer.at);
      timer.fire();
    }
    return await finished;
  }

  return {
    /** A client of its own, as another process would be. */
    client,
    run,
    manifests,
    tags,
    blobs,
    requests,
    slept,
    asked: () =>
      requests.map(({ method, path }) =>
        `${method} ${path.replace(/sha256:[0-9a-f]{64}/g, (text) => text.slice(7, 15))}`
      ),
    /** What a tag holds now. */
    index: (tag: string) => {
      const stored = manifests.get(tags.get(tag) ?? "");
      return stored === undefined ? undefined : JSON.parse(new TextDecoder().decode(stored.bytes));
    },
    /** Puts something under a tag, as another client would. */
    put: (tag: string, value: unknown, mediaType: string): string => {
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      const name = digest(bytes);
      manifests.set(name, { bytes, mediaType });
      tags.set(tag, name);
      return name;
    },
  };
}
