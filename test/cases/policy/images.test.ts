import { describe, expect, it } from "vitest";
import {
  extractImages,
  type ImageInfo,
  isExempt,
  isRequired,
  MAX_IMAGES,
  readImage,
} from "../../../src/policy/images.ts";
import type { PolicyRequest } from "../../../src/policy/mod.ts";
import vectors from "../../vectors/kyverno_selection.json" with { type: "json" };
import { createRequest, podWith } from "./requests.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

function image(text: string): ImageInfo {
  const read = readImage(text, "c", "/spec/containers/0/image");
  if (!("reference" in read)) throw new Error(read.message);
  return { ...read, list: "containers" };
}

describe("readImage()", () => {
  it.each(vectors.images)("writes $text as Kyverno does", (row) => {
    const read = readImage(row.text, "c", "/p");
    if ("error" in row) {
      expect(read).toMatchObject({ refusal: { code: "IMAGE_REFERENCE_INVALID", class: "denied" } });
      // deno-lint-ignore no-control-regex
      expect(read.image).not.toMatch(/[\u0000-\u001f]/);
    } else {
      expect(read).toMatchObject({ image: row.image, name: `${row.registry}/${row.path}` });
      expect("digest" in read ? read.digest : "").toBe(row.digest);
    }
  });

  it("asks for the digest where there is one, whatever tag stands before it", () => {
    expect(image(`ghcr.io/org/app:v1@${DIGEST}`).reference)
      .toEqual({ registry: "ghcr.io", repository: "org/app", digest: DIGEST });
  });

  it("asks Docker Hub for official images where they are", () => {
    expect(image("nginx").reference).toEqual({ registry: "docker.io", repository: "library/nginx", tag: "latest" });
  });

  it.each([`sha256:${"ab".repeat(32)}`, `sha512:${"ab".repeat(64)}`, "ab".repeat(32)])(
    'refuses %s: "image-id", what a node has under an ID may come from anywhere',
    (text) => {
      expect(readImage(text, "c", "/p")).toMatchObject({
        refusal: { code: "IMAGE_REFERENCE_INVALID", class: "denied" },
      });
    },
  );

  it("shows where a text stands that is no reference", () => {
    const read = readImage("ghcr.io/Org/app", "c", "/spec/containers/7/image");
    expect(read).toMatchObject({ pointer: "/spec/containers/7/image", image: "ghcr.io/Org/app" });
    expect("refusal" in read && read.refusal.message).toContain("/spec/containers/7/image");
  });
});

