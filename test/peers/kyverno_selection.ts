/** Which images a rule looks at, and which it leaves out: extractors, rules for controllers, exceptions, Policies. */
import { type FixtureImages, type Json, type KyvernoCase, pod } from "./kyverno_cases.ts";

const RULE = "verify-signature-notary";

const task = (spec: unknown, metadata: Json = {}): Json => ({
  apiVersion: "tekton.dev/v1",
  kind: "Task",
  metadata: { name: "test", namespace: "default", ...metadata },
  spec,
});

const match = (...kinds: readonly string[]): Json => ({ any: [{ resources: { kinds } }] });

const exception = (spec: Json = {}, metadata: Json = {}, apiVersion = "kyverno.io/v2"): Json => ({
  apiVersion,
  kind: "PolicyException",
  metadata: { name: "legacy", namespace: "exceptions", ...metadata },
  spec: {
    match: match("Pod"),
    exceptions: [{ policyName: "check-image-notary", ruleNames: [RULE] }],
    ...spec,
  },
});

/** Objects that make a Pod with a label, and have none of their own. */
const makers: Readonly<Record<string, (image: string) => Json>> = {
  Pod: (image) => pod([image], {}, { labels: { checked: "yes" } }),
  Deployment: (image) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "test", namespace: "default" },
    spec: { template: templateOf(image) },
  }),
  CronJob: (image) => ({
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: "test", namespace: "default" },
    spec: { jobTemplate: { spec: { template: templateOf(image) } } },
  }),
};

function templateOf(image: string): Json {
  return { metadata: { labels: { checked: "yes" } }, spec: { containers: [{ name: "c0", image }] } };
}

/**
 * Every case about what is looked at.
 *
 * @param images References `host/repository:tag` in the registry both ask.
 */
