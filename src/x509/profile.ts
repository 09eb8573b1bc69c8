/**
 * What the Notary Project asks of each certificate of a signing chain, as a table of rules; `signing_chain.ts` applies
 * it.
 *
 * Spec: Notary Project, signature-specification.md, "Certificate Requirements". Where the reference implementation asks
 * for less than the specification the rule follows the specification, and its finding has no `reference` text.
 */
import { keySpecOf, signatureAlgorithmOfKey } from "../crypto/mod.ts";
import { UnsupportedError } from "../errors.ts";
import { algorithmName } from "./algorithm_names.ts";
import type { Certificate } from "./certificate.ts";
import { extensionOf, type KeyUsage } from "./extensions.ts";
import { formatName, quoteText } from "./name.ts";

/** Names of the rules; they never change their meaning. */
export type ChainRule =
  | "chain-not-empty"
  | "self-signed"
  | "self-issued"
  | "root-self-signed"
  | "self-signed-only-at-the-end"
  | "issued-by-the-next"
  | "signature-algorithm"
  | "leaf-basic-constraints"
  | "ca-basic-constraints"
  | "ca-basic-constraints-critical"
  | "path-length"
  | "key-usage-present"
  | "key-usage-critical"
  | "key-usage-digital-signature"
  | "key-usage-forbidden"
  | "key-usage-cert-sign"
  | "extended-key-usage"
  | "extended-key-usage-timestamping"
  | "extended-key-usage-critical"
  | "ca-extended-key-usage"
  | "key-size";

/** Where the specification asks for more of a chain than the reference implementation does, by name. */
export type ChainStrictRule =
  | "any-purpose"
  | "ca-constraints-critical"
  | "ca-keys"
  | "ca-key-kinds"
  | "no-sha-1"
  | "rsa-2047";

/** What a rule found wrong with a certificate. */
export interface Finding {
  /** Continues `certificate "CN=…" `: what it is and what was expected. */
  readonly message: string;
  /** The reference implementation's sentence, where it refuses too. */
  readonly reference?: string;
  /** Where it accepts: which of our rules it does not have. */
  readonly strictRule?: ChainStrictRule;
}

/** A rule about one certificate of a chain. */
export interface CertificateRule {
  readonly rule: ChainRule;
  /** @param index Place in the chain, the leaf being 0. */
  readonly check: (certificate: Certificate, index: number) => Finding | undefined;
}

/** What a chain is for, as the rules of its certificates. */
export interface ChainProfile {
  readonly leafRules: readonly CertificateRule[];
  readonly caRules: readonly CertificateRule[];
}

/** For the first certificate, a lone self-signed one included. */
export const LEAF_RULES: readonly CertificateRule[] = [
  { rule: "leaf-basic-constraints", check: checkLeafBasicConstraints },
  { rule: "key-usage-present", check: checkKeyUsagePresent },
  { rule: "key-usage-critical", check: checkKeyUsageCritical },
  { rule: "key-usage-digital-signature", check: checkDigitalSignature },
  { rule: "key-usage-forbidden", check: checkForbiddenUsages },
  { rule: "extended-key-usage", check: checkExtendedKeyUsage },
  { rule: "key-size", check: checkLeafKey },
  { rule: "signature-algorithm", check: checkSignatureAlgorithm },
];

/** For all others. */
export const CA_RULES: readonly CertificateRule[] = [
  { rule: "ca-basic-constraints", check: checkCaBasicConstraints },
  { rule: "ca-basic-constraints-critical", check: checkCaBasicConstraintsCritical },
  { rule: "path-length", check: checkPathLength },
  { rule: "key-usage-present", check: checkKeyUsagePresent },
  { rule: "key-usage-critical", check: checkKeyUsageCritical },
  { rule: "key-usage-cert-sign", check: checkCertSign },
  { rule: "key-size", check: checkCaKey },
  { rule: "signature-algorithm", check: checkSignatureAlgorithm },
];

function withSubject(certificate: Certificate, text: string): string {
  return `certificate with subject ${quoteText(formatName(certificate.subject))}: ${text}`;
}

