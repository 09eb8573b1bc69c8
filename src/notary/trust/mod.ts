/** Who is trusted, for which artifacts, how strictly (Notary Project, trust-store-trust-policy.md). */
export { STRICT, type ValidationAction, type ValidationType, type VerificationLevel } from "./level.ts";
export type { Trust } from "./trust.ts";
