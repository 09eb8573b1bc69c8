/**
 * Where this engine asks for more than the reference implementation (notation-core-go 1.3.0, notation-go 1.3.2), or for
 * less: the one list of rules, each with the section that asks for it, what the reference does, and what `compat` does.
 *
 * `compat: true` is for comparing this engine with the reference, verdict for verdict. NEVER let it decide anything: it
 * passes over rules that the specification or an RFC has for good reasons. No command, webhook or page can switch it on.
 */
import type { ChainStrictRule } from "../../x509/mod.ts";
import type { TimestampStrictRule } from "../../timestamp/mod.ts";
import type { Leniency } from "./reference_json.ts";

/** What is known of a rule. */
export interface StrictRuleFacts {
  /** Where what we ask for stands. */
  readonly section: string;
  /** What the reference does with what breaks the rule. */
  readonly reference: string;
  /**
   * What `compat` does: a `relaxed` rule is passed over and noted; where the reference is the stricter one our leave is
   * `withdrawn`, so that we refuse as it does; a `kept` rule is applied all the same, the two answers differ.
   */
  readonly compat: "relaxed" | "withdrawn" | "kept";
}

const relaxed = (section: string, reference: string) => ({ section, reference, compat: "relaxed" }) as const;
const withdrawn = (section: string, reference: string) => ({ section, reference, compat: "withdrawn" }) as const;
const kept = (section: string, reference: string) => ({ section, reference, compat: "kept" }) as const;

