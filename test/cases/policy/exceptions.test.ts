/** PolicyExceptions: what they leave out, what they do not, and which of them count. */
import { describe, expect, it } from "vitest";
import {
  type Decision,
  exceptionsIn,
  loadPolicies,
  type PolicyException,
  type PolicyRequest,
} from "../../../src/policy/mod.ts";
import { type PolicyChanges, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto, digestOf } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";
const SIGNED = `${REPOSITORY}:signed`;
const UNSIGNED = `${REPOSITORY}:unsigned`;
const RULE = "verify-signature-notary";
const SKIPPED = "rule is skipped due to policy exceptions";

const exceptionDocument = (spec: Json = {}, metadata: Json = {}, apiVersion = "kyverno.io/v2"): Json => ({
  apiVersion,
  kind: "PolicyException",
  metadata: { name: "legacy", namespace: "exceptions", ...metadata },
  spec: {
    match: { any: [{ resources: { kinds: ["Pod"] } }] },
    exceptions: [{ policyName: "check-image-notary", ruleNames: [RULE] }],
    ...spec,
  },
});

const forImages = (...images: readonly string[]): Json => ({
  annotations: { "edge-notary.dev/images": images.join(", ") },
});

async function read(...documents: readonly Json[]) {
  const files = documents.map((document, at) => ({ source: `${at}.json`, text: JSON.stringify(document) }));
  return await loadPolicies(files, crypto);
}

interface Asked extends Decision {
  readonly asked: readonly string[];
}

async function decide(
  request: PolicyRequest,
  exceptions: readonly Json[],
  changes: PolicyChanges = {},
  options: { readonly phase?: "mutate" | "validate" } = {},
): Promise<Asked> {
  const loaded = await read(policyDocument(changes), ...exceptions);
  expect(loaded.problems).toEqual([]);
  const world = await createWorld();
  const decision = await ask(world, loaded.policies, request, { exceptions: loaded.exceptions, ...options });
  return { ...decision, asked: world.asked };
}

const pod = (...images: readonly string[]) => createRequest({ object: podWith(images) });

