import { describe, expect, it } from "vitest";
import { loadPolicies } from "../../../src/policy/mod.ts";
import { parseTemplate } from "../../../src/policy/variables.ts";
import { deviations } from "../../peers/deviations.ts";
import { clusterOf, configMap } from "./cluster.ts";
import { play } from "./context_scenes.ts";
import { certificate, policyDocument } from "./policies.ts";
import { createRequest } from "./requests.ts";
import { crypto } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const IMAGE = "ghcr.io/kyverno/test-verify-image:signed";
const keys = { name: "keys", configMap: { name: "keys", namespace: "default" } };

async function refusalOf(entry: Json, changes: Parameters<typeof policyDocument>[0]) {
  const document = policyDocument({ apiVersion: "kyverno.io/v1", ...changes, rule: { context: [entry] } });
  const { problems } = await loadPolicies([{ source: "p", text: JSON.stringify(document) }], crypto);
  return problems.map(({ path, reason }) => `${path}: ${reason}`);
}

// The deviation "api-call-variables".
describe("a variable in the path of an API call", () => {
  const asked = async (urlPath: string, annotation: unknown, more: Json = {}) => {
    const cluster = clusterOf({});
    const object = { ...createRequest().object, metadata: { name: "x", annotations: { a: annotation } } };
    const context = [{ name: "own", variable: { value: "/api/v1/pods" } }, {
      name: "v",
      apiCall: { urlPath, default: "x", ...more },
    }];
    const { response } = await play({ context, key: "{{ v }}", cluster, request: { object } });
    return { asked: cluster.asked, code: response.whole?.refusal?.code, status: response.images[0]?.status };
  };
  const inName = "/api/v1/namespaces/{{ request.object.metadata.annotations.a }}/configmaps/keys";
  const inQuery = "/api/v1/namespaces/default/configmaps?labelSelector=app={{ request.object.metadata.annotations.a }}";

  it.each<[what: string, urlPath: string, annotation: unknown]>([
    ["another step", inName, "default/secrets/keys?"],
    ["a step up", inName, ".."],
    ["a step up in percent signs", inName, "%2e%2e"],
    ["a percent sign", inName, "a%2fsecrets"],
    ["a query", inName, "default?x"],
    ["a fragment", inName, "default#"],
    ["a backslash", inName, "..\\..\\secrets"],
    ["nothing", inName, ""],
    ["what is no text", inName, ["default"]],
    ["a further parameter", inQuery, "x&limit=1"],
    ["a further parameter in percent signs", inQuery, "x%26limit=1"],
    ["a further requirement", inQuery, "x,secret"],
    ["a set of values", inQuery, "x in (a)"],
    ["a fragment behind the query", inQuery, "x#"],
    ["a whole path of the request's author", "{{ request.object.metadata.annotations.a }}", "/api/v1/secrets"],
    ["a path through a function", "{{ to_string(request.object.metadata.annotations.a) }}", "/api/v1/secrets"],
    ["a path out of all there is", "{{ @.request.object.metadata.annotations.a }}", "/api/v1/secrets"],
  ])("is never %s: nothing is asked, and no default stands for it", async (_, urlPath, annotation) => {
    expect(deviations.map(({ id }) => id)).toContain("api-call-variables");
    expect(await asked(urlPath, annotation)).toEqual({ asked: [], code: "ERR_CLUSTER_PATH", status: undefined });
  });

  it.each<[urlPath: string, annotation: unknown, path: string]>([
    [inName, "team-a", "/api/v1/namespaces/team-a/configmaps/keys"],
    [inQuery, "app.kubernetes.io/x", "/api/v1/namespaces/default/configmaps?labelSelector=app=app.kubernetes.io/x"],
    ["/apis/rbac.authorization.k8s.io/v1/clusterroles/{{ request.object.metadata.annotations.a }}", "system:x", ""],
    ["{{ own }}", "", "/api/v1/pods"],
  ])("is one name, in a query part of one selector: %s", async (urlPath, annotation, path) => {
    const expected = path === "" ? "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:x" : path;
    expect(await asked(urlPath, annotation)).toEqual({ asked: [`read ${expected}`], code: undefined, status: "pass" });
  });
});

