import { describe, expect, it } from "vitest";
import { loadPolicies } from "../../../src/policy/mod.ts";
import { certificate, EXAMPLE, type PolicyChanges, policyDocument, trusting } from "./policies.ts";
import { crypto } from "./world.ts";

const loadText = (text: string) => loadPolicies([{ source: "p.yaml", text }], crypto);
const loadChanged = (changes: PolicyChanges) => loadText(JSON.stringify(policyDocument(changes), null, 1));

const VERIFY = "spec.rules[0].verifyImages[0]";
const v1 = (verify: Record<string, unknown>): PolicyChanges => ({ apiVersion: "kyverno.io/v1", verify });
const match = (resources: Record<string, unknown>): PolicyChanges => ({ rule: { match: { any: [{ resources }] } } });
const attestors = (...sets: readonly unknown[]): PolicyChanges => ({ verify: { attestors: sets } });

describe("loadPolicies() loads", () => {
  it("the example policy", async () => {
    const { policies, problems } = await loadText(EXAMPLE);
    expect(problems).toEqual([]);
    expect(policies).toMatchObject([{
      name: "check-image-notary",
      namespace: "",
      source: "p.yaml",
      ignored: [],
      timeoutSeconds: 30,
      failurePolicy: "Fail",
    }]);
  });

  it.each([
    ["kyverno.io/v1", "ClusterPolicy"],
    ["kyverno.io/v2beta1", "ClusterPolicy"],
    ["kyverno.io/v1", "Policy"],
    ["kyverno.io/v2beta1", "Policy"],
  ])("%s %s", async (apiVersion, kind) => {
    const metadata = kind === "Policy" ? { namespace: "team" } : {};
    const { policies, problems } = await loadChanged({ apiVersion, kind, metadata });
    expect(problems).toEqual([]);
    expect(policies[0]?.namespace).toBe(kind === "Policy" ? "team" : "");
  });

  it("Kyverno's defaults where a policy is silent", async () => {
    const spec = { failurePolicy: undefined, webhookTimeoutSeconds: undefined };
    expect((await loadChanged({ spec })).policies[0]).toMatchObject({ failurePolicy: "Fail", timeoutSeconds: 10 });
    const webhookConfiguration = { failurePolicy: "Ignore", timeoutSeconds: 7 };
    expect((await loadChanged({ spec: { ...spec, webhookConfiguration } })).policies[0])
      .toMatchObject({ failurePolicy: "Ignore", timeoutSeconds: 7 });
  });

  it("null as a field that is not there", async () => {
    expect((await loadChanged({ spec: { applyRules: null }, verify: { attestations: null } })).problems).toEqual([]);
  });

  it.each(["*", "ghcr.io/org/*", "localhost/a:1", "registry:5000/a:*", "ngin?/a:*", "nginx*", "KYVERNO/app:*"])(
    "the image reference %s, which some image fits",
    async (reference) => {
      expect((await loadChanged({ verify: { imageReferences: [reference] } })).problems).toEqual([]);
    },
  );

  it("nested attestors, count 0 and certChain", async () => {
    const nested = { attestor: { count: 0, entries: [trusting("p-256-self"), trusting("p-384-self")] } };
    const chain = { certificates: { certChain: certificate("release-root") + certificate("release-intermediate") } };
    expect((await loadChanged(attestors({ entries: [nested, chain] }))).problems).toEqual([]);
  });
});

describe("loadPolicies() refuses", () => {
  it("two rules of one name", async () => {
    const rules = [1, 2].map(() => (policyDocument()["spec"] as { rules: object[] }).rules[0]);
    expect((await loadChanged({ spec: { rules } })).problems)
      .toMatchObject([{ path: "spec.rules[1].name", reason: "Duplicate rule name: 'verify-signature-notary'" }]);
  });

  it("every problem of a document, not only the first", async () => {
    const { problems } = await loadChanged({
      spec: { failurePolicy: "x", foo: 1 },
      verify: { type: "Cosign", imageReferences: [] },
    });
    expect(problems.map(({ path }) => path).sort()).toEqual([
      "spec.failurePolicy",
      "spec.foo",
      VERIFY,
      `${VERIFY}.type`,
    ]);
  });

  it.each([
    ["another kind", "apiVersion: v1\nkind: ConfigMap\n", "ERR_POLICY_KIND"],
    ["another version", "apiVersion: kyverno.io/v3\nkind: ClusterPolicy\n", "ERR_POLICY_KIND"],
    ["no kind", "a: 1\n", "ERR_POLICY_KIND"],
    ["a list", "- 1\n", "ERR_POLICY_KIND"],
    ["a text", "hello\n", "ERR_POLICY_KIND"],
    ["no spec", "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata:\n  name: a\n", "ERR_POLICY_FIELD"],
    ["a key twice", "apiVersion: kyverno.io/v1\napiVersion: kyverno.io/v1\n", "ERR_YAML"],
    ["no YAML", "a: [\n", "ERR_YAML"],
  ])("%s", async (_, text, code) => {
    const { policies, problems } = await loadText(text);
    expect(policies.map((policy) => policy.problems)).toEqual([problems]);
    expect(problems[0]).toMatchObject({ file: "p.yaml", code });
  });

  it("the second of two policies of one name, and says where the first is", async () => {
    const file = (source: string) => ({ source, text: EXAMPLE });
    const { policies, problems } = await loadPolicies([file("a.yaml"), file("b.yaml")], crypto);
    expect(policies.map(({ source, problems }) => [source, problems.length])).toEqual([["a.yaml", 0], ["b.yaml", 1]]);
    expect(problems).toMatchObject([{
      file: "b.yaml",
      line: 7,
      path: "metadata.name",
      reason: expect.stringContaining("a.yaml"),
    }]);
  });

  it("nothing it prints raw", async () => {
    const evil = "\u001b[2J\u202e";
    const { problems } = await loadPolicies([{
      source: `p${evil}.yaml`,
      text: JSON.stringify(policyDocument({ spec: { [`x${evil}`]: 1 }, verify: { type: evil }, rule: { name: evil } })),
    }], crypto);
    expect(problems.length).toBeGreaterThan(2);
    // deno-lint-ignore no-control-regex
    expect(problems.flatMap((one) => Object.values(one)).join()).not.toMatch(/[\u0000-\u001f\u202e]/);
  });
});

