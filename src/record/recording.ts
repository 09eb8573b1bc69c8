/**
 * A recording as a document: every answer of one run by its question, and the one instant at which the run took place.
 */
import {
  decodeBase64,
  encodeBase64,
  encodeUtf8,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  printable,
} from "../encoding/mod.ts";
import { ConfigurationError, toEngineError } from "../errors.ts";
import type { Credential, CredentialQuestion, FetchInit } from "../ports.ts";
import { readFailure, type RecordedFailure } from "./failure.ts";

/** What `mediaType` says. Another version has another name: what one of them means never changes. */
export const RECORDING_TYPE = "application/vnd.edge-notary.recording.v1+json";

/** Bytes of a recording at most. */
export const MAX_RECORDING_BYTES = 64 * 1024 * 1024;

/** Answers of a recording at most. */
export const MAX_RECORDED_ANSWERS = 10_000;

/** A question that was asked over HTTP. What was sent to prove who asks is no part of it. */
export interface RecordedQuestion {
  readonly method: FetchInit["method"];
  /** Where a registry sent us with a query, which may hold a signature, `redacted=` and a digest stand in its place. */
  readonly url: string;
  readonly accept?: string;
  /** Digest of what was sent, such as an OCSP request: `sha256:…`. */
  readonly content?: string;
}

