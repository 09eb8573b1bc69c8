/**
 * One request's view of the registries. Everything is asked once: the same tag gives the same digest, the same digest
 * the same signatures, and an envelope's integrity is computed once however many signers are tried against it.
 */
import { ConfigurationError, MalformedError } from "../../errors.ts";
import { createRequestBudget } from "../../http/mod.ts";
import {
  type AskedPlaces,
  type CallOptions,
  type Descriptor,
  type Digest,
  formatReference,
  type OpenRepository,
  type Reference,
  type ReferrersWay,
  type Repository,
  repositoryName,
} from "../../oci/mod.ts";
import type { Ports } from "../../ports.ts";
import type { RevocationChecker } from "../../revocation/mod.ts";
import {
  type AttestationList,
  fetchEnvelopeBlob,
  fetchEnvelopeDescriptor,
  listAttestations,
  listSignatures,
  type SignatureList,
} from "../discover.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { EvidenceStore } from "../evidence.ts";
import type { ValidationResult } from "./outcome.ts";
import { decodeOnce, integrityOnce } from "./proven.ts";

/** What a view asks of the outside world. */
export type ViewPorts = Pick<Ports, "crypto" | "now"> & {
  readonly open: OpenRepository;
  /** Asks whether certificates are revoked; without it nobody does. */
  readonly revocation?: RevocationChecker;
  /** Facts of signatures that were verified before; without it each is proven anew. */
  readonly evidence?: EvidenceStore;
  /** Which chains the chain doctor looks at: those that were refused (default), or every one. */
  readonly diagnose?: "refused" | "every";
};

export interface ArtifactView {
  readonly ports: ViewPorts;
  /** The request's deadline, and the requests it may make. */
  readonly call: Required<CallOptions>;
  /**
   * The artifact a reference stands for: by its digest where it has one, else by its tag.
   *
   * @throws {ConfigurationError} `ERR_REFERENCE` when it has neither.
   * @throws {UnavailableError} What the registry did not answer; `ERR_REGISTRY_NOT_FOUND`.
   */
  resolve(reference: Reference): Promise<Descriptor>;
  /**
   * The artifact and its signatures, none of them fetched yet. With a digest both are asked for at the same time.
   *
   * @param options `everywhere` looks also where signatures need not be looked for while others are found: do it before
   * a refusal.
   */
  signatures(reference: Reference, options?: ListOptions): Promise<SignedArtifact>;
  /**
   * The artifact and what is attached to it under an artifact type, nothing of it fetched yet. With a digest both are
   * asked for at the same time.
   *
   * @param artifactType Compared exactly, capitals included.
   * @param options As for {@link signatures}.
   */
  attestations(reference: Reference, artifactType: string, options?: ListOptions): Promise<AttestedArtifact>;
}

/** An artifact with what is said to be attached to it under one type. */
export interface AttestedArtifact extends AskedPlaces {
  readonly descriptor: Descriptor;
  /** In the registry's order. */
  readonly attestations: readonly AttestationSource[];
}

/** An attestation as it is listed. What it says is to be had from `verifyAttestation` alone. */
export interface AttestationSource {
  /** The attestation's own manifest, which is what has to be signed. */
  readonly reference: Reference & { readonly digest: Digest };
  readonly artifactType: string;
  /** The artifact it has to be about. */
  readonly subject: Descriptor;
}

/** How far to look for signatures. */
export interface ListOptions {
  readonly everywhere?: boolean;
}

/** An artifact with the signatures that are said to be its. */
export interface SignedArtifact extends AskedPlaces {
  /** `registry/repository@digest`. */
  readonly name: string;
  readonly repository: Repository;
  readonly descriptor: Descriptor;
  /** In the registry's order. */
  readonly signatures: readonly SignatureSource[];
}

/** A signature that is fetched when it is asked for, once. */
export interface SignatureSource {
  /** The signature manifest. */
  readonly descriptor: Descriptor;
  /** By which ways it was found. */
  readonly ways: readonly ReferrersWay[];
  /** The envelope's blob. @throws {EngineError} When the manifest could not be fetched or is none of a signature. */
  readonly blob: () => Promise<Descriptor>;
  /** @throws {EngineError} When it could not be fetched or decoded. */
  readonly envelope: () => Promise<Envelope>;
  /** @throws {EngineError} As {@link envelope}. */
  readonly integrity: () => Promise<ValidationResult>;
}

/**
 * Opens a view for one request.
 *
 * @param options `signal` bounds every request made through the view; `budget` is one of its own when left out.
 */