describe("loadPolicies() takes no document down for another", () => {
  const good = JSON.stringify(policyDocument());

  it.each([
    ["before", `a: [\n---\n${good}\n`, 2],
    ["behind", `${good}\n---\nb: 1\na: [\n`, 5],
    [
      "between",
      `${EXAMPLE}\n---\n{a: b: c}\n---\n${JSON.stringify(policyDocument({ metadata: { name: "other" } }))}\n`,
      undefined,
    ],
  ])("when one %s is no YAML", async (_, text, line) => {
    const { policies, problems } = await loadText(text);
    expect(policies.map(({ name }) => name)).toContain("check-image-notary");
    expect(problems).toMatchObject([{ file: "p.yaml", code: "ERR_YAML" }]);
    if (line !== undefined) expect(Math.abs((problems[0]?.line ?? 0) - line)).toBeLessThanOrEqual(1);
  });

  it("when one has a wrong field", async () => {
    const bad = JSON.stringify(policyDocument({ metadata: { name: "bad" }, spec: { foo: 1 } }));
    const { policies, problems } = await loadText(`${bad}\n---\n${good}\n`);
    expect(policies.map(({ name, problems }) => [name, problems.length])).toEqual([["bad", 1], [
      "check-image-notary",
      0,
    ]]);
    expect(problems).toMatchObject([{ path: "spec.foo", line: 1 }]);
  });

  it("when a file is empty", async () => {
    expect(await loadPolicies([{ source: "e.yaml", text: "\n---\n# nothing\n---\n" }], crypto)).toEqual({
      policies: [],
      exceptions: [],
      problems: [],
    });
  });
});

describe("loadPolicies() lists what it ignores", () => {
  const ignoredBy = async (changes: PolicyChanges) => {
    const { policies, problems } = await loadChanged(changes);
    expect(problems).toEqual([]);
    return policies[0]?.ignored.map(({ path }) => path);
  };

  it.each<[PolicyChanges, string]>([
    [{ metadata: { labels: { a: "b" } } }, "metadata.labels"],
    [
      { metadata: { annotations: { "policies.kyverno.io/title": "x" } } },
      'metadata.annotations["policies.kyverno.io/title"]',
    ],
    [{ metadata: { namespace: "a" } }, "metadata.namespace"],
    ...[
      "generateName",
      "uid",
      "resourceVersion",
      "generation",
      "creationTimestamp",
      "deletionTimestamp",
      "deletionGracePeriodSeconds",
      "managedFields",
      "ownerReferences",
      "finalizers",
      "selfLink",
    ]
      .map((field): [PolicyChanges, string] => [{ metadata: { [field]: "x" } }, `metadata.${field}`]),
    ...[
      "emitWarning",
      "schemaValidation",
      "mutateExistingOnPolicyUpdate",
      "generateExisting",
      "useServerSideApply",
    ]
      .map((field): [PolicyChanges, string] => [{ spec: { [field]: true } }, `spec.${field}`]),
    [{ rule: { skipBackgroundRequests: true } }, "spec.rules[0].skipBackgroundRequests"],
    [{ verify: { useCache: true } }, `${VERIFY}.useCache`],
    [{ verify: { repository: "x" } }, `${VERIFY}.repository`],
    [
      { verify: { imageRegistryCredentials: { allowInsecureRegistry: true } } },
      `${VERIFY}.imageRegistryCredentials.allowInsecureRegistry`,
    ],
    [v1({ cosignOCI11: true }), `${VERIFY}.cosignOCI11`],
    [
      attestors({ entries: [{ ...trusting("fixture-signer"), repository: "x" }] }),
      `${VERIFY}.attestors[0].entries[0].repository`,
    ],
    [
      attestors({ entries: [{ ...trusting("fixture-signer"), signatureAlgorithm: "sha256" }] }),
      `${VERIFY}.attestors[0].entries[0].signatureAlgorithm`,
    ],
    [match({ kinds: ["Pod", "ConfigMap"] }), "spec.rules[0].match.any[0].resources.kinds[1]"],
  ])("%j", async (changes, path) => {
    expect(await ignoredBy(changes)).toEqual([path]);
  });

  it("rules of other kinds, whatever they hold", async () => {
    const { rules: [rule] } = policyDocument()["spec"] as { rules: object[] };
    const others = [
      { name: "v", context: [{ name: "x" }], match: {}, validate: { message: "{{ x }}" } },
      { name: "m", mutate: { patchesJson6902: "x" } },
      { name: "g", generate: { kind: "ConfigMap" } },
    ];
    expect(await ignoredBy({ spec: { rules: [others[0], rule, ...others.slice(1)] } }))
      .toEqual(["spec.rules[0]", "spec.rules[2]", "spec.rules[3]"]);
    expect(await ignoredBy({ spec: { rules: others } })).toEqual(["spec.rules[0]", "spec.rules[1]", "spec.rules[2]"]);
  });

  it("the status of a policy that comes from a cluster", async () => {
    const { policies } = await loadText(JSON.stringify({ ...policyDocument(), status: { ready: true } }));
    expect(policies[0]?.ignored).toEqual([{ path: "status", reason: "the cluster writes it" }]);
  });
});
