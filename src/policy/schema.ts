/**
 * The load gate: a table per object says of every field whether it is enforced, refused or ignored, and nothing that is
 * not in the table passes.
 *
 * ```ts
 * const COUNTS = { count: enforced(wholeNumber), note: ignored("it changes no decision") } satisfies FieldTable;
 * const counts = readFields(value, path, COUNTS, gate); // { count?: number }
 * ```
 */
import { printable, type YamlPosition } from "../encoding/mod.ts";
import { EngineError, type ErrorCode, toEngineError } from "../errors.ts";
import type { CryptoProvider } from "../ports.ts";

/** Steps from a document's root to a value. */
export type Path = readonly (string | number)[];

/** Why a policy, or a part of one, was not taken. */
export interface PolicyProblem {
  readonly file: string;
  /** From 1, as the column. */
  readonly line: number;
  readonly column: number;
  /** `spec.rules[0].verifyImages[0].type`; `""` for the whole document. */
  readonly path: string;
  readonly code: ErrorCode;
  /** Safe to print. */
  readonly reason: string;
}

/** A field that is accepted and has no effect here. */
export interface IgnoredField {
  readonly path: string;
  readonly reason: string;
}

/** Where one document's problems and ignored fields are collected. */
export interface Gate {
  readonly refuse: (path: Path, reason: string, code?: ErrorCode) => void;
  readonly ignore: (path: Path, reason: string) => void;
  /** A gate that counts every problem, and hands on to this one only those that are not excused. */
  readonly tolerating: (isExcused: (path: Path) => boolean) => Gate;
  /** Has a value looked at that only cryptography can judge; what the proof says is a problem at the path. */
  readonly prove: (path: Path, proof: Proof) => void;
  readonly problems: readonly PolicyProblem[];
  readonly ignored: readonly IgnoredField[];
  /** Runs the proofs asked for, in their order; complete are the problems only then. */
  readonly settle: (crypto: ProofPorts) => Promise<void>;
}

/** What a proof may ask of the outside world. */
export type ProofPorts = Pick<CryptoProvider, "verify">;

/** Looks at a value; gives what is wrong with it. */
export type Proof = (crypto: ProofPorts) => Promise<{ readonly reason: string; readonly code: ErrorCode } | undefined>;

/** A gate for one document. */
export function openGate(file: string, locate: (path: Path) => YamlPosition): Gate {
  const problems: PolicyProblem[] = [];
  const ignoredFields: IgnoredField[] = [];
  const proofs: { readonly path: Path; readonly proof: Proof }[] = [];
  const refuse: Gate["refuse"] = (path, reason, code = "ERR_POLICY_FIELD") => {
    problems.push({ file, ...locate(path), path: formatPath(path), code, reason });
  };
  const gate: Gate = {
    refuse,
    prove: (path, proof) => {
      proofs.push({ path, proof });
    },
    settle: async (crypto) => {
      for (const { path, proof } of proofs.splice(0)) {
        const fault = await proof(crypto).catch((thrown: unknown) => {
          const { message, code } = toEngineError(thrown, "Cannot prove it");
          return { reason: message, code };
        });
        if (fault !== undefined) refuse(path, fault.reason, fault.code);
      }
    },
    ignore: (path, reason) => {
      ignoredFields.push({ path: formatPath(path), reason });
    },
    tolerating: (isExcused) => {
      const draft = openGate(file, locate);
      return {
        ...draft,
        refuse: (path, reason, code) => {
          draft.refuse(path, reason, code);
          if (!isExcused(path)) gate.refuse(path, reason, code);
        },
        ignore: gate.ignore,
        ignored: ignoredFields,
        prove: gate.prove,
        settle: gate.settle,
      };
    },
    problems,
    ignored: ignoredFields,
  };
  return gate;
}

/** `["spec", "rules", 0]` as `spec.rules[0]`; a step that is no plain name stands in brackets. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (!/^[\w-]+$/.test(step)) return `${text}[${JSON.stringify(printable(step, 80))}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

/** Reads a value; says what is wrong with it to the gate and gives `undefined` then. */
export type Reader<T> = (value: unknown, path: Path, gate: Gate) => T | undefined;

interface EnforcedField<T> {
  readonly kind: "enforced";
  readonly read: Reader<T>;
}

/** What becomes of one field. */
export type Field<T = unknown> =
  | EnforcedField<T>
  | { readonly kind: "refused"; readonly reason: string; readonly code: ErrorCode }
  | { readonly kind: "ignored"; readonly reason: string };

export type FieldTable = Readonly<Record<string, Field>>;

