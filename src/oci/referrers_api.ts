/** The referrers API: one registry's answers, page by page (OCI distribution specification, "Listing Referrers"). */
import type { Digest } from "../crypto/mod.ts";
import { printable } from "../encoding/mod.ts";
import { EngineError, MalformedError, UnavailableError } from "../errors.ts";
import type { CallOptions } from "../http/mod.ts";
import { readProblem } from "./answer.ts";
import type { Connection, Reply } from "./connection.ts";
import type { Descriptor } from "./descriptor.ts";
import { parseLinks } from "./header.ts";
import { type Manifest, MAX_MANIFEST_BYTES, readManifest } from "./manifest.ts";
import { essence, OCI_INDEX } from "./media_types.ts";

/** Most pages of one list. */
export const MAX_REFERRERS_PAGES = 50;

/** Most referrers of one list, all pages together. */
export const MAX_REFERRERS = 1000;

export interface ReferrersApiAnswer {
  readonly descriptors: readonly Descriptor[];
  readonly result: "found" | "absent" | "ignored";
  /** Safe to print. */
  readonly reason?: string;
  /** What the answer tells about the registry; `undefined` when it tells nothing for the next time. */
  readonly supported?: boolean;
}

/**
 * Asks the referrers API and follows its pages.
 *
 * @param artifactType A hint to the registry; the caller filters again.
 * @throws {UnavailableError} the codes of a registry request; `ERR_REGISTRY_RESPONSE` for pages that lead elsewhere,
 * come again or never end; 401, 403 and server errors are never an empty list.
 * @throws {MalformedError} `ERR_TOO_LARGE`
 */
export async function askReferrersApi(
  connection: Connection,
  subject: Digest,
  artifactType: string | undefined,
  call: CallOptions,
): Promise<ReferrersApiAnswer> {
  const filter = artifactType === undefined ? "" : `?artifactType=${encodeURIComponent(artifactType)}`;
  const seen = new Set<string>();
  const descriptors: Descriptor[] = [];
  let page: string | URL = `referrers/${subject}${filter}`;
  for (let pages = 1;; pages++) {
    const task = `list referrers of "${subject}"`;
    const query = { task, method: "GET", path: page, accept: OCI_INDEX, maxBytes: MAX_MANIFEST_BYTES } as const;
    const reply = await connection.ask(query, call);
    if (pages === 1 && reply.status !== 200) return withoutApi(reply);
    if (reply.status !== 200) throw reply.error();
    const index = readPage(reply);
    if (index === undefined) {
      const type = printable(essence(reply.headers.get("content-type")) ?? "", 120);
      const reason = `it answered 200 with "${type}", expected "${OCI_INDEX}"`;
      if (pages === 1) return { descriptors: [], result: "ignored", reason };
      throw broken(reply, `page ${pages}: ${reason}`);
    }
    descriptors.push(...index.manifests);
    if (descriptors.length > MAX_REFERRERS) {
      throw new MalformedError("ERR_TOO_LARGE", `${reply.action}: more than ${MAX_REFERRERS} referrers`);
    }
    const next = nextPage(reply);
    if (next === undefined) return { descriptors, result: "found", supported: true };
    seen.add(reply.url.href);
    if (seen.has(next.href)) throw broken(reply, "the pages come again and again");
    if (pages === MAX_REFERRERS_PAGES) throw broken(reply, `more than ${MAX_REFERRERS_PAGES} pages`);
    page = next;
  }
}

/** A first answer that is not 200: no API, nothing known of the repository, or an error. */
function withoutApi(reply: Reply): ReferrersApiAnswer {
  const { status } = reply;
  const { code } = readProblem(reply.bytes);
  const answered = `it answered ${status}${code === undefined ? "" : ` ${printable(code, 80)}`}`;
  // These say that the repository or subject is unknown, not that the API is.
  const unknownName = status === 404 && code !== undefined && /_UNKNOWN$/.test(code);
  if (unknownName) return { descriptors: [], result: "absent", reason: answered };
  const unsupported = status === 404 || status === 405 || status === 406 ||
    (status === 400 && (code === "UNSUPPORTED" || (reply.bytes.length === 0 && !reply.exceeded)));
  if (unsupported) return { descriptors: [], result: "absent", reason: answered, supported: false };
  throw reply.error();
}

/** The index of a page; `undefined` for a 200 that is something else, such as a login page. */
function readPage(reply: Reply): Manifest | undefined {
  const type = essence(reply.headers.get("content-type"));
  // Older Harbor answers application/json: then the document itself must say that it is an index.
  if (type !== OCI_INDEX && type !== "application/json") return undefined;
  if (reply.exceeded) {
    throw new MalformedError("ERR_TOO_LARGE", `${reply.action}: a page has more than ${MAX_MANIFEST_BYTES} bytes`);
  }
  try {
    const index = readManifest(reply.bytes, type === OCI_INDEX ? type : undefined);
    return index.mediaType === OCI_INDEX ? index : undefined;
  } catch (thrown) {
    if (type !== OCI_INDEX || !(thrown instanceof EngineError)) return undefined;
    throw broken(reply, thrown.message.replace(/^Cannot read manifest: /, ""), thrown);
  }
}

/** The next page's URL. Spec: RFC 8288; the registry's own origin only. */
function nextPage(reply: Reply): URL | undefined {
  const links = parseLinks(reply.headers.get("link") ?? "");
  if (links === undefined) throw broken(reply, "its Link field cannot be read, so that there may be more pages");
  const link = links.find(({ relations }) => relations.includes("next"));
  if (link === undefined) return undefined;
  const shown = printable(link.target, 200);
  if (!URL.canParse(link.target, reply.url.href)) throw broken(reply, `the next page is "${shown}", expected a URL`);
  const next = new URL(link.target, reply.url.href);
  next.hash = "";
  if (next.origin !== reply.url.origin || reply.leftOrigin || next.username !== "" || next.password !== "") {
    throw broken(reply, `the next page is "${shown}", expected one of ${reply.url.origin}`);
  }
  return next;
}

function broken(reply: Reply, reason: string, cause?: unknown): UnavailableError {
  return new UnavailableError("ERR_REGISTRY_RESPONSE", `${reply.action}: ${reason}`, { cause });
}
