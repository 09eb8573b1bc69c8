import { describe, expect, it } from "vitest";
import {
  createLogSink,
  createReporter,
  MAX_WAITING_REPORTS,
  REPORT_TIMEOUT_MILLISECONDS,
} from "../../../src/admission/reports.ts";
import type { Reported } from "../../../src/policy/mod.ts";
import { ConfigurationError } from "../../../src/errors.ts";
import type { ClusterObject, ClusterWriter, LogLine, ReportSink } from "../../../src/ports.ts";
import { createRequest } from "../policy/requests.ts";
import { fixtureFetch, makeWebhook, podReview, SIGNED, UNSIGNED } from "./webhook.ts";

const never = () => new Promise<never>(() => {});
const format = "wgpolicyk8s.io/v1alpha2";

/** A decision about one image; its uid names it. */
function decided(uid: string, more: Partial<Reported> = {}): Reported {
  const image = { image: SIGNED, pointer: "/a", container: "c", status: "pass", message: "ok", outcomes: [] } as const;
  const response = { policy: "p", policyNamespace: "", rule: "r", images: [image] } as const;
  return {
    request: createRequest({ uid }),
    phase: "validate",
    policies: [],
    at: new Date("2026-12-01T00:00:00Z"),
    decision: {
      allowed: true,
      message: "",
      patches: [],
      warnings: [],
      auditAnnotations: {},
      unmatched: [],
      responses: [{ ...response, action: "Enforce", failurePolicy: "Fail" }],
    },
    ...more,
  };
}

