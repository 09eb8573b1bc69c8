/** JSON → the members of a trust policy document, with their places in the text; what they mean is for `policy.ts`. */
import {
  decodeUtf8,
  encodeUtf8,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  MAX_JSON_DEPTH,
  parseJson,
  printable,
} from "../../encoding/mod.ts";
import { ConfigurationError, MalformedError, toEngineError } from "../../errors.ts";
import { parseAsReference, type Shape } from "../envelope/reference_json.ts";
import type { ReferenceCause } from "../envelope/refuse.ts";
import { notingJson, type Relaxations } from "../envelope/strict_rules.ts";
import { locateJson } from "./position.ts";

/** Bytes of a trust policy document at most. */
export const MAX_TRUST_POLICY_BYTES = 1024 * 1024;

/** Entries of one list of a statement at most. */
export const MAX_STATEMENT_ENTRIES = 1_000;

/** Statements of one document at most. */
export const MAX_STATEMENTS = 1_000;

/** Members without a meaning that are named at most; of the others their number is told. */
export const MAX_NAMED_MEMBERS = 8;

/** Where people learn to write one: the reference's sentences end with it. */
export const TRUST_POLICY_LINK = "https://notaryproject.dev/docs/quickstart/#create-a-trust-policy";

/** What a trust policy is about: artifacts in registries, or files. */
export type TrustPolicyKind = "oci" | "blob";

/** Names and positions from the root of the document. */
export type DocumentPath = readonly (string | number)[];

/** A member as written. */
export interface Member<Value> {
  readonly value: Value;
  readonly path: DocumentPath;
}

/** A statement as written: types are right, nothing else is known. Absent members are empty. */
export interface WrittenStatement {
  /** The whole statement. */
  readonly path: DocumentPath;
  readonly name: Member<string>;
  readonly level: Member<string>;
  readonly override: Member<readonly (readonly [string, string])[]>;
  readonly verifyTimestamp: Member<string>;
  readonly trustStores: Member<readonly string[]>;
  readonly trustedIdentities: Member<readonly string[]>;
  /** Empty in a document about blobs. */
  readonly registryScopes: Member<readonly string[]>;
  /** `false` in a document about artifacts. */
  readonly globalPolicy: Member<boolean>;
}

/** A document as written. */
export interface WrittenDocument {
  readonly kind: TrustPolicyKind;
  readonly version: Member<string>;
  readonly statements: readonly WrittenStatement[];
  /** Members without a meaning, which have no effect. */
  readonly warnings: readonly string[];
  readonly refuse: Refuse;
}

/** What is wrong, where, and what the reference says of it. */
export interface DocumentFault {
  readonly path: DocumentPath;
  readonly rule: string;
  readonly reference?: string;
  /** The statement's name. */
  readonly statement?: string;
  /** The offending value. */
  readonly value?: string;
}

/** Makes the error for a fault. */
export type Refuse = (fault: DocumentFault) => ConfigurationError;

/**
 * Reads the members of a trust policy document. Names are compared without case, as the reference does.
 *
 * @param input JSON text, or its UTF-8 bytes.
 * @param source Names the document in messages: a file.
 * @param relaxations Under `compat` alone: takes up what is passed over.
 * @throws {ConfigurationError} `ERR_TRUST_POLICY` when it is no JSON, too large, or a member is of the wrong type.
 */