describe("an exception", () => {
  it.each(["kyverno.io/v2", "kyverno.io/v2beta1"])("of %s leaves the rule out, in Kyverno's words", async (version) => {
    const { allowed, responses, asked, warnings, patches } = await decide(pod(UNSIGNED), [
      exceptionDocument({}, {}, version),
    ]);
    expect([allowed, asked, warnings, patches]).toEqual([true, [], [], []]);
    expect(responses).toMatchObject([{
      rule: RULE,
      images: [],
      whole: { status: "skip", message: `${SKIPPED}exceptions/legacy` },
    }]);
  });

  it("leaves it out for both webhooks", async () => {
    const { allowed, asked } = await decide(pod(UNSIGNED), [exceptionDocument()], {}, { phase: "validate" });
    expect([allowed, asked]).toEqual([true, []]);
  });

  it("counts only where somebody says so", async () => {
    const { policies } = await read(policyDocument(), exceptionDocument());
    expect((await ask(await createWorld(), policies, pod(UNSIGNED))).allowed).toBe(false);
  });

  it("is named beside the others that apply", async () => {
    const { responses } = await decide(pod(UNSIGNED), [
      exceptionDocument(),
      exceptionDocument({}, { name: "other", namespace: undefined }),
      exceptionDocument({ match: { any: [{ resources: { kinds: ["Deployment"] } }] } }, { name: "not-this" }),
    ]);
    expect(responses[0]?.whole?.message).toBe(`${SKIPPED}exceptions/legacy, other`);
  });

  const about: readonly (readonly [policyName: string, ruleNames: readonly string[], exempts: boolean])[] = [
    ["check-image-notary", [RULE], true],
    ["check-image-notary", ["*"], true],
    ["check-image-notary", ["verify-*-notary"], true],
    ["check-image-notary", ["other", "verify-signature-notar?"], true],
    ["check-image-notary", ["other"], false],
    ["check-image-notary", ["autogen-*"], false],
    ["check-image-*", ["*"], false],
    ["default/check-image-notary", ["*"], false],
    ["other", ["*"], false],
  ];

  it.each(about)("of policy %s and rules %j: %s", async (policyName, ruleNames, exempts) => {
    const { allowed } = await decide(pod(UNSIGNED), [exceptionDocument({ exceptions: [{ policyName, ruleNames }] })]);
    expect(allowed).toBe(exempts);
  });

  it.each([["check-image-notary", false], ["default/check-image-notary", true], ["other/check-image-notary", false]])(
    "names a Policy by its namespace: %s is %s",
    async (policyName, exempts) => {
      const { allowed } = await decide(
        pod(UNSIGNED),
        [exceptionDocument({ exceptions: [{ policyName, ruleNames: ["*"] }] })],
        { kind: "Policy", metadata: { namespace: "default" } },
      );
      expect(allowed).toBe(exempts);
    },
  );

  it("names rules for controllers by their own names", async () => {
    const object = { metadata: {}, spec: { template: { spec: { containers: [{ name: "c", image: UNSIGNED }] } } } };
    const request = createRequest({ kind: "Deployment", group: "apps", object });
    for (
      const [ruleName, exempts] of [[RULE, false], [`autogen-${RULE}`, true], ["autogen-cronjob-*", false]] as const
    ) {
      const { allowed } = await decide(request, [exceptionDocument({
        match: { any: [{ resources: { kinds: ["Deployment"] } }] },
        exceptions: [{ policyName: "check-image-notary", ruleNames: [ruleName] }],
      })]);
      expect([ruleName, allowed]).toEqual([ruleName, exempts]);
    }
  });

  const filters: readonly (readonly [match: Json, exempts: boolean])[] = [
    [{ any: [{ resources: { kinds: ["Pod"], namespaces: ["default"] } }] }, true],
    [{ any: [{ resources: { kinds: ["Pod"], namespaces: ["prod"] } }] }, false],
    [{ any: [{ resources: { kinds: ["Pod"], names: ["te*"] } }] }, true],
    [{ any: [{ resources: { namespaces: ["def*"] } }] }, true],
    [{ any: [{ resources: { kinds: ["Deployment"] } }, { resources: { names: ["test"] } }] }, true],
    [{ all: [{ resources: { kinds: ["Pod"] } }, { resources: { names: ["test"] } }] }, true],
    [{ all: [{ resources: { kinds: ["Pod"] } }, { resources: { names: ["other"] } }] }, false],
  ];

  it.each(filters)("matching %j: %s", async (match, exempts) => {
    expect((await decide(pod(UNSIGNED), [exceptionDocument({ match })])).allowed).toBe(exempts);
  });

  it('looks at the operation, too: "exception-operations"', async () => {
    const match = (operation: string) => ({ any: [{ resources: { kinds: ["Pod"], operations: [operation] } }] });
    expect((await decide(pod(UNSIGNED), [exceptionDocument({ match: match("CREATE") })])).allowed).toBe(true);
    expect((await decide(pod(UNSIGNED), [exceptionDocument({ match: match("UPDATE") })])).allowed).toBe(false);
  });

  it("of a name that is yet to be generated has to fit whatever it becomes", async () => {
    const request = createRequest({
      name: "",
      object: { metadata: { generateName: "web-" }, spec: { containers: [{ name: "c", image: UNSIGNED }] } },
    });
    for (const [name, exempts] of [["web-", false], ["web-*", true]] as const) {
      const match = { any: [{ resources: { kinds: ["Pod"], names: [name] } }] };
      expect((await decide(request, [exceptionDocument({ match })])).allowed).toBe(exempts);
    }
  });

  const conditions: readonly (readonly [conditions: Json, exempts: boolean])[] = [
    [{ any: [{ key: "{{ request.object.metadata.name }}", operator: "Equals", value: "test" }] }, true],
    [{ any: [{ key: "{{ request.object.metadata.name }}", operator: "Equals", value: "other" }] }, false],
    [{ all: [{ key: "{{ images.containers.c0.tag }}", operator: "Equals", value: "unsigned" }] }, true],
    [{ all: [{ key: "{{ images.containers.c0.tag }}", operator: "Equals", value: "signed" }] }, false],
    [{ all: [{ key: "{{ nothing.here }}", operator: "Equals", value: "a" }] }, false],
    [{ all: [{ key: "{{ nothing.here }}", operator: "NotEquals", value: "a" }] }, false],
  ];

  it.each(conditions)("on condition %j: %s", async (given, exempts) => {
    const { allowed } = await decide(pod(UNSIGNED), [exceptionDocument({ conditions: given })]);
    expect(allowed).toBe(exempts);
  });

  it('that cannot be evaluated takes no other down: "exception-conditions"', async () => {
    const broken = { all: [{ key: "{{ nothing.here }}", operator: "Equals", value: "a" }] };
    const { responses } = await decide(pod(UNSIGNED), [
      exceptionDocument({ conditions: broken }, { name: "broken" }),
      exceptionDocument(),
    ]);
    expect(responses[0]?.whole?.message).toBe(`${SKIPPED}exceptions/legacy`);
  });

  it("about labels of a namespace nobody can tell exempts nothing", async () => {
    const match = { any: [{ resources: { kinds: ["Pod"], namespaceSelector: { matchLabels: { a: "b" } } } }] };
    expect((await decide(pod(UNSIGNED), [exceptionDocument({ match })])).allowed).toBe(false);
  });

  it("does not exempt what is no image", async () => {
    const { allowed, message } = await decide(pod("UPPER CASE", UNSIGNED), [exceptionDocument()]);
    expect(allowed).toBe(false);
    expect(message).toContain("invalid image ''UPPER CASE''");
    expect(message).not.toContain("unsigned");
  });

  it("leaves a rule with failing preconditions to its preconditions", async () => {
    const preconditions = { all: [{ key: "a", operator: "Equals", value: "b" }] };
    const { responses } = await decide(pod(UNSIGNED), [exceptionDocument()], { rule: { preconditions } });
    expect(responses[0]?.whole?.message).toBe("preconditions not met");
  });
});

