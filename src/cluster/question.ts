/** One question to an API server: sent with credentials, answered with JSON under a limit, or not at all. */
import { isJsonObject, type JsonValue, parseJson, printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError, UnavailableError } from "../errors.ts";
import { type Body, dropBody, networkReason, orAbort, outOfTime, readBody } from "../http/mod.ts";
import type { Ports } from "../ports.ts";
import type { ClusterAccess } from "./access.ts";

/** Bytes of one object, or of what stands at a path, at most; etcd keeps no object larger than 1.5 MiB. */
export const MAX_OBJECT_BYTES = 4 * 1024 * 1024;

/** Bytes of an error's body at most; the rest is not read. */
export const MAX_STATUS_BYTES = 16 * 1024;

/** Levels of nesting of an answer at most; definitions of custom resources are the deepest. */
export const MAX_ANSWER_DEPTH = 200;

/** Times a question is sent again after 429, a server's overload or a connection that failed. */
export const MAX_CLUSTER_RETRIES = 1;

/** Longest `Retry-After` that is waited for. */
export const MAX_CLUSTER_RETRY_AFTER_SECONDS = 2;

const RETRY_MILLISECONDS = 200;

/** YAML, of which JSON is a part. Spec: Kubernetes, "Server-Side Apply". */
const APPLY_MEDIA_TYPE = "application/apply-patch+yaml";

/** What an API server answers for a path it does not have at all, as text. */
const NO_SUCH_PATH = "404 page not found";

/** What {@link createAsk} uses. */
export type ClusterPorts = Pick<Ports, "fetch" | "sleep" | "now">;

/** One question. */
export interface Question {
  /** Begins every message: `Cannot get the ConfigMap "default/keys"`. */
  readonly action: string;
  /** Begins with a slash; made of names that were checked. */
  readonly path: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** JSON of the object that is to stand at the path; a question that has none changes nothing. */
  readonly apply?: Uint8Array<ArrayBuffer>;
}

/** An answer's JSON and its length in bytes; `undefined` when the server says that there is none. */
export type Answer = { readonly value: JsonValue; readonly bytes: number } | undefined;

/** @throws As the port `Cluster`; an expired list is {@link ExpiredError}. */
export type Ask = (question: Question) => Promise<Answer>;

/** The rest of a list is no longer there to be asked for: it has to be asked for from its beginning. */
export class ExpiredError extends UnavailableError {}

/** Makes the one way in which an API server is asked. */
export function createAsk(access: ClusterAccess, ports: ClusterPorts): Ask {
  const { server, authorize } = access;

  async function send({ path, signal, apply }: Question, authorization: string | undefined): Promise<Response> {
    signal.throwIfAborted();
    const headers = {
      accept: "application/json",
      ...(apply === undefined ? {} : { "content-type": APPLY_MEDIA_TYPE }),
      ...(authorization === undefined ? {} : { authorization }),
    };
    const what = apply === undefined ? { method: "GET" as const } : { method: "PATCH" as const, body: apply };
    return await orAbort(ports.fetch(`${server}${path}`, { ...what, headers, redirect: "manual", signal }), signal);
  }

  /** With a newer token, where there is one, when the server does not take the first. */
  async function sendAuthorized(question: Question): Promise<Response> {
    const authorization = await authorize();
    const response = await send(question, authorization);
    if (response.status !== 401 || authorization === undefined) return response;
    const newer = await authorize(authorization);
    if (newer === authorization) return response;
    dropBody(response);
    return await send(question, newer);
  }

  async function attempt(question: Question): Promise<Outcome> {
    const response = await sendAuthorized(question);
    const isGiven = response.status === 200 || (response.status === 201 && question.apply !== undefined);
    const body = await readBody(response, isGiven ? question.maxBytes : MAX_STATUS_BYTES, question.signal);
    if (isGiven) return { answer: readAnswer(response, body, server, question) };
    const text = body.exceeded ? "" : new TextDecoder().decode(body.bytes);
    const status = readStatus(text);
    if (response.status === 404 && (status !== undefined || text.trim() === NO_SUCH_PATH)) return { answer: undefined };
    return refused(response, status, access, question);
  }

  return async (question) => {
    for (let attempts = 0;; attempts++) {
      const outcome = await attempt(question).catch((thrown) => failed(thrown, server, question));
      if (!("failure" in outcome)) return outcome.answer;
      if (outcome.waitMilliseconds === undefined || attempts >= MAX_CLUSTER_RETRIES) throw outcome.failure;
      const { action, signal } = question;
      await orAbort(ports.sleep(outcome.waitMilliseconds, signal), signal).catch((cause) => {
        throw outOfTime(action, server, cause);
      });
    }
  };
}

