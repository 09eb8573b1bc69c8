/**
 * Where this engine asks for more than the reference implementation (notation-core-go 1.3.0, notation-go 1.3.2), or for
 * less: the one list of rules, each with the section that asks for it, what the reference does, and what `compat` does.
 *
 * `compat: true` is for comparing this engine with the reference, verdict for verdict. NEVER let it decide anything: it
 * passes over rules that the specification or an RFC has for good reasons. No command, webhook or page can switch it
 * on.
 */
import type { Leniency } from "./reference_json.ts";

/** What is known of a rule. */
export interface StrictRuleFacts {
  /** Where what we ask for stands. */
  readonly section: string;
  /** What the reference does with what breaks the rule. */
  readonly reference: string;
}

/** The rules by id, under what `compat` does with them; the ids are those of the list of deviations the tests keep. */
export const STRICT_RULES = {
  /** Passed over and noted. */
  relaxed: {
    "jws-further-member": {
      section: "Notary Project, signature-envelope-jws.md, JWS envelope",
      reference: "ignores it",
    },
    "json-names-exact": { section: "RFC 7515, section 5.3", reference: "folds capitals" },
    "json-names-once": { section: "RFC 7515, section 4", reference: "takes the last one" },
    "json-null": {
      section: "Notary Project, signature-envelope-jws.md, JWS envelope",
      reference: "takes it for absent",
    },
    "json-utf-8": { section: "RFC 8259, section 8.1", reference: "puts U+FFFD in the place of what is no UTF-8" },
    "base64url-strict": {
      section: "RFC 7515, section 2; RFC 4648, section 3",
      reference: "skips line breaks and bits left over",
    },
    "header-once": { section: "RFC 7515, section 7.2.1; RFC 9052, section 3", reference: "takes the one it asks for" },
    "rfc3339-strict": { section: "RFC 3339, section 5.6; RFC 8949, section 3.4.2", reference: "reads it as a time" },
    "expiry-year-1": {
      section: "Notary Project, signature-specification.md, Signed Attributes",
      reference: "takes it for no expiry",
    },
    "cose-one-time": {
      section: "Notary Project, signature-specification.md, Signed Attributes",
      reference: "ignores the other time",
    },
    "cose-unsigned-types": {
      section: "Notary Project, signature-envelope-cose.md, Unprotected Headers",
      reference: "ignores it",
    },
    "critical-attribute": {
      section: "Notary Project, signature-specification.md, Extended Attributes",
      reference: "passes over it",
    },
    "pss-salt": { section: "RFC 7518, section 3.5", reference: "takes any length in JWS" },
    "rsa-2047": {
      section: "Notary Project, signature-specification.md, Algorithm Selection",
      reference: "counts octets in JWS",
    },
    "any-purpose": {
      section: "Notary Project, signature-specification.md, Certificate Requirements",
      reference: "accepts it",
    },
    "ca-constraints-critical": {
      section: "Notary Project, signature-specification.md, Certificate Requirements",
      reference: "accepts them",
    },
    "ca-keys": {
      section: "Notary Project, signature-specification.md, Certificate Requirements",
      reference: "does not measure them",
    },
    "trust-policy-duplicate-names": { section: "RFC 8259, section 4", reference: "takes the last one" },
    "trust-policy-trailing-data": { section: "RFC 8259, section 2", reference: "does not look at what follows" },
    "trust-store-folder-name": {
      section: "Notary Project, trust-store-trust-policy.md, Trust Store",
      reference: "reads the folder above",
    },
    "skip-everywhere": {
      section: "Notary Project, trust-store-trust-policy.md, Signature Verification Level",
      reference: "skips",
    },
    "timestamp-attribute-twice": { section: "RFC 5652, section 5.3", reference: "takes the first" },
    "timestamp-authority-name": { section: "RFC 3161, section 2.4.2", reference: "does not compare it" },
    "timestamp-critical-extension": { section: "RFC 3161, section 2.4.2", reference: "does not look at extensions" },
    "timestamp-one-signer": {
      section: "RFC 3161, section 2.4.2",
      reference: "takes any token of which one signature is good",
    },
    "timestamp-signer-identifier": { section: "RFC 5652, section 5.3", reference: "does not compare it" },
  },
  /** The reference is the stricter one: our leave is withdrawn, so that we refuse as it does. */
  withdrawn: {
    "cose-chain-protected": {
      section: "Notary Project, signature-envelope-cose.md; RFC 9360, section 2",
      reference: "does not find it",
    },
    "timestamp-crls": { section: "RFC 5652, section 5.1", reference: "cannot parse such a token" },
  },
  /**
   * Applied all the same, so that the two answers differ: nothing here computes or holds what it would take; revocation
   * is the business of the checker that is handed in.
   */
  kept: {
    "ca-key-kinds": {
      section: "Notary Project, signature-specification.md, Certificate Requirements",
      reference: "verifies by such keys",
    },
    "no-sha-1": {
      section: "Notary Project, signature-specification.md, Certificate Requirements",
      reference: "verifies a lone one",
    },
    "time-range": { section: "RFC 8949, section 3.4.2", reference: "counts on beyond the year 275760" },
    "trust-store-folders": {
      section: "Notary Project, trust-store-trust-policy.md, Trust Store",
      reference: "gives the store up",
    },
    "trust-store-surroundings": { section: "RFC 7468, section 2", reference: "passes over text around certificates" },
    "timestamp-accuracy": { section: "RFC 3161, section 2.4.2", reference: "adds whatever numbers stand there" },
    "timestamp-fields": { section: "RFC 5652, sections 5.1 and 5.3", reference: "passes over fields after the last" },
    "timestamp-utc": { section: "RFC 3161, section 2.4.2", reference: "takes other zones" },
    "bounds": { section: "limits of this engine", reference: "reads more and deeper" },
    "ocsp-certificate-id": { section: "RFC 6960, section 3.2", reference: "compares the number alone" },
    "ocsp-worse-status": { section: "RFC 6960, section 4.2.1", reference: "takes the first of two statuses" },
    "ocsp-responder": {
      section: "RFC 6960, section 4.2.2.2",
      reference: "believes every certificate by the issuer's key",
    },
    "ocsp-critical-extension": {
      section: "RFC 6960, section 4.4; RFC 5280, section 4.2",
      reference: "does not look at a response's extensions",
    },
    "ocsp-no-check": {
      section: "RFC 6960, section 4.2.2.2.1",
      reference: "does not ask whether the responder is revoked",
    },
    "ocsp-unparsable-url": { section: "RFC 6960, appendix A", reference: "ends with a panic" },
    "revocation-this-update": {
      section: "RFC 6960, section 4.2.2.1; RFC 5280, section 5.1.2.4",
      reference: "does not look at it",
    },
    "revocation-sha-1": {
      section: "Notary Project, signature-specification.md, Algorithm Selection",
      reference: "verifies it",
    },
    "revocation-https": { section: "RFC 5280, section 4.2.1.13", reference: "asks http alone" },
    "revocation-private-hosts": { section: "limits of this engine", reference: "asks every host" },
    "revocation-no-url": {
      section: "RFC 5280, sections 4.2.1.13 and 4.2.2.1",
      reference: "takes the certificate for not revocable",
    },
    "revocation-places": { section: "limits of this engine", reference: "asks all that are named" },
    "crl-any-point": {
      section: "Notary Project, trust-store-trust-policy.md, CRL",
      reference: "needs an answer from every point",
    },
    "crl-delta-as-base": { section: "RFC 5280, section 5.2.4", reference: "takes a delta for a complete CRL" },
    "crl-delta-of-certificate": { section: "RFC 5280, section 4.2.1.15", reference: "does not support it" },
    "crl-delta-same-number": { section: "RFC 5280, section 5.2.3", reference: "wants the delta's to be greater" },
    "crl-entry-critical-extension": {
      section: "RFC 5280, section 5.3",
      reference: "looks at the certificate's entries alone",
    },
    "crl-entry-twice": { section: "RFC 5280, section 5.3.2", reference: "stops at the first that is excused" },
    "crl-expired-listing": { section: "Notary Project, trust-store-trust-policy.md, CRL", reference: "says unknown" },
    "crl-hold-lifted": { section: "RFC 5280, sections 5.2.4 and 5.3.1", reference: "goes by the entries' dates" },
    "crl-issuer-name": { section: "RFC 5280, section 6.3.3, step b.1", reference: "compares the key alone" },
    "crl-remove-in-base": { section: "RFC 5280, section 5.3.1", reference: "takes it for the end of a hold" },
    "crl-scope": { section: "RFC 5280, sections 5.2.5 and 6.3.3, step b.2", reference: "ignores it" },
  },
} as const satisfies Readonly<Record<"relaxed" | "withdrawn" | "kept", Readonly<Record<string, StrictRuleFacts>>>>;

