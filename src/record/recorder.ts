/** Ports that write down what was answered. */
import { digestOf } from "../crypto/mod.ts";
import { encodeUtf8, printable } from "../encoding/mod.ts";
import { EngineError, MalformedError } from "../errors.ts";
import { dropBody, readBody } from "../http/mod.ts";
import type { CredentialSource, FetchInit, Ports } from "../ports.ts";
import { failureOf } from "./failure.ts";
import {
  credentialKey,
  MAX_RECORDED_ANSWERS,
  questionKey,
  type RecordedAnswer,
  type RecordedCredential,
  type RecordedHead,
  type RecordedQuestion,
  type Recording,
} from "./recording.ts";

/** Bytes of one answer at most; the engine reads none that is larger. */
export const MAX_RECORDED_BODY_BYTES = 16 * 1024 * 1024;

/** The ports that are recorded and replayed; the others ask nobody. */
export type RecordablePorts = Pick<Ports, "fetch" | "now" | "credentials">;

/** A run that is written down. */
export interface Recorder {
  readonly ports: RecordablePorts;
  /** Writes down what another `fetch` answers, such as one with trust of its own. */
  readonly record: (fetch: Ports["fetch"]) => Ports["fetch"];
  /** Writes down for whom another source has credentials, such as that of a file. */
  readonly recordCredentials: (source: CredentialSource) => CredentialSource;
  /** What was answered so far. */
  readonly recording: () => Recording;
}

/** Headers of answers that decide something; others, cookies among them, are not written down. */
const HEADERS = [
  "content-encoding",
  "content-length",
  "content-type",
  "docker-content-digest",
  "link",
  "location",
  "oci-filters-applied",
  "oci-subject",
  "retry-after",
  "warning",
  "www-authenticate",
] as const;

/** Those of an answer to a confidential question that was not answered as hoped for. */
const CONFIDENTIAL_HEADERS = ["location", "retry-after"] as const;

/** What stands for a token: it is sent to nobody. */
const TOKEN = encodeUtf8('{"token":"recorded"}');

/** Statuses whose answers have no body. Spec: Fetch standard, "null body status". */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Makes a recorder. Its clock stands still at the instant it is made, so that a replay sees what the run saw. Secrets
 * are not written down: nothing that proves who asks; of a token endpoint only status, `location` and `retry-after`; no
 * query that a registry sent us on with, and no text beside it: bodies of redirects, and errors of where they lead, are
 * left out.
 *
 * @param ports Whom to ask.
 */
export function createRecorder(ports: RecordablePorts & Pick<Ports, "crypto">): Recorder {
  const time = ports.now();
  const credentials = new Map<string, RecordedCredential>();
  const answers = new Map<string, RecordedAnswer[]>();
  let asked = 0;
  /** Where a registry sent us → how that is written down. */
  const redacted = new Map<string, string>();

  const write = (answer: RecordedAnswer): void => {
    const key = questionKey(answer);
    const list = answers.get(key);
    if (list === undefined) answers.set(key, [answer]);
    else list.push(answer);
  };

  const record = (fetch: Ports["fetch"]): Ports["fetch"] => async (url, init) => {
    const question = await questionOf(redacted.get(url) ?? url, init, ports.crypto);
    if (++asked > MAX_RECORDED_ANSWERS) {
      throw new MalformedError("ERR_TOO_LARGE", `Cannot record more than ${MAX_RECORDED_ANSWERS} answers`);
    }
    const failed = (thrown: unknown) => failureOf(thrown, (words) => words.replaceAll(url, question.url));
    /** Whoever ended the run, or would not ask, is no part of the world that is written down. */
    const isOurs = (thrown: unknown) => init.signal.aborted || thrown instanceof EngineError;
    let response: Response;
    try {
      response = await fetch(url, init);
    } catch (thrown) {
      if (!isOurs(thrown)) write({ ...question, failure: failed(thrown) });
      throw thrown;
    }
    const { status } = response;
    const isConfidential = init.confidential === true;
    const headers = await keptHeaders(
      response.headers,
      isConfidential ? CONFIDENTIAL_HEADERS : HEADERS,
      url,
      redacted,
      ports.crypto,
    );
    let bytes: Uint8Array;
    try {
      bytes = await bytesOf(response, question.url, init);
    } catch (thrown) {
      if (isOurs(thrown)) throw thrown;
      write({ ...question, status, headers, brokenOff: failed(thrown) });
      return answerOf(response, thrown, init);
    }
    if (isConfidential && status === 200) {
      write({ ...question, status, headers: { "content-type": "application/json" }, body: TOKEN });
    } else {
      // Storage says in its errors what was signed, and how.
      const isSecret = isConfidential || (status !== 200 && redacted.has(url));
      write({ ...question, status, headers, body: isSecret ? new Uint8Array(0) : bytes });
    }
    return answerOf(response, bytes, init);
  };

  const recordCredentials = (ask: CredentialSource): CredentialSource => async (asked, options) => {
    const found = await ask(asked, options);
    if (found === undefined) return undefined;
    const { type, source } = found;
    credentials.set(credentialKey(asked), { host: asked.host, repository: asked.repository, type, source });
    return found;
  };

  return {
    ports: {
      fetch: record(ports.fetch),
      now: () => time,
      credentials: recordCredentials(ports.credentials),
    },
    record,
    recordCredentials,
    recording: () => ({
      time,
      credentials: inOrder(credentials),
      answers: inOrder(answers).flat(),
    }),
  };
}

