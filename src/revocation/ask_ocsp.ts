/** Asks the OCSP responders of a certificate (RFC 6960). */
import { encodeHex, printable } from "../encoding/mod.ts";
import { type Certificate, extensionOf, formatName } from "../x509/mod.ts";
import { type OkAnswer, type RevocationAnswer, type RevokedAnswer, unknown } from "./answer.ts";
import { askCrls } from "./ask_crl.ts";
import { certificateIdOf, encodeCertificateId } from "./certificate_id.ts";
import { answerOrUnknown, type AskedSource, type Findings, type Inquiry } from "./inquiry.ts";
import { judgeOcspResponse, type OcspQuestion } from "./ocsp.ts";
import { encodeOcspRequest } from "./ocsp_request.ts";
import { MAX_OCSP_RESPONSE_BYTES } from "./ocsp_response.ts";
import { OCSP_TIMEOUT_MILLISECONDS } from "./in_flight.ts";

const SUPPLIED = "supplied OCSP response";

/**
 * Asks one responder after the other until one knows whether the certificate is revoked, or says that it does not know
 * it.
 *
 * Spec: RFC 6960, section 3; Notary Project, trust-store-trust-policy.md, "OCSP".
 */
export async function askOcsp(certificate: Certificate, issuer: Certificate, inquiry: Inquiry): Promise<Findings> {
  const urls = await answerOrUnknown(() =>
    Promise.resolve(extensionOf(certificate, "authorityInfoAccess")?.value ?? [])
  );
  if ("status" in urls) return { asked: [{ method: "ocsp", source: "authorityInfoAccess", answer: urls }] };
  const question: OcspQuestion = {
    certificate,
    issuer,
    at: inquiry.at,
    ...(inquiry.signedAt === undefined ? {} : { signedAt: inquiry.signedAt }),
  };
  const asked: AskedSource[] = [];
  // An older response next to a newer one: the worse counts.
  let supplied: OkAnswer | undefined;
  for (const response of inquiry.settings.supplied?.ocspResponses ?? []) {
    const answer = await judge(response, question, inquiry);
    if (answer.status === "unknown" && answer.problem === "other-certificate") continue;
    asked.push({ method: "ocsp", source: SUPPLIED, answer });
    if (answer.status === "revoked") return { asked, answer };
    if (answer.status === "ok") supplied ??= answer;
  }
  if (supplied !== undefined) return { asked, answer: supplied };
  for (const url of urls) {
    const answer = await askResponder(url, question, inquiry);
    asked.push({ method: "ocsp", source: url, answer });
    if (answer.status !== "unknown") return { asked, answer };
    if (answer.problem === "certificate-unknown") break;
  }
  return { asked };
}

async function askResponder(url: string, question: OcspQuestion, inquiry: Inquiry): Promise<RevocationAnswer> {
  const id = await answerOrUnknown(() => certificateIdOf(question.certificate, question.issuer, inquiry.ports.crypto));
  if ("status" in id) return id;
  const key = `${url} ${encodeHex(encodeCertificateId(id))}`;
  const kept = inquiry.ocspResponses.get(key, inquiry.at);
  if (kept !== undefined) {
    const answer = await judge(kept, question, inquiry);
    if (answer.status !== "unknown") return answer;
  }
  const nonce = inquiry.settings.createNonce?.();
  const bytes = await inquiry.fetch({
    url,
    body: { bytes: encodeOcspRequest(id, nonce), mediaType: "application/ocsp-request" },
    accept: "application/ocsp-response",
    maxBytes: MAX_OCSP_RESPONSE_BYTES,
  }, OCSP_TIMEOUT_MILLISECONDS);
  if ("status" in bytes) return bytes;
  const answer = await judge(bytes, nonce === undefined ? question : { ...question, nonce }, inquiry);
  if (answer.status !== "unknown" && answer.nextUpdate !== undefined) {
    inquiry.ocspResponses.put(key, bytes, bytes.length, inquiry.at, answer.nextUpdate);
  }
  return answer;
}

/** Judges a response, and where its signer was made a responder by the issuer, whether that was not taken back. */
async function judge(der: Uint8Array, question: OcspQuestion, inquiry: Inquiry): Promise<RevocationAnswer> {
  const judged = await answerOrUnknown(() => judgeOcspResponse(der, question, inquiry.ports.crypto));
  if ("status" in judged) return judged;
  const { answer, uncheckedResponder: responder } = judged;
  if (answer.status === "unknown" || responder === undefined) return answer;
  return await judgeResponder(answer, responder, question.issuer, inquiry);
}

/**
 * What a responder says, once its CRL says that it is not revoked itself; by OCSP it could speak for itself.
 *
 * Spec: RFC 6960, section 4.2.2.2.1.
 */
async function judgeResponder(
  answer: OkAnswer | RevokedAnswer,
  responder: Certificate,
  issuer: Certificate,
  inquiry: Inquiry,
): Promise<RevocationAnswer> {
  const name = `"${printable(formatName(responder.subject))}"`;
  const { asked, answer: found } = await askCrls(responder, issuer, inquiry);
  if (found?.status === "ok") return answer;
  if (found?.status === "revoked") {
    return unknown("responder-not-authorized", `is signed by ${name}, whose certificate is revoked`);
  }
  if (inquiry.settings.acceptUncheckedResponders === true) return answer;
  const reason = asked.at(-1)?.answer;
  const why = reason?.status === "unknown" ? `its CRL ${reason.message}` : "it names no CRL";
  return unknown("responder-unchecked", `is signed by ${name}, of which it is not known whether it is revoked: ${why}`);
}
