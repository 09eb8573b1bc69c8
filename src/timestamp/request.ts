/**
 * Timestamps asked for: the request, the authority's answer, and the way over HTTP (RFC 3161, sections 2.4 and 3.4).
 */
import { HASH_OIDS } from "../crypto/mod.ts";
import {
  derBytes,
  equalBytes,
  expectTag,
  printable,
  readDer,
  readNamedBits,
  readSequence,
  readSmallInteger,
  readString,
  TAG,
  writeDer,
  writeNull,
  writeOid,
  writeSequence,
  writeUnsigned,
} from "../encoding/mod.ts";
import { ConfigurationError, EngineError, MalformedError, UnavailableError } from "../errors.ts";
import { dropBody, networkReason, orAbort, outOfTime, readBody } from "../http/mod.ts";
import type { HashAlgorithm, Ports } from "../ports.ts";
import { type Certificate, quoteText } from "../x509/mod.ts";
import { readTimestampAddress, type TimestampAddress } from "./address.ts";
import type { TimestampRange } from "./range.ts";
import { readTimestampToken, type TimestampToken } from "./token.ts";
import { FAILED_CHAIN, FAILED_COUNTERSIGNATURE } from "./verdict.ts";
import { verifyTimestamp } from "./verify.ts";

/** Bytes of one answer of an authority read at most, as in the reference implementation. */
export const MAX_TIMESTAMP_RESPONSE_BYTES = 1024 * 1024;

/** Milliseconds an authority has for its answer, as in notation. */
export const TIMESTAMP_TIMEOUT_MILLISECONDS = 15_000;

/** What is to be timestamped. */
export interface TimestampQuery {
  readonly hash: HashAlgorithm;
  /** The hash of the message. */
  readonly imprint: Uint8Array;
  /** Random bytes, at least 8, that the authority sends back. */
  readonly nonce: Uint8Array;
}

/** An authority that is asked. */
export interface TimestampAuthority {
  /** `http` or `https`, at any address: whoever signs chose it. A user name and password in it are sent as such. */
  readonly url: string;
  /** Roots the authority's certificate must lead to. */
  readonly anchors: readonly Certificate[];
  /** Random bytes, at least 8: another answer than the one to this question does not fit them. */
  readonly nonce: Uint8Array;
  readonly signal: AbortSignal;
  /** {@link TIMESTAMP_TIMEOUT_MILLISECONDS} when left out. */
  readonly timeoutMilliseconds?: number;
}

/** A token as it was received, proven to be of the message and by the authority. */
export interface ReceivedTimestamp {
  readonly token: Uint8Array;
  readonly range: TimestampRange;
  /** For the check of revocation, which is the caller's. */
  readonly authorityChain: readonly Certificate[];
}

const TRUE = Uint8Array.of(0xff);

/**
 * Encodes a TimeStampReq that asks for the authority's certificates too.
 *
 * @returns DER.
 *
 * Spec: RFC 3161, section 2.4.1.
 */
export function encodeTimestampRequest({ hash, imprint, nonce }: TimestampQuery): Uint8Array {
  const algorithm = writeSequence(writeOid(oidOf(hash)), writeNull());
  return writeSequence(
    writeUnsigned(Uint8Array.of(1)),
    writeSequence(algorithm, writeDer(TAG.octetString, imprint)),
    writeUnsigned(nonce),
    writeDer(TAG.boolean, TRUE),
  );
}

function oidOf(hash: HashAlgorithm): string {
  for (const [oid, name] of HASH_OIDS) {
    if (name === hash) return oid;
  }
  throw new ConfigurationError("ERR_ALGORITHM_UNSUPPORTED", `Cannot ask for a timestamp with ${hash}`);
}

/** Reasons of PKIFailureInfo that authorities give. */
const FAILURES: Readonly<Record<number, string>> = {
  0: "badAlg",
  2: "badRequest",
  5: "badDataFormat",
  14: "timeNotAvailable",
  15: "unacceptedPolicy",
  16: "unacceptedExtension",
  17: "addInfoNotAvailable",
  25: "systemFailure",
};

/**
 * The token of a TimeStampResp; nothing in it is proven.
 *
 * @param bytes DER around a token that may be BER.
 * @returns The TimeStampToken as it was received.
 * @throws {UnavailableError} `ERR_TIMESTAMP_RESPONSE` when the authority refused, with its reason.
 * @throws {MalformedError} `ERR_TIMESTAMP_RESPONSE` when it is no TimeStampResp.
 *
 * Spec: RFC 3161, section 2.4.2.
 */
export function readTimestampResponse(bytes: Uint8Array): Uint8Array {
  try {
    const [statusInfo, token, ...rest] = readSequence(readDer(bytes, MAX_TIMESTAMP_RESPONSE_BYTES), "TimeStampResp");
    const [status, ...details] = readSequence(statusInfo, "status");
    const number = readSmallInteger(status, "status");
    if (number > 1) {
      const reasons = details.flatMap((node) =>
        node.tag === TAG.sequence
          ? readSequence(node, "statusString").map((line) => readString(line, "statusString"))
          : readNamedBits(node, "failInfo").map((bit) => FAILURES[bit] ?? `failure ${bit}`)
      );
      const why = reasons.length === 0 ? "" : `: ${printable(reasons.join(", "))}`;
      throw new UnavailableError(REFUSED, `Cannot get a timestamp: the authority refused with status ${number}${why}`);
    }
    if (rest.length > 0) throw new MalformedError("ERR_DER", "more fields than two");
    return derBytes(expectTag(token, TAG.sequence, "timeStampToken"));
  } catch (cause) {
    if (!(cause instanceof EngineError) || cause.code === REFUSED) throw cause;
    throw new MalformedError(REFUSED, `Cannot read the authority's answer: ${cause.message}`, { cause });
  }
}