export function readDocument(
  input: string | Uint8Array,
  source: string,
  kind: TrustPolicyKind,
  relaxations?: Relaxations,
): WrittenDocument {
  const malformed = (rule: string, cause?: unknown): ConfigurationError =>
    new ConfigurationError("ERR_TRUST_POLICY", `Cannot use trust policy "${printable(source)}": ${rule}`, {
      cause: { ...MALFORMED, cause },
    });
  let text: string;
  let root: JsonValue;
  try {
    text = typeof input === "string" ? input : decodeUtf8(input, "ERR_JSON");
    root = relaxations === undefined
      ? parseJson(text, { maxBytes: MAX_TRUST_POLICY_BYTES })
      : parseAsReference(bounded(encodeUtf8(text)), DOCUMENT_SHAPE, notingJson(relaxations, "trust policy"), {
        maxDepth: MAX_JSON_DEPTH,
        trailing: "ignored",
      });
  } catch (thrown) {
    throw malformed(toEngineError(thrown, "Cannot parse JSON").message, thrown);
  }
  const refuse: Refuse = (fault) =>
    new ConfigurationError(
      "ERR_TRUST_POLICY",
      `Cannot use trust policy "${printable(source)}": ${describe(fault, text)}`,
      { cause: fault.reference === undefined ? undefined : { reference: fault.reference } satisfies ReferenceCause },
    );
  const warnings: string[] = [];
  const warn = (what: string) => warnings.push(`Trust policy "${printable(source)}": ${what}`);
  let ignored = 0;
  const reader: Reader = {
    refuse,
    // Each is looked for in the text, so that naming all would cost the square of its length.
    ignore: (path, name) =>
      void (++ignored <= MAX_NAMED_MEMBERS && warn(describe({ path: [...path, name], rule: UNKNOWN }, text))),
  };
  const document = readObject(reader, { value: root, path: [] }, ["version", "trustPolicies"]);
  const list = document("trustPolicies");
  const statements = readList(reader, list, MAX_STATEMENTS).map((statement) => readStatement(reader, statement, kind));
  const unnamed = ignored - MAX_NAMED_MEMBERS;
  if (unnamed > 0) warn(`${unnamed} more members without a meaning, they have no effect`);
  return { kind, version: readText(reader, document("version")), statements, warnings, refuse };
}

/** The limit of `parseJson`, for the reader that has none. @throws {MalformedError} `ERR_TOO_LARGE` */
function bounded(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= MAX_TRUST_POLICY_BYTES) return bytes;
  const found = `${bytes.length} bytes, expected at most ${MAX_TRUST_POLICY_BYTES}`;
  throw new MalformedError("ERR_TOO_LARGE", `Cannot parse JSON: ${found}`);
}

/** What the reference's JSON reader looks for, in documents of both kinds. */
const DOCUMENT_SHAPE: Shape = {
  version: undefined,
  trustPolicies: {
    name: undefined,
    registryScopes: undefined,
    globalPolicy: undefined,
    signatureVerification: { level: undefined, override: undefined, verifyTimestamp: undefined },
    trustStores: undefined,
    trustedIdentities: undefined,
  },
};

const UNKNOWN = "no such member, it has no effect";
const MALFORMED: ReferenceCause = {
  reference: `malformed trust policy. To create a trust policy, see: ${TRUST_POLICY_LINK}`,
};

interface Reader {
  readonly refuse: Refuse;
  /** Notes a member that means nothing. */
  readonly ignore: (path: DocumentPath, name: string) => void;
}

type Found = Member<JsonValue | undefined>;

const OF_EVERY_STATEMENT = ["name", "signatureVerification", "trustStores", "trustedIdentities"] as const;
const OF_KIND = { oci: ["registryScopes"], blob: ["globalPolicy"] } as const;

function readStatement(reader: Reader, statement: Found, kind: TrustPolicyKind): WrittenStatement {
  const member = readObject(reader, statement, [...OF_EVERY_STATEMENT, ...OF_KIND[kind]]);
  const verification = readObject(reader, member("signatureVerification"), ["level", "override", "verifyTimestamp"]);
  return {
    path: statement.path,
    name: readText(reader, member("name")),
    level: readText(reader, verification("level")),
    override: readOverride(reader, verification("override")),
    verifyTimestamp: readText(reader, verification("verifyTimestamp")),
    trustStores: readTexts(reader, member("trustStores")),
    trustedIdentities: readTexts(reader, member("trustedIdentities")),
    registryScopes: readTexts(reader, member("registryScopes")),
    globalPolicy: readSwitch(reader, member("globalPolicy")),
  };
}

