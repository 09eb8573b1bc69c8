/** A statement of a trust policy and the trust stores it names → `Trust`. */
import { printable } from "../../encoding/mod.ts";
import { ConfigurationError, type ErrorCode } from "../../errors.ts";
import type { Certificate } from "../../x509/mod.ts";
import { referenceOf } from "../envelope/refuse.ts";
import type { ReadOptions } from "../envelope/strict_rules.ts";
import type { TrustPolicyStatement } from "./statement.ts";
import { innerReferenceOf, storeText, type TrustStore } from "./store.ts";
import type { Trust, TrustStoreType, UnusableStore } from "./trust.ts";

/**
 * Reads the stores a statement names. One that cannot be used fails no signature it is not needed for: it is kept as
 * such, and the validation that needs a store of its type fails with it.
 *
 * @param options `compat` takes a statement whose document was read with `compat` and breaks a rule; for comparisons,
 * never for a decision.
 * @throws {ConfigurationError} `ERR_TRUST_POLICY` for such a statement without `compat`.
 * @throws {EngineError} What the store throws but `ConfigurationError`: the question could not be asked.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Trust Store".
 */
export async function trustOfStatement(
  statement: TrustPolicyStatement,
  store: TrustStore,
  options: ReadOptions = {},
): Promise<Trust> {
  const { relaxed = [] } = statement;
  if (relaxed.length > 0 && options.compat === undefined) {
    throw new ConfigurationError(
      "ERR_TRUST_POLICY",
      `Cannot trust by statement "${printable(statement.name)}": "compat" passed over rules that its trust policy ` +
        `breaks (${relaxed.join(", ")}), expected a trust policy that keeps them all`,
    );
  }
  const { name, level, trustedIdentities, verifyTimestamp, trustStores } = statement;
  const names = new Map(trustStores.map((named) => [storeText(named), named]));
  const anchors: Record<TrustStoreType, Certificate[]> = { ca: [], signingAuthority: [], tsa: [] };
  const anchorOrigins = new Map<Certificate, string>();
  const unusable: Partial<Record<TrustStoreType, UnusableStore>> = {};
  for (const named of names.values()) {
    try {
      const certificates = await store(named);
      anchors[named.type].push(...certificates);
      for (const certificate of certificates) anchorOrigins.set(certificate, storeText(named));
    } catch (thrown) {
      if (!(thrown instanceof ConfigurationError)) throw thrown;
      unusable[named.type] ??= unusableStore(storeText(named), thrown);
    }
  }
  // A store that is named and cannot be used is not replaced by another one of its type.
  for (const type of Object.keys(unusable) as TrustStoreType[]) anchors[type] = [];
  const { tsa, ...vouching } = anchors;
  const timestamps = trustStores.some(({ type }) => type === "tsa");
  return {
    name,
    level,
    trustedIdentities,
    verifyTimestamp,
    trustAnchors: timestamps ? { ...vouching, tsa } : vouching,
    anchorOrigins,
    ...(Object.keys(unusable).length === 0 ? {} : { unusableStores: unusable }),
  };
}

function unusableStore(store: string, error: ConfigurationError): UnusableStore {
  const code: ErrorCode = error.code;
  const [reference, inner] = [referenceOf(error), innerReferenceOf(error)];
  return {
    code,
    message: printable(error.message, MAX_STORE_MESSAGE),
    evidence: {
      trustStore: store,
      ...(reference === undefined ? {} : { reference }),
      ...(inner === undefined ? {} : { referenceCause: inner }),
    },
  };
}

/** Characters of a message about a store at most: a name of a file, a subject and the fault. */
const MAX_STORE_MESSAGE = 2048;
