/**
 * The real Kyverno CLI and this engine decide the same policies over the same registry: decision, status of each image
 * and message are equal, or the closed list of deviations says why not.
 */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { loadPolicies } from "../../src/policy/mod.ts";
import { describeIf } from "../run/requirements.ts";
import { expectSame } from "./deviations.ts";
import type { KyvernoCase } from "./kyverno_cases.ts";
import { ELSEWHERE, EXCEPTION_FIELDS, hasField, POLICY_FIELDS } from "./kyverno_fields.ts";
import { askUs } from "./kyverno_ours.ts";
import { askKyverno, askRefusal, firstPhase, type PeerResult } from "./kyverno_peer.ts";
import { casesAt, type Doors, openDoors, policiesOf, questionOf, startFixtureRegistry } from "./kyverno_world.ts";
import type { Registry } from "./registries.ts";

let registry: Registry;
let folder: string;
let doors: Doors;
/** Each behind a door of its own. */
let cases: readonly KyvernoCase[];
const named = casesAt("127.0.0.1:1");
/** What the peer says, case by case. */
let answers: readonly (readonly PeerResult[])[];

/** Sorted `rule | status | message` lines; the peer's order is its hash map's. */
function lines(results: readonly PeerResult[]): readonly string[] {
  return results.map(({ policy, rule, result, message }) => `${policy} | ${rule} | ${result} | ${message}`).sort();
}

const MIN_CASES = 500;
/** Of each decision. */
const MIN_PERCENT = 40;
const MIN_MESSAGES = 65;

/** A message without what differs between two images. */
const shapeOf = (message: string): string =>
  message.replace(/sha256:[0-9a-f]{64}/g, "DIGEST").replace(/127\.0\.0\.1:\d+/g, "HOST")
    .replace(/HOST\/[a-z/-]+(?:[:@][\w-]+)?/g, "IMAGE").replace(/(policy check-image-notary)[-\w]*/g, "$1");

const decisionOf = (results: readonly PeerResult[]) =>
  results.some(({ result }) => result === "fail" || result === "error") ? "denied" : "admitted";

