/** The members of a decoded certificate that take more than naming: names, keys, what extensions say. */
import {
  contextTag,
  decodeUtf8,
  derChildren,
  derContent,
  type DerNode,
  encodeBase64,
  readBitStringBytes,
  readDer,
  readInteger,
  readOctetString,
  readOid,
  readSequence,
} from "../../encoding/mod.ts";
import type { SignatureAlgorithm } from "../../ports.ts";
import { type DistinguishedName, type Extension, extensionOf, KEY_USAGES } from "../../x509/mod.ts";
import { bareFailure } from "./failure.ts";

/** `1.2.840` → [1, 2, 840]. */
export const numbersOf = (oid: string): readonly number[] => oid.split(".").map(Number);

const orNull = <Item>(list: readonly Item[]): readonly Item[] | null => list.length === 0 ? null : list;

/** A name with the members of Go's `pkix.Name`. */
export function nameOf({ attributes }: DistinguishedName): unknown {
  const all = (type: string) => attributes.filter((one) => one.type === type).map(({ value }) => value);
  return {
    Country: orNull(all("2.5.4.6")),
    Organization: orNull(all("2.5.4.10")),
    OrganizationalUnit: orNull(all("2.5.4.11")),
    Locality: orNull(all("2.5.4.7")),
    Province: orNull(all("2.5.4.8")),
    StreetAddress: orNull(all("2.5.4.9")),
    PostalCode: orNull(all("2.5.4.17")),
    SerialNumber: all("2.5.4.5").at(-1) ?? "",
    CommonName: all("2.5.4.3").at(-1) ?? "",
    Names: orNull(attributes.map(({ type, value }) => ({ Type: numbersOf(type), Value: value }))),
    ExtraNames: null,
  };
}

const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";

/** @param spki SubjectPublicKeyInfo, DER. */
export function publicKeyMembers(spki: Uint8Array): Readonly<Record<string, unknown>> {
  const [algorithm, bits] = readSequence(readDer(spki), "subjectPublicKeyInfo");
  const [oid] = readSequence(algorithm, "algorithm");
  if (readOid(oid, "algorithm") !== RSA_ENCRYPTION) throw bareFailure("certificate should use rsa algorithm");
  const [modulus, exponent] = readSequence(readDer(readBitStringBytes(bits, "subjectPublicKey")), "RSAPublicKey");
  return {
    RawSubjectPublicKeyInfo: encodeBase64(spki),
    PublicKeyAlgorithm: 1,
    PublicKey: {
      N: readInteger(modulus, "modulus").toString(),
      E: Number(readInteger(exponent, "publicExponent")),
    },
  };
}

/** Go's numbers of signature algorithms; 0 is unknown. */
const SIGNATURE_OIDS: Readonly<Record<string, number>> = {
  "1.2.840.113549.1.1.4": 2,
  "1.2.840.113549.1.1.5": 3,
  "1.2.840.113549.1.1.11": 4,
  "1.2.840.113549.1.1.12": 5,
  "1.2.840.113549.1.1.13": 6,
  "1.2.840.10045.4.1": 9,
  "1.2.840.10045.4.3.2": 10,
  "1.2.840.10045.4.3.3": 11,
  "1.2.840.10045.4.3.4": 12,
  "1.3.101.112": 16,
};
const PSS_NUMBERS: Readonly<Record<string, number>> = { "256": 13, "384": 14, "512": 15 };
const PSS = "1.2.840.113549.1.1.10";

/** The number Go has for a signature algorithm. */
export function signatureNumber(oid: string, algorithm: SignatureAlgorithm | undefined): number {
  if (oid === PSS) return PSS_NUMBERS[/\d{3}$/.exec(algorithm ?? "")?.[0] ?? ""] ?? 0;
  return SIGNATURE_OIDS[oid] ?? 0;
}

