/**
 * A signing chain, rule by rule: what each certificate is asked, what it says and what was expected. For people; the
 * judgement itself is `signing_chain.ts`'s.
 */
import { keySpecOf } from "../crypto/mod.ts";
import { printable } from "../encoding/mod.ts";
import type { CryptoProvider } from "../ports.ts";
import { algorithmName } from "./algorithm_names.ts";
import type { Certificate } from "./certificate.ts";
import { extensionOf } from "./extensions.ts";
import { formatName } from "./name.ts";
import { CA_RULES, type ChainProfile, type ChainRule, LEAF_RULES } from "./profile.ts";
import { type ChainValidation, validateSigningChain, validateTimestampingChain } from "./signing_chain.ts";
import { TIMESTAMPING_PROFILE } from "./timestamping_profile.ts";

/** One rule held against one certificate. */
export interface RuleReport {
  readonly rule: ChainRule;
  /** Where the rule stands. */
  readonly section: string;
  /** `skipped` where the rule is about something the certificate lacks, or the answer could not be computed. */
  readonly status: "passed" | "failed" | "skipped";
  /** What the certificate says; safe to print. */
  readonly found: string;
  readonly expected: string;
  /** Of a failure: names the certificate, what is wrong and what was expected; safe to print. */
  readonly message?: string;
}

/** What a certificate is in its chain, by its place alone. */
export type ChainRole = "self-signed" | "leaf" | "intermediate" | "root";

/** A certificate of a chain and every rule it is asked. */
export interface CertificateReport {
  /** Place in the chain, the leaf being 0. */
  readonly index: number;
  readonly role: ChainRole;
  /** In the order in which they are applied. */
  readonly rules: readonly RuleReport[];
}

/**
 * Reports every rule the Notary Project has for a code signing chain, passed ones too. Trust and time are not looked
 * at.
 *
 * @param chain As {@link validateSigningChain} takes it, whose answer this is about: a rule is `failed` here exactly
 * when it is among the failures there.
 *
 * Spec: Notary Project, signature-specification.md, "Certificate Requirements".
 */
export function reportSigningChain(
  chain: readonly Certificate[],
  crypto: Pick<CryptoProvider, "verify">,
): Promise<readonly CertificateReport[]> {
  return report(chain, { leafRules: LEAF_RULES, caRules: CA_RULES }, validateSigningChain(chain, crypto));
}

/**
 * Reports every rule for the chain of a timestamp authority; otherwise as {@link reportSigningChain}.
 *
 * Spec: Notary Project, signature-specification.md, "Certificate Requirements"; RFC 3161, section 2.3.
 */
export function reportTimestampingChain(
  chain: readonly Certificate[],
  crypto: Pick<CryptoProvider, "verify">,
): Promise<readonly CertificateReport[]> {
  return report(chain, TIMESTAMPING_PROFILE, validateTimestampingChain(chain, crypto));
}

async function report(
  chain: readonly Certificate[],
  { leafRules, caRules }: ChainProfile,
  judged: Promise<ChainValidation>,
): Promise<readonly CertificateReport[]> {
  // A report is given even where a signature could not be computed: then it is not known which rules hold.
  const failures = await judged.then((answer) => answer.failures, () => undefined);
  return chain.map((certificate, index) => {
    const role = roleOf(index, chain.length);
    const rules = [...LINK_RULES[role], ...(index === 0 ? leafRules : caRules).map(({ rule }) => rule)];
    return {
      index,
      role,
      rules: rules.map((rule): RuleReport => {
        const { rfc, expected, found, needs } = RULES[rule];
        const section = rfc === undefined ? SECTION : `${SECTION}; ${rfc}`;
        const shown = { rule, section, found: found(certificate, chain[index + 1] ?? certificate), expected };
        const failure = failures?.find((one) => one.rule === rule && one.index === index);
        if (failure !== undefined) return { ...shown, status: "failed", message: failure.message };
        const skipped = failures === undefined ||
          (needs !== undefined && extensionOf(certificate, needs) === undefined);
        return { ...shown, status: skipped ? "skipped" : "passed" };
      }),
    };
  });
}

function roleOf(index: number, length: number): ChainRole {
  if (length === 1) return "self-signed";
  if (index === 0) return "leaf";
  return index === length - 1 ? "root" : "intermediate";
}

/** The rules about who issued a certificate, by its place. */
const LINK_RULES: Readonly<Record<ChainRole, readonly ChainRule[]>> = {
  "self-signed": ["self-signed", "self-issued"],
  leaf: ["self-signed-only-at-the-end", "issued-by-the-next"],
  intermediate: ["self-signed-only-at-the-end", "issued-by-the-next"],
  root: ["root-self-signed"],
};

const SECTION = `Notary Project, signature-specification.md, "Certificate Requirements"`;

interface RuleText {
  /** Where RFC 5280 or another RFC has the same. */
  readonly rfc?: string;
  readonly expected: string;
  /** @param issuer The next certificate, of the last one itself. */
  readonly found: (certificate: Certificate, issuer: Certificate) => string;
  /** Without this extension the rule has nothing to say. */
  readonly needs?: "basicConstraints" | "keyUsage" | "extKeyUsage";
}