/** What became of one attempt; a failure that may pass says how long to wait. */
type Outcome =
  | { readonly answer: Answer }
  | { readonly failure: EngineError; readonly waitMilliseconds?: number };

/** Nothing was answered, or something that is not this server's. */
function failed(thrown: unknown, server: string, { action, signal }: Question): Outcome {
  if (thrown instanceof EngineError) return { failure: thrown };
  if (signal.aborted) return { failure: outOfTime(action, server, thrown) };
  const failure = new UnavailableError(
    "ERR_CLUSTER",
    `${action}: ${server} did not answer: ${printable(networkReason(thrown), 200)}`,
    { cause: thrown },
  );
  return { failure, waitMilliseconds: RETRY_MILLISECONDS };
}

/** The server answered and gives nothing. */
function refused(
  response: Response,
  said: string | undefined,
  { server, account }: ClusterAccess,
  { action }: Question,
): Outcome {
  const { status } = response;
  const words = said === undefined || said === "" ? "" : `: ${printable(said, 400)}`;
  if (status === 401 || status === 403) {
    const what = status === 401 ? "does not know" : "refuses this to";
    const message = `${action}: ${server} ${what} ${account}${words}`;
    return { failure: new ConfigurationError("ERR_CLUSTER_FORBIDDEN", message) };
  }
  if (status === 410) {
    return { failure: new ExpiredError("ERR_CLUSTER", `${action}: ${server} has it no longer${words}`) };
  }
  const failure = new UnavailableError(
    "ERR_CLUSTER",
    // A browser does not say which redirect it was.
    status === 0 || (status >= 300 && status < 400)
      ? `${action}: ${server} redirects, which API servers do not: its URL may be another service's`
      : `${action}: ${server} answered with HTTP status ${status}${words}`,
  );
  // Two who apply at once may meet: one of them tries again.
  const mayPass = status === 409 || status === 429 || status === 502 || status === 503 || status === 504;
  const waitMilliseconds = mayPass ? waitAfter(response) : undefined;
  return waitMilliseconds === undefined ? { failure } : { failure, waitMilliseconds };
}

/** `undefined` for longer than is waited. Spec: RFC 9110, section 10.2.3; API servers give seconds. */
function waitAfter({ headers }: Response): number | undefined {
  const text = headers.get("retry-after") ?? "";
  if (!/^[0-9]{1,9}$/.test(text)) return RETRY_MILLISECONDS;
  return Number(text) > MAX_CLUSTER_RETRY_AFTER_SECONDS ? undefined : Math.max(Number(text) * 1000, RETRY_MILLISECONDS);
}

/** The message of a `Status`, which is what API servers refuse with; `undefined` when this is none. */
function readStatus(text: string): string | undefined {
  try {
    const value = parseJson(text);
    if (!isJsonObject(value) || value["kind"] !== "Status" || value["apiVersion"] !== "v1") return undefined;
    return typeof value["message"] === "string" ? value["message"] : "";
  } catch {
    return undefined;
  }
}

function readAnswer(
  response: Response,
  { bytes, exceeded }: Body,
  server: string,
  { action, maxBytes }: Question,
): Answer {
  if (exceeded) {
    throw new ConfigurationError(
      "ERR_TOO_LARGE",
      `${action}: ${server} answered with more than ${maxBytes} bytes`,
    );
  }
  const mediaType = (response.headers.get("content-type") ?? "").split(";")[0]?.trim() ?? "";
  const refuse = (what: string) => new UnavailableError("ERR_CLUSTER", `${action}: ${server} answered ${what}`);
  if (mediaType !== "application/json") {
    throw refuse(`with the media type "${printable(mediaType, 80)}", expected application/json`);
  }
  try {
    return { value: parseJson(bytes, { maxDepth: MAX_ANSWER_DEPTH, maxBytes }), bytes: bytes.length };
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw refuse(`what is no JSON: ${cause.message.replace(/^Cannot parse JSON: /, "")}`);
  }
}
