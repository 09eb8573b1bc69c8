/**
 * Images of a registry that lets in whoever is named: by the Pod's Secrets, its service account's, the rule's, or our
 * own.
 */
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { ConfigurationError } from "../../../src/errors.ts";
import { createRegistryClient, DEFAULT_REGISTRY_SETTINGS } from "../../../src/oci/mod.ts";
import type { Cluster, Credential, LogLine, Ports } from "../../../src/ports.ts";
import { sleep } from "../../../src/runtime/web.ts";
import { MAX_PULL_SECRETS } from "../../../src/policy/registry_views.ts";
import { clusterOf } from "../policy/cluster.ts";
import { examplePolicy, fixtureFetch, makeWebhook, podReview, SIGNED, UNSIGNED } from "./webhook.ts";

const fixtures = await fixtureFetch();
const encode = (text: string) => Buffer.from(text).toString("base64");
const ADA = `Basic ${encode("ada:s3cret")}`;

/** Answers whoever is Ada, and asks everybody else who they are. */
function guardedRegistry() {
  const seen: string[] = [];
  const fetch: Ports["fetch"] = async (url, init) => {
    const { authorization } = init.headers;
    if (authorization !== undefined) seen.push(authorization);
    if (authorization === ADA) return await fixtures(url, init);
    return new Response(null, { status: 401, headers: { "www-authenticate": 'Basic realm="here"' } });
  };
  return { fetch, seen };
}

const secret = (auths: unknown, type = "kubernetes.io/dockerconfigjson") => ({
  apiVersion: "v1",
  kind: "Secret",
  type,
  data: type.endsWith("dockercfg")
    ? { ".dockercfg": encode(JSON.stringify(auths)) }
    : { ".dockerconfigjson": encode(JSON.stringify({ auths })) },
});
const of = (user: string) => ({ "ghcr.io": { auth: encode(user) } });
const GOOD = secret(of("ada:s3cret"));

interface Scene {
  readonly cluster?: Cluster;
  readonly own?: Credential;
  readonly policy?: (text: string) => string;
}

async function open({ cluster, own, policy }: Scene) {
  const { fetch, seen } = guardedRegistry();
  const crypto = createWebCryptoProvider();
  const now = () => new Date("2026-12-01T00:00:00Z");
  const lines: LogLine[] = [];
  const client = createRegistryClient(
    { fetch, sleep, now, crypto, credentials: () => Promise.resolve(own) },
    DEFAULT_REGISTRY_SETTINGS,
  );
  const { post } = makeWebhook(fetch, {
    policies: await examplePolicy(policy),
    ports: {
      now,
      crypto,
      open: client,
      log: (line) => lines.push(line),
      ...(cluster === undefined ? {} : { cluster }),
    },
  });
  const decide = async (spec: Record<string, unknown>, more: Record<string, unknown> = {}) => {
    const review = podReview([SIGNED], more);
    const { containers } = review.request.object.spec;
    const object = { ...review.request.object, spec: { containers, ...spec } };
    const body = { ...review, request: { ...review.request, object, ...more } };
    const answer = await (await post("/mutate", body)).json() as {
      readonly response: { readonly allowed: boolean; readonly status?: { readonly message: string } };
    };
    return { allowed: answer.response.allowed, message: answer.response.status?.message ?? "" };
  };
  return { decide, seen };
}

const PULLING = { imagePullSecrets: [{ name: "regcred" }] };

