/**
 * The real Kyverno CLI and this engine report about the same requests: result, message and what the policy's
 * annotations say are equal for each policy and rule, or the closed list of deviations says why not.
 */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { policyReport, type ReportResult } from "../../src/policy/mod.ts";
import { describeIf } from "../run/requirements.ts";
import { expectSame } from "./deviations.ts";
import { type Json, type KyvernoCase, pod } from "./kyverno_cases.ts";
import { askUs } from "./kyverno_ours.ts";
import { askKyverno, firstPhase, type PeerResult } from "./kyverno_peer.ts";
import { type Doors, openDoors, questionOf, startFixtureRegistry } from "./kyverno_world.ts";
import type { Registry } from "./registries.ts";

type ReportCase = KyvernoCase & {
  /** What Kyverno is known to report, sorted. */
  readonly results: readonly string[];
  /** Nothing answers where its images are. */
  readonly down?: true;
  /** This engine has one result where Kyverno has several. */
  readonly oneLine?: true;
};

const annotated = (annotations: Json): Json => ({ annotations });
const DESCRIBED = annotated({
  "policies.kyverno.io/category": "Software Supply Chain Security",
  "policies.kyverno.io/severity": "high",
});
const NOT_SCORED = annotated({ "policies.kyverno.io/scored": "false" });

const exception: Json = {
  apiVersion: "kyverno.io/v2",
  kind: "PolicyException",
  metadata: { name: "legacy", namespace: "exceptions" },
  spec: {
    match: { any: [{ resources: { kinds: ["Pod"] } }] },
    exceptions: [{ policyName: "check-image-notary", ruleNames: ["verify-signature-notary"] }],
  },
};

/** A policy that writes no digests, so that the one after it sees the same images. */
const UNCHANGED: Json = { mutateDigest: false, verifyDigest: false };

const entryOf = (host: string, key: string): Json => ({
  type: "Notary",
  imageReferences: [`${host}/*`],
  ...UNCHANGED,
  attestors: [{
    count: 1,
    entries: [{ certificates: { cert: readFileSync(`test/fixtures/keys/${key}.crt.pem`, "utf8") } }],
  }],
});

/** @param host `host:port` of the registry. */
function reportCases(host: string): readonly ReportCase[] {
  const signed = `${host}/kyverno/test-verify-image:signed`;
  const unsigned = `${host}/kyverno/test-verify-image:unsigned`;
  const unmet = { all: [{ key: "1", operator: "Equals", value: "2" }] };
  return [
    { name: "admitted", expect: "admitted", results: ["pass"], resource: pod([signed]) },
    { name: "denied", expect: "denied", results: ["fail"], resource: pod([unsigned]) },
    {
      name: "described, admitted",
      expect: "admitted",
      results: ["pass"],
      resource: pod([signed]),
      metadata: DESCRIBED,
    },
    { name: "described, denied", expect: "denied", results: ["fail"], resource: pod([unsigned]), metadata: DESCRIBED },
    {
      name: "a severity that is none",
      expect: "denied",
      results: ["fail"],
      resource: pod([unsigned]),
      metadata: annotated({ "policies.kyverno.io/severity": "High" }),
    },
    {
      name: "not scored, admitted",
      expect: "admitted",
      results: ["pass"],
      resource: pod([signed]),
      metadata: NOT_SCORED,
    },
    {
      name: "not scored, denied",
      expect: "denied",
      results: ["warn"],
      resource: pod([unsigned]),
      metadata: NOT_SCORED,
    },
    {
      name: "audited",
      expect: "admitted",
      results: ["fail"],
      resource: pod([unsigned]),
      spec: { validationFailureAction: "Audit" },
      verify: { mutateDigest: false },
    },
    {
      name: "of a Policy",
      expect: "denied",
      results: ["fail"],
      resource: pod([unsigned]),
      kind: "Policy",
      metadata: { namespace: "default" },
    },
    {
      name: "let off by skipImageReferences",
      expect: "admitted",
      results: ["skip"],
      resource: pod([unsigned]),
      verify: { skipImageReferences: [unsigned] },
    },
    {
      name: "preconditions that do not hold",
      expect: "admitted",
      results: ["skip"],
      resource: pod([unsigned]),
      rule: { preconditions: unmet },
    },
    { name: "excepted", expect: "admitted", results: ["skip"], resource: pod([unsigned]), exceptions: [exception] },
    {
      name: "a variable of nothing",
      expect: "denied",
      results: ["error"],
      resource: pod([unsigned]),
      rule: {
        preconditions: { all: [{ key: "{{ request.object.metadata.labels.none }}", operator: "Equals", value: "1" }] },
      },
    },
    { name: "two images", expect: "denied", results: ["fail", "pass"], resource: pod([signed, unsigned]) },
    {
      name: "two policies",
      expect: "admitted",
      results: ["pass", "skip"],
      resource: pod([signed]),
      verify: UNCHANGED,
      beside: [{
        metadata: { name: "check-image-notary-other", ...DESCRIBED },
        verify: { ...UNCHANGED, skipImageReferences: [signed] },
      }],
    },
    {
      name: "two entries about one image",
      expect: "denied",
      // The peer asks each entry twice, once for each entry that is about the image.
      results: ["fail", "fail", "pass", "pass"],
      resource: pod([signed]),
      rules: [{ verifyImages: ["fixture-signer", "rsa-3072-self"].map((key) => entryOf(host, key)) }],
      deviation: "report-worst-of-image",
      oneLine: true,
    },
    {
      name: "a registry that is down",
      expect: "denied",
      results: ["error"],
      resource: pod([signed]),
      verify: UNCHANGED,
      deviation: "registry-error-text",
      down: true,
    },
  ];
}