export function selectionCases(images: FixtureImages): readonly KyvernoCase[] {
  const { signed, unsigned } = images;
  const extracted = (
    name: string,
    expect: KyvernoCase["expect"],
    extractors: readonly Json[],
    spec: unknown,
    more: Partial<KyvernoCase> = {},
  ): KyvernoCase => ({
    name: `extractors: ${name}`,
    expect,
    rule: { match: match("Task"), imageExtractors: { Task: extractors } },
    resource: task(spec),
    ...more,
  });
  const excepted = (
    name: string,
    expect: KyvernoCase["expect"],
    exceptions: readonly Json[],
    more: Partial<KyvernoCase> = {},
  ): KyvernoCase => ({ name: `exceptions: ${name}`, expect, exceptions, resource: pod([unsigned]), ...more });
  const steps = [{ path: "/spec/steps/*/image" }];
  const unpinned = { mutateDigest: false, verifyDigest: false };

  return [
    extracted("a member, signed", "admitted", [{ path: "/spec/image" }], { image: signed }),
    extracted("a member, unsigned", "denied", [{ path: "/spec/image" }], { image: unsigned }),
    extracted("a list", "denied", steps, { steps: [{ image: signed }, { image: unsigned }] }),
    extracted("an object", "denied", [{ path: "/spec/steps/*", value: "ref", key: "id" }], {
      steps: { a: { id: "1", ref: signed }, b: { id: "2", ref: unsigned } },
    }),
    extracted("blanks and no slash", "denied", [{ path: " spec / image " }], { image: unsigned }),
    extracted("nothing there", "admitted", [{ path: "/spec/image" }], { other: unsigned }),
    extracted("an empty image", "admitted", [{ path: "/spec/image" }], { image: "" }),
    extracted("text in place of an object", "denied", [{ path: "/spec/image/name" }], { image: "text" }, {
      ours: "denied",
    }),
    extracted("text in place of a list", "denied", steps, { steps: "text" }),
    extracted("a list of texts", "denied", steps, { steps: ["text"] }),
    extracted("no key", "denied", [{ path: "/spec", value: "image", key: "id" }], { image: signed }),
    extracted("a number", "admitted", [{ path: "/spec/image" }], { image: 5 }, {
      deviation: "extractor-value",
      ours: "denied",
    }),
    extracted("two of one name", "admitted", [{ path: "/spec/first" }, { path: "/spec/second" }], {
      first: unsigned,
      second: signed,
    }, { deviation: "extractors-of-one-name", ours: "denied" }),
    extracted("two names", "denied", [{ path: "/spec/first", name: "a" }, { path: "/spec/second", name: "b" }], {
      first: unsigned,
      second: signed,
    }),
    extracted("metadata", "denied", [{ path: "/metadata/image" }], {}, {
      resource: task({}, { image: unsigned }),
      deviation: "extractor-metadata",
      ours: "refused",
    }),
    extracted("jmesPath, signed", "admitted", [{ path: "/spec/image", jmesPath: "trim_prefix(@, 'docker://')" }], {
      image: `docker://${signed}`,
    }, { verify: unpinned }),
    extracted("jmesPath, unsigned", "denied", [{ path: "/spec/image", jmesPath: "trim_prefix(@, 'docker://')" }], {
      image: `docker://${unsigned}`,
    }, { verify: unpinned }),
    {
      name: "extractors: variables",
      expect: "denied",
      rule: {
        match: match("Task"),
        imageExtractors: { Task: [{ path: "/spec/steps/*", value: "image", key: "id", name: "steps" }] },
        preconditions: {
          all: [{ key: "{{ images.steps.main.tag }}", operator: "Equals", value: "unsigned" }],
        },
      },
      resource: task({ steps: [{ id: "main", image: unsigned }] }),
    },
    {
      name: "extractors: of a Pod stand for its containers",
      expect: "admitted",
      rule: { imageExtractors: { Pod: [{ path: "/spec/main" }] } },
      resource: pod([unsigned], { main: signed }),
    },

    ...Object.entries(makers).flatMap(([kind, make]): readonly KyvernoCase[] => {
      const labelled = (value: string): Json => ({
        preconditions: {
          all: [{ key: "{{ request.object.metadata.labels.checked || '' }}", operator: "Equals", value }],
        },
      });
      const cert = "{{ request.object.spec.missing }}";
      return [
        {
          name: `autogen: ${kind}, precondition holds`,
          expect: "denied",
          rule: labelled("yes"),
          resource: make(unsigned),
        },
        {
          name: `autogen: ${kind}, precondition fails`,
          expect: "admitted",
          rule: labelled("no"),
          resource: make(unsigned),
        },
        {
          name: `autogen: ${kind}, a variable of its Pod`,
          expect: "denied",
          verify: { attestors: [{ entries: [{ certificates: { cert } }] }] },
          resource: make(signed),
        },
        {
          name: `autogen: ${kind}, a name of 63 characters`,
          expect: "denied",
          rule: { name: "r".repeat(63) },
          resource: make(unsigned),
        },
        {
          name: `autogen: ${kind}, for CronJobs alone`,
          expect: kind === "Deployment" ? "admitted" : "denied",
          metadata: { annotations: { "pod-policies.kyverno.io/autogen-controllers": "CronJob" } },
          resource: make(unsigned),
        },
      ];
    }),
    {
      name: "autogen: a rule that is called so",
      expect: "denied",
      rules: [{}, { name: "autogen-own" }],
      resource: pod([unsigned]),
      deviation: "autogen-named-rule",
    },

    ...["kyverno.io/v2", "kyverno.io/v2beta1"].map((version) =>
      excepted(version, "admitted", [exception({}, {}, version)])
    ),
    excepted("two of them", "admitted", [exception(), exception({}, { name: "other" })]),
    excepted("by a pattern of rules", "admitted", [
      exception({ exceptions: [{ policyName: "check-image-notary", ruleNames: ["verify-*"] }] }),
    ]),
    excepted("of another rule", "denied", [
      exception({ exceptions: [{ policyName: "check-image-notary", ruleNames: ["other"] }] }),
    ]),
    excepted("of a pattern of policies", "denied", [
      exception({ exceptions: [{ policyName: "check-*", ruleNames: ["*"] }] }),
    ]),
    excepted("of another kind", "denied", [exception({ match: match("Deployment") })]),
    excepted("of another namespace", "denied", [
      exception({ match: { any: [{ resources: { kinds: ["Pod"], namespaces: ["prod"] } }] } }),
    ]),
    excepted("of a name", "admitted", [
      exception({ match: { all: [{ resources: { kinds: ["Pod"], names: ["te*"] } }] } }),
    ]),
    excepted("of an operation", "admitted", [
      exception({ match: { any: [{ resources: { kinds: ["Pod"], operations: ["UPDATE"] } }] } }),
    ], { deviation: "exception-operations", ours: "denied" }),
    excepted("whose condition holds", "admitted", [
      exception({
        conditions: { any: [{ key: "{{ request.object.metadata.name }}", operator: "Equals", value: "test" }] },
      }),
    ]),
    excepted("whose condition fails", "denied", [
      exception({
        conditions: { any: [{ key: "{{ request.object.metadata.name }}", operator: "Equals", value: "other" }] },
      }),
    ]),
    excepted("of one image", "admitted", [
      exception({}, { annotations: { "edge-notary.dev/images": signed } }),
    ], { deviation: "exception-images", ours: "denied" }),
    excepted("of rules for controllers, by the Pod's rule", "denied", [exception({ match: match("Deployment") })], {
      resource: makers["Deployment"]?.(unsigned) ?? {},
    }),
    excepted("of rules for controllers, by their own name", "admitted", [
      exception({
        match: match("Deployment"),
        exceptions: [{ policyName: "check-image-notary", ruleNames: [`autogen-${RULE}`] }],
      }),
    ], { resource: makers["Deployment"]?.(unsigned) ?? {} }),
    excepted("beside failing preconditions", "admitted", [exception()], {
      rule: { preconditions: { all: [{ key: "a", operator: "Equals", value: "b" }] } },
    }),

    {
      name: "Policy: of the namespace",
      expect: "denied",
      kind: "Policy",
      metadata: { namespace: "default" },
      resource: pod([unsigned]),
    },
    {
      name: "Policy: of another namespace",
      expect: "admitted",
      kind: "Policy",
      metadata: { namespace: "prod" },
      resource: pod([unsigned]),
    },
    excepted("of a Policy", "admitted", [
      exception({ exceptions: [{ policyName: "default/check-image-notary", ruleNames: ["*"] }] }),
    ], { kind: "Policy", metadata: { namespace: "default" } }),
    excepted("of a Policy without its namespace", "denied", [exception()], {
      kind: "Policy",
      metadata: { namespace: "default" },
    }),
    ...overrideCases(signed, unsigned),

    {
      name: "applyRules: One stops at the first that fails",
      expect: "denied",
      spec: { applyRules: "One" },
      rules: [{ name: "first" }, { name: "second" }],
      resource: pod([unsigned]),
    },
    {
      name: "applyRules: One goes on after one that is skipped",
      expect: "denied",
      spec: { applyRules: "One" },
      rules: [
        { name: "first", preconditions: { all: [{ key: "a", operator: "Equals", value: "b" }] } },
        { name: "second" },
        { name: "third" },
      ],
      resource: pod([unsigned]),
    },
  ];
}