const nameOf = (report: unknown): string => (report as { metadata: { name: string } }).metadata.name;
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("createReporter()", () => {
  it("gives reports to every sink, in order, one at a time", async () => {
    const taken: string[] = [];
    let atOnce = 0;
    const slow: ReportSink = async (report) => {
      expect(++atOnce).toBe(1);
      await settled();
      atOnce--;
      taken.push(nameOf(report));
    };
    const other: string[] = [];
    const report = createReporter(
      { format, sinks: [slow, (one) => Promise.resolve(void other.push(nameOf(one)))] },
      { log: () => expect.unreachable(), sleep: never },
    );
    for (const uid of ["a", "b", "c"]) report(decided(uid));
    while (taken.length < 3) await settled();
    const names = ["edge-notary-validate-a", "edge-notary-validate-b", "edge-notary-validate-c"];
    expect([taken, other]).toEqual([names, names]);
  });

  it("loses what a sink throws at, says so, and goes on", async () => {
    const lines: LogLine[] = [];
    const taken: string[] = [];
    const sink: ReportSink = (report) => {
      if (nameOf(report).endsWith("-a")) throw new Error("the disk is full\u001b[2J");
      if (nameOf(report).endsWith("-b")) return Promise.reject(new Error("no"));
      return Promise.resolve(void taken.push(nameOf(report)));
    };
    const report = createReporter({ format, sinks: [sink] }, { log: (line) => lines.push(line), sleep: never });
    for (const uid of ["a", "b", "c"]) report(decided(uid));
    while (taken.length < 1) await settled();
    expect(lines).toMatchObject([
      { level: "error", event: "report.lost", message: "the disk is full\\x1b[2J" },
      { event: "report.lost", message: "no" },
    ]);
  });

  it("does not wait for a sink that takes too long, and tells it", async () => {
    const lines: LogLine[] = [];
    const signals: AbortSignal[] = [];
    const waits: number[] = [];
    const stuck: ReportSink = (_, { signal }) => (signals.push(signal), never());
    const sleep = (milliseconds: number) => Promise.resolve(void waits.push(milliseconds));
    const report = createReporter({ format, sinks: [stuck] }, { log: (line) => lines.push(line), sleep });
    for (const uid of ["a", "b"]) report(decided(uid));
    while (lines.length < 2) await settled();
    expect(waits).toEqual([REPORT_TIMEOUT_MILLISECONDS, REPORT_TIMEOUT_MILLISECONDS]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(lines.map(({ event }) => event)).toEqual(["report.lost", "report.lost"]);
  });

  it("keeps a bounded number waiting, and counts the rest", async () => {
    const lines: LogLine[] = [];
    let taken = 0;
    let open = () => {};
    const gate = new Promise<void>((resolve) => open = resolve);
    const sink: ReportSink = () => gate.then(() => void taken++);
    const report = createReporter({ format, sinks: [sink] }, { log: (line) => lines.push(line), sleep: never });
    for (let count = 0; count < MAX_WAITING_REPORTS + 11; count++) report(decided(`${count}`));
    open();
    while (lines.length < 1) await settled();
    expect(taken).toBe(MAX_WAITING_REPORTS + 1);
    expect(lines).toMatchObject([{ level: "error", event: "report.dropped", reports: 10 }]);
  });

  it("says nothing of a dry run", async () => {
    const report = createReporter({ format, sinks: [() => expect.unreachable()] }, { log: () => {}, sleep: never });
    report(decided("a", { request: createRequest({ dryRun: true }) }));
    await settled();
  });

  it("never throws, whatever the decision is", () => {
    const lines: LogLine[] = [];
    const report = createReporter({ format, sinks: [] }, { log: (line) => lines.push(line), sleep: never });
    report({} as Reported);
    expect(lines).toMatchObject([{ event: "report.lost" }]);
  });
});

describe("reports to a cluster", () => {
  const uid = "6f1f0c1e-0000-4000-8000-000000000001";
  const stored = (more: object = {}) => ({ metadata: { name: "web", namespace: "default", uid, ...more } });

  /** What was applied of these, and logged. */
  async function applied(decisions: readonly Reported[], apply?: ClusterWriter["apply"]) {
    const objects: ClusterObject[] = [];
    const lines: LogLine[] = [];
    const cluster: ClusterWriter = { apply: apply ?? ((object) => Promise.resolve(void objects.push(object))) };
    const report = createReporter({ format, sinks: [], cluster }, { log: (line) => lines.push(line), sleep: never });
    for (const decision of decisions) report(decision);
    await settled();
    return { objects, lines };
  }

  it("are one for each resource, which owns it, and has the decision's results", async () => {
    const created = decided("a", { request: createRequest({ uid: "a", name: "web", object: stored() }) });
    const updated = decided("b", {
      request: createRequest({ operation: "UPDATE", name: "web", object: stored(), oldObject: stored() }),
    });
    const { objects, lines } = await applied([created, updated]);
    expect(lines).toEqual([]);
    expect(objects).toHaveLength(2);
    for (const object of objects) {
      expect(object).toMatchObject({
        apiVersion: format,
        kind: "PolicyReport",
        metadata: {
          name: `edge-notary-${uid}`,
          namespace: "default",
          labels: { "app.kubernetes.io/managed-by": "edge-notary" },
          ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "web", uid }],
        },
        scope: { apiVersion: "v1", kind: "Pod", namespace: "default", name: "web", uid },
        summary: { pass: 1, fail: 0 },
        results: [{ policy: "p", rule: "r", result: "pass" }],
      });
    }
  });

  it("are ClusterPolicyReports of what is in no namespace", async () => {
    const request = createRequest({ namespace: "", name: "web", object: stored() });
    expect((await applied([decided("a", { request })])).objects).toMatchObject([
      { kind: "ClusterPolicyReport", metadata: { name: `edge-notary-${uid}` } },
    ]);
  });

  const { decision } = decided("a");
  const update = createRequest({ operation: "UPDATE", name: "web", object: stored(), oldObject: stored() });

  it("have no results once no rule is about the resource's images any longer", async () => {
    const request = update;
    const { objects } = await applied([
      decided("a", { request }),
      decided("b", { request, decision: { ...decision, responses: [], unmatched: ["docker.io/other:1"] } }),
    ]);
    expect(objects).toMatchObject([
      { metadata: { name: `edge-notary-${uid}` }, summary: { pass: 1 }, results: [{ result: "pass" }] },
      { metadata: { name: `edge-notary-${uid}` }, summary: { pass: 0 }, results: [] },
    ]);
  });

  it.each<[string, Partial<Reported>]>([
    ["a denial: nothing of it is stored", {
      request: createRequest({ name: "web", object: stored() }),
      decision: { ...decision, allowed: false },
    }],
    ["what /mutate admits: others may still refuse it", { phase: "mutate", request: update }],
    ["a dry run", { request: createRequest({ name: "web", object: stored(), dryRun: true }) }],
    ["a dry run that would take results away", {
      request: { ...update, dryRun: true },
      decision: { ...decision, responses: [], unmatched: ["docker.io/other:1"] },
    }],
    ["a subresource", {
      request: createRequest({ name: "web", object: stored(), subresource: "ephemeralcontainers" }),
    }],
    ["a resource without a uid", { request: createRequest({ name: "web", object: stored({ uid: undefined }) }) }],
    ["a resource without a name", { request: createRequest({ name: "", object: stored({ name: undefined }) }) }],
    ["a uid that is none", { request: createRequest({ name: "web", object: stored({ uid: "../x" }) }) }],
    ["no answer of any rule", {
      request: createRequest({ name: "web", object: stored() }),
      decision: { ...decision, responses: [], unmatched: ["docker.io/other:1"] },
    }],
    ["an update about which nobody had to be asked", { request: update, decision: { ...decision, responses: [] } }],
  ])("are not made of %s", async (_, more) => {
    expect(await applied([decided("a", more)])).toEqual({ objects: [], lines: [] });
  });

  it("that cannot be written are lost, logged by their code, and delay nothing", async () => {
    const request = createRequest({ name: "web", object: stored() });
    const refused = new ConfigurationError("ERR_CLUSTER_FORBIDDEN", "Cannot write it: the server refuses this");
    const { lines } = await applied([decided("a", { request })], () => Promise.reject(refused));
    expect(lines).toMatchObject([{ level: "error", event: "report.lost", code: "ERR_CLUSTER_FORBIDDEN" }]);
    const stuck = await applied([decided("a", { request }), decided("b", { request })], never);
    expect(stuck.lines).toEqual([]);
  });
});

