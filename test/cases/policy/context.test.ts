import { describe, expect, it } from "vitest";
import { MAX_CONTEXT_BYTES } from "../../../src/policy/context.ts";
import { loadPolicies } from "../../../src/policy/mod.ts";
import { deviations } from "../../peers/deviations.ts";
import { clusterOf, configMap } from "./cluster.ts";
import { play, said } from "./context_scenes.ts";
import { certificate, load, policyDocument } from "./policies.ts";
import { createRequest } from "./requests.ts";
import { ask, createWorld, crypto, digestOf, NOW } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const IMAGE = "ghcr.io/kyverno/test-verify-image:signed";
const keys = { name: "keys", configMap: { name: "keys", namespace: "default" } };
const AT_CERT = "/verifyImages/0/attestors/0/entries/0/certificates/cert";

async function refusalOf(entry: Json, changes: Parameters<typeof policyDocument>[0] = {}) {
  const document = policyDocument({ apiVersion: "kyverno.io/v1", ...changes, rule: { context: [entry] } });
  const { problems } = await loadPolicies([{ source: "p", text: JSON.stringify(document) }], crypto);
  return problems.map(({ path, reason }) => `${path}: ${reason}`);
}

const inKey = "failed to evaluate preconditions: failed to substitute variables in condition key: ";