const REFUSED = "ERR_TIMESTAMP_RESPONSE";

/**
 * Gets a token over a message from an authority, and proves that it is one: of this message and question, by an
 * authority that is trusted. Whether the authority's certificates are revoked is for the caller to ask.
 *
 * @param message What is timestamped: of a Notary envelope, its signature bytes.
 * @param hash That of the signing key.
 * @throws {ConfigurationError} `ERR_CONFIG` for an address that is none.
 * @throws {UnavailableError} `ERR_TIMESTAMP_RESPONSE`; `ERR_DEADLINE`
 * @throws {MalformedError} `ERR_TIMESTAMP_RESPONSE`, or with the code of the refusal when the token proves nothing.
 *
 * Spec: RFC 3161, sections 2.2 and 3.4; Notary Project, signing-and-verification-workflow.md, "Signing Steps".
 */
export async function requestTimestamp(
  message: Uint8Array,
  hash: HashAlgorithm,
  authority: TimestampAuthority,
  { fetch, crypto }: Pick<Ports, "fetch" | "crypto">,
): Promise<ReceivedTimestamp> {
  const { nonce, anchors } = authority;
  const address = readTimestampAddress(authority.url);
  const query = { hash, imprint: await crypto.digest(hash, message), nonce };
  const answer = await post(encodeTimestampRequest(query), address, authority, fetch);
  const bytes = readTimestampResponse(answer);
  const token = readTimestampToken(bytes);
  checkAnswer(token, query);
  const verdict = await verifyTimestamp(token, message, anchors, crypto);
  if (verdict.trusted) return { token: bytes, range: verdict.range, authorityChain: verdict.authorityChain };
  const { refusal } = verdict;
  const reference = signingSentence(verdict.reference);
  throw new MalformedError(refusal.code, refusal.message, reference === undefined ? {} : { cause: { reference } });
}

/** The reference says the same of a token it asked for as of one it finds in an envelope, with less before it. */
function signingSentence(verifying: string | undefined): string | undefined {
  const before = [`${FAILED_COUNTERSIGNATURE}: `, `${FAILED_CHAIN}: `].find((start) => verifying?.startsWith(start));
  return before && verifying?.slice(before.length);
}

/** Spec: RFC 3161, section 2.4.2: the same imprint, by the same algorithm, and the same nonce. */
function checkAnswer({ info }: TimestampToken, { hash, nonce }: TimestampQuery): void {
  if (HASH_OIDS.get(info.imprint.hashOid) !== hash) {
    throw new MalformedError(
      REFUSED,
      `Cannot use the timestamp: its hash is ${info.imprint.hashOid}, asked was ${hash}`,
    );
  }
  const expected = readDer(writeUnsigned(nonce));
  if (info.nonce === undefined || !equalBytes(info.nonce, derBytes(expected).subarray(expected.contentStart))) {
    throw new MalformedError(
      REFUSED,
      "Cannot use the timestamp: it is the answer to another question, its nonce differs",
    );
  }
}

const QUERY_TYPE = "application/timestamp-query";
const REPLY_TYPE = "application/timestamp-reply";

async function post(
  body: Uint8Array,
  { href, authorization }: TimestampAddress,
  { signal: outer, timeoutMilliseconds = TIMESTAMP_TIMEOUT_MILLISECONDS }: TimestampAuthority,
  fetch: Ports["fetch"],
): Promise<Uint8Array> {
  const action = `Cannot get a timestamp from "${printable(href)}"`;
  const refuse = (what: string, reference?: string) =>
    new UnavailableError(
      REFUSED,
      `${action}: it answered with ${what}`,
      reference === undefined ? {} : {
        cause: { reference: `POST ${quoteText(href)}: ${reference}` },
      },
    );
  const signal = firstOf(outer, AbortSignal.timeout(timeoutMilliseconds));
  try {
    const headers = {
      "content-type": QUERY_TYPE,
      accept: REPLY_TYPE,
      ...(authorization === undefined ? {} : { authorization }),
    };
    const init = { method: "POST", headers, body, redirect: "manual", signal } as const;
    const response = await orAbort(fetch(href, init), signal);
    const type = response.headers.get("content-type") ?? "";
    if (response.status !== 200) {
      dropBody(response);
      const status = `${response.status} ${response.statusText}`.trim();
      throw refuse(`status ${response.status}, expected 200`, `https response bad status: ${status}`);
    }
    if (type.split(";", 1)[0]?.trim().toLowerCase() !== REPLY_TYPE) {
      dropBody(response);
      throw refuse(
        `content of type "${printable(type, 100)}", expected "${REPLY_TYPE}"`,
        `unexpected response content type: ${type}`,
      );
    }
    const { bytes, exceeded } = await readBody(response, MAX_TIMESTAMP_RESPONSE_BYTES, signal);
    if (!exceeded) return bytes;
    throw refuse(
      `more than ${MAX_TIMESTAMP_RESPONSE_BYTES} bytes`,
      "unexpected large http response, max response body size allowed is 1 MiB",
    );
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    if (signal.aborted) throw outOfTime(action, "the authority", thrown);
    throw new UnavailableError(REFUSED, `${action}: ${printable(networkReason(thrown))}`, { cause: thrown });
  }
}

/** Aborts with whichever of the two does first. */
function firstOf(...signals: readonly [AbortSignal, AbortSignal]): AbortSignal {
  const either = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) either.abort(signal.reason);
    else signal.addEventListener("abort", () => either.abort(signal.reason), { once: true, signal: either.signal });
  }
  return either.signal;
}
