/**
 * Trust policy documents → statements that keep every rule (Notary Project, trust-store-trust-policy.md, "Trust
 * Policy").
 */
import { printable } from "../../encoding/mod.ts";
import { quoteText } from "../../x509/mod.ts";
import { passesOver, type ReadOptions, type Relaxations, type RelaxedRule } from "../envelope/strict_rules.ts";
import {
  type DocumentFault,
  type DocumentPath,
  readDocument,
  type TrustPolicyKind,
  type WrittenDocument,
  type WrittenStatement,
} from "./document.ts";
import { ANY_SCOPE, scopeFault } from "./scope.ts";
import { readStatementCore, type TrustPolicyStatement } from "./statement.ts";

/** A statement about artifacts in registries. */
export interface OciStatement extends TrustPolicyStatement {
  /** `registry/repository` each, or `*` alone. */
  readonly registryScopes: readonly string[];
}

/** A statement about files. */
export interface BlobStatement extends TrustPolicyStatement {
  /** Whether it is for files that name no statement. */
  readonly globalPolicy: boolean;
}

/** A trust policy whose every rule holds. */
export interface TrustPolicy<Statement extends TrustPolicyStatement> {
  /** Names the document in messages. */
  readonly source: string;
  readonly statements: readonly Statement[];
  /** What has no effect, or an effect that is hardly meant; nothing in it makes the document less strict. */
  readonly warnings: readonly string[];
  /**
   * There only when it was read with `compat`: the rules that were passed over. Such a policy must not decide anything.
   */
  readonly relaxed?: readonly RelaxedRule[];
}

const VERSIONS: readonly string[] = ["1.0"];

/**
 * Reads the trust policy for artifacts in registries: `trustpolicy.oci.json`, `trustpolicy.json`.
 *
 * @param input JSON text, or its UTF-8 bytes.
 * @param source Names the document in messages: a file.
 * @param options With `compat` the reference implementation's rules are applied; for comparisons, never for a decision.
 * @throws {ConfigurationError} `ERR_TRUST_POLICY` for the first rule that is broken, with statement, member, value,
 * line.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "OCI Trust Policy".
 */
export function parseOciTrustPolicy(
  input: string | Uint8Array,
  source: string,
  options: ReadOptions = {},
): TrustPolicy<OciStatement> {
  const relaxations = relaxationsOf(options);
  const document = readDocument(input, source, "oci", relaxations);
  const { statements, warnings } = readStatements(document, source, relaxations);
  checkScopes(document, statements, relaxations);
  const checked = statements.map(({ written, core }): OciStatement => ({
    ...core,
    ...passedOver(relaxations),
    registryScopes: written.registryScopes.value,
  }));
  return { source, statements: checked, warnings, ...relaxedOf(relaxations) };
}

/**
 * Reads the trust policy for files: `trustpolicy.blob.json`.
 *
 * @param input JSON text, or its UTF-8 bytes.
 * @param source Names the document in messages: a file.
 * @param options With `compat` the reference implementation's rules are applied; for comparisons, never for a decision.
 * @throws {ConfigurationError} `ERR_TRUST_POLICY` for the first rule that is broken, with statement, member, value,
 * line.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Blob Trust Policy".
 */
export function parseBlobTrustPolicy(
  input: string | Uint8Array,
  source: string,
  options: ReadOptions = {},
): TrustPolicy<BlobStatement> {
  const relaxations = relaxationsOf(options);
  const document = readDocument(input, source, "blob", relaxations);
  const { statements, warnings } = readStatements(document, source, relaxations);
  const global = statements.filter(({ written }) => written.globalPolicy.value);
  const checked = statements.map(({ written, core }): BlobStatement => ({
    ...core,
    ...passedOver(relaxations),
    globalPolicy: written.globalPolicy.value,
  }));
  const [first, second] = global;
  if (second !== undefined) {
    throw document.refuse({
      ...about(second.written, second.written.globalPolicy.path),
      rule: `statement "${printable(first?.core.name ?? "")}" is the global one already, expected at most one`,
      reference:
        "multiple blob trust policy statements have globalPolicy set to true. Only one trust policy statement " +
        "can be marked as global policy",
    });
  }
  if (first?.core.level.name === "skip") {
    throw document.refuse({
      ...about(first.written, first.written.level.path, "skip"),
      rule: "the global statement would let every file pass, expected another level",
      reference: "global blob trust policy statement cannot have verification level set to skip",
    });
  }
  return { source, statements: checked, warnings, ...relaxedOf(relaxations) };
}

function relaxationsOf({ compat }: ReadOptions): Relaxations | undefined {
  return compat === undefined ? undefined : new Set();
}

function relaxedOf(relaxations: Relaxations | undefined): Pick<TrustPolicy<never>, "relaxed"> {
  return relaxations === undefined ? {} : { relaxed: [...relaxations] };
}

/** The same for each statement, where there is anything: a statement is used without its document. */
function passedOver(relaxations: Relaxations | undefined): Pick<TrustPolicyStatement, "relaxed"> {
  return relaxations === undefined || relaxations.size === 0 ? {} : { relaxed: [...relaxations] };
}