export function createArtifactView(
  ports: ViewPorts,
  { signal, budget = createRequestBudget() }: CallOptions,
): ArtifactView {
  const call = { signal, budget };
  const repositories = new Map<string, Repository>();
  const resolved = new Map<string, Promise<Descriptor>>();
  const listed = new Map<string, Promise<SignatureList>>();
  const attached = new Map<string, Promise<AttestationList>>();
  const sources = new Map<string, Omit<SignatureSource, "ways">>();

  /** One object per repository: it keeps the manifests it fetched. */
  const repositoryOf = (reference: Reference): Repository => {
    const name = repositoryName(reference);
    const known = repositories.get(name) ?? ports.open(reference);
    repositories.set(name, known);
    return known;
  };

  const resolve = (reference: Reference): Promise<Descriptor> => {
    const target = reference.digest ?? reference.tag;
    if (target === undefined) {
      const text = formatReference(reference);
      throw new ConfigurationError("ERR_REFERENCE", `Cannot resolve "${text}": neither tag nor digest, expected one`);
    }
    return once(resolved, `${repositoryName(reference)} ${target}`, async () => {
      const descriptor = await repositoryOf(reference).resolve(target, call);
      if (reference.digest !== undefined && descriptor.digest !== reference.digest) {
        const found = `"${descriptor.digest}", expected "${reference.digest}"`;
        throw new MalformedError("ERR_DIGEST_MISMATCH", `Cannot resolve "${formatReference(reference)}": got ${found}`);
      }
      // What a tag was just found to name is known under its digest too.
      const byDigest = `${repositoryName(reference)} ${descriptor.digest}`;
      if (!resolved.has(byDigest)) resolved.set(byDigest, Promise.resolve(descriptor));
      return descriptor;
    });
  };

  const list = (reference: Reference, digest: Digest, { everywhere = false }: ListOptions): Promise<SignatureList> =>
    once(
      listed,
      `${repositoryName(reference)} ${digest} ${everywhere}`,
      () => listSignatures(repositoryOf(reference), { digest }, { ...call, everywhere }),
    );

  const listAttached = (
    reference: Reference,
    digest: Digest,
    artifactType: string,
    { everywhere = false }: ListOptions,
  ) =>
    once(
      attached,
      `${repositoryName(reference)} ${digest} ${everywhere} ${artifactType}`,
      () => listAttestations(repositoryOf(reference), { digest }, { ...call, everywhere, artifactType }),
    );

  /** The artifact and a list about it; at the same time where its digest is known. */
  const withList = async <List>(
    reference: Reference,
    ask: (digest: Digest) => Promise<List>,
  ): Promise<readonly [Descriptor, List]> => {
    if (reference.digest !== undefined) return await Promise.all([resolve(reference), ask(reference.digest)]);
    const descriptor = await resolve(reference);
    return [descriptor, await ask(descriptor.digest)];
  };

  const sourceOf = (repository: Repository, name: string, descriptor: Descriptor, subject: Descriptor) => {
    const key = `${name} ${descriptor.digest}`;
    const known = sources.get(key);
    if (known !== undefined) return known;
    const blob = lazily(() => fetchEnvelopeDescriptor(repository, descriptor, { ...call, subject }));
    const envelope = lazily(async () => decodeOnce(await fetchEnvelopeBlob(repository, await blob(), call)));
    const integrity = lazily(async () => integrityOnce(await envelope(), ports.crypto));
    const source = { descriptor, blob, envelope, integrity };
    sources.set(key, source);
    return source;
  };

  return {
    ports,
    call,
    resolve: async (reference) => await resolve(reference),
    signatures: async (reference, options = {}) => {
      const [descriptor, { signatures, ways, ...places }] = await withList(
        reference,
        (digest) => list(reference, digest, options),
      );
      const repository = repositoryOf(reference);
      const name = `${repositoryName(reference)}@${descriptor.digest}`;
      return {
        name,
        repository,
        descriptor,
        signatures: signatures.map((signature) => ({
          ...sourceOf(repository, name, signature, descriptor),
          ways: ways.get(signature.digest) ?? [],
        })),
        ...places,
      };
    },
    attestations: async (reference, artifactType, options = {}) => {
      const [descriptor, { attestations, ...places }] = await withList(
        reference,
        (digest) => listAttached(reference, digest, artifactType, options),
      );
      const { registry, repository } = reference;
      return {
        descriptor,
        attestations: attestations.map(({ digest }) => ({
          reference: { registry, repository, digest },
          artifactType,
          subject: descriptor,
        })),
        ...places,
      };
    },
  };
}

function once<Value>(memo: Map<string, Promise<Value>>, key: string, ask: () => Promise<Value>): Promise<Value> {
  const known = memo.get(key);
  if (known !== undefined) return known;
  const answer = ask();
  memo.set(key, answer);
  return answer;
}

function lazily<Value>(ask: () => Promise<Value>): () => Promise<Value> {
  let answer: Promise<Value> | undefined;
  return () => (answer ??= ask());
}
