/**
 * What every client of this house needs that asks over HTTP (RFC 9110): bodies read under a limit, waiting that ends
 * with the deadline, requests that are counted, and which places only we could reach.
 *
 * ```ts
 * if (hostKind(url.hostname) !== "public") return undefined;
 * const response = await orAbort(fetch(url.href, init), signal);
 * const { bytes, exceeded } = await readBody(response, MAX_BYTES, signal);
 * ```
 */
export {
  AddressError,
  addressErrorOf,
  addressKind,
  HOST_KIND_TEXT,
  type HostKind,
  hostKind,
  isSameSite,
} from "./address.ts";
export {
  type CallOptions,
  createRequestBudget,
  DEFAULT_MAX_REQUESTS,
  EDGE_MAX_REQUESTS,
  MAX_REQUESTS_IN_FLIGHT,
  OWN_LIMITS,
  type RequestBudget,
  SERVER_REQUESTS_IN_FLIGHT,
} from "./budget.ts";
export { type Body, dropBody, networkReason, orAbort, outOfTime, readBody, StalledBody } from "./body.ts";
export { tlsReason } from "./tls.ts";