/** Status and headers of an answer. */
export interface RecordedHead {
  readonly status: number;
  /** By lower-case name; those that the engine looks at. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A question and what came of it: an answer, one that broke off before its end, or the reason why there was none. */
export type RecordedAnswer =
  & RecordedQuestion
  & (
    | RecordedHead & { readonly body: Uint8Array }
    | RecordedHead & { readonly brokenOff: RecordedFailure }
    | { readonly failure: RecordedFailure }
  );

/** That there were credentials, and of which kind: nothing that proves who asks. */
export interface RecordedCredential extends CredentialQuestion {
  readonly type: Credential["type"];
  /** Where they were found, as {@link Credential} has it. */
  readonly source: string;
}

/** One run. */
export interface Recording {
  /** The instant at which the run took place, for all of it. */
  readonly time: Date;
  /** For which repositories there were credentials, sorted by host and repository. */
  readonly credentials: readonly RecordedCredential[];
  /** By question; the answers to one question in the order in which they came. */
  readonly answers: readonly RecordedAnswer[];
}

/** One text for one question. */
export function questionKey({ method, url, accept, content }: RecordedQuestion): string {
  return JSON.stringify([url, method, accept ?? "", content ?? ""]);
}

/** One text for what credentials are wanted for. */
export function credentialKey({ host, repository }: CredentialQuestion): string {
  return JSON.stringify([host, repository]);
}

/**
 * Encodes a recording: the same answers make the same bytes, in whatever order the questions were asked.
 *
 * @throws {ConfigurationError} `ERR_TOO_LARGE` beyond {@link MAX_RECORDING_BYTES}.
 */
export function encodeRecording({ time, credentials, answers }: Recording): Uint8Array {
  const document = {
    mediaType: RECORDING_TYPE,
    time: time.toISOString(),
    credentials,
    answers: answers.map((answer) => "body" in answer ? { ...answer, body: encodeBase64(answer.body) } : answer),
  };
  const bytes = encodeUtf8(`${JSON.stringify(document, undefined, 1)}\n`);
  if (bytes.length <= MAX_RECORDING_BYTES) return bytes;
  throw new ConfigurationError(
    "ERR_TOO_LARGE",
    `Cannot write the recording: ${bytes.length} bytes, expected at most ${MAX_RECORDING_BYTES}`,
  );
}

/**
 * Decodes a recording.
 *
 * @throws {ConfigurationError} `ERR_RECORDING` naming the member that is wrong.
 */
export function decodeRecording(bytes: Uint8Array): Recording {
  if (bytes.length > MAX_RECORDING_BYTES) {
    throw refuse(`it has ${bytes.length} bytes, expected at most ${MAX_RECORDING_BYTES}`);
  }
  const document = parse(bytes);
  if (!isJsonObject(document)) throw refuse("it is no JSON object");
  const mediaType = document["mediaType"];
  if (mediaType !== RECORDING_TYPE) {
    const found = typeof mediaType === "string" ? `"${printable(mediaType, 120)}"` : "missing";
    throw refuse(`"mediaType" is ${found}, expected "${RECORDING_TYPE}"`);
  }
  const { time, credentials, answers } = document;
  const instant = new Date(typeof time === "string" ? time : Number.NaN);
  if (Number.isNaN(instant.getTime())) {
    throw refuse('"time" is no instant, expected one such as 2026-01-31T12:00:00.000Z');
  }
  if (!Array.isArray(credentials)) throw refuse('"credentials" is no list');
  if (!Array.isArray(answers)) throw refuse('"answers" is no list');
  if (answers.length > MAX_RECORDED_ANSWERS) {
    throw refuse(`${answers.length} answers, expected at most ${MAX_RECORDED_ANSWERS}`);
  }
  return { time: instant, credentials: credentials.map(readCredential), answers: answers.map(readAnswer) };
}

function parse(bytes: Uint8Array): JsonValue {
  try {
    return parseJson(bytes);
  } catch (cause) {
    throw refuse(toEngineError(cause, "Cannot parse JSON").message, cause);
  }
}

const CREDENTIAL_TYPES: readonly string[] = [
  "basic",
  "identityToken",
  "registryToken",
  "anonymous",
] satisfies Credential["type"][];

function readCredential(value: JsonValue, index: number): RecordedCredential {
  const wrong = (what: string) => refuse(`credential ${index + 1}: ${what}`);
  if (!isJsonObject(value)) throw wrong("it is no object");
  const { host, repository, type, source } = value;
  if (typeof type !== "string" || !CREDENTIAL_TYPES.includes(type)) {
    throw wrong(`"type" is none of ${CREDENTIAL_TYPES.join(", ")}`);
  }
  if (typeof host !== "string" || typeof repository !== "string" || typeof source !== "string") {
    throw wrong('"host", "repository" or "source" is no text');
  }
  return { host, repository, type: type as Credential["type"], source };
}

const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH"] satisfies FetchInit["method"][];

function readAnswer(value: JsonValue, index: number): RecordedAnswer {
  const wrong = (what: string, cause?: unknown) => refuse(`answer ${index + 1}: ${what}`, cause);
  if (!isJsonObject(value)) throw wrong("it is no object");
  const { method, url, accept, content, status, body, brokenOff, failure } = value;
  if (typeof method !== "string" || !METHODS.includes(method)) throw wrong(`"method" is none of ${METHODS.join(", ")}`);
  if (typeof url !== "string") throw wrong('"url" is no text');
  const question = {
    method: method as FetchInit["method"],
    url,
    ...(typeof accept === "string" ? { accept } : {}),
    ...(typeof content === "string" ? { content } : {}),
  };
  const failed = (name: string, written: JsonValue): RecordedFailure => {
    const read = readFailure(written);
    if (read === undefined) throw wrong(`"${name}" is no failure, expected a "kind" with its "reason" or "address"`);
    return read;
  };
  if (failure !== undefined) return { ...question, failure: failed("failure", failure) };
  if (typeof status !== "number" || !Number.isInteger(status) || status < 200 || status > 599) {
    throw wrong('"status" is no status from 200 to 599');
  }
  const head = { ...question, status, headers: readHeaders(value["headers"], wrong) };
  if (brokenOff !== undefined) return { ...head, brokenOff: failed("brokenOff", brokenOff) };
  if (typeof body !== "string") throw wrong('"body" is no text, expected base64');
  return { ...head, body: readBody(body, wrong) };
}

function readBody(text: string, wrong: (what: string, cause?: unknown) => Error): Uint8Array {
  try {
    return decodeBase64(text);
  } catch (cause) {
    throw wrong('"body" is no base64', cause);
  }
}

function readHeaders(value: JsonValue | undefined, wrong: (what: string) => Error): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) throw wrong('"headers" is no object');
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== "string" || !isField(name, text)) {
      throw wrong('"headers" has a name or value that no header has');
    }
  }
  return value as JsonObject & Readonly<Record<string, string>>;
}

function isField(name: string, text: string): boolean {
  try {
    new Headers({ [name]: text });
    return true;
  } catch {
    return false;
  }
}

function refuse(what: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError("ERR_RECORDING", `Cannot read the recording: ${what}`, { cause });
}
