/** `x509_decode`: a certificate or a request for one as an object, with the members Go's `crypto/x509` has. */
import { encodeBase64, parsePem } from "../../encoding/mod.ts";
import type { ExpressionFunction } from "../../expressions/mod.ts";
import { readCertificateFromBase64 } from "../../x509/mod.ts";
import { extensionMembers, nameOf, numbersOf, publicKeyMembers, signatureNumber } from "./certificate_members.ts";
import { readCertificationRequest } from "./certification_request.ts";
import { bareFailure } from "./failure.ts";

export const CERTIFICATE_FUNCTIONS: readonly (readonly [string, ExpressionFunction])[] = [
  ["x509_decode", { parameters: [["string"]], evaluate: decode }],
];

/** The first block counts. Only RSA keys are shown, as by Kyverno. */
function decode(text: string): unknown {
  if (!text.includes("-----BEGIN ")) throw bareFailure("failed to decode PEM block");
  const [block] = parsePem(text);
  switch (block?.label) {
    case "CERTIFICATE":
      return decodeCertificate(block.der);
    case "CERTIFICATE REQUEST":
      return decodeRequest(block.der);
    default:
      throw bareFailure("PEM block neither contains a CERTIFICATE or CERTIFICATE REQUEST");
  }
}

const NOT_GIVEN = { ExtraExtensions: null } as const;

function decodeCertificate(der: Uint8Array): unknown {
  const certificate = readCertificateFromBase64(encodeBase64(der));
  const { version, serialNumber, issuer, subject, notBefore, notAfter, publicKey, extensions, signature } = certificate;
  const list = [...extensions.values()];
  return {
    Raw: encodeBase64(certificate.der),
    RawTBSCertificate: encodeBase64(certificate.tbs),
    RawSubject: encodeBase64(subject.der),
    RawIssuer: encodeBase64(issuer.der),
    ...publicKeyMembers(publicKey.spki),
    Signature: encodeBase64(signature),
    SignatureAlgorithm: signatureNumber(certificate.signatureAlgorithmOid, certificate.signatureAlgorithm),
    Version: version,
    SerialNumber: Number(BigInt(`0x${serialNumber}`)),
    Issuer: nameOf(issuer),
    Subject: nameOf(subject),
    NotBefore: timeOf(notBefore),
    NotAfter: timeOf(notAfter),
    Extensions: list.length === 0 ? null : list.map(shownExtension),
    ...NOT_GIVEN,
    ...extensionMembers(certificate),
  };
}

function decodeRequest(der: Uint8Array): unknown {
  const request = readCertificationRequest(der);
  const { DNSNames, EmailAddresses, IPAddresses, URIs } = extensionMembers(request);
  return {
    Raw: encodeBase64(der),
    RawTBSCertificateRequest: encodeBase64(request.info),
    RawSubject: encodeBase64(request.subject.der),
    ...publicKeyMembers(request.spki),
    Version: request.version,
    Signature: encodeBase64(request.signature),
    SignatureAlgorithm: signatureNumber(request.signatureAlgorithmOid, request.signatureAlgorithm),
    Subject: nameOf(request.subject),
    Attributes: request.attributes,
    Extensions: request.extensions.size === 0 ? null : [...request.extensions.values()].map(shownExtension),
    ...NOT_GIVEN,
    ...{ DNSNames, EmailAddresses, IPAddresses, URIs },
  };
}

function shownExtension({ oid, critical, value }: { oid: string; critical: boolean; value: Uint8Array }): unknown {
  return { Id: numbersOf(oid), Critical: critical, Value: encodeBase64(value) };
}

const timeOf = (date: Date): string => date.toISOString().replace(".000Z", "Z");
