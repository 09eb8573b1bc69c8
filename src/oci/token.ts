/**
 * Asks token endpoints: anonymously, with user and password, or with an identity token in exchange.
 *
 * Spec: distribution, "Token Authentication Specification" and "OAuth2 Token Authentication"; RFC 6749, section 6.
 */
import { encodeBase64, encodeUtf8, isJsonObject, parseJson, printable } from "../encoding/mod.ts";
import { UnavailableError } from "../errors.ts";
import type { CallOptions } from "../http/mod.ts";
import type { Credential } from "../ports.ts";
import { answerError } from "./answer.ts";
import { maySeeCredentials, parseRealm } from "./realm.ts";
import { type Answer, exchange, type RegistryRequest, type TransportPorts } from "./request.ts";
import { type Endpoint, type RegistrySettings, requireAllowedTarget } from "./settings.ts";

/** Most bytes of a token endpoint's answer. */
export const MAX_TOKEN_BYTES = 64 * 1024;

/** What we are called in OAuth2 requests, which must have a name. */
export const OAUTH2_CLIENT_ID = "edge-notary";

/** The life of a token that does not say (distribution, "Token Response Fields"). */
const DEFAULT_TOKEN_SECONDS = 60;

/** Answers of token endpoints that have no OAuth2: they are asked the older way. */
const WITHOUT_OAUTH2: ReadonlySet<number> = new Set([404, 405]);

/** A bearer challenge, as far as it is passed on. */
export interface TokenRequest {
  readonly realm: string;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
}

/** A token, and how it was come by. */
export interface FetchedToken {
  readonly value: string;
  readonly seconds: number;
  /** Safe to print. */
  readonly note: string;
}

/** The value of `Authorization` for user and password. */
export function basicHeader(username: string, secret: string): string {
  return `Basic ${encodeBase64(encodeUtf8(`${username}:${secret}`))}`;
}

/** Whose word was given, for messages: `anonymously, there are no credentials for "ghcr.io"`. */
export function wordOf(credential: Credential | undefined, { credentialHost }: Endpoint): string {
  const host = printable(credentialHost);
  if (credential === undefined) return `anonymously, there are no credentials for "${host}"`;
  if (credential.type === "anonymous") return `anonymously (${credential.source})`;
  return `with ${credential.source}, for "${host}"`;
}

/**
 * Fetches a token.
 *
 * @throws {UnavailableError} `ERR_REGISTRY_RESPONSE`, `ERR_REGISTRY_REFUSED`, `ERR_REGISTRY_UNAUTHORIZED` and the other
 * codes of a request.
 */
export async function fetchToken(
  { realm: text, service, scopes }: TokenRequest,
  credential: Credential | undefined,
  endpoint: Endpoint,
  ports: TransportPorts,
  settings: RegistrySettings,
  call: CallOptions,
): Promise<FetchedToken> {
  const scope = printable(scopes.join(" "), 200);
  const action = `Cannot get a token for "${scope}"`;
  const realm = parseRealm(text, endpoint, action);
  requireAllowedTarget(realm, endpoint.url, endpoint, settings, action);
  const trusted = maySeeCredentials(realm, endpoint, settings);
  const shown = credential?.type === "anonymous" || !trusted ? undefined : credential;
  const kept = shown === undefined && credential !== undefined && credential.type !== "anonymous";
  const note = kept
    ? `asked ${realm.host} anonymously for scope "${scope}": ${credential.source}, for "${
      printable(endpoint.credentialHost)
    }", is not sent to another site`
    : `asked ${realm.host} ${wordOf(credential, endpoint)} for scope "${scope}"`;
  const tokenEndpoint = { ...endpoint, base: realm.origin, url: realm, label: `token endpoint ${realm.origin}` };
  const ask = (request: Partial<RegistryRequest>): Promise<Answer> => {
    const common = { action, method: "GET", endpoint: tokenEndpoint, url: realm, accept: "application/json" } as const;
    return exchange({ ...common, maxBytes: MAX_TOKEN_BYTES, confidential: true, ...request }, ports, settings, call);
  };
  const answer = await askFor(shown, { service, scopes, realm }, ask);
  if (answer.status !== 200) throw answerError(action, tokenEndpoint, answer, note);
  return { ...readToken(answer.bytes, action, tokenEndpoint), note };
}

interface Wanted {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
}

async function askFor(
  credential: Credential | undefined,
  { realm, service, scopes }: Wanted,
  ask: (request: Partial<RegistryRequest>) => Promise<Answer>,
): Promise<Answer> {
  if (credential?.type === "identityToken") {
    const form = new URLSearchParams({ grant_type: "refresh_token" });
    if (service !== undefined) form.set("service", service);
    form.set("client_id", OAUTH2_CLIENT_ID);
    form.set("scope", scopes.join(" "));
    form.set("refresh_token", credential.token);
    const body = { bytes: encodeUtf8(form.toString()), mediaType: "application/x-www-form-urlencoded" };
    const answer = await ask({ method: "POST", body });
    if (!WITHOUT_OAUTH2.has(answer.status)) return answer;
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  return await ask({ url, authorization: passwordOf(credential) });
}

/** Where an identity token cannot be exchanged, it is the password of whoever it was made for. */
function passwordOf(credential: Credential | undefined): string | undefined {
  if (credential?.type === "basic") return basicHeader(credential.username, credential.secret);
  if (credential?.type === "identityToken") return basicHeader(credential.username ?? "<token>", credential.token);
  return undefined;
}

function readToken(bytes: Uint8Array, action: string, endpoint: Endpoint): Pick<FetchedToken, "value" | "seconds"> {
  const refuse = (reason: string): never => {
    throw new UnavailableError("ERR_REGISTRY_RESPONSE", `${action}: ${endpoint.label} answered ${reason}`);
  };
  let body: unknown;
  try {
    body = parseJson(bytes);
  } catch {
    refuse("something that is not JSON");
  }
  if (!isJsonObject(body)) return refuse("no JSON object");
  const value = body["token"] || body["access_token"];
  if (typeof value !== "string" || !isUsableToken(value)) return refuse('no usable "token" or "access_token"');
  const seconds = body["expires_in"];
  return { value, seconds: typeof seconds === "number" && seconds >= 0 ? seconds : DEFAULT_TOKEN_SECONDS };
}

/** What goes into a header field must be visible characters (RFC 6750, section 2.1). */
export const isUsableToken = (value: string): boolean => /^[\x21-\x7e]+$/.test(value);
