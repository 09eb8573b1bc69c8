/** Images of custom kinds: where a rule's extractors find them, what is written there, and what cannot be read. */
import jsonPatch, { type Operation } from "fast-json-patch";
import { describe, expect, it } from "vitest";
import { type KubernetesObject, loadPolicies, MAX_IMAGES, type PolicyRequest } from "../../../src/policy/mod.ts";
import { MAX_EXTRACTORS } from "../../../src/policy/extractor_fields.ts";
import { crypto } from "./world.ts";
import { load, type PolicyChanges, policyDocument, trusting } from "./policies.ts";
import { createRequest } from "./requests.ts";
import { ask, createWorld, digestOf } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";
const SIGNED = `${REPOSITORY}:signed`;
const UNSIGNED = `${REPOSITORY}:unsigned`;
const PINNED = `${SIGNED}@${digestOf(SIGNED)}`;

const match = (...kinds: readonly string[]) => ({ any: [{ resources: { kinds } }] });

const changes = (extractors: readonly Json[], verify: Json = {}, rule: Json = {}): PolicyChanges => ({
  rule: { match: match("Task"), imageExtractors: { Task: extractors }, ...rule },
  verify,
});

const task = (spec: unknown, more: Partial<PolicyRequest> = {}): PolicyRequest =>
  createRequest({
    group: "tekton.dev",
    kind: "Task",
    object: { apiVersion: "tekton.dev/v1", kind: "Task", metadata: { name: "test" }, spec } as KubernetesObject,
    ...more,
  });

async function decide(extractors: readonly Json[], spec: unknown, verify: Json = {}, rule: Json = {}) {
  const world = await createWorld();
  const decision = await ask(world, await load(policyDocument(changes(extractors, verify, rule))), task(spec));
  return { ...decision, asked: world.asked };
}

async function problemsOf(changed: PolicyChanges): Promise<readonly string[]> {
  const text = JSON.stringify(policyDocument(changed));
  const { problems } = await loadPolicies([{ source: "p", text }], crypto);
  return problems.map(({ path, reason }) => `${path}: ${reason}`);
}

