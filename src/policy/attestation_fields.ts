/** The load gate of `attestations` and of `validate`, which looks at several of them. */
import { printable } from "../encoding/mod.ts";
import type { AttestationRule } from "./attestation.ts";
import { attestorSets } from "./attestor_fields.ts";
import type { AttestorSet } from "./attestors.ts";
import { conditionBlock, conditionsOrList } from "./conditions.ts";
import type { DenyRule } from "./deny.ts";
import { POLICY_REFUSALS } from "./message.ts";
import { REQUEST_NAMES } from "./request_scope.ts";
import {
  describe,
  enforced,
  type FieldTable,
  type Gate,
  isRecord,
  listOf,
  type Path,
  type Reader,
  readFields,
  text,
} from "./schema.ts";

/** Attestations one entry may ask for: each costs requests. */
export const MAX_ATTESTATION_RULES = 16;

/** Characters of an artifact type at most (RFC 6838, section 4.2, has 127 on either side of the slash). */
export const MAX_ARTIFACT_TYPE_LENGTH = 255;

/** An attestation as read; who has to have signed it may be left to the entry. */
export type AttestationFields = Omit<AttestationRule, "attestors"> & Partial<Pick<AttestationRule, "attestors">>;

const artifactType: Reader<string> = (value, path, gate) => {
  const found = text(value, path, gate);
  if (found === undefined || found.length <= MAX_ARTIFACT_TYPE_LENGTH) return found;
  return void gate.refuse(path, `${found.length} characters, expected at most ${MAX_ARTIFACT_TYPE_LENGTH}`);
};

/** Variables that have the values of the request; what an attestation says must not be read in their place. */
const TAKEN_NAMES: readonly string[] = [...REQUEST_NAMES, "image", "element", "target"];

const attestationName: Reader<string> = (value, path, gate) => {
  const found = text(value, path, gate);
  if (found === undefined || !TAKEN_NAMES.includes(found)) return found;
  return void gate.refuse(path, `${describe(found)} is what variables call something else, expected another name`);
};

/** An empty list says what leaving the field out says: that the image's attestors are to have signed. */
function attestorsOrNone(policy: string): Reader<readonly AttestorSet[]> {
  const sets = attestorSets(policy);
  return (value, path, gate) => Array.isArray(value) && value.length === 0 ? undefined : sets(value, path, gate);
}

function tableOf(policy: string) {
  return {
    name: enforced(attestationName),
    type: enforced(artifactType),
    predicateType: enforced(artifactType),
    attestors: enforced(attestorsOrNone(policy)),
    conditions: enforced(listOf(conditionBlock)),
  } satisfies FieldTable;
}

/** Reads one attestation. */
export function attestation(policy: string): Reader<AttestationFields> {
  const table = tableOf(policy);
  return (value, path, gate) => {
    const before = gate.problems.length;
    const fields = readFields(value, path, table, gate);
    if (fields === undefined) return undefined;
    const { name = "", predicateType = "", attestors, conditions = [] } = fields;
    if (predicateType !== "") gate.ignore([...path, "predicateType"], POLICY_REFUSALS.predicateType(predicateType));
    const type = fields.type === undefined || fields.type === "" ? predicateType : fields.type;
    if (gate.problems.length > before) return undefined;
    if (type === "") return void gate.refuse(path, POLICY_REFUSALS.noAttestationType);
    return { name, type, conditions, ...(attestors === undefined ? {} : { attestors }) };
  };
}

/** Reads `attestations`. */
export function attestations(policy: string): Reader<readonly AttestationFields[]> {
  return (value, path, gate) => {
    if (Array.isArray(value) && value.length > MAX_ATTESTATION_RULES) {
      return void gate.refuse(path, `${value.length} attestations, expected at most ${MAX_ATTESTATION_RULES}`);
    }
    return listOf(attestation(policy))(value, path, gate);
  };
}

/**
 * The attestations with the attestors that are to have signed them: their own, or else those of the image.
 *
 * @param own Of the entry the attestations belong to.
 */
export function withOwnAttestors(
  fields: readonly AttestationFields[],
  own: readonly AttestorSet[],
): readonly AttestationRule[] {
  return fields.map((one) => ({ ...one, attestors: one.attestors ?? own }));
}

/** Why an attestation without attestors is refused where the image has none either. */
const NOBODY_ATTESTS = "it has no attestors, and neither has its image: anybody could have made it";

/** Refuses attestations nobody has to have signed, variables or not. @param value The entry as given. */
export function checkSomebodyAttests(value: Readonly<Record<string, unknown>>, path: Path, gate: Gate): void {
  const { attestors, attestations: given } = value;
  if (isGiven(attestors) || !Array.isArray(given)) return;
  for (const [index, one] of given.entries()) {
    if (isRecord(one) && !isGiven(one["attestors"])) gate.refuse([...path, "attestations", index], NOBODY_ATTESTS);
  }
}

const isGiven = (attestors: unknown): boolean =>
  Array.isArray(attestors) ? attestors.length > 0 : (attestors ?? null) !== null;

const DENY = { conditions: enforced(conditionsOrList) } satisfies FieldTable;

const deny: Reader<DenyRule["conditions"]> = (value, path, gate) => {
  const fields = readFields(value, path, DENY, gate);
  if (fields === undefined) return undefined;
  if (isRecord(value) && (value["conditions"] ?? null) === null) gate.refuse(path, "conditions is missing");
  return fields.conditions;
};

const VALIDATE = { message: enforced(text), deny: enforced(deny) } satisfies FieldTable;

/** Reads `validate`. */
export const imageValidation: Reader<DenyRule> = (value, path, gate) => {
  const fields = readFields(value, path, VALIDATE, gate);
  if (fields === undefined) return undefined;
  if (isRecord(value) && (value["deny"] ?? null) === null) {
    return void gate.refuse(path, "deny is missing: nothing would be validated");
  }
  return fields.deny === undefined ? undefined : { message: printable(fields.message ?? ""), conditions: fields.deny };
};
