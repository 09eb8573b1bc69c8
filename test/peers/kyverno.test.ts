/**
 * The real Kyverno CLI and this engine decide the same policies over the same registry: decision, status of each image
 * and message are equal, or the closed list of deviations says why not.
 */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import jsonPatch, { type Operation } from "fast-json-patch";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { createRegistryClient } from "../../src/oci/mod.ts";
import {
  type Decision,
  evaluate,
  type KubernetesObject,
  loadPolicies,
  type PolicyRequest,
} from "../../src/policy/mod.ts";
import { createNodeHost } from "../../src/runtime/node.ts";
import { peerPaths } from "../../scripts/peers.ts";
import { describeIf } from "../run/requirements.ts";
import { loadLayout } from "./content.ts";
import { expectSame } from "./deviations.ts";
import { attestationCases } from "./kyverno_attestations.ts";
import { type FixtureImages, kyvernoCases } from "./kyverno_cases.ts";
import { crowd, kyvernoDifferences } from "./kyverno_differences.ts";
import { selectionCases } from "./kyverno_selection.ts";
import { type Registry, startOlareg } from "./registries.ts";
import { runTool } from "./tools.ts";

interface PeerResult {
  readonly rule: string;
  readonly result: string;
  readonly message: string;
}

/** What Kyverno's second phase says of images the first phase has judged already. */
const SECOND_PHASE = /^(missing digest for |unverified image |image is not verified|image verified|image skipped)/;

/** What both of Kyverno's phases say of a rule as a whole. */
const OF_THE_RULE = /^(preconditions not met|rule is skipped due to policy exceptions|failed to instantiate handler: )/;

/** What the first phase says. */
function firstPhase(results: readonly PeerResult[]): readonly PeerResult[] {
  return results.filter(({ rule, message }, index) =>
    !SECOND_PHASE.test(message) &&
    !(OF_THE_RULE.test(message) &&
      results.slice(0, index).some((other) => other.rule === rule && other.message === message))
  );
}

const fixtures = "test/fixtures";
const readJson = (name: string) => JSON.parse(readFileSync(join(fixtures, name), "utf8"));
const pem = (name: string) => readFileSync(join(fixtures, "keys", `${name}.crt.pem`), "utf8");
/** One path per fixture repository in the one registry. */
const pathOf = (repository: string) => repository.slice(repository.indexOf("/") + 1);

const { applyPatch } = jsonPatch;

let registry: Registry;
let folder: string;

const certificates = {
  signer: pem("fixture-signer"),
  coseSigner: pem("rsa-2048-self"),
  chainRoot: pem("p-256-chain-root"),
  chainIntermediate: pem("p-256-chain-intermediate"),
  chainLeaf: pem("p-256-chain"),
  release: pem("release-root"),
  shortLived: pem("short-lived"),
  oddName: pem("odd-name"),
  stranger: pem("rsa-3072-self"),
};

/** Cases are made twice: once to name the tests, once the registry's port is known. */
function cases(host: string) {
  const images: FixtureImages = {
    signed: `${host}/kyverno/test-verify-image:signed`,
    unsigned: `${host}/kyverno/test-verify-image:unsigned`,
    cose: `${host}/algorithms:cose-rsa-2048-self`,
    chain: `${host}/algorithms:jws-p-256-chain`,
    several: `${host}/several:wrong-first`,
    wrongSigner: `${host}/wrong-signer:jws`,
    wrongSignerCose: `${host}/wrong-signer:cose`,
    expired: `${host}/expiry:jws-expired`,
    expiredCose: `${host}/expiry:cose-expired`,
    expiredCertificate: `${host}/expiry:jws-expired-certificate`,
    longExpiry: `${host}/expiry:jws-long`,
    metadata: `${host}/metadata:jws`,
    oddName: `${host}/metadata:jws-odd-name`,
    artifactTypeForm: `${host}/several:artifact-type-form`,
    brokenFirst: `${host}/several:broken-first`,
    tampered: (tag) => `${host}/tampered:${tag}`,
    indexSigned: `${host}/index:signed`,
    indexChildSigned: `${host}/index:child-only`,
    attested: `${host}/attested:signed`,
    attestations: (tag) => `${host}/attestations:${tag}`,
    fallbackSigned: `${host}/fallback:signed`,
    crowded: `${host}/crowded:jws`,
  };
  const known: readonly { repository: string; tag: string; digest: string }[] = readJson("images.json");
  const digest = (image: string) => {
    const found = known.find(({ repository, tag }) => `${host}/${pathOf(repository)}:${tag}` === image);
    if (found === undefined) throw new Error(`no fixture "${image}"`);
    return found.digest;
  };
  return [
    ...kyvernoCases(images, certificates, digest),
    ...kyvernoDifferences(images, certificates, digest),
    ...attestationCases(images, certificates),
    ...selectionCases(images),
  ];
}

