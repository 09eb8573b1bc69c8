/** The component on Node: the same answers as the code it was built of, and nothing it may reach. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeCases } from "../../../scripts/wasm/cases.ts";
import { ask, CASE_MILLISECONDS, everyCase } from "../../../wasm-host/node/ask.ts";
import { type BlockingFetch, startBlockingFetch } from "../../../wasm-host/node/blocking_fetch.ts";
import { envelopeOf, readCases, subjectOf, trustOf } from "../../../wasm-host/node/cases.ts";
import { type BlockingVerifier, BUILT, compileComponent, refusalOf } from "../../../wasm-host/node/component.ts";
import { createNodeHost, type NodeHost } from "../../../wasm-host/node/host.ts";
import { describeIf } from "../requirements.ts";

const fixtures: readonly {
  readonly name: string;
  readonly verifications: readonly { readonly at: string; readonly verdict: string }[];
}[] = JSON.parse(await readFile("test/fixtures/envelopes.json", "utf8"));

describeIf("component", "the component", () => {
  const cases = readCases();
  let registry: BlockingFetch;
  let host: NodeHost;
  let verifier: BlockingVerifier;
  let at = 0;

  beforeAll(async () => {
    registry = startBlockingFetch(new URL("../../../wasm-host/node/fixture_registry.ts", import.meta.url));
    host = createNodeHost({ fetch: registry.fetch, now: () => at });
    verifier = await (await compileComponent())(host.lent);
  });
  afterAll(() => registry.close());

  it("imports what the host lends, and nothing else", async () => {
    const glue = await readFile(join(BUILT, "edge-notary.js"), "utf8");
    const imported = [...glue.matchAll(/imports\['([^']+)'\]/g)].map(([, name]) => name);
    expect(imported).toEqual(["edge-notary:core/host"]);
  });

  it("is asked a table that the same code on Node answers likewise, with the verdicts of notation", async () => {
    expect(await makeCases()).toEqual(cases);
    const verdicts = fixtures.flatMap(({ name, verifications }) =>
      verifications.map(({ at, verdict }) => [`${name} at ${at}`, verdict])
    );
    expect(cases.envelopes.map(({ name, expected }) => [name, expected.verdict])).toEqual(verdicts);
  });

  it.each(everyCase(cases).map((one) => [one.name, one] as const))("answers %s", async (_name, one) => {
    at = one.at;
    expect(await host.within(CASE_MILLISECONDS, () => ask(one, verifier))).toEqual(one.expected);
  });

  it("says of a refusal its class, whether a retry helps, and what to do", () => {
    const one = cases.references.find(({ reference }) => reference.endsWith(":unsigned"));
    if (one === undefined) throw new Error("no case is named :unsigned");
    at = one.at;
    const { refusal } = host.within(CASE_MILLISECONDS, () => verifier.verify(subjectOf(one), trustOf(one)));
    expect(refusal).toMatchObject({ class: "denied", code: "SIGNATURE_MISSING", retryHelps: false });
    expect(refusal?.message).toContain("ghcr.io/kyverno/test-verify-image");
    expect(refusal?.nextStep).toContain("Sign the artifact");
  });

  it("pins what it verified", () => {
    const [one] = cases.reviews;
    if (one === undefined) throw new Error("there is no review");
    at = one.at;
    const found = host.within(CASE_MILLISECONDS, () => askReview(one.policy, one.review));
    expect(JSON.parse(found.patches)).toContainEqual({
      op: "replace",
      path: "/spec/containers/0/image",
      value: expect.stringMatching(/^ghcr\.io\/kyverno\/test-verify-image:signed@sha256:[0-9a-f]{64}$/),
    });
  });

  const askReview = (policy: string, review: string) =>
    verifier.evaluate([{ source: policy, text: texts.get(policy) ?? "" }], texts.get(review) ?? "", "mutate");
  const texts = new Map<string, string>();
  beforeAll(async () => {
    for (const { policy, review } of cases.reviews) {
      for (const name of [policy, review]) texts.set(name, await readFile(name, "utf8"));
    }
  });

  it("inspects an envelope, and refuses what is none", () => {
    const one = cases.envelopes.find(({ name }) => name.startsWith("cose-p-384-chain"));
    if (one === undefined) throw new Error("no case is named cose-p-384-chain");
    expect(verifier.inspect(envelopeOf(one))).toMatchObject({
      mediaType: "application/cose",
      signatureAlgorithm: "ECDSA-SHA-384",
      signingScheme: "notary.x509",
      hasTimestamp: false,
      targetArtifact: { digest: one.artifact.digest, size: BigInt(one.artifact.size) },
      certificates: [expect.objectContaining({ subject: expect.stringContaining("CN=") }), {}, {}].map((each, index) =>
        index === 0 ? each : expect.any(Object)
      ),
    });
    const content = new Uint8Array([1, 2, 3]);
    const refusal = refusalFrom(() => verifier.inspect({ mediaType: "application/cose", content }));
    expect(refusal).toMatchObject({ class: "denied", code: "ERR_ENVELOPE_FORMAT", retryHelps: false });
  });

  it("trusts by a trust policy and the stores it is lent", async () => {
    const [one] = cases.envelopes;
    if (one === undefined) throw new Error("there is no envelope");
    const subject = subjectOf(one);
    if (subject.tag !== "envelope") throw new Error("an envelope was expected");
    const asked: string[] = [];
    const certificate = new Uint8Array(await readFile(one.trust[0] ?? ""));
    const lending = createNodeHost({
      fetch: registry.fetch,
      now: () => one.at,
      trustStore: (type, name) => {
        asked.push(`${type}:${name}`);
        return name === "release" ? [certificate] : undefined;
      },
    });
    const instance = await (await compileComponent())(lending.lent);
    const policy = (store: string) =>
      JSON.stringify({
        version: "1.0",
        trustPolicies: [{
          name: "release",
          registryScopes: ["registry.example/app"],
          signatureVerification: { level: "strict" },
          trustStores: [`ca:${store}`],
          trustedIdentities: ["*"],
        }],
      });
    const verify = (store: string, repository?: string) =>
      lending.within(
        CASE_MILLISECONDS,
        () =>
          instance.verify({ tag: "envelope", val: { ...subject.val, repository } }, {
            tag: "policy",
            val: policy(store),
          }),
      );
    expect(verify("release", "registry.example/app").verdict).toBe("verified");
    expect(verify("missing", "registry.example/app").refusal?.code).toBe("ERR_TRUST_STORE_EMPTY");
    expect(asked).toEqual(["ca:release", "ca:missing"]);
    expect(refusalFrom(() => verify("release", "registry.example/other"))?.code).toBe("TRUST_POLICY_NOT_APPLICABLE");
    expect(refusalFrom(() => verify("release"))?.code).toBe("TRUST_POLICY_NOT_APPLICABLE");
  });
});

function refusalFrom(call: () => unknown) {
  try {
    call();
  } catch (thrown) {
    return refusalOf(thrown);
  }
  throw new Error("it was answered, expected a refusal");
}
