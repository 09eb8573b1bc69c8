/**
 * Every kind, operation and list of containers: which requests are asked about which images.
 *
 * What decides is written down here, not computed: an image that starts to run is asked about, whoever makes it run.
 */
import { describe, expect, it } from "vitest";
import type { KubernetesObject, Operation, PolicyRequest } from "../../../src/policy/mod.ts";
import { load, policyDocument } from "./policies.ts";
import { createRequest } from "./requests.ts";
import { ask, createWorld } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";
const SIGNED = `${REPOSITORY}:signed`;
const UNSIGNED = `${REPOSITORY}:unsigned`;

const RULE = "verify-signature-notary";

interface Kind {
  readonly kind: string;
  readonly group: string;
  readonly rule: string;
  readonly pointer: string;
  readonly make: (podSpec: Json) => Json;
}

const ofTemplate = (kind: string, group: string): Kind => ({
  kind,
  group,
  rule: `autogen-${RULE}`,
  pointer: "/spec/template/spec",
  make: (podSpec) => ({ template: { spec: podSpec } }),
});

const KINDS: readonly Kind[] = [
  { kind: "Pod", group: "", rule: RULE, pointer: "/spec", make: (podSpec) => podSpec },
  ofTemplate("Deployment", "apps"),
  ofTemplate("DaemonSet", "apps"),
  ofTemplate("StatefulSet", "apps"),
  ofTemplate("ReplicaSet", "apps"),
  ofTemplate("ReplicationController", ""),
  ofTemplate("Job", "batch"),
  {
    kind: "CronJob",
    group: "batch",
    rule: `autogen-cronjob-${RULE}`,
    pointer: "/spec/jobTemplate/spec/template/spec",
    make: (podSpec) => ({ jobTemplate: { spec: { template: { spec: podSpec } } } }),
  },
];

const LISTS = ["initContainers", "containers", "ephemeralContainers"] as const;

type Images = Partial<Record<(typeof LISTS)[number], readonly string[]>>;

function objectOf(one: Kind, images: Images, metadata: Json = {}, more: Json = {}): KubernetesObject {
  const lists = Object.entries(images).map(([list, texts]) => [
    list,
    texts.map((image, at) => ({ name: `${list}-${at}`, image })),
  ]);
  return {
    apiVersion: one.group === "" ? "v1" : `${one.group}/v1`,
    kind: one.kind,
    metadata: { name: "test", namespace: "default", ...metadata },
    spec: one.make({ ...Object.fromEntries(lists), ...more }),
  };
}

const requestOf = (one: Kind, operation: Operation, changes: Partial<PolicyRequest>): PolicyRequest => {
  const { object: _, ...request } = createRequest({ kind: one.kind, group: one.group, operation });
  return { ...request, ...changes };
};

/** The rule that answered and the pointers of images that failed; nothing when nobody was asked. */
async function failing(request: PolicyRequest) {
  const world = await createWorld();
  const { allowed, responses } = await ask(world, await load(policyDocument()), request);
  return {
    allowed,
    rules: responses.map(({ rule }) => rule),
    failing: responses.flatMap(({ images }) =>
      images.filter(({ status }) => status === "fail").map(({ pointer }) => pointer)
    ),
    asked: world.asked.length > 0,
  };
}

const UNASKED = { allowed: true, rules: [], failing: [], asked: false };
const rows = KINDS.flatMap((kind) => LISTS.map((list) => [`${kind.kind} ${list}`, kind, list] as const));

