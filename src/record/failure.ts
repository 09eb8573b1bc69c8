/**
 * Why there was no answer, or none to its end: told apart as the engine tells it apart, written down, and thrown again.
 */
import { isJsonObject, type JsonValue, printable } from "../encoding/mod.ts";
import { AddressError, addressErrorOf, addressKind, networkReason, StalledBody, tlsReason } from "../http/mod.ts";

/** Characters of a runtime's own words at most. */
const MAX_REASON = 200;

/** By what a `fetch` or the body of its answer failed. */
export type RecordedFailure =
  /** At a certificate or handshake, or at anything else; in the runtime's words. */
  | { readonly kind: "tls" | "network"; readonly reason: string }
  /** A name led to an address that only we could reach. */
  | { readonly kind: "address"; readonly address: string }
  /** A body came so slowly that it was given up. */
  | { readonly kind: "stalled" };

/**
 * What a thrown value says, for writing down.
 *
 * @param redact Takes out of the runtime's words what is not to be written: Deno's name the URL.
 */
export function failureOf(thrown: unknown, redact: (words: string) => string): RecordedFailure {
  const refused = addressErrorOf(thrown);
  if (refused !== undefined) return { kind: "address", address: refused.address };
  if (thrown instanceof StalledBody) return { kind: "stalled" };
  const untrusted = tlsReason(thrown);
  const reason = printable(redact(untrusted ?? networkReason(thrown)), MAX_REASON);
  return { kind: untrusted === undefined ? "network" : "tls", reason };
}

/** The error that the engine takes for what {@link failureOf} took it for. */
export function errorOf(failure: RecordedFailure): Error {
  switch (failure.kind) {
    case "network":
      return new Error(failure.reason);
    case "tls":
      // By the prefix of this code it is told from the network's.
      return Object.assign(new Error(failure.reason), { code: "ERR_TLS_RECORDED" });
    case "address": {
      const kind = addressKind(failure.address);
      return new AddressError(failure.address, kind === "public" ? "private" : kind);
    }
    case "stalled":
      return new StalledBody();
  }
}

/** Reads what was written; `undefined` when it is none. */
export function readFailure(value: JsonValue): RecordedFailure | undefined {
  if (!isJsonObject(value)) return undefined;
  const { kind, reason, address } = value;
  if (kind === "stalled") return { kind };
  if (kind === "address") return typeof address === "string" ? { kind, address } : undefined;
  if (kind === "tls" || kind === "network") return typeof reason === "string" ? { kind, reason } : undefined;
  return undefined;
}
