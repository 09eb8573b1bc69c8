/**
 * Named trust stores. Whatever they are kept in, a folder or memory, the certificates go through the checks of
 * `anchor.ts`: `ca` and `signingAuthority` hold CAs and self-signed signing certificates, `tsa` holds roots.
 */
import { printable } from "../../encoding/mod.ts";
import { ConfigurationError, EngineError, toEngineError } from "../../errors.ts";
import type { CryptoProvider } from "../../ports.ts";
import { type Certificate, parseCertificates, quoteText } from "../../x509/mod.ts";
import type { ReferenceCause } from "../envelope/refuse.ts";
import { passesOver, type Relaxations } from "../envelope/strict_rules.ts";
import { findAnchorFault } from "./anchor.ts";
import type { TrustStoreType } from "./trust.ts";

/** The types of trust stores, as folders and trust policies spell them. */
const TRUST_STORE_TYPES: readonly TrustStoreType[] = ["ca", "signingAuthority", "tsa"];

/** `ca:wabbit-networks.io` in a trust policy. */
export interface TrustStoreName {
  readonly type: TrustStoreType;
  readonly name: string;
}

/**
 * Gives the certificates of a store: at least one, all checked.
 *
 * @throws {ConfigurationError} `ERR_TRUST_STORE_EMPTY` when there is no such store or nothing in it, `ERR_TRUST_STORE`
 * when one of its files cannot be read or a certificate of it may not be there.
 */
export type TrustStore = (store: TrustStoreName) => Promise<readonly Certificate[]>;

