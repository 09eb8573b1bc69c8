/**
 * Kyverno's policies know no signing authority: its certificates are anchors of the type `ca`, whatever they are. The
 * real Kyverno CLI and this engine refuse signatures of that scheme in the same words.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type AuthorityRecord, pushSigned } from "../../scripts/fixtures/authorities.ts";
import { peerPaths } from "../../scripts/peers.ts";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { createRegistryClient } from "../../src/oci/mod.ts";
import { evaluate, type KubernetesObject, loadPolicies } from "../../src/policy/mod.ts";
import { createNodeHost } from "../../src/runtime/node.ts";
import { describeIf } from "../run/requirements.ts";
import { type Registry, startOlareg } from "./registries.ts";
import { runTool } from "./tools.ts";

const FOLDER = "test/fixtures/authorities";
const read = (file: string) => readFileSync(join(FOLDER, file));
const records: readonly AuthorityRecord[] = JSON.parse(read("authorities.json").toString("utf8"));

const podOf = (image: string): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "test", namespace: "default" },
  spec: { containers: [{ name: "app", image }] },
});

function policyOf(host: string, cert: string): string {
  const verify = {
    type: "Notary",
    imageReferences: [`${host}/*`],
    mutateDigest: false,
    verifyDigest: false,
    attestors: [{ count: 1, entries: [{ certificates: { cert } }] }],
  };
  return JSON.stringify({
    apiVersion: "kyverno.io/v2beta1",
    kind: "ClusterPolicy",
    metadata: { name: "authority" },
    spec: {
      validationFailureAction: "Enforce",
      webhookTimeoutSeconds: 30,
      failurePolicy: "Fail",
      rules: [{
        name: "verify",
        match: { any: [{ resources: { kinds: ["Pod"] } }] },
        verifyImages: [verify],
      }],
    },
  });
}

/** Status and message of the rule, as the CLI's report has them. */
async function askKyverno(folder: string, policy: string, resource: KubernetesObject) {
  const [policyFile, resourceFile] = [join(folder, "policy.yaml"), join(folder, "resource.yaml")];
  writeFileSync(policyFile, policy);
  writeFileSync(resourceFile, JSON.stringify(resource));
  const args = ["apply", policyFile, "-r", resourceFile, "-p", "--output-format", "json"];
  const { stdout } = await runTool(peerPaths().kyverno, args, { environment: { HOME: folder } });
  const { results } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as {
    readonly results: readonly { readonly result: string; readonly message: string }[];
  };
  return results.map(({ result, message }) => ({ result, message })).find(({ message }) => /attestor/.test(message));
}

async function askUs(policy: string, object: KubernetesObject) {
  const crypto = createWebCryptoProvider();
  const { policies, problems } = await loadPolicies([{ source: "policy.json", text: policy }], crypto);
  expect(problems).toEqual([]);
  const { ports } = createNodeHost();
  const request = {
    uid: "1",
    operation: "CREATE",
    group: "",
    version: "v1",
    kind: "Pod",
    subresource: "",
    namespace: "default",
    name: "test",
    object,
    dryRun: false,
    userInfo: { username: "", groups: [] },
  } as const;
  return await evaluate(policies, request, {
    ports: { now: ports.now, crypto, open: createRegistryClient({ ...ports, crypto }) },
    phase: "mutate",
    signal: AbortSignal.timeout(20_000),
    noun: "artifact",
  });
}

describeIf("peers", "Kyverno's policies and signing authorities", () => {
  let registry: Registry;
  let folder: string;
  beforeAll(async () => {
    registry = await startOlareg();
    folder = mkdtempSync(join(tmpdir(), "edge-notary-authority-policy-"));
  });
  afterAll(async () => {
    await registry?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const asked = ["p-256-jws", "p-256-cose", "retired-jws", "stamped-cose"];
  it.each(records.filter(({ name }) => asked.includes(name)))("$name is refused", async (record) => {
    const image = await pushSigned(
      registry,
      `authorities/${record.name}`,
      record.mediaType,
      new Uint8Array(read(record.file)),
    );
    const policy = policyOf(registry.host, read(record.root).toString("utf8"));
    const theirs = await askKyverno(folder, policy, podOf(image));
    const { allowed, responses } = await askUs(policy, podOf(image));
    const [ours] = responses.flatMap(({ images }) =>
      images.map(({ status, message }) => ({ result: status, message }))
    );
    expect(allowed).toBe(false);
    expect(ours).toEqual(theirs);
    expect(ours?.message).toContain(record.notation.ca.reason);
  });
});
