/**
 * `Repository`: what the rest of the engine may ask of a place that holds artifacts. `client.ts` makes one of a
 * registry, `layout.ts` of an OCI image layout.
 */
import type { CallOptions } from "../http/mod.ts";
import type { CredentialSource } from "../ports.ts";
import type { Descriptor, Digest } from "./descriptor.ts";
import type { Manifest } from "./manifest.ts";
import type { Reference } from "./reference.ts";

export type { CallOptions };

/** By which way a referrer was found. */
export type ReferrersWay = "referrers-api" | "referrers-tag" | "layout";

export interface Referrer {
  /** With `artifactType` filled from the manifest where the listing leaves it out. */
  readonly descriptor: Descriptor;
  readonly ways: readonly ReferrersWay[];
}

/** An authoritative list: everything both ways gave, united by digest, or an exception; never a partial list. */
export interface ReferrerList {
  /** In the registry's order: the API's first, then what only the tag has. */
  readonly referrers: readonly Referrer[];
  /**
   * Each place that was asked and what came of it, for "no signature" messages: `found` (a list, maybe empty), `absent`
   * (404, or the registry has no referrers API), `ignored` (present but not to be believed; `reason` says why).
   */
  readonly asked: readonly {
    readonly way: ReferrersWay;
    /** The path or tag asked, such as `sha256-74a9…`. */
    readonly place: string;
    readonly result: "found" | "absent" | "ignored";
    readonly reason?: string;
  }[];
  /** Set where places were left out that `everywhere` asks too, such as the registry behind a mirror. */
  readonly elsewhere?: true;
}

/** Where referrers were looked for. */
export type AskedPlaces = Pick<ReferrerList, "asked" | "elsewhere">;

/** Whether `everywhere` would ask no more places than were asked. */
export function wasAskedEverywhere({ asked, elsewhere }: AskedPlaces): boolean {
  return elsewhere !== true && asked.some(({ way }) => way !== "referrers-api");
}

export interface Repository {
  /** `registry/repository` as the user named it; mirrors do not show. */
  readonly name: string;
  /**
   * With whose credentials it is asked, as a text that says nothing about the secret: what one principal was given is
   * kept from others. Left out where nobody has to say who asks.
   *
   * @throws {EngineError} When the credentials cannot be had.
   */
  principal?(options: CallOptions): Promise<string>;
  /**
   * A tag or digest → the descriptor of its manifest, from HEAD, or from GET where HEAD does not tell.
   *
   * @throws {UnavailableError} `ERR_REGISTRY_NOT_FOUND`, `ERR_REGISTRY_UNAUTHORIZED`, `ERR_REGISTRY_LIMITED`,
   * `ERR_REGISTRY_UNAVAILABLE`, `ERR_REGISTRY_RESPONSE`, `ERR_DEADLINE`
   */
  resolve(tagOrDigest: string, options: CallOptions): Promise<Descriptor>;
  /** The manifest's bytes, digest and size compared, read as a checked record. */
  fetchManifest(descriptor: Descriptor, options: CallOptions): Promise<Manifest>;
  /**
   * The blob's bytes, digest and size compared. @throws {MalformedError} `ERR_TOO_LARGE` before more than `maxBytes`
   * are read.
   */
  fetchBlob(descriptor: Descriptor, options: CallOptions & { readonly maxBytes: number }): Promise<Uint8Array>;
  /**
   * Everything that names `subject` as its subject. The server's filter is a hint: the list is filtered here again.
   *
   * The referrers tag is left out where the API is known to work and lists something; `everywhere` asks it then too,
   * before it is said that none of what was found will do.
   *
   * @throws {UnavailableError} as {@link resolve}; never an empty list for a place that could not be asked.
   * @throws {MalformedError} `ERR_TOO_LARGE` beyond `MAX_REFERRERS`.
   */
  listReferrers(
    subject: { readonly digest: Digest },
    options: CallOptions & { readonly artifactType?: string; readonly everywhere?: boolean },
  ): Promise<ReferrerList>;
}

/**
 * With whose credentials a repository is asked; the same for everybody where it asks nobody for any.
 *
 * @throws {EngineError} When the credentials cannot be had.
 */
export async function principalOf(repository: Repository, call: CallOptions): Promise<string> {
  return await repository.principal?.(call) ?? "";
}

/** An artifact to attach to another. */
export interface NewReferrer {
  readonly artifactType: string;
  readonly layers: readonly { readonly mediaType: string; readonly bytes: Uint8Array }[];
  readonly subject: Pick<Descriptor, "mediaType" | "digest" | "size">;
  readonly annotations: Readonly<Record<string, string>>;
}

/** An artifact that was attached, and by which way it is found. */
export interface AttachedArtifact {
  readonly descriptor: Descriptor;
  readonly listedBy: "referrers-api" | "referrers-tag";
}

/** A repository that takes artifacts too. */
export interface WritableRepository extends Repository {
  /**
   * Pushes an artifact that names its subject, and makes sure that it is listed among the subject's referrers.
   *
   * @param options `referrersTag` lists it under the tag whatever the registry can do.
   * @throws {UnavailableError} as {@link Repository.resolve}; `ERR_REGISTRY_REFUSED`, `ERR_REFERRERS_CONFLICT`
   * @throws {ConfigurationError} `ERR_REFERRERS_TAG`
   */
  attach(artifact: NewReferrer, options: CallOptions & { readonly referrersTag?: boolean }): Promise<AttachedArtifact>;
}

/** Opens a repository to write to. Cheap; no request is made. */
export type OpenWritableRepository = (reference: Reference) => WritableRepository;

/** How a repository is opened. */
export interface OpenOptions {
  /**
   * Makes the source that is asked for credentials, of the opener's own one; that one when left out. A layout asks
   * nobody.
   */
  readonly credentials?: (own: CredentialSource) => CredentialSource;
}

/** Opens the repository a reference names: a registry behind mirrors, or a layout. Cheap; no request is made. */
export type OpenRepository = (reference: Reference, options?: OpenOptions) => Repository;
