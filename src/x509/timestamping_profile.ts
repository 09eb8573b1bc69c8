/**
 * What the Notary Project asks of each certificate of a timestamp authority's chain: the rules for a signer's chain,
 * but for what they are for, and keyUsage need not be critical.
 *
 * Spec: Notary Project, signature-specification.md, "Certificate Requirements"; RFC 3161, section 2.3.
 */
import type { Certificate } from "./certificate.ts";
import { extensionOf } from "./extensions.ts";
import { formatName, quoteText } from "./name.ts";
import {
  CA_RULES,
  type CertificateRule,
  type ChainProfile,
  type ChainRule,
  type Finding,
  LEAF_RULES,
} from "./profile.ts";

const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const ANY_PURPOSE = "2.5.29.37.0";

const PURPOSE_RULES: readonly CertificateRule[] = [
  { rule: "extended-key-usage-timestamping", check: checkTimestampingAlone },
  { rule: "extended-key-usage-critical", check: checkPurposeCritical },
];

/** The rules of a timestamp authority's chain. */
export const TIMESTAMPING_PROFILE: ChainProfile = {
  leafRules: LEAF_RULES.flatMap((entry) => {
    if (entry.rule === "extended-key-usage") return PURPOSE_RULES;
    return entry.rule === "key-usage-critical" ? [] : [entry];
  }),
  caRules: [
    ...CA_RULES.filter(({ rule }) => rule !== ("key-usage-critical" satisfies ChainRule)),
    { rule: "ca-extended-key-usage", check: checkCaPurpose },
  ],
};

/** Nothing may be signed with a timestamping key but timestamps. */
function checkTimestampingAlone(certificate: Certificate): Finding | undefined {
  const purposes = extensionOf(certificate, "extKeyUsage")?.value ?? [];
  if (purposes.length === 1 && purposes[0] === TIME_STAMPING) return undefined;
  const found = purposes.length === 0 ? "no extKeyUsage" : `extKeyUsage ${purposes.join(", ")}`;
  return {
    message: `has ${found}, expected timeStamping (${TIME_STAMPING}) alone`,
    reference: `timestamp signing certificate with subject ${quoteText(formatName(certificate.subject))} ` +
      "must have and only have Timestamping as extended key usage",
  };
}

function checkPurposeCritical(certificate: Certificate): Finding | undefined {
  if (extensionOf(certificate, "extKeyUsage")?.critical !== false) return undefined;
  return {
    message: "has an extKeyUsage that is not critical",
    reference: `timestamp signing certificate with subject ${quoteText(formatName(certificate.subject))} ` +
      "must have extended key usage extension marked as critical",
  };
}

/** A CA that is limited to other purposes cannot vouch for a timestamp authority. */
function checkCaPurpose(certificate: Certificate): Finding | undefined {
  const purposes = extensionOf(certificate, "extKeyUsage")?.value;
  if (purposes === undefined || purposes.includes(TIME_STAMPING) || purposes.includes(ANY_PURPOSE)) return undefined;
  return { message: `has extKeyUsage ${purposes.join(", ")}, expected timeStamping (${TIME_STAMPING}) among them` };
}
