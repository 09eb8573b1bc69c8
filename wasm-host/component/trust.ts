/** Whom the host says to trust: certificates it gives, or a trust policy and the trust stores it lends. */
import { ConfigurationError } from "../../src/errors.ts";
import {
  findAnchorFault,
  missingStore,
  parseOciTrustPolicy,
  readTrustStore,
  statementForArtifact,
  STRICT,
  type Trust,
  trustOfStatement,
  type TrustStore,
} from "../../src/notary/mod.ts";
import type { CryptoProvider } from "../../src/ports.ts";
import { type LentHost, type LentStoreType, ownBytes } from "../../src/runtime/wasm.ts";
import { type Certificate, parseCertificates } from "../../src/x509/mod.ts";

export type TrustRecord =
  | { readonly tag: "certificates"; readonly val: readonly Uint8Array[] }
  | { readonly tag: "policy"; readonly val: string };

/** Whom to trust for an artifact, `registry/repository@digest`. */
export type TrustFor = (artifact: string) => Promise<Trust>;

/**
 * @throws {ConfigurationError} `ERR_TRUST_POLICY`; `ERR_TRUST_STORE` for a certificate that may not vouch, or a file
 * without any.
 */
export async function trustOf(
  trust: TrustRecord,
  lent: Pick<LentHost, "trustStore">,
  crypto: CryptoProvider,
): Promise<TrustFor> {
  if (trust.tag === "policy") {
    const policy = parseOciTrustPolicy(trust.val, "the trust policy");
    const store = lentTrustStore(lent, crypto);
    return async (artifact) => await trustOfStatement(statementForArtifact(policy, artifact), store);
  }
  const ca = await givenAnchors(trust.val, crypto);
  const given = { name: "the given certificates", level: STRICT, trustAnchors: { ca, signingAuthority: [] } };
  return () => Promise.resolve(given);
}

async function givenAnchors(files: readonly Uint8Array[], crypto: CryptoProvider): Promise<readonly Certificate[]> {
  const anchors: Certificate[] = [];
  for (const [index, file] of files.entries()) {
    const certificates = parseCertificates(ownBytes(file));
    const fault = certificates.length === 0
      ? "it holds no certificate, expected 1 or more as PEM or DER"
      : (await findAnchorFault("ca", certificates, crypto))?.what;
    if (fault !== undefined) {
      throw new ConfigurationError("ERR_TRUST_STORE", `Cannot trust the certificates of file ${index + 1}: ${fault}`);
    }
    anchors.push(...certificates);
  }
  return anchors;
}

const STORE_TYPES: Readonly<Record<string, LentStoreType>> = {
  ca: "ca",
  signingAuthority: "signing-authority",
  tsa: "tsa",
};

function lentTrustStore(lent: Pick<LentHost, "trustStore">, crypto: CryptoProvider): TrustStore {
  return async (store) => {
    const files = lent.trustStore(STORE_TYPES[store.type] ?? "ca", store.name);
    if (files === undefined) throw missingStore(store);
    const named = files.map((content, index) => ({ name: `file ${index + 1}`, content: ownBytes(content) }));
    return await readTrustStore(store, named, crypto);
  };
}