describe("isRequired() and isExempt()", () => {
  const digest = `ghcr.io/org/app@${DIGEST}`;
  const both = `ghcr.io/org/app:dev@${DIGEST}`;
  const rows: readonly [text: string, pattern: string, required: boolean, exempt: boolean][] = [
    // As Kyverno: what it writes against the pattern.
    ["ghcr.io/org/app:v1", "ghcr.io/org/app:v1", true, true],
    ["ghcr.io/org/app:v1", "ghcr.io/org/app:*", true, true],
    ["ghcr.io/org/app:v1", "ghcr.io/org/*", true, true],
    ["ghcr.io/org/app:v1", "ghcr.io/org/app:v2*", false, false],
    ["ghcr.io/org/app:v1", "ghcr.io/org/app", false, false],
    ["ghcr.io/org/app", "ghcr.io/org/app:latest", true, true],
    ["nginx", "docker.io/nginx*", true, true],
    ["nginx", "nginx*", false, false],
    [digest, "ghcr.io/org/app*", true, true],
    [digest, "ghcr.io/org/app@*", true, true],
    [digest, digest, true, true],
    [both, "ghcr.io/org/app@sha256:*", true, true],
    // Safer: a digest may be any tag's, and a tag beside it says nothing.
    [digest, "ghcr.io/org/app:*", true, false],
    [digest, "ghcr.io/org/app:v1.*", true, false],
    [digest, "ghcr.io/*/app:v?", true, false],
    [digest, "ghcr.io/org/app:*@sha256:*", true, false],
    [digest, "*:latest", true, false],
    [both, "ghcr.io/org/app:*", true, false],
    [both, "ghcr.io/org/app:prod", true, false],
    [both, "ghcr.io/org/app:dev", true, false],
    [both, "ghcr.io/org/app:dev@*", true, false],
    [digest, "ghcr.io/org/other:*", false, false],
    [digest, "ghcr.io/org/app/sub:*", false, false],
    [digest, "ghcr.io/*/sub:*", false, false],
    [digest, "ghcr.io/org/app@sha512:*", false, false],
    [digest, "ghcr.io/org/app:*@sha512:*", false, false],
    // Safer: other ways to write the same repository.
    ["GHCR.IO/org/app:v1", "ghcr.io/org/*", true, false],
    ["ghcr.io:443/org/app:v1", "ghcr.io/org/*", true, false],
    ["nginx", "docker.io/library/nginx:*", true, false],
    ["docker.io/library/nginx:1", "docker.io/nginx:*", true, false],
    ["index.docker.io/library/nginx:1", "docker.io/library/*", true, false],
    ["registry-1.docker.io/library/nginx:1", "docker.io/nginx*", true, false],
    ["ghcr.io:0443/org/app:v1", "ghcr.io/org/*", true, false],
    ["ghcr.io:05000/org/app:v1", "ghcr.io:5000/org/*", true, false],
    ["ghcr.io/org/app:v1", "ghcr.io:443/org/*", true, false],
    ["[::1]:0443/org/app:v1", "[::1]/org/*", true, false],
    ["registry.hub.docker.com/library/nginx:1", "docker.io/nginx*", true, false],
    ["nginx", "registry-1.docker.io:443/library/*", true, false],
    ["ghcr.io:5000/org/app:v1", "ghcr.io/org/*", false, false],
    ["ghcr.io:4430/org/app:v1", "ghcr.io/org/*", false, false],
    ["docker.io/org/nginx", "docker.io/library/*", false, false],
  ];
  it.each(rows)("%s with %s: required %s, exempt %s", (text, pattern, required, exempt) => {
    expect(isRequired(image(text), [pattern])).toBe(required);
    expect(isExempt(image(text), [pattern])).toBe(exempt);
  });

  it("no pattern takes in nothing", () => {
    expect(isRequired(image("nginx"), [])).toBe(false);
    expect(isExempt(image("nginx"), [])).toBe(false);
  });

  it("whatever is exempt could have been required: exemptions are the narrower reading", () => {
    for (const { pattern } of vectors.wildcards) {
      for (const row of vectors.images) {
        if ("error" in row || !isExempt(image(row.text), [pattern])) continue;
        expect(isRequired(image(row.text), [pattern]), `${row.text} with ${pattern}`).toBe(true);
      }
    }
  });
});

