/**
 * The error classes and the list of every stable code.
 *
 * A signature that is not trusted is an answer, so it is data (a {@link Refusal}); an exception ({@link EngineError})
 * means that the question could not be asked. Both carry a code of the one table below, and the table says of each code
 * what kind of refusal it is, whether the same request may succeed later, and what to do next.
 */

/**
 * What kind of "no" this is: `denied` was looked at and is not trusted, `unavailable` could not be asked,
 * `misconfigured` was asked with a policy, certificate or runtime that cannot answer.
 */
export type RefusalClass = "denied" | "unavailable" | "misconfigured";

interface CodeEntry {
  readonly class: RefusalClass;
  /** Whether the same request may succeed later with nothing changed. */
  readonly retry: boolean;
  /** What a person does next: an imperative clause without a period. */
  readonly nextStep: string;
}

const denied = (nextStep: string): CodeEntry => ({ class: "denied", retry: false, nextStep });
const unavailable = (nextStep: string): CodeEntry => ({ class: "unavailable", retry: true, nextStep });
const misconfigured = (nextStep: string): CodeEntry => ({ class: "misconfigured", retry: false, nextStep });

/** Every stable code. Codes never change their meaning; a retired code is not used again. */
export const CODES = {
  // Bytes and text that are not what they claim to be (encoding/)
  ERR_BASE64: denied("Encode the bytes again: RFC 4648, with the alphabet and padding the message names"),
  ERR_HEX: denied("Give an even number of hexadecimal digits"),
  ERR_UTF8: denied("Encode the text again as UTF-8"),
  ERR_PEM: misconfigured("Give PEM text: whole blocks from BEGIN to END and nothing else"),
  ERR_DER: denied("Encode the structure again as DER (X.690)"),
  ERR_CBOR: denied("Encode the item again as deterministic CBOR (RFC 8949, section 4.2)"),
  ERR_JSON: denied("Give one JSON document without duplicate names, at most as deep as the message says"),
  ERR_YAML: misconfigured("Correct the YAML at the line and column named"),
  ERR_TOO_LARGE: denied("Give a smaller document: the message names the limit"),

  // Algorithms and runtimes (crypto/)
  ERR_ALGORITHM_UNSUPPORTED: denied(
    "Sign with a key of the Notary Project's table: RSA 2048, 3072, 4096 or P-256, P-384, P-521",
  ),
  ERR_CRYPTO_UNAVAILABLE: misconfigured(
    "Run on a runtime that has this algorithm; programs may add the library's createNobleProvider()",
  ),
  ERR_KEY: misconfigured(
    "Give an unencrypted private key as PEM: PKCS #8, PKCS #1 or SEC 1, of RSA 2048, 3072, 4096 or P-256, P-384, P-521",
  ),
  ERR_KEY_ENCRYPTED: misconfigured("Decrypt the key outside of this program, or sign through a key service"),
  ERR_DIGEST: denied("Give a digest as algorithm:hex with sha256, sha384 or sha512 and lower-case digits"),

  // Certificates (x509/)
  ERR_CERTIFICATE: denied("Give a DER or PEM encoded X.509 v3 certificate"),
  CERTIFICATE_CHAIN_EMPTY: denied("Sign again with a certificate chain in the envelope"),
  CERTIFICATE_CHAIN_INVALID: denied(
    "Sign again with a chain from leaf to root that meets the Notary Project's certificate requirements",
  ),
  CERTIFICATE_NOT_YET_VALID: denied("Wait until the certificate is valid, or correct this machine's clock"),
  CERTIFICATE_EXPIRED: denied(
    "Sign the artifact again with a certificate that is valid now, and with a timestamp so that this lasts",
  ),

  // Envelopes (notary/envelope)
  ERR_ENVELOPE_MEDIA_TYPE: denied("Sign in a supported envelope format: application/jose+json or application/cose"),
  ERR_ENVELOPE_FORMAT: denied("Sign the artifact again: this is not a well-formed signature envelope"),
  ERR_ENVELOPE_ATTRIBUTE: denied("Sign the artifact again: a signed attribute is missing, misplaced or malformed"),
  ERR_PAYLOAD: denied("Sign the artifact again: the payload does not hold a targetArtifact descriptor"),

  // The five validations, and what stands beside them (notary/verify)
  SIGNATURE_MISMATCH: denied(
    "Treat the artifact as tampered with: the signature does not fit the signed bytes; sign it again at its source",
  ),
  SIGNATURE_ALGORITHM_MISMATCH: denied(
    "Sign again: the algorithm named in the envelope is not the one the signing key calls for",
  ),
  CRITICAL_ATTRIBUTE_UNKNOWN: denied(
    "Verify with an implementation that knows this critical attribute, or sign without it",
  ),
  VERIFICATION_PLUGIN_REQUIRED: denied("Verify where this plugin is installed, or sign without a plugin"),
  TRUST_ANCHOR_MISSING: misconfigured(
    "Trust a certificate for this signing scheme: in a trust store of type ca, or signingAuthority",
  ),
  SIGNER_NOT_TRUSTED: denied(
    "Sign with a trusted key; or add the root of this signature's chain to the trust store, if you know by its " +
      "fingerprint whose it is",
  ),
  IDENTITY_NOT_TRUSTED: denied(
    "Sign with a certificate whose subject is a trusted identity, or add its subject to trustedIdentities",
  ),
  IDENTITY_UNREADABLE: denied(
    'Sign with a certificate whose subject has C, ST and O and each attribute once, or trust any subject with "*"',
  ),
  IDENTITY_MISSING: misconfigured('Add an identity of the kind x509.subject, or "*", to trustedIdentities'),
  SIGNATURE_EXPIRED: denied("Sign the artifact again: its signature has passed the expiry its signer set"),
  // Who cannot or may not ask, such as a page in a browser, cannot do so later either.
  REVOCATION_NOT_CHECKED: {
    ...unavailable(
      "Verify where responders and CRLs can be asked, allow the host that is named, or supply an OCSP response or CRL",
    ),
    retry: false,
  },
  CERTIFICATE_REVOKED: denied(
    "Treat what this certificate signed as untrusted, and have the artifact signed with a certificate that is not revoked",
  ),
  REVOCATION_UNKNOWN: unavailable(
    "Try again when the responder or CRL named answers well, or supply an OCSP response or CRL",
  ),
  USER_METADATA_MISSING: denied("Ask for other metadata, or have the artifact signed with what is asked for"),
  TARGET_ARTIFACT_MISMATCH: denied("Treat this signature as another artifact's: sign this artifact"),

  // Trust policies and trust stores (notary/trust)
  ERR_TRUST_POLICY: misconfigured("Correct the trust policy at the statement and member named"),
  ERR_TRUST_POLICY_MISSING: misconfigured("Write a trust policy into notation's folder, or give --cert FILE"),
  TRUST_POLICY_NOT_APPLICABLE: misconfigured(
    "Add the repository to registryScopes of the statement that is meant for it; for a file, name a statement of the " +
      "trust policy for blobs, or make one the global one",
  ),
  ERR_TRUST_STORE: misconfigured(
    "Trust only CAs and self-signed signing certificates, for timestamps only roots, in whole PEM or DER files",
  ),
  ERR_TRUST_STORE_EMPTY: misconfigured(
    "Put the trusted certificates into the trust store: truststore/x509/TYPE/NAME in notation's folder",
  ),

  // Signing (notary/sign, notary/signers)
  ERR_KEY_MISMATCH: misconfigured("Give the private key of the first certificate, and the chain leaf first"),
  ERR_SIGN_REQUEST: misconfigured("Correct what the message names and sign again; nothing was pushed"),
  ERR_SIGNER_ANSWER: misconfigured("Correct the signer: it answers otherwise than SignatureProvider asks for"),
  ERR_SIGNER: unavailable("Try again when the signer answers; nothing was pushed"),

  // Timestamps (timestamp/)
  ERR_TIMESTAMP: denied("Sign the artifact again with a timestamp: this one is no well-formed RFC 3161 token"),
  TIMESTAMP_MISSING: denied("Sign the artifact again with a timestamp: the trust policy asks for one"),
  TIMESTAMP_MISMATCH: denied(
    "Treat the timestamp as another signature's, and sign the artifact again with a timestamp",
  ),
  TIMESTAMP_INVALID: denied("Sign the artifact again with a timestamp: this one breaks the rule the message names"),
  TIMESTAMP_AUTHORITY_NOT_TRUSTED: denied(
    "Add the root of this timestamp authority to the tsa trust store, or have a trusted authority timestamp",
  ),
  TIMESTAMP_AUTHORITY_INVALID: denied(
    "Use a timestamp authority whose certificates meet the Notary Project's certificate requirements",
  ),
  TIMESTAMP_OUTSIDE_VALIDITY: denied(
    "Sign the artifact again while every certificate of the chain is valid, the timestamp's accuracy included",
  ),
  ERR_TIMESTAMP_RESPONSE: unavailable("Ask the timestamp authority's operator, or use another authority"),

  // Signatures of an artifact (notary/verify/artifact)
  SIGNATURE_MISSING: denied("Sign the artifact and push the signature to the repository it is pulled from"),
  SIGNATURE_LIMIT_EXCEEDED: denied("Remove signatures that are no longer needed, or raise the limit"),
  SIGNATURE_MANIFEST: denied("Sign the artifact again: the signature manifest is not one the Notary Project defines"),

  // Registries (oci/)
  ERR_REFERENCE: misconfigured("Give a reference as registry/repository:tag or registry/repository@digest"),
  ERR_PLATFORM: misconfigured("Give a platform that the artifact has: the message names those"),
  ERR_MANIFEST: denied("Push the artifact again: its manifest is not a well-formed OCI or Docker document"),
  ERR_DIGEST_MISMATCH: denied(
    "Treat the registry's answer as tampered with: its bytes do not have the digest asked for",
  ),
  ERR_REGISTRY_NOT_FOUND: denied("Check the reference: the registry does not have it"),
  ERR_REGISTRY_UNAUTHORIZED: misconfigured(
    "Give credentials that may pull from this repository, and push to it to sign",
  ),
  ERR_CREDENTIALS: misconfigured(
    "Correct the credentials the message names: the file, the program or the Secret they come from",
  ),
  ERR_CREDENTIALS_UNAVAILABLE: unavailable("Try again when the program or service the message names gives credentials"),
  ERR_REGISTRY_LIMITED: unavailable("Wait as long as the registry asks, or authenticate for a higher limit"),
  ERR_REGISTRY_UNAVAILABLE: unavailable("Try again when the registry answers"),
  ERR_REGISTRY_TLS: misconfigured(
    "Trust the CA of the registry (--ca-file), or have its certificate renewed, or its name or protocol corrected",
  ),
  ERR_REGISTRY_RESPONSE: unavailable(
    "Ask the registry's operator: its answer does not follow the distribution specification",
  ),
  ERR_REGISTRY_REFUSED: misconfigured("Allow this address for the registry, or correct the registry's configuration"),
  ERR_REFERRERS_TAG: misconfigured(
    "Give the tag the message names back to the referrers of the artifact: an OCI index",
  ),
  ERR_REFERRERS_CONFLICT: unavailable(
    "Sign again when fewer others sign this artifact: they replaced the list each time",
  ),
  ERR_LAYOUT: misconfigured(
    "Give an OCI image layout: a folder with oci-layout, index.json and blobs, or the same as a tar file",
  ),
  ERR_ARCHIVE: misconfigured(
    "Give a tar file as oras backup, docker save or skopeo writes it, compressed by gzip or not",
  ),
  ERR_REQUEST_BUDGET: unavailable(
    "Try again: what was fetched so far need not be fetched again; or allow more requests, or ask about fewer images",
  ),
  ERR_DEADLINE: unavailable("Try again: what was fetched so far may answer faster, or raise the webhook's timeout"),
  ERR_OFFLINE: misconfigured("Ask without --offline, or give what is missing as files"),

  // Recordings (record/)
  ERR_RECORDING: misconfigured("Give a recording as --record FILE wrote it"),
  ERR_NOT_RECORDED: misconfigured("Record again with the question that is asked now, or ask without --replay"),

  // Policies (policy/)
  ERR_POLICY: misconfigured("Correct the policy at the path named"),
  ERR_POLICY_KIND: misconfigured("Give a kyverno.io ClusterPolicy or Policy with verifyImages rules"),
  ERR_POLICY_FIELD: misconfigured("Remove the field or give it the form the message names"),
  ERR_POLICY_EXCEPTION: misconfigured("Correct the policy exception at the path named"),
  ERR_EXPRESSION: misconfigured("Correct the expression in the policy: the message says where it ends to make sense"),
  ERR_EXPRESSION_KEY: misconfigured(
    "Correct the key in the variable, or give it a default as {{ key || 'default' }}, or add it to what is read",
  ),
  ERR_VARIABLE: misconfigured("Correct the variable in the policy, or what it is read from"),
  ATTESTATION_MISSING: denied("Attach an attestation of the type the policy names to the image, and sign it"),
  ATTESTATION_REFUSED: denied("Attach and sign an attestation that meets the policy's conditions"),
  ERR_ATTESTATION: denied("Attach the attestation again: one JSON object as the only layer of its manifest"),
  IMAGE_UNMATCHED: denied(
    "Write a rule whose match and imageReferences take the image in, or serve with --no-match allow",
  ),
  IMAGE_REFERENCE_INVALID: denied("Correct the image reference in the resource"),
  IMAGE_DIGEST_MISSING: denied("Reference the image by digest, or let the mutating webhook pin it"),
  IMAGE_NOT_VERIFIED: denied("Let the mutating webhook see this resource first, or sign the image"),

  // Clusters (cluster/)
  ERR_CLUSTER: unavailable("Try again when the API server answers"),
  ERR_CLUSTER_FORBIDDEN: misconfigured(
    "Give the account the message names leave to get and list what the policy reads, and to patch what is written",
  ),
  ERR_CLUSTER_KIND: misconfigured("Install the definitions of the kind the message names, or choose another kind"),
  ERR_CLUSTER_MISSING: misconfigured(
    "Give the endpoint a cluster to ask: --kubeconfig FILE, --in-cluster, or --resources FILE with the objects",
  ),
  ERR_CLUSTER_PATH: misconfigured(
    "Ask for a path of the API such as /api/v1/namespaces/NAMESPACE/configmaps/NAME, with names and selectors as Kubernetes has them",
  ),
  ERR_KUBECONFIG: misconfigured("Give a kubeconfig whose current context has a server and credentials"),
  ERR_RESOURCES: misconfigured("Correct the resource at the line named: one object as kubectl apply takes it"),

  // Admission (admission/)
  ERR_ADMISSION_REVIEW: misconfigured("Send an AdmissionReview of admission.k8s.io/v1"),
  ERR_ROUTE: misconfigured("POST an AdmissionReview to /mutate or /validate; the page is at /"),
  ERR_UNAUTHENTICATED: misconfigured("Send the bearer token this endpoint was started with"),

  // Commands and configuration (cli/, runtime/)
  ERR_USAGE: misconfigured("Run the command with --help"),
  ERR_CONFIG: misconfigured("Correct the configuration at the key or file named"),
  ERR_FILE: misconfigured("Check that the file exists and can be read"),
  ERR_INTERNAL: unavailable("Report this as a defect with the command and the version"),
} as const satisfies Record<string, CodeEntry>;

