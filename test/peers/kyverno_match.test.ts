/** The real Kyverno CLI, told who asks and what labels a namespace has, and this engine apply the same rules. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { createRegistryClient } from "../../src/oci/mod.ts";
import { evaluate, loadPolicies } from "../../src/policy/mod.ts";
import { createNodeHost } from "../../src/runtime/node.ts";
import { clusterOf, clusterRoleBinding, namespaceWith, roleBinding } from "../cases/policy/clusters.ts";
import { createRequest, podWith } from "../cases/policy/requests.ts";
import { describeIf } from "../run/requirements.ts";
import { policyOf, SELECTIONS, type Setting, SETTINGS } from "./kyverno_match.ts";
import { runTool } from "./tools.ts";

const certificate = readFileSync("test/fixtures/keys/fixture-signer.crt.pem", "utf8");
const policies = SELECTIONS.map((selection) => policyOf(selection, certificate));
const resource = podWith(["127.0.0.1:1/app:1"]);

let folder: string;

/** Names of the policies whose rule was asked. */
async function askKyverno({ username, groups, roles, clusterRoles, labels }: Setting): Promise<readonly string[]> {
  const write = (name: string, value: unknown): string => {
    writeFileSync(join(folder, name), JSON.stringify(value));
    return join(folder, name);
  };
  const files = policies.map((policy, at) => write(`${at}.yaml`, policy));
  const api = "cli.kyverno.io/v1alpha1";
  const user = { apiVersion: api, kind: "UserInfo", roles, clusterRoles, userInfo: { username, groups } };
  const values = { apiVersion: api, kind: "Values", namespaceSelector: [{ name: "default", labels }] };
  const { stdout } = await runTool(peerPaths().kyverno, [
    ...["apply", ...files, "-r", write("resource.yaml", resource)],
    ...["--userinfo", write("user.yaml", user), "--values-file", write("values.yaml", values)],
    ...["-p", "--output-format", "json"],
  ], { environment: { HOME: folder } });
  expect(stdout).not.toMatch(/Policies Skipped/);
  const report = JSON.parse(stdout.slice(stdout.indexOf("{"))) as { results: readonly { policy: string }[] };
  return [...new Set(report.results.map(({ policy }) => policy))].sort();
}

async function askUs({ username, groups, roles, clusterRoles, labels }: Setting): Promise<readonly string[]> {
  const crypto = createWebCryptoProvider();
  const loaded = await loadPolicies([{
    source: "p.json",
    text: policies.map((one) => JSON.stringify(one)).join("\n---\n"),
  }], crypto);
  expect(loaded.problems).toEqual([]);
  const { ports } = createNodeHost();
  const subject = { kind: "User", name: username };
  const cluster = clusterOf(
    namespaceWith("default", labels),
    ...roles.map((role) => roleBinding(...role.split(":") as [string, string], subject)),
    ...clusterRoles.map((role) => clusterRoleBinding(role, subject)),
  );
  const decision = await evaluate(
    loaded.policies,
    createRequest({ object: resource, userInfo: { username, groups } }),
    {
      ports: { now: ports.now, crypto, open: createRegistryClient({ ...ports, crypto }), cluster },
      phase: "mutate",
      signal: AbortSignal.timeout(20_000),
    },
  );
  return decision.responses.map(({ policy }) => policy).sort();
}

describeIf("peers", "the real Kyverno CLI, told who asks", () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "edge-notary-match-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(SETTINGS)("asks the rules that we ask: $name", async (setting) => {
    const theirs = await askKyverno(setting);
    expect(theirs.length).toBeGreaterThanOrEqual(SELECTIONS.length / 4);
    expect(theirs.length).toBeLessThanOrEqual((SELECTIONS.length * 3) / 4);
    expect(await askUs(setting)).toEqual(theirs);
  });
});
