/** The load gate of `imageExtractors`. */
import { compileQuery } from "../expressions/mod.ts";
import type { ImageExtractor, ImageExtractors } from "./extractors.ts";
import { pattern } from "./match_fields.ts";
import {
  attempt,
  describe,
  enforced,
  type FieldTable,
  isRecord,
  listOf,
  type Path,
  type Reader,
  readFields,
  text,
} from "./schema.ts";

/** Extractors of one rule at most. */
export const MAX_EXTRACTORS = 64;

/** Variables see as `images.custom` what extractors without a name found. */
export const DEFAULT_EXTRACTOR_NAME = "custom";

const EXTRACTOR = {
  path: enforced(pattern),
  value: enforced(text),
  name: enforced(text),
  key: enforced(text),
  jmesPath: enforced(text),
} satisfies FieldTable;

/** Parts of an object in which nothing runs, and whose changes nobody is asked about. */
const NOTHING_RUNS_THERE: ReadonlySet<string> = new Set(["metadata", "status", "*"]);

const extractor: Reader<ImageExtractor> = (given, path, gate) => {
  const fields = readFields(given, path, EXTRACTOR, gate);
  if (fields?.path === undefined) {
    if (fields !== undefined) gate.refuse(path, "path is missing, expected names with / between them");
    return undefined;
  }
  const { value = "", name = "", key = "", jmesPath = "" } = fields;
  const places = fields.path.split("/").map((step) => step.replace(/^ +| +$/g, "")).filter((step) => step !== "");
  const steps = value === "" ? places.slice(0, -1) : places;
  const member = value === "" ? places.at(-1) ?? "" : value;
  const at: Path = [...path, "path"];
  if (member === "") return void gate.refuse(at, `${describe(fields.path)}, expected names with / between them`);
  if (member === "*") {
    return void gate.refuse(at, `${describe(fields.path)} ends in "*": say in value which member it is`);
  }
  const first = steps[0] ?? member;
  if (NOTHING_RUNS_THERE.has(first)) {
    return void gate.refuse(
      at,
      `${describe(fields.path)} begins in ${first}: nothing runs there, expected such as spec`,
    );
  }
  const query = jmesPath === "" ? undefined : attempt([...path, "jmesPath"], gate, () => compileQuery(jmesPath));
  return {
    steps,
    value: member,
    name: name === "" ? DEFAULT_EXTRACTOR_NAME : name,
    ...(key === "" ? {} : { key }),
    ...(query === undefined ? {} : { transform: { expression: jmesPath, query } }),
  };
};

/** Reads the extractors of every kind. A kind with none would be one whose images nobody looks for. */
export const imageExtractors: Reader<ImageExtractors> = (value, path, gate) => {
  if (!isRecord(value)) return void gate.refuse(path, `${describe(value)}, expected kinds and their extractors`);
  const kinds = new Map<string, readonly ImageExtractor[]>();
  let count = 0;
  for (const [kind, given] of Object.entries(value)) {
    const extractors = listOf(extractor)(given, [...path, kind], gate) ?? [];
    if (Array.isArray(given) && given.length === 0) {
      gate.refuse([...path, kind], "0 extractors, expected 1 or more: no image of the kind would be found");
    }
    count += extractors.length;
    kinds.set(kind, extractors);
  }
  if (count > MAX_EXTRACTORS) gate.refuse(path, `${count} extractors, expected at most ${MAX_EXTRACTORS}`);
  return kinds;
};

/** The kinds that a rule has extractors for, as written. */
export const extractedKinds = (value: unknown): readonly string[] => isRecord(value) ? Object.keys(value) : [];
