/** `serve` with a cluster that policies ask: the signer's certificate stands in a ConfigMap. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createResourcesCluster } from "../../../src/cluster/mod.ts";
import type { ClientTls, Handler } from "../../../src/ports.ts";
import { POLICY_BY_CONFIG_MAP } from "../../run/config_map_policy.ts";
import { createFixtureRegistry, fixtureText } from "./fixture_registry.ts";
import { type MemoryHostOptions, runInMemory } from "./memory_host.ts";

const review = readFileSync(new URL("../../../examples/signed-pod.json", import.meta.url), "utf8");
const certificate = fixtureText("keys/fixture-signer.crt.pem");

const resources = JSON.stringify({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "keys", namespace: "trust" },
  data: { certificate },
});
const kubeconfig = JSON.stringify({
  "current-context": "dev",
  contexts: [{ name: "dev", context: { cluster: "dev", user: "ada" } }, {
    name: "other",
    context: { cluster: "dev", user: "bob" },
  }],
  clusters: [{ name: "dev", cluster: { server: "https://10.0.0.1:6443" } }],
  users: [{ name: "ada", user: { token: "ada-token" } }, { name: "bob", user: { token: "bob-token" } }],
});
const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";
const pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const pod = { [`${FOLDER}/token`]: "pod-token", [`${FOLDER}/ca.crt`]: pem };
const variables = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "6443" };

/** Answers from the resources whoever has the token. */
function apiServer(token: string, seen: ClientTls[] = []): (tls: ClientTls) => Handler {
  const held = createResourcesCluster([{ source: "objects", text: resources }]);
  return (tls) => {
    seen.push(tls);
    return async (request) => {
      if (request.headers.get("authorization") !== `Bearer ${token}`) {
        const status = { kind: "Status", apiVersion: "v1", message: 'User "bob" cannot get it', code: 403 };
        return Response.json(status, { status: 403 });
      }
      const found = await held.read(new URL(request.url).pathname, { signal: request.signal });
      const none = { kind: "Status", apiVersion: "v1", message: "not found", code: 404 };
      return found === undefined ? Response.json(none, { status: 404 }) : Response.json(found);
    };
  };
}

interface Answered {
  readonly allowed: boolean;
  readonly status?: { readonly message: string };
}

/** Serves, and asks once about the signed Pod. */
async function decide(argv: readonly string[], options: MemoryHostOptions): Promise<Answered> {
  let handler: Handler | undefined;
  const stop = new AbortController();
  const running = runInMemory(["serve", "--policy", "p.yaml", ...argv], {
    registry: await createFixtureRegistry(),
    ...options,
    files: { "p.yaml": POLICY_BY_CONFIG_MAP, ...options.files },
    interruption: stop.signal,
    serve: (given) => void (handler = given),
  });
  for (let tries = 0; handler === undefined && tries < 400; tries++) await new Promise((done) => setTimeout(done, 5));
  const response = await handler?.(
    new Request("http://127.0.0.1/mutate?timeout=10s", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: review,
    }),
  );
  stop.abort();
  const { stderr } = await running;
  if (response === undefined) throw new Error(stderr);
  return (await response.json() as { readonly response: Answered }).response;
}

