/**
 * PolicyExceptions of a cluster: which count, for how long, and what becomes of them when the cluster cannot be asked.
 */
import { describe, expect, it } from "vitest";
import { createResourcesCluster } from "../../../src/cluster/mod.ts";
import { UnavailableError } from "../../../src/errors.ts";
import type { Cluster, LogLine } from "../../../src/ports.ts";
import {
  EXCEPTIONS_LIFETIME_MILLISECONDS,
  EXCEPTIONS_PAUSE_MILLISECONDS,
  MAX_CLUSTER_EXCEPTIONS,
} from "../../../src/policy/cluster_exceptions.ts";
import { createClusterExceptions, loadPolicies } from "../../../src/policy/mod.ts";
import { policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto } from "./world.ts";

const UNSIGNED = "ghcr.io/kyverno/test-verify-image:unsigned";
const { signal } = new AbortController();

const exception = (name: string, namespace = "exceptions", apiVersion = "kyverno.io/v2") => ({
  apiVersion,
  kind: "PolicyException",
  metadata: { name, namespace, resourceVersion: "7", uid: "0-1" },
  spec: {
    match: { any: [{ resources: { kinds: ["Pod"] } }] },
    exceptions: [{ policyName: "check-image-notary", ruleNames: ["*"] }],
  },
});

const clusterOf = (...objects: readonly object[]) =>
  createResourcesCluster([{ source: "r.yaml", text: objects.map((one) => JSON.stringify(one)).join("\n---\n") }]);

/** A source over a cluster that can change and fail, its clock, its log, and how often the cluster was asked. */
function sourceOf(first: Cluster, namespace = "*") {
  const world = { cluster: first, time: 0, logged: [] as LogLine[], asked: 0 };
  const changing: Cluster = {
    get: (...question) => world.cluster.get(...question),
    list: (...question) => {
      world.asked++;
      return world.cluster.list(...question);
    },
    read: (...question) => world.cluster.read(...question),
  };
  const ports = { now: () => new Date(world.time), log: (line: LogLine) => void world.logged.push(line), crypto };
  const source = createClusterExceptions(changing, namespace, ports);
  return { world, names: async () => (await source({ signal })).map(({ name }) => name) };
}

const down: Cluster = {
  get: () => Promise.reject(new UnavailableError("ERR_CLUSTER", "Cannot get: it is down")),
  list: () => Promise.reject(new UnavailableError("ERR_CLUSTER", "Cannot list: it is down")),
  read: () => Promise.reject(new UnavailableError("ERR_CLUSTER", "Cannot read: it is down")),
};

describe("createClusterExceptions()", () => {
  it.each([
    ["*", ["a", "b", "old"]],
    ["exceptions", ["a", "old"]],
    ["other", ["b"]],
    ["nowhere", []],
  ])("with namespace %s gives %j", async (namespace, expected) => {
    const cluster = clusterOf(
      exception("a"),
      exception("b", "other"),
      exception("old", "exceptions", "kyverno.io/v2beta1"),
    );
    expect((await sourceOf(cluster, namespace).names()).toSorted()).toEqual(expected);
  });

  it("asks once for everybody, and again when they are no longer believed", async () => {
    const { world, names } = sourceOf(clusterOf(exception("a")));
    expect(await Promise.all([names(), names()])).toEqual([["a"], ["a"]]);
    expect(world.asked).toBe(2);
    world.cluster = clusterOf();
    world.time = EXCEPTIONS_LIFETIME_MILLISECONDS - 1;
    expect(await names()).toEqual(["a"]);
    world.time = EXCEPTIONS_LIFETIME_MILLISECONDS;
    expect(await names()).toEqual([]);
    expect(world.asked).toBe(4);
  });

  it("believes nothing longer because the clock was set back", async () => {
    const { world, names } = sourceOf(clusterOf(exception("a")));
    world.time = 1_000_000;
    await names();
    world.cluster = clusterOf();
    world.time = 0;
    expect(await names()).toEqual([]);
  });

  it("exempts nothing while the cluster cannot be asked, says so once a minute, and pauses", async () => {
    const { world, names } = sourceOf(down);
    expect(await names()).toEqual([]);
    expect(await names()).toEqual([]);
    expect(world.asked).toBe(2);
    world.time = EXCEPTIONS_PAUSE_MILLISECONDS;
    expect(await names()).toEqual([]);
    expect(world.logged).toEqual([
      { level: "error", event: "exceptions.unavailable", code: "ERR_CLUSTER", message: "Cannot list: it is down" },
    ]);
    world.cluster = clusterOf(exception("a"));
    world.time = 60_000;
    expect(await names()).toEqual(["a"]);
  });

  it("does not wait for a cluster that never answers", async () => {
    const hanging: Cluster = { ...down, list: () => new Promise(() => {}) };
    const { world, names } = sourceOf(hanging);
    const started = performance.now();
    expect(await names()).toEqual([]);
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(world.logged).toMatchObject([{ event: "exceptions.unavailable", code: "ERR_DEADLINE" }]);
  });

  it("passes one over that cannot be read, says why once, and takes the others", async () => {
    const broken = { ...exception("broken"), spec: { exceptions: [] } };
    const { world, names } = sourceOf(clusterOf(broken, exception("a")));
    expect(await names()).toEqual(["a"]);
    const told = world.logged.length;
    expect(told).toBeGreaterThan(0);
    expect(world.logged[0]).toMatchObject({
      event: "exception.refused",
      message: expect.stringContaining("policyexceptions/exceptions/broken: spec"),
    });
    world.time = EXCEPTIONS_LIFETIME_MILLISECONDS;
    expect(await names()).toEqual(["a"]);
    expect(world.logged).toHaveLength(told);
  });

  it("heeds none of too many", async () => {
    const many = Array.from({ length: MAX_CLUSTER_EXCEPTIONS + 1 }, (_, at) => exception(`e${at}`));
    const { world, names } = sourceOf({ ...down, list: () => Promise.resolve(many) });
    expect(await names()).toEqual([]);
    expect(world.logged[0]?.["message"]).toContain("1001 PolicyExceptions, expected at most 1000");
  });
});

describe("evaluate() with exceptions of a cluster", () => {
  async function decide(cluster: Cluster, image: string, kind: "Pod" | "ConfigMap" = "Pod") {
    const { policies } = await loadPolicies([{ source: "p", text: JSON.stringify(policyDocument({})) }], crypto);
    const world = await createWorld();
    let asked = 0;
    const counting: Cluster = { ...cluster, list: (...question) => (asked++, cluster.list(...question)) };
    const exceptionSource = createClusterExceptions(counting, "*", { now: () => new Date(), log: () => {}, crypto });
    const object = kind === "Pod" ? podWith([image]) : { apiVersion: "v1", kind, metadata: { name: "c" } };
    const decision = await ask(world, policies, createRequest({ object }), { exceptionSource });
    return { ...decision, asked };
  }

  it("leaves out what they exempt, and nothing when they cannot be asked for", async () => {
    expect((await decide(clusterOf(exception("a")), UNSIGNED)).allowed).toBe(true);
    expect((await decide(clusterOf(), UNSIGNED)).allowed).toBe(false);
    expect((await decide(down, UNSIGNED)).allowed).toBe(false);
  });

  it("does not ask for them where no rule applies", async () => {
    expect(await decide(clusterOf(exception("a")), "docker.io/library/nginx:1")).toMatchObject({
      allowed: true,
      asked: 0,
    });
    expect(await decide(clusterOf(exception("a")), UNSIGNED)).toMatchObject({ allowed: true, asked: 2 });
  });
});