describe("the webhook's reports", () => {
  it("are of each decision, allowed or denied, and change none", async () => {
    const reports: unknown[] = [];
    const registry = await fixtureFetch();
    const failing: ReportSink = () => Promise.reject(new Error("full"));
    const sinks = [failing, (one: unknown) => Promise.resolve(void reports.push(one))];
    const report = createReporter({ format, sinks }, { log: () => {}, sleep: never });
    const webhook = makeWebhook(registry, { report });
    const plain = makeWebhook(registry);
    for (const image of [SIGNED, UNSIGNED]) {
      const answer = await (await webhook.post("/mutate", podReview([image]))).json();
      expect(answer).toEqual(await (await plain.post("/mutate", podReview([image]))).json());
    }
    await webhook.post("/mutate", podReview([SIGNED], { dryRun: true }));
    await webhook.post("/mutate", podReview(["docker.io/other:1"]));
    await settled();
    expect(reports).toMatchObject([
      { summary: { pass: 1, fail: 0 }, results: [{ result: "pass", properties: { decision: "admitted" } }] },
      { summary: { pass: 0, fail: 1 }, results: [{ result: "fail", properties: { decision: "denied" } }] },
    ]);
  });

  it("are log lines, one for each result", async () => {
    const lines: LogLine[] = [];
    const log = (line: LogLine) => lines.push(line);
    const report = createReporter({ format, sinks: [createLogSink({ log })] }, { log, sleep: never });
    await makeWebhook(await fixtureFetch(), { report }).post("/mutate", podReview([SIGNED, UNSIGNED]));
    await settled();
    expect(lines).toMatchObject([
      {
        level: "info",
        event: "policy.result",
        policy: "check-image-notary",
        result: "pass",
        image: SIGNED,
        uid: "uid-1",
      },
      {
        result: "fail",
        image: UNSIGNED,
        code: "SIGNATURE_MISSING",
        // One line, whatever the message has.
        message: expect.stringMatching(/^failed to verify image [^\n]+$/),
        phase: "mutate",
        decision: "denied",
      },
    ]);
  });

  it("log the images that no rule is about", async () => {
    const webhook = makeWebhook(await fixtureFetch(), { noMatch: "warn" });
    const answer = await (await webhook.post("/validate", podReview(["docker.io/other:1"]))).json();
    expect(answer.response).toMatchObject({
      allowed: true,
      warnings: ["policy edge-notary.no-match: no rule matches image docker.io/other:1"],
    });
    expect(webhook.lines.at(-1)).toMatchObject({ event: "admission.decision", unmatched: "docker.io/other:1" });
  });
});