describe("a Pod's own Secrets", () => {
  it.each<[string, unknown]>([
    ["dockerconfigjson", GOOD],
    ["dockercfg", secret(of("ada:s3cret"), "kubernetes.io/dockercfg")],
    ["a pattern of hosts", secret({ "*.io": { auth: encode("ada:s3cret") } })],
    ["a path", secret({ ...of("eve:x"), "ghcr.io/kyverno": { auth: encode("ada:s3cret") } })],
    ["stringData of a file", { stringData: { ".dockerconfigjson": JSON.stringify({ auths: of("ada:s3cret") }) } }],
  ])("let it in: %s", async (_, object) => {
    const { decide } = await open({ cluster: clusterOf({ "Secret default/regcred": object }) });
    expect(await decide(PULLING)).toEqual({ allowed: true, message: "" });
  });

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ["a Secret that is missing", {}, "there is none"],
    ["a Secret of another namespace", { "Secret other/regcred": GOOD }, "there is none"],
    ["a Secret of another type", { "Secret default/regcred": { type: "Opaque", data: { a: "" } } }, "it has no"],
    ["data that is no base64", { "Secret default/regcred": { data: { ".dockerconfigjson": "***" } } }, "is no base64"],
    [
      "data that is no JSON",
      { "Secret default/regcred": { data: { ".dockerconfigjson": encode("{s3cret") } } },
      "is no",
    ],
    ["an entry that cannot be read", { "Secret default/regcred": secret({ "ghcr.io": { auth: "*" } }) }, "no base64"],
  ])("are left out, and the refusal says so: %s", async (_, objects, words) => {
    const { decide, seen } = await open({ cluster: clusterOf(objects) });
    const { allowed, message } = await decide(PULLING);
    expect(allowed).toBe(false);
    const flat = message.replace(/\s+/g, " ").replaceAll('\\"', '"');
    expect(flat).toContain(words);
    expect(flat).toContain('Secret "default/regcred"');
    expect(message).not.toContain("s3cret");
    expect(seen).toEqual([]);
  });

  it("are read up to a bound, and the refusal says that there are more", async () => {
    const names = Array.from({ length: MAX_PULL_SECRETS + 2 }, (_, index) => `s${index}`);
    const last = names[MAX_PULL_SECRETS - 1];
    const imagePullSecrets = names.map((name) => ({ name }));
    const within = await open({ cluster: clusterOf({ [`Secret default/${last}`]: GOOD }) });
    expect(await within.decide({ imagePullSecrets })).toMatchObject({ allowed: true });
    const cluster = clusterOf({ [`Secret default/s${MAX_PULL_SECRETS}`]: GOOD });
    const { allowed, message } = await (await open({ cluster })).decide({ imagePullSecrets });
    expect(allowed).toBe(false);
    expect(message.replace(/\s+/g, " ")).toContain("it is not read: 22 Secrets are named, of which the first 20 are");
    expect(cluster.asked).toHaveLength(MAX_PULL_SECRETS);
  });

  it("that are missing leave the endpoint's own", async () => {
    const own = { type: "basic", username: "ada", secret: "s3cret", source: "our own" } as const;
    const { decide } = await open({ cluster: clusterOf({}), own });
    expect(await decide(PULLING)).toMatchObject({ allowed: true });
  });

  it("go before the endpoint's own, and no second one is tried", async () => {
    const own = { type: "basic", username: "ada", secret: "s3cret", source: "our own" } as const;
    const cluster = clusterOf({ "Secret default/regcred": secret(of("eve:wr0ng")) });
    const { decide, seen } = await open({ cluster, own });
    const { allowed, message } = await decide(PULLING);
    expect(allowed).toBe(false);
    expect(message.replace(/\s+/g, " ")).toContain("default/regcred");
    expect(message).not.toMatch(/wr0ng|s3cret|our own/);
    expect(new Set(seen)).toEqual(new Set([`Basic ${encode("eve:wr0ng")}`]));
  });

  it("are sent to the registry they are for, and to no other", async () => {
    const cluster = clusterOf({ "Secret default/regcred": secret({ "quay.io": { auth: encode("ada:s3cret") } }) });
    const { decide, seen } = await open({ cluster });
    expect((await decide(PULLING)).allowed).toBe(false);
    expect(seen).toEqual([]);
  });

  it("admit nothing that is not signed", async () => {
    const { decide } = await open({ cluster: clusterOf({ "Secret default/regcred": GOOD }) });
    const spec = { ...PULLING, containers: [{ name: "c", image: UNSIGNED }] };
    expect(await decide(spec)).toMatchObject({ allowed: false, message: expect.stringContaining("no signature") });
  });

  it("serve nobody else: what one principal read is read again for the next", async () => {
    const { decide } = await open({ cluster: clusterOf({ "Secret default/regcred": GOOD }) });
    expect((await decide(PULLING)).allowed).toBe(true);
    expect((await decide({})).allowed).toBe(false);
    expect((await decide({ imagePullSecrets: [{ name: "other" }] })).allowed).toBe(false);
    expect((await decide(PULLING, { namespace: "other" })).allowed).toBe(false);
    expect((await decide(PULLING)).allowed).toBe(true);
  });

  it("cannot make an outage of a refusal: a cluster that does not answer admits nothing", async () => {
    const { decide } = await open({
      cluster: clusterOf({ "Secret default/regcred": "down" }),
      policy: (text) => text.replace("failurePolicy: Fail", "failurePolicy: Ignore"),
    });
    expect((await decide(PULLING)).allowed).toBe(false);
  });

  it("that this endpoint may not read are as if they were not there", async () => {
    const forbidden = () =>
      Promise.reject(new ConfigurationError("ERR_CLUSTER_FORBIDDEN", "the API server keeps Secrets from this account"));
    const { decide } = await open({ cluster: { ...clusterOf({}), get: forbidden } });
    const { allowed, message } = await decide(PULLING);
    expect(allowed).toBe(false);
    expect(message.replace(/\s+/g, " ")).toContain("the API server keeps Secrets from this account");
  });

  it("let its rule's context look at an image", async () => {
    const entry = { name: "data", imageRegistry: { reference: SIGNED, jmesPath: "manifest.mediaType" } };
    const asks = [{ key: "{{ data }}", operator: "Equals", value: "application/vnd.oci.image.manifest.v1+json" }];
    const { decide } = await open({
      cluster: clusterOf({ "Secret default/regcred": GOOD }),
      policy: (text) =>
        text.replace(
          /^( +)verifyImages:/m,
          (line, indent: string) =>
            `${indent}context: ${JSON.stringify([entry])}\n${indent}preconditions: ${
              JSON.stringify({ all: asks })
            }\n${line}`,
        ),
    });
    expect(await decide(PULLING)).toEqual({ allowed: true, message: "" });
    const { allowed, message } = await decide({});
    expect(allowed).toBe(false);
    expect(message.replace(/\s+/g, " ")).toContain("failed to evaluate preconditions");
  });

  it("are read once for all images", async () => {
    const cluster = clusterOf({ "Secret default/regcred": GOOD });
    const { decide } = await open({ cluster });
    const two = [{ name: "a", image: SIGNED }, { name: "b", image: SIGNED }];
    await decide({ ...PULLING, containers: two });
    expect(cluster.asked).toEqual(["get Secret default/regcred"]);
  });
});

