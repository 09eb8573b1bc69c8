/** Expiry: whether the signer still stands by the signature. */
import { failed, passed, type ValidationResult } from "./outcome.ts";
import type { SignedAttributes } from "../envelope/envelope.ts";

/**
 * Compares the signed expiry with the instant of verification. A timestamp never rescues an expired signature.
 *
 * @param attributes Signed attributes of an envelope whose integrity is proven.
 * @param at Instant of verification, from `ports.now()`.
 * @returns `passed` when no expiry is signed or `at` is before it; otherwise `failed` with `SIGNATURE_EXPIRED`.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Signature Verification details", expiry.
 */
export function validateExpiry({ expiry }: SignedAttributes, at: Date): ValidationResult {
  if (expiry === undefined) return NO_EXPIRY;
  const evidence = { expiry: expiry.instant.toISOString(), verifiedAt: at.toISOString() };
  if (at < expiry.instant) return passed(evidence);
  return failed(
    "SIGNATURE_EXPIRED",
    `Cannot accept the signature: it expired at ${evidence.expiry}, verified at ${evidence.verifiedAt}`,
    expiry.offsetMinutes === undefined ? evidence : { ...evidence, offsetMinutes: expiry.offsetMinutes },
  );
}

const NO_EXPIRY = passed({ expiry: "none signed" });