type Case = ReturnType<typeof cases>[number];

function policyOf(test: Case, host: string): string {
  const entries = (test.certificates ?? [certificates.signer]).map((cert) => ({ certificates: { cert } }));
  return JSON.stringify({
    apiVersion: "kyverno.io/v2beta1",
    kind: test.kind ?? "ClusterPolicy",
    metadata: { name: "check-image-notary", ...test.metadata },
    spec: {
      validationFailureAction: "Enforce",
      webhookTimeoutSeconds: 30,
      failurePolicy: "Fail",
      ...test.spec,
      rules: (test.rules ?? [{}]).map((own) => ({
        name: "verify-signature-notary",
        match: { any: [{ resources: { kinds: ["Pod"] } }] },
        ...test.rule,
        verifyImages: [{
          type: "Notary",
          imageReferences: [`${host}/*`],
          attestors: [{ count: 1, entries }],
          ...test.verify,
        }],
        ...own,
      })),
    },
  });
}

async function askKyverno(
  policy: string,
  resource: unknown,
  exceptions: readonly unknown[] = [],
  flags: readonly string[] = [],
): Promise<readonly PeerResult[]> {
  const policyFile = join(folder, "policy.yaml");
  const resourceFile = join(folder, "resource.yaml");
  writeFileSync(policyFile, policy);
  writeFileSync(resourceFile, JSON.stringify(resource));
  const exceptionFile = join(folder, "exceptions.yaml");
  writeFileSync(exceptionFile, exceptions.map((one) => JSON.stringify(one)).join("\n---\n"));
  const heeded = exceptions.length === 0 ? [] : ["-e", exceptionFile];
  const arguments_ = ["apply", policyFile, "-r", resourceFile, ...heeded, ...flags, "-p", "--output-format", "json"];
  const { stdout, stderr } = await runTool(peerPaths().kyverno, arguments_, { environment: { HOME: folder } });
  const start = stdout.indexOf("{");
  // Without any result the CLI prints no report.
  if (start < 0 || /^Policies Skipped/m.test(stdout)) {
    if (stderr.trim() !== "" || /Skipped/.test(stdout)) {
      throw new Error(`the peer refused the case: ${stdout}${stderr}`);
    }
    return [];
  }
  // A report for each policy that has a namespace, whole for each phase.
  return stdout.slice(start).split(/^---$/m).flatMap((report) => JSON.parse(report).results ?? []);
}