describe("a ConfigMap in a rule's context", () => {
  it("gives the certificate that the rule trusts, several lines of it", async () => {
    const cluster = clusterOf({ "ConfigMap default/keys": configMap({ certificate: certificate("fixture-signer") }) });
    const { decision, response } = await play({ context: [keys], cert: "{{ keys.data.certificate }}", cluster });
    expect(response.images).toMatchObject([{ status: "pass" }]);
    expect(decision.allowed).toBe(true);
    expect(cluster.asked).toEqual(["get ConfigMap default/keys"]);
  });

  it("gives another certificate, which did not sign", async () => {
    const cluster = clusterOf({ "ConfigMap default/keys": configMap({ certificate: certificate("rsa-3072-self") }) });
    const { decision } = await play({ context: [keys], cert: "{{ keys.data.certificate }}", cluster });
    expect(decision.allowed).toBe(false);
    expect(decision.message).toContain("does not contain any trusted certificate");
  });

  it("that is not there denies, in Kyverno's words", async () => {
    const { decision, response } = await play({
      context: [keys],
      cert: "{{ keys.data.certificate }}",
      cluster: clusterOf({}),
    });
    expect(decision.allowed).toBe(false);
    expect(response.whole).toMatchObject({
      status: "error",
      message: `failed to substitute variables: failed to resolve keys.data.certificate at path ${AT_CERT}: ` +
        "failed to retrieve config map for context entry keys: failed to get configmap default/keys : " +
        'configmaps "keys" not found',
      refusal: { code: "ERR_VARIABLE", class: "misconfigured" },
    });
  });

  it("cannot be had without a cluster", async () => {
    const { decision, response } = await play({ context: [keys], cert: "{{ keys.data.certificate }}" });
    expect(decision.allowed).toBe(false);
    expect(response.whole?.message).toContain("failed to get configmap default/keys : no cluster is known here");
    expect(response.whole?.refusal?.code).toBe("ERR_CLUSTER_MISSING");
  });

  it("of an API server that is down is unavailable, and a retry helps", async () => {
    const cluster = clusterOf({ "ConfigMap default/keys": "down" });
    const { decision, response } = await play({ context: [keys], cert: "{{ keys.data.certificate }}", cluster });
    expect(decision.allowed).toBe(false);
    expect(response.whole?.refusal).toMatchObject({ code: "ERR_CLUSTER", class: "unavailable", retry: true });
  });

  it("without the text that is asked for names the key", async () => {
    const cluster = clusterOf({ "ConfigMap default/keys": configMap({ other: "x" }) });
    expect(await said({ context: [keys], key: "{{ keys.data.certificate }}", cluster })).toBe(
      `${inKey}failed to resolve keys.data.certificate at path : JMESPath query failed: Unknown key "certificate" in path`,
    );
  });

  it("shows its texts and its metadata, and no binary data", async () => {
    const cluster = clusterOf({
      "ConfigMap default/keys": { ...configMap({ a: "1" }, { l: "2" }), binaryData: { b: "AA==" } },
    });
    expect(await said({ context: [keys], key: "{{ keys.metadata.labels.l }}", value: "2", cluster })).toBe("pass");
    const all = { context: [{ name: "all", variable: { jmesPath: "keys(keys)" } }], key: "{{ all }}" };
    const context = [keys, ...all.context];
    expect(await said({ ...all, context, value: ["data", "metadata"], cluster })).toBe("pass");
  });

  it("is named by variables", async () => {
    const cluster = clusterOf({ "ConfigMap default/keys": configMap({ a: "x" }) });
    const entry = {
      name: "keys",
      configMap: { name: "{{ request.object.metadata.name }}", namespace: "{{ request.namespace }}" },
    };
    const object = { ...createRequest().object, metadata: { name: "keys" } };
    expect(await said({ context: [entry], key: "{{ keys.data.a }}", cluster, request: { object } })).toBe("pass");
    const other = { name: "keys", configMap: { name: "keys", namespace: "{{ request.foo }}" } };
    expect(await said({ context: [other], key: "{{ keys.data.a }}", cluster })).toBe(
      `${inKey}failed to resolve keys.data.a at path : failed to retrieve config map for context entry keys: ` +
        "failed to substitute variables in context keys configMap.namespace {{ request.foo }}: failed to resolve " +
        'request.foo at path : JMESPath query failed: Unknown key "foo" in path',
    );
  });

  it("is not asked for by a name that is no name of one", async () => {
    const cluster = clusterOf({});
    const entry = {
      name: "keys",
      configMap: { name: "{{ request.object.metadata.annotations.n }}", namespace: "default" },
    };
    const object = { ...createRequest().object, metadata: { annotations: { n: "../secrets/x" } } };
    const message = await said({ context: [entry], key: "{{ keys.data.a }}", cluster, request: { object } });
    expect(message).toContain('configmaps "../secrets/x" not found');
    expect(cluster.asked).toEqual([]);
  });

  // The deviation "config-map-namespace".
  it("without a namespace is looked for in default, of a Policy in its own", async () => {
    expect(deviations.map(({ id }) => id)).toContain("config-map-namespace");
    const entry = { name: "keys", configMap: { name: "keys" } };
    const cluster = clusterOf({
      "ConfigMap default/keys": configMap({ a: "x" }),
      "ConfigMap team/keys": configMap({ a: "y" }),
    });
    const key = "{{ keys.data.a }}";
    expect(await said({ context: [entry], key, cluster })).toBe("pass");
    const changes = { kind: "Policy", metadata: { namespace: "team" } };
    expect(await said({ context: [entry], key, value: "y", cluster, changes, request: { namespace: "team" } })).toBe(
      "pass",
    );
  });

  it("of another namespace is nothing that a Policy may read", async () => {
    const changes = { kind: "Policy", metadata: { namespace: "team" } };
    expect(await refusalOf(keys, changes)).toEqual([
      "spec.rules[0].context[0].configMap.namespace: " +
      'configMap namespace "default" is different from policy namespace "team"',
    ]);
    const entry = { name: "keys", configMap: { name: "keys", namespace: "{{ request.object.spec.ns }}" } };
    const cluster = clusterOf({ "ConfigMap other/keys": configMap({ a: "x" }) });
    const object = { ...createRequest().object, spec: { ns: "other", containers: [{ name: "c0", image: IMAGE }] } };
    const scene = {
      context: [entry],
      key: "{{ keys.data.a }}",
      cluster,
      changes,
      request: { object, namespace: "team" },
    };
    expect(await said(scene)).toContain('configMap namespace "other" is different from policy namespace "team"');
    expect(cluster.asked).toEqual([]);
  });

  it("is asked for once per request, however many rules name it, and only where one is about the images", async () => {
    const cluster = clusterOf({ "ConfigMap default/keys": configMap({ a: "x" }) });
    const world = await createWorld();
    const rule = (name: string) => ({
      ...(policyDocument({
        rule: {
          name,
          context: [keys],
          preconditions: { all: [{ key: "{{ keys.data.a }}", operator: "Equals", value: "y" }] },
        },
      }) as { readonly spec: { readonly rules: readonly Json[] } }).spec.rules[0],
    });
    const policies = await load(policyDocument({ spec: { rules: [rule("a"), rule("b"), rule("c")] } }));
    const ports = { open: world.open, crypto, now: () => NOW, cluster };
    await ask(world, policies, createRequest(), { ports });
    expect(cluster.asked).toEqual(["get ConfigMap default/keys"]);
    await ask(
      world,
      policies,
      createRequest({
        object: { ...createRequest().object, spec: { containers: [{ name: "c0", image: "ghcr.io/other:1" }] } },
      }),
      { ports },
    );
    expect(cluster.asked).toHaveLength(1);
  });

  it("of 5 MB is more than a context may hold", async () => {
    const cluster = clusterOf({ "ConfigMap default/keys": configMap({ a: "x".repeat(5_000_000) }) });
    const { response } = await play({ context: [keys], key: "{{ keys.data.a }}", cluster });
    expect(response.whole?.message).toMatch(
      new RegExp(
        `failed to add config map for context entry keys: context size limit exceeded: .* at most ${MAX_CONTEXT_BYTES}$`,
      ),
    );
    expect(response.whole?.refusal?.code).toBe("ERR_TOO_LARGE");
  });
});

