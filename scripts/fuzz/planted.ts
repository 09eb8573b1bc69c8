/** Bugs that fuzzing must find: each is put into the source text when it is bundled, never into the checkout. */
import type { KindName } from "./kinds.ts";

/** One replacement in one file. */
export interface PlantedBug {
  /** Below `src/`. */
  readonly file: string;
  /** Occurs once; otherwise the bundle is not made. */
  readonly text: string;
  readonly replacement: string;
  /** The kind of input that finds it first. */
  readonly kind: KindName;
  readonly about: string;
  /** What is then said of the mutant. */
  readonly found: RegExp;
}

/** The bugs by name. */
export const PLANTED: Readonly<Record<string, PlantedBug>> = {
  "signed-attributes": {
    file: "timestamp/signer_signature.ts",
    text: "equalBytes(messageDigest, await crypto.digest(hash, token.content))",
    replacement: "true",
    kind: "token",
    about: "the signed digest of a timestamp's content is not compared",
    found: /signed digest/,
  },
  "message-imprint": {
    file: "timestamp/verify.ts",
    text: "!equalBytes(hash, await crypto.digest(algorithm, message))",
    replacement: "hash.length === 0",
    kind: "token",
    about: "a timestamp's imprint is not compared with the signature",
    found: /imprint/,
  },
  "critical-headers": {
    file: "notary/verify/integrity.ts",
    text: "=> critical || PLUGIN_ATTRIBUTES",
    replacement: "=> critical === undefined || PLUGIN_ATTRIBUTES",
    kind: "envelope",
    about: "critical headers that nobody knows are passed over",
    found: /critical header/,
  },
  "envelope-signature": {
    file: "notary/verify/integrity.ts",
    text: "if (fits) return passed(evidence);",
    replacement: "return passed(evidence);",
    kind: "envelope",
    about: "an envelope's signature counts although it does not fit",
    found: /signature does not fit|not signed again/,
  },
  "chain-signature": {
    file: "x509/signing_chain.ts",
    text: "const fits = await verifyCertificateSignature(certificate, issuer, crypto);",
    replacement: "const fits = true;",
    kind: "certificate",
    about: "a certificate counts as issued by the next one without a signature",
    found: /issuer's key|not signed again/,
  },
  "crl-signature": {
    file: "revocation/crl_status.ts",
    text: "if (await signatureFits(crl, issuer, crypto)) return undefined;",
    replacement: "return undefined;",
    kind: "crl",
    about: "a CRL is believed whoever signed it",
    found: /signature does not fit|not signed again/,
  },
  "certificate-number": {
    file: "revocation/certificate_id.ts",
    text: "if (id.hash === undefined || id.serialNumber !== certificate.serialNumber) return false;",
    replacement: "if (id.hash === undefined) return false;",
    kind: "ocsp",
    about: "an OCSP status counts for every certificate of the issuer",
    found: /otherwise|of this number/,
  },
  "untyped-exception": {
    file: "x509/extension_list.ts",
    text: 'throw new MalformedError("ERR_DER", `extension ${extension.oid} occurs twice`);',
    replacement: 'throw new RangeError("twice");',
    kind: "certificate",
    about: "an extension that occurs twice is refused by an error of another class",
    found: /^threw RangeError/,
  },
  "endless-loop": {
    file: "encoding/der_values.ts",
    text: 'if (first === undefined) refuseDer(node.start, `"${what}" is an INTEGER without content`);',
    replacement: "while (first === undefined);",
    kind: "crl",
    about: "the reader of integers does not return from one without content",
    found: /did not come back/,
  },
};
