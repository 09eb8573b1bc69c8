/**
 * Certificates as data, and the chain rules of the Notary Project (RFC 5280; Notary Project,
 * signature-specification.md, "Certificate Requirements").
 *
 * ```ts
 * const [certificate] = parseCertificates(pemBytes);
 * formatName(certificate.subject); // "CN=test,O=Notary,L=Seattle,ST=WA,C=US"
 * const chain = await validateSigningChain([certificate], crypto);
 * ```
 */
export { type Certificate, type CertificatePublicKey, validAt } from "./certificate.ts";
export { readCertificate, readCertificateFromBase64 } from "./cache.ts";
export { parseCertificates } from "./parse.ts";
export { type Extension, readExtensions } from "./extension_list.ts";
export { extensionOf, KEY_USAGES, revocationSources } from "./extensions.ts";
export { type DistinguishedName, formatName, quoteText, readName, sameName } from "./name.ts";
export { fingerprint } from "./fingerprint.ts";
export {
  type CertificateReport,
  type ChainRole,
  reportSigningChain,
  reportTimestampingChain,
  type RuleReport,
} from "./chain_report.ts";
export { type SignedStructure, verifyCertificateSignature } from "./signature.ts";
export type { ChainRule, ChainStrictRule } from "./profile.ts";
export { findPaths, type FoundPaths, type PathSearch } from "./certification_path.ts";
export {
  type ChainFailure,
  type ChainValidation,
  validateSigningChain,
  validateTimestampingChain,
} from "./signing_chain.ts";
