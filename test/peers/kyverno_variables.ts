/** What rules look up: certificates out of ConfigMaps and variables, preconditions over requests, operators. */
import { type FixtureCertificates, type FixtureImages, type Json, type KyvernoCase, pod } from "./kyverno_cases.ts";

/** Operators with a value that a label `n: "5"` meets, and one that it does not. */
const OPERATORS: readonly (readonly [operator: string, met: unknown, missed: unknown])[] = [
  ["Equals", "5", "6"],
  ["Equal", "5", "?"],
  ["NotEquals", "6", "5"],
  ["NotEqual", "6", "*"],
  ["In", ["4", "5"], ["4", "6"]],
  ["NotIn", ["4", "6"], ["4", "5"]],
  ["AnyIn", "4-6", "6-8"],
  ["AllIn", ["5"], ["4"]],
  ["AnyNotIn", ["4"], ["5"]],
  ["AllNotIn", ["4"], ["*"]],
  ["GreaterThan", 4, 5],
  ["GreaterThanOrEquals", 5, 6],
  ["LessThan", 6, 5],
  ["LessThanOrEquals", 5, 4],
  ["DurationGreaterThan", "4s", "5s"],
  ["DurationGreaterThanOrEquals", "5s", "6s"],
  ["DurationLessThan", "6s", "5s"],
  ["DurationLessThanOrEquals", "5s", "4s"],
];

/** What is true of the Pod and of who asks. */
const TRUTHS: readonly (readonly [key: string, value: unknown])[] = [
  ["{{ request.operation }}", "CREATE"],
  ["{{ request.namespace }}", "default"],
  ["{{ request.object.kind }}", "Pod"],
  ["{{ request.object.metadata.labels.n }}", "5"],
  ["{{ images.containers.c0.registry }}/{{ images.containers.c0.path }}", "127.0.0.1:*/kyverno/test-verify-image"],
  ["{{ images.containers.c0.name }}:{{ images.containers.c0.tag }}", "test-verify-image:unsigned"],
  ["{{ images.containers.*.reference }}", ["127.0.0.1:*/kyverno/test-verify-image*"]],
  ["{{ request.object.spec.containers[].name | [0] }}", "c0"],
  ["{{ request.object.spec.hostNetwork || `false` }}", false],
  ["{{ length(request.object.spec.containers) }}", 1],
  ["{{ to_upper(request.object.metadata.name) }}", "TEST"],
  ["{{ regex_match('^te', '{{ request.object.metadata.name }}') }}", true],
  ["{{ request.object.metadata.labels.{{ request.object.metadata.labels.which }} }}", "5"],
];

const unpinned = { mutateDigest: false, verifyDigest: false };
const KEYS: Json = { name: "keys", configMap: { name: "keys", namespace: "default" } };

/**
 * Every case about what is looked up.
 *
 * @param images References `host/repository:tag` in the registry both ask.
 * @param certificates PEM texts.
 */
