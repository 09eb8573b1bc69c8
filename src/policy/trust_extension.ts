/** What a policy's annotations make of its attestors' trust, for each request. */
import { isJsonObject } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { findAnchorFault, type Trust } from "../notary/mod.ts";
import { type Certificate, parseCertificates } from "../x509/mod.ts";
import type { AttestorEntry, AttestorSet } from "./attestors.ts";
import { getConfigMap } from "./context/config_map.ts";
import type { ImageVerification } from "./image_rule.ts";
import type { EvaluationContext } from "./policy.ts";
import type { ConfigMapKey, TrustExtension } from "./trust_fields.ts";

/** Texts of a ConfigMap whose certificates are kept. */
export const MAX_KEPT_AUTHORITIES = 4;

/** Entries of `verifyImages` with the trust that a policy's annotations ask for. */
export type ExtendTrust = (
  entries: readonly ImageVerification[],
  context: Pick<EvaluationContext, "ports" | "signal">,
) => Promise<readonly ImageVerification[]>;

/**
 * Makes what extends a policy's trust. The same entries give the same trust, so that what is known of it stays known.
 *
 * @returns A function that throws `ERR_CLUSTER_MISSING`, `ERR_CLUSTER` and the like when timestamp authorities cannot
 * be read, `ERR_VARIABLE` when they are not there, `ERR_PEM`, `ERR_CERTIFICATE` or `ERR_TRUST_STORE` when they are
 * none.
 */
export function createTrustExtender(extension: TrustExtension | undefined): ExtendTrust {
  if (extension === undefined) return (entries) => Promise.resolve(entries);
  const { timestampAuthorities: authorities } = extension;
  const read = authorities === undefined || !("key" in authorities) ? undefined : createReader(authorities);
  const given = authorities === undefined || "key" in authorities ? undefined : authorities;
  const extended = new WeakMap<
    readonly ImageVerification[],
    { readonly tsa: readonly Certificate[] | undefined; readonly entries: readonly ImageVerification[] }
  >();
  return async (entries, context) => {
    const tsa = read === undefined ? given : await read(context);
    const known = extended.get(entries);
    if (known !== undefined && known.tsa === tsa) return known.entries;
    const made = entries.map((entry) => extendEntry(entry, extension, tsa));
    extended.set(entries, { tsa, entries: made });
    return made;
  };
}

/** Reads certificates from a ConfigMap; the same object for the same text. */
function createReader({ namespace, name, key }: ConfigMapKey) {
  const kept = new Map<string, readonly Certificate[]>();
  return async ({ ports, signal }: Pick<EvaluationContext, "ports" | "signal">): Promise<readonly Certificate[]> => {
    const { data } = await getConfigMap(ports.cluster, namespace, name, signal) as { readonly data?: unknown };
    const place = `configmap:${namespace}/${name}/${key}`;
    const text = isJsonObject(data) && Object.hasOwn(data, key) ? data[key] : undefined;
    if (typeof text !== "string") {
      throw new ConfigurationError("ERR_VARIABLE", `Cannot read "${place}": the ConfigMap has no such key`);
    }
    const known = kept.get(text);
    if (known !== undefined) return known;
    const found = parseCertificates(text);
    const fault = await findAnchorFault("tsa", found, ports.crypto);
    if (fault !== undefined) {
      const what = `certificate ${fault.what}`;
      throw new ConfigurationError("ERR_TRUST_STORE", `Cannot trust the timestamp authorities of "${place}": ${what}`);
    }
    if (kept.size >= MAX_KEPT_AUTHORITIES) kept.delete(kept.keys().next().value ?? "");
    kept.set(text, found);
    return found;
  };
}

function extendEntry(
  entry: ImageVerification,
  extension: TrustExtension,
  tsa: readonly Certificate[] | undefined,
): ImageVerification {
  const { maxSignatures, index } = extension;
  const limit = maxSignatures === undefined ? {} : { maxSignatures };
  const extendSet = (set: AttestorSet): AttestorSet => ({ ...set, entries: set.entries.map(extendOne) });
  const extendOne = (one: AttestorEntry): AttestorEntry =>
    one.kind === "attestor"
      ? { kind: "attestor", set: extendSet(one.set) }
      : { kind: "certificates", trust: extendTrust(one.trust, extension, tsa) };
  return {
    ...entry,
    ...limit,
    ...(index === undefined ? {} : { index }),
    attestors: entry.attestors.map(extendSet),
    attestations: entry.attestations.map((one) => ({ ...one, ...limit, attestors: one.attestors.map(extendSet) })),
  };
}

function extendTrust(
  trust: Trust,
  { level, trustedIdentities, verifyTimestamp }: TrustExtension,
  tsa: readonly Certificate[] | undefined,
): Trust {
  return {
    ...trust,
    ...(level === undefined ? {} : { level }),
    ...(trustedIdentities === undefined ? {} : { trustedIdentities }),
    ...(verifyTimestamp === undefined ? {} : { verifyTimestamp }),
    ...(tsa === undefined ? {} : { trustAnchors: { ...trust.trustAnchors, tsa } }),
  };
}
