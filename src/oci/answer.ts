/** What a registry's answer means when it is not the one hoped for: status and error body → an error with a code. */
import { isJsonObject, parseJson, printable } from "../encoding/mod.ts";
import { type ErrorCode, UnavailableError } from "../errors.ts";
import type { Answer } from "./request.ts";
import type { Endpoint } from "./settings.ts";

/** Most characters of a registry's own words in a message. */
export const MAX_REGISTRY_WORDS = 200;

/** The first error of an error body. */
export interface RegistryProblem {
  /** Such as `MANIFEST_UNKNOWN`. Not safe to print. */
  readonly code: string | undefined;
  /** Not safe to print. */
  readonly message: string | undefined;
}

/**
 * Reads an error body, whatever its Content-Type says: registries send JSON as text and text as JSON.
 *
 * Spec: OCI distribution, "Error Codes".
 */
export function readProblem(bytes: Uint8Array): RegistryProblem {
  return readProblems(bytes)[0] ?? { code: undefined, message: undefined };
}

/** The same for all errors of an error body, in order. */
export function readProblems(bytes: Uint8Array): readonly RegistryProblem[] {
  let body: unknown;
  try {
    body = parseJson(bytes);
  } catch {
    return [];
  }
  if (!isJsonObject(body)) return [];
  const problems: readonly unknown[] = Array.isArray(body["errors"]) ? body["errors"] : [body];
  return problems.map((problem) =>
    isJsonObject(problem)
      ? { code: text(problem["code"]), message: text(problem["message"]) }
      : { code: undefined, message: undefined }
  );
}

/**
 * The error for an answer that is not 200.
 *
 * @param action Beginning of the message: `Cannot fetch …`.
 * @param note What else explains the answer, such as whose credentials were sent.
 */
export function answerError(action: string, endpoint: Endpoint, answer: Answer, note?: string): UnavailableError {
  const { code, message } = readProblem(answer.bytes);
  const words = [
    String(answer.status),
    ...(code === undefined ? [] : [printable(code, 80)]),
    ...(message === undefined ? [] : [`"${printable(message, MAX_REGISTRY_WORDS)}"`]),
  ].join(" ");
  const who = answer.leftOrigin ? `${endpoint.label}, by redirect ${answer.url.origin},` : endpoint.label;
  const retryAfter = answer.headers.get("retry-after");
  const wait = retryAfter === null ? "" : `, to be asked again after "${printable(retryAfter, 40)}"`;
  return new UnavailableError(
    codeOf(answer.status),
    `${action}: ${who} answered ${words}${wait}${note === undefined ? "" : ` (${note})`}`,
  );
}

function codeOf(status: number): ErrorCode {
  if (status === 404) return "ERR_REGISTRY_NOT_FOUND";
  if (status === 401 || status === 403) return "ERR_REGISTRY_UNAUTHORIZED";
  if (status === 429) return "ERR_REGISTRY_LIMITED";
  if (status === 408 || status >= 500) return "ERR_REGISTRY_UNAVAILABLE";
  return "ERR_REGISTRY_RESPONSE";
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
