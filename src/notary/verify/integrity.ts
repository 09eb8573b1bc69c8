/**
 * Integrity: whether the signature is what its certificate's key made of the signed bytes, and may be judged at all.
 */
import { ALGORITHMS, signatureAlgorithmOfKey, verifyPssOfAnySalt } from "../../crypto/mod.ts";
import { printable } from "../../encoding/mod.ts";
import { EngineError, MalformedError, toEngineError } from "../../errors.ts";
import type { CryptoProvider, PublicKey } from "../../ports.ts";
import { type ChainFailure, formatName, validateSigningChain } from "../../x509/mod.ts";
import { ATTRIBUTE } from "../envelope/attributes.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { passesOver, type Relaxations, type RelaxedRule } from "../envelope/strict_rules.ts";
import { identify } from "./certificate_facts.ts";
import { failed, inconclusive, passed, type ValidationResult } from "./outcome.ts";

/**
 * Verifies the signature with the key of the first certificate, the chain against the Notary Project's certificate
 * requirements, and that no critical attribute is left unprocessed. Enforced at every level.
 *
 * @param relaxations For an envelope read with `compat`: takes up what is passed over.
 * @returns `failed` with `SIGNATURE_ALGORITHM_MISMATCH`, `SIGNATURE_MISMATCH`, `CERTIFICATE_CHAIN_INVALID`,
 * `VERIFICATION_PLUGIN_REQUIRED` or `CRITICAL_ATTRIBUTE_UNKNOWN`; `inconclusive` with `ERR_CRYPTO_UNAVAILABLE` or
 * another code when it could not be computed, which says nothing about the signature.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Signature Verification details", integrity.
 */
export async function validateIntegrity(
  envelope: Envelope,
  crypto: CryptoProvider,
  relaxations?: Relaxations,
): Promise<ValidationResult> {
  try {
    const [signature, { failures: found }] = await Promise.all([
      verifySignatureBytes(envelope, crypto, relaxations),
      validateSigningChain(envelope.certificateChain, crypto),
    ]);
    if (signature !== undefined && signature.status !== "passed") return signature;
    const failures = relaxations === undefined ? found : refusedByReference(found, envelope, relaxations);
    if (failures[0] !== undefined) return chainFailed(failures, failures[0]);
    return refuseCriticalAttributes(envelope, relaxations) ?? signature ?? unusableKey(envelope);
  } catch (thrown) {
    return couldNotTell(thrown);
  }
}

/** `undefined` for a key that cannot sign envelopes: the chain's rules say what is wrong with it. */
async function verifySignatureBytes(
  { certificateChain: [leaf], signatureAlgorithm, signature, signedBytes, mediaType }: Envelope,
  crypto: CryptoProvider,
  relaxations: Relaxations | undefined,
): Promise<ValidationResult | undefined> {
  if (leaf === undefined) return failed("CERTIFICATE_CHAIN_EMPTY", "Cannot verify the signature: the chain is empty");
  const key = leaf.publicKey;
  if (key.type === "unsupported") return undefined;
  const subject = formatName(leaf.subject);
  const isJws = mediaType === "application/jose+json";
  const expected = algorithmFor(key) ?? (isJws ? algorithmByOctets(key, relaxations) : undefined);
  if (expected === undefined) return undefined;
  if (expected !== signatureAlgorithm) {
    return failed(
      "SIGNATURE_ALGORITHM_MISMATCH",
      `Cannot verify the signature: the envelope says ${signatureAlgorithm}, its signing key calls for ${expected}`,
      { algorithm: signatureAlgorithm, expected, ...await identify(leaf, crypto), mediaType },
    );
  }
  const fits = await crypto.verify(signatureAlgorithm, key, signature, signedBytes) ||
    // Without `compat` nothing is asked twice.
    (relaxations !== undefined && isJws && ALGORITHMS[expected].scheme === "RSASSA-PSS" &&
      await verifyPssOfAnySalt(signatureAlgorithm, key, signature, signedBytes) &&
      passesOver(relaxations, "pss-salt"));
  const evidence = { algorithm: signatureAlgorithm, ...await identify(leaf, crypto), mediaType };
  if (fits) return passed(evidence);
  return failed(
    "SIGNATURE_MISMATCH",
    `Cannot accept the signature: by the key of "${printable(subject)}" it does not fit the signed bytes`,
    evidence,
  );
}

