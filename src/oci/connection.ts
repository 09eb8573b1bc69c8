/**
 * A repository's way to its registry: URL, authorization, one request; what every call of a repository goes through.
 */
import { printable } from "../encoding/mod.ts";
import type { UnavailableError } from "../errors.ts";
import type { CallOptions } from "../http/mod.ts";
import { answerError } from "./answer.ts";
import type { Audience, Authorizer } from "./auth.ts";
import type { Flights } from "./in_flight.ts";
import { type Reference, repositoryName } from "./reference.ts";
import { type Answer, exchange, failure, type RequestBody, type TransportPorts } from "./request.ts";
import type { Endpoint, RegistrySettings } from "./settings.ts";

export interface Query {
  /** What cannot be done when this fails: `fetch manifest "sha256:…"`. Safe to print. */
  readonly task: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  /** Below `/v2/<repository>/`, each part encoded; or a whole URL of the same origin, for the next page. */
  readonly path: string | URL;
  readonly accept: string;
  readonly maxBytes: number;
  readonly body?: RequestBody;
  /** How often it may be sent again; by default as {@link exchange} has it. */
  readonly maxRetries?: number;
}

export interface Reply extends Answer {
  /** `Cannot fetch manifest "sha256:…" of "ghcr.io/a/b"`. */
  readonly action: string;
  /** This reply as an error, for statuses the caller has no use for. */
  readonly error: () => UnavailableError;
}

export interface Connection {
  /** `registry/repository` as the user named it. */
  readonly name: string;
  readonly endpoint: () => Endpoint;
  /** The path of the repository's resources, such as `/v2/kyverno/test-verify-image/`. */
  readonly path: string;
  /** Who asks the registry. @throws {EngineError} When the credentials cannot be had. */
  principal(call: CallOptions): Promise<string>;
  /**
   * Asks the registry, answering one challenge.
   *
   * @throws {UnavailableError} `ERR_REGISTRY_UNAVAILABLE`, `ERR_REGISTRY_REFUSED`, `ERR_REGISTRY_RESPONSE`,
   * `ERR_DEADLINE`, `ERR_REQUEST_BUDGET`
   */
  ask(query: Query, call: CallOptions): Promise<Reply>;
}

/** What connections of one client share, and what they are for. */
export interface ConnectionOptions extends Pick<Audience, "actions" | "credentials"> {
  readonly flights: Flights<Answer>;
  /** Where it is asked; called with each question. */
  readonly endpoint: () => Endpoint;
}

/** Connects a repository; nothing is asked and no setting is judged before the first {@link Connection.ask}. */
export function connect(
  reference: Reference,
  authorizer: Authorizer,
  ports: TransportPorts,
  settings: RegistrySettings,
  { flights, actions, credentials, endpoint }: ConnectionOptions,
): Connection {
  const name = repositoryName(reference);
  const repository = () => endpoint().prefix + reference.repository;
  return {
    name,
    endpoint,
    get path() {
      return `/v2/${repository()}/`;
    },
    principal: async (call) =>
      await authorizer.identity({ endpoint: endpoint(), repository: repository(), actions, credentials }, call),
    async ask(query, call) {
      const audience = { endpoint: endpoint(), repository: repository(), actions, credentials };
      const action = `Cannot ${query.task} of "${printable(name)}"`;
      const url = query.path instanceof URL
        ? query.path
        : new URL(`${audience.endpoint.base}/v2/${audience.repository}/${query.path}`);
      const request = { ...query, action, url, endpoint: audience.endpoint };
      const ask = async (authorization: string | undefined): Promise<Answer> => {
        const work = () => exchange({ ...request, authorization }, ports, settings, call);
        if (query.method !== "GET" && query.method !== "HEAD") return await work();
        // Whose answer it is counts as much as what is asked: nobody is given what another may read.
        const key = JSON.stringify([
          query.method,
          url.href,
          query.accept,
          query.maxBytes,
          action,
          authorization ?? null,
        ]);
        return await flights.share(key, call, work).catch((thrown: unknown) => {
          throw failure(request, call.signal, thrown);
        });
      };
      let authorization = await authorizer.current(audience, call);
      let answer = await ask(authorization?.value);
      // A 401 from the place a redirect led to says nothing about our credentials, and must not get them.
      if (answer.status === 401 && !answer.leftOrigin) {
        const field = answer.headers.get("www-authenticate");
        authorization = await authorizer.answer(audience, field, authorization, call);
        if (authorization.value !== undefined) {
          answer = await ask(authorization.value);
        }
      }
      const note = answer.status === 401 || answer.status === 403 ? authorization?.note : undefined;
      return { ...answer, action, error: () => answerError(action, audience.endpoint, answer, note) };
    },
  };
}
