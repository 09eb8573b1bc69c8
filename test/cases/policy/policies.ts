/** Policy documents for the tests of this room, made from the example policy. */
import { readFileSync } from "node:fs";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { type CompiledPolicy, loadPolicies } from "../../../src/policy/mod.ts";

type Json = Readonly<Record<string, unknown>>;

/** Text of a file of the fixtures. */
export function fixture(path: string): string {
  return readFileSync(new URL(`../../fixtures/${path}`, import.meta.url), "utf8");
}

/** PEM of a certificate of the fixtures. */
export const certificate = (name: string): string => fixture(`keys/${name}.crt.pem`);

/** Text of the example policy, as users get it. */
export const EXAMPLE: string = readFileSync(
  new URL("../../../examples/check-image-notary.yaml", import.meta.url),
  "utf8",
);

/** What differs from the example policy, part by part. */
export interface PolicyChanges {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: Json;
  readonly spec?: Json;
  readonly rule?: Json;
  readonly verify?: Json;
}

/** An attestor entry that trusts certificates of the fixtures. */
export const trusting = (...names: readonly string[]): Json => ({
  certificates: { cert: names.map(certificate).join("") },
});

/** The example policy with changes, as JSON; `undefined` takes a field out. */
export function policyDocument(changes: PolicyChanges = {}): Json {
  const verify = {
    type: "Notary",
    imageReferences: ["ghcr.io/kyverno/test-verify-image*"],
    attestors: [{ count: 1, entries: [trusting("fixture-signer")] }],
    ...changes.verify,
  };
  const rule = {
    name: "verify-signature-notary",
    match: { any: [{ resources: { kinds: ["Pod"] } }] },
    verifyImages: [verify],
    ...changes.rule,
  };
  return {
    apiVersion: changes.apiVersion ?? "kyverno.io/v2beta1",
    kind: changes.kind ?? "ClusterPolicy",
    metadata: { name: "check-image-notary", ...changes.metadata },
    spec: {
      validationFailureAction: "Enforce",
      webhookTimeoutSeconds: 30,
      failurePolicy: "Fail",
      rules: [rule],
      ...changes.spec,
    },
  };
}

/** The policies of documents that must load. */
export async function load(...documents: readonly Json[]): Promise<readonly CompiledPolicy[]> {
  const { policies, problems } = await loadPolicies(
    documents.map((document, at) => ({ source: `${at}.json`, text: JSON.stringify(document) })),
    createWebCryptoProvider(),
  );
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return policies;
}
