/**
 * A chain as a whole, of a signer or of a timestamp authority: its order, its links and the rules of its profile for
 * each certificate.
 */
import { printable } from "../encoding/mod.ts";
import type { CryptoProvider } from "../ports.ts";
import { algorithmName } from "./algorithm_names.ts";
import type { Certificate } from "./certificate.ts";
import { extensionOf } from "./extensions.ts";
import { formatName, quoteText, sameName } from "./name.ts";
import {
  CA_RULES,
  type ChainProfile,
  type ChainRule,
  type ChainStrictRule,
  type Finding,
  LEAF_RULES,
} from "./profile.ts";
import { verifyCertificateSignature } from "./signature.ts";
import { TIMESTAMPING_PROFILE } from "./timestamping_profile.ts";

/** One thing that is wrong with a chain. */
export interface ChainFailure {
  readonly rule: ChainRule;
  /** Place of the certificate, the leaf being 0. */
  readonly index: number;
  /** Says which certificate it is, what is wrong and what was expected; safe to print. */
  readonly message: string;
  /** Where the rule stands. */
  readonly section: string;
  /** The reference implementation's sentence; absent where it accepts. */
  readonly reference?: string;
  /** Where it accepts: which of our rules it does not have. */
  readonly strictRule?: ChainStrictRule;
}

/** `failures` is empty exactly when the chain meets every rule; they stand in the order the reference finds them. */
export interface ChainValidation {
  readonly valid: boolean;
  readonly failures: readonly ChainFailure[];
}

const SECTION = `Notary Project, signature-specification.md, "Certificate Requirements"`;

/** Answers kept per leaf certificate at most. */
const MAX_CHAINS_PER_LEAF = 4;
interface Proof {
  readonly profile: ChainProfile;
  readonly chain: readonly Certificate[];
  readonly answer: Promise<ChainValidation>;
}
// By provider too: what one provider could not compute is not answered by what another did.
const proofs = new WeakMap<Pick<CryptoProvider, "verify">, WeakMap<Certificate, readonly Proof[]>>();

const SIGNING_PROFILE: ChainProfile = { leafRules: LEAF_RULES, caRules: CA_RULES };

/**
 * Applies every rule the Notary Project has for a code signing chain. Neither trust nor time is looked at, so the
 * answer for the same certificates is kept.
 *
 * @param chain Leaf first, root last; a lone certificate is a self-signed leaf.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE` when a signature of the chain cannot be computed.
 *
 * Spec: Notary Project, signature-specification.md, "Certificate Requirements".
 */
export function validateSigningChain(
  chain: readonly Certificate[],
  crypto: Pick<CryptoProvider, "verify">,
): Promise<ChainValidation> {
  return validateChain(chain, SIGNING_PROFILE, crypto);
}

/**
 * Applies every rule the Notary Project has for the chain of a timestamp authority; otherwise as
 * {@link validateSigningChain}.
 *
 * @param chain The authority's signing certificate first, root last.
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE` when a signature of the chain cannot be computed.
 *
 * Spec: Notary Project, signature-specification.md, "Certificate Requirements"; RFC 3161, section 2.3.
 */
export function validateTimestampingChain(
  chain: readonly Certificate[],
  crypto: Pick<CryptoProvider, "verify">,
): Promise<ChainValidation> {
  return validateChain(chain, TIMESTAMPING_PROFILE, crypto);
}

function validateChain(
  chain: readonly Certificate[],
  profile: ChainProfile,
  crypto: Pick<CryptoProvider, "verify">,
): Promise<ChainValidation> {
  const leaf = chain[0];
  if (leaf === undefined) return Promise.resolve(verdictOf([emptyChain]));
  const byLeaf = proofs.get(crypto) ?? new WeakMap<Certificate, readonly Proof[]>();
  proofs.set(crypto, byLeaf);
  const kept = byLeaf.get(leaf) ?? [];
  const known = kept.find((proof) => proof.profile === profile && sameChain(proof.chain, chain));
  if (known !== undefined) return known.answer;
  const proof: Proof = { profile, chain, answer: validate(chain, profile, crypto).then(verdictOf) };
  byLeaf.set(leaf, [proof, ...kept].slice(0, MAX_CHAINS_PER_LEAF));
  // "Could not tell" is not an answer to keep.
  proof.answer.catch(() => byLeaf.set(leaf, (byLeaf.get(leaf) ?? []).filter((other) => other !== proof)));
  return proof.answer;
}