describe("an extractor", () => {
  const rows: readonly (readonly [name: string, extractor: Json, spec: (image: string) => unknown, pointer: string])[] =
    [
      ["goes to a member", { path: "/spec/image" }, (image) => ({ image }), "/spec/image"],
      ["needs no slash first", { path: "spec/image" }, (image) => ({ image }), "/spec/image"],
      ["passes over blanks and empty steps", { path: "/ spec // image /" }, (image) => ({ image }), "/spec/image"],
      [
        "goes through every item of a list",
        { path: "/spec/steps/*/image" },
        (image) => ({ steps: [{ image: SIGNED }, { image }] }),
        "/spec/steps/1/image",
      ],
      [
        "goes through every member of an object",
        { path: "/spec/steps/*", value: "ref", key: "id" },
        (image) => ({ steps: { a: { id: "1", ref: SIGNED }, b: { id: "2", ref: image } } }),
        "/spec/steps/b/ref",
      ],
      [
        "goes through lists of lists",
        { path: "/spec/*/*/image" },
        (image) => ({ rows: [{ image: SIGNED }, { image }], more: [] }),
        "/spec/rows/1/image",
      ],
      [
        "escapes what a JSON Pointer must not hold",
        { path: "/spec/*/image" },
        (image) => ({ "a/b~c": { image } }),
        "/spec/a~1b~0c/image",
      ],
    ];

  it.each(rows)("%s", async (_, extractor, spec, pointer) => {
    const denied = await decide([extractor], spec(UNSIGNED));
    expect(denied.allowed).toBe(false);
    expect(denied.responses[0]?.images.filter(({ status }) => status === "fail")).toMatchObject([{ pointer }]);
    const admitted = await decide([extractor], spec(SIGNED));
    expect(admitted.allowed).toBe(true);
    expect(admitted.patches).toContainEqual({ op: "replace", path: pointer, value: PINNED });
  });

  it("names an image by its key, else by its pointer", async () => {
    const named = await decide([{ path: "/spec/steps/*", value: "image", key: "name" }], {
      steps: [{ name: "build", image: SIGNED }],
    });
    expect(named.responses[0]?.images[0]?.container).toBe("build");
    const unnamed = await decide([{ path: "/spec/steps/*/image" }], { steps: [{ name: "build", image: SIGNED }] });
    expect(unnamed.responses[0]?.images[0]?.container).toBe("/spec/steps/0/image");
  });

  it("counts beside the others, though they have one name", async () => {
    const both = [{ path: "/spec/first" }, { path: "/spec/second" }];
    const { allowed, responses } = await decide(both, { first: UNSIGNED, second: SIGNED });
    expect(allowed, 'deviation "extractors-of-one-name"').toBe(false);
    expect(responses[0]?.images.map(({ status }) => status)).toEqual(["fail", "pass"]);
  });

  it("finds nothing where nothing is", async () => {
    for (const spec of [undefined, null, {}, { image: null }, { image: "" }, { image: "  " }]) {
      const { allowed, responses, asked } = await decide([{ path: "/spec/image" }], spec);
      expect([allowed, responses, asked]).toEqual([true, [], []]);
    }
  });

  const broken: readonly (readonly [spec: unknown, extractor: Json, message: string])[] = [
    ["text", { path: "/spec/image" }, "invalid image config"],
    [{ steps: "text" }, { path: "/spec/steps/*/image" }, "invalid type"],
    [{ steps: ["text"] }, { path: "/spec/steps/*/image" }, "invalid image config"],
    [{ image: SIGNED, id: 1 }, { path: "/spec", value: "image", key: "id" }, "invalid key"],
    [{ image: SIGNED }, { path: "/spec", value: "image", key: "id" }, "invalid key"],
    [{ image: 5 }, { path: "/spec/image" }, "invalid image"],
    [{ image: { name: SIGNED } }, { path: "/spec/image" }, "invalid image"],
    [{ image: "UPPER CASE" }, { path: "/spec/image" }, "invalid image 'UPPER CASE'"],
  ];

  it.each(broken)("refuses %j by %j: %s", async (spec, extractor, message) => {
    const { allowed, responses, patches, asked } = await decide([extractor], spec);
    expect([allowed, patches, asked], 'deviation "extractor-value"').toEqual([false, [], []]);
    expect(responses[0]?.images[0]?.status).toBe("error");
    expect(responses[0]?.images[0]?.message).toContain(
      `failed to instantiate handler: failed to extract images: ${message}`,
    );
  });

  it("bounds what it finds", async () => {
    const images = (count: number) => ({ images: Array.from({ length: count }, () => ({ ref: SIGNED })) });
    const extractors = [{ path: "/spec/images/*/ref" }];
    expect((await decide(extractors, images(MAX_IMAGES))).allowed).toBe(true);
    const { allowed, responses, asked } = await decide(extractors, images(MAX_IMAGES + 1));
    expect([allowed, asked]).toEqual([false, []]);
    expect(responses[0]?.images[0]?.refusal?.code).toBe("ERR_TOO_LARGE");
  });

  it("stands for what is known of a kind", async () => {
    const rule = { match: match("Pod"), imageExtractors: { Pod: [{ path: "/spec/main" }] } };
    const policies = await load(policyDocument({ rule }));
    const spec = { main: SIGNED, containers: [{ name: "c", image: UNSIGNED }] };
    const { responses } = await ask(
      await createWorld(),
      policies,
      createRequest({ object: { metadata: { name: "test" }, spec } }),
    );
    expect(responses[0]?.images.map(({ pointer }) => pointer)).toEqual(["/spec/main"]);
  });

  it("leaves other kinds as they are", async () => {
    const policies = await load(policyDocument({
      rule: { match: match("Task", "Pod"), imageExtractors: { Task: [{ path: "/spec/image" }] } },
    }));
    const { allowed } = await ask(
      await createWorld(),
      policies,
      createRequest({ object: { metadata: {}, spec: { containers: [{ name: "c", image: UNSIGNED }] } } }),
    );
    expect(allowed).toBe(false);
  });
});

describe("jmesPath", () => {
  const audit = { mutateDigest: false };

  it("makes the image of the text", async () => {
    const extractor = { path: "/spec/image", jmesPath: `join(':', ['${REPOSITORY}', @])` };
    expect((await decide([extractor], { image: "signed" }, audit)).allowed).toBe(true);
    const { allowed, message } = await decide([extractor], { image: "unsigned" }, audit);
    expect(allowed).toBe(false);
    expect(message).toContain(`failed to verify image ${UNSIGNED}`);
  });

  it("has to make text", async () => {
    const { allowed, message } = await decide([{ path: "/spec/image", jmesPath: "length(@)" }], { image: "a" }, audit);
    expect(allowed).toBe(false);
    expect(message).toContain("jmespath length(@) must produce a string, but produced 1");
  });

  it("that fails is an error", async () => {
    const extractor = { path: "/spec/image", jmesPath: "abs(@)" };
    const { allowed, message } = await decide([extractor], { image: "a" }, audit);
    expect(allowed).toBe(false);
    expect(message).toContain("failed to apply jmespath abs(@)");
  });

  it("is refused where digests are written", async () => {
    expect(await problemsOf(changes([{ path: "/spec/image", jmesPath: "@" }]))).toEqual([
      "spec.rules[0].imageExtractors: jmespath may not be used in an image extractor when mutating digests with " +
      "verify images",
    ]);
  });
});

