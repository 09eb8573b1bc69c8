/**
 * Certificate extensions: a table with one decoder each; what no decoder knows is kept as bytes (RFC 5280, section
 * 4.2).
 */
import {
  contextTag,
  decodeUtf8,
  derChildren,
  derContent,
  type DerNode,
  readBoolean,
  readDer,
  readNamedBits,
  readOid,
  readSequence,
  readSmallInteger,
  refuseRest,
  TAG,
} from "../encoding/mod.ts";
import { EngineError, MalformedError } from "../errors.ts";
import type { Certificate } from "./certificate.ts";
import type { Extension } from "./extension_list.ts";

export interface BasicConstraints {
  readonly isCa: boolean;
  /** CA certificates that may follow below this one, the leaf not counted. */
  readonly pathLength?: number;
}

/** Bits of KeyUsage by their names in RFC 5280, section 4.2.1.3. */
export const KEY_USAGES = [
  "digitalSignature",
  "contentCommitment",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

interface ExtensionValues {
  readonly basicConstraints: BasicConstraints;
  readonly keyUsage: ReadonlySet<KeyUsage>;
  /** Object identifiers. */
  readonly extKeyUsage: readonly string[];
  /** Where CRLs are, of the full names of all distribution points. */
  readonly crlDistributionPoints: readonly string[];
  /** OCSP responders. */
  readonly authorityInfoAccess: readonly string[];
}

type Decoders = { readonly [Name in keyof ExtensionValues]: Decoder<ExtensionValues[Name]> };
interface Decoder<Value> {
  readonly oid: string;
  readonly decode: (root: DerNode) => Value;
}

const DECODERS: Decoders = {
  basicConstraints: { oid: "2.5.29.19", decode: decodeBasicConstraints },
  keyUsage: { oid: "2.5.29.15", decode: decodeKeyUsage },
  extKeyUsage: { oid: "2.5.29.37", decode: decodeExtKeyUsage },
  crlDistributionPoints: { oid: "2.5.29.31", decode: decodeCrlDistributionPoints },
  authorityInfoAccess: { oid: "1.3.6.1.5.5.7.1.1", decode: decodeAuthorityInfoAccess },
};

/** The extensions a chain is judged by; they are decoded with the certificate, the others when they are asked for. */
export const HONOURED: readonly (keyof ExtensionValues)[] = ["basicConstraints", "keyUsage", "extKeyUsage"];

const decoded = new WeakMap<Extension, unknown>();

/**
 * An extension with its value decoded; decoded once.
 *
 * @returns `undefined` when the certificate does not have it.
 * @throws {MalformedError} `ERR_CERTIFICATE` when the value is not what its identifier says.
 */
export function extensionOf<Name extends keyof ExtensionValues>(
  { extensions }: Pick<Certificate, "extensions">,
  name: Name,
): { readonly critical: boolean; readonly value: ExtensionValues[Name] } | undefined {
  const { oid, decode } = DECODERS[name];
  const extension = extensions.get(oid);
  if (extension === undefined) return undefined;
  let value = decoded.get(extension) as ExtensionValues[Name] | undefined;
  if (value === undefined) {
    try {
      value = decode(readDer(extension.value));
    } catch (cause) {
      if (!(cause instanceof EngineError)) throw cause;
      throw new MalformedError("ERR_CERTIFICATE", `Cannot read extension "${name}": ${cause.message}`, { cause });
    }
    decoded.set(extension, value);
  }
  return { critical: extension.critical, value };
}

/**
 * Where a certificate's revocation could be asked: URLs of OCSP responders, then of CRLs. An extension that cannot be
 * read counts as one source, so that it is never taken for a certificate that names none.
 */
export function revocationSources(certificate: Certificate): readonly string[] {
  return [...sources(certificate, "authorityInfoAccess"), ...sources(certificate, "crlDistributionPoints")];
}

function sources(certificate: Certificate, name: "authorityInfoAccess" | "crlDistributionPoints"): readonly string[] {
  try {
    return extensionOf(certificate, name)?.value ?? [];
  } catch (error) {
    if (error instanceof MalformedError) return [`${name} (unreadable)`];
    throw error;
  }
}

/** Spec: RFC 5280, section 4.2.1.9. */
function decodeBasicConstraints(root: DerNode): BasicConstraints {
  const fields = [...readSequence(root, "basicConstraints")];
  const isCa = fields[0]?.tag === TAG.boolean ? readBoolean(fields.shift(), "cA") : false;
  const pathLength = fields.length === 0 ? undefined : readSmallInteger(fields.shift(), "pathLenConstraint");
  refuseRest(fields, "basicConstraints");
  return pathLength === undefined ? { isCa } : { isCa, pathLength };
}

/** Spec: RFC 5280, section 4.2.1.3. */
function decodeKeyUsage(root: DerNode): ReadonlySet<KeyUsage> {
  return new Set(readNamedBits(root, "keyUsage").flatMap((bit) => KEY_USAGES[bit] ?? []));
}

/** Spec: RFC 5280, section 4.2.1.12. */
function decodeExtKeyUsage(root: DerNode): readonly string[] {
  const purposes = readSequence(root, "extKeyUsage").map((node) => readOid(node, "keyPurposeId"));
  if (purposes.length === 0) throw new MalformedError("ERR_DER", "Cannot read DER: 0 key purposes, expected 1 or more");
  return purposes;
}

const URI = contextTag(6, "primitive");
const CONSTRUCTED_0 = contextTag(0, "constructed");
const FULL_NAME = CONSTRUCTED_0;

/** Spec: RFC 5280, section 4.2.1.13. A point without a URI still says that revocation is announced somewhere. */
function decodeCrlDistributionPoints(root: DerNode): readonly string[] {
  return readSequence(root, "cRLDistributionPoints").flatMap((point) => {
    const location = readSequence(point, "distributionPoint").find(({ tag }) => tag === CONSTRUCTED_0);
    const fullName = location === undefined ? undefined : derChildren(location).find(({ tag }) => tag === FULL_NAME);
    const urls = fullName === undefined ? [] : derChildren(fullName).filter(({ tag }) => tag === URI).map(readUri);
    return urls.length > 0 ? urls : ["a distribution point without a URL"];
  });
}

const OCSP = "1.3.6.1.5.5.7.48.1";

/** Spec: RFC 5280, section 4.2.2.1. Other access methods, such as the issuer's certificate, are left out. */
function decodeAuthorityInfoAccess(root: DerNode): readonly string[] {
  return readSequence(root, "authorityInfoAccess").flatMap((description) => {
    const [method, location, ...rest] = readSequence(description, "accessDescription");
    refuseRest(rest, "accessDescription");
    if (location === undefined || readOid(method, "accessMethod") !== OCSP) return [];
    return [location.tag === URI ? readUri(location) : "an OCSP responder without a URL"];
  });
}

function readUri(node: DerNode): string {
  return decodeUtf8(derContent(node));
}