function sameChain(a: readonly Certificate[], b: readonly Certificate[]): boolean {
  return a === b || (a.length === b.length && a.every((certificate, index) => certificate === b[index]));
}

function verdictOf(failures: readonly ChainFailure[]): ChainValidation {
  return { valid: failures.length === 0, failures };
}

const emptyChain: ChainFailure = {
  rule: "chain-not-empty",
  index: 0,
  message: "the chain has 0 certificates, expected 1 or more",
  section: SECTION,
  reference: "certificate chain must contain at least one certificate",
};

type Verify = Pick<CryptoProvider, "verify">;

async function validate(
  chain: readonly Certificate[],
  { leafRules, caRules }: ChainProfile,
  crypto: Verify,
): Promise<readonly ChainFailure[]> {
  const single = chain.length === 1;
  const failures: ChainFailure[] = [];
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1];
    const links = single
      ? await checkSelfSignedLeaf(certificate, crypto)
      : issuer === undefined
      ? await checkRoot(certificate, crypto)
      : await checkLink(certificate, issuer, index, crypto);
    const rules = index === 0 ? leafRules : caRules;
    const own = rules.map(({ rule, check }) => ({ rule, finding: check(certificate, index) }));
    for (const { rule, finding } of [...links, ...own]) {
      if (finding === undefined) continue;
      const wrapped = single && own.some((entry) => entry.finding === finding);
      failures.push(failureOf(rule, index, certificate, wrapped ? inSelfSigned(finding) : finding));
    }
  }
  return failures;
}

function failureOf(rule: ChainRule, index: number, certificate: Certificate, finding: Finding): ChainFailure {
  const message = `certificate "${printable(formatName(certificate.subject))}" ${finding.message}`;
  const { reference, strictRule } = finding;
  return {
    rule,
    index,
    message,
    section: SECTION,
    ...(reference === undefined ? {} : { reference }),
    ...(strictRule === undefined ? {} : { strictRule }),
  };
}

/** The reference says of a lone certificate that it is one. */
function inSelfSigned(finding: Finding): Finding {
  const { reference } = finding;
  return reference === undefined
    ? finding
    : { ...finding, reference: `invalid self-signed certificate. Error: ${reference}` };
}

interface LinkFinding {
  readonly rule: ChainRule;
  readonly finding: Finding;
}

async function checkSelfSignedLeaf(certificate: Certificate, crypto: Verify): Promise<readonly LinkFinding[]> {
  const name = quoteText(formatName(certificate.subject));
  const findings: LinkFinding[] = [];
  if (!await verifyCertificateSignature(certificate, certificate, crypto)) {
    const message = "stands alone and its signature is not by its own key";
    // The reference verifies SHA-1 here, and nowhere else.
    const reference = certificate.signatureAlgorithm === undefined
      ? {}
      : { reference: `invalid self-signed certificate. subject: ${name}. Error: ${primitiveText(certificate)}` };
    findings.push({ rule: "self-signed", finding: { message, ...reference } });
  }
  if (!sameName(certificate.issuer, certificate.subject)) {
    const [issuer, subject] = [formatName(certificate.issuer), formatName(certificate.subject)];
    findings.push({
      rule: "self-issued",
      finding: {
        message: `stands alone and names the issuer "${printable(issuer)}", expected itself`,
        reference: `invalid self-signed certificate. subject: ${name}. ` +
          `Error: issuer(${printable(issuer)}) and subject(${printable(subject)}) are not the same`,
      },
    });
  }
  return findings;
}

