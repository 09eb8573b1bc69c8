/**
 * `WWW-Authenticate` challenge → `Authorization`: bearer tokens, basic, or a reason why there is none.
 *
 * Credentials are those of the registry's own host. A token is asked for once per repository, kept to 0.8 of its life, and
 * shared by everybody who waits for it.
 */
import { encodeBase64, encodeUtf8, isJsonObject, parseJson, printable } from "../encoding/mod.ts";
import { EngineError, UnavailableError } from "../errors.ts";
import { type CallOptions, isSameSite, orAbort, outOfTime, OWN_LIMITS } from "../http/mod.ts";
import type { Credential, Ports } from "../ports.ts";
import { answerError } from "./answer.ts";
import { type Challenge, parseChallenges } from "./header.ts";
import { exchange } from "./request.ts";
import { type Endpoint, type RegistrySettings, requireAllowedTarget } from "./settings.ts";

/** Most bytes of a token endpoint's answer. */
export const MAX_TOKEN_BYTES = 64 * 1024;

/** Most tokens and registries remembered by one client; the oldest go first. */
export const MAX_REMEMBERED_TOKENS = 1000;

/** Longest scope of a challenge that is passed on. */
export const MAX_SCOPE_LENGTH = 1024;

/** Part of a token's life after which a new one is fetched. */
const TOKEN_LIFE = 0.8;
/** The life of a token that does not say (distribution, "Token Response Fields"). */
const DEFAULT_TOKEN_SECONDS = 60;

/** Whose rights a request asks for. */
export interface Audience {
  readonly endpoint: Endpoint;
  /** Path of the repository, such as `kyverno/test-verify-image`. */
  readonly repository: string;
  /** What is to be done there: with `pull,push` one token serves for both. */
  readonly actions: "pull" | "pull,push";
}

export interface Authorization {
  /** Value of the `Authorization` header; `undefined` when nothing can be sent. */
  readonly value: string | undefined;
  /** What was tried, for the message of a refusal: `anonymously, scope "repository:a/b:pull"`. Safe to print. */
  readonly note: string;
}

export interface Authorizer {
  /** What to send at once: a token that is kept, or one fetched now where this registry is known to want one. */
  current(audience: Audience, call: CallOptions): Promise<Authorization | undefined>;
  /**
   * What to send after a 401.
   *
   * @param challenges The `WWW-Authenticate` field; `null` when the registry sent none.
   * @param refused What was sent and refused: it is never used again.
   * @throws {UnavailableError} the codes of a registry request, for the request to the token endpoint.
   */
  answer(
    audience: Audience,
    challenges: string | null,
    refused: Authorization | undefined,
    call: CallOptions,
  ): Promise<Authorization>;
}

type Way = { readonly scheme: "basic" } | { readonly scheme: "bearer"; readonly challenge: BearerChallenge };

interface BearerChallenge {
  readonly realm: string;
  readonly service: string | undefined;
  /** The scope asked for where it does not name a repository, as `aws` of ECR Public. */
  readonly fixedScope: string | undefined;
}

interface Token extends Authorization {
  readonly expiresAt: number;
}

type AuthorizerPorts = Pick<Ports, "fetch" | "sleep" | "now" | "credentials">;

