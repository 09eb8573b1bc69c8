/** The webhook made of a worker's variables. */
import { createOutsideCache, MAX_STORED_BYTES, parseCacheKeys, readTenant } from "../cache/mod.ts";
import { createResourcesCluster } from "../cluster/mod.ts";
import { encodeUtf8, type JsonValue, parseJson, printable } from "../encoding/mod.ts";
import { ConfigurationError, toEngineError } from "../errors.ts";
import { EDGE_MAX_REQUESTS } from "../http/mod.ts";
import { createRegistryClient, parseMirrors, readRegistries, type RegistrySettings } from "../oci/mod.ts";
import {
  createClusterExceptions,
  exceptionsIn,
  ignoredException,
  loadPolicies,
  type PolicyException,
} from "../policy/mod.ts";
import type { Cluster, Handler, OutsideStore, Ports, StoreOptions } from "../ports.ts";
import { createRevocationChecker } from "../revocation/mod.ts";
import { type AppOptions, createApp } from "./app.ts";
import { createTokenDoor, parseTokens } from "./door.ts";
import type { CacheOptions } from "./keep.ts";
import { readMaxAge, readMaxRequests, readMemorySize, readMessageStyle, readNoMatch } from "./settings.ts";

/** The worker's variables. */
export interface WorkerVariables {
  /** YAML documents: Kyverno policies. */
  readonly POLICIES?: string;
  /** Bearer tokens, one a line. A worker stands on the internet: without one it answers nobody. */
  readonly TOKEN?: string;
  /** YAML documents: PolicyExceptions; those among `POLICIES` and `RESOURCES` are read, too. */
  readonly EXCEPTIONS?: string;
  /** The namespace whose PolicyExceptions are heeded, `*` for every one; without it none is. */
  readonly EXCEPTION_NAMESPACE?: string;
  /** `HOST=URL` entries, separated by spaces, commas or line ends. */
  readonly MIRRORS?: string;
  /**
   * JSON, as `registries` of the configuration file of commands, but for CAs: the platform decides whom it believes.
   */
  readonly REGISTRIES?: string;
  /** YAML documents: what the cluster holds that policies read. */
  readonly RESOURCES?: string;
  /** How long the facts of a verified signature are kept, such as `10m`; `0` keeps none. */
  readonly EVIDENCE_MAX_AGE?: string;
  /** Requests to registries and about revocation one decision may make; 50 unless it says otherwise. */
  readonly MAX_REQUESTS?: string;
  /** How denials are written: `kyverno`, `kyverno-1.19` or `explained`. */
  readonly MESSAGE_STYLE?: string;
  /** What becomes of images no rule is about: `allow`, `warn` or `deny`. */
  readonly NO_MATCH?: string;
  /** Keys that seal what a store keeps, base64, one a line; the first seals, all open. */
  readonly CACHE_KEY?: string;
  /** Keeps apart from others who share store and key. */
  readonly CACHE_TENANT?: string;
  /** How much of the isolate's memory content and facts may take, such as `32MiB`. */
  readonly CACHE_MEMORY?: string;
}

/** A store behind the isolate's memory. */
export interface WorkerStore {
  /** Absent where there is none. @throws {ConfigurationError} `ERR_CONFIG` */
  readonly openStore?: (options: StoreOptions) => OutsideStore;
  /** Takes what goes on after a request was answered. */
  readonly afterAnswer?: (work: Promise<void>) => void;
}

/**
 * Makes a webhook of a worker's variables, once: requests wait until it is made. A mistake in them becomes a webhook
 * that answers 503 with the reason: it admits nothing.
 */
export function createWorker(variables: WorkerVariables, ports: Ports, store: WorkerStore = {}): Handler {
  const made = makeWorker(variables, ports, store);
  return async (request) => await (await made)(request);
}

async function makeWorker(variables: WorkerVariables, ports: Ports, store: WorkerStore): Promise<Handler> {
  try {
    return await createConfiguredWorker(variables, ports, store);
  } catch (error) {
    const why = toEngineError(error, "Cannot start").refusal;
    ports.log({ level: "error", event: "worker.configuration", code: why.code, message: why.message });
    return () => new Response(JSON.stringify(why), { status: 503, headers: { "content-type": "application/json" } });
  }
}