describe("a call of the API in a rule's context", () => {
  const secret = "/api/v1/namespaces/default/secrets/keys";
  const call = (more: Json = {}) => ({ name: "v", apiCall: { urlPath: secret, ...more } });

  it("reads a Secret, and a query takes what is asked for", async () => {
    const cluster = clusterOf({ [secret]: { data: { certificate: btoa(certificate("fixture-signer")) } } });
    const { response } = await play({
      context: [call({ jmesPath: "data.certificate" })],
      cert: "{{ base64_decode(v) }}",
      cluster,
    });
    expect(response.images).toMatchObject([{ status: "pass" }]);
    expect(cluster.asked).toEqual([`read ${secret}`]);
  });

  it.each<[name: string, entry: Json, objects: Json, message: string]>([
    [
      "what is not there",
      call(),
      {},
      `failed to fetch data for APICall: failed to GET resource with raw url\n: ${secret}: ` +
      "the server could not find the requested resource",
    ],
    [
      "a query that finds nothing",
      call({ jmesPath: "data.x" }),
      { [secret]: { data: {} } },
      'failed to store data for APICall: failed to apply JMESPath data.x for context entry v: Unknown key "x" in path',
    ],
    [
      "a path that cannot be resolved",
      call({ urlPath: "/api/{{ request.foo }}" }),
      {},
      "failed to fetch data for APICall: failed to substitute variables in context entry v /api/{{ request.foo }}: " +
      'failed to resolve request.foo at path /urlPath: JMESPath query failed: Unknown key "foo" in path',
    ],
    [
      "a step up that comes out of two variables",
      call({ urlPath: "/api/v1/namespaces/{{ request.object.metadata.dot }}{{ request.object.metadata.dot }}/x" }),
      {},
      "failed to fetch data for APICall: failed to GET resource with raw url\n" +
      ': /api/v1/namespaces/../x: it has a step "." or "..", expected none',
    ],
  ])("denies for %s", async (_, entry, objects, message) => {
    const object = { ...createRequest().object, metadata: { name: "x", dot: "." } };
    const scene = { context: [entry], key: "{{ v }}", cluster: clusterOf(objects), request: { object } };
    expect(await said(scene)).toBe(`${inKey}failed to resolve v at path : ${message}`.replace("\n", "\\n"));
  });

  it("has a default for what is not there, which no query changes", async () => {
    const entry = call({ jmesPath: "data.x", default: "x" });
    expect(await said({ context: [entry], key: "{{ v }}", cluster: clusterOf({}) })).toBe("pass");
  });

  // The deviation "default-not-for-outages".
  it("has no default for a cluster that cannot be asked", async () => {
    expect(deviations.map(({ id }) => id)).toContain("default-not-for-outages");
    const entry = call({ default: "x" });
    const down = await play({ context: [entry], key: "{{ v }}", cluster: clusterOf({ [secret]: "down" }) });
    expect(down.response.whole).toMatchObject({ status: "error", refusal: { code: "ERR_CLUSTER" } });
    const none = await play({ context: [entry], key: "{{ v }}" });
    expect(none.response.whole).toMatchObject({ status: "error", refusal: { code: "ERR_CLUSTER_MISSING" } });
    const variable = { name: "w", variable: { jmesPath: "v.data", default: "x" } };
    const below = await play({ context: [call(), variable], key: "{{ w }}", cluster: clusterOf({ [secret]: "down" }) });
    expect(below.response.whole).toMatchObject({ status: "error", refusal: { code: "ERR_CLUSTER" } });
  });

  it.each<[name: string, apiCall: Json, problem: RegExp]>([
    ["a service", { service: { url: "https://example.com" } }, /\.apiCall\.service: services are not called/],
    ["a body", { urlPath: "/a", data: [{ key: "a", value: "b" }] }, /\.apiCall\.data: only GET/],
    ["POST", { urlPath: "/a", method: "POST" }, /\.apiCall\.method: "POST", expected one of GET/],
    ["no path", { method: "GET" }, /\.apiCall: a urlPath is required/],
    ["a path that is none", { urlPath: "api/v1" }, /\.apiCall\.urlPath: it is no path of the API/],
    ["steps up", { urlPath: "/api/v1/%2e%2E/x" }, /\.apiCall\.urlPath: it has a step/],
    ["a fragment", { urlPath: "/api#x" }, /\.apiCall\.urlPath: it is no path/],
  ])("is refused with %s", async (_, apiCall, problem) => {
    expect((await refusalOf({ name: "v", apiCall })).join("\n")).toMatch(problem);
  });
});

