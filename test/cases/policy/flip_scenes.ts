/** A policy with one field flipped, and all that is told of a request under it. */
import { UnavailableError } from "../../../src/errors.ts";
import { loadPolicies } from "../../../src/policy/mod.ts";
import type { KubernetesObject, Phase, PolicyRequest } from "../../../src/policy/mod.ts";
import type { Cluster } from "../../../src/ports.ts";
import { type PolicyChanges, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto, NOW } from "./world.ts";

export type Json = Readonly<Record<string, unknown>>;

export const SIGNED = "ghcr.io/kyverno/test-verify-image:signed";
export const UNSIGNED = "ghcr.io/kyverno/test-verify-image:unsigned";

/** What a scene may come to, as {@link tell} words it. */
export const ADMITTED = "ADMITTED";
export const DENIED = "DENIED";
export const NOT_LOADED = "NOT LOADED";

/** A policy, and what it is asked about: a Pod with one unsigned image where nothing else is said. */
export interface Scene extends PolicyChanges {
  readonly image?: string;
  readonly request?: Partial<PolicyRequest>;
  readonly phase?: Phase;
  readonly cluster?: Cluster;
  /** The registries do not answer. */
  readonly isDown?: true;
  /** A document beside the policy, whose exceptions count. */
  readonly exception?: Json;
}

/** A field, before and after it is flipped, with what is told in each case and not in the other. */
export interface Flip {
  readonly before: Scene;
  readonly after: Scene;
  readonly told: readonly [before: string, after: string];
}

/** The Pod of the scenes: with the label and the annotation `a: b`. */
const pod = (image: string): KubernetesObject =>
  podWith([image], {
    metadata: { name: "test", namespace: "default", labels: { a: "b" }, annotations: { a: "b" } },
  });

const unreachable = () =>
  Promise.reject(new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "Cannot ask the registry: it is down"));

/** Everything a reader of the answer can see: the decision, its message, pins, warnings, responses, properties. */
export async function tell({ image = UNSIGNED, request, phase, cluster, isDown, exception, ...changes }: Scene) {
  const documents = [policyDocument(changes), ...(exception === undefined ? [] : [exception])];
  const files = documents.map((document, at) => ({ source: `${at}.json`, text: JSON.stringify(document) }));
  const { policies, exceptions, problems } = await loadPolicies(files, crypto);
  if (problems.length > 0) {
    return [NOT_LOADED, ...problems.map(({ path, reason }) => `${path}: ${reason}`)].join("\n");
  }
  const world = await createWorld(() => isDown ? { resolve: unreachable } : {});
  const decision = await ask(world, policies, createRequest({ object: pod(image), ...request }), {
    ports: { open: world.open, crypto, now: () => NOW, ...(cluster === undefined ? {} : { cluster }) },
    phase: phase ?? "mutate",
    exceptions,
  });
  return [
    decision.allowed ? ADMITTED : DENIED,
    decision.message,
    ...policies.map(({ timeoutSeconds }) => `waits ${timeoutSeconds} s`),
    `pins ${decision.patches.filter(({ path }) => path.endsWith("/image")).length} images`,
    ...decision.warnings.map((warning) => `warning ${warning}`),
    ...decision.responses.flatMap(({ whole, images, reportProperties = new Map<string, string>() }) => [
      ...(whole === undefined ? [] : [`${whole.status}: ${whole.message}`]),
      ...images.map(({ status, message, container, outcomes }) =>
        `${status} ${container}: ${message} ${JSON.stringify(outcomes.map((one) => one.outcomes))}`
      ),
      ...[...reportProperties].map(([key, value]) => `property ${key}=${value}`),
    ]),
  ].join("\n");
}