/** Why the peer does not take a policy; nothing when it does. */
async function askRefusal(policy: string, resource: unknown): Promise<readonly string[]> {
  const [policyFile, resourceFile] = [join(folder, "policy.yaml"), join(folder, "resource.yaml")];
  writeFileSync(policyFile, policy);
  writeFileSync(resourceFile, JSON.stringify(resource));
  const { stdout, stderr } = await runTool(peerPaths().kyverno, ["apply", policyFile, "-r", resourceFile, "-v", "2"], {
    environment: { HOME: folder },
  });
  // deno-lint-ignore no-control-regex
  const said = `${stdout}${stderr}`.replace(/\u001b\[\d+m/g, "");
  return [...said.matchAll(/policy validation error error=("(?:[^"\\]|\\.)*")/g)].map(([, text = ""]) =>
    JSON.parse(text)
  );
}

/** Both phases, as a cluster runs them: what `/mutate` patches is what `/validate` sees. */
async function askUs(
  policy: string,
  resource: KubernetesObject,
  noun: "image" | "artifact" = "artifact",
  given: readonly unknown[] = [],
): Promise<{ readonly allowed: boolean; readonly mutate: Decision }> {
  const { policies, exceptions, problems } = await loadPolicies(
    [policy, ...given.map((one) => JSON.stringify(one))].map((text, at) => ({ source: `${at}.json`, text })),
    createWebCryptoProvider(),
  );
  if (problems.length > 0) throw new Error(`the policy is refused: ${JSON.stringify(problems)}`);
  const { ports } = createNodeHost();
  const [group, version] = /\//.test(String(resource["apiVersion"]))
    ? String(resource["apiVersion"]).split("/")
    : ["", String(resource["apiVersion"])];
  const request: PolicyRequest = {
    uid: "1",
    operation: "CREATE",
    group: group ?? "",
    version: version ?? "",
    kind: String(resource["kind"]),
    subresource: "",
    namespace: (resource["metadata"] as { readonly namespace?: string }).namespace ?? "default",
    name: (resource["metadata"] as { readonly name?: string }).name ?? "",
    object: resource,
    dryRun: false,
    userInfo: { username: "", groups: [] },
  };
  const crypto = createWebCryptoProvider();
  const open = createRegistryClient({ ...ports, crypto });
  const ask = (phase: "mutate" | "validate", object: KubernetesObject) =>
    evaluate(policies, { ...request, object }, {
      ports: { now: ports.now, crypto, open },
      phase,
      signal: AbortSignal.timeout(20_000),
      noun,
      exceptions,
    });
  const mutate = await ask("mutate", resource);
  if (!mutate.allowed) return { allowed: false, mutate };
  const patched = applyPatch(structuredClone(resource), mutate.patches as Operation[]).newDocument;
  return { allowed: (await ask("validate", patched)).allowed, mutate };
}

/** Sorted `rule | status | message` lines; the peer's order is its hash map's. */
function lines(results: readonly PeerResult[]): readonly string[] {
  return results.map(({ rule, result, message }) => `${rule} | ${result} | ${message}`).sort();
}

describeIf("peers", "the real Kyverno CLI", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "edge-notary-kyverno-"));
    registry = await startOlareg();
    for (const { layout, name } of readJson("repositories.json")) {
      await loadLayout(registry, pathOf(name), join(fixtures, "layouts", layout));
      if (pathOf(name) !== "metadata") continue;
      await loadLayout(registry, "crowded", join(fixtures, "layouts", layout));
      await crowd(registry, "crowded", "jws");
    }
  });
  afterAll(async () => {
    await registry?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const names = cases("host").map(({ name }) => name);

  it("is asked at least 25 cases, 10 admitted and 10 denied", () => {
    expect(new Set(names).size).toBe(names.length);
    expect(cases("host").filter(({ expect }) => expect === "admitted").length).toBeGreaterThanOrEqual(10);
    expect(cases("host").filter(({ expect }) => expect === "denied").length).toBeGreaterThanOrEqual(10);
  });

  it.each(names)("%s", async (name) => {
    const test = cases(registry.host).find((candidate) => candidate.name === name);
    if (test === undefined) throw new Error(`no case "${name}"`);
    const policy = policyOf(test, registry.host);
    const theirs = await askKyverno(policy, test.resource, test.exceptions, ["--audit-warn"]);
    expect(theirs.some(({ result }) => result === "fail" || result === "error") ? "denied" : "admitted").toBe(
      test.expect,
    );

    if (test.ours === "refused") {
      const { problems } = await loadPolicies([{ source: "policy.json", text: policy }], createWebCryptoProvider());
      return expectSame(problems.map(({ path }) => path), [], test.deviation, name);
    }
    const { allowed, mutate } = await askUs(policy, test.resource, "artifact", test.exceptions);
    const ours = mutate.responses.flatMap(({ rule, action, images, whole }) =>
      (whole === undefined ? images : [whole]).map(({ status, message }) => ({
        rule,
        result: status === "fail" && action === "Audit" ? "warn" : status as string,
        message,
      }))
    );
    expect(allowed ? "admitted" : "denied").toBe(test.ours ?? test.expect);
    expectSame(lines(ours), lines(firstPhase(theirs)), test.deviation, name);
  });

  const refusals = ["a*", "ab", "a?"].flatMap((one) => ["ab", "a*"].map((other) => [one, other] as const));

  it.each(refusals)("overrides for %s and %s are refused in the same words, or taken", async (one, other) => {
    const test = cases(registry.host)[0] as Case;
    const validationFailureActionOverrides = [
      { action: "Audit", namespaces: [one] },
      { action: "Enforce", namespaces: ["b", other] },
    ];
    const policy = policyOf({ ...test, spec: { validationFailureActionOverrides } }, registry.host);
    const { problems } = await loadPolicies([{ source: "p", text: policy }], createWebCryptoProvider());
    expect(problems.map(({ reason }) => reason)).toEqual(await askRefusal(policy, test.resource));
  });

  it("an extractor's expression beside digests that are written is refused in the same words", async () => {
    const test = cases(registry.host)[0] as Case;
    const imageExtractors = { Pod: [{ path: "/spec/image", jmesPath: "@" }] };
    const policy = policyOf({ ...test, rule: { imageExtractors } }, registry.host);
    const { problems } = await loadPolicies([{ source: "p", text: policy }], createWebCryptoProvider());
    expect(problems.map(({ reason }) => `path: spec.rules[0]: ${reason}`)).toEqual(
      await askRefusal(policy, test.resource),
    );
  });

  it("calls a registry that answers 503 an error, which a policy may tolerate, where the peer sees a failure", async () => {
    const server = createServer((_, response) => response.writeHead(503).end()).listen(0, "127.0.0.1");
    try {
      await once(server, "listening");
      const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const test = cases(host).find(({ name }) => name === "signed tag");
      if (test === undefined) throw new Error("no case");
      // Kyverno would also say that it could not update the digest.
      const policy = policyOf({ ...test, verify: { mutateDigest: false } }, host);
      const theirs = (await askKyverno(policy, test.resource)).filter(({ message }) => !SECOND_PHASE.test(message));
      const { allowed, mutate } = await askUs(policy, test.resource);
      expect(allowed).toBe(false);
      expect(theirs.map(({ result }) => result)).toEqual(["fail"]);
      const ours = mutate.responses.flatMap(({ images }) => images.map(({ status }) => status as string));
      expect(ours).toEqual(["error"]);
      expectSame(ours, theirs.map(({ result }) => result), "server-error", "status of a 503");
    } finally {
      server.close();
    }
  });

  it("asks the image's attestors for an attestation that names none, with which the peer crashes", async () => {
    const test = cases(registry.host).find(({ name }) => name === "attestations: signed");
    if (test === undefined) throw new Error("no case");
    const policy = policyOf({ ...test, verify: { attestations: [{ type: "sbom/cyclone-dx" }] } }, registry.host);
    await expect(askKyverno(policy, test.resource)).rejects.toThrow("nil pointer dereference");
    const { allowed, mutate } = await askUs(policy, test.resource);
    expect(allowed).toBe(true);
    const said = mutate.responses.flatMap(({ images }) => images.map(({ message }) => message));
    expectSame(said, [], "attestation-own-attestors", "an attestation without attestors");
  });

  it('says "artifact" where the webhook\'s denial says "image"', async () => {
    const test = cases(registry.host).find(({ name }) => name === "unsigned tag");
    if (test === undefined) throw new Error("no case");
    const policy = policyOf(test, registry.host);
    const [theirs] = (await askKyverno(policy, test.resource)).filter(({ message }) => !SECOND_PHASE.test(message));
    const { message } = (await askUs(policy, test.resource, "image")).mutate;
    const said = message.replace(/\n\s+/g, " ");
    expect(said).toContain("make sure the image was signed successfully");
    expect(theirs?.message).toContain("make sure the artifact was signed successfully");
    expectSame(said.includes(theirs?.message ?? ""), true, "image-word", "the denial's wording");
  });
});