export function variableCases(images: FixtureImages, certificates: FixtureCertificates): readonly KyvernoCase[] {
  const { signed, unsigned } = images;
  const labelled = pod([unsigned], {}, { labels: { n: "5", which: "n" } });
  const all = (key: unknown, operator: string, value: unknown): Json => ({
    preconditions: { all: [{ key, operator, value }] },
  });
  const trusting = (cert: string, context: readonly Json[]): Partial<KyvernoCase> => ({
    rule: { context },
    verify: { attestors: [{ entries: [{ certificates: { cert } }] }] },
    resource: pod([signed]),
  });
  const looked = (
    name: string,
    expect: KyvernoCase["expect"],
    parts: Partial<KyvernoCase>,
    more: Partial<KyvernoCase> = {},
  ): KyvernoCase => ({ name: `variables: ${name}`, expect, resource: labelled, ...parts, ...more });
  const variable = (more: Json): Json => ({ name: "signer", variable: more });
  const inConfigMap = trusting("{{ keys.data.certificate }}", [KEYS]);
  return [
    ...OPERATORS.flatMap(([operator, met, missed]) =>
      [met, missed].map((value): KyvernoCase => ({
        name: `preconditions: ${operator} ${JSON.stringify(value)}`,
        expect: value === met ? "denied" : "admitted",
        apiVersion: "kyverno.io/v1",
        rule: all(
          operator.startsWith("Duration")
            ? "{{ request.object.metadata.labels.n }}s"
            : "{{ request.object.metadata.labels.n }}",
          operator,
          value,
        ),
        resource: labelled,
      }))
    ),
    ...TRUTHS.flatMap(([key, value]) =>
      (Array.isArray(value) ? ["AnyIn", "AnyNotIn"] : ["Equals", "NotEquals"]).map((operator, at): KyvernoCase => ({
        name: `preconditions: ${key} ${operator} ${JSON.stringify(value)}`,
        expect: at === 0 ? "denied" : "admitted",
        rule: all(key, operator, value),
        resource: labelled,
      }))
    ),
    looked("any of two preconditions", "denied", {
      rule: {
        preconditions: {
          any: [{ key: "a", operator: "Equals", value: "b" }, { key: "a", operator: "Equals", value: "a" }],
        },
      },
    }),
    looked("any and all of preconditions", "admitted", {
      rule: {
        preconditions: {
          any: [{ key: "a", operator: "Equals", value: "a" }],
          all: [{ key: "a", operator: "Equals", value: "b", message: "a is not b" }],
        },
      },
    }),
    looked("preconditions about nothing", "denied", {
      rule: all("{{ request.object.spec.missing }}", "Equals", "a"),
    }),
    looked("who asks, in preconditions", "denied", {
      spec: { background: false },
      rule: {
        preconditions: {
          all: [
            { key: "{{ request.userInfo.username }}", operator: "Equals", value: "jane" },
            { key: "devs", operator: "AnyIn", value: "{{ request.userInfo.groups }}" },
          ],
        },
      },
      user: { username: "jane", groups: ["devs"], roles: [], clusterRoles: ["edit"] },
    }),

    looked("a certificate in a ConfigMap", "admitted", inConfigMap, {
      configMap: { certificate: certificates.signer },
    }),
    looked("another certificate in a ConfigMap", "denied", inConfigMap, {
      configMap: { certificate: certificates.stranger },
    }),
    looked("a ConfigMap's text that is no certificate", "denied", inConfigMap, {
      configMap: { certificate: "text" },
      deviation: "variable-certificate",
    }),
    looked("a ConfigMap without the key", "denied", inConfigMap, { configMap: { other: certificates.signer } }),
    looked(
      "a certificate in a variable",
      "admitted",
      trusting("{{ signer }}", [variable({ value: certificates.signer })]),
    ),
    looked(
      "another certificate in a variable",
      "denied",
      trusting("{{ signer }}", [
        variable({ value: certificates.stranger }),
      ]),
    ),
    looked(
      "a certificate in a member",
      "admitted",
      trusting("{{ signer }}", [
        variable({ value: { pem: certificates.signer }, jmesPath: "pem" }),
      ]),
    ),
    looked(
      "a certificate by default",
      "admitted",
      trusting("{{ signer }}", [
        variable({ jmesPath: "request.object.metadata.labels.pem", default: certificates.signer }),
      ]),
    ),
    looked(
      "a certificate in a variable of a variable",
      "admitted",
      trusting("{{ second }}", [
        variable({ value: certificates.signer }),
        { name: "second", variable: { jmesPath: "signer" } },
      ]),
    ),
    looked(
      "a certificate in a chosen member",
      "denied",
      trusting("{{ signer.{{ request.namespace }} }}", [
        variable({ value: { default: certificates.stranger, prod: certificates.signer } }),
      ]),
    ),
    looked("text that is no certificate", "denied", trusting("{{ signer }}", [variable({ value: "text" })]), {
      deviation: "variable-certificate",
    }),
    looked("what an image is, before it is looked at", "denied", {
      rule: {
        context: [{ name: "data", imageRegistry: { reference: "{{ images.containers.c0.reference }}" } }],
        ...all("{{ data.repository }}", "Equals", "kyverno/test-verify-image"),
      },
    }),
    looked("a member of an image", "admitted", {
      rule: {
        context: [{
          name: "schema",
          imageRegistry: { reference: "{{ images.containers.c0.reference }}", jmesPath: "manifest.schemaVersion" },
        }],
        ...all("{{ schema }}", "NotEquals", 2),
      },
    }),

    looked("ignored: the rest of an entry", "admitted", {
      resource: pod([signed]),
      verify: {
        useCache: false,
        repository: "ghcr.io/elsewhere",
        imageRegistryCredentials: { providers: ["default"] },
      },
    }),
    looked("ignored: Cosign's switch", "denied", { verify: { cosignOCI11: true } }, { apiVersion: "kyverno.io/v1" }),
    looked("ignored: the rest of a policy", "denied", {
      spec: { emitWarning: true, background: true, admission: true, schemaValidation: false },
    }),
    looked("webhookConfiguration", "denied", {
      spec: {
        failurePolicy: undefined,
        webhookTimeoutSeconds: undefined,
        webhookConfiguration: { failurePolicy: "Ignore", timeoutSeconds: 10 },
      },
    }),
    looked("failurePolicy Ignore", "denied", { spec: { failurePolicy: "Ignore" } }),
    looked("the index of an image by its digest", "denied", {
      verify: unpinned,
      resource: pod([images.indexChildSigned]),
    }, {
      deviation: "index-child-named",
    }),
  ];
}
