import jsonpatch from "fast-json-patch";
import { describe, expect, it } from "vitest";
import type { ArtifactOutcome } from "../../../src/notary/mod.ts";
import type { ImageResponse, KubernetesObject, RuleResponse, RuleStatus } from "../../../src/policy/mod.ts";
import { patchesFor } from "../../../src/policy/patch.ts";
import { refusal } from "../../../src/errors.ts";

const DIGEST = `sha256:${"1".repeat(64)}` as const;
const KEY = "kyverno.io/verify-images";

function image(
  index: number,
  status: RuleStatus,
  more: Partial<ImageResponse> = {},
  list = "containers",
): ImageResponse {
  return {
    image: `ghcr.io/o/i${index}:1`,
    pointer: `/spec/${list}/${index}/image`,
    container: "c",
    status,
    message: "",
    outcomes: [{} as ArtifactOutcome],
    ...more,
  };
}

const pin = (index: number) => ({ pin: { value: `ghcr.io/o/i${index}:1@${DIGEST}`, digest: DIGEST } });

const responses = (...images: readonly ImageResponse[]): readonly RuleResponse[] => [
  { policy: "p", policyNamespace: "", rule: "r", action: "Enforce", failurePolicy: "Fail", images },
];

function apply(object: KubernetesObject, ...images: readonly ImageResponse[]) {
  const patches = patchesFor(object, responses(...images));
  const document = jsonpatch.applyPatch(structuredClone(object), structuredClone(patches) as never, true).newDocument;
  const annotations = (document as { metadata: { annotations?: Record<string, string> } }).metadata.annotations;
  return { patches, document, note: JSON.parse(annotations?.[KEY] ?? "null"), annotations };
}

const pod = (metadata?: unknown): KubernetesObject => ({
  ...(metadata === undefined ? {} : { metadata }),
  spec: {
    containers: Array.from({ length: 12 }, (_, index) => ({ image: `ghcr.io/o/i${index}:1` })),
    initContainers: [{ image: "ghcr.io/o/i0:1" }],
  },
});

describe("patchesFor()", () => {
  it("keeps other annotations and replaces what claims to be ours", () => {
    const { patches, annotations } = apply(pod({ annotations: { a: "b", [KEY]: '{"x":"pass"}' } }), image(0, "pass"));
    expect(patches).toHaveLength(1);
    expect(annotations).toEqual({ a: "b", [KEY]: '{"ghcr.io/o/i0:1":"pass"}' });
  });

  it.each([
    ["no annotations", {}],
    ["empty annotations", { annotations: {} }],
    ["annotations of null", { annotations: null }],
    ["no metadata", undefined],
    ["metadata of null", null],
  ])("makes room for the annotation: %s", (_, metadata) => {
    expect(apply(pod(metadata), image(0, "pass")).note).toEqual({ "ghcr.io/o/i0:1": "pass" });
  });

  it("writes nothing when nothing was verified or it is there already", () => {
    expect(patchesFor(pod({}), [])).toEqual([]);
    const { document } = apply(pod({}), image(0, "pass"), image(1, "skip"));
    expect(patchesFor(document as KubernetesObject, responses(image(1, "skip"), image(0, "pass")))).toEqual([]);
  });

  it("notes pass, fail and skip; what was only pinned, or is no reference, is noted by nobody", () => {
    const { note } = apply(
      pod({}),
      image(0, "pass", pin(0)),
      image(1, "fail"),
      image(2, "error"),
      image(3, "skip", { outcomes: [] }),
      image(4, "warning"),
      image(5, "pass", { outcomes: [], ...pin(5) }),
      image(6, "error", { refusal: refusal("IMAGE_REFERENCE_INVALID", "x"), outcomes: [] }),
    );
    expect(note).toEqual({
      [`ghcr.io/o/i0@${DIGEST}`]: "pass",
      "ghcr.io/o/i1:1": "fail",
      "ghcr.io/o/i2:1": "fail",
      "ghcr.io/o/i3:1": "skip",
      "ghcr.io/o/i4:1": "skip",
    });
  });

  it("notes the worst of what several rules found", () => {
    const same = (status: RuleStatus) => image(0, status);
    expect(apply(pod({}), same("pass"), same("fail"), same("skip")).note).toEqual({ "ghcr.io/o/i0:1": "fail" });
    expect(apply(pod({}), same("skip"), same("pass")).note).toEqual({ "ghcr.io/o/i0:1": "pass" });
  });

  it("pins each image once, in the order of the Pod, and names them sorted, in whatever order they were verified", () => {
    const images = [10, 2, 0, 2].map((index) => image(index, "pass", pin(index)));
    const init = image(0, "pass", pin(0), "initContainers");
    const one = apply(pod({}), ...images, init);
    const other = apply(pod({}), init, ...images.toReversed());
    expect(one.patches).toEqual(other.patches);
    expect(one.patches.slice(2).map(({ path }) => path)).toEqual([
      "/spec/initContainers/0/image",
      "/spec/containers/0/image",
      "/spec/containers/2/image",
      "/spec/containers/10/image",
    ]);
    expect(one.patches[1]?.value).toBe(
      `{"ghcr.io/o/i0@${DIGEST}":"pass","ghcr.io/o/i10@${DIGEST}":"pass","ghcr.io/o/i2@${DIGEST}":"pass"}`,
    );
  });
});