/** The field decides something. */
export const enforced = <T>(read: Reader<T>): EnforcedField<T> => ({ kind: "enforced", read });

/** The field would decide something that is not decided here, so a policy that has it is not taken. */
export const refused = (reason: string, code: ErrorCode = "ERR_POLICY_FIELD"): Field => ({
  kind: "refused",
  reason,
  code,
});

/** The field decides nothing here, and leaving it out makes nothing weaker. */
export const ignored = (reason: string): Field => ({ kind: "ignored", reason });

/** What {@link readFields} gives: the enforced fields that are there and well-formed. */
export type Fields<T extends FieldTable> = {
  readonly [K in keyof T as T[K] extends EnforcedField<unknown> ? K : never]?: T[K] extends EnforcedField<infer V> ? V
    : never;
};

/**
 * Reads an object by its table. `null` is a field that is not there, as it is for Kubernetes.
 *
 * @returns `undefined` when it is no object; then the gate knows.
 */
export function readFields<T extends FieldTable>(
  value: unknown,
  path: Path,
  table: T,
  gate: Gate,
): Fields<T> | undefined {
  if (!isRecord(value)) {
    gate.refuse(path, `${describe(value)}, expected an object`);
    return undefined;
  }
  const fields: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(value)) {
    if (given === null) continue;
    const at = [...path, name];
    const field = Object.hasOwn(table, name) ? table[name] : undefined;
    if (field === undefined) gate.refuse(at, `no such field, expected one of ${Object.keys(table).join(", ")}`);
    else if (field.kind === "refused") gate.refuse(at, field.reason, field.code);
    else if (field.kind === "ignored") gate.ignore(at, field.reason);
    else {
      const read = field.read(given, at, gate);
      if (read !== undefined) fields[name] = read;
    }
  }
  return fields as Fields<T>;
}

export const text: Reader<string> = (value, path, gate) => {
  if (typeof value !== "string") return void gate.refuse(path, `${describe(value)}, expected text`);
  return value;
};

export const truth: Reader<boolean> = (value, path, gate) => {
  if (typeof value !== "boolean") return void gate.refuse(path, `${describe(value)}, expected true or false`);
  return value;
};

export const wholeNumber: Reader<number> = (value, path, gate) => {
  if (!Number.isSafeInteger(value)) return void gate.refuse(path, `${describe(value)}, expected a whole number`);
  return value as number;
};

/** A text out of a closed list. */
export const oneOf = <const T extends string>(...allowed: readonly T[]): Reader<T> => (value, path, gate) => {
  const found = allowed.find((one) => one === value);
  if (found === undefined) gate.refuse(path, `${describe(value)}, expected one of ${allowed.join(", ")}`);
  return found;
};

/** A list; items that cannot be read are left out, and the gate knows. */
export const listOf = <T>(read: Reader<T>): Reader<readonly T[]> => (value, path, gate) => {
  if (!Array.isArray(value)) return void gate.refuse(path, `${describe(value)}, expected a list`);
  return value.flatMap((item, index) => {
    const one = read(item, [...path, index], gate);
    return one === undefined ? [] : [one];
  });
};

/** An object of texts, such as labels. */
export const mapOfTexts = (expected: string): Reader<ReadonlyMap<string, string>> => (value, path, gate) => {
  if (!isRecord(value)) return void gate.refuse(path, `${describe(value)}, expected an object`);
  const texts = new Map<string, string>();
  for (const [name, given] of Object.entries(value)) {
    if (typeof given === "string") texts.set(name, given);
    else gate.refuse([...path, name], expected);
  }
  return texts;
};

/** The reader, which refuses texts that have a variable anywhere. */
export const withoutVariables = <T>(read: Reader<T>, reason: string): Reader<T> => (value, path, gate) => {
  const found = findVariable(value, path);
  if (found !== undefined) return void gate.refuse(found, reason);
  return read(value, path, gate);
};

/** Path of the first text with `{{`; names of fields count as texts. */
export function findVariable(value: unknown, path: Path): Path | undefined {
  if (typeof value === "string") return value.includes("{{") ? path : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, given] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(name) : name];
    const found = name.includes("{{") ? at : findVariable(given, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A value as a reason names it. */
export function describe(value: unknown): string {
  if (typeof value === "string") return `"${printable(value, 80)}"`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Runs what may throw; what it throws becomes a problem at the path. */
export function attempt<T>(path: Path, gate: Gate, run: () => T): T | undefined {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return void gate.refuse(path, thrown.message, thrown.code);
  }
}
