/** Policies and what they read, as they come when something went wrong: each refused in words that say what to do. */
import { performance } from "node:perf_hooks";
import { describe, expect, it } from "vitest";
import { loadPolicies } from "../../../src/policy/mod.ts";
import type { Cluster } from "../../../src/ports.ts";
import { certificate, load, type PolicyChanges, policyDocument, trusting } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto, NOW } from "./world.ts";

const good = trusting("fixture-signer");
const attestors = (...sets: readonly unknown[]): PolicyChanges => ({ verify: { attestors: sets } });

describe("a bad policy is refused at load, and then refuses what it was about", () => {
  it.each<[name: string, changes: PolicyChanges, reason: string]>([
    [
      "attestors empty",
      attestors(),
      "0 attestor sets, expected 1 or more: leave the field out to pin digests without verifying",
    ],
    ["entries empty", attestors({ entries: [] }), "An entry is required"],
    ["count above entries", attestors({ count: 2, entries: [good] }), "Count cannot exceed length of entries (2 of 1)"],
    ["keys", attestors({ entries: [{ keys: { publicKeys: "x" } }] }), "Keys field is not allowed for type notary"],
    ["certificates missing", attestors({ entries: [{ certificates: {} }] }), "cert or certChain required"],
    [
      "nothing in an entry",
      attestors({ entries: [{}] }),
      "keys, certificates, keyless, or a nested attestor is required",
    ],
    [
      "Audit with mutateDigest",
      { spec: { validationFailureAction: "Audit" } },
      "mutateDigest must be set to false for ‘Audit’ failure action " +
      "(set mutateDigest: false, or the failure action to Enforce)",
    ],
  ])("%s", async (_, changes, reason) => {
    const text = JSON.stringify(policyDocument(changes));
    const { policies, problems } = await loadPolicies([{ source: "p", text }], crypto);
    expect(problems.map((problem) => problem.reason)).toEqual([reason]);
    const decision = await ask(await createWorld(), policies, createRequest());
    expect(decision.allowed).toBe(false);
    expect(decision.responses[0]?.whole?.message).toContain(reason);
  });

  it.each<[name: string, changes: PolicyChanges]>([
    ["mutateDigest: false", { verify: { mutateDigest: false } }],
    ["an action of the entry", { verify: { failureAction: "Enforce" } }],
    ["an action of the policy", { spec: { validationFailureAction: "Enforce" } }],
  ])("Audit has a way out: %s", async (_, { spec = {}, verify = {} }) => {
    await load(policyDocument({ spec: { validationFailureAction: "Audit", ...spec }, verify }));
  });
});

const KEYS = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "keys", namespace: "default" } };
const context = [{ name: "keys", configMap: { name: "keys", namespace: "default" } }];

async function decide(changes: PolicyChanges, data?: Readonly<Record<string, string>>, object = podWith([SIGNED])) {
  const world = await createWorld();
  // As an API server would answer that has no limit of its own.
  const cluster: Cluster = {
    get: () => Promise.resolve(data === undefined ? undefined : { ...KEYS, data }),
    list: () => Promise.resolve([]),
    read: () => Promise.resolve(undefined),
  };
  const ports = { open: world.open, crypto, now: () => NOW, cluster };
  return await ask(world, await load(policyDocument(changes)), createRequest({ object }), { ports });
}

const SIGNED = "ghcr.io/kyverno/test-verify-image:signed";
const fromKeys = (expression: string): PolicyChanges => ({
  rule: {
    context,
    verifyImages: [{
      type: "Notary",
      imageReferences: ["ghcr.io/kyverno/test-verify-image*"],
      attestors: [{ entries: [{ certificates: { cert: expression } }] }],
    }],
  },
});
const condition = (key: string): PolicyChanges => ({
  rule: { preconditions: { all: [{ key, operator: "Equals", value: true }] } },
});

describe("what a policy reads is bad", () => {
  it("variables that do not resolve deny in Kyverno's words", async () => {
    const { allowed, responses } = await decide(fromKeys("{{ keys.data.certificate }}"));
    expect(allowed).toBe(false);
    expect(responses[0]?.whole?.message).toBe(
      "failed to substitute variables: failed to resolve keys.data.certificate at path " +
        "/verifyImages/0/attestors/0/entries/0/certificates/cert: failed to retrieve config map for context entry keys: " +
        'failed to get configmap default/keys : configmaps "keys" not found',
    );
    expect((await decide(fromKeys("{{ keys.data.other }}"), { certificate: "x" })).responses[0]?.whole?.message)
      .toContain('Unknown key "other" in path');
  });

  it("variables in what a variable stands for are no variables, so nothing comes round again", async () => {
    const { allowed, message } = await decide(fromKeys("{{ keys.data.a }}"), {
      a: "{{ keys.data.b }}",
      b: "{{ keys.data.a }}",
    });
    expect(allowed).toBe(false);
    expect(message).not.toContain("internal");
  });

  it("a regular expression that elsewhere runs for ever ends at once", async () => {
    const object = podWith([SIGNED], { metadata: { name: "test", labels: { a: "a".repeat(5_000) + "!" } } });
    const from = performance.now();
    const decision = await decide(
      condition("{{ regex_match('^(a+)+$', request.object.metadata.labels.a) }}"),
      {},
      object,
    );
    expect(performance.now() - from).toBeLessThan(5_000);
    expect(decision.responses[0]?.whole).toMatchObject({ status: "skip" });
  });

  it("a ConfigMap of 5 MB is refused, however little of it is asked for", async () => {
    const data = { certificate: certificate("fixture-signer"), rest: "x".repeat(5_000_000) };
    const { allowed, responses } = await decide(fromKeys("{{ keys.data.certificate }}"), data);
    expect(allowed).toBe(false);
    expect(responses[0]?.whole).toMatchObject({ status: "error" });
    // The same without what makes it large.
    expect((await decide(fromKeys("{{ keys.data.certificate }}"), { certificate: data.certificate })).allowed).toBe(
      true,
    );
  });
});
