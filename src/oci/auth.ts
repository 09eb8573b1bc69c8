/**
 * `WWW-Authenticate` challenge → `Authorization`: bearer tokens, basic, or a reason why there is none.
 *
 * Credentials are those of the registry's own host. A token is asked for once per repository and principal, kept to 0.8
 * of its life, and shared by everybody who waits for it.
 */
import { printable } from "../encoding/mod.ts";
import { EngineError, UnavailableError } from "../errors.ts";
import { type CallOptions, orAbort, outOfTime } from "../http/mod.ts";
import type { Credential, CredentialSource, Ports } from "../ports.ts";
import { ANONYMOUS_IDENTITY, credentialIdentity } from "./credentials/identity.ts";
import { anonymous } from "./credentials/sources.ts";
import { type Challenge, parseChallenges } from "./header.ts";
import { createFlights } from "./in_flight.ts";
import { areAbout, type RepositoryRights, scopeOf, scopesFor } from "./scope.ts";
import type { Endpoint, RegistrySettings } from "./settings.ts";
import { basicHeader, fetchToken, isUsableToken, wordOf } from "./token.ts";

/** Most tokens and registries remembered by one client; the oldest go first. */
export const MAX_REMEMBERED_TOKENS = 1000;

/**
 * How long it is waited for who asks where that only tells what is kept for whom: a source that does not answer must
 * not keep anybody from a registry that never wants to know.
 */
export const IDENTITY_PATIENCE_MILLISECONDS = 2_000;

/** Part of a token's life after which a new one is fetched. */
const TOKEN_LIFE = 0.8;

/** Whose rights a request asks for. */
export interface Audience extends RepositoryRights {
  readonly endpoint: Endpoint;
  /** Who knows with whose. */
  readonly credentials: CredentialSource;
}

export interface Authorization {
  /** Value of the `Authorization` header; `undefined` when nothing can be sent. */
  readonly value: string | undefined;
  /** What was tried, for the message of a refusal: `asked anonymously …`. Safe to print. */
  readonly note: string;
}

export interface Authorizer {
  /**
   * Who asks there, as {@link credentialIdentity} names them; the same whether the registry wants to know or not.
   *
   * @throws {EngineError} When the credentials cannot be had, `ERR_CREDENTIALS_UNAVAILABLE` when not within
   * {@link IDENTITY_PATIENCE_MILLISECONDS}. The source goes on looking, for whoever asks next.
   */
  identity(audience: Audience, call: CallOptions): Promise<string>;
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
  /** The scopes asked for where none names a repository, as `aws` of ECR Public. */
  readonly fixedScopes: readonly string[] | undefined;
}

interface Token extends Authorization {
  readonly expiresAt: number;
}

/** Who asks, and the name what they are given is kept under. */
interface Principal {
  readonly credential: Credential | undefined;
  readonly identity: string;
}

type AuthorizerPorts = Pick<Ports, "fetch" | "sleep" | "now" | "crypto">;

