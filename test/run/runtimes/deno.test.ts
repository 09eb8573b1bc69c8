/** The source, unbuilt, on Deno: a command, and the webhook over TLS. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { podReview, SIGNED, UNSIGNED } from "../../cases/admission/webhook.ts";
import { createResourcesCluster } from "../../../src/cluster/mod.ts";
import { kubeconfigOf, startApiServer } from "../api_server.ts";
import { POLICY_BY_CONFIG_MAP } from "../config_map_policy.ts";
import { makeServerIdentity, type ServerIdentity } from "../tls.ts";

const DENO = join("node_modules", ".bin", process.platform === "win32" ? "deno.cmd" : "deno");

/** A running program and what it printed so far. */
interface Program {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function start(args: readonly string[]): Program {
  const child = spawn(DENO, ["run", "-A", "src/cli/main.ts", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout?.on("data", (chunk) => output += chunk);
  child.stderr?.on("data", (chunk) => output += chunk);
  return { child, output: () => output, ended: new Promise((resolve) => child.on("exit", resolve)) };
}

async function until(program: Program, pattern: RegExp): Promise<string> {
  for (let tries = 0; tries < 300; tries++) {
    const found = pattern.exec(program.output())?.[0];
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`never printed ${pattern}: ${program.output()}`);
}

describe("the source on Deno", () => {
  it("runs a command", async () => {
    const program = start(["version"]);
    expect(await program.ended).toBe(0);
    expect(program.output()).toMatch(/Runtime: +deno \d+\.\d+/);
  });

  it("ends with a failure's exit code", async () => {
    const program = start(["no-such-command"]);
    expect(await program.ended).toBe(1);
    expect(program.output()).toContain('unknown command "no-such-command"');
  });
});

describe("serve --demo on Deno, over TLS", () => {
  let folder = "";
  let identity: ServerIdentity;
  let program: Program;
  let url = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "edge-notary-deno-"));
    identity = makeServerIdentity();
    const [certificate, key] = [join(folder, "tls.crt"), join(folder, "tls.key")];
    await Promise.all([writeFile(certificate, identity.certificate), writeFile(key, identity.key)]);
    program = start(["serve", "--demo", "--port", "0", "--tls-cert", certificate, "--tls-key", key]);
    url = await until(program, /https:\/\/127\.0\.0\.1:\d+/);
    await until(program, /Ctrl-C/);
  });
  afterAll(async () => {
    program.child.kill("SIGTERM");
    await program.ended;
    await rm(folder, { recursive: true, force: true });
  });

  function ask(path: string, body?: unknown): Promise<{ status: number | undefined; text: string }> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": "application/json" };
      const options = {
        ca: identity.certificate,
        servername: "localhost",
        method: body === undefined ? "GET" : "POST",
        headers,
      };
      request(`${url}${path}`, options, async (response) => {
        resolve({ status: response.statusCode, text: (await response.toArray()).join("") });
      }).on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  it("admits the signed Pod and blocks the unsigned one", async () => {
    const signed = await ask("/mutate?timeout=10s", podReview([SIGNED]));
    expect(JSON.parse(signed.text).response).toMatchObject({ allowed: true, patchType: "JSONPatch" });
    const unsigned = await ask("/mutate?timeout=10s", podReview([UNSIGNED]));
    expect(JSON.parse(unsigned.text).response).toMatchObject({ allowed: false });
  });

  it("answers what is no AdmissionReview with a reason", async () => {
    expect(await ask("/mutate", [])).toMatchObject({
      status: 400,
      text: expect.stringContaining("ERR_ADMISSION_REVIEW"),
    });
    expect((await ask("/healthz")).status).toBe(200);
    expect((await ask("/nothing-here")).status).toBe(404);
  });

  it("logs decisions as lines of JSON, and nothing else on standard error", async () => {
    const line = await until(program, /\{"time".*"event":"admission\.decision".*\}/);
    expect(JSON.parse(line)).toMatchObject({ phase: "mutate", kind: "Pod" });
    expect(program.output()).not.toMatch(/legacy|warning|Uncaught/i);
  });

  it("ends at Ctrl-C, well and at once", async () => {
    const from = performance.now();
    program.child.kill("SIGINT");
    expect(await program.ended).toBe(0);
    expect(performance.now() - from).toBeLessThan(5_000);
    expect(program.output()).toContain("Stopping: requests under way are answered first.");
  });
});

describe("serve --kubeconfig on Deno", () => {
  it("believes the CA of the kubeconfig, proves who it is by its certificate, and is answered", async () => {
    const folder = await mkdtemp(join(tmpdir(), "edge-notary-deno-"));
    const objects = "{apiVersion: v1, kind: ConfigMap, metadata: {name: other, namespace: trust}}";
    const apiServer = await startApiServer(createResourcesCluster([{ source: "objects", text: objects }]), "none");
    const [kubeconfig, policy] = [join(folder, "kubeconfig"), join(folder, "policy.yaml")];
    await Promise.all([
      writeFile(kubeconfig, kubeconfigOf(apiServer, "certificate")),
      writeFile(policy, POLICY_BY_CONFIG_MAP),
    ]);
    const program = start(["serve", "--policy", policy, "--kubeconfig", kubeconfig, "--port", "0"]);
    try {
      const url = await until(program, /http:\/\/127\.0\.0\.1:\d+/);
      await until(program, /Policies loaded: 1/);
      const response = await fetch(`${url}/mutate?timeout=10s`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(podReview([SIGNED])),
      });
      // What a server says that does not know the client is another sentence.
      expect((await response.text()).replace(/(?:\s|\\n)+/g, " ")).toContain('configmaps \\"keys\\" not found');
      expect(apiServer.asked).toEqual(["/api/v1/namespaces/trust/configmaps/keys"]);
    } finally {
      program.child.kill("SIGTERM");
      await program.ended;
      await apiServer.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