/** What is kept in one file of a store: PEM with one or several certificates, or DER. */
export interface TrustStoreFile {
  /** Names it in messages. */
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** The reference's sentences about a store: the first alone says what, the second is what lies below. */
export interface TrustStoreCause extends ReferenceCause {
  readonly inner?: string;
}

/** The second of the reference's sentences about an error of a trust store. */
export function innerReferenceOf({ cause }: EngineError): string | undefined {
  if (typeof cause !== "object" || cause === null || !("inner" in cause)) return undefined;
  return typeof cause.inner === "string" ? cause.inner : undefined;
}

/** Why a text of a trust policy names no store. */
export interface TrustStoreFault {
  readonly rule: string;
  readonly reference: string;
}

const STORE_NAME = /^[A-Za-z0-9_.-]+$/;

/**
 * Reads `TYPE:NAME`.
 *
 * @param statement Name of the statement, for the reference's sentences.
 * @param relaxations Under `compat` alone: takes up what is passed over.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Trust Policy Properties", trustStores.
 */
export function parseTrustStoreName(
  text: string,
  statement: string,
  relaxations?: Relaxations,
): TrustStoreName | TrustStoreFault {
  const policy = `trust policy statement ${quoteText(statement)}`;
  const colon = text.indexOf(":");
  if (colon < 0) {
    return {
      rule: 'it has no ":", expected TYPE:NAME',
      reference: `${policy} has malformed trust store value ${quoteText(text)}. The required format is ` +
        "<TrustStoreType>:<TrustStoreName>",
    };
  }
  const [given, name] = [text.slice(0, colon), text.slice(colon + 1)];
  const type = TRUST_STORE_TYPES.find((known) => known === given);
  if (type === undefined) {
    return {
      rule: `no such type, expected "ca", "signingAuthority" or "tsa" before the colon`,
      reference: `${policy} uses an unsupported trust store type ${quoteText(given)} in trust store value ` +
        quoteText(text),
    };
  }
  const reference = `${policy} uses an unsupported trust store name ${quoteText(name)} in trust store value ` +
    `${quoteText(text)}. Named store name needs to follow [a-zA-Z0-9_.-]+ format`;
  if (!STORE_NAME.test(name)) {
    return { rule: "no name of a store, expected letters, digits, _, . and - behind the colon", reference };
  }
  // A folder of another meaning: the type's own, or the one above.
  if ((name === "." || name === "..") && !passesOver(relaxations, "trust-store-folder-name")) {
    return { rule: `"${name}" is a folder of another meaning, expected a name`, reference };
  }
  return { type, name };
}

/**
 * The certificates of a store from its files, checked.
 *
 * @throws {ConfigurationError} `ERR_TRUST_STORE` naming file and certificate; `ERR_TRUST_STORE_EMPTY` without any file.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Trust Store".
 */
export async function readTrustStore(
  store: TrustStoreName,
  files: readonly TrustStoreFile[],
  crypto: Pick<CryptoProvider, "verify">,
): Promise<readonly Certificate[]> {
  const certificates: Certificate[] = [];
  for (const file of files) {
    const read = readFile(store, file);
    await checkTrustAnchors(store, read, crypto, file.name);
    certificates.push(...read);
  }
  if (certificates.length > 0) return certificates;
  throw new ConfigurationError(
    "ERR_TRUST_STORE_EMPTY",
    `Cannot use trust store "${storeText(store)}": it holds no certificate, expected at least one`,
    {
      cause: {
        reference: `no x509 certificates were found in trust store ${quoteText(store.name)} of type ` +
          quoteText(store.type),
      } satisfies TrustStoreCause,
    },
  );
}

/**
 * Checks that certificates may be in a store of this type, by {@link findAnchorFault}.
 *
 * @param file Names where they are from, in messages.
 * @throws {ConfigurationError} `ERR_TRUST_STORE` naming the first certificate that may not.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Trust Store".
 */
export async function checkTrustAnchors(
  store: TrustStoreName,
  certificates: readonly Certificate[],
  crypto: Pick<CryptoProvider, "verify">,
  file = "certificates",
): Promise<void> {
  const fault = await findAnchorFault(store.type, certificates, crypto);
  if (fault === undefined) return;
  const where = `${file} in trust store ${store.name} of type ${store.type}`;
  const { what, reference: inner, check } = fault;
  throw refuse(store, file, what, {
    reference: check === "vouching"
      ? `failed to validate the trusted certificate ${where}`
      : `trusted certificate ${where} is invalid: ${inner}`,
    inner,
  });
}

/**
 * A trust store in memory.
 *
 * @param stores `TYPE:NAME` → its files, or one file's content.
 * @throws {ConfigurationError} `ERR_CONFIG` for a key that names no store.
 */
export function createMemoryTrustStore(
  stores: Readonly<Record<string, string | Uint8Array | readonly TrustStoreFile[]>>,
  crypto: Pick<CryptoProvider, "verify">,
): TrustStore {
  const kept = new Map(
    Object.entries(stores).map(([key, content]) => {
      const store = parseTrustStoreName(key, "");
      if ("rule" in store) {
        throw new ConfigurationError("ERR_CONFIG", `Cannot keep trust store "${printable(key)}": ${store.rule}`);
      }
      const files = typeof content === "string" || content instanceof Uint8Array ? [{ name: key, content }] : content;
      return [key, files] as const;
    }),
  );
  return async (store) => {
    const files = kept.get(storeText(store));
    if (files === undefined) throw missingStore(store);
    return await readTrustStore(store, files, crypto);
  };
}

/** The error for a store that does not exist. */
export function missingStore(store: TrustStoreName): ConfigurationError {
  return new ConfigurationError(
    "ERR_TRUST_STORE_EMPTY",
    `Cannot use trust store "${storeText(store)}": it does not exist`,
    {
      cause: {
        reference: `the trust store ${quoteText(store.name)} of type ${quoteText(store.type)} does not exist`,
      } satisfies TrustStoreCause,
    },
  );
}

/** `ca:wabbit-networks.io`. */
export function storeText({ type, name }: TrustStoreName): string {
  return `${type}:${name}`;
}

function readFile(store: TrustStoreName, { name, content }: TrustStoreFile): readonly Certificate[] {
  const file = `the trusted certificate ${name} in trust store ${store.name} of type ${store.type}`;
  if (content.length === 0) {
    throw refuse(store, name, "it is empty, expected certificates as PEM or DER", {
      reference: `failed to validate ${file}`,
      inner: "input certs cannot be empty",
    });
  }
  try {
    return parseCertificates(content);
  } catch (thrown) {
    const { code, message } = toEngineError(thrown, "Cannot parse certificates");
    throw refuse(store, name, `${message} (${code})`, {
      reference: `failed to read ${file}`,
      inner: "x509: malformed certificate",
    });
  }
}

function refuse(store: TrustStoreName, file: string, what: string, cause: TrustStoreCause): ConfigurationError {
  const message = `Cannot use trust store "${storeText(store)}": file "${printable(file)}": ${what}`;
  return new ConfigurationError("ERR_TRUST_STORE", message, { cause });
}
