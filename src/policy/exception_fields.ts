/** The load gate of a PolicyException. */
import { conditionBlock } from "./conditions.ts";
import {
  compileException,
  EXCEPTION_IMAGES_ANNOTATION,
  type ExemptedRules,
  type PolicyException,
} from "./exceptions.ts";
import { matchBlock, pattern } from "./match_fields.ts";
import { EXCEPTION_REFUSALS } from "./message.ts";
import { objectName, SERVER_FIELDS } from "./metadata_fields.ts";
import {
  enforced,
  type FieldTable,
  type Gate,
  ignored,
  isRecord,
  listOf,
  mapOfTexts,
  type Path,
  type Reader,
  readFields,
  text,
  truth,
} from "./schema.ts";

/** Characters of an exception's name and namespace at most, as for every object. */
export const MAX_EXCEPTION_NAME_LENGTH = 253;

/** Patterns of images in one exception at most. */
export const MAX_EXCEPTION_IMAGES = 256;

/** Annotations of ours; no other may begin so, since a misspelt one would exempt more than was meant. */
const OWN_ANNOTATIONS = "edge-notary.dev/";

const annotations: Reader<{ readonly images?: readonly string[] }> = (value, path, gate) => {
  const found = mapOfTexts("expected text")(value, path, gate) ?? new Map<string, string>();
  for (const key of found.keys()) {
    const at = [...path, key];
    if (key === EXCEPTION_IMAGES_ANNOTATION) continue;
    if (!key.startsWith(OWN_ANNOTATIONS)) gate.ignore(at, "it describes the exception and decides nothing");
    else gate.refuse(at, `no such annotation, expected ${EXCEPTION_IMAGES_ANNOTATION}`);
  }
  const given = found.get(EXCEPTION_IMAGES_ANNOTATION);
  return given === undefined ? {} : { images: readImages(given, [...path, EXCEPTION_IMAGES_ANNOTATION], gate) };
};

function readImages(given: string, path: Path, gate: Gate): readonly string[] {
  const images = given.split(/[,\s]+/).filter((one) => one !== "");
  if (images.length === 0) gate.refuse(path, "0 images, expected patterns with commas between them");
  if (images.length > MAX_EXCEPTION_IMAGES) {
    gate.refuse(path, `${images.length} images, expected at most ${MAX_EXCEPTION_IMAGES}`);
  }
  for (const image of images) pattern(image, path, gate);
  return images;
}

const METADATA = {
  name: enforced(objectName(MAX_EXCEPTION_NAME_LENGTH)),
  namespace: enforced(objectName(MAX_EXCEPTION_NAME_LENGTH)),
  annotations: enforced(annotations),
  ...SERVER_FIELDS,
} satisfies FieldTable;

const EXCEPTION = { policyName: enforced(text), ruleNames: enforced(listOf(pattern)) } satisfies FieldTable;

const exemptedRules: Reader<ExemptedRules> = (value, path, gate) => {
  const fields = readFields(value, path, EXCEPTION, gate);
  if (fields === undefined) return undefined;
  const { policyName = "", ruleNames = [] } = fields;
  if (policyName === "") return void gate.refuse([...path, "policyName"], EXCEPTION_REFUSALS.policyName);
  if (ruleNames.length === 0) return void gate.refuse([...path, "ruleNames"], "0 rules: it would exempt nothing");
  return { policyName, ruleNames };
};

function specOf(background: boolean) {
  const match = matchBlock({ section: "exclude", version: "v2beta1", namespaced: false, background });
  return {
    background: enforced(truth),
    match: enforced(match),
    conditions: enforced(conditionBlock),
    exceptions: enforced(listOf(exemptedRules)),
    podSecurity: ignored("only rules with validate.podSecurity look at it"),
  } satisfies FieldTable;
}

/**
 * Reads and compiles a PolicyException of `kyverno.io/v2` or `kyverno.io/v2beta1`.
 *
 * @returns `undefined` when the gate refused anything.
 *
 * Spec: Kyverno, PolicyException.
 */
export function readException(
  value: Readonly<Record<string, unknown>>,
  source: string,
  gate: Gate,
): PolicyException | undefined {
  const { spec: given } = value;
  const background = !isRecord(given) || given["background"] !== false;
  const table = {
    apiVersion: enforced((one) => one),
    kind: enforced((one) => one),
    metadata: enforced((one, path, inner) => readFields(one, path, METADATA, inner)),
    spec: enforced((one, path, inner) => readFields(one, path, specOf(background), inner)),
  } satisfies FieldTable;
  const fields = readFields(value, [], table, gate);
  const { metadata, spec } = fields ?? {};
  if (!isRecord(value["metadata"]) || (value["metadata"]["name"] ?? null) === null) {
    gate.refuse(["metadata", "name"], "it is missing, expected the exception's name");
  }
  if (given === undefined || given === null) gate.refuse(["spec"], "it is missing, expected match and exceptions");
  if (spec !== undefined && (spec.match?.filters.length ?? 0) === 0) {
    gate.refuse(["spec", "match"], "0 filters, expected 1 or more under any or all: it would exempt nothing");
  }
  if (spec !== undefined && (spec.exceptions?.length ?? 0) === 0) {
    gate.refuse(["spec", "exceptions"], "0 exceptions, expected 1 or more: it would exempt nothing");
  }
  if (gate.problems.length > 0 || metadata?.name === undefined || spec?.match === undefined) return undefined;
  const { images } = metadata.annotations ?? {};
  return compileException(
    {
      name: metadata.name,
      namespace: metadata.namespace ?? "",
      match: spec.match,
      ...(spec.conditions === undefined ? {} : { conditions: spec.conditions }),
      exceptions: spec.exceptions ?? [],
      ...(images === undefined ? {} : { images }),
    },
    source,
    gate.ignored,
  );
}
