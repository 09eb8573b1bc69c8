/**
 * Registries and what they hold (OCI image and distribution specifications).
 *
 * ```ts
 * const open = createRegistryClient(ports);
 * const reference = parseReference("ghcr.io/kyverno/test-verify-image:signed");
 * const repository = open(reference);
 * const artifact = await repository.resolve("signed", { signal });
 * const { referrers } = await repository.listReferrers(artifact, { signal });
 * ```
 */
export { rangesOf } from "./archive.ts";
export { createPushClient, createRegistryClient } from "./client.ts";
export {
  credentialFromAuths,
  type DockerConfig,
  programFor,
  readDockerConfig,
  serverOf,
} from "./credentials/docker_config.ts";
export { type AwsIdentity, createEcrSource, type EcrOptions } from "./credentials/ecr.ts";
export { ANONYMOUS_IDENTITY, credentialIdentity } from "./credentials/identity.ts";
export { type ProgramAnswer, readProgramAnswer } from "./credentials/program_answer.ts";
export { createPullSecrets, type PullSecret } from "./credentials/pull_secrets.ts";
export { MAX_CREDENTIALS_BYTES } from "./credentials/registry_entries.ts";
export { anonymous, firstOf } from "./credentials/sources.ts";
export type { Descriptor, Digest, Platform } from "./descriptor.ts";
export { keepContent } from "./kept.ts";
export { type Layout, type LayoutSource, readLayout } from "./layout.ts";
export { openLayout } from "./layout_repository.ts";
export { type LayoutServerOptions, serveLayouts } from "./layout_server.ts";
export { artifactTypeOf, type Manifest, readDescriptor, readManifest } from "./manifest.ts";
export { isHost, MAX_MIRRORS, mirrorFault, parseMirrors } from "./mirrors.ts";
export { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "./media_types.ts";
export { readRegistries, type RegistryConfiguration } from "./registries.ts";
export { choosePlatform, formatPlatform, listPlatforms, parsePlatform } from "./platform.ts";
export { openLater } from "./open_later.ts";
export {
  DEFAULT_REGISTRY,
  formatReference,
  type ImageText,
  isTag,
  parseImageText,
  parseReference,
  type Reference,
  repositoryName,
} from "./reference.ts";
export { referrersTag } from "./referrers.ts";
export { principalOf, wasAskedEverywhere } from "./repository.ts";
export type {
  AskedPlaces,
  AttachedArtifact,
  CallOptions,
  NewReferrer,
  OpenOptions,
  OpenRepository,
  OpenWritableRepository,
  Referrer,
  ReferrerList,
  ReferrersWay,
  Repository,
  WritableRepository,
} from "./repository.ts";
export { DEFAULT_REGISTRY_SETTINGS, type RegistrySettings } from "./settings.ts";
