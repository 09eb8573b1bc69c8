/** Requests and resources for the tests of this room. */
import type { KubernetesObject, PolicyRequest } from "../../../src/policy/mod.ts";

/** A request to create a Pod, with some of it changed. */
export function createRequest(changes: Partial<PolicyRequest> = {}): PolicyRequest {
  return {
    uid: "u",
    operation: "CREATE",
    group: "",
    version: "v1",
    kind: "Pod",
    subresource: "",
    namespace: "default",
    name: "test",
    object: podWith(["ghcr.io/kyverno/test-verify-image:signed"]),
    dryRun: false,
    userInfo: { username: "someone", groups: [] },
    ...changes,
  };
}

/** A Pod with one container per image. */
export function podWith(images: readonly string[], more: Readonly<Record<string, unknown>> = {}): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "test", namespace: "default" },
    spec: { containers: images.map((image, at) => ({ name: `c${at}`, image })) },
    ...more,
  };
}
