/**
 * The webhook as a Cloudflare Worker: policies, mirrors and tokens come as variables of the environment.
 *
 * ```sh
 * wrangler secret put TOKEN          # one a line; two are valid while a token is changed
 * wrangler deploy dist/worker.js --var "POLICIES:$(cat policies.yaml)"
 * ```
 *
 * The platform takes every export of this module for a handler: there is the default one only.
 */
import type { Handler, StoreOptions } from "../ports.ts";
import type { KvNamespace } from "../runtime/cache/workers_kv.ts";
import { createWorkerPorts, openWorkerStore, type ServiceBinding } from "../runtime/workerd.ts";
import { createWorker, type WorkerVariables } from "./edge.ts";

/** The worker's variables and bindings. */
export interface WorkerEnvironment extends WorkerVariables {
  /** A service binding that is asked instead of the network. */
  readonly REGISTRY?: ServiceBinding;
  /** Where content and facts are kept beside the isolate's memory: a KV namespace, or `cache-api`. */
  readonly CACHE?: KvNamespace | string;
}

/** What answers, for one set of variables: compiled once per isolate, and again when they change. */
let served: { readonly of: WorkerVariables; readonly handler: Handler } | undefined;

/** What is still being kept of requests that were answered. */
const underWay = new Set<Promise<void>>();

/** What the platform lends a request. */
interface RequestContext {
  /** Without it the platform ends what is under way when a request is answered. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

export default {
  async fetch(request: Request, environment: WorkerEnvironment, context?: RequestContext): Promise<Response> {
    if (served === undefined || !equalVariables(served.of, environment)) {
      served = { of: { ...environment }, handler: makeHandler(environment) };
    }
    const answer = await served.handler(request);
    if (underWay.size > 0) context?.waitUntil(Promise.all(underWay));
    return answer;
  },
};

function makeHandler(environment: WorkerEnvironment): Handler {
  const { CACHE, REGISTRY } = environment;
  const openStore = CACHE === undefined ? undefined : (options: StoreOptions) => openWorkerStore(CACHE, options);
  return createWorker(environment, createWorkerPorts(REGISTRY), {
    ...(openStore === undefined ? {} : { openStore }),
    afterAnswer: (work) => {
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    },
  });
}

/** Every variable: one that was forgotten here would change without anybody noticing. */
const NAMES: Readonly<Record<keyof WorkerVariables, true>> = {
  POLICIES: true,
  TOKEN: true,
  EXCEPTIONS: true,
  EXCEPTION_NAMESPACE: true,
  MIRRORS: true,
  REGISTRIES: true,
  RESOURCES: true,
  EVIDENCE_MAX_AGE: true,
  MAX_REQUESTS: true,
  MESSAGE_STYLE: true,
  NO_MATCH: true,
  CACHE_KEY: true,
  CACHE_TENANT: true,
  CACHE_MEMORY: true,
};

function equalVariables(left: WorkerVariables, right: WorkerVariables): boolean {
  return (Object.keys(NAMES) as (keyof WorkerVariables)[]).every((name) => left[name] === right[name]);
}
