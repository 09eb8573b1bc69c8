import { describe, expect, it } from "vitest";
import { type Phase, policyReport, REPORT_FORMATS, type Reported } from "../../../src/policy/mod.ts";
import { MAX_REPORT_MESSAGE_CHARACTERS, reportResults } from "../../../src/policy/report.ts";
import { refusal } from "../../../src/errors.ts";
import { load, type PolicyChanges, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, NOW } from "./world.ts";

const SIGNED = "ghcr.io/kyverno/test-verify-image:signed";
const UNSIGNED = "ghcr.io/kyverno/test-verify-image:unsigned";

async function reported(
  images: readonly string[],
  changes: readonly PolicyChanges[] = [{}],
  request: Parameters<typeof createRequest>[0] = {},
  phase: Phase = "mutate",
): Promise<Reported> {
  const policies = await load(...changes.map(policyDocument));
  const asked = createRequest({ object: podWith(images), ...request });
  const decision = await ask(await createWorld(), policies, asked, { phase });
  return { request: asked, phase, decision, policies, at: NOW };
}

describe("reportResults()", () => {
  it("has a line for each image of a rule, as Kyverno's results have it", async () => {
    const results = reportResults(await reported([SIGNED, UNSIGNED]));
    expect(results).toMatchObject([
      {
        source: "kyverno",
        policy: "check-image-notary",
        rule: "verify-signature-notary",
        result: "pass",
        scored: true,
        message: `verified image signatures for ${SIGNED}`,
        timestamp: { seconds: Date.parse("2027-01-01T00:00:00Z") / 1_000, nanos: 0 },
        properties: {
          image: SIGNED,
          digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
          container: "c0",
          pointer: "/spec/containers/0/image",
          process: "admission review",
          phase: "mutate",
          operation: "CREATE",
          request: "u",
          decision: "denied",
        },
      },
      {
        result: "fail",
        message: expect.stringContaining(`failed to verify image ${UNSIGNED}: .attestors[0].entries[0]: `),
        properties: {
          image: UNSIGNED,
          code: "SIGNATURE_MISSING",
          kind: "denied; a retry does not help",
          nextStep: expect.stringMatching(/^Sign /),
        },
      },
    ]);
    expect(results[0]).not.toHaveProperty("category");
    expect(results[0]?.properties).not.toHaveProperty("code");
  });

  it("says what the policy's annotations say of it", async () => {
    const annotated = (annotations: Record<string, string>) => [{ metadata: { annotations } }];
    const about = { "policies.kyverno.io/category": "Supply Chain", "policies.kyverno.io/severity": "high" };
    expect(reportResults(await reported([UNSIGNED], annotated(about))))
      .toMatchObject([{ category: "Supply Chain", severity: "high", scored: true, result: "fail" }]);
    const [unknown] = reportResults(
      await reported([UNSIGNED], annotated({ "policies.kyverno.io/severity": "urgent" })),
    );
    expect(unknown).not.toHaveProperty("severity");
    expect(reportResults(await reported([UNSIGNED], annotated({ "policies.kyverno.io/scored": "false" }))))
      .toMatchObject([{ scored: false, result: "warn" }]);
  });

  it("adds the rule's reportProperties, which name nothing that is the engine's to say", async () => {
    const properties = { team: "registry", image: "another", decision: "admitted" };
    const [result] = reportResults(await reported([UNSIGNED], [{ rule: { reportProperties: properties } }]));
    expect(result?.properties).toMatchObject({ team: "registry", image: UNSIGNED, decision: "denied" });
  });

  it("names a namespaced policy with its namespace", async () => {
    const changes = [{ apiVersion: "kyverno.io/v1", kind: "Policy", metadata: { namespace: "default" } }];
    expect(reportResults(await reported([SIGNED], changes))).toMatchObject([{ policy: "default/check-image-notary" }]);
  });

  it("has one line for a rule that answered as a whole", async () => {
    const unmet = { any: [{ key: "a", operator: "Equals", value: "b" }] };
    expect(reportResults(await reported([SIGNED, UNSIGNED], [{ rule: { preconditions: unmet } }]))).toMatchObject([
      { result: "skip", message: "preconditions not met", properties: { decision: "admitted" } },
    ]);
    const context = [{ name: "keys", configMap: { name: "keys", namespace: "default" } }];
    const attestors = [{ entries: [{ certificates: { cert: "{{ keys.data.certificate }}" } }] }];
    expect(reportResults(await reported([SIGNED], [{ rule: { context }, verify: { attestors } }]))).toMatchObject([
      { result: "error", message: expect.stringMatching(/^failed to substitute variables: /) },
    ]);
  });

  it("has one line for each policy, rule and image, whatever number of entries look at it", async () => {
    const entry = ((policyDocument()["spec"] as { rules: { verifyImages: object[] }[] }).rules[0]?.verifyImages[0]) ??
      {};
    const changes = [{ rule: { verifyImages: [entry, { ...entry, required: false }] } }, {
      metadata: { name: "other" },
    }];
    const { decision, ...rest } = await reported([SIGNED, UNSIGNED], changes);
    expect(decision.responses[0]?.images.length).toBe(4);
    const results = reportResults({ decision, ...rest });
    expect(results.map(({ policy, result, properties }) => [policy, properties["image"], result])).toEqual([
      ["check-image-notary", SIGNED, "pass"],
      ["check-image-notary", UNSIGNED, "fail"],
      ["other", SIGNED, "pass"],
      ["other", UNSIGNED, "fail"],
    ]);
  });

  it("counts the worst of several answers about an image", async () => {
    const given = await reported([SIGNED]);
    const [response] = given.decision.responses;
    const [image] = response?.images ?? [];
    if (response === undefined || image === undefined) throw new Error("no answer to change");
    const answers = (...statuses: readonly ("pass" | "fail" | "error" | "skip" | "warning")[]) => {
      const images = statuses.map((status) => ({ ...image, status, message: `it is ${status}` }));
      return reportResults({ ...given, decision: { ...given.decision, responses: [{ ...response, images }] } });
    };
    expect(answers("skip", "pass")).toMatchObject([{ result: "pass", message: "it is pass" }]);
    expect(answers("pass", "warning")).toMatchObject([{ result: "warn", message: "it is warning" }]);
    expect(answers("warning", "fail", "pass")).toMatchObject([{ result: "fail", message: "it is fail" }]);
    expect(answers("fail", "error")).toMatchObject([{ result: "error", message: "it is error" }]);
  });

  it("is bounded and printable, whatever was sent", async () => {
    const given = await reported([UNSIGNED], [{}], { uid: "\u001b[2J".repeat(1_000) });
    const [response] = given.decision.responses;
    const why = { message: "x".repeat(100_000), refusal: refusal("ERR_VARIABLE", "y") };
    const whole = { status: "error" as const, pointers: [], ...why };
    const [result] = response === undefined
      ? []
      : reportResults({ ...given, decision: { ...given.decision, responses: [{ ...response, images: [], whole }] } });
    expect(result?.message).toHaveLength(MAX_REPORT_MESSAGE_CHARACTERS);
    expect(JSON.stringify(result).length).toBeLessThan(20_000);
    // deno-lint-ignore no-control-regex
    expect(Object.values(result?.properties ?? {}).join("")).not.toMatch(/[\u0000-\u001f]/);
  });

  it("says nothing of a dry run", async () => {
    const dry = await reported([SIGNED, UNSIGNED], [{}], { dryRun: true });
    expect(dry.decision.responses).toHaveLength(1);
    expect(reportResults(dry)).toEqual([]);
    expect(REPORT_FORMATS.map((format) => policyReport(format, dry))).toEqual([undefined, undefined]);
  });
});