/** In each namespace what its action makes of an unsigned image: a failure, or a warning. */
function overrideCases(signed: string, unsigned: string): readonly KyvernoCase[] {
  const verify = { mutateDigest: false, verifyDigest: false };
  const overridden = (
    name: string,
    expect: KyvernoCase["expect"],
    namespace: string,
    spec: Json,
    more: Partial<KyvernoCase> = {},
  ): KyvernoCase => ({
    name: `overrides: ${name}`,
    expect,
    spec,
    verify,
    resource: pod([unsigned], {}, { namespace }),
    ...more,
  });
  const audit = { action: "Audit", namespaces: ["dev-*"] };
  const enforce = { action: "Enforce", namespaces: ["prod"] };
  const both = { validationFailureActionOverrides: [audit, enforce] };
  return [
    overridden("Audit by a pattern", "admitted", "dev-1", both),
    overridden("no override", "denied", "default", both),
    overridden("no override, Audit", "admitted", "default", { ...both, validationFailureAction: "Audit" }),
    overridden("Enforce by name", "denied", "prod", { ...both, validationFailureAction: "Audit" }),
    overridden("the older spelling", "admitted", "a", {
      validationFailureActionOverrides: [{ action: "audit", namespaces: ["a"] }],
    }),
    overridden("of a signed image", "admitted", "prod", both, { resource: pod([signed], {}, { namespace: "prod" }) }),
    overridden("after the entry's own Audit", "admitted", "prod", both, {
      verify: { ...verify, failureAction: "Audit" },
    }),
    overridden("after the entry's own Enforce", "denied", "dev-1", both, {
      verify: { ...verify, failureAction: "Enforce" },
    }),
  ];
}