/** Makes an authorizer with a memory of its own. */
export function createAuthorizer(ports: AuthorizerPorts, settings: RegistrySettings): Authorizer {
  const ways = new Map<string, Way>();
  const tokens = new Map<string, Token>();
  const pending = new Map<string, Promise<Token>>();
  const keyOf = ({ endpoint, repository, actions }: Audience) => `${endpoint.base} ${repository} ${actions}`;

  /** In a browser `fetch` follows redirects by itself, so that nobody can keep a secret from the place it ends at. */
  async function credential({ endpoint }: Audience, signal: AbortSignal): Promise<Credential | undefined> {
    if (settings.redirect === "follow") return undefined;
    const host = endpoint.credentialHost;
    try {
      return await orAbort(ports.credentials(host), signal);
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
      throw outOfTime(`Cannot ask ${endpoint.label}`, `the credentials for "${printable(host)}"`, thrown);
    }
  }

  async function basic(audience: Audience, signal: AbortSignal): Promise<Authorization> {
    const found = await credential(audience, signal);
    const host = printable(audience.endpoint.credentialHost);
    if (found === undefined) {
      return { value: undefined, note: `asked anonymously, there are no credentials for "${host}"` };
    }
    return { value: basicHeader(found), note: `asked with the credentials for "${host}"` };
  }

  /** One request per key at a time; whoever waits for another's request tries it alone when that one's limits ended it. */
  async function token(audience: Audience, challenge: BearerChallenge, scope: string, call: CallOptions) {
    const { signal } = call;
    const key = keyOf(audience);
    while (true) {
      const running = pending.get(key);
      if (running === undefined) break;
      try {
        return await orAbort(running, signal);
      } catch (thrown) {
        if (signal.aborted) throw outOfTime(`Cannot ask ${audience.endpoint.label}`, "a token", thrown);
        if (!(thrown instanceof EngineError && OWN_LIMITS.has(thrown.code))) throw thrown;
      }
    }
    // Nothing is awaited between looking for a running request and setting this one.
    const work = credential(audience, signal)
      .then((found) => fetchToken(audience, challenge, scope, found, ports, settings, call));
    pending.set(key, work);
    try {
      const fetched = await work;
      remember(tokens, key, fetched);
      return fetched;
    } finally {
      if (pending.get(key) === work) pending.delete(key);
    }
  }

  return {
    async current(audience, call) {
      const kept = tokens.get(keyOf(audience));
      if (kept !== undefined && ports.now().getTime() < kept.expiresAt) return kept;
      const way = ways.get(audience.endpoint.base);
      if (way === undefined) return undefined;
      if (way.scheme === "basic") return await basic(audience, call.signal);
      return await token(audience, way.challenge, way.challenge.fixedScope ?? ownScope(audience), call);
    },

    async answer(audience, field, refused, call) {
      const key = keyOf(audience);
      const kept = tokens.get(key);
      if (kept !== undefined && kept.value === refused?.value) tokens.delete(key);
      // Somebody else was faster and has a token this request did not carry yet.
      else if (kept !== undefined && ports.now().getTime() < kept.expiresAt) return kept;
      const challenges = parseChallenges(field ?? "");
      const bearer = challenges.find((challenge) => challenge.scheme === "bearer" && challenge.parameters.has("realm"));
      if (bearer !== undefined) {
        const scope = scopeOf(bearer, audience);
        const challenge = readBearer(bearer, scope, audience);
        remember(ways, audience.endpoint.base, { scheme: "bearer", challenge });
        return await token(audience, challenge, scope, call);
      }
      if (challenges.some((challenge) => challenge.scheme === "basic")) {
        remember(ways, audience.endpoint.base, { scheme: "basic" });
        // Sent once and refused: the same again would be refused again.
        if (refused?.value?.startsWith("Basic ") === true) return { value: undefined, note: refused.note };
        return await basic(audience, call.signal);
      }
      const schemes = challenges.map(({ scheme }) => `"${printable(scheme, 40)}"`).join(", ");
      return { value: undefined, note: `it asks for ${schemes || "nothing"}, expected "bearer" or "basic"` };
    },
  };
}

/** Puts an entry at the end and drops the oldest beyond the bound. */
function remember<V>(entries: Map<string, V>, key: string, value: V): void {
  entries.delete(key);
  entries.set(key, value);
  for (const oldest of entries.keys()) {
    if (entries.size <= MAX_REMEMBERED_TOKENS) break;
    entries.delete(oldest);
  }
}

const ownScope = ({ repository, actions }: Audience) => `repository:${repository}:${actions}`;