async function createConfiguredWorker(
  variables: WorkerVariables,
  ports: Ports,
  store: WorkerStore,
): Promise<Handler> {
  const { POLICIES, TOKEN, EXCEPTIONS, MIRRORS, REGISTRIES, RESOURCES } = variables;
  const { EVIDENCE_MAX_AGE, MAX_REQUESTS, MESSAGE_STYLE, NO_MATCH } = variables;
  if (TOKEN === undefined) throw missing("TOKEN", "the bearer token of the API server");
  if (POLICIES === undefined) throw missing("POLICIES", "YAML documents with policies");
  const { policies, problems, exceptions } = await loadPolicies([
    { source: "POLICIES", text: POLICIES },
    ...(EXCEPTIONS === undefined ? [] : [{ source: "EXCEPTIONS", text: EXCEPTIONS }]),
  ], ports.crypto);
  const open = createRegistryClient(ports, {
    mirrors: readMirrors(MIRRORS ?? ""),
    ...readRegistrySettings(REGISTRIES ?? "{}"),
    redirect: "manual",
  });
  const cluster: { readonly cluster?: Cluster } = RESOURCES === undefined
    ? {}
    : { cluster: createResourcesCluster([{ source: "RESOURCES", text: RESOURCES }]) };
  const app = createApp({
    policies,
    problems,
    ...heededExceptions(exceptions, cluster.cluster, variables, ports),
    ports: {
      now: ports.now,
      log: ports.log,
      crypto: ports.crypto,
      open,
      revocation: createRevocationChecker(ports),
      ...cluster,
    },
    door: createTokenDoor(parseTokens(TOKEN, "TOKEN"), ports.crypto),
    cache: openCache(variables, ports, store),
    maxRequests: MAX_REQUESTS === undefined ? EDGE_MAX_REQUESTS : readMaxRequests(MAX_REQUESTS, "MAX_REQUESTS"),
    ...(MESSAGE_STYLE === undefined ? {} : { messageStyle: readMessageStyle(MESSAGE_STYLE, "MESSAGE_STYLE") }),
    ...(NO_MATCH === undefined ? {} : { noMatch: readNoMatch(NO_MATCH, "NO_MATCH") }),
    ...(EVIDENCE_MAX_AGE === undefined
      ? {}
      : { evidence: { maxAgeSeconds: readMaxAge(EVIDENCE_MAX_AGE, "EVIDENCE_MAX_AGE") } }),
  });
  return (request) => app.fetch(request);
}

/** The exceptions that count, and where more of them are; of each other one the log says why not. */
function heededExceptions(
  exceptions: readonly PolicyException[],
  cluster: Cluster | undefined,
  { EXCEPTION_NAMESPACE: namespace = "" }: WorkerVariables,
  ports: Ports,
): Pick<AppOptions, "exceptions" | "exceptionSource"> {
  const counting = exceptionsIn(exceptions, namespace);
  for (const { name, source } of exceptions.filter((exception) => !counting.includes(exception))) {
    const message = `${source}: ${name}: ${ignoredException({ enabled: true, namespace })}`;
    ports.log({ level: "warn", event: "exception.ignored", message: printable(message) });
  }
  if (cluster === undefined || namespace === "") return { exceptions: counting };
  return { exceptions: counting, exceptionSource: createClusterExceptions(cluster, namespace, ports) };
}

/** What `REGISTRIES` says of single registries. */
function readRegistrySettings(text: string): Pick<RegistrySettings, "mirrorsBefore" | "plainHttp" | "realmHosts"> {
  const refuse = (fault: string, cause?: unknown) =>
    new ConfigurationError("ERR_CONFIG", `Cannot read the variable "REGISTRIES": ${fault}`, { cause });
  let value: JsonValue;
  try {
    value = parseJson(encodeUtf8(text));
  } catch (thrown) {
    throw refuse(toEngineError(thrown, "Cannot parse JSON").message, thrown);
  }
  const registries = [...readRegistries(value, refuse)];
  const own = registries.find(([, { certificateAuthority }]) => certificateAuthority !== undefined);
  if (own !== undefined) {
    throw refuse(
      `"${printable(own[0])}" has a "certificateAuthority", expected none: here the platform decides whom it believes`,
    );
  }
  return {
    mirrorsBefore: new Map(registries.map(([name, { mirrors }]) => [name, mirrors])),
    realmHosts: new Map(registries.map(([name, { realmHosts }]) => [name, new Set(realmHosts)])),
    plainHttp: new Set(registries.filter((entry) => entry[1].plainHttp).map(([name]) => name)),
  };
}

function openCache(
  { CACHE_KEY, CACHE_TENANT, CACHE_MEMORY }: WorkerVariables,
  ports: Ports,
  { openStore, afterAnswer }: WorkerStore,
): CacheOptions {
  const memory = CACHE_MEMORY === undefined ? {} : { memoryBytes: readMemorySize(CACHE_MEMORY, "CACHE_MEMORY") };
  if (openStore === undefined) {
    if (CACHE_KEY !== undefined) throw missing("CACHE", "the store whose entries CACHE_KEY seals");
    if (CACHE_TENANT !== undefined) throw missing("CACHE", "the store that CACHE_TENANT is for");
    return memory;
  }
  if (CACHE_KEY === undefined) throw missing("CACHE_KEY", "keys that seal what the store of CACHE keeps");
  const outside = createOutsideCache(openStore({ maxBytes: MAX_STORED_BYTES }), ports, {
    keys: parseCacheKeys(CACHE_KEY, "CACHE_KEY"),
    ...(CACHE_TENANT === undefined ? {} : { tenant: readTenant(CACHE_TENANT, "CACHE_TENANT") }),
    ...(afterAnswer === undefined ? {} : { afterAnswer }),
  });
  return { ...memory, outside };
}

/** The entries of `MIRRORS`. In one variable, unlike in flags, two for one host are a mistake. */
function readMirrors(text: string): ReadonlyMap<string, string> {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== "");
  const refuse = (fault: string, entry?: string) => {
    const where = entry === undefined ? "" : `"${printable(entry, 200)}": `;
    return new ConfigurationError("ERR_CONFIG", `Cannot read the variable "MIRRORS": ${where}${fault}`);
  };
  const mirrors = parseMirrors(entries, refuse);
  if (mirrors.size < entries.length) throw refuse("a host is named twice, expected one mirror for each");
  return mirrors;
}

function missing(name: string, what: string): ConfigurationError {
  return new ConfigurationError("ERR_CONFIG", `Cannot start: the variable "${name}" is missing, expected ${what}`);
}
