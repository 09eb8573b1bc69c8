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
import type { Handler } from "../ports.ts";
import { createWorkerPorts, type ServiceBinding } from "../runtime/workerd.ts";
import { createWorker, type WorkerVariables } from "./edge.ts";

/** The worker's variables and bindings. */
export interface WorkerEnvironment extends WorkerVariables {
  /** A service binding that is asked instead of the network. */
  readonly REGISTRY?: ServiceBinding;
}

/** What answers, for one set of variables: compiled once per isolate, and again when they change. */
let served: { readonly of: WorkerVariables; readonly handler: Handler } | undefined;

export default {
  fetch(request: Request, environment: WorkerEnvironment): Response | Promise<Response> {
    if (served === undefined || !equalVariables(served.of, environment)) {
      served = { of: { ...environment }, handler: createWorker(environment, createWorkerPorts(environment.REGISTRY)) };
    }
    return served.handler(request);
  },
};

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
};

function equalVariables(left: WorkerVariables, right: WorkerVariables): boolean {
  return (Object.keys(NAMES) as (keyof WorkerVariables)[]).every((name) => left[name] === right[name]);
}
