/** Ports that write down what was answered. */
import { digestOf } from "../crypto/mod.ts";
import { encodeUtf8, printable } from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";
import { networkReason, readBody } from "../http/mod.ts";
import type { FetchInit, Ports } from "../ports.ts";
import {
  credentialKey,
  MAX_RECORDED_ANSWERS,
  questionKey,
  type RecordedAnswer,
  type RecordedCredential,
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

/** What stands for a token: it is sent to nobody. */
const TOKEN = encodeUtf8('{"token":"recorded"}');

/** Statuses whose answers have no body. Spec: Fetch standard, "null body status". */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Makes a recorder. Its clock stands still at the instant it is made, so that a replay sees what the run saw. Secrets are
 * not written down: nothing that proves who asks, no token, and no query that a registry sent us on with.
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
    let response: Response;
    try {
      response = await fetch(url, init);
    } catch (thrown) {
      if (!init.signal.aborted) write({ ...question, failure: printable(networkReason(thrown), 200) });
      throw thrown;
    }
    const { status } = response;
    const { bytes, exceeded } = init.method === "HEAD" || WITHOUT_BODY.has(status)
      ? { bytes: new Uint8Array(0), exceeded: false }
      : await readBody(response, MAX_RECORDED_BODY_BYTES, init.signal);
    if (exceeded) {
      const place = printable(question.url, 200);
      throw new MalformedError(
        "ERR_TOO_LARGE",
        `Cannot record the answer of "${place}": more bytes than ${MAX_RECORDED_BODY_BYTES}`,
      );
    }
    const headers = await keptHeaders(response.headers, url, redacted, ports.crypto);
    const isSecret = init.confidential === true && status === 200;
    write({
      ...question,
      status,
      headers: isSecret ? { "content-type": "application/json" } : headers,
      body: isSecret ? TOKEN : bytes,
    });
    return answerOf(status, response.headers, bytes, init);
  };

  return {
    ports: {
      fetch: record(ports.fetch),
      now: () => time,
      credentials: async (asked, options) => {
        const found = await ports.credentials(asked, options);
        if (found === undefined) return undefined;
        const { type, source } = found;
        credentials.set(credentialKey(asked), { host: asked.host, repository: asked.repository, type, source });
        return found;
      },
    },
    record,
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

/** An answer that was read, as the runtime's `fetch` would give it. */
export function answerOf(
  status: number,
  headers: HeadersInit,
  bytes: Uint8Array,
  { method }: Pick<FetchInit, "method">,
): Response {
  const body = method === "HEAD" || WITHOUT_BODY.has(status) ? null : bytes.slice();
  return new Response(body, { status, headers });
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
  url: string,
  redacted: Map<string, string>,
  crypto: Pick<Ports["crypto"], "digest">,
): Promise<Readonly<Record<string, string>>> {
  const kept: Record<string, string> = {};
  for (const name of HEADERS) {
    const text = headers.get(name);
    if (text === null) continue;
    kept[name] = name === "location" ? await redactLocation(text, url, redacted, crypto) : text;
  }
  return kept;
}

/** Storage is reached by queries that are signed for whoever has them: a digest tells them apart as well. */
async function redactLocation(
  location: string,
  from: string,
  redacted: Map<string, string>,
  crypto: Pick<Ports["crypto"], "digest">,
): Promise<string> {
  if (!URL.canParse(location, from)) return location;
  const target = new URL(location, from);
  target.hash = "";
  if (target.search === "") return location;
  const asked = target.href;
  const digest = await digestOf(crypto, encodeUtf8(target.search));
  target.search = `?redacted=${digest.slice("sha256:".length, "sha256:".length + 16)}`;
  redacted.set(asked, target.href);
  return target.href;
}