async function checkRoot(root: Certificate, crypto: Verify): Promise<readonly LinkFinding[]> {
  const name = quoteText(formatName(root.subject));
  const end = "Certificate chain must end with a valid self-signed root certificate";
  const message = "stands last and is not self-signed, expected the root";
  const fits = await verifyCertificateSignature(root, root, crypto);
  const refused = fits ? issuerProblem(root) : primitiveText(root);
  if (refused !== undefined) {
    const reference = `root certificate with subject ${name} is invalid or not self-signed. ${end}. Error: ${refused}`;
    // A root that may not sign is refused by the rules for CA certificates.
    return [{
      rule: "root-self-signed",
      finding: { message: fits ? "stands last and may not sign certificates" : message, reference },
    }];
  }
  if (sameName(root.issuer, root.subject)) return [];
  const reference = `root certificate with subject ${name} is not self-signed. ${end}`;
  return [{ rule: "root-self-signed", finding: { message, reference } }];
}

async function checkLink(
  certificate: Certificate,
  issuer: Certificate,
  index: number,
  crypto: Verify,
): Promise<readonly LinkFinding[]> {
  const findings: LinkFinding[] = [];
  const name = quoteText(formatName(certificate.subject));
  const selfIssued = sameName(certificate.issuer, certificate.subject);
  if (selfIssued && await verifyCertificateSignature(certificate, certificate, crypto)) {
    const kind = index === 0 ? "leaf" : "intermediate";
    const message = "is self-signed and not the last of the chain, expected one issued by the next certificate";
    const reference = `${kind} certificate with subject ${name} is self-signed. ` +
      `Certificate chain must not contain self-signed ${kind} certificate`;
    // The reference asks whether it may sign before it calls it self-signed.
    const finding = issuerProblem(certificate) === undefined ? { message, reference } : { message };
    findings.push({ rule: "self-signed-only-at-the-end", finding });
  }
  const issuerName = formatName(issuer.subject);
  const message = `is not issued by the next certificate, "${printable(issuerName)}"`;
  const fits = await verifyCertificateSignature(certificate, issuer, crypto);
  const refused = issuerProblem(issuer) ?? (fits ? undefined : primitiveText(certificate));
  if (refused !== undefined) {
    const reference = `invalid certificates or certificate with subject ${name} is not issued by ` +
      `${quoteText(issuerName)}. Error: ${refused}`;
    const reason = fits ? `${message}, because that one may not sign certificates` : message;
    findings.push({ rule: "issued-by-the-next", finding: { message: reason, reference } });
  } else if (!sameName(certificate.issuer, issuer.subject)) {
    const reference = `certificate with subject ${name} is not issued by ${quoteText(issuerName)}`;
    findings.push({ rule: "issued-by-the-next", finding: { message, reference } });
  }
  return findings;
}

/** What the reference objects to in an issuer before it looks at the signature. */
function issuerProblem(issuer: Certificate): string | undefined {
  const constraints = extensionOf(issuer, "basicConstraints")?.value;
  const usages = extensionOf(issuer, "keyUsage")?.value;
  const mayNotIssue = constraints === undefined ? issuer.version === 3 : !constraints.isCa;
  if (mayNotIssue || (usages !== undefined && usages.size > 0 && !usages.has("keyCertSign"))) {
    return "x509: invalid signature: parent certificate cannot sign this kind of certificate";
  }
  return undefined;
}

/** How the reference words that a certificate's signature does not fit. */
function primitiveText({ signatureAlgorithm, signatureAlgorithmOid }: Certificate): string {
  if (signatureAlgorithm === undefined) {
    return `x509: cannot verify signature: insecure algorithm ${algorithmName(signatureAlgorithmOid)}`;
  }
  return signatureAlgorithm.startsWith("ECDSA") ? "x509: ECDSA verification failure" : "crypto/rsa: verification error";
}
