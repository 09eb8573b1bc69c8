/**
 * Why our verdict on a certification path differs from OpenSSL's: the closed list for the rows in `path_rows/`. OpenSSL
 * validates a path as RFC 5280 has it (`-x509_strict`, any purpose); the Notary Project asks for a profile of its own.
 */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  // Stricter
  "signer-profile":
    "Notary Project, Certificate Requirements: what the certificate of a signer or a CA must be and must not be for; asked for any purpose, OpenSSL does not look.",
  "whole-chain-in-order":
    "Notary Project, Certificate Requirements: the envelope holds the whole chain, leaf to root, in order and nothing else; OpenSSL looks for a path among what it is given.",
  "root-is-judged":
    "Notary Project, Certificate Requirements: the rules hold for every certificate of the chain; to OpenSSL a trusted root is a name and a key.",
  "anchor-by-bytes":
    "Notary Project, Trust Store: a certificate is trusted, not a name and a key that another one may have too.",
  "names-by-bytes":
    "Issuer and subject are compared byte by byte, as the reference implementation does; OpenSSL folds case, white space and string types (RFC 5280, section 7.1).",
  "self-issued-count":
    "The reference implementation counts every CA between for the path length; RFC 5280, section 4.2.1.9, leaves self-issued ones out.",
  "algorithms":
    "Notary Project, Algorithm Selection: RSA from 2048 bits on, P-256, P-384 or P-521, no SHA-1, in every certificate; OpenSSL's security level leaves it open here.",
  "der":
    "A certificate is one DER structure, with nothing behind it and each value in its one form; OpenSSL reads BER.",
  "serial-number": "RFC 5280, section 4.1.2.2: serial numbers are not negative; OpenSSL does not look.",
  "extension-twice": "RFC 5280, section 4.2: each extension occurs once; OpenSSL looks at those it knows only.",
  "limits": "At most 64 extensions are read.",
  // Laxer
  "other-extensions":
    "Notary Project, Certificate Requirements: basicConstraints, keyUsage and extKeyUsage are honoured, all other extensions are ignored, critical or not; OpenSSL processes name constraints, policies and key identifiers and refuses what it does not know.",
  "last-second": "RFC 5280, section 4.1.2.5: the validity period includes notAfter; OpenSSL ends it one second before.",
  "not-asked": "RFC 5280 asks it of those who issue certificates; its path validation (section 6.1) does not look.",
};