function scopeOf(challenge: Challenge, audience: Audience): string {
  const asked = challenge.parameters.get("scope");
  // RFC 6749, section 3.3: visible characters and blanks between the scopes.
  const usable = asked !== undefined && asked.length <= MAX_SCOPE_LENGTH &&
    /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(asked);
  if (!usable) return ownScope(audience);
  // The first request of a push only reads: its challenge asks for less than what follows needs.
  return audience.actions === "pull" ? asked : asked.split(" ").map((part) => widened(part, audience)).join(" ");
}

function widened(scope: string, audience: Audience): string {
  return scope === ownScope({ ...audience, actions: "pull" }) ? ownScope(audience) : scope;
}

function readBearer(challenge: Challenge, scope: string, audience: Audience): BearerChallenge {
  const fixed = !scope.includes(`:${audience.repository}:`);
  return {
    realm: challenge.parameters.get("realm") ?? "",
    service: challenge.parameters.get("service"),
    fixedScope: fixed ? scope : undefined,
  };
}

function basicHeader({ username, secret }: Credential): string {
  return `Basic ${encodeBase64(encodeUtf8(`${username}:${secret}`))}`;
}

/**
 * Asks the token endpoint, with user and password only where it is the registry's own or a neighbour of it.
 *
 * Spec: distribution, "Token Authentication Specification"; realm rules as GHSA-xf85-363p-868w asks for.
 */
async function fetchToken(
  audience: Audience,
  challenge: BearerChallenge,
  scope: string,
  credential: Credential | undefined,
  ports: AuthorizerPorts,
  settings: RegistrySettings,
  call: CallOptions,
): Promise<Token> {
  const { endpoint } = audience;
  const action = `Cannot get a token for "${printable(scope, 200)}"`;
  const realm = parseRealm(challenge.realm, endpoint, action);
  requireAllowedTarget(realm, endpoint.url, endpoint, settings, action);
  const own = realm.host === endpoint.url.host || isSameSite(realm.hostname, endpoint.url.hostname);
  const host = printable(endpoint.credentialHost);
  const note = credential === undefined
    ? `asked ${realm.host} anonymously for scope "${printable(scope, 200)}", there are no credentials for "${host}"`
    : own
    ? `asked ${realm.host} with the credentials for "${host}" for scope "${printable(scope, 200)}"`
    : `asked ${realm.host} anonymously for scope "${
      printable(scope, 200)
    }": the credentials for "${host}" are not sent ` +
      "to another site";
  if (challenge.service !== undefined) realm.searchParams.set("service", challenge.service);
  for (const part of scope.split(" ")) realm.searchParams.append("scope", part);
  const tokenEndpoint = { ...endpoint, base: realm.origin, url: realm, label: `token endpoint ${realm.origin}` };
  const answer = await exchange(
    {
      action,
      method: "GET",
      endpoint: tokenEndpoint,
      url: realm,
      accept: "application/json",
      authorization: credential !== undefined && own ? basicHeader(credential) : undefined,
      maxBytes: MAX_TOKEN_BYTES,
    },
    ports,
    settings,
    call,
  );
  if (answer.status !== 200) throw answerError(action, tokenEndpoint, answer, note);
  const { value, seconds } = readToken(answer.bytes, action, tokenEndpoint);
  return { value: `Bearer ${value}`, note, expiresAt: ports.now().getTime() + seconds * TOKEN_LIFE * 1000 };
}

function parseRealm(text: string, endpoint: Endpoint, action: string): URL {
  if (URL.canParse(text)) {
    const realm = new URL(text);
    realm.hash = "";
    return realm;
  }
  throw new UnavailableError(
    "ERR_REGISTRY_RESPONSE",
    `${action}: ${endpoint.label} names the token endpoint "${printable(text, 200)}", expected a URL`,
  );
}

function readToken(bytes: Uint8Array, action: string, endpoint: Endpoint): { value: string; seconds: number } {
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
  // What goes into a header field must be visible characters (RFC 6750, section 2.1).
  if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value)) return refuse('no usable "token" or "access_token"');
  const seconds = body["expires_in"];
  return { value, seconds: typeof seconds === "number" && seconds >= 0 ? seconds : DEFAULT_TOKEN_SECONDS };
}
