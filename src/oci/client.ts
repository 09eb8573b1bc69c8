/** Registries as repositories: what a client keeps between questions, and the parts each repository is made of. */
import type { Ports } from "../ports.ts";
import { createAuthorizer } from "./auth.ts";
import { connect } from "./connection.ts";
import { createReferrersSupport, listReferrers } from "./referrers.ts";
import { repositoryName } from "./reference.ts";
import type { OpenRepository } from "./repository.ts";
import { createContent } from "./resolve.ts";
import { DEFAULT_REGISTRY_SETTINGS, type RegistrySettings } from "./settings.ts";

/**
 * Makes a client of registries: it keeps tokens, and which registries have the referrers API, for all repositories it
 * opens. A repository object keeps the manifests it fetched, so open one per question.
 *
 * @param ports `credentials` are asked by registry host, or mirror host where there is a mirror.
 */
export function createRegistryClient(
  ports: Pick<Ports, "fetch" | "sleep" | "crypto" | "credentials" | "now">,
  settings: RegistrySettings = DEFAULT_REGISTRY_SETTINGS,
): OpenRepository {
  const authorizer = createAuthorizer(ports, settings);
  const support = createReferrersSupport(ports.now);
  return (reference) => {
    const connection = connect(reference, authorizer, ports, settings);
    const content = createContent(connection, ports.crypto, { head: settings.redirect === "manual" });
    return {
      name: repositoryName(reference),
      resolve: (tagOrDigest, { signal }) => content.resolve(tagOrDigest, signal),
      fetchManifest: (descriptor, { signal }) => content.fetchManifest(descriptor, signal),
      fetchBlob: (descriptor, { maxBytes, signal }) => content.fetchBlob(descriptor, maxBytes, signal),
      listReferrers: (subject, options) => listReferrers(connection, content, support, subject.digest, options),
    };
  };
}
