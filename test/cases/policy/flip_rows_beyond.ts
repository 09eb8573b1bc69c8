/** One flip for every field of an extractor and of a PolicyException, and for every annotation that decides. */
import { EXCEPTION_IMAGES_ANNOTATION } from "../../../src/policy/exceptions.ts";
import { ADMITTED, DENIED, type Flip, type Json, NOT_LOADED, type Scene, SIGNED, UNSIGNED } from "./flip_scenes.ts";
import { certificate, trusting } from "./policies.ts";
import { digestOf } from "./world.ts";

type Rows = Readonly<Record<string, Flip>>;

/** A Task whose steps are an unsigned image, and one without. */
const TASK: Scene["request"] = {
  group: "tekton.dev",
  kind: "Task",
  object: {
    apiVersion: "tekton.dev/v1",
    kind: "Task",
    metadata: { name: "test", namespace: "default" },
    spec: { steps: [{ id: "build", title: "first", image: UNSIGNED, other: SIGNED }], prefixed: `oci://${UNSIGNED}` },
  },
};

const extracting = (before: Json, after: Json, told: Flip["told"], rule: Json = {}, verify: Json = {}): Flip => {
  const scene = (extractor: Json): Scene => ({
    request: TASK,
    rule: {
      match: { any: [{ resources: { kinds: ["Task"] } }] },
      imageExtractors: { Task: [{ path: "/spec/steps/*", value: "image", ...extractor }] },
      ...rule,
    },
    verify,
  });
  return { before: scene(before), after: scene(after), told };
};

export const EXTRACTOR_FLIPS: Rows = {
  path: extracting({}, { path: "/spec/elsewhere/*" }, [DENIED, ADMITTED]),
  value: extracting({}, { value: "other" }, [DENIED, ADMITTED]),
  name: extracting({ name: "steps" }, { name: "others" }, [DENIED, "preconditions not met"], {
    preconditions: { all: [{ key: "{{ images.steps || `{}` | length(@) }}", operator: "Equals", value: 1 }] },
  }),
  key: extracting({ key: "id" }, { key: "title" }, ["fail build:", "fail first:"]),
  jmesPath: extracting(
    { path: "/spec/prefixed", value: "", jmesPath: "trim_prefix(@, 'oci://')" },
    { path: "/spec/prefixed", value: "", jmesPath: "replace_all(@, 'oci://', 'elsewhere.example/')" },
    [DENIED, ADMITTED],
    {},
    { mutateDigest: false },
  ),
};

const annotated = (image: string, before: Json, after: Json, told: Flip["told"]): Flip => {
  const scene = (given: Json): Scene => ({
    image,
    metadata: {
      annotations: Object.fromEntries(
        Object.entries(given).map(([name, value]) => [`edge-notary.dev/${name}`, value]),
      ),
    },
    verify: { imageReferences: ["*"], attestors: [{ entries: [trusting("fixture-signer")] }] },
  });
  return { before: scene(before), after: scene(after), told };
};

const ROOTS = { "tsa-certs": certificate("release-root") };
const by = (organization: string) => `x509.subject: C=US, ST=WA, O=${organization}`;

export const ANNOTATION_FLIPS: Rows = {
  "verification-level": annotated(
    "registry.example/wrong-signer:jws",
    { "verification-level": "strict" },
    { "verification-level": "audit" },
    [DENIED, ADMITTED],
  ),
  "trusted-identities": annotated(
    SIGNED,
    { "trusted-identities": by("Notary") },
    { "trusted-identities": by("Other") },
    [
      ADMITTED,
      DENIED,
    ],
  ),
  "tsa-certs": annotated(SIGNED, {}, ROOTS, [ADMITTED, DENIED]),
  "verify-timestamp": annotated(
    SIGNED,
    { ...ROOTS, "verify-timestamp": "afterCertExpiry" },
    { ...ROOTS, "verify-timestamp": "always" },
    [ADMITTED, DENIED],
  ),
  revocation: annotated(SIGNED, { revocation: "enforce" }, { revocation: "skip" }, [
    '"revocation":{"action":"enforce"',
    '"revocation":{"action":"skip"',
  ]),
  "max-signatures": annotated("registry.example/several:wrong-first", { "max-signatures": "2" }, {
    "max-signatures": "1",
  }, [ADMITTED, DENIED]),
  index: annotated("registry.example/index:child-only", {}, { index: "all-children" }, [
    `${digestOf("registry.example/index:child-only")}: no signature is associated with`,
    "nor every child of it is signed",
  ]),
};