describe("policyReport()", () => {
  it.each(
    [
      ["wgpolicyk8s.io/v1alpha2", "PolicyReport", "default"],
      ["openreports.io/v1alpha1", "Report", "default"],
      ["wgpolicyk8s.io/v1alpha2", "ClusterPolicyReport", ""],
      ["openreports.io/v1alpha1", "ClusterReport", ""],
    ] as const,
  )("%s %s", async (format, kind, namespace) => {
    const report = policyReport(format, await reported([SIGNED, UNSIGNED], [{}], { namespace }));
    expect(report).toMatchObject({
      apiVersion: format,
      kind,
      metadata: { name: "edge-notary-mutate-u", labels: { "app.kubernetes.io/managed-by": "edge-notary" } },
      scope: { apiVersion: "v1", kind: "Pod", name: "test" },
      summary: { pass: 1, fail: 1, warn: 0, error: 0, skip: 0 },
    });
    expect((report?.["metadata"] as { namespace?: string }).namespace).toBe(namespace === "" ? undefined : namespace);
    expect(Object.hasOwn(report ?? {}, "source")).toBe(format === "openreports.io/v1alpha1");
  });

  it("has a name that Kubernetes takes, and says which object it is about", async () => {
    const uid = `A_B/${"\u202e".repeat(3)}.${"9".repeat(100)}-`;
    const oldObject = podWith([SIGNED], { metadata: { name: "test", namespace: "default", uid: "the-uid" } });
    const given = await reported([UNSIGNED], [{}], { uid, operation: "UPDATE", oldObject });
    const report = policyReport("wgpolicyk8s.io/v1alpha2", given) as { metadata: { name: string }; scope: object };
    expect(report.metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]{0,251}[a-z0-9])?$/);
    expect(report.scope).toEqual({ apiVersion: "v1", kind: "Pod", namespace: "default", name: "test", uid: "the-uid" });
  });

  it("is nothing where no rule had anything to say", async () => {
    expect(policyReport("openreports.io/v1alpha1", await reported(["docker.io/other:1"]))).toBeUndefined();
  });
});