/** Go's numbers of extended key usages. */
const KEY_PURPOSES: ReadonlyMap<string, number> = new Map([
  ["2.5.29.37.0", 0],
  ["1.3.6.1.5.5.7.3.1", 1],
  ["1.3.6.1.5.5.7.3.2", 2],
  ["1.3.6.1.5.5.7.3.3", 3],
  ["1.3.6.1.5.5.7.3.4", 4],
  ["1.3.6.1.5.5.7.3.5", 5],
  ["1.3.6.1.5.5.7.3.6", 6],
  ["1.3.6.1.5.5.7.3.7", 7],
  ["1.3.6.1.5.5.7.3.8", 8],
  ["1.3.6.1.5.5.7.3.9", 9],
  ["1.3.6.1.4.1.311.10.3.3", 10],
  ["2.16.840.1.113730.4.1", 11],
  ["1.3.6.1.4.1.311.2.1.22", 12],
  ["1.3.6.1.4.1.311.61.1.1", 13],
]);

/** Extensions that say more than is shown here: a certificate with one is refused, and not shown as if it had none. */
const NOT_SHOWN: ReadonlyMap<string, string> = new Map([
  ["2.5.29.30", "nameConstraints"],
  ["2.5.29.33", "policyMappings"],
  ["2.5.29.36", "policyConstraints"],
  ["2.5.29.54", "inhibitAnyPolicy"],
]);

/** What is made of an extension here. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  "2.5.29.14",
  "2.5.29.15",
  "2.5.29.17",
  "2.5.29.19",
  "2.5.29.31",
  "2.5.29.32",
  "2.5.29.35",
  "2.5.29.37",
  "1.3.6.1.5.5.7.1.1",
]);

/** Everything Go reads out of extensions. */
export function extensionMembers(certificate: { readonly extensions: ReadonlyMap<string, Extension> }) {
  const { extensions } = certificate;
  const found = (oid: string): DerNode | undefined => {
    const extension = extensions.get(oid);
    return extension === undefined ? undefined : readDer(extension.value);
  };
  for (const [oid, name] of NOT_SHOWN) {
    if (extensions.has(oid)) throw bareFailure(`x509_decode: the extension ${name} is not shown here`);
  }
  const constraints = extensionOf(certificate, "basicConstraints")?.value;
  const usage = extensionOf(certificate, "keyUsage")?.value;
  const purposes = extensionOf(certificate, "extKeyUsage")?.value ?? [];
  const names = alternativeNames(found("2.5.29.17"));
  const policies = policiesOf(found("2.5.29.32"));
  const unknown = [...extensions.values()].filter(({ oid, critical }) => critical && !UNDERSTOOD.has(oid));
  return {
    UnhandledCriticalExtensions: orNull(unknown.map(({ oid }) => numbersOf(oid))),
    KeyUsage: KEY_USAGES.reduce((bits, name, index) => usage?.has(name) ? bits | 1 << index : bits, 0),
    ExtKeyUsage: orNull(purposes.flatMap((oid) => KEY_PURPOSES.get(oid) ?? [])),
    UnknownExtKeyUsage: orNull(purposes.filter((oid) => !KEY_PURPOSES.has(oid)).map(numbersOf)),
    BasicConstraintsValid: constraints !== undefined,
    IsCA: constraints?.isCa ?? false,
    MaxPathLen: constraints === undefined ? 0 : constraints.pathLength ?? -1,
    MaxPathLenZero: constraints?.pathLength === 0,
    SubjectKeyId: subjectKeyId(found("2.5.29.14")),
    AuthorityKeyId: authorityKeyId(found("2.5.29.35")),
    ...accessMembers(found("1.3.6.1.5.5.7.1.1")),
    ...names,
    PermittedDNSDomainsCritical: false,
    PermittedDNSDomains: null,
    ExcludedDNSDomains: null,
    PermittedIPRanges: null,
    ExcludedIPRanges: null,
    PermittedEmailAddresses: null,
    ExcludedEmailAddresses: null,
    PermittedURIDomains: null,
    ExcludedURIDomains: null,
    CRLDistributionPoints: orNull(distributionPoints(found("2.5.29.31"))),
    PolicyIdentifiers: orNull(policies.map(numbersOf)),
    Policies: orNull(policies),
    PolicyMappings: null,
    InhibitAnyPolicy: 0,
    InhibitAnyPolicyZero: false,
    InhibitPolicyMapping: 0,
    InhibitPolicyMappingZero: false,
    RequireExplicitPolicy: 0,
    RequireExplicitPolicyZero: false,
  };
}

