/** The load gate of the annotations by which a policy trusts otherwise than Kyverno can say. */
import { printable } from "../encoding/mod.ts";
import {
  findAnchorFault,
  findOverlap,
  LEVELS,
  MAX_SIGNATURES,
  overrideLevel,
  readIdentity,
  STRICT,
  type SubjectIdentity,
  type TrustedIdentities,
  type VerificationLevel,
} from "../notary/mod.ts";
import { type Certificate, parseCertificates } from "../x509/mod.ts";
import { isObjectName } from "./context/config_map.ts";
import { CONTEXT_REFUSALS } from "./message.ts";
import { attempt, describe, type Gate, oneOf, type Path, type Reader } from "./schema.ts";

/** With what the annotations begin that change what this engine does. */
export const OWN_ANNOTATIONS = "edge-notary.dev/";

/** Identities one policy may trust. */
export const MAX_TRUSTED_IDENTITIES = 100;

/** A member of a ConfigMap. */
export interface ConfigMapKey {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** What a policy's annotations make of the trust its attestors imply; what is left out is as Kyverno has it. */
export interface TrustExtension {
  readonly level?: VerificationLevel;
  readonly trustedIdentities?: TrustedIdentities;
  /** Roots of timestamp authorities, or where they are read from at each request. */
  readonly timestampAuthorities?: readonly Certificate[] | ConfigMapKey;
  readonly verifyTimestamp?: "always" | "afterCertExpiry";
  readonly maxSignatures?: number;
  readonly index?: "index" | "all-children";
  /** What is in force, for whoever reads an outcome: `verification-level=permissive`. */
  readonly inForce: readonly string[];
}

const levelName: Reader<"strict" | "permissive" | "audit"> = (value, path, gate) => {
  if (value !== "skip") return oneOf("strict", "permissive", "audit")(value, path, gate);
  return void gate.refuse(path, '"skip" would verify nothing, expected one of strict, permissive, audit');
};

const trustedIdentities: Reader<TrustedIdentities> = (value, path, gate) => {
  const lines = String(value).split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (lines.length === 0) return void gate.refuse(path, '0 identities would trust nobody, expected one a line, or "*"');
  if (lines.length > MAX_TRUSTED_IDENTITIES) {
    return void gate.refuse(path, `${lines.length} identities, expected at most ${MAX_TRUSTED_IDENTITIES}`);
  }
  if (lines.includes("*")) {
    return lines.length === 1 ? "*" : void gate.refuse(path, '"*" trusts everybody, expected it alone');
  }
  const identities: SubjectIdentity[] = [];
  for (const line of lines) {
    const read = readIdentity(line, "");
    if ("identity" in read) identities.push(read.identity);
    else {
      const rule = "fault" in read ? read.fault.rule : `"${read.unknownKind}" is no known kind, expected x509.subject`;
      return void gate.refuse(path, `identity "${printable(line, 200)}": ${printable(rule, 400)}`);
    }
  }
  const overlap = findOverlap(identities);
  if (overlap === undefined) return identities;
  const [shorter, longer] = overlap.map((at) => printable(identities[at]?.text ?? "", 200));
  return void gate.refuse(path, `"${shorter}" trusts "${longer}" already, expected identities that do not overlap`);
};

const CONFIG_MAP = "configmap:";

/** @param own Namespace of the policy, `""` for a ClusterPolicy: a Policy reads what is in its own. */
const timestampAuthorities = (own: string): Reader<readonly Certificate[] | ConfigMapKey> => (value, path, gate) => {
  const given = String(value).trim();
  if (given.startsWith(CONFIG_MAP)) return configMapKey(given.slice(CONFIG_MAP.length), own, path, gate);
  const found = attempt(path, gate, () => parseCertificates(given));
  if (found === undefined) return undefined;
  gate.prove(path, async (crypto) => {
    const fault = await findAnchorFault("tsa", found, crypto);
    return fault === undefined ? undefined : { reason: `certificate ${fault.what}`, code: "ERR_TRUST_STORE" };
  });
  return found;
};

function configMapKey(given: string, own: string, path: Path, gate: Gate): ConfigMapKey | undefined {
  const [namespace = "", name = "", key = "", ...rest] = given.split("/");
  if (!isObjectName(namespace) || !isObjectName(name) || !/^[-._a-zA-Z0-9]{1,253}$/.test(key) || rest.length > 0) {
    return void gate.refuse(path, `${describe(given)}, expected configmap:NAMESPACE/NAME/KEY`);
  }
  if (own !== "" && namespace !== own) return void gate.refuse(path, CONTEXT_REFUSALS.otherNamespace(namespace, own));
  return { namespace, name, key };
}

const maxSignatures: Reader<number> = (value, path, gate) => {
  const found = /^[0-9]{1,4}$/.test(String(value)) ? Number(value) : 0;
  if (found >= 1 && found <= MAX_SIGNATURES) return found;
  return void gate.refuse(path, `${describe(value)}, expected a whole number from 1 to ${MAX_SIGNATURES}`);
};

const readers = (namespace: string) => ({
  "verification-level": levelName,
  "trusted-identities": trustedIdentities,
  "tsa-certs": timestampAuthorities(namespace),
  "verify-timestamp": oneOf("always", "afterCertExpiry"),
  revocation: oneOf("enforce", "log", "skip"),
  "max-signatures": maxSignatures,
  index: oneOf("index", "all-children"),
});

/** Annotations of this engine that a policy may have, without their prefix. */
export const TRUST_ANNOTATIONS: readonly string[] = Object.keys(readers(""));

/**
 * Reads the annotations of a policy that are this engine's own; every other one of its prefix is refused.
 *
 * @param namespace Of a Policy, `""` for a ClusterPolicy.
 * @returns `undefined` when it has none: then trust is as Kyverno has it.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Trust Policy Properties", for what the values mean.
 */
export function readTrustExtension(
  annotations: ReadonlyMap<string, string>,
  namespace: string,
  gate: Gate,
): TrustExtension | undefined {
  const table: Readonly<Record<string, Reader<unknown>>> = readers(namespace);
  const pathOf = (name: string): Path => ["metadata", "annotations", `${OWN_ANNOTATIONS}${name}`];
  const own = [...annotations].filter(([key]) => key.startsWith(OWN_ANNOTATIONS));
  const found: Record<string, unknown> = {};
  const inForce: string[] = [];
  for (const [key, value] of own) {
    const name = key.slice(OWN_ANNOTATIONS.length);
    const read = Object.hasOwn(table, name) ? table[name] : undefined;
    if (read === undefined) {
      gate.refuse(pathOf(name), `no such annotation, expected one of ${TRUST_ANNOTATIONS.join(", ")}`);
      continue;
    }
    found[name] = read(value, pathOf(name), gate);
    inForce.push(`${name}=${shown(name, value)}`);
  }
  if (own.length === 0) return undefined;
  // The table above has the types.
  const fields = found as { [Name in keyof ReturnType<typeof readers>]?: ReadOf<ReturnType<typeof readers>[Name]> };
  if (fields["verify-timestamp"] !== undefined && !annotations.has(`${OWN_ANNOTATIONS}tsa-certs`)) {
    gate.refuse(pathOf("verify-timestamp"), "it decides nothing without tsa-certs: no timestamp is looked at");
  }
  const { "trusted-identities": identities, "tsa-certs": authorities, "verify-timestamp": verifyTimestamp } = fields;
  const level = levelOf(fields["verification-level"], fields.revocation);
  return {
    ...(level === undefined ? {} : { level }),
    ...(identities === undefined ? {} : { trustedIdentities: identities }),
    ...(authorities === undefined ? {} : { timestampAuthorities: authorities }),
    ...(verifyTimestamp === undefined ? {} : { verifyTimestamp }),
    ...(fields["max-signatures"] === undefined ? {} : { maxSignatures: fields["max-signatures"] }),
    ...(fields.index === undefined ? {} : { index: fields.index }),
    inForce: inForce.sort(),
  };
}

type ReadOf<R> = R extends Reader<infer T> ? T : never;

function levelOf(name: string | undefined, revocation: string | undefined): VerificationLevel | undefined {
  const base = name === undefined ? undefined : LEVELS.get(name);
  if (revocation === undefined) return base;
  const level = overrideLevel(base ?? STRICT, new Map([["revocation", revocation]]));
  // The readers let only actions pass that a level may have.
  return "actions" in level ? level : STRICT;
}

/** A value as outcomes show it: certificates and long lists by what they are. */
function shown(name: string, value: string): string {
  if (name === "tsa-certs" && !value.trim().startsWith(CONFIG_MAP)) return "PEM";
  return printable(value.trim().replaceAll(/\s*\n\s*/g, "; "), 200);
}