/** Rules of {@link STRICT_RULES} by id; the ids are those of the list of deviations the tests are held against. */
export const STRICT_RULES = {
  "jws-further-member": relaxed("Notary Project, signature-envelope-jws.md, JWS envelope", "ignores it"),
  "json-names-exact": relaxed("RFC 7515, section 5.3", "folds capitals"),
  "json-names-once": relaxed("RFC 7515, section 4", "takes the last one"),
  "json-null": relaxed("Notary Project, signature-envelope-jws.md, JWS envelope", "takes it for absent"),
  "json-utf-8": relaxed("RFC 8259, section 8.1", "puts U+FFFD in the place of what is no UTF-8"),
  "base64url-strict": relaxed("RFC 7515, section 2; RFC 4648, section 3", "skips line breaks and bits left over"),
  "header-once": relaxed("RFC 7515, section 7.2.1; RFC 9052, section 3", "takes the one it asks for"),
  "rfc3339-strict": relaxed("RFC 3339, section 5.6; RFC 8949, section 3.4.2", "reads it as a time"),
  "expiry-year-1": relaxed("Notary Project, signature-specification.md, Signed Attributes", "takes it for no expiry"),
  "cose-one-time": relaxed("Notary Project, signature-specification.md, Signed Attributes", "ignores the other time"),
  "cose-unsigned-types": relaxed("Notary Project, signature-envelope-cose.md, Unprotected Headers", "ignores it"),
  "critical-attribute": relaxed("Notary Project, signature-specification.md, Extended Attributes", "passes over it"),
  "pss-salt": relaxed("RFC 7518, section 3.5", "takes any length in JWS"),
  "rsa-2047": relaxed("Notary Project, signature-specification.md, Algorithm Selection", "counts octets in JWS"),
  "any-purpose": relaxed("Notary Project, signature-specification.md, Certificate Requirements", "accepts it"),
  "ca-constraints-critical": relaxed(
    "Notary Project, signature-specification.md, Certificate Requirements",
    "accepts them",
  ),
  "ca-keys": relaxed("Notary Project, signature-specification.md, Certificate Requirements", "does not measure them"),

  "cose-chain-protected": withdrawn(
    "Notary Project, signature-envelope-cose.md; RFC 9360, section 2",
    "does not find it",
  ),

  "trust-policy-duplicate-names": relaxed("RFC 8259, section 4", "takes the last one"),
  "trust-policy-trailing-data": relaxed("RFC 8259, section 2", "does not look at what follows"),
  "trust-store-folder-name": relaxed(
    "Notary Project, trust-store-trust-policy.md, Trust Store",
    "reads the folder above",
  ),
  "skip-everywhere": relaxed("Notary Project, trust-store-trust-policy.md, Signature Verification Level", "skips"),

  "timestamp-attribute-twice": relaxed("RFC 5652, section 5.3", "takes the first"),
  "timestamp-authority-name": relaxed("RFC 3161, section 2.4.2", "does not compare it"),
  "timestamp-critical-extension": relaxed("RFC 3161, section 2.4.2", "does not look at extensions"),
  "timestamp-one-signer": relaxed("RFC 3161, section 2.4.2", "takes any token of which one signature is good"),
  "timestamp-signer-identifier": relaxed("RFC 5652, section 5.3", "does not compare it"),
  "timestamp-crls": withdrawn("RFC 5652, section 5.1", "cannot parse such a token"),

  // Out of reach: no provider computes these, or nothing here can hold them.
  "ca-key-kinds": kept("Notary Project, signature-specification.md, Certificate Requirements", "verifies by such keys"),
  "no-sha-1": kept("Notary Project, signature-specification.md, Certificate Requirements", "verifies a lone one"),
  "time-range": kept("RFC 8949, section 3.4.2", "counts on beyond the year 275760"),
  "timestamp-accuracy": kept("RFC 3161, section 2.4.2", "adds whatever numbers stand there"),
  "timestamp-utc": kept("RFC 3161, section 2.4.2", "takes other zones"),
  "bounds": kept("limits of this engine", "reads more and deeper"),

  // Revocation: the checker is handed in, and is the host's.
  "ocsp-certificate-id": kept("RFC 6960, section 3.2", "compares the number alone"),
  "ocsp-worse-status": kept("RFC 6960, section 4.2.1", "takes the first of two statuses"),
  "ocsp-responder": kept("RFC 6960, section 4.2.2.2", "believes every certificate by the issuer's key"),
  "ocsp-critical-extension": kept(
    "RFC 6960, section 4.4; RFC 5280, section 4.2",
    "does not look at a response's extensions",
  ),
  "ocsp-no-check": kept("RFC 6960, section 4.2.2.2.1", "does not ask whether the responder is revoked"),
  "ocsp-unparsable-url": kept("RFC 6960, appendix A", "ends with a panic"),
  "revocation-this-update": kept("RFC 6960, section 4.2.2.1; RFC 5280, section 5.1.2.4", "does not look at it"),
  "revocation-sha-1": kept("Notary Project, signature-specification.md, Algorithm Selection", "verifies it"),
  "revocation-https": kept("RFC 5280, section 4.2.1.13", "asks http alone"),
  "revocation-private-hosts": kept("limits of this engine", "asks every host"),
  "revocation-no-url": kept("RFC 5280, sections 4.2.1.13 and 4.2.2.1", "takes the certificate for not revocable"),
  "revocation-places": kept("limits of this engine", "asks all that are named"),
  "crl-any-point": kept("Notary Project, trust-store-trust-policy.md, CRL", "needs an answer from every point"),
  "crl-delta-as-base": kept("RFC 5280, section 5.2.4", "takes a delta for a complete CRL"),
  "crl-delta-of-certificate": kept("RFC 5280, section 4.2.1.15", "does not support it"),
  "crl-delta-same-number": kept("RFC 5280, section 5.2.3", "wants the delta's to be greater"),
  "crl-entry-critical-extension": kept("RFC 5280, section 5.3", "looks at the certificate's entries alone"),
  "crl-entry-twice": kept("RFC 5280, section 5.3.2", "stops at the first that is excused"),
  "crl-expired-listing": kept("Notary Project, trust-store-trust-policy.md, CRL", "says unknown"),
  "crl-hold-lifted": kept("RFC 5280, sections 5.2.4 and 5.3.1", "goes by the entries' dates"),
  "crl-issuer-name": kept("RFC 5280, section 6.3.3, step b.1", "compares the key alone"),
  "crl-remove-in-base": kept("RFC 5280, section 5.3.1", "takes it for the end of a hold"),
  "crl-scope": kept("RFC 5280, sections 5.2.5 and 6.3.3, step b.2", "ignores it"),
} as const satisfies
  & Readonly<Record<string, StrictRuleFacts>>
  & Readonly<Record<ChainStrictRule | TimestampStrictRule, StrictRuleFacts>>;

/** The id of a rule. */
export type StrictRule = keyof typeof STRICT_RULES;

/** A rule that `compat` passes over. */
export type RelaxedRule = {
  [Rule in StrictRule]: (typeof STRICT_RULES)[Rule]["compat"] extends "relaxed" ? Rule : never;
}[StrictRule];

/** The rules passed over so far. Without `compat` there is no such set, and every rule is applied. */
export type Relaxations = Set<RelaxedRule>;

/** How envelopes are read. */
export interface ReadOptions {
  /**
   * Gives the reference implementation's answer instead of ours, for tests that compare the two; what was passed over is
   * told. NEVER use it for a decision.
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
