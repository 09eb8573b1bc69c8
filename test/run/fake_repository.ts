/** A repository in memory that counts what it is asked, for tests of what is asked for and when. */
import { createHash } from "node:crypto";
import { MalformedError, UnavailableError } from "../../src/errors.ts";
import {
  type CallOptions,
  type Descriptor,
  type Digest,
  type Manifest,
  OCI_INDEX,
  OCI_MANIFEST,
  type ReferrerList,
  type Repository,
} from "../../src/oci/mod.ts";

export const digestOf = (bytes: Uint8Array | string): Digest =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const SIGNATURE = "application/vnd.cncf.notary.signature";

export interface FakeRepository extends Repository {
  /** What was asked, in order: `resolve signed`, `referrers sha256:…`, `manifest …`, `blob …`. */
  readonly asked: string[];
  /** The most requests that were open at the same time. */
  mostOpen: number;
  tag(name: string, descriptor: Descriptor): void;
  artifact(name: string): Descriptor;
  index(name: string, children: readonly Descriptor[]): Descriptor;
  /** Attaches an envelope to an artifact; `changes` spoil the signature manifest. */
  sign(
    subject: Descriptor,
    envelope: { readonly mediaType: string; readonly bytes: Uint8Array },
    changes?: Partial<Manifest> & { readonly listedOnTagOnly?: boolean },
  ): Descriptor;
  /** Attaches layers under an artifact type; `changes` spoil the manifest, `listedAs` what the list says of it. */
  attach(
    subject: Descriptor,
    artifactType: string,
    layers: readonly (Uint8Array | string)[],
    changes?: Partial<Manifest> & { readonly listedAs?: string; readonly listedOnTagOnly?: boolean },
  ): Descriptor;
  /** Makes a request fail: by its line in `asked`, or every one that begins so. */
  fail(line: string, error: Error): void;
}

export function createFakeRepository(): FakeRepository {
  const tags = new Map<string, Descriptor>();
  const manifests = new Map<string, Manifest>();
  const blobs = new Map<string, Uint8Array>();
  const referrers: { readonly subject: Digest; readonly descriptor: Descriptor; readonly tagOnly: boolean }[] = [];
  const failures: { readonly line: string; readonly error: Error }[] = [];
  let open = 0;

  const answer = async <Value>(line: string, { signal }: CallOptions, value: () => Value): Promise<Value> => {
    fake.asked.push(line);
    fake.mostOpen = Math.max(fake.mostOpen, ++open);
    await new Promise((resolve) => setTimeout(resolve, 1));
    open--;
    signal.throwIfAborted();
    const failure = failures.find((known) => line.startsWith(known.line));
    if (failure !== undefined) throw failure.error;
    return value();
  };
  const notFound = (what: string): never => {
    throw new UnavailableError("ERR_REGISTRY_NOT_FOUND", `Cannot find "${what}"`);
  };
  const store = (manifest: Omit<Manifest, "bytes">, artifactType?: string): Descriptor => {
    const bytes = new TextEncoder().encode(JSON.stringify(manifest));
    const digest = digestOf(bytes);
    manifests.set(digest, { ...manifest, bytes });
    return {
      mediaType: manifest.mediaType,
      digest,
      size: bytes.length,
      ...(artifactType === undefined ? {} : { artifactType }),
    };
  };

  const fake: FakeRepository = {
    name: "registry.example/app",
    asked: [],
    mostOpen: 0,
    tag: (name, descriptor) => tags.set(name, descriptor),
    artifact: (name) => {
      const descriptor = store({
        mediaType: OCI_MANIFEST,
        kind: "manifest",
        layers: [],
        manifests: [],
        annotations: { name },
      });
      tags.set(name, descriptor);
      return descriptor;
    },
    index: (name, children) => {
      const descriptor = store({ mediaType: OCI_INDEX, kind: "index", layers: [], manifests: children });
      tags.set(name, descriptor);
      return descriptor;
    },
    sign: (subject, { mediaType, bytes }, { listedOnTagOnly = false, ...changes } = {}) => {
      const layer: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
      blobs.set(layer.digest, bytes);
      const manifest = {
        mediaType: OCI_MANIFEST,
        kind: "manifest" as const,
        artifactType: SIGNATURE,
        layers: [layer],
        manifests: [],
        subject,
        ...changes,
      };
      const descriptor = store(manifest, SIGNATURE);
      referrers.push({ subject: subject.digest, descriptor, tagOnly: listedOnTagOnly });
      return descriptor;
    },
    attach: (subject, artifactType, layers, { listedAs = artifactType, listedOnTagOnly = false, ...changes } = {}) => {
      const stored = layers.map((layer): Descriptor => {
        const bytes = typeof layer === "string" ? new TextEncoder().encode(layer) : layer;
        const digest = digestOf(bytes);
        blobs.set(digest, bytes);
        return { mediaType: "application/json", digest, size: bytes.length };
      });
      const manifest = {
        mediaType: OCI_MANIFEST,
        kind: "manifest" as const,
        artifactType,
        layers: stored,
        manifests: [],
      };
      const descriptor = store({ ...manifest, subject, ...changes }, listedAs);
      referrers.push({ subject: subject.digest, descriptor, tagOnly: listedOnTagOnly });
      return descriptor;
    },
    fail: (line, error) => failures.push({ line, error }),
    resolve: (target, options) =>
      answer(`resolve ${target}`, options, () => {
        const manifest = manifests.get(target);
        const known = tags.get(target);
        if (known !== undefined) return known;
        if (manifest === undefined) return notFound(target);
        return { mediaType: manifest.mediaType, digest: target as Digest, size: manifest.bytes.length };
      }),
    fetchManifest: ({ digest }, options) =>
      answer(`manifest ${digest}`, options, () => manifests.get(digest) ?? notFound(digest)),
    fetchBlob: ({ digest }, options) =>
      answer(`blob ${digest}`, options, () => {
        const bytes = blobs.get(digest) ?? notFound(digest);
        if (bytes.length > options.maxBytes) throw new MalformedError("ERR_TOO_LARGE", "Cannot fetch blob: too large");
        return bytes;
      }),
    listReferrers: ({ digest }, options) =>
      answer(`referrers ${digest}${options.everywhere === true ? " everywhere" : ""}`, options, (): ReferrerList => {
        const everywhere = options.everywhere === true;
        const found = referrers.filter(({ subject, tagOnly }) => subject === digest && (everywhere || !tagOnly));
        const api = { way: "referrers-api" as const, place: `/v2/app/referrers/${digest}`, result: "found" as const };
        const tag = { way: "referrers-tag" as const, place: digest.replace(":", "-"), result: "absent" as const };
        return {
          referrers: found.map(({ descriptor }) => ({ descriptor, ways: ["referrers-api"] })),
          asked: everywhere ? [api, tag] : [api],
        };
      }),
  };
  return fake;
}
