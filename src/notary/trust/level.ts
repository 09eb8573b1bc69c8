/** Verification level → action per validation (Notary Project, trust-store-trust-policy.md, "Signature Verification details"). */

/** The validations of the Notary Project. */
export type ValidationType = "integrity" | "authenticity" | "authenticTimestamp" | "expiry" | "revocation";

/** What the level asks for when a validation does not pass. */
export type ValidationAction = "enforce" | "log" | "skip";

export interface VerificationLevel {
  readonly name: "strict" | "permissive" | "audit" | "skip" | "custom";
  readonly actions: Readonly<Record<ValidationType, ValidationAction>>;
}

/** Everything enforced: Kyverno's only level, and the default here. */
export const STRICT: VerificationLevel = {
  name: "strict",
  actions: {
    integrity: "enforce",
    authenticity: "enforce",
    authenticTimestamp: "enforce",
    expiry: "enforce",
    revocation: "enforce",
  },
};
