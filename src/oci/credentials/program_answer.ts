/** What a program `docker-credential-…` answered to `get`: user and secret, nothing, or something else. */
import { decodeUtf8, isJsonObject, type JsonValue, parseJson, printable } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import type { Credential } from "../../ports.ts";
import { proofOf } from "./registry_entries.ts";

/** How a program ended. */
export interface ProgramAnswer {
  readonly status: number;
  readonly output: Uint8Array;
}

/** What programs say where they have nothing; with a status other than 0. */
const NOT_FOUND = "credentials not found";

/**
 * Reads an answer.
 *
 * @param program Its whole name; `source` is where it is named. Both safe to print.
 * @returns `undefined` where the program has nothing for the registry.
 * @throws {ConfigurationError} `ERR_CREDENTIALS` for anything else; what was answered is not printed unless it is
 * plainly a message.
 *
 * Spec: docker-credential-helpers, "Development".
 */
export function readProgramAnswer(
  { status, output }: ProgramAnswer,
  program: string,
  source: string,
): Credential | undefined {
  const refuse = (reason: string): never => {
    throw new ConfigurationError("ERR_CREDENTIALS", `Cannot get credentials by ${program}: ${reason}`);
  };
  const text = textOf(output)?.trim();
  if (status !== 0) {
    if (text?.toLowerCase().startsWith(NOT_FOUND) === true) return undefined;
    const isMessage = text !== undefined && text !== "" && !/[{}]|secret|password/i.test(text);
    return refuse(`it ended with status ${status}${isMessage ? `: "${printable(text, 200)}"` : ""}, expected 0`);
  }
  const answer = text === undefined ? undefined : jsonOf(text);
  if (!isJsonObject(answer)) return refuse("it answered something that is no JSON object");
  const { Username: username, Secret: secret } = answer;
  if (typeof username !== "string" || typeof secret !== "string") {
    return refuse('its answer lacks a text, expected "Username" and "Secret"');
  }
  return username === "" && secret === "" ? undefined : { ...proofOf(username, secret), source };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decodeUtf8(bytes);
  } catch {
    return undefined;
  }
}

function jsonOf(text: string): JsonValue | undefined {
  try {
    return parseJson(new TextEncoder().encode(text));
  } catch {
    return undefined;
  }
}
