/** The webhook made of a worker's variables. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError, toEngineError } from "../errors.ts";
import { createRegistryClient } from "../oci/mod.ts";
import { loadPolicies } from "../policy/mod.ts";
import type { Handler, Ports } from "../ports.ts";
import { createApp } from "./app.ts";
import { createTokenDoor, parseTokens } from "./door.ts";

/** Mirrors at most. */
export const MAX_MIRRORS = 100;

/** The worker's variables. */
export interface WorkerVariables {
  /** YAML documents: Kyverno policies. */
  readonly POLICIES?: string;
  /** Bearer tokens, one a line. A worker stands on the internet: without one it answers nobody. */
  readonly TOKEN?: string;
  /** `host=URL` entries, separated by spaces, commas or line ends. */
  readonly MIRRORS?: string;
}

/**
 * Makes a webhook of a worker's variables. A mistake in them becomes a webhook that answers 503 with the reason: it
 * admits nothing.
 */
export function createWorker(variables: WorkerVariables, ports: Ports): Handler {
  try {
    return createConfiguredWorker(variables, ports);
  } catch (error) {
    const why = toEngineError(error, "Cannot start").refusal;
    ports.log({ level: "error", event: "worker.configuration", code: why.code, message: why.message });
    return () => new Response(JSON.stringify(why), { status: 503, headers: { "content-type": "application/json" } });
  }
}

function createConfiguredWorker({ POLICIES, TOKEN, MIRRORS }: WorkerVariables, ports: Ports): Handler {
  if (TOKEN === undefined) throw missing("TOKEN", "the bearer token of the API server");
  if (POLICIES === undefined) throw missing("POLICIES", "YAML documents with policies");
  const { policies, problems } = loadPolicies([{ source: "POLICIES", text: POLICIES }]);
  const open = createRegistryClient(ports, {
    mirrors: parseMirrors(MIRRORS ?? ""),
    plainHttp: new Set(),
    redirect: "manual",
  });
  const app = createApp({
    policies,
    problems,
    ports: { now: ports.now, log: ports.log, crypto: ports.crypto, open },
    door: createTokenDoor(parseTokens(TOKEN, "TOKEN"), ports.crypto),
  });
  return (request) => app.fetch(request);
}

/**
 * Reads `host=URL` entries.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` when an entry is none, or a host is named twice.
 */
export function parseMirrors(text: string): ReadonlyMap<string, string> {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== "");
  if (entries.length > MAX_MIRRORS) {
    throw new ConfigurationError("ERR_CONFIG", `Cannot read mirrors: ${entries.length}, at most ${MAX_MIRRORS}`);
  }
  const mirrors = new Map<string, string>();
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    const host = entry.slice(0, equals);
    if (equals < 1 || !/^https?:\/\/./.test(entry.slice(equals + 1))) {
      throw new ConfigurationError("ERR_CONFIG", `Cannot read mirror "${printable(entry, 200)}": expected host=URL`);
    }
    if (mirrors.has(host)) {
      throw new ConfigurationError("ERR_CONFIG", `Cannot read mirrors: "${printable(host, 200)}" is named twice`);
    }
    mirrors.set(host, entry.slice(equals + 1));
  }
  return mirrors;
}

function missing(name: string, what: string): ConfigurationError {
  return new ConfigurationError("ERR_CONFIG", `Cannot start: the variable "${name}" is missing, expected ${what}`);
}
