/** What `serve` reports of its decisions, and what it makes of images no rule is about. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Handler, LogLine } from "../../../src/ports.ts";
import { digestOf } from "../policy/world.ts";
import { createFixtureRegistry } from "./fixture_registry.ts";
import { type MemoryHostOptions, runInMemory } from "./memory_host.ts";

const example = (name: string) => readFileSync(new URL(`../../../examples/${name}`, import.meta.url), "utf8");
const policy = example("check-image-notary.yaml");

interface Asked {
  readonly allowed: boolean;
  readonly status?: { readonly message: string };
}

/** Serves with the example policy, asks a webhook about one Pod after another, and stops. */
async function askServe(
  flags: readonly string[],
  reviews: readonly string[],
  { files: more = {}, path = "/mutate", ...options }: MemoryHostOptions & { readonly path?: string } = {},
) {
  let handler: Handler | undefined;
  const logged: LogLine[] = [];
  const stop = new AbortController();
  const running = runInMemory(["serve", "--policy", "p.yaml", ...flags], {
    ...options,
    files: { "p.yaml": policy, ...more },
    registry: await createFixtureRegistry(),
    interruption: stop.signal,
    // Nothing is late.
    sleep: () => new Promise(() => {}),
    log: (entry) => void logged.push(entry),
    serve: (serving) => void (handler = serving),
  });
  for (let tries = 0; handler === undefined && tries < 400; tries++) await new Promise((done) => setTimeout(done, 5));
  const answers: Asked[] = [];
  for (const body of reviews) {
    const headers = { "content-type": "application/json" };
    const response = await handler?.(
      new Request(`http://127.0.0.1${path}?timeout=10s`, { method: "POST", headers, body }),
    );
    answers.push((await response?.json() as { readonly response: Asked }).response);
  }
  // Nobody waits for reports: each has its turn once the answer is given.
  await new Promise((done) => setTimeout(done, 20));
  stop.abort();
  const { status, stderr, written } = await running;
  const files = new Map([...written].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)]));
  return { status, stderr, files, answers, lines: logged.filter(({ event }) => event === "policy.result") };
}

const signed = example("signed-pod.json");
const unsigned = example("unsigned-pod.json");
const elsewhere = signed.replaceAll("ghcr.io/kyverno/test-verify-image:signed", "docker.io/library/nginx:1.27");

describe("serve", () => {
  it("appends a line for each decision to --report-file, in the group of --report-format", async () => {
    const flags = ["--report-file", "reports.jsonl", "--report-format", "openreports.io/v1alpha1"];
    const { status, files, answers } = await askServe(flags, [signed, unsigned, elsewhere]);
    expect(status).toBe(0);
    expect(answers.map(({ allowed }) => allowed)).toEqual([true, false, true]);
    const reports = (files.get("reports.jsonl") ?? "").trimEnd().split("\n").map((line) => JSON.parse(line));
    const common = { apiVersion: "openreports.io/v1alpha1", kind: "Report", source: "kyverno" };
    const scope = { apiVersion: "v1", kind: "Pod", namespace: "default" };
    expect(reports).toMatchObject([
      { ...common, scope, summary: { pass: 1, fail: 0 }, results: [{ policy: "check-image-notary", result: "pass" }] },
      {
        ...common,
        scope,
        summary: { pass: 0, fail: 1 },
        results: [{ rule: "verify-signature-notary", result: "fail", properties: { code: "SIGNATURE_MISSING" } }],
      },
    ]);
    // Of images that no rule is about Kyverno has nothing to report.
    expect(reports).toHaveLength(2);
  });

  it("logs a line for each image with --report-log", async () => {
    const { lines, files } = await askServe(["--report-log"], [unsigned]);
    expect(lines).toMatchObject([{
      level: "info",
      policy: "check-image-notary",
      rule: "verify-signature-notary",
      result: "fail",
      image: "ghcr.io/kyverno/test-verify-image:unsigned",
      code: "SIGNATURE_MISSING",
      decision: "denied",
      phase: "mutate",
    }]);
    expect([...files.keys()]).toEqual([]);
    expect((await askServe([], [unsigned])).lines).toEqual([]);
  });

  it("refuses images no rule is about with --no-match deny, and reports that", async () => {
    const { answers, lines } = await askServe(["--no-match", "deny", "--report-log"], [elsewhere, signed]);
    expect(answers.map(({ allowed }) => allowed)).toEqual([false, true]);
    expect(answers[0]?.status?.message).toContain("no rule matches image docker.io/library/nginx:1.27");
    expect(lines).toMatchObject([
      { policy: "edge-notary", rule: "no-match", result: "fail", code: "IMAGE_UNMATCHED", decision: "denied" },
      { policy: "check-image-notary", result: "pass", decision: "admitted" },
    ]);
  });

  it("writes to the cluster with --report-cluster, what is stored and nothing else", async () => {
    const written: string[] = [];
    const kinds = {
      kind: "APIResourceList",
      resources: [{ name: "policyreports", kind: "PolicyReport", namespaced: true }],
    };
    const apiServer = () => async (request: Request) => {
      if (request.method === "GET") return Response.json(kinds);
      const { results } = await request.json() as { results: { result: string }[] };
      written.push(`${new URL(request.url).pathname} ${results.map(({ result }) => result)}`);
      return Response.json({}, { status: 201 });
    };
    const withUid = (review: string, uid: string) => {
      const body = JSON.parse(review);
      body.request.object.metadata.uid = uid;
      body.request.name = body.request.object.metadata.name = "web";
      return JSON.stringify(body);
    };
    const kubeconfig = JSON.stringify({
      "current-context": "dev",
      contexts: [{ name: "dev", context: { cluster: "dev", user: "ada" } }],
      clusters: [{ name: "dev", cluster: { server: "https://10.0.0.1:6443" } }],
      users: [{ name: "ada", user: { token: "ada-token" } }],
    });
    const pinned = signed.replace(
      "test-verify-image:signed",
      `$&@${digestOf("ghcr.io/kyverno/test-verify-image:signed")}`,
    );
    const ask = async (path: string) => {
      const reviews = [withUid(pinned, "u-1"), withUid(unsigned, "u-2"), pinned];
      const host = { files: { k: kubeconfig }, apiServer, path };
      const { answers } = await askServe(["--kubeconfig", "k", "--report-cluster"], reviews, host);
      expect(answers.map(({ allowed }) => allowed)).toEqual([true, false, true]);
    };
    await ask("/mutate");
    expect(written).toEqual([]);
    await ask("/validate");
    expect(written).toEqual([
      "/apis/wgpolicyk8s.io/v1alpha2/namespaces/default/policyreports/edge-notary-u-1 pass",
    ]);
  });

  it("needs an API server for --report-cluster", async () => {
    for (const flags of [[], ["--resources", "p.yaml"]]) {
      const { status, stderr } = await runInMemory(["serve", "--policy", "p.yaml", "--report-cluster", ...flags], {
        files: { "p.yaml": policy },
      });
      expect(status).toBe(1);
      expect(stderr).toContain("--report-cluster needs an API server to write to: --kubeconfig FILE or --in-cluster");
    }
  });

  it.each([
    [["--report-format", "wgpolicyk8s.io/v1"], "--report-format"],
    [["--no-match", "refuse"], "--no-match"],
  ])("does not start with %j", async (flags, named) => {
    const { status, stderr } = await runInMemory(["serve", "--policy", "p.yaml", ...flags], {
      files: { "p.yaml": policy },
    });
    expect(status).toBe(1);
    expect(stderr).toContain(named);
    expect(stderr).toContain(flags[1]);
  });
});