/** The one case of a name. */
function caseOf(name: string, among = casesAt(registry.host)): KyvernoCase {
  const found = among.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no case "${name}"`);
  return found;
}

const question = (test: KyvernoCase, at: number) => questionOf(test, doors.hosts[at] ?? "", `${at}`);

const askOne = async (policies: readonly string[], { resource }: KyvernoCase) =>
  (await askKyverno(folder, [{ policies, resource }]))[0] ?? [];

describeIf("peers", "the real Kyverno CLI", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "edge-notary-kyverno-"));
    registry = await startFixtureRegistry();
    doors = await openDoors(registry, named.length);
    cases = doors.hosts.map((host, at) => casesAt(host)[at] as KyvernoCase);
    answers = await askKyverno(folder, cases.map(question));
  });
  afterAll(async () => {
    doors?.close();
    await registry?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(named.map(({ name }, at) => ({ name, at })))("$name", async ({ name, at }) => {
    const test = cases[at] as KyvernoCase;
    const theirs = answers[at] ?? [];
    const asked = question(test, at);
    expect(decisionOf(theirs)).toBe(test.expect);

    if (test.ours === "refused") {
      const texts = asked.policies.map((text) => ({ source: "policy.json", text }));
      const { problems } = await loadPolicies(texts, createWebCryptoProvider());
      return expectSame(problems.map(({ path }) => path), [], test.deviation, name);
    }
    const { allowed, mutate } = await askUs(asked);
    const ours = mutate.responses.flatMap(({ policy, rule, action, images, whole }) =>
      (whole === undefined ? images : [whole]).map(({ status, message }) => ({
        policy,
        rule,
        result: status === "fail" && action === "Audit" ? "warn" : status as string,
        message,
      }))
    );
    expect(allowed ? "admitted" : "denied").toBe(test.ours ?? test.expect);
    expectSame(lines(ours), lines(firstPhase(theirs)), test.deviation, name);
  });

  it("is asked so many cases, decides them either way, and says so many different things", () => {
    const spoken = answers.flat().map(({ message }) => shapeOf(message));
    const count = (decision: KyvernoCase["expect"]) =>
      answers.filter((answer) => decisionOf(answer) === decision).length;
    const [admitted, denied, messages] = [count("admitted"), count("denied"), new Set(spoken).size];
    const percent = (part: number) => Math.round((100 * part) / answers.length);
    console.log(
      `${answers.length} cases, ${percent(admitted)} % admitted, ${percent(denied)} % denied, ${messages} messages`,
    );
    expect(new Set(named.map(({ name }) => name)).size).toBe(answers.length);
    expect(answers.length).toBeGreaterThanOrEqual(MIN_CASES);
    expect(percent(admitted)).toBeGreaterThanOrEqual(MIN_PERCENT);
    expect(percent(denied)).toBeGreaterThanOrEqual(MIN_PERCENT);
    expect(messages).toBeGreaterThanOrEqual(MIN_MESSAGES);
  });

  it("is asked about every field", () => {
    console.log(`${POLICY_FIELDS.length + EXCEPTION_FIELDS.length} fields, ${ELSEWHERE.length} elsewhere`);
    for (const [field, name] of POLICY_FIELDS) {
      expect(hasField(JSON.parse(policiesOf(caseOf(name), "h", "0")[0] ?? ""), field), `${field}: ${name}`).toBe(true);
    }
    for (const [field, name] of EXCEPTION_FIELDS) {
      expect((caseOf(name).exceptions ?? []).some((one) => hasField(one, field)), `${field}: ${name}`).toBe(true);
    }
    for (const [field, , file] of ELSEWHERE) {
      const name = field.split(".").at(-1) ?? "";
      expect(readFileSync(file, "utf8").includes(name), `${field}: ${file}`).toBe(true);
    }
  });

  const refusals = ["a*", "ab", "a?"].flatMap((one) => ["ab", "a*"].map((other) => [one, other] as const));

  it.each(refusals)("overrides for %s and %s are refused in the same words, or taken", async (one, other) => {
    const test = caseOf("signed tag");
    const validationFailureActionOverrides = [
      { action: "Audit", namespaces: [one] },
      { action: "Enforce", namespaces: ["b", other] },
    ];
    const [policy = ""] = policiesOf({ ...test, spec: { validationFailureActionOverrides } }, registry.host, "0");
    const { problems } = await loadPolicies([{ source: "p", text: policy }], createWebCryptoProvider());
    expect(problems.map(({ reason }) => reason)).toEqual(await askRefusal(folder, policy, test.resource));
  });

  it("an extractor's expression beside digests that are written is refused in the same words", async () => {
    const test = caseOf("signed tag");
    const imageExtractors = { Pod: [{ path: "/spec/image", jmesPath: "@" }] };
    const [policy = ""] = policiesOf({ ...test, rule: { imageExtractors } }, registry.host, "0");
    const { problems } = await loadPolicies([{ source: "p", text: policy }], createWebCryptoProvider());
    expect(problems.map(({ reason }) => `path: spec.rules[0]: ${reason}`)).toEqual(
      await askRefusal(folder, policy, test.resource),
    );
  });

  it("calls a registry that answers 503 an error, which a policy may tolerate, where the peer sees a failure", async () => {
    const server = createServer((_, response) => response.writeHead(503).end()).listen(0, "127.0.0.1");
    try {
      await once(server, "listening");
      const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const test = caseOf("signed tag", casesAt(host));
      // Kyverno would also say that it could not update the digest.
      const [policy = ""] = policiesOf({ ...test, verify: { mutateDigest: false } }, host, "0");
      const theirs = firstPhase(await askOne([policy], test));
      const { allowed, mutate } = await askUs({ policies: [policy], resource: test.resource });
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
    const test = caseOf("attestations: signed");
    const [policy = ""] = policiesOf(
      { ...test, verify: { attestations: [{ type: "sbom/cyclone-dx" }] } },
      registry.host,
      "0",
    );
    await expect(askOne([policy], test)).rejects.toThrow("nil pointer dereference");
    const { allowed, mutate } = await askUs({ policies: [policy], resource: test.resource });
    expect(allowed).toBe(true);
    const said = mutate.responses.flatMap(({ images }) => images.map(({ message }) => message));
    expectSame(said, [], "attestation-own-attestors", "an attestation without attestors");
  });

  it('says "artifact" where the webhook\'s denial says "image"', async () => {
    const test = caseOf("unsigned tag");
    const [policy = ""] = policiesOf(test, registry.host, "0");
    const [theirs] = firstPhase(await askOne([policy], test));
    const { message } = (await askUs({ policies: [policy], resource: test.resource, noun: "image" })).mutate;
    const said = message.replace(/\n\s+/g, " ");
    expect(said).toContain("make sure the image was signed successfully");
    expect(theirs?.message).toContain("make sure the artifact was signed successfully");
    expectSame(said.includes(theirs?.message ?? ""), true, "image-word", "the denial's wording");
  });
});
