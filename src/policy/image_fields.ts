/** The load gate of `verifyImages`. */
import { DEFAULT_REGISTRY } from "../oci/mod.ts";
import { attestations, checkSomebodyAttests, imageValidation, withOwnAttestors } from "./attestation_fields.ts";
import { attestorSets, NO_ATTESTORS } from "./attestor_fields.ts";
import type { AttestorSet } from "./attestors.ts";
import type { ImageVerification } from "./image_rule.ts";
import { registryCredentials } from "./registry_fields.ts";
import { pattern } from "./match_fields.ts";
import { POLICY_REFUSALS } from "./message.ts";
import {
  describe,
  enforced,
  type FieldTable,
  type Gate,
  ignored,
  listOf,
  oneOf,
  type Path,
  type Reader,
  readFields,
  refused,
  truth,
} from "./schema.ts";

/** Whether a failing rule refuses the request or is only told about. */
export type FailureAction = "Enforce" | "Audit";

/** One entry of `verifyImages` as read. */
export interface ImageVerificationFields extends ImageVerification {
  /** The entry's own action, where it has one. */
  readonly failureAction?: FailureAction;
}

/** What decides how an entry is read. */
export interface ImageRules {
  readonly policy: string;
  /** Of the policy; `""` for a ClusterPolicy. */
  readonly namespace: string;
  readonly version: "v1" | "v2beta1";
  /** Action of the policy, for entries without one of their own. */
  readonly failureAction: FailureAction;
}

const COSIGN = "it belongs to type Cosign: signatures of type Notary have attestors with certificates";
const type: Reader<"Notary"> = (value, path, gate) => {
  if (value === "Cosign" || value === "SigstoreBundle") {
    return void gate.refuse(path, `"${value}" signatures are not verified here, expected Notary`);
  }
  return oneOf("Notary")(value, path, gate);
};

/** A pattern that demands something: one that no image can fit would demand nothing, in silence. */
const imageReference: Reader<string> = (value, path, gate) => {
  const found = pattern(value, path, gate);
  if (found === undefined) return undefined;
  if (!/[*?@]/.test(found) && !/:[^/]*$/.test(found)) {
    return void gate.refuse(
      path,
      `${describe(found)} fits no image: every image has a tag or a digest, so end it with :tag, @digest or *`,
    );
  }
  if (namesNoRegistry(found)) {
    return void gate.refuse(
      path,
      `${
        describe(found)
      } fits no image: every image has its registry before the first "/", so begin it with the registry, ` +
        `such as ${DEFAULT_REGISTRY}/`,
    );
  }
  return found;
};

/** The patterns of an entry. */
export const imageReferences: Reader<readonly string[]> = listOf(imageReference);

/** Whether what stands before the first `/`, without a wildcard, can be no registry. */
function namesNoRegistry(found: string): boolean {
  const [first = "", end] = found.split(/([/*?])/, 2);
  if (end === undefined) return true;
  return end === "/" && first !== "localhost" && !/[.:A-Z]/.test(first);
}

/** Fields of both versions. */
function fieldsOf({ policy, namespace }: ImageRules) {
  return {
    type: enforced(type),
    failureAction: enforced(oneOf("Audit", "Enforce")),
    imageReferences: enforced(imageReferences),
    skipImageReferences: enforced(listOf(pattern)),
    attestors: enforced(attestorSets(policy)),
    mutateDigest: enforced(truth),
    verifyDigest: enforced(truth),
    required: enforced(truth),
    attestations: enforced(attestations(policy)),
    validate: enforced(imageValidation),
    repository: ignored("signatures are looked for beside the image, as Kyverno does for type Notary"),
    imageRegistryCredentials: enforced(registryCredentials(namespace)),
    useCache: ignored("no verdict is kept from one request to the next"),
  } satisfies FieldTable;
}

/** What only `kyverno.io/v1` has, all of it deprecated or Cosign's. */
const V1_FIELDS = {
  image: refused("it is deprecated: use imageReferences"),
  key: refused(COSIGN),
  roots: refused(COSIGN),
  subject: refused(COSIGN),
  issuer: refused(COSIGN),
  additionalExtensions: refused(COSIGN),
  annotations: refused(COSIGN),
  cosignOCI11: ignored("it changes how Cosign's signatures are found"),
} satisfies FieldTable;

/** Reads one entry of `verifyImages`. Whatever is left out has Kyverno's default. */
export function imageVerification(rules: ImageRules): Reader<ImageVerificationFields> {
  const table = rules.version === "v1" ? { ...fieldsOf(rules), ...V1_FIELDS } : fieldsOf(rules);
  return (value, path, gate) => {
    const fields = readFields(value, path, table, gate);
    if (fields === undefined) return undefined;
    checkPresent(value, path, gate);
    const { failureAction, mutateDigest = true } = fields;
    if (mutateDigest && (failureAction ?? rules.failureAction) === "Audit") {
      gate.refuse(
        [...path, "mutateDigest"],
        `${POLICY_REFUSALS.auditMutatesDigest} (set mutateDigest: false, or the failure action to Enforce)`,
      );
    }
    const { attestors = [] as readonly AttestorSet[], verifyDigest = true, required = true } = fields;
    return {
      imageReferences: fields.imageReferences ?? [],
      skipImageReferences: fields.skipImageReferences ?? [],
      attestors,
      ...(fields.imageRegistryCredentials === undefined ? {} : { credentials: fields.imageRegistryCredentials }),
      attestations: withOwnAttestors(fields.attestations ?? [], attestors),
      ...(fields.validate === undefined ? {} : { deny: fields.validate }),
      mutateDigest,
      verifyDigest,
      required,
      ...(failureAction === undefined ? {} : { failureAction }),
    };
  };
}

function checkPresent(value: unknown, path: Path, gate: Gate): void {
  const { type: given, imageReferences, attestors } = value as Readonly<Record<string, unknown>>;
  if (given === undefined || given === null) {
    gate.refuse(path, "type is missing and means Cosign, whose signatures are not verified here, expected Notary");
  }
  checkSomebodyAttests(value as Readonly<Record<string, unknown>>, path, gate);
  if (attestors === null) gate.refuse([...path, "attestors"], NO_ATTESTORS);
  if (!Array.isArray(imageReferences) || imageReferences.length === 0) {
    gate.refuse(path, POLICY_REFUSALS.noImageReference);
  }
}
