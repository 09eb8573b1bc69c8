/** Asks this engine what the real Kyverno CLI is asked. */
import jsonPatch, { type Operation } from "fast-json-patch";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { createRegistryClient } from "../../src/oci/mod.ts";
import {
  type CompiledPolicy,
  type Decision,
  evaluate,
  type KubernetesObject,
  loadPolicies,
  type PolicyRequest,
} from "../../src/policy/mod.ts";
import type { Cluster } from "../../src/ports.ts";
import { createNodeHost } from "../../src/runtime/node.ts";
import type { Json } from "./kyverno_cases.ts";

const { applyPatch } = jsonPatch;

/** What this engine is asked about one resource. */
export interface OurQuestion {
  /** As JSON. */
  readonly policies: readonly string[];
  readonly resource: Json;
  readonly exceptions?: readonly Json[];
  readonly noun?: "image" | "artifact";
  readonly cluster?: Cluster;
  readonly userInfo?: PolicyRequest["userInfo"];
}

export interface OurAnswer {
  /** What was asked in the first phase, and of which policies. */
  readonly request: PolicyRequest;
  readonly policies: readonly CompiledPolicy[];
  readonly allowed: boolean;
  readonly mutate: Decision;
  /** Of what `/mutate` made of the resource; nothing where that was denied. */
  readonly validate?: Decision;
}

/** Both phases, as a cluster runs them: what `/mutate` patches is what `/validate` sees. */
export async function askUs(question: OurQuestion): Promise<OurAnswer> {
  const { resource, noun = "artifact", cluster, userInfo = { username: "", groups: [] } } = question;
  const documents = [...question.policies, ...(question.exceptions ?? []).map((one) => JSON.stringify(one))];
  const crypto = createWebCryptoProvider();
  const { policies, exceptions, problems } = await loadPolicies(
    documents.map((text, at) => ({ source: `${at}.json`, text })),
    crypto,
  );
  if (problems.length > 0) throw new Error(`the policy is refused: ${JSON.stringify(problems)}`);
  const { ports } = createNodeHost();
  const [version = "", group = ""] = String(resource["apiVersion"]).split("/").reverse();
  const { namespace = "default", name = "" } = resource["metadata"] as { namespace?: string; name?: string };
  const request: PolicyRequest = {
    uid: "1",
    operation: "CREATE",
    group,
    version,
    kind: String(resource["kind"]),
    subresource: "",
    namespace,
    name,
    object: resource,
    dryRun: false,
    userInfo,
  };
  const open = createRegistryClient({ ...ports, crypto });
  const ask = (phase: "mutate" | "validate", object: KubernetesObject) =>
    evaluate(policies, { ...request, object }, {
      ports: { now: ports.now, crypto, open, ...(cluster === undefined ? {} : { cluster }) },
      phase,
      signal: AbortSignal.timeout(20_000),
      noun,
      exceptions,
    });
  const mutate = await ask("mutate", resource);
  if (!mutate.allowed) return { request, policies, allowed: false, mutate };
  const patched = applyPatch(structuredClone(resource), mutate.patches as Operation[]).newDocument;
  const validate = await ask("validate", patched);
  return { request, policies, allowed: validate.allowed, mutate, validate };
}
