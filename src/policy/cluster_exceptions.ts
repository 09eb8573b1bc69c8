/** PolicyExceptions that stand in the cluster, where teams keep them: listed, compiled and kept for a moment. */
import { printable } from "../encoding/mod.ts";
import { toEngineError } from "../errors.ts";
import { orAbort } from "../http/mod.ts";
import type { Cluster, Ports } from "../ports.ts";
import type { PolicyException } from "./exceptions.ts";
import { loadPolicies } from "./kinds.ts";
import type { ProofPorts } from "./schema.ts";

/** How long exceptions are believed: one that was removed exempts no longer than this. */
export const EXCEPTIONS_LIFETIME_MILLISECONDS = 10_000;

/** How long the cluster may take to list them; after that there are none. */
export const EXCEPTIONS_TIMEOUT_MILLISECONDS = 2_000;

/** How long it is not asked again after it could not be. */
export const EXCEPTIONS_PAUSE_MILLISECONDS = 1_000;

/** Exceptions of a cluster heeded at most: where there are more, none is. */
export const MAX_CLUSTER_EXCEPTIONS = 1_000;

/** How often it is logged that they cannot be listed. */
const LOG_INTERVAL_MILLISECONDS = 60_000;

/** Gives the exceptions that count now; never rejects, except with the reason of the signal. */
export type ExceptionSource = (options: { readonly signal: AbortSignal }) => Promise<readonly PolicyException[]>;

type SourcePorts = Pick<Ports, "now" | "log"> & { readonly crypto: ProofPorts };

const VERSIONS = ["kyverno.io/v2", "kyverno.io/v2beta1"] as const;

/**
 * Makes a source of the exceptions in a cluster.
 *
 * What cannot be listed, or read, exempts nothing: without an exception more is refused, not less. Either is logged,
 * what cannot be read once.
 *
 * @param namespace Whose exceptions count; `*` for every namespace.
 */
export function createClusterExceptions(cluster: Cluster, namespace: string, ports: SourcePorts): ExceptionSource {
  let kept: { readonly exceptions: readonly PolicyException[]; readonly until: number } | undefined;
  let running: Promise<readonly PolicyException[]> | undefined;
  let loggedAt = Number.NEGATIVE_INFINITY;
  let told = new Set<string>();

  const keep = (exceptions: readonly PolicyException[], milliseconds: number) => {
    kept = { exceptions, until: ports.now().getTime() + milliseconds };
    return exceptions;
  };

  const list = async (): Promise<readonly PolicyException[]> => {
    try {
      const { exceptions, problems } = await listExceptions(cluster, namespace, ports.crypto);
      const found = new Set(problems.map(({ file, path, reason }) => `${file}: ${path}: ${reason}`));
      for (const problem of found) {
        if (!told.has(problem)) ports.log({ level: "error", event: "exception.refused", message: printable(problem) });
      }
      told = found;
      return keep(exceptions, EXCEPTIONS_LIFETIME_MILLISECONDS);
    } catch (thrown) {
      const { code, message } = toEngineError(thrown, "Cannot list PolicyExceptions").refusal;
      const at = ports.now().getTime();
      if (at - loggedAt >= LOG_INTERVAL_MILLISECONDS) {
        ports.log({ level: "error", event: "exceptions.unavailable", code, message: printable(message) });
        loggedAt = at;
      }
      return keep([], EXCEPTIONS_PAUSE_MILLISECONDS);
    }
  };

  return async ({ signal }) => {
    const left = (kept?.until ?? 0) - ports.now().getTime();
    // A clock that was set back must not make them live longer.
    if (kept !== undefined && left > 0 && left <= EXCEPTIONS_LIFETIME_MILLISECONDS) return kept.exceptions;
    running ??= list().finally(() => running = undefined);
    return await orAbort(running, signal);
  };
}

/** One exception is one file, named as `kubectl` would: what is wrong with it is told by that name. */
async function listExceptions(cluster: Cluster, namespace: string, crypto: ProofPorts) {
  const signal = AbortSignal.timeout(EXCEPTIONS_TIMEOUT_MILLISECONDS);
  const lists = await Promise.all(VERSIONS.map((apiVersion) => {
    const kind = { apiVersion, kind: "PolicyException" };
    return orAbort(cluster.list({ ...kind, namespace: namespace === "*" ? "" : namespace }, { signal }), signal);
  }));
  // A server answers with the same object in every version it has.
  const byName = new Map<string, unknown>();
  for (const object of lists.flat()) {
    const name = nameOf(object);
    if (!byName.has(name)) byName.set(name, object);
  }
  if (byName.size > MAX_CLUSTER_EXCEPTIONS) {
    throw new Error(`${byName.size} PolicyExceptions, expected at most ${MAX_CLUSTER_EXCEPTIONS}`);
  }
  const files = [...byName].map(([name, object]) => ({
    source: `policyexceptions/${name}`,
    text: JSON.stringify(object),
  }));
  return await loadPolicies(files, crypto);
}

function nameOf(object: unknown): string {
  const { metadata } = object as { readonly metadata?: { readonly name?: unknown; readonly namespace?: unknown } };
  return `${String(metadata?.namespace ?? "")}/${String(metadata?.name ?? "")}`;
}
