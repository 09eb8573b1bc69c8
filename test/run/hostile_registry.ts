/**
 * A registry on loopback that holds one signed image and misbehaves as it is told, and a canary on another loopback
 * port that stands for every place a registry must not send us to.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { OCI_INDEX, OCI_MANIFEST, referrersTag } from "../../src/oci/mod.ts";

/** What is asked for, as far as a row tells it apart. */
export type Resource = "tag" | "image" | "referrers" | "referrersTag" | "signature" | "envelope" | "token" | "other";

/** An answer as it would be given. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** One request, with what is needed to answer it badly. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What a good registry would answer. */
  readonly normal: Answer;
  /** How often this resource was asked before. */
  readonly before: number;
}

/** Answers a request, or says with which answer it is to be answered. */
export type Act = (visit: Visit) => Partial<Answer> | void | Promise<Partial<Answer> | void>;

/** How a registry misbehaves. */
export type Misbehaviour = Partial<Record<Resource, Act>>;

/** What is in the registry, and where it is. */
export interface HostileRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** `http://127.0.0.1:PORT` of the canary. */
  readonly canary: string;
  /** Connections the canary has seen. */
  readonly canarySaw: () => number;
  /** What was asked, in order. */
  readonly asked: readonly { readonly resource: Resource; readonly method: string; readonly authorization?: string }[];
  readonly close: () => Promise<void>;
}

/** Content, made once for all registries of a test. */
export interface World {
  readonly image: Uint8Array;
  readonly signature: Uint8Array;
  readonly envelope: Uint8Array;
  /** Whether the referrers tag lists the signature, too. */
  readonly tagged: boolean;
}

export const REPOSITORY = "team/app";
const SIGNATURE_TYPE = "application/vnd.cncf.notary.signature";
const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}` as const;
export const bytesOf = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
export const descriptorOf = (bytes: Uint8Array, mediaType: string) => ({
  mediaType,
  digest: sha256(bytes),
  size: bytes.length,
});

const EMPTY = descriptorOf(bytesOf("{}"), "application/vnd.oci.empty.v1+json");

/** The image every world has. */
export const IMAGE = bytesOf({
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: { ...EMPTY, mediaType: "application/vnd.oci.image.config.v1+json" },
  layers: [],
});

/** A world around an envelope of {@link IMAGE}; `changes` spoil the signature manifest. */
export function makeWorld(
  envelope: Uint8Array,
  changes: Readonly<Record<string, unknown>> = {},
  tagged = false,
): World {
  const signature = bytesOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: SIGNATURE_TYPE,
    config: EMPTY,
    layers: [descriptorOf(envelope, "application/jose+json")],
    subject: descriptorOf(IMAGE, OCI_MANIFEST),
    ...changes,
  });
  return { image: IMAGE, signature, envelope, tagged };
}

/** The signature's entry in a list. */
export const entryOf = ({ signature }: World) => ({
  ...descriptorOf(signature, OCI_MANIFEST),
  artifactType: SIGNATURE_TYPE,
});

/** A list of referrers. */
export const listOf = (manifests: readonly unknown[]): Uint8Array =>
  bytesOf({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });

/** Starts one; close it. */
export async function startHostileRegistry(world: World, misbehaviour: Misbehaviour): Promise<HostileRegistry> {
  let canarySaw = 0;
  const canary = createServer((_, response) => response.end("{}"));
  canary.on("connection", () => canarySaw++);
  const asked: { resource: Resource; method: string; authorization?: string }[] = [];
  const counts = new Map<Resource, number>();
  const server = createServer((request, response) => {
    const { resource, normal } = find(world, request);
    const before = counts.get(resource) ?? 0;
    counts.set(resource, before + 1);
    const { authorization } = request.headers;
    asked.push({
      resource,
      method: request.method ?? "",
      ...(authorization === undefined ? {} : { authorization }),
    });
    // A connection the client has gone from, or that a row broke, is no failure of the server.
    response.on("error", () => {});
    void (async () => {
      const changed = await misbehaviour[resource]?.({ request, response, normal, before });
      if (response.writableEnded || response.destroyed || response.headersSent) return;
      if (misbehaviour[resource] !== undefined && changed === undefined) return;
      send(request, response, { ...normal, ...changed });
    })();
  });
  await Promise.all([server, canary].map(listen));
  const host = `127.0.0.1:${portOf(server)}`;
  return {
    host,
    canary: `http://127.0.0.1:${portOf(canary)}`,
    canarySaw: () => canarySaw,
    asked,
    close: async () => {
      await Promise.all([server, canary].map((one) => {
        one.closeAllConnections();
        return new Promise((resolve) => one.close(resolve));
      }));
    },
  };
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
  const length = Object.keys(headers).some((name) => name.toLowerCase() === "content-length") ||
      headers["transfer-encoding"] !== undefined
    ? {}
    : { "content-length": String(body.length) };
  response.writeHead(status, { ...length, ...headers });
  response.end(request.method === "HEAD" ? undefined : body);
}

function find(world: World, request: IncomingMessage): { readonly resource: Resource; readonly normal: Answer } {
  const { pathname } = new URL(request.url ?? "/", "http://registry");
  const place = pathname.replace(`/v2/${REPOSITORY}/`, "");
  const { digest } = descriptorOf(world.image, OCI_MANIFEST);
  const manifest = (bytes: Uint8Array, mediaType: string): Answer => ({
    status: 200,
    headers: { "content-type": mediaType, "docker-content-digest": sha256(bytes) },
    body: bytes,
  });
  const list = listOf([entryOf(world)]);
  switch (place) {
    case "manifests/signed":
      return { resource: "tag", normal: manifest(world.image, OCI_MANIFEST) };
    case `manifests/${digest}`:
      return { resource: "image", normal: manifest(world.image, OCI_MANIFEST) };
    case `referrers/${digest}`:
      return { resource: "referrers", normal: { status: 200, headers: { "content-type": OCI_INDEX }, body: list } };
    case `manifests/${referrersTag(digest)}`:
      return { resource: "referrersTag", normal: world.tagged ? manifest(list, OCI_INDEX) : NOT_FOUND };
    case `manifests/${sha256(world.signature)}`:
      return { resource: "signature", normal: manifest(world.signature, OCI_MANIFEST) };
    case `blobs/${sha256(world.envelope)}`:
      return {
        resource: "envelope",
        normal: { status: 200, headers: { "content-type": "application/octet-stream" }, body: world.envelope },
      };
    case "/token":
      return {
        resource: "token",
        normal: { status: 200, headers: { "content-type": "application/json" }, body: bytesOf({ token: "t" }) },
      };
    default:
      return { resource: "other", normal: NOT_FOUND };
  }
}

const NOT_FOUND: Answer = { status: 404, headers: { "content-type": "text/plain" }, body: bytesOf("404 not found\n") };

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
