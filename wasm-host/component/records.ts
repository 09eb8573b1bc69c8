/** Values of the engine as the records of `edge-notary.wit`, in the form JavaScript has of them. */
import type { Refusal } from "../../src/errors.ts";
import {
  firstRefusal,
  type InspectedCertificate,
  type ValidationType,
  type Verdict,
  verdict,
  type VerificationOutcome,
} from "../../src/notary/mod.ts";
import type { Descriptor } from "../../src/oci/mod.ts";

export interface RefusalRecord extends Pick<Refusal, "class" | "code" | "message" | "nextStep"> {
  readonly retryHelps: boolean;
}

export interface DescriptorRecord {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: bigint;
}

export interface AttributeRecord {
  readonly name: string;
  readonly value: string;
}

export interface CertificateRecord {
  readonly subject: string;
  readonly issuer: string;
  readonly fingerprint: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

export interface EnvelopeRecord {
  readonly mediaType: string;
  readonly content: Uint8Array;
}

type Status = "passed" | "failed" | "inconclusive" | "skipped";

export interface ValidationRecord {
  readonly name: string;
  readonly action: "enforce" | "log" | "skip";
  readonly status: Status;
  readonly refusal: RefusalRecord | undefined;
}

export interface SignatureRecord {
  readonly verdict: Verdict;
  readonly manifest: DescriptorRecord | undefined;
  readonly validations: readonly ValidationRecord[];
  readonly targetArtifact: Status;
  readonly refusal: RefusalRecord | undefined;
  readonly certificates: readonly CertificateRecord[];
  readonly userMetadata: readonly AttributeRecord[];
}

/** Each validation's name in the interface, in the order in which they are judged. */
const VALIDATION_NAMES: Readonly<Record<ValidationType, string>> = {
  integrity: "integrity",
  authenticity: "authenticity",
  expiry: "expiry",
  authenticTimestamp: "authentic-timestamp",
  revocation: "revocation",
};

export function refusalRecord({ class: kind, code, message, retry, nextStep }: Refusal): RefusalRecord {
  return { class: kind, code, message, retryHelps: retry, nextStep };
}

export function optionalRefusal(refusal: Refusal | undefined): RefusalRecord | undefined {
  return refusal === undefined ? undefined : refusalRecord(refusal);
}

export function descriptorRecord({ mediaType, digest, size }: Descriptor): DescriptorRecord {
  return { mediaType, digest, size: BigInt(size) };
}

export function attributeRecords(attributes: Readonly<Record<string, string>>): readonly AttributeRecord[] {
  return Object.entries(attributes).map(([name, value]) => ({ name, value }));
}

export function certificateRecord({ notBefore, notAfter, ...names }: InspectedCertificate): CertificateRecord {
  return { ...names, notBefore: notBefore.toISOString(), notAfter: notAfter.toISOString() };
}

export function signatureRecord(outcome: VerificationOutcome): SignatureRecord {
  const { signature, validations, targetArtifact, certificateChain, userMetadata } = outcome;
  return {
    verdict: verdict(outcome),
    manifest: signature === undefined ? undefined : descriptorRecord(signature),
    validations: (Object.keys(VALIDATION_NAMES) as ValidationType[]).map((type) => {
      const { action, result } = validations[type];
      const { status } = result;
      const refusal = "refusal" in result ? refusalRecord(result.refusal) : undefined;
      return { name: VALIDATION_NAMES[type], action, status, refusal };
    }),
    targetArtifact: targetArtifact.status,
    refusal: optionalRefusal(firstRefusal(outcome)),
    certificates: certificateChain.map(({ subject, issuer, fingerprint, notBefore, notAfter }) => ({
      subject,
      issuer,
      fingerprint,
      notBefore,
      notAfter,
    })),
    userMetadata: attributeRecords(userMetadata),
  };
}