interface CheckedStatement {
  readonly written: WrittenStatement;
  readonly core: TrustPolicyStatement;
}

/** The rules that both kinds share, in the reference's order. */
function readStatements(
  document: WrittenDocument,
  source: string,
  relaxations: Relaxations | undefined,
): { readonly statements: readonly CheckedStatement[]; readonly warnings: readonly string[] } {
  const { kind, version, refuse } = document;
  if (!VERSIONS.includes(version.value)) {
    const empty = version.value === "";
    throw refuse({
      path: version.path,
      ...(empty ? {} : { value: version.value }),
      rule: `${empty ? "it is missing" : "unsupported version"}, expected "1.0"`,
      reference: empty
        ? `${kind} trust policy document has empty version, version must be specified`
        : `${kind} trust policy document uses unsupported version ${quoteText(version.value)}`,
    });
  }
  if (document.statements.length === 0) {
    throw refuse({
      path: ["trustPolicies"],
      rule: "no statement, expected at least one",
      reference: `${kind} trust policy document can not have zero trust policy statements`,
    });
  }
  const names = new Set<string>();
  const warnings = [...document.warnings];
  const statements = document.statements.map((written): CheckedStatement => {
    const { value: name, path } = written.name;
    if (names.has(name)) {
      throw refuse({
        ...about(written, path, name),
        rule: "another statement has this name, expected one of its own",
        reference: `multiple ${kind} trust policy statements use the same name ${quoteText(name)}, statement names ` +
          "must be unique",
      });
    }
    names.add(name);
    const { core, doubts } = readStatementCore(
      written,
      (fault) => refuse(inStatement(kind, written, fault)),
      relaxations,
    );
    for (const doubt of doubts) {
      warnings.push(`Trust policy "${printable(source)}": statement "${printable(name)}": ${doubt}`);
    }
    return { written, core };
  });
  return { statements, warnings };
}

function about(written: WrittenStatement, path: DocumentPath, value?: string): Omit<DocumentFault, "rule"> {
  return { path, statement: written.name.value, ...(value === undefined ? {} : { value }) };
}

/** The reference puts the kind of document before what it says of one statement. */
function inStatement(kind: TrustPolicyKind, written: WrittenStatement, fault: DocumentFault): DocumentFault {
  const { reference } = fault;
  return {
    ...fault,
    statement: written.name.value,
    ...(reference === undefined ? {} : { reference: `${kind} trust policy: ${reference}` }),
  };
}

function checkScopes(
  { refuse }: WrittenDocument,
  statements: readonly CheckedStatement[],
  relaxations: Relaxations | undefined,
): void {
  for (const { written } of statements) {
    const fault = scopesFault(written);
    if (fault !== undefined) throw refuse(fault);
  }
  const owners = new Map<string, WrittenStatement>();
  for (const { written, core } of statements) {
    const { value: scopes, path } = written.registryScopes;
    for (const [index, scope] of scopes.entries()) {
      const owner = owners.get(scope);
      if (owner !== undefined) {
        const other = owner === written
          ? "this statement names it twice"
          : `statement "${printable(owner.name.value)}" has it`;
        throw refuse({
          ...about(written, [...path, index], scope),
          rule: `${other}, expected each scope once`,
          reference: `registry scope ${quoteText(scope)} is present in multiple oci trust policy statements, one ` +
            "registry scope value can only be associated with one statement",
        });
      }
      owners.set(scope, written);
    }
    const skipsAll = core.level.name === "skip" && scopes.includes(ANY_SCOPE);
    if (skipsAll && !passesOver(relaxations, "skip-everywhere")) {
      throw refuse({
        ...about(written, written.level.path, "skip"),
        rule:
          `a statement for every registry ("*") would let everything pass, expected repositories in "registryScopes"`,
      });
    }
  }
}

function scopesFault(written: WrittenStatement): DocumentFault | undefined {
  const { value: scopes, path } = written.registryScopes;
  const statement = `oci trust policy statement ${quoteText(written.name.value)}`;
  if (scopes.length === 0) {
    return {
      ...about(written, path),
      rule: "no scope, expected registry/repository or *",
      reference: `${statement} has zero registry scopes, it must specify registry scopes with at least one value`,
    };
  }
  if (scopes.length > 1 && scopes.includes(ANY_SCOPE)) {
    return {
      ...about(written, [...path, scopes.indexOf(ANY_SCOPE)], ANY_SCOPE),
      rule: "it stands beside other scopes, expected it alone",
      reference: `${statement} uses wildcard registry scope '*', a wildcard scope cannot be used in conjunction with ` +
        "other scope values",
    };
  }
  for (const [index, scope] of scopes.entries()) {
    const fault = scope === ANY_SCOPE ? undefined : scopeFault(scope);
    if (fault !== undefined) return { ...about(written, [...path, index], scope), ...fault };
  }
  return undefined;
}
