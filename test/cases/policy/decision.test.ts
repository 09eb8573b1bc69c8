import { describe, expect, it } from "vitest";
import { refusal } from "../../../src/errors.ts";
import { decide, type ImageResponse, type RuleResponse, type RuleStatus } from "../../../src/policy/mod.ts";
import { createRequest } from "./requests.ts";

function image(status: RuleStatus, message = `it is ${status}`, more: Partial<ImageResponse> = {}): ImageResponse {
  return {
    image: "ghcr.io/o/a:1",
    pointer: "/spec/containers/0/image",
    container: "c",
    status,
    message,
    outcomes: [],
    ...more,
  };
}

function rule(images: readonly ImageResponse[], more: Partial<RuleResponse> = {}): RuleResponse {
  return { policy: "p", policyNamespace: "", rule: "r", action: "Enforce", failurePolicy: "Fail", images, ...more };
}

const outage = { refusal: refusal("ERR_REGISTRY_UNAVAILABLE", "Cannot connect") };
const late = { refusal: refusal("ERR_DEADLINE", "Ran out of time") };
const spent = { refusal: refusal("ERR_REQUEST_BUDGET", "Cannot ask: all requests were made") };
const refused = { refusal: refusal("IMAGE_REFERENCE_INVALID", "Cannot parse") };

describe("decide()", () => {
  it.each<[name: string, responses: readonly RuleResponse[], allowed: boolean]>([
    ["nothing", [], true],
    ["pass", [rule([image("pass")])], true],
    ["skip", [rule([image("skip")])], true],
    ["fail, Enforce", [rule([image("fail")])], false],
    ["fail, Audit", [rule([image("fail")], { action: "Audit" })], true],
    ["fail, Enforce, Ignore", [rule([image("fail")], { failurePolicy: "Ignore" })], false],
    ["pass and fail", [rule([image("pass"), image("fail")])], false],
    ["an outage, Enforce, Fail", [rule([image("error", "", outage)])], false],
    ["an outage, Audit, Fail", [rule([image("error", "", outage)], { action: "Audit" })], false],
    ["an outage, Enforce, Ignore", [rule([image("error", "", outage)], { failurePolicy: "Ignore" })], true],
    ["time over, Enforce, Ignore", [rule([image("error", "", late)], { failurePolicy: "Ignore" })], false],
    ["requests over, Enforce, Ignore", [rule([image("error", "", spent)], { failurePolicy: "Ignore" })], false],
    ["time over for a rule, Enforce, Ignore", [
      rule([], { failurePolicy: "Ignore", whole: { status: "error", message: "late", pointers: [], ...late } }),
    ], false],
    ["an outage, Ignore, beside a policy of Fail", [
      rule([image("error", "", outage)], { failurePolicy: "Ignore" }),
      rule([image("pass")], { policy: "q" }),
    ], false],
    ['no reference, Enforce, Ignore: "refusal-is-no-outage"', [
      rule([image("error", "", refused)], { failurePolicy: "Ignore" }),
    ], false],
    [
      "no reference, Audit, Ignore",
      [rule([image("error", "", refused)], { failurePolicy: "Ignore", action: "Audit" })],
      true,
    ],
    ["an error without a reason, Enforce, Ignore", [rule([image("error")], { failurePolicy: "Ignore" })], false],
  ])("%s", (_, responses, allowed) => {
    const decision = decide(responses, createRequest(), "mutate");
    expect(decision.allowed).toBe(allowed);
    expect(decision.message === "").toBe(allowed);
    expect(decision.responses).toEqual(responses);
  });

  it("names policies and rules in order, failures alone, and a rule's images on lines", () => {
    const responses = [
      rule([image("fail", "z: one"), image("pass", "not this"), image("error", "z: two")], { policy: "b", rule: "r" }),
      rule([image("fail", "plain")], { policy: "a", rule: "r2" }),
      rule([image("fail", "plain")], { policy: "a", rule: "r1" }),
      rule([image("pass")], { policy: "c" }),
    ];
    const expected = "\n\nresource Pod/default/test was blocked due to the following policies \n\n" +
      "a:\n  r1: plain\n  r2: plain\nb:\n  r: |-\n    z: one\n    z: two\n";
    expect(decide(responses, createRequest(), "mutate").message).toBe(expected);
    expect(decide([...responses].reverse(), createRequest(), "mutate").message).toBe(expected);
  });

  it("puts policies of one name in two namespaces under that name, losing neither", () => {
    const responses = ["a", "b"].map((policyNamespace) =>
      rule([image("fail", `in ${policyNamespace}`)], { policyNamespace })
    );
    const message = "\np:\n  r: |-\n    in a\n    in b\n";
    expect(decide(responses, createRequest(), "mutate").message).toContain(message);
    expect(decide([...responses].reverse(), createRequest(), "mutate").message).toContain(message);
  });

  it.each([
    ["generateName", { name: "", object: { metadata: { generateName: "web-" } } }, "Pod/default/"],
    ["a name in the object alone", { name: "", object: { metadata: { name: "web" } } }, "Pod/default/web"],
    ["no namespace", { namespace: "", kind: "Node" }, "Node//test"],
    ["a name nobody should print", { name: "a\u001b[2J" }, "Pod/default/a\\x1b[2J"],
  ])("says which resource: %s", (_, request, resource) => {
    const { message } = decide([rule([image("fail")])], createRequest(request), "mutate");
    expect(message.startsWith(`\n\nresource ${resource} was blocked`), message).toBe(true);
  });

  it("warns of what fails and is admitted, and of what was left out while mutating", () => {
    const responses = [rule([image("fail", "f"), image("skip", "s"), image("pass", "p")], { action: "Audit" })];
    expect(decide(responses, createRequest(), "mutate").warnings).toEqual(["policy p.r: f", "policy p.r: s"]);
    expect(decide(responses, createRequest(), "validate").warnings).toEqual(["policy p.r: f"]);
    expect(decide([...responses, rule([image("fail")])], createRequest(), "mutate").warnings).toEqual([]);
  });

  it("annotates the audit event with what Audit rules found, under names the API server takes", () => {
    const audit = { action: "Audit", failurePolicy: "Ignore" } as const;
    const long = { policy: "p".repeat(63), ...audit };
    const { auditAnnotations } = decide(
      [
        rule([image("fail", "f"), image("pass")], { rule: "my rule", ...audit }),
        rule([image("error", "e", outage)], { rule: "x", ...audit }),
        rule([image("fail", "1")], { ...long, rule: "a" }),
        rule([image("fail", "2")], { ...long, rule: "b" }),
        rule([image("pass")], { rule: "y", ...audit }),
      ],
      createRequest(),
      "validate",
    );
    expect(auditAnnotations).toEqual({
      "p.my-rule": "fail: f",
      "p.x": "error: e",
      [`${"p".repeat(63)}`]: "fail: 1",
      [`${"p".repeat(61)}-2`]: "fail: 2",
    });
    for (const name of Object.keys(auditAnnotations)) {
      expect(name).toMatch(/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/);
    }
  });

  it("patches in the mutating webhook alone, and only what is admitted", () => {
    const pinned = image("pass", "v", {
      pin: { value: "ghcr.io/o/a:1@sha256:0", digest: `sha256:${"0".repeat(64)}` },
    });
    const patches = (phase: "mutate" | "validate", more: readonly RuleResponse[] = []) =>
      decide([rule([pinned]), ...more], createRequest(), phase).patches.length;
    expect(patches("mutate")).toBe(1);
    expect(patches("validate")).toBe(0);
    expect(patches("mutate", [rule([image("fail")], { rule: "s" })])).toBe(0);
  });
});