/** A stable code of {@link CODES}. */
export type ErrorCode = keyof typeof CODES;

/** A refusal as data: what was found, what kind of "no" it is, and what to do next. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly class: RefusalClass;
  /** Starts with the action, quotes strings, says what is and what was expected; no period; safe to print. */
  readonly message: string;
  /** Whether the same request may succeed later with nothing changed. */
  readonly retry: boolean;
  readonly nextStep: string;
}

/**
 * Makes a refusal of a code.
 *
 * @param code A code of {@link CODES}; it decides class, retry and next step.
 * @param message What was found and what was expected.
 */
export function refusal(code: ErrorCode, message: string): Refusal {
  const entry: CodeEntry = CODES[code];
  return { code, class: entry.class, message, retry: entry.retry, nextStep: entry.nextStep };
}

/** What kind of "no" a refusal is, in the words every rendering has: `denied; a retry does not help`. */
export function kindOfRefusal({ class: kind, retry }: Pick<Refusal, "class" | "retry">): string {
  return `${kind}; a retry ${retry ? "may help" : "does not help"}`;
}

/** The question could not be asked. Every exception that leaves a room is one of its four children. */
export class EngineError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }

  /** The same fact as data. */
  get refusal(): Refusal {
    return refusal(this.code, this.message);
  }
}

/** The input is not what it claims to be: reject the input. */
export class MalformedError extends EngineError {}

/** The input is of a kind this engine does not know: use another verifier. */
export class UnsupportedError extends EngineError {}

/** A document the operator wrote cannot be used: fix the document. */
export class ConfigurationError extends EngineError {}

/** Something outside did not answer: try again. */
export class UnavailableError extends EngineError {}

/**
 * Brings any thrown value into an {@link EngineError}: ours stay as they are, an abort becomes `ERR_DEADLINE`, and
 * anything else is a defect of ours, `ERR_INTERNAL`, which fails closed like the rest.
 */
export function toEngineError(thrown: unknown, action: string): EngineError {
  if (thrown instanceof EngineError) return thrown;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  if (thrown instanceof Error && (thrown.name === "AbortError" || thrown.name === "TimeoutError")) {
    return new UnavailableError("ERR_DEADLINE", `${action}: ran out of time`, { cause: thrown });
  }
  return new UnavailableError("ERR_INTERNAL", `${action}: ${detail}`, { cause: thrown });
}