/** Every rule in words; one that is missing here does not compile. */
const RULES: Readonly<Record<ChainRule, RuleText>> = {
  "chain-not-empty": { expected: "1 certificate or more", found: () => "none" },
  "self-signed": {
    rfc: "RFC 5280, section 6.1.3 (a) (1)",
    expected: "a signature by its own key, as it stands alone",
    found: issuerText,
  },
  "self-issued": {
    rfc: "RFC 5280, section 6.1.3 (a) (4)",
    expected: "itself as issuer, as it stands alone",
    found: issuerText,
  },
  "root-self-signed": {
    rfc: "RFC 5280, section 6.1",
    expected: "a self-signed root at the end of the chain",
    found: issuerText,
  },
  "self-signed-only-at-the-end": {
    rfc: "RFC 5280, section 6.1",
    expected: "an issuer other than itself, as certificates follow it",
    found: issuerText,
  },
  "issued-by-the-next": {
    rfc: "RFC 5280, section 6.1.3 (a) (1) and (4)",
    expected: "issued by the next certificate, in name and signature",
    found: (certificate, issuer) => `${issuerText(certificate)}; the next certificate is ${subjectText(issuer)}`,
  },
  "signature-algorithm": {
    rfc: "RFC 5280, section 4.1.1.2",
    expected: "RSA or ECDSA with SHA-256, SHA-384 or SHA-512",
    found: ({ signatureAlgorithm, signatureAlgorithmOid }) =>
      `signed with ${signatureAlgorithm ?? algorithmName(signatureAlgorithmOid)}`,
  },
  "leaf-basic-constraints": {
    rfc: "RFC 5280, section 4.2.1.9",
    expected: "no CA: no basicConstraints, or cA false",
    found: constraintsText,
  },
  "ca-basic-constraints": {
    rfc: "RFC 5280, section 4.2.1.9",
    expected: "a CA: basicConstraints with cA true",
    found: constraintsText,
  },
  "ca-basic-constraints-critical": {
    rfc: "RFC 5280, section 4.2.1.9",
    expected: "basicConstraints marked critical",
    found: constraintsText,
    needs: "basicConstraints",
  },
  "path-length": {
    rfc: "RFC 5280, section 4.2.1.9",
    expected: "no limit, or one that the CA certificates below it keep",
    found: constraintsText,
    needs: "basicConstraints",
  },
  "key-usage-present": { rfc: "RFC 5280, section 4.2.1.3", expected: "a keyUsage", found: usageText },
  "key-usage-critical": {
    rfc: "RFC 5280, section 4.2.1.3",
    expected: "keyUsage marked critical",
    found: usageText,
    needs: "keyUsage",
  },
  "key-usage-digital-signature": {
    rfc: "RFC 5280, section 4.2.1.3",
    expected: "keyUsage with digitalSignature",
    found: usageText,
    needs: "keyUsage",
  },
  "key-usage-forbidden": {
    rfc: "RFC 5280, section 4.2.1.3",
    expected: "keyUsage without encipherment, key agreement, certificate and CRL signing",
    found: usageText,
    needs: "keyUsage",
  },
  "key-usage-cert-sign": {
    rfc: "RFC 5280, section 4.2.1.3",
    expected: "keyUsage with keyCertSign",
    found: usageText,
    needs: "keyUsage",
  },
  "extended-key-usage": {
    rfc: "RFC 5280, section 4.2.1.12",
    expected: "no extKeyUsage, or one without any, serverAuth, clientAuth, emailProtection, timeStamping, OCSPSigning",
    found: purposesText,
  },
  "extended-key-usage-timestamping": {
    rfc: "RFC 3161, section 2.3",
    expected: "extKeyUsage with timeStamping alone",
    found: purposesText,
  },
  "extended-key-usage-critical": {
    rfc: "RFC 3161, section 2.3",
    expected: "extKeyUsage marked critical",
    found: purposesText,
    needs: "extKeyUsage",
  },
  "ca-extended-key-usage": {
    rfc: "RFC 5280, section 4.2.1.12",
    expected: "no extKeyUsage, or one with timeStamping",
    found: purposesText,
  },
  "key-size": {
    expected: "RSA of 2048 bits or more or one of P-256, P-384, P-521; of a signer 2048, 3072 or 4096 bits",
    found: ({ publicKey }) =>
      `a key of type ${publicKey.type === "unsupported" ? algorithmName(publicKey.oid) : keySpecOf(publicKey)}`,
  },
};

function issuerText({ issuer }: Certificate): string {
  return `names the issuer "${printable(formatName(issuer))}"`;
}

function subjectText({ subject }: Certificate): string {
  return `"${printable(formatName(subject))}"`;
}

function constraintsText(certificate: Certificate): string {
  const extension = extensionOf(certificate, "basicConstraints");
  if (extension === undefined) return "no basicConstraints";
  const { isCa, pathLength } = extension.value;
  const limit = pathLength === undefined ? "" : `, pathLenConstraint ${pathLength}`;
  return `basicConstraints cA ${isCa}${limit}${criticalText(extension.critical)}`;
}

function usageText(certificate: Certificate): string {
  const extension = extensionOf(certificate, "keyUsage");
  if (extension === undefined) return "no keyUsage";
  return `keyUsage ${[...extension.value].join(", ")}${criticalText(extension.critical)}`;
}

/** Purposes by their names in RFC 5280, section 4.2.1.12. */
const PURPOSES: Readonly<Record<string, string>> = {
  "2.5.29.37.0": "any",
  "1.3.6.1.5.5.7.3.1": "serverAuth",
  "1.3.6.1.5.5.7.3.2": "clientAuth",
  "1.3.6.1.5.5.7.3.3": "codeSigning",
  "1.3.6.1.5.5.7.3.4": "emailProtection",
  "1.3.6.1.5.5.7.3.8": "timeStamping",
  "1.3.6.1.5.5.7.3.9": "OCSPSigning",
};

function purposesText(certificate: Certificate): string {
  const extension = extensionOf(certificate, "extKeyUsage");
  if (extension === undefined) return "no extKeyUsage";
  return `extKeyUsage ${extension.value.map((oid) => PURPOSES[oid] ?? oid).join(", ")}${
    criticalText(extension.critical)
  }`;
}

const criticalText = (critical: boolean): string => critical ? ", critical" : ", not critical";