/** Reads an object of these members; `null` stands for an empty one, as for the reference. */
function readObject(reader: Reader, found: Found, known: readonly string[]): (name: string) => Found {
  const { value, path } = found;
  const object: JsonObject = value === undefined || value === null
    ? {}
    : isJsonObject(value)
    ? value
    : wrongType(reader, found, "an object");
  const byLowerCase = new Map(known.map((name) => [name.toLowerCase(), name]));
  const names = new Map<string, string>();
  for (const written of Object.keys(object)) {
    const name = byLowerCase.get(written.toLowerCase());
    if (name === undefined) reader.ignore(path, written);
    else if (names.has(name)) {
      throw reader.refuse({
        path: [...path, written],
        rule: `"${name}" is written twice`,
        reference: MALFORMED.reference,
      });
    } else names.set(name, written);
  }
  return (name) => {
    const written = names.get(name);
    return written === undefined
      ? { value: undefined, path: [...path, name] }
      : { value: object[written], path: [...path, written] };
  };
}

function readText(reader: Reader, found: Found): Member<string> {
  const value = found.value ?? "";
  return { path: found.path, value: typeof value === "string" ? value : wrongType(reader, found, "a text") };
}

function readSwitch(reader: Reader, found: Found): Member<boolean> {
  const value = found.value ?? false;
  return { path: found.path, value: typeof value === "boolean" ? value : wrongType(reader, found, "true or false") };
}

function readTexts(reader: Reader, found: Found): Member<readonly string[]> {
  const texts = readList(reader, found, MAX_STATEMENT_ENTRIES).map((entry) => readText(reader, entry).value);
  return { path: found.path, value: texts };
}

function readOverride(reader: Reader, found: Found): WrittenStatement["override"] {
  const value = found.value ?? {};
  if (!isJsonObject(value)) throw wrongType(reader, found, "an object");
  const entries = Object.entries(value).map(([name, action]) =>
    [name, readText(reader, { value: action, path: [...found.path, name] }).value] as const
  );
  return { path: found.path, value: entries };
}

function readList(reader: Reader, found: Found, most: number): readonly Found[] {
  const value = found.value ?? [];
  if (!Array.isArray(value)) throw wrongType(reader, found, "a list");
  if (value.length > most) {
    throw reader.refuse({ path: found.path, rule: `${value.length} entries, expected at most ${most}` });
  }
  return value.map((entry: JsonValue, index) => ({ value: entry, path: [...found.path, index] }));
}

function wrongType(reader: Reader, { path, value }: Found, expected: string): never {
  const given = Array.isArray(value)
    ? "a list"
    : value === null
    ? "null"
    : isJsonObject(value)
    ? "an object"
    : `a ${typeof value}`;
  throw reader.refuse({ path, rule: `it is ${given}, expected ${expected}`, reference: MALFORMED.reference });
}

/** `statement "release", "trustStores"[0] is "foo:bar" (line 7, column 24): …` */
function describe({ path, rule, statement, value }: DocumentFault, text: string): string {
  const inside = path[0] !== undefined && /^trustPolicies$/i.test(String(path[0])) && typeof path[1] === "number";
  const owner = !inside ? [] : [
    statement === undefined || statement === ""
      ? `statement ${Number(path[1]) + 1}`
      : `statement "${printable(statement)}"`,
  ];
  const field = formatPath(inside ? path.slice(2) : path);
  const is = value === undefined ? "" : ` is "${printable(value)}"`;
  const where = [...owner, ...(field === "" ? [] : [field])].join(", ");
  const position = locateJson(text, path);
  const at = position === undefined ? "" : ` (line ${position.line}, column ${position.column})`;
  const subject = `${where}${is}${at}`;
  return subject === "" ? rule : `${subject.trimStart()}: ${rule}`;
}

/** `"signatureVerification"."level"`, `"trustStores"[0]`. */
function formatPath(path: DocumentPath): string {
  return path.map((step, index) =>
    typeof step === "number" ? `[${step}]` : `${index === 0 ? "" : "."}"${printable(step)}"`
  ).join("");
}