function checkLeafBasicConstraints(certificate: Certificate): Finding | undefined {
  if (extensionOf(certificate, "basicConstraints")?.value.isCa !== true) return undefined;
  return {
    message: "is a CA, expected a signing certificate with cA false",
    reference: withSubject(
      certificate,
      "if the basic constraints extension is present, the ca field must be set to false",
    ),
  };
}

function checkCaBasicConstraints(certificate: Certificate): Finding | undefined {
  if (extensionOf(certificate, "basicConstraints")?.value.isCa === true) return undefined;
  return {
    message: "is not a CA, expected basicConstraints with cA true",
    reference: withSubject(
      certificate,
      "ca field in basic constraints must be present, critical, and set to true",
    ),
  };
}

function checkCaBasicConstraintsCritical(certificate: Certificate): Finding | undefined {
  if (extensionOf(certificate, "basicConstraints")?.critical !== false) return undefined;
  return { message: "has basicConstraints that are not critical", strictRule: "ca-constraints-critical" };
}

/** The certificates between this one and the leaf may not be more than it allows (RFC 5280, section 4.2.1.9). */
function checkPathLength(certificate: Certificate, index: number): Finding | undefined {
  const pathLength = extensionOf(certificate, "basicConstraints")?.value.pathLength;
  const below = index - 1;
  if (pathLength === undefined || pathLength >= below) return undefined;
  return {
    message: `allows ${pathLength} CA certificates below it, the chain has ${below}`,
    reference: withSubject(
      certificate,
      `expected path length of ${below} but certificate has path length ${pathLength} instead`,
    ),
  };
}

function checkKeyUsagePresent(certificate: Certificate): Finding | undefined {
  if (extensionOf(certificate, "keyUsage") !== undefined) return undefined;
  return {
    message: "has no keyUsage",
    reference: withSubject(certificate, "key usage extension must be present"),
  };
}

function checkKeyUsageCritical(certificate: Certificate): Finding | undefined {
  if (extensionOf(certificate, "keyUsage")?.critical !== false) return undefined;
  return {
    message: "has a keyUsage that is not critical",
    reference: withSubject(certificate, "key usage extension must be marked critical"),
  };
}

function usagesOf(certificate: Certificate): ReadonlySet<KeyUsage> | undefined {
  return extensionOf(certificate, "keyUsage")?.value;
}

function checkCertSign(certificate: Certificate): Finding | undefined {
  const usages = usagesOf(certificate);
  if (usages === undefined || usages.has("keyCertSign")) return undefined;
  return {
    message: "may not sign certificates, expected keyUsage with keyCertSign",
    reference: withSubject(certificate, "key usage must have the bit positions for key cert sign set"),
  };
}

function checkDigitalSignature(certificate: Certificate): Finding | undefined {
  const usages = usagesOf(certificate);
  if (usages === undefined || usages.has("digitalSignature")) return undefined;
  return {
    message: "may not sign, expected keyUsage with digitalSignature",
    reference: `the certificate with subject ${quoteText(formatName(certificate.subject))} is invalid. ` +
      `The key usage must have the bit positions for "Digital Signature" set`,
  };
}

/** Usages a signing certificate may not have, by the reference's names and in its order. */
const FORBIDDEN_USAGES: readonly (readonly [KeyUsage, string])[] = [
  ["keyEncipherment", "KeyEncipherment"],
  ["dataEncipherment", "DataEncipherment"],
  ["keyAgreement", "KeyAgreement"],
  ["keyCertSign", "CertSign"],
  ["cRLSign", "CRLSign"],
  ["encipherOnly", "EncipherOnly"],
  ["decipherOnly", "DecipherOnly"],
];

function checkForbiddenUsages(certificate: Certificate): Finding | undefined {
  const usages = usagesOf(certificate);
  const found = FORBIDDEN_USAGES.filter(([usage]) => usages?.has(usage));
  if (found.length === 0) return undefined;
  return {
    message: `has keyUsage ${found.map(([usage]) => usage).join(", ")}, expected digitalSignature without these`,
    reference: `the certificate with subject ${quoteText(formatName(certificate.subject))} is invalid. ` +
      `The key usage must be "Digital Signature" only, but found ${found.map(([, name]) => `"${name}"`).join(", ")}`,
  };
}

