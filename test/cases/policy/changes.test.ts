import { describe, expect, it } from "vitest";
import { equalJson, needsNoPolicy } from "../../../src/policy/changes.ts";
import type { KubernetesObject, PolicyRequest } from "../../../src/policy/mod.ts";
import { createRequest, podWith } from "./requests.ts";

const deleting = { deletionTimestamp: "2027-01-01T00:00:00Z", finalizers: ["a"] };

function update(before: KubernetesObject, after: KubernetesObject, more: Partial<PolicyRequest> = {}): PolicyRequest {
  return createRequest({ operation: "UPDATE", oldObject: before, object: after, ...more });
}

const a = podWith(["a:1"]);
const b = podWith(["b:1"]);
const dying = (object: KubernetesObject, metadata: unknown = deleting) => ({ ...object, metadata });

describe("needsNoPolicy()", () => {
  const { object: _, ...withoutObject } = createRequest();
  it.each<[name: string, request: PolicyRequest, passes: boolean]>([
    ["CREATE", createRequest(), false],
    ["DELETE", { ...withoutObject, operation: "DELETE", oldObject: a }, true],
    ["CONNECT", createRequest({ operation: "CONNECT", kind: "PodExecOptions" }), true],
    ["UPDATE of metadata", update(a, { ...a, metadata: { name: "test", labels: { x: "y" } } }), true],
    ["UPDATE of status", update(a, { ...a, status: { phase: "Running" } }), true],
    [
      "UPDATE that writes the same in another order",
      update(a, { spec: a["spec"], metadata: {}, kind: "Pod", apiVersion: "v1" }),
      true,
    ],
    ["UPDATE of an image", update(a, b), false],
    ["UPDATE of the rest of spec", update(a, { ...a, spec: { ...a["spec"] as object, priority: 1 } }), false],
    ["UPDATE of something beside spec", update(a, { ...a, data: 1 }), false],
    ["UPDATE without the old object", createRequest({ operation: "UPDATE" }), false],
    ["UPDATE that adds a container", update(a, podWith(["a:1", "a:1"])), false],
    ["deleting: finalizers taken off", update(dying(a), dying(a, { ...deleting, finalizers: [] })), true],
    [
      "deleting: spec changes, images do not",
      update(dying(a), { ...dying(a), spec: { ...a["spec"] as object, priority: 1 } }),
      true,
    ],
    ["deleting: an image changes", update(dying(a), dying(b)), false],
    [
      "deleting: an ephemeral container changes",
      update(
        dying({ spec: { ephemeralContainers: [{ name: "e", image: "a:1" }] } }),
        dying({ spec: { ephemeralContainers: [{ name: "e", image: "b:1" }] } }),
      ),
      false,
    ],
    ["deleting: a text that is no image changes", update(dying(podWith(["A/B/c"])), dying(podWith(["A/B/d"]))), false],
    [
      "the new object alone says deleting",
      update(a, dying({ ...a, spec: { ...a["spec"] as object, priority: 1 } })),
      false,
    ],
    ["a CREATE that says deleting", createRequest({ object: dying(a) }), false],
    [
      "deletionTimestamp that is none",
      update(dying(a, { deletionTimestamp: null }), { ...a, spec: { ...a["spec"] as object, x: 1 } }),
      false,
    ],
  ])("%s", (_, request, passes) => {
    expect(needsNoPolicy(request)).toBe(passes);
  });
});

describe("equalJson()", () => {
  it.each<[unknown, unknown, boolean]>([
    [1, 1, true],
    [1, "1", false],
    [null, undefined, false],
    [{}, [], false],
    [{ a: undefined }, {}, false],
    [[1, [2]], [1, [2]], true],
    [[1, 2], [2, 1], false],
    [{ a: 1, b: { c: [] } }, { b: { c: [] }, a: 1 }, true],
    [{ a: 1 }, { a: 1, b: 1 }, false],
    [{ a: 1, b: 1 }, { a: 1 }, false],
    [{ constructor: 1 }, { a: 1 }, false],
  ])("%j and %j: %s", (one, other, equal) => {
    expect(equalJson(one, other)).toBe(equal);
    expect(equalJson(other, one)).toBe(equal);
  });
});
