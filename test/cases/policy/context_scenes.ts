/** Rules with context entries, played against a cluster in memory. */
import type { PolicyRequest, RuleResponse } from "../../../src/policy/mod.ts";
import type { Cluster } from "../../../src/ports.ts";
import { load, policyDocument } from "./policies.ts";
import { createRequest } from "./requests.ts";
import { ask, createWorld, crypto, NOW } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const trusting = (cert: string): Json => ({ attestors: [{ entries: [{ certificates: { cert } }] }] });

/** One rule, and what it is asked about. */
export interface Scene {
  readonly context: readonly Json[];
  /** Of the one condition; without it the certificate is what the rule takes from its context. */
  readonly key?: string;
  readonly value?: unknown;
  readonly cert?: string;
  readonly cluster?: Cluster;
  readonly changes?: Partial<Parameters<typeof policyDocument>[0]>;
  readonly request?: Partial<PolicyRequest>;
}

/** What a rule answers. */
export async function play({ context, key, value = "x", cert, cluster, changes = {}, request = {} }: Scene) {
  const world = await createWorld();
  const preconditions = key === undefined ? {} : { all: [{ key, operator: "Equals", value }] };
  const policies = await load(policyDocument({
    apiVersion: "kyverno.io/v1",
    ...changes,
    spec: { background: false, ...changes.spec },
    rule: { context, preconditions, ...changes.rule },
    ...(cert === undefined ? {} : { verify: trusting(cert) }),
  }));
  const ports = { open: world.open, crypto, now: () => NOW, ...(cluster === undefined ? {} : { cluster }) };
  const decision = await ask(world, policies, createRequest(request), { ports });
  const [response] = decision.responses as readonly [RuleResponse];
  return { decision, response, asked: world.asked };
}

/** What a rule with one condition says as a whole. */
export async function said(scene: Scene) {
  const { response } = await play(scene);
  return response.whole?.message ?? response.images[0]?.status;
}