describe("the gate of imageExtractors", () => {
  const rows: readonly (readonly [extractors: unknown, problem: string])[] = [
    ["text", 'imageExtractors: "text", expected kinds and their extractors'],
    [{ Task: [] }, "imageExtractors.Task: 0 extractors, expected 1 or more: no image of the kind would be found"],
    [{ Task: {} }, "imageExtractors.Task: an object, expected a list"],
    [{ Task: [{}] }, "imageExtractors.Task[0]: path is missing, expected names with / between them"],
    [{ Task: [{ path: "/" }] }, 'imageExtractors.Task[0].path: "/", expected names with / between them'],
    [
      { Task: [{ path: "/spec/*" }] },
      'imageExtractors.Task[0].path: "/spec/*" ends in "*": say in value which member it is',
    ],
    [
      { Task: [{ path: "/metadata/annotations/image" }] },
      'imageExtractors.Task[0].path: "/metadata/annotations/image" begins in metadata: nothing runs there, expected such ' +
      "as spec",
    ],
    [
      { Task: [{ path: "/*/image" }] },
      'imageExtractors.Task[0].path: "/*/image" begins in *: nothing runs there, expected such as spec',
    ],
    [{ Task: [{ path: "/spec/image", jmesPath: "a[" }] }, "imageExtractors.Task[0].jmesPath: "],
    [{ Task: [{ path: "/spec/{{ a }}" }] }, "imageExtractors.Task[0].path: "],
    [
      { Task: Array.from({ length: MAX_EXTRACTORS + 1 }, () => ({ path: "/spec/image" })) },
      `imageExtractors: ${MAX_EXTRACTORS + 1} extractors, expected at most ${MAX_EXTRACTORS}`,
    ],
  ];

  it.each(rows)("%j: %s", async (imageExtractors, problem) => {
    const problems = await problemsOf({ rule: { match: match("Task"), imageExtractors } });
    expect(
      problems.filter((one) => one.startsWith(`spec.rules[0].${problem}`)),
      `deviation "extractor-metadata": ${problems}`,
    )
      .toHaveLength(1);
  });

  it("takes kinds that only extractors know", async () => {
    expect(await problemsOf({ rule: { match: match("Task") } })).toHaveLength(1);
    expect(await problemsOf(changes([{ path: "/spec/image" }]))).toEqual([]);
  });
});

describe("variables", () => {
  it("see images.custom, or the list of the extractor's name", async () => {
    const image = (name: string) => `{{ images.${name}.main.registry }}`;
    for (const name of [undefined, "steps"]) {
      const extractor = { path: "/spec/steps/*", value: "image", key: "id", ...(name === undefined ? {} : { name }) };
      const conditions = (value: string) => ({
        preconditions: { all: [{ key: image(name ?? "custom"), operator: "Equals", value }] },
      });
      const spec = { steps: [{ id: "main", image: UNSIGNED }] };
      expect((await decide([extractor], spec, {}, conditions("ghcr.io"))).allowed).toBe(false);
      expect((await decide([extractor], spec, {}, conditions("docker.io"))).allowed).toBe(true);
    }
  });
});

describe("a patch", () => {
  it("applied and asked again changes nothing", async () => {
    const extractors = [{ path: "/spec/steps/*/image" }, { path: "/spec/*/image" }];
    const spec = { steps: [{ image: SIGNED }, { image: `${SIGNED}` }], "a/b": { image: SIGNED } };
    const broken = await decide(extractors, spec);
    expect(broken.allowed, "a list has no member image").toBe(false);
    const policies = await load(policyDocument(changes([{ path: "/spec/*/*/image" }])));
    const request = task({ steps: [{ image: SIGNED }, { image: SIGNED }], "a/b": { "~": { image: SIGNED } } });
    const { patches } = await ask(await createWorld(), policies, request);
    expect(patches.map(({ path }) => path), 'deviation "extractor-pointer"').toContain("/spec/a~1b/~0/image");
    const object = structuredClone(request.object) as KubernetesObject;
    jsonPatch.applyPatch(object, patches as Operation[]);
    expect(object["spec"]).toEqual({
      steps: [{ image: PINNED }, { image: PINNED }],
      "a/b": { "~": { image: PINNED } },
    });
    const again = await ask(await createWorld(), policies, { ...request, object });
    expect([again.allowed, again.patches]).toEqual([true, []]);
  });
});

describe("an update", () => {
  const extractors = [{ path: "/spec/image" }];
  const object = (image: string, metadata: Json = {}): KubernetesObject => ({
    apiVersion: "tekton.dev/v1",
    kind: "Task",
    metadata: { name: "test", ...metadata },
    spec: { image },
  });

  it("of an object that is being deleted is asked about what it changes", async () => {
    const policies = await load(policyDocument(changes(extractors)));
    const deleted = { deletionTimestamp: "2027-01-01T00:00:00Z", finalizers: ["a"] };
    const update = (image: string, before: string) =>
      task({}, { operation: "UPDATE", object: object(image, deleted), oldObject: object(before, deleted) });
    expect((await ask(await createWorld(), policies, update(UNSIGNED, SIGNED))).allowed).toBe(false);
    expect((await ask(await createWorld(), policies, update(UNSIGNED, UNSIGNED))).allowed).toBe(true);
  });
});

describe("trust", () => {
  it("is that of the rule", async () => {
    const verify = { attestors: [{ entries: [trusting("rsa-3072-self")] }] };
    expect((await decide([{ path: "/spec/image" }], { image: SIGNED }, verify)).allowed).toBe(false);
  });
});