describe('an exception that names images: "exception-images"', () => {
  it("exempts those and no other of the same Pod", async () => {
    const exceptions = [exceptionDocument({}, forImages(`${REPOSITORY}:legacy`, `${REPOSITORY}:old*`))];
    const { allowed, responses, asked, message } = await decide(
      pod(`${REPOSITORY}:legacy`, UNSIGNED, `${REPOSITORY}:old-1`),
      exceptions,
    );
    expect(allowed).toBe(false);
    expect(responses[0]?.images.map(({ status, message }) => [status, message.split(":")[0]])).toEqual([
      ["skip", `${SKIPPED}exceptions/legacy`],
      ["fail", "failed to verify image ghcr.io/kyverno/test-verify-image"],
      ["skip", `${SKIPPED}exceptions/legacy`],
    ]);
    expect(message).not.toContain("legacy");
    expect(asked.filter((one) => /legacy|old-1/.test(one))).toEqual([]);
    expect(asked.filter((one) => one.startsWith("resolve"))).toEqual([`resolve ${REPOSITORY} unsigned`]);
  });

  it("asks nobody when it names every image", async () => {
    const { allowed, asked, patches, warnings } = await decide(pod(UNSIGNED), [
      exceptionDocument({}, forImages(UNSIGNED)),
    ]);
    expect([allowed, asked]).toEqual([true, []]);
    expect(patches.filter(({ op }) => op === "replace")).toEqual([]);
    expect(warnings).toEqual([`policy check-image-notary.${RULE}: ${SKIPPED}exceptions/legacy`]);
  });

  it("lets the others be verified and pinned", async () => {
    const { allowed, patches } = await decide(pod(UNSIGNED, SIGNED), [exceptionDocument({}, forImages(UNSIGNED))]);
    expect(allowed).toBe(true);
    expect(patches.filter(({ op }) => op === "replace")).toEqual([
      { op: "replace", path: "/spec/containers/1/image", value: `${SIGNED}@${digestOf(SIGNED)}` },
    ]);
  });

  const spellings = [
    `${REPOSITORY}@${digestOf(UNSIGNED)}`,
    `GHCR.IO/kyverno/test-verify-image:unsigned`,
    `ghcr.io:443/kyverno/test-verify-image:unsigned`,
    `${UNSIGNED}@${digestOf(UNSIGNED)}`,
  ];

  it.each(spellings)("is read as Kyverno writes an image: %s is another", async (image) => {
    const { allowed } = await decide(pod(image), [exceptionDocument({}, forImages(UNSIGNED))]);
    expect(allowed).toBe(false);
  });

  it("is wider beside one that names none", async () => {
    const { allowed, responses } = await decide(pod(UNSIGNED, `${REPOSITORY}:legacy`), [
      exceptionDocument({}, forImages(`${REPOSITORY}:legacy`)),
      exceptionDocument({}, { name: "wide" }),
    ]);
    expect(allowed).toBe(true);
    expect(responses[0]?.whole?.message).toBe(`${SKIPPED}exceptions/legacy, exceptions/wide`);
  });

  it("adding it never admits an image that it does not name", async () => {
    const others = [UNSIGNED, "ghcr.io/kyverno/test-verify-image:absent", "BAD IMAGE"];
    for (const other of others) {
      const request = pod(`${REPOSITORY}:legacy`, other);
      const without = await decide(request, []);
      const exceptions = [exceptionDocument({}, forImages(`${REPOSITORY}:legacy`))];
      expect([other, without.allowed, (await decide(request, exceptions)).allowed]).toEqual([other, false, false]);
    }
  });
});