describe("a service account's Secrets", () => {
  const account = { imagePullSecrets: [{ name: "regcred" }] };
  const deployment = (pod: Record<string, unknown>) => ({
    kind: { group: "apps", version: "v1", kind: "Deployment" },
    resource: { group: "apps", version: "v1", resource: "deployments" },
    object: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "d", namespace: "default" },
      spec: { template: { spec: { containers: [{ name: "c", image: SIGNED }], ...pod } } },
    },
  });

  it.each<[string, Record<string, unknown>, boolean]>([
    ["default", {}, true],
    ["builder", { serviceAccountName: "builder" }, true],
    ["nobody", { serviceAccountName: "nobody" }, false],
    ["default", { imagePullSecrets: [{ name: "other" }] }, false],
  ])("stand in for those a template does not name: %s %j", async (_, pod, allowed) => {
    const cluster = clusterOf({
      "ServiceAccount default/default": account,
      "ServiceAccount default/builder": account,
      "Secret default/regcred": GOOD,
    });
    const { decide } = await open({ cluster });
    expect(await decide({}, deployment(pod))).toMatchObject({ allowed });
  });

  it("are in a Pod already, so that nobody is asked", async () => {
    const cluster = clusterOf({ "ServiceAccount default/default": account, "Secret default/regcred": GOOD });
    const { decide } = await open({ cluster });
    expect((await decide({})).allowed).toBe(false);
    expect(cluster.asked).toEqual([]);
  });
});

describe("imageRegistryCredentials", () => {
  const naming = (credentials: unknown) => (text: string) =>
    text.replace(
      "type: Notary\n",
      (type) => `${type}          imageRegistryCredentials: ${JSON.stringify(credentials)}\n`,
    );
  const own = { type: "basic", username: "ada", secret: "s3cret", source: "our own" } as const;

  it.each<[string, unknown, Readonly<Record<string, unknown>>, Credential | undefined, boolean]>([
    ["a Secret of Kyverno's namespace", { secrets: ["a"] }, { "Secret kyverno/a": GOOD }, undefined, true],
    ["a Secret of another one", { secrets: ["apps/a"] }, { "Secret apps/a": GOOD }, undefined, true],
    ["the second Secret", { secrets: ["none", "a"] }, { "Secret kyverno/a": GOOD }, undefined, true],
    ["a missing Secret", { secrets: ["a"] }, {}, undefined, false],
    ["Secrets alone: not the endpoint's own", { secrets: ["a"] }, {}, own, false],
    ["Secrets alone: not the Pod's", { secrets: ["a"] }, { "Secret default/regcred": GOOD }, undefined, false],
    ["providers: the endpoint's own", { providers: ["default"] }, {}, own, true],
    ["providers: not the Pod's", { providers: ["github"] }, { "Secret default/regcred": GOOD }, undefined, false],
    ["both", { secrets: ["a"], providers: ["amazon"] }, {}, own, true],
    [
      "neither: as if it were not there",
      { allowInsecureRegistry: true },
      { "Secret default/regcred": GOOD },
      undefined,
      true,
    ],
  ])("are those asked with: %s", async (_, credentials, objects, endpoint, allowed) => {
    const { decide } = await open({
      cluster: clusterOf(objects),
      policy: naming(credentials),
      ...(endpoint === undefined ? {} : { own: endpoint }),
    });
    expect(await decide(PULLING)).toMatchObject({ allowed });
  });

  it("without a cluster say so", async () => {
    const { decide } = await open({ policy: naming({ secrets: ["a"] }) });
    const { allowed, message } = await decide({});
    expect(allowed).toBe(false);
    expect(message.replace(/\s+/g, " ")).toContain("no cluster is known here");
  });
});