// The deviation "api-call-namespace".
describe("an API call of a namespaced policy", () => {
  const changes = { kind: "Policy", metadata: { namespace: "default" } } as const;

  it.each([
    "/api/v1/secrets",
    "/api/v1/namespaces",
    "/api/v1/namespaces/other/secrets/keys",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles/x",
    "/apis/namespaces/default/v1/secrets",
  ])("is refused for %s", async (urlPath) => {
    expect(deviations.map(({ id }) => id)).toContain("api-call-namespace");
    const problems = await refusalOf({ name: "v", apiCall: { urlPath } }, changes);
    expect(problems.join("\n")).toMatch(/\.urlPath: it is outside of the policy's namespace/);
  });

  it.each(["/api/v1/namespaces/default/secrets/x", "/apis/apps/v1/namespaces/default/deployments"])(
    "is taken for %s",
    async (urlPath) => expect(await refusalOf({ name: "v", apiCall: { urlPath } }, changes)).toEqual([]),
  );

  it("does not leave the namespace through a variable", async () => {
    const cluster = clusterOf({});
    const urlPath = "/api/v1/namespaces/{{ request.object.metadata.annotations.a }}/secrets/keys";
    const object = { ...createRequest().object, metadata: { name: "x", annotations: { a: "other" } } };
    const scene = { context: [{ name: "v", apiCall: { urlPath, default: "x" } }], key: "{{ v }}", cluster, changes };
    const { decision, response } = await play({ ...scene, request: { object } });
    expect(decision.allowed).toBe(false);
    expect(response.whole?.refusal?.code).toBe("ERR_CLUSTER_PATH");
    expect(cluster.asked).toEqual([]);
  });
});

// The deviation "variable-in-expression".
describe("a variable inside of an expression", () => {
  const own = certificate("rsa-3072-self");
  const cluster = () =>
    clusterOf({ "ConfigMap default/keys": configMap({ team: certificate("fixture-signer"), "a.b": own }) });
  const trusted = async (cert: string, annotation: string, more: readonly Json[] = []) => {
    const annotations = { a: annotation, cert: certificate("fixture-signer") };
    const object = { ...createRequest().object, metadata: { name: "x", annotations } };
    const { response } = await play({ context: [keys, ...more], cert, cluster: cluster(), request: { object } });
    return response.whole?.refusal?.code ?? response.images[0]?.status;
  };
  const author = "request.object.metadata.annotations";

  it.each<[place: string, cert: string, annotation: string]>([
    ["of a name", `{{ keys.data.{{ ${author}.a }} }}`, `x || ${author}.cert`],
    ["of a longer name", `{{ keys.data.{{ ${author}.a }} }}`, "a.b"],
    ["of a quoted name", `{{ keys.data."{{ ${author}.a }}" }}`, `x" || ${author}."cert`],
    ["of a quoted name, by what escapes", `{{ keys.data."{{ ${author}.a }}" || "x" }}`, "\\"],
    ["of a text", `{{ to_string('{{ ${author}.a }}') }}`, `') || ${author}.cert || to_string('`],
    ["of a literal", `{{ to_string(\`{{ ${author}.a }}\`) }}`, `""\`) || ${author}.cert || to_string(\`""`],
    ["of a text in a literal", `{{ to_string(\`["{{ ${author}.a }}"]\`) }}`, `" ,"`],
  ])("cannot become more %s than that", async (_, cert, annotation) => {
    expect(deviations.map(({ id }) => id)).toContain("variable-in-expression");
    expect(await trusted(cert, annotation)).toBe("ERR_POLICY_FIELD");
  });

  it.each<[cert: string, annotation: string, status: string]>([
    [`{{ keys.data.{{ ${author}.a }} }}`, "team", "pass"],
    [`{{ keys.data."{{ ${author}.a }}" }}`, "team", "pass"],
    [`{{ keys.data."{{ ${author}.a }}" }}`, "a.b", "fail"],
    [`{{ lookup(keys.data, '{{ ${author}.a }}') }}`, "team", "pass"],
    [`{{ not_null(\`{{ ${author} }}\`).cert }}`, "team", "pass"],
  ])("names what it stands for: %s", async (cert, annotation, status) => {
    expect(await trusted(cert, annotation)).toBe(status);
  });

  it.each<[what: string, entry: (jmesPath: string) => Json]>([
    ["a variable", (jmesPath) => ({ variable: { jmesPath } })],
    ["a value", (jmesPath) => ({ variable: { value: { x: "y" }, jmesPath } })],
    ["an API call", (jmesPath) => ({ apiCall: { urlPath: "/api/v1/namespaces/default/configmaps/x", jmesPath } })],
    ["an image", (jmesPath) => ({ imageRegistry: { reference: IMAGE, jmesPath } })],
  ])("cannot become more of the query of %s", async (_, entry) => {
    const more = { name: "v", ...entry(`x || '{{ ${author}.a }}'`) };
    const object = { ...createRequest().object, metadata: { name: "x", annotations: { a: "' || 'y" } } };
    const objects = { "/api/v1/namespaces/default/configmaps/x": {} };
    const { response } = await play({
      context: [more],
      cert: "{{ v }}",
      cluster: clusterOf(objects),
      request: { object },
    });
    expect(response.whole?.refusal?.code).toBe("ERR_POLICY_FIELD");
  });
});

describe("a variable where it would decide which images a rule is about", () => {
  const { verifyImages: [entry] = [] } =
    (policyDocument() as { spec: { rules: { verifyImages: Json[] }[] } }).spec.rules[0] ?? {};

  it.each<[place: string, verifyImages: unknown, path: string]>([
    ["the list", "{{ e }}", "verifyImages"],
    ["an entry", ["{{ e }}"], "verifyImages[0]"],
    ["its patterns", [{ ...entry, imageReferences: "{{ e }}" }], "verifyImages[0].imageReferences"],
    ["its action", [{ ...entry, failureAction: "{{ e }}" }], "verifyImages[0].failureAction"],
  ])("is refused in place of %s", async (_, verifyImages, path) => {
    const context = [{ name: "e", variable: { value: "Enforce" } }];
    const document = policyDocument({ apiVersion: "kyverno.io/v1", rule: { context, verifyImages } });
    const { policies, problems } = await loadPolicies([{ source: "p", text: JSON.stringify(document) }], crypto);
    expect(policies.every(({ problems: own }) => own.length > 0)).toBe(true);
    expect(problems).toMatchObject([{
      path: `spec.rules[0].${path}`,
      reason: expect.stringContaining("should not have variables in"),
    }]);
  });

  it("and very many of them behind braces that never close are refused, too", () => {
    const text = "{{" + "{{a}}".repeat(200_000);
    expect(parseTemplate(text)).toHaveLength(200_001);
  });
});