/** A rule that `compat` passes over. */
export type RelaxedRule = keyof typeof STRICT_RULES.relaxed;

/** The id of a rule. */
export type StrictRule = RelaxedRule | keyof typeof STRICT_RULES.withdrawn | keyof typeof STRICT_RULES.kept;

/** The rules passed over so far. Without `compat` there is no such set, and every rule is applied. */
export type Relaxations = Set<RelaxedRule>;

/** How envelopes are read. */
export interface ReadOptions {
  /**
   * Gives the reference implementation's answer instead of ours, for tests that compare the two; what was passed over
   * is told. NEVER use it for a decision.
   */
  readonly compat?: true;
}

/** Whether what breaks a rule goes by: without `compat` never, with it always, and it is noted. */
export function passesOver(relaxations: Relaxations | undefined, rule: RelaxedRule): boolean {
  relaxations?.add(rule);
  return relaxations !== undefined;
}

/** What is passed over in the JSON of envelopes, as rules. */
const OF_ENVELOPES: Readonly<Partial<Record<Leniency, RelaxedRule>>> = {
  folded: "json-names-exact",
  repeated: "json-names-once",
  null: "json-null",
  "utf-8": "json-utf-8",
};

/** The same in trust policies, where capitals and `null` are as the reference has them. */
const OF_TRUST_POLICIES: Readonly<Partial<Record<Leniency, RelaxedRule>>> = {
  repeated: "trust-policy-duplicate-names",
  "repeated in other capitals": "trust-policy-duplicate-names",
  "utf-8": "json-utf-8",
  trailing: "trust-policy-trailing-data",
};

/** Notes what the reference's JSON reader passed over as the rules it stands for. */
export function notingJson(relaxations: Relaxations, of: "envelope" | "trust policy"): (leniency: Leniency) => void {
  const rules = of === "envelope" ? OF_ENVELOPES : OF_TRUST_POLICIES;
  return (leniency) => {
    const rule = rules[leniency];
    if (rule !== undefined) relaxations.add(rule);
  };
}