/** Makes an authorizer with a memory of its own. */
export function createAuthorizer(ports: AuthorizerPorts, settings: RegistrySettings): Authorizer {
  const ways = new Map<string, Way>();
  const tokens = new Map<string, Token>();
  const flights = createFlights<Token>(ports);
  const keyOf = ({ endpoint, repository, actions }: Audience, { identity }: Principal) =>
    `${identity} ${endpoint.base} ${repository} ${actions}`;

  /** In a browser `fetch` follows redirects by itself, so that nobody can keep a secret from the place it ends at. */
  async function principalOf({ endpoint, repository, credentials }: Audience, call: CallOptions): Promise<Principal> {
    const { signal } = call;
    if (settings.redirect === "follow") return { credential: undefined, identity: "" };
    const host = endpoint.credentialHost;
    try {
      const credential = await orAbort(credentials({ host, repository }, call), signal);
      return { credential, identity: await credentialIdentity(credential, ports.crypto) };
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
      throw outOfTime(`Cannot ask ${endpoint.label}`, `the credentials for "${printable(host)}"`, thrown);
    }
  }

  /** One request per key at a time, for all who wait; nobody waits long for what another asked for. */
  async function token(
    audience: Audience,
    principal: Principal,
    challenge: BearerChallenge,
    scopes: readonly string[],
    call: CallOptions,
  ): Promise<Authorization> {
    const { endpoint } = audience;
    const { credential } = principal;
    if (credential?.type === "registryToken") return registryToken(credential, endpoint, scopes);
    const key = keyOf(audience, principal);
    const ask = async (): Promise<Token> => {
      const fetched = await fetchToken({ ...challenge, scopes }, credential, endpoint, ports, settings, call);
      const { value, seconds, note } = fetched;
      const expiresAt = ports.now().getTime() + seconds * TOKEN_LIFE * 1000;
      const found: Token = { value: `Bearer ${value}`, note, expiresAt };
      remember(tokens, key, found);
      return found;
    };
    try {
      return await flights.share(key, call, ask);
    } catch (thrown) {
      if (thrown instanceof EngineError || !call.signal.aborted) throw thrown;
      throw outOfTime(`Cannot ask ${endpoint.label}`, "a token", thrown);
    }
  }

  return {
    async identity(audience, call) {
      // Nobody to wait for.
      if (audience.credentials === anonymous) return ANONYMOUS_IDENTITY;
      const known = new AbortController();
      const patience = ports.sleep(IDENTITY_PATIENCE_MILLISECONDS, known.signal).then(() => undefined, () => undefined);
      try {
        const principal = await Promise.race([principalOf(audience, call), patience]);
        if (principal !== undefined) return principal.identity;
      } finally {
        known.abort();
      }
      const { label, credentialHost } = audience.endpoint;
      const reason = `no credentials for "${printable(credentialHost)}" within ${
        IDENTITY_PATIENCE_MILLISECONDS / 1000
      } s`;
      throw new UnavailableError("ERR_CREDENTIALS_UNAVAILABLE", `Cannot tell who asks ${label}: ${reason}`);
    },

    async current(audience, call) {
      const way = ways.get(audience.endpoint.base);
      if (way === undefined) return undefined;
      const principal = await principalOf(audience, call);
      if (way.scheme === "basic") return basic(principal.credential, audience.endpoint);
      const kept = tokens.get(keyOf(audience, principal));
      if (kept !== undefined && ports.now().getTime() < kept.expiresAt) return kept;
      return await token(audience, principal, way.challenge, way.challenge.fixedScopes ?? [scopeOf(audience)], call);
    },

    async answer(audience, field, refused, call) {
      const { endpoint } = audience;
      const principal = await principalOf(audience, call);
      const key = keyOf(audience, principal);
      const kept = tokens.get(key);
      if (kept !== undefined && kept.value === refused?.value) tokens.delete(key);
      // Somebody else was faster and has a token this request did not carry yet.
      else if (kept !== undefined && ports.now().getTime() < kept.expiresAt) return kept;
      const challenges = parseChallenges(field ?? "");
      const bearer = challenges.find((challenge) => challenge.scheme === "bearer" && challenge.parameters.has("realm"));
      if (bearer !== undefined) {
        const scopes = scopesFor(bearer.parameters.get("scope"), audience);
        const challenge = readBearer(bearer, scopes, audience);
        remember(ways, endpoint.base, { scheme: "bearer", challenge });
        return unlessRefused(await token(audience, principal, challenge, scopes, call), refused);
      }
      if (challenges.some((challenge) => challenge.scheme === "basic")) {
        remember(ways, endpoint.base, { scheme: "basic" });
        return unlessRefused(basic(principal.credential, endpoint), refused);
      }
      const schemes = challenges.map(({ scheme }) => `"${printable(scheme, 40)}"`).join(", ");
      return { value: undefined, note: `it asks for ${schemes || "nothing"}, expected "bearer" or "basic"` };
    },
  };
}

/** Sent once and refused: the same again would be refused again. */
function unlessRefused(found: Authorization, refused: Authorization | undefined): Authorization {
  return found.value === refused?.value ? { value: undefined, note: found.note } : found;
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

function readBearer(challenge: Challenge, scopes: readonly string[], audience: Audience): BearerChallenge {
  return {
    realm: challenge.parameters.get("realm") ?? "",
    service: challenge.parameters.get("service"),
    fixedScopes: areAbout(scopes, audience.repository) ? undefined : scopes,
  };
}

function basic(credential: Credential | undefined, endpoint: Endpoint): Authorization {
  const note = `asked ${wordOf(credential, endpoint)}`;
  if (credential === undefined || credential.type === "anonymous") return { value: undefined, note };
  if (credential.type === "basic") return { value: basicHeader(credential.username, credential.secret), note };
  return { value: undefined, note: `${note}: it is a token, and the registry asks for user and password` };
}

function registryToken(
  { token, source }: Extract<Credential, { readonly type: "registryToken" }>,
  { credentialHost }: Endpoint,
  scopes: readonly string[],
): Authorization {
  const note = `asked with ${source}, for "${printable(credentialHost)}", where scope "${
    printable(scopes.join(" "), 200)
  }" is needed`;
  if (isUsableToken(token)) return { value: `Bearer ${token}`, note };
  return { value: undefined, note: `${note}: it is no token, which has visible characters only` };
}