/** By key: the order in which things were asked differs from run to run. */
function inOrder<Value>(entries: ReadonlyMap<string, Value>): readonly Value[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

/**
 * The body, as far as anybody reads it: beside where a redirect leads nobody does, and it may name the place once more.
 */
async function bytesOf(response: Response, place: string, { method, signal }: FetchInit): Promise<Uint8Array> {
  const { status } = response;
  if (method === "HEAD" || WITHOUT_BODY.has(status)) return new Uint8Array(0);
  if (status >= 300 && status < 400 && response.headers.has("location")) {
    dropBody(response);
    return new Uint8Array(0);
  }
  const { bytes, exceeded } = await readBody(response, MAX_RECORDED_BODY_BYTES, signal);
  if (!exceeded) return bytes;
  throw new MalformedError(
    "ERR_TOO_LARGE",
    `Cannot record the answer of "${printable(place, 200)}": more bytes than ${MAX_RECORDED_BODY_BYTES}`,
  );
}

/**
 * An answer as the runtime's `fetch` would give it.
 *
 * @param content The body's bytes, or what it fails with when it is read.
 */
export function answerOf(
  { status, headers }: Pick<Response, "status" | "headers"> | RecordedHead,
  content: unknown,
  { method }: Pick<FetchInit, "method">,
): Response {
  const isEmpty = method === "HEAD" || WITHOUT_BODY.has(status);
  const body = content instanceof Uint8Array
    ? content.slice()
    : new ReadableStream<Uint8Array>({ start: (controller) => controller.error(content) });
  return new Response(isEmpty ? null : body, { status, headers });
}

/** A request as a question. What a confidential one sends is a secret, too, and not even its digest is kept. */
export async function questionOf(
  url: string,
  { method, headers, body, confidential }: FetchInit,
  crypto: Pick<Ports["crypto"], "digest">,
): Promise<RecordedQuestion> {
  const accept = headers["accept"];
  const sent = typeof body === "string" ? encodeUtf8(body) : body;
  return {
    method,
    url,
    ...(accept === undefined ? {} : { accept }),
    ...(sent === undefined || confidential === true ? {} : { content: await digestOf(crypto, sent) }),
  };
}

async function keptHeaders(
  headers: Headers,
  names: readonly string[],
  url: string,
  redacted: Map<string, string>,
  crypto: Pick<Ports["crypto"], "digest">,
): Promise<Readonly<Record<string, string>>> {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const text = headers.get(name);
    if (text === null) continue;
    kept[name] = name === "location" ? await redactLocation(text, url, redacted, crypto) : text;
  }
  return kept;
}

/**
 * Storage is reached by queries that are signed for whoever has them: a digest tells them apart as well. A user in an
 * address is as secret, and what follows `#` is sent to nobody.
 */
async function redactLocation(
  location: string,
  from: string,
  redacted: Map<string, string>,
  crypto: Pick<Ports["crypto"], "digest">,
): Promise<string> {
  // It leads nowhere, and is only named.
  if (!URL.canParse(location, from)) return location.replace(/[?#].*$/s, "");
  const target = new URL(location, from);
  const { search, hash, username, password } = target;
  if ([search, hash, username, password].every((part) => part === "")) return location;
  target.hash = "";
  const asked = target.href;
  if (search !== "") {
    const digest = await digestOf(crypto, encodeUtf8(search));
    target.search = `?redacted=${digest.slice("sha256:".length, "sha256:".length + 16)}`;
  }
  if (username !== "") target.username = "redacted";
  if (password !== "") target.password = "redacted";
  if (asked !== target.href) redacted.set(asked, target.href);
  return target.href;
}