describe("extractImages()", () => {
  const spec = {
    containers: [{ name: "b", image: "b:1" }, { name: "a", image: "a:1" }],
    initContainers: [{ name: "z", image: "z:1" }],
    ephemeralContainers: [{ name: "e", image: "e:1" }],
  };
  const pointers = (request: PolicyRequest) =>
    extractImages(request).images.map(({ pointer, image }) => [pointer, image]);

  it("keeps the order in which a Pod starts them", () => {
    expect(pointers(createRequest({ object: { spec } }))).toEqual([
      ["/spec/initContainers/0/image", "docker.io/z:1"],
      ["/spec/containers/0/image", "docker.io/b:1"],
      ["/spec/containers/1/image", "docker.io/a:1"],
      ["/spec/ephemeralContainers/0/image", "docker.io/e:1"],
    ]);
  });

  it.each<[kind: string, spec: object, pointer: string]>([
    ...["DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"].map((
      kind,
    ): [string, object, string] => [kind, { template: { spec } }, "/spec/template/spec/containers/0/image"]),
    [
      "CronJob",
      { jobTemplate: { spec: { template: { spec } } } },
      "/spec/jobTemplate/spec/template/spec/containers/0/image",
    ],
  ])("finds those of a %s", (kind, template, pointer) => {
    expect(pointers(createRequest({ kind, object: { spec: template } }))).toContainEqual([pointer, "docker.io/b:1"]);
  });

  it("finds none in other kinds, without an object, or where there is no text", () => {
    expect(pointers(createRequest({ kind: "ConfigMap", object: { spec } }))).toEqual([]);
    const { object: _, ...without } = createRequest({ operation: "DELETE" });
    expect(pointers(without)).toEqual([]);
    const empty = { containers: [{ name: "a" }, { name: "b", image: null }, { name: "c", image: " " }] };
    expect(extractImages(createRequest({ object: { spec: empty } }))).toEqual({ images: [], invalid: [] });
  });

  it.each<[kind: string, spec: unknown, pointer: string]>([
    ["Pod", "x", "/spec"],
    ["Pod", [{ containers: [{ image: "a" }] }], "/spec"],
    ["Deployment", { template: [] }, "/spec/template"],
    ["CronJob", { jobTemplate: { spec: { template: { spec: 1 } } } }, "/spec/jobTemplate/spec/template/spec"],
  ])("refuses a %s in which the Pod specification is no object", (kind, spec, pointer) => {
    for (const subresource of ["", "ephemeralcontainers"]) {
      expect(extractImages(createRequest({ kind, subresource, object: { spec } }))).toMatchObject({
        images: [],
        invalid: [{ pointer, refusal: { code: "IMAGE_REFERENCE_INVALID", class: "denied" } }],
      });
    }
  });

  it("finds none where there is no Pod specification", () => {
    for (const object of [{}, { spec: null }, { spec: { template: null } }, { spec: { template: { spec: null } } }]) {
      expect(extractImages(createRequest({ kind: "Job", object }))).toEqual({ images: [], invalid: [] });
    }
  });

  it.each([
    ["a list that is none", { containers: { 0: { image: "a" } } }, "/spec/containers"],
    ["a container that is none", { containers: ["nginx"] }, "/spec/containers/0/image"],
    ["an image that is no text", { containers: [{ image: { a: 1 } }] }, "/spec/containers/0/image"],
    [
      "an image that is no reference",
      { containers: [{ name: "c", image: "A/B/c\u001b[2J" }] },
      "/spec/containers/0/image",
    ],
  ])("refuses %s", (_, spec, pointer) => {
    const { invalid } = extractImages(createRequest({ object: { spec } }));
    expect(invalid).toMatchObject([{ pointer, refusal: { code: "IMAGE_REFERENCE_INVALID" } }]);
    // deno-lint-ignore no-control-regex
    expect(invalid[0]?.message).not.toMatch(/[\u0000-\u001f]/);
  });

  it(`refuses more than ${MAX_IMAGES}`, () => {
    const count = (images: number) => extractImages(createRequest({ object: podWith(Array(images).fill("a:1")) }));
    expect(count(MAX_IMAGES).images).toHaveLength(MAX_IMAGES);
    expect(count(200)).toMatchObject({
      images: [],
      invalid: [{ refusal: { code: "ERR_TOO_LARGE", class: "denied" } }],
    });
  });

  it("through pods/ephemeralcontainers looks at new ephemeral containers alone", () => {
    const ephemeralContainers = [{ name: "e", image: "e:1" }, { name: "n", image: "n:1" }];
    const request = createRequest({
      operation: "UPDATE",
      subresource: "ephemeralcontainers",
      object: { spec: { ...spec, ephemeralContainers } },
      oldObject: { spec },
    });
    expect(pointers(request)).toEqual([["/spec/ephemeralContainers/1/image", "docker.io/n:1"]]);
  });

  it("on UPDATE leaves out an ephemeral container only while name and image are the stored ones", () => {
    const changed = [{ name: "e", image: "evil:1" }];
    const request = createRequest({
      operation: "UPDATE",
      object: { spec: { ...spec, ephemeralContainers: changed } },
      oldObject: { spec },
    });
    expect(pointers(request)).toContainEqual(["/spec/ephemeralContainers/0/image", "docker.io/evil:1"]);
    expect(pointers({ ...request, operation: "CREATE", object: { spec } })).toHaveLength(4);
  });
});