describe("serve asks the cluster it is given", () => {
  it.each<[string, readonly string[], MemoryHostOptions]>([
    ["a file", ["--resources", "r.json"], { files: { "r.json": resources } }],
    ["a folder", ["--resources", "objects"], { files: { "objects/r.json": resources, "objects/readme.md": "-" } }],
    ["a kubeconfig", ["--kubeconfig", "k"], { files: { k: kubeconfig }, apiServer: apiServer("ada-token") }],
    ["another context of it", ["--kubeconfig", "k", "--context", "other"], {
      files: { k: kubeconfig },
      apiServer: apiServer("bob-token"),
    }],
    ["the Pod's service account", ["--in-cluster"], { files: pod, variables, apiServer: apiServer("pod-token") }],
  ])("%s", async (_, argv, options) => {
    expect(await decide(argv, options)).toMatchObject({ allowed: true });
  });

  it("believes the CA of the Pod's service account and no other", async () => {
    const seen: ClientTls[] = [];
    await decide(["--in-cluster"], { files: pod, variables, apiServer: apiServer("pod-token", seen) });
    expect(seen).toEqual([{ certificateAuthorities: pem }]);
  });

  it.each<[string, readonly string[], MemoryHostOptions, string]>([
    ["nothing to ask", [], {}, "no cluster is known here"],
    ["a ConfigMap that is not there", ["--resources", "r.json"], {
      files: { "r.json": resources.replace('"keys"', '"other"') },
    }, 'configmaps "keys" not found'],
    ["an account that may not", ["--kubeconfig", "k", "--context", "other"], {
      files: { k: kubeconfig },
      apiServer: apiServer("ada-token"),
    }, 'refuses this to user "bob" of context "other": User "bob" cannot get it'],
    ["a server that fails", ["--kubeconfig", "k"], {
      files: { k: kubeconfig },
      apiServer: () => () => new Response("down", { status: 500 }),
    }, "answered with HTTP status 500"],
  ])("and denies with %s", async (_, argv, options, message) => {
    const { allowed, status } = await decide(argv, options);
    expect(allowed).toBe(false);
    // Kyverno folds long messages.
    expect(status?.message.replace(/\s+/g, " ")).toContain(message);
  });
});

describe("serve refuses at once", () => {
  const files = { "p.yaml": POLICY_BY_CONFIG_MAP, "r.json": resources, k: kubeconfig };
  it.each<[string, readonly string[], string, string]>([
    ["two clusters", ["--resources", "r.json", "--kubeconfig", "k"], "ERR_USAGE", "--resources and --kubeconfig name"],
    ["two clusters", ["--in-cluster", "--kubeconfig", "k"], "ERR_USAGE", "--kubeconfig and --in-cluster name"],
    ["a context of nothing", ["--context", "dev"], "ERR_USAGE", "--context needs --kubeconfig"],
    ["a context that is not there", ["--kubeconfig", "k", "--context", "none"], "ERR_KUBECONFIG", '"none"'],
    ["a kubeconfig that is not there", ["--kubeconfig", "gone"], "ERR_FILE", "gone"],
    ["to run in no cluster", ["--in-cluster"], "ERR_KUBECONFIG", "KUBERNETES_SERVICE_HOST"],
    ["resources that are not there", ["--resources", "gone"], "ERR_FILE", "gone"],
    [
      "resources given twice",
      ["--resources", "r.json", "--resources", "r.json"],
      "ERR_RESOURCES",
      "already at r.json:1:1",
    ],
    ["resources that are a policy's values", ["--resources", "k"], "ERR_RESOURCES", "k:1:1"],
  ])("%s: %j", async (_, argv, code, message) => {
    const { status, stderr } = await runInMemory(["serve", "--policy", "p.yaml", ...argv], { files });
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    if (code !== "ERR_USAGE") expect(stderr).toMatch(new RegExp(`^Code: ${code} `, "m"));
  });
});

describe("serve says at its start", () => {
  const files = { "p.yaml": POLICY_BY_CONFIG_MAP, "r.json": resources, k: kubeconfig, ...pod };
  it.each([
    [["--resources", "r.json"], "  cluster   the objects in r.json"],
    [["--kubeconfig", "k"], '  cluster   https://10.0.0.1:6443 as user "ada" of context "dev"'],
    [["--in-cluster"], "  cluster   https://10.0.0.1:6443 as the service account of this Pod"],
  ])("which cluster is asked: %j", async (argv, line) => {
    const { stdout } = await runInMemory(["serve", "--policy", "p.yaml", ...argv], { files, variables });
    expect(stdout.split("\n")).toContain(line);
  });

  it("nothing of a cluster where there is none", async () => {
    const { stdout } = await runInMemory(["serve", "--policy", "p.yaml"], { files });
    expect(stdout).toContain("Listening on");
    expect(stdout).not.toContain("  cluster ");
  });
});
