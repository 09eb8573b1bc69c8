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

function equalVariables(left: WorkerVariables, right: WorkerVariables): boolean {
  return left.POLICIES === right.POLICIES && left.TOKEN === right.TOKEN && left.MIRRORS === right.MIRRORS &&
    left.RESOURCES === right.RESOURCES &&
    left.EVIDENCE_MAX_AGE === right.EVIDENCE_MAX_AGE && left.MAX_REQUESTS === right.MAX_REQUESTS &&
    left.MESSAGE_STYLE === right.MESSAGE_STYLE;
}
