/**
 * What `inspect`, `list`, `sign` and `verify` share, in the words of notation 1.3: the reference, its digest, its
 * signatures.
 */
import { printable } from "../encoding/mod.ts";
import { type EngineError, toEngineError } from "../errors.ts";
import { listSignatures } from "../notary/mod.ts";
import { type CallOptions, type Descriptor, type Reference, type Repository, repositoryName } from "../oci/mod.ts";
import type { Host } from "../ports.ts";
import { count, usage } from "./flags.ts";
import { missingLayoutPart } from "./layouts.ts";
import {
  type AddressFlags,
  MAX_PRINTED_REFERENCE,
  missingPart,
  openRegistries,
  readReference,
  startCall,
  tagOrDigest,
} from "./registry.ts";
import { report, warn } from "./report.ts";

/** Signatures examined when `--max-signatures` does not say. */
export const DEFAULT_MAX_SIGNATURES = 100;

/** The flag that bounds the signatures looked at. */
export const MAX_SIGNATURES_FLAG = {
  "max-signatures": count("maximum number of signatures to evaluate or examine", DEFAULT_MAX_SIGNATURES),
} as const;

type Operation = "inspect" | "list" | "sign" | "verify";

/** The two examples every command with a reference has. */
export const addressExamples = (operation: Operation, what: string) =>
  [
    { what: `${what} identified by a digest`, line: `edge-notary ${operation} <registry>/<repository>@<digest>` },
    {
      what: `${what} identified by a tag (the tag is resolved to a digest)`,
      line: `edge-notary ${operation} <registry>/<repository>:<tag>`,
    },
  ] as const;

/** What a command was asked about, and how to ask for it. */
export interface ArtifactCall<Opened extends Repository = Repository> {
  readonly operation: Operation;
  /** The reference as the user typed it. */
  readonly typed: string;
  /** Whether it names the path of an image layout. */
  readonly isLayout: boolean;
  readonly open: (reference: Reference) => Opened;
  readonly call: CallOptions;
}

/**
 * Reads what `inspect`, `list` and `verify` have in common.
 *
 * @throws {ConfigurationError} `ERR_USAGE`, `ERR_CONFIG`, `ERR_FILE`
 */
export async function readCall(
  operation: Operation,
  operands: readonly string[],
  flags: AddressFlags & { readonly timeout: number; readonly "max-signatures": number },
  host: Host,
): Promise<ArtifactCall> {
  const typed = onlyReference(operation, operands);
  const limit = flags["max-signatures"];
  if (limit < 1) throw usage(`max-signatures value ${limit} must be a positive number`);
  const isLayout = flags["oci-layout"] === true;
  return {
    operation,
    typed,
    isLayout,
    call: startCall(flags.timeout, host.ports),
    open: await openRegistries(flags, host),
  };
}

/** The one reference a command was given, as it was typed. @throws {ConfigurationError} `ERR_USAGE` */
export function onlyReference(operation: Operation, operands: readonly string[]): string {
  const [typed, second] = operands;
  if (typed === undefined) {
    const advice = `use \`edge-notary ${operation} --help\` to see what parameters are required`;
    throw usage(`missing reference to the artifact: ${advice}`);
  }
  if (second !== undefined) {
    throw usage(`${operands.length} references, expected 1: "${printable(second)}" is one too many`);
  }
  return typed;
}

/** An artifact resolved once and named by its digest from there on. */
export interface ResolvedArtifact<Opened extends Repository = Repository> {
  readonly repository: Opened;
  readonly descriptor: Descriptor;
  /** `registry/repository@digest`. */
  readonly name: string;
  readonly call: CallOptions;
}

/**
 * Resolves the reference of a call; warns where it is a tag.
 *
 * @returns `undefined` when that failed and was reported.
 */
export async function resolveArtifact<Opened extends Repository>(
  { operation, typed, isLayout, open, call }: ArtifactCall<Opened>,
  host: Host,
): Promise<ResolvedArtifact<Opened> | undefined> {
  try {
    const reference = readReference(typed, isLayout);
    const repository = open(reference);
    const descriptor = await repository.resolve(tagOrDigest(reference), call);
    warnAboutTag(operation, reference, host);
    return { repository, descriptor, name: `${repositoryName(reference)}@${descriptor.digest}`, call };
  } catch (thrown) {
    reportReference(host, { typed, isLayout }, toEngineError(thrown, "Cannot resolve the reference"));
    return undefined;
  }
}

/** Warns of a reference whose tag decides, in notation's words. */
export function warnAboutTag(operation: Operation, { tag, digest }: Reference, host: Host): void {
  if (digest !== undefined) return;
  const why = operation === "sign"
    ? "tags are mutable and a tag reference can point to a different artifact than the one signed."
    : "resolved digest may not point to the same signed artifact, as tags are mutable.";
  warn(host, `Always ${operation} the artifact using digest(@sha256:...) rather than a tag(:${tag}) because ${why}`);
}

/** Reports that a reference is wrong or that its artifact cannot be had, in notation's words where it has some. */
export function reportReference(
  host: Host,
  { typed, isLayout }: Pick<ArtifactCall, "typed" | "isLayout">,
  error: EngineError,
): void {
  const shown = printable(typed, MAX_PRINTED_REFERENCE);
  if (isLayout) return reportLayoutReference(host, typed, error);
  switch (error.code) {
    case "ERR_REFERENCE": {
      const missing = missingPart(typed);
      const what = missing === undefined ? "" : `: ${missing === "tag or digest" ? "no" : "missing"} ${missing}`;
      return report(host, error.refusal, {
        line: `Error: "${shown}": invalid reference${what}. ` +
          "Expecting <registry>/<repository>:<tag> or <registry>/<repository>@<digest>",
        reason: missing === undefined,
      });
    }
    case "ERR_REGISTRY_NOT_FOUND":
      return report(host, error.refusal, { line: `Error: failed to get manifest descriptor: ${shown}: not found` });
    default:
      return report(host, error.refusal);
  }
}

/** The same of an image layout. */
function reportLayoutReference(host: Host, typed: string, error: EngineError): void {
  const shown = printable(typed, MAX_PRINTED_REFERENCE);
  switch (error.code) {
    case "ERR_REFERENCE": {
      const missing = missingLayoutPart(typed);
      const part = missing === "tag or digest" ? missing : "oci-layout file path";
      return report(host, error.refusal, {
        line: `Error: "${shown}": invalid reference${missing === undefined ? "" : `: missing ${part}`}. ` +
          "Expecting <file_path>:<tag> or <file_path>@<digest>",
        reason: missing === undefined,
      });
    }
    case "ERR_REGISTRY_NOT_FOUND":
      return report(host, error.refusal, { line: "Error: failed to get manifest descriptor: not found" });
    default:
      return report(host, error.refusal);
  }
}

/**
 * The signature manifests of an artifact, at most so many.
 *
 * @returns `exceeded` is notation's line for more of them, or nothing.
 */
export async function signaturesOf(
  { repository, descriptor, call }: ResolvedArtifact,
  limit: number,
): Promise<{ readonly signatures: readonly Descriptor[]; readonly exceeded: string }> {
  const { signatures } = await listSignatures(repository, descriptor, call);
  const exceeded = `Warning: exceeded configured limit of max signatures ${limit} to examine\n`;
  return { signatures: signatures.slice(0, limit), exceeded: signatures.length > limit ? exceeded : "" };
}