describe.each(rows)("%s", (_, kind, list) => {
  const deniedAt = (...indexes: readonly number[]) => ({
    allowed: false,
    rules: [kind.rule],
    failing: indexes.map((index) => `${kind.pointer}/${list}/${index}/image`),
    asked: true,
  });

  it("CREATE is asked about every image", async () => {
    const object = objectOf(kind, { [list]: [UNSIGNED, SIGNED, UNSIGNED] });
    expect(await failing(requestOf(kind, "CREATE", { object }))).toEqual(deniedAt(0, 2));
  });

  it("UPDATE to another image is asked about it", async () => {
    const request = requestOf(kind, "UPDATE", {
      object: objectOf(kind, { [list]: [UNSIGNED] }),
      oldObject: objectOf(kind, { [list]: [SIGNED] }),
    });
    expect(await failing(request)).toEqual(deniedAt(0));
  });

  it("UPDATE that adds a container is asked about it", async () => {
    const request = requestOf(kind, "UPDATE", {
      object: objectOf(kind, { [list]: [SIGNED, UNSIGNED] }),
      oldObject: objectOf(kind, { [list]: [SIGNED] }),
    });
    expect(await failing(request)).toEqual(deniedAt(1));
  });

  it("UPDATE that changes the order is asked about every image", async () => {
    const request = requestOf(kind, "UPDATE", {
      object: objectOf(kind, { [list]: [SIGNED, UNSIGNED] }),
      oldObject: objectOf(kind, { [list]: [UNSIGNED, SIGNED] }),
    });
    expect(await failing(request)).toEqual(deniedAt(1));
  });

  it("UPDATE of anything else that runs is asked about images that stay, whatever their annotations say", async () => {
    const annotations = {
      "kyverno.io/verify-images": JSON.stringify({ [UNSIGNED]: "pass" }),
      "kyverno.io/verify-images-scoped": JSON.stringify({
        version: 1,
        policies: { "/check-image-notary": { [kind.rule]: { [UNSIGNED]: "pass" } } },
      }),
    };
    const request = requestOf(kind, "UPDATE", {
      object: objectOf(kind, { [list]: [UNSIGNED] }, { annotations }, { priority: 2 }),
      oldObject: objectOf(kind, { [list]: [UNSIGNED] }, { annotations }, { priority: 1 }),
    });
    // An ephemeral container that is there already can never change: it was asked about when it came.
    expect(await failing(request)).toEqual(
      list === "ephemeralContainers" ? UNASKED : deniedAt(0),
    );
  });

  it("UPDATE of metadata and status alone is not asked about", async () => {
    const request = requestOf(kind, "UPDATE", {
      object: { ...objectOf(kind, { [list]: [UNSIGNED] }, { labels: { a: "b" } }), status: { phase: "Running" } },
      oldObject: objectOf(kind, { [list]: [UNSIGNED] }),
    });
    expect(await failing(request)).toEqual(UNASKED);
  });

  it("UPDATE that takes off a finalizer of what is being deleted is not asked about", async () => {
    const deleted = { deletionTimestamp: "2027-01-01T00:00:00Z" };
    const request = requestOf(kind, "UPDATE", {
      object: objectOf(kind, { [list]: [UNSIGNED] }, deleted, { priority: 2 }),
      oldObject: objectOf(kind, { [list]: [UNSIGNED] }, { ...deleted, finalizers: ["a"] }, { priority: 1 }),
    });
    expect(await failing(request)).toEqual(UNASKED);
  });

  it("UPDATE of what is being deleted to another image is asked about it", async () => {
    const deleted = { deletionTimestamp: "2027-01-01T00:00:00Z" };
    const request = requestOf(kind, "UPDATE", {
      object: objectOf(kind, { [list]: [UNSIGNED] }, deleted),
      oldObject: objectOf(kind, { [list]: [SIGNED] }, deleted),
    });
    expect(await failing(request)).toEqual(deniedAt(0));
  });

  it("UPDATE to what calls itself deleted is asked about", async () => {
    const request = requestOf(kind, "UPDATE", {
      object: objectOf(kind, { [list]: [UNSIGNED] }, { deletionTimestamp: "2027-01-01T00:00:00Z" }),
      oldObject: objectOf(kind, { [list]: [SIGNED] }),
    });
    expect((await failing(request)).allowed).toBe(false);
  });

  it("DELETE is not asked about", async () => {
    const oldObject = objectOf(kind, { [list]: [UNSIGNED] });
    expect(await failing(requestOf(kind, "DELETE", { oldObject }))).toEqual(UNASKED);
  });

  it("CONNECT is not asked about", async () => {
    const object = objectOf(kind, { [list]: [UNSIGNED] });
    expect(await failing(requestOf(kind, "CONNECT", { object, subresource: "exec" }))).toEqual(UNASKED);
  });
});

describe("subresources", () => {
  const [pod] = KINDS as readonly [Kind];
  const before = objectOf(pod, { containers: [UNSIGNED], ephemeralContainers: [UNSIGNED] });
  const update = (subresource: string, images: Images) =>
    requestOf(pod, "UPDATE", { subresource, object: objectOf(pod, images), oldObject: before });

  it("pods/ephemeralcontainers is asked about the containers it adds, and no other", async () => {
    const images = { containers: [UNSIGNED], ephemeralContainers: [UNSIGNED, UNSIGNED] };
    expect(await failing(update("ephemeralcontainers", images))).toEqual({
      allowed: false,
      rules: [RULE],
      failing: ["/spec/ephemeralContainers/1/image"],
      asked: true,
    });
    const signed = { containers: [UNSIGNED], ephemeralContainers: [UNSIGNED, SIGNED] };
    expect((await failing(update("ephemeralcontainers", signed))).allowed).toBe(true);
  });

  it.each(["resize", "status", "binding", "eviction", "scale"])("pods/%s is no matter of a Pod rule", async (name) => {
    expect(await failing(update(name, { containers: [UNSIGNED, UNSIGNED] }))).toEqual(UNASKED);
  });

  it.each(KINDS.slice(1))("$kind/scale and $kind/status are no matter of a rule for controllers", async (kind) => {
    for (const subresource of ["scale", "status"]) {
      const object = objectOf(kind, { containers: [UNSIGNED] }, {}, { priority: 2 });
      const oldObject = objectOf(kind, { containers: [UNSIGNED] });
      expect(await failing(requestOf(kind, "UPDATE", { subresource, object, oldObject }))).toEqual(UNASKED);
    }
  });
});

describe("a Pod", () => {
  it("is asked about all its lists, in the order it starts them", async () => {
    const [pod] = KINDS as readonly [Kind];
    const object = objectOf(pod, {
      ephemeralContainers: [UNSIGNED],
      containers: [UNSIGNED],
      initContainers: [UNSIGNED],
    });
    expect((await failing(requestOf(pod, "CREATE", { object }))).failing).toEqual(
      LISTS.map((list) => `/spec/${list}/0/image`),
    );
  });
});