describe("an image in a rule's context", () => {
  const image = (more: Json = {}) => ({ name: "v", imageRegistry: { reference: IMAGE, ...more } });

  it.each<[jmesPath: string, value: unknown]>([
    ["image", IMAGE],
    ["resolvedImage", `ghcr.io/kyverno/test-verify-image@${digestOf(IMAGE)}`],
    ["registry", "ghcr.io"],
    ["repository", "kyverno/test-verify-image"],
    ["identifier", "signed"],
    ["manifest.schemaVersion", 2],
    ["type(configData)", "object"],
    ["manifestList || 'none'", "none"],
  ])("shows %s", async (jmesPath, value) => {
    expect(await said({ context: [image({ jmesPath })], key: "{{ v }}", value })).toBe("pass");
  });

  it("is the one that is verified: the registry resolves its tag once", async () => {
    const { response, asked } = await play({
      context: [image({ jmesPath: "registry" })],
      key: "{{ v }}",
      value: "ghcr.io",
    });
    expect(response.images).toMatchObject([{ status: "pass" }]);
    expect(asked.filter((one) => one.startsWith("resolve"))).toHaveLength(1);
  });

  it("that is not there denies", async () => {
    const message = await said({
      context: [image({ reference: "ghcr.io/kyverno/test-verify-image:none" })],
      key: "{{ v }}",
    });
    const shown = "ghcr.io/kyverno/test-verify-image:none";
    expect(message).toContain(
      `failed to resolve v at path : failed to fetch image descriptor: ${shown}, error: failed to fetch image reference: ${shown}, error: `,
    );
  });
});

describe("context entries", () => {
  it.each<[name: string, entry: Json, problem: string]>([
    [
      "two types",
      { name: "v", variable: { value: 1 }, configMap: { name: "a", namespace: "b" } },
      "exactly one of configMap or apiCall or imageRegistry or variable is required for context entries",
    ],
    [
      "no type",
      { name: "v" },
      "exactly one of configMap or apiCall or imageRegistry or variable is required for context entries",
    ],
    [
      "no name of a ConfigMap",
      { name: "v", configMap: { namespace: "b" } },
      "a name is required for configMap context entry",
    ],
    [
      "a global reference",
      { name: "v", globalReference: { name: "x" } },
      "global context entries are kept by Kyverno's own",
    ],
    ["an unknown field", { name: "v", foo: 1, variable: { value: 1 } }, "no such field"],
  ])("are refused with %s", async (_, entry, problem) => {
    expect((await refusalOf(entry)).join("\n")).toContain(problem);
  });

  it("are refused when there are too many", async () => {
    const context = new Array(101).fill({ name: "v", variable: { value: 1 } });
    const document = policyDocument({ apiVersion: "kyverno.io/v1", rule: { context } });
    const { problems } = await loadPolicies([{ source: "p", text: JSON.stringify(document) }], crypto);
    expect(problems).toMatchObject([{ path: "spec.rules[0].context", reason: "101 entries, expected at most 100" }]);
  });
});