describe("exceptionsIn()", () => {
  const named = (namespace: string) => ({ name: "a", namespace }) as PolicyException;
  const all = [named("one"), named("two"), named("")];

  it.each([["*", all], ["one", [all[0]]], ["three", []], ["", []], ["o*", []]] as const)(
    "%j",
    (namespace, expected) => {
      expect(exceptionsIn(all, namespace)).toEqual(expected);
    },
  );
});

describe("the gate of exceptions", () => {
  const rows: readonly (readonly [name: string, document: Json, path: string, reason: string])[] = [
    ["no name", exceptionDocument({}, { name: undefined }), "metadata.name", "it is missing"],
    ["no spec", { ...exceptionDocument(), spec: undefined }, "spec", "it is missing"],
    ["no match", exceptionDocument({ match: undefined }), "spec.match", "0 filters"],
    ["an empty match", exceptionDocument({ match: { any: [] } }), "spec.match", "0 filters"],
    ["any and all", exceptionDocument({ match: { any: [{}], all: [{}] } }), "spec.match", "Can't specify any and all"],
    ["no exceptions", exceptionDocument({ exceptions: [] }), "spec.exceptions", "0 exceptions"],
    [
      "no policy",
      exceptionDocument({ exceptions: [{ ruleNames: ["*"] }] }),
      "spec.exceptions[0].policyName",
      "An exception requires a policy name",
    ],
    [
      "no rules",
      exceptionDocument({ exceptions: [{ policyName: "a" }] }),
      "spec.exceptions[0].ruleNames",
      "0 rules: it would exempt nothing",
    ],
    [
      "no condition",
      exceptionDocument({ conditions: { any: [] } }),
      "spec.conditions.any",
      "0 conditions",
    ],
    [
      "no image",
      exceptionDocument({}, forImages("")),
      'metadata.annotations["edge-notary.dev/images"]',
      "0 images",
    ],
    [
      "a misspelt annotation",
      exceptionDocument({}, { annotations: { "edge-notary.dev/image": "a" } }),
      'metadata.annotations["edge-notary.dev/image"]',
      "no such annotation",
    ],
    ["a field nobody knows", exceptionDocument({ images: ["a"] }), "spec.images", "no such field"],
    [
      "who asks, in the background",
      exceptionDocument({ match: { any: [{ clusterRoles: ["a"] }] } }),
      "spec.match.any[0].clusterRoles",
      "only select variables are allowed in background mode",
    ],
  ];

  it.each(rows)("refuses %s", async (_, document, path, reason) => {
    const { exceptions, problems } = await read(document);
    expect(exceptions).toEqual([]);
    expect(problems.map((problem) => [problem.path, problem.code])).toContainEqual([path, "ERR_POLICY_EXCEPTION"]);
    expect(problems.find((problem) => problem.path === path)?.reason).toContain(reason);
  });

  it("takes who asks where nothing is scanned in the background", async () => {
    const match = { any: [{ clusterRoles: ["a"] }] };
    expect((await read(exceptionDocument({ match, background: false }))).problems).toEqual([]);
  });

  it("refuses a second of the same name, and takes the policies beside it", async () => {
    const { policies, exceptions, problems } = await read(
      exceptionDocument(),
      policyDocument(),
      exceptionDocument({ match: { any: [{ resources: { kinds: ["Pod"] } }] } }),
    );
    expect([policies.length, exceptions.length]).toEqual([1, 1]);
    expect(problems).toMatchObject([{ file: "2.json", path: "metadata.name", code: "ERR_POLICY_EXCEPTION" }]);
  });

  it("lists what it ignores", async () => {
    const { exceptions } = await read(exceptionDocument({ podSecurity: [] }));
    expect(exceptions[0]?.ignored.map(({ path }) => path)).toEqual(["spec.podSecurity"]);
  });
});