/** Purposes a signing certificate may not have; the reference lets `any` pass. */
const FORBIDDEN_PURPOSES: readonly { readonly oid: string; readonly name: string; readonly referenceName?: string }[] =
  [
    { oid: "2.5.29.37.0", name: "any" },
    { oid: "1.3.6.1.5.5.7.3.1", name: "serverAuth", referenceName: "ServerAuth" },
    { oid: "1.3.6.1.5.5.7.3.2", name: "clientAuth", referenceName: "ClientAuth" },
    { oid: "1.3.6.1.5.5.7.3.4", name: "emailProtection", referenceName: "EmailProtection" },
    { oid: "1.3.6.1.5.5.7.3.8", name: "timeStamping", referenceName: "Timestamping" },
    { oid: "1.3.6.1.5.5.7.3.9", name: "OCSPSigning", referenceName: "OCSPSigning" },
  ];

function checkExtendedKeyUsage(certificate: Certificate): Finding | undefined {
  const purposes = extensionOf(certificate, "extKeyUsage")?.value ?? [];
  const found = purposes.flatMap((oid) => FORBIDDEN_PURPOSES.find((purpose) => purpose.oid === oid) ?? []);
  if (found.length === 0) return undefined;
  const message = `has extKeyUsage ${found.map(({ name }) => name).join(", ")}, expected none of these`;
  const referenceName = found.find((purpose) => purpose.referenceName !== undefined)?.referenceName;
  if (referenceName === undefined) return { message, strictRule: "any-purpose" };
  return {
    message,
    reference: withSubject(certificate, `extended key usage must not contain ${referenceName} eku`),
  };
}

/** A key that signs envelopes has one of the sizes of the algorithm table, to the bit. */
function checkLeafKey(certificate: Certificate): Finding | undefined {
  const key = certificate.publicKey;
  if (key.type === "unsupported") return unsupportedKey(certificate, key.oid);
  try {
    signatureAlgorithmOfKey(key);
    return undefined;
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
  }
  const message = `has a key of type ${keySpecOf(key)}, expected RSA of 2048, 3072 or 4096 bits or P-256, P-384, P-521`;
  // The reference counts whole octets of the modulus, so it takes 2047 bits for 2048.
  const rounded = Math.ceil(key.sizeBits / 8) * 8;
  if ([2048, 3072, 4096].includes(rounded)) return { message, strictRule: "rsa-2047" };
  return { message, reference: withSubject(certificate, `rsa key size ${rounded} bits is not supported`) };
}

/** Curves known by size only, to word what the reference says of them. */
const OTHER_CURVE_BITS: Readonly<Record<string, number>> = { "1.3.132.0.33": 224 };

function unsupportedKey(certificate: Certificate, oid: string): Finding {
  const bits = OTHER_CURVE_BITS[oid];
  return {
    message: `has a key of type ${algorithmName(oid)}, expected RSA or one of the curves P-256, P-384, P-521`,
    reference: withSubject(
      certificate,
      bits === undefined ? "unsupported public key type" : `ecdsa key size ${bits} bits is not supported`,
    ),
  };
}

const MIN_RSA_BITS = 2048;
/** RSA keys of fewer bits the reference's library does not compute with. */
const LEAST_RSA_BITS = 1024;

/** The reference measures the leaf's key only. */
function checkCaKey(certificate: Certificate): Finding | undefined {
  const key = certificate.publicKey;
  if (key.type === "unsupported") {
    const message = `has a key of type ${algorithmName(key.oid)}, expected RSA or P-256, P-384, P-521`;
    return { message, strictRule: "ca-key-kinds" };
  }
  if (key.type === "EC" || key.sizeBits >= MIN_RSA_BITS) return undefined;
  const message = `has an RSA key of ${key.sizeBits} bits, expected ${MIN_RSA_BITS} or more`;
  return key.sizeBits < LEAST_RSA_BITS ? { message } : { message, strictRule: "ca-keys" };
}

function checkSignatureAlgorithm({ signatureAlgorithm, signatureAlgorithmOid }: Certificate): Finding | undefined {
  if (signatureAlgorithm !== undefined) return undefined;
  return {
    message: `is signed with ${
      algorithmName(signatureAlgorithmOid)
    }, expected RSA or ECDSA with SHA-256, SHA-384 or SHA-512`,
  };
}