const named = reportCases("h");

let registry: Registry;
let folder: string;
let doors: Doors;
let hosts: readonly string[];
let cases: readonly ReportCase[];
let answers: readonly (readonly PeerResult[])[];

/** What a result says without its time and properties; the peer's encoder leaves out what is false. */
const shown = (results: readonly (PeerResult & { readonly reportedPolicy?: string } | ReportResult)[]) =>
  results.map((line) => {
    const { source, policy, rule, category, severity, result, scored = false, message } = line;
    const name = "reportedPolicy" in line ? line.reportedPolicy : policy;
    return { source, policy: name, rule, category, severity, result, scored, message };
  }).sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** Our report about the first phase. */
async function ourResults(at: number): Promise<readonly ReportResult[]> {
  const { request, policies, mutate } = await askUs(questionAt(at));
  const report = policyReport("openreports.io/v1alpha1", {
    request,
    phase: "mutate",
    decision: mutate,
    policies,
    at: new Date(),
  });
  return report?.["results"] as readonly ReportResult[];
}

const questionAt = (at: number) => questionOf(cases[at] as ReportCase, hosts[at] ?? "", `${at}`);

const placeOf = (name: string) => named.findIndex((one) => one.name === name);

async function closedPort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `127.0.0.1:${port}`;
}

describeIf("peers", "reports of the real Kyverno CLI", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "edge-notary-reports-"));
    registry = await startFixtureRegistry();
    doors = await openDoors(registry, named.length);
    const down = await closedPort();
    hosts = doors.hosts.map((host, at) => named[at]?.down ? down : host);
    cases = hosts.map((host, at) => reportCases(host)[at] as ReportCase);
    answers = await askKyverno(folder, cases.map((_, at) => questionAt(at)), []);
  });
  afterAll(async () => {
    doors?.close();
    await registry?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(named.map(({ name }, at) => ({ name, at })))("$name", async ({ name, at }) => {
    const { results, deviation, oneLine } = cases[at] as ReportCase;
    const [ours, theirs] = [shown(await ourResults(at)), shown(firstPhase(answers[at] ?? []))];
    expect(theirs.map(({ result }) => result).sort()).toEqual(results);
    expectSame(ours, theirs, deviation, name);
    if (deviation === undefined) return;
    // What is listed is about this much and no more.
    if (oneLine) return expect(ours).toEqual([theirs.find(({ result }) => result === "fail")]);
    const withoutText = (lines: typeof ours) => lines.map(({ message: _, ...rest }) => rest);
    expect(withoutText(ours)).toEqual(withoutText(theirs));
  });

  it("are about both phases at once, where ours are about one", async () => {
    const at = placeOf("admitted");
    const [ours, theirs] = [await ourResults(at), answers[at] ?? []];
    expect([ours.length, theirs.length]).toEqual([1, 2]);
    expectSame(shown(ours), shown(theirs), "report-phases", "results of an admitted Pod");
  });

  it("say less of a result than ours", async () => {
    const at = placeOf("denied");
    const [[ours], [theirs]] = [await ourResults(at), firstPhase(answers[at] ?? [])];
    expect(theirs?.properties).toEqual({ process: "background scan" });
    expect(ours?.properties).toMatchObject({ process: "admission review", code: "SIGNATURE_MISSING" });
    expectSame(ours?.properties, theirs?.properties, "report-properties", "properties of a denial");
  });
});