function algorithmFor(key: Parameters<typeof signatureAlgorithmOfKey>[0]) {
  try {
    return signatureAlgorithmOfKey(key);
  } catch (error) {
    if (error instanceof EngineError && error.code === "ERR_ALGORITHM_UNSUPPORTED") return undefined;
    throw error;
  }
}

/** The reference counts the octets of an RSA key, in JWS: 2041 to 2048 bits are 2048 to it. */
function algorithmByOctets(key: PublicKey, relaxations: Relaxations | undefined) {
  if (relaxations === undefined || key.type !== "RSA") return undefined;
  return algorithmFor({ type: "RSA", sizeBits: Math.ceil(key.sizeBits / 8) * 8 });
}

/** Rules about chains that `compat` passes over. */
const RELAXED_CHAIN_RULES: readonly string[] = [
  "any-purpose",
  "ca-constraints-critical",
  "ca-keys",
] satisfies readonly RelaxedRule[];

/** What is left of a chain's failures when the reference judges it. */
function refusedByReference(
  failures: readonly ChainFailure[],
  { mediaType }: Envelope,
  relaxations: Relaxations,
): readonly ChainFailure[] {
  const rules = mediaType === "application/jose+json" ? [...RELAXED_CHAIN_RULES, "rsa-2047"] : RELAXED_CHAIN_RULES;
  return failures.filter(({ strictRule }) =>
    strictRule === undefined || !rules.includes(strictRule) || !passesOver(relaxations, strictRule as RelaxedRule)
  );
}

function unusableKey({ certificateChain, mediaType }: Envelope): ValidationResult {
  const subject = certificateChain[0] === undefined ? "" : formatName(certificateChain[0].subject);
  const message = `Cannot verify the signature: no algorithm goes with the key of "${printable(subject)}"`;
  return failed("ERR_ALGORITHM_UNSUPPORTED", message, { subject, mediaType });
}

function chainFailed(failures: readonly ChainFailure[], first: ChainFailure): ValidationResult {
  const reference = failures.find((failure) => failure.reference !== undefined)?.reference;
  return failed(
    "CERTIFICATE_CHAIN_INVALID",
    `Cannot accept the certificate chain: ${first.message} (rule ${first.rule})`,
    {
      rules: failures.map(({ rule, index }) => `${rule} at certificate ${index + 1}`),
      section: first.section,
      ...(reference === undefined ? {} : { reference }),
    },
  );
}

const PLUGIN_ATTRIBUTES: readonly (string | number)[] = [
  ATTRIBUTE.verificationPlugin,
  ATTRIBUTE.verificationPluginMinVersion,
];

/**
 * Spec: Notary Project, signature-specification.md, "Extended Attributes": a critical attribute that is not processed
 * fails verification. A plugin is asked for even when its attribute was not marked critical, as it must be.
 */
function refuseCriticalAttributes(
  { signedAttributes: { extended } }: Envelope,
  relaxations: Relaxations | undefined,
): ValidationResult | undefined {
  const plugin = extended.find(({ key }) => key === ATTRIBUTE.verificationPlugin);
  if (typeof plugin?.value === "string") {
    const name = printable(plugin.value, 200);
    return failed(
      "VERIFICATION_PLUGIN_REQUIRED",
      `Cannot verify the signature alone: it asks for the verification plugin "${name}"`,
      { plugin: name, critical: plugin.critical },
    );
  }
  const unknown = extended.find(({ key, critical }) => critical || PLUGIN_ATTRIBUTES.includes(key));
  if (unknown === undefined) return undefined;
  // The name of a plugin that is no text the reference refuses too.
  if (plugin === undefined && passesOver(relaxations, "critical-attribute")) return undefined;
  const attribute = printable(String(unknown.key), 200);
  return failed(
    "CRITICAL_ATTRIBUTE_UNKNOWN",
    `Cannot process the critical attribute "${attribute}": nothing here knows it`,
    { attribute },
  );
}

/** Malformed input is an answer about the input; everything else that was thrown is none about the signature. */
function couldNotTell(thrown: unknown): ValidationResult {
  const { code, message } = toEngineError(thrown, "Cannot verify the signature");
  if (thrown instanceof MalformedError) return failed(code, message);
  return inconclusive(code, `Cannot tell whether the signature is good: ${printable(message)}`);
}
