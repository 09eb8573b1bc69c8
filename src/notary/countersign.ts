/** The timestamp of a signature that is being made: asked for, and judged as by whoever verifies the signature. */
import { ALGORITHMS } from "../crypto/mod.ts";
import { printable } from "../encoding/mod.ts";
import { ConfigurationError, MalformedError, UnavailableError } from "../errors.ts";
import type { Ports, SignatureAlgorithm } from "../ports.ts";
import type { RevocationChecker } from "../revocation/mod.ts";
import { readTimestampAddress, requestTimestamp } from "../timestamp/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import type { Envelope } from "./envelope/envelope.ts";
import { findAnchorFault } from "./trust/anchor.ts";
import { STRICT } from "./trust/level.ts";
import { validateAuthenticTimestamp } from "./verify/authentic_timestamp.ts";
import { resultReferenceText } from "./verify/reference_text.ts";
import { validateRevocation } from "./verify/revocation.ts";

/** An authority that says when a signature was made. */
export interface TimestampOptions {
  /** `http` or `https`, at any address; a user name and password in it are sent as such. */
  readonly url: string;
  /** Roots one of which the authority's certificate must lead to; at least one. */
  readonly roots: readonly Certificate[];
  readonly fetch: Ports["fetch"];
  /** Tells whether the authority's certificates are revoked; without it those that could be are refused. */
  readonly revocation?: RevocationChecker;
  /** Random bytes, so many, which tell the answer to this question from others; the runtime's own when left out. */
  readonly random?: (length: number) => Uint8Array;
}

/** Bytes of the nonce: its highest bit clear, it is a positive number below 2^159, as the reference's. */
const NONCE_BYTES = 20;

/**
 * Makes sure that an authority can be asked and its answer judged, before a key signs anything.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` for an address that is none; `ERR_TRUST_STORE` for roots that are none.
 */
export async function checkAuthority(
  { url, roots }: TimestampOptions,
  crypto: Pick<Ports["crypto"], "verify">,
): Promise<void> {
  readTimestampAddress(url);
  const fault = roots.length === 0
    ? "there is none, expected 1 or more"
    : (await findAnchorFault("tsa", roots, crypto))?.what;
  if (fault === undefined) return;
  throw new ConfigurationError("ERR_TRUST_STORE", `Cannot judge timestamps by these roots: ${fault}`);
}

/**
 * Gets a timestamp of a signature. It is of this signature and by an authority that leads to one of the roots.
 *
 * @returns The token as it was received.
 * @throws The codes of `requestTimestamp`.
 *
 * Spec: Notary Project, signature-specification.md, "Timestamp Countersignature"; RFC 3161, section 2.2.
 */
export async function askTimestamp(
  signature: Uint8Array,
  algorithm: SignatureAlgorithm,
  { url, roots, fetch, random = runtimeRandom }: TimestampOptions,
  crypto: Ports["crypto"],
  signal: AbortSignal,
): Promise<Uint8Array> {
  const nonce = random(NONCE_BYTES).slice();
  nonce[0] = (nonce[0] ?? 0) & 0x7f;
  const authority = { url, anchors: roots, nonce, signal };
  const { token } = await requestTimestamp(signature, ALGORITHMS[algorithm].hash, authority, { fetch, crypto });
  return token;
}

/**
 * Judges the timestamp of an envelope that was made, as one who trusts the roots does: also whether the authority's
 * certificates are revoked, and whether the signing certificates were valid at every instant it may have been made.
 *
 * @throws {MalformedError} With the code of the refusal, such as `CERTIFICATE_REVOKED` or `TIMESTAMP_OUTSIDE_VALIDITY`.
 * @throws {UnavailableError} `REVOCATION_UNKNOWN`, `REVOCATION_NOT_CHECKED`, or another code of what could not be told.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Signature Verification details", authentic timestamp.
 */
export async function requireTimestamp(
  envelope: Envelope,
  { roots, revocation }: TimestampOptions,
  { crypto, now }: Pick<Ports, "crypto" | "now">,
  signal: AbortSignal,
): Promise<void> {
  const trust = { name: "signing", level: STRICT, trustAnchors: { ca: [], signingAuthority: [], tsa: roots } };
  const question = revocation && { checker: revocation, signal };
  const result = await validateAuthenticTimestamp(
    envelope,
    trust,
    now(),
    crypto,
    (certificateChain) => validateRevocation({ certificateChain }, question),
  );
  if (result.status === "passed") return;
  if (result.status === "skipped") {
    throw new UnavailableError("ERR_INTERNAL", `Cannot use the timestamp: ${printable(result.reason)}`);
  }
  const { code, message } = result.refusal;
  const reference = code === "TIMESTAMP_OUTSIDE_VALIDITY" ? undefined : resultReferenceText(result);
  const cause = reference === undefined ? {} : { cause: { reference } };
  const Thrown = result.status === "failed" ? MalformedError : UnavailableError;
  throw new Thrown(code, `Cannot use the timestamp: ${message}`, cause);
}

function runtimeRandom(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}