function subjectKeyId(root: DerNode | undefined): string | null {
  return root === undefined ? null : encodeBase64(readOctetString(root, "subjectKeyIdentifier"));
}

function authorityKeyId(root: DerNode | undefined): string | null {
  if (root === undefined) return null;
  const id = readSequence(root, "authorityKeyIdentifier").find(({ tag }) => tag === contextTag(0, "primitive"));
  return id === undefined ? null : encodeBase64(derContent(id));
}

const URI = contextTag(6, "primitive");
const OCSP = "1.3.6.1.5.5.7.48.1";
const ISSUERS = "1.3.6.1.5.5.7.48.2";

function accessMembers(root: DerNode | undefined): Readonly<Record<string, unknown>> {
  const descriptions = root === undefined ? [] : readSequence(root, "authorityInfoAccess").map((description) => {
    const [method, location] = readSequence(description, "accessDescription");
    return { method: readOid(method, "accessMethod"), location };
  });
  const urls = (wanted: string) =>
    descriptions.flatMap(({ method, location }) =>
      method === wanted && location?.tag === URI ? [decodeUtf8(derContent(location))] : []
    );
  return { OCSPServer: orNull(urls(OCSP)), IssuingCertificateURL: orNull(urls(ISSUERS)) };
}

function distributionPoints(root: DerNode | undefined): readonly string[] {
  const inside = (node: DerNode): readonly DerNode[] => derChildren(node).filter(({ tag }) => tag === CONSTRUCTED);
  return root === undefined
    ? []
    : readSequence(root, "cRLDistributionPoints").flatMap((point) =>
      inside(point).flatMap(inside).flatMap(derChildren).filter(({ tag }) => tag === URI)
        .map((node) => decodeUtf8(derContent(node)))
    );
}

const CONSTRUCTED = contextTag(0, "constructed");

function policiesOf(root: DerNode | undefined): readonly string[] {
  if (root === undefined) return [];
  return readSequence(root, "certificatePolicies").map((policy) =>
    readOid(readSequence(policy, "policyInformation")[0], "policyIdentifier")
  );
}

function alternativeNames(root: DerNode | undefined) {
  const names = root === undefined ? [] : readSequence(root, "subjectAltName");
  const of = (number: number) =>
    names.filter(({ tag }) => tag === contextTag(number, "primitive")).map((node) => derContent(node));
  return {
    DNSNames: orNull(of(2).map((bytes) => decodeUtf8(bytes))),
    EmailAddresses: orNull(of(1).map((bytes) => decodeUtf8(bytes))),
    IPAddresses: orNull(of(7).map(addressText)),
    URIs: orNull(of(6).map((bytes) => urlMembers(decodeUtf8(bytes)))),
  };
}

/** Spec: RFC 5952, section 4. */
function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw bareFailure("x509: cannot parse IP address");
  const groups = Array.from(
    { length: 8 },
    (_, index) => ((bytes[2 * index] ?? 0) << 8 | (bytes[2 * index + 1] ?? 0)).toString(16),
  );
  const text = groups.join(":");
  const runs = [...text.matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)].sort((one, other) =>
    other[0].length - one[0].length
  );
  const [longest] = runs;
  if (longest === undefined) return text;
  return `${text.slice(0, longest.index).replace(/:$/, "")}::${
    text.slice(longest.index + longest[0].length).replace(/^:/, "")
  }`;
}

/** The members of Go's `url.URL`. */
function urlMembers(text: string): unknown {
  const [, scheme = "", , host = "", path = "", query, fragment = ""] =
    /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/.exec(text) ?? [];
  const opaque = scheme !== "" && host === "" && !path.startsWith("/");
  if (host.includes("@") || /%/.test(path + fragment)) {
    throw bareFailure("x509_decode: the URL of a name is not shown here");
  }
  return {
    Scheme: scheme.toLowerCase(),
    Opaque: opaque ? path : "",
    User: null,
    Host: host,
    Path: opaque ? "" : path,
    RawPath: "",
    OmitHost: false,
    ForceQuery: query === "",
    RawQuery: query ?? "",
    Fragment: fragment,
    RawFragment: "",
  };
}