const MATCH = { any: [{ resources: { kinds: ["Pod"] } }] };
const EXEMPTED = { policyName: "check-image-notary", ruleNames: ["verify-signature-notary"] };

interface ExceptionParts {
  readonly top?: Json;
  readonly metadata?: Json;
  readonly spec?: Json;
}

const exempting = (before: ExceptionParts, after: ExceptionParts, told: Flip["told"]): Flip => {
  const scene = ({ top = {}, metadata = {}, spec = {} }: ExceptionParts): Scene => ({
    exception: {
      apiVersion: "kyverno.io/v2",
      kind: "PolicyException",
      metadata: { name: "legacy", namespace: "exceptions", ...metadata },
      spec: { match: MATCH, exceptions: [EXEMPTED], ...spec },
      ...top,
    },
  });
  return { before: scene(before), after: scene(after), told };
};

const images = (text: string): ExceptionParts => ({
  metadata: { annotations: { [EXCEPTION_IMAGES_ANNOTATION]: text } },
});
const exempted = (more: Json): ExceptionParts => ({ spec: { exceptions: [{ ...EXEMPTED, ...more }] } });
const condition = (value: string): ExceptionParts => ({
  spec: { conditions: { all: [{ key: "{{ request.operation }}", operator: "Equals", value }] } },
});
const elsewhere = { any: [{ resources: { kinds: ["Deployment"] } }] };
const ofUser = { any: [{ resources: { kinds: ["Pod"] }, subjects: [{ kind: "User", name: "someone" }] }] };

/** Object of a PolicyException → its fields. */
export const EXCEPTION_FLIPS: Readonly<Record<string, Rows>> = {
  document: {
    apiVersion: exempting({}, { top: { apiVersion: "kyverno.io/v1" } }, [ADMITTED, NOT_LOADED]),
    kind: exempting({}, { top: { kind: "PolicyExceptions" } }, [ADMITTED, NOT_LOADED]),
    metadata: exempting({}, { top: { metadata: { name: "other" } } }, ["exceptions/legacy", "exceptionsother"]),
    spec: exempting({}, { spec: { match: elsewhere } }, [ADMITTED, DENIED]),
  },
  metadata: {
    name: exempting({}, { metadata: { name: "other" } }, ["exceptions/legacy", "exceptions/other"]),
    namespace: exempting({}, { metadata: { namespace: "others" } }, ["exceptionsexceptions/", "exceptionsothers/"]),
    annotations: exempting(images("*:unsigned"), images("*:signed"), [ADMITTED, DENIED]),
  },
  spec: {
    background: exempting(
      { spec: { match: ofUser, background: false } },
      { spec: { match: ofUser, background: true } },
      [
        ADMITTED,
        NOT_LOADED,
      ],
    ),
    match: exempting({}, { spec: { match: elsewhere } }, [ADMITTED, DENIED]),
    conditions: exempting(condition("CREATE"), condition("UPDATE"), [ADMITTED, DENIED]),
    exceptions: exempting({}, exempted({ policyName: "other" }), [ADMITTED, DENIED]),
  },
  "exceptions[]": {
    policyName: exempting({}, exempted({ policyName: "other" }), [ADMITTED, DENIED]),
    ruleNames: exempting({}, exempted({ ruleNames: ["other"] }), [ADMITTED, DENIED]),
  },
};
