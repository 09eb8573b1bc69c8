/** Registries as repositories: what a client keeps between questions, and the parts each repository is made of. */
import type { CredentialSource, Ports } from "../ports.ts";
import { type Audience, createAuthorizer } from "./auth.ts";
import { connect } from "./connection.ts";
import { createFlights } from "./in_flight.ts";
import { attach, type PushPorts } from "./push.ts";
import { createMirrorRests, openMirrored } from "./mirrored.ts";
import { createReferrersSupport, listReferrers, type ReferrersSupport } from "./referrers.ts";
import { type Reference, repositoryName } from "./reference.ts";
import type { OpenOptions, OpenRepository, OpenWritableRepository, Repository } from "./repository.ts";
import type { Answer, TransportPorts } from "./request.ts";
import { createContent } from "./resolve.ts";
import {
  DEFAULT_REGISTRY_SETTINGS,
  type Endpoint,
  endpointOf,
  mirrorEndpoint,
  mirrorsBefore,
  type RegistrySettings,
} from "./settings.ts";

/**
 * Makes a client of registries: it keeps tokens, and which registries have the referrers API, for all repositories it
 * opens. A repository object keeps the manifests it fetched, so open one per question.
 *
 * @param ports `credentials` are asked by registry host, or mirror host where there is a mirror.
 */
export function createRegistryClient(
  ports: ClientPorts,
  settings: RegistrySettings = DEFAULT_REGISTRY_SETTINGS,
): OpenRepository {
  const parts = createParts(ports, settings, "pull");
  return (reference, options) => parts(reference, options).repository;
}

/** The same for a client that pushes too: it asks for tokens that may do both. */
export function createPushClient(
  ports: ClientPorts & PushPorts,
  settings: RegistrySettings = DEFAULT_REGISTRY_SETTINGS,
): OpenWritableRepository {
  const parts = createParts(ports, settings, "pull,push");
  return (reference) => {
    const { connection, content, repository } = parts(reference);
    return {
      ...repository,
      attach: (artifact, options) => attach(connection, content, artifact, ports, options),
    };
  };
}

type ClientPorts = Pick<Ports, "crypto" | "credentials"> & TransportPorts;

function createParts(ports: ClientPorts, settings: RegistrySettings, actions: Audience["actions"]) {
  const authorizer = createAuthorizer(ports, settings);
  const flights = createFlights<Answer>(ports);
  const rests = createMirrorRests(ports);
  const supports = new Map<string, ReferrersSupport>();
  /** Mirrors differ from their registry in what they can do. */
  const supportOf = (mirror: string): ReferrersSupport => {
    const support = supports.get(mirror) ?? createReferrersSupport(ports.now);
    supports.set(mirror, support);
    return support;
  };
  const open = (
    reference: Reference,
    support: ReferrersSupport,
    credentials: CredentialSource,
    endpoint: () => Endpoint,
  ) => {
    const connection = connect(reference, authorizer, ports, settings, { flights, actions, credentials, endpoint });
    const content = createContent(connection, ports.crypto, { head: settings.redirect === "manual" });
    const repository: Repository = {
      name: repositoryName(reference),
      principal: (call) => connection.principal(call),
      resolve: (tagOrDigest, call) => content.resolve(tagOrDigest, call),
      fetchManifest: (descriptor, call) => content.fetchManifest(descriptor, call),
      fetchBlob: (descriptor, { maxBytes, ...call }) => content.fetchBlob(descriptor, maxBytes, call),
      listReferrers: (subject, options) => listReferrers(connection, content, support, subject.digest, options),
    };
    return { connection, content, repository };
  };
  return (reference: Reference, options: OpenOptions = {}) => {
    const { registry } = reference;
    const credentials = options.credentials?.(ports.credentials) ?? ports.credentials;
    const own = open(reference, supportOf(""), credentials, () => endpointOf(registry, settings));
    const urls = actions === "pull" ? mirrorsBefore(registry, settings) : [];
    if (urls.length === 0) return own;
    const mirrors = urls.map((url) => ({
      url,
      repository: open(reference, supportOf(url), credentials, () => mirrorEndpoint(registry, url)).repository,
    }));
    return { ...own, repository: openMirrored(mirrors, own.repository, rests, ports) };
  };
}
