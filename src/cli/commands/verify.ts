/** `verify`: whether a trusted signer signed an artifact. */
import { type EngineError, toEngineError } from "../../errors.ts";
import { type ArtifactOutcome, createArtifactView, verifyArtifact } from "../../notary/mod.ts";
import { repositoryName } from "../../oci/mod.ts";
import type { Host } from "../../ports.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { CREDENTIAL_FLAGS } from "../credentials.ts";
import { list, text, usage } from "../flags.ts";
import { parseMetadata, WANTED_METADATA_FLAG } from "../metadata.ts";
import {
  addressExamples,
  type ArtifactCall,
  MAX_SIGNATURES_FLAG,
  readCall,
  reportReference,
  warnAboutTag,
} from "../notation.ts";
import { readReference, REGISTRY_FLAGS } from "../registry.ts";
import { renderExplanation } from "../render/explain.ts";
import { outcomeValue, renderFailure, renderSuccess, renderWarnings } from "../render/outcome.ts";
import { renderJson } from "../render/json.ts";
import { report } from "../report.ts";
import { openRevocation, REVOCATION_FLAGS } from "../revocation.ts";
import { reportTrust, trustCertificates, type TrustFor, trustNotationPolicy } from "../trust.ts";
import { FINDINGS_FLAGS, type FindingsForm, readForm } from "../verification.ts";

/** `edge-notary verify`. */
export const verify = defineCommand({
  name: "verify",
  use: "[flags] <reference>",
  short: "Verify OCI artifacts",
  long: "Verify OCI artifacts\n\n" +
    "Whom to trust says notation's trust policy: trustpolicy.oci.json or trustpolicy.json, and the trust stores it names,\n" +
    "in $NOTATION_CONFIG, else in the notation folder of your configuration, such as ~/.config/notation.\n\n" +
    "With --cert, no policy is read: a signature is trusted when one of the given certificates is in its chain, byte for\n" +
    "byte, the root's or the signing certificate itself, and everything the Notary Project validates is enforced.",
  examples: [
    {
      what: "Verify a signature on an OCI artifact identified by a digest",
      line: "edge-notary verify <registry>/<repository>@<digest>",
    },
    {
      what: "Verify a signature on an OCI artifact with the root certificate of its signer",
      line: "edge-notary verify --cert root.crt <registry>/<repository>@<digest>",
    },
    {
      what: "Show every validation of every signature: what was checked, against what, the result, what to do",
      line: "edge-notary verify --cert root.crt --explain <registry>/<repository>@<digest>",
    },
    {
      what: "Verify that a trusted signature has been made with these user metadata",
      line: "edge-notary verify --user-metadata <key>=<value> <registry>/<repository>@<digest>",
    },
    ...addressExamples("verify", "Verify a signature on an OCI artifact").slice(1),
    {
      what: "Verify a signature on an artifact in an image layout, a folder or a tar file, without a network",
      line: "edge-notary verify --offline --oci-layout --cert root.crt backup.tar:<tag>",
    },
  ],
  flags: {
    ...REGISTRY_FLAGS,
    ...CREDENTIAL_FLAGS,
    ...MAX_SIGNATURES_FLAG,
    ...REVOCATION_FLAGS,
    cert: list("trust the certificates in this PEM or DER file and no trust policy; may be repeated", {
      value: "FILE",
    }),
    scope: text("take the trust policy statement for this REGISTRY/REPOSITORY; needed with --oci-layout", undefined),
    ...FINDINGS_FLAGS,
    ...WANTED_METADATA_FLAG,
  },
  work: async ({ flags, operands, given }, context) => {
    const { host } = context;
    const form = readForm(flags, given);
    requireScope(flags);
    const userMetadata = Object.fromEntries(parseMetadata(flags["user-metadata"]));
    const call = await readCall("verify", operands, flags, host);
    const revocation = await openRevocation(flags, host);
    let trustFor: TrustFor;
    try {
      trustFor = await (flags.cert.length > 0 ? trustCertificates(flags.cert, host) : trustNotationPolicy(host));
    } catch (thrown) {
      const error = toEngineError(thrown, "Cannot tell whom to trust");
      if (form === "json") host.writeOut(renderJson({ reference: call.typed, refusal: error.refusal }, 2));
      reportTrust(host, error);
      return 1;
    }
    let outcome: ArtifactOutcome;
    try {
      const reference = readReference(call.typed, call.isLayout);
      const { crypto, now } = host.ports;
      const diagnose = form === "text" ? "refused" : "every";
      const view = createArtifactView({ open: call.open, crypto, now, revocation, diagnose }, call.call);
      // A tag has to be resolved first in any case; a digest is not, so that its signatures are asked for at once.
      const digest = reference.digest ?? (await view.resolve(reference)).digest;
      const trust = await trustFor(`${flags.scope ?? repositoryName(reference)}@${digest}`);
      outcome = await verifyArtifact(reference, trust, view, { maxSignatures: flags["max-signatures"], userMetadata });
      warnAboutTag("verify", reference, host);
    } catch (thrown) {
      const error = toEngineError(thrown, "Cannot verify the artifact");
      if (form === "json") host.writeOut(renderJson({ reference: call.typed, refusal: error.refusal }, 2));
      reportFailure(call, error, host);
      return 1;
    }
    return conclude(outcome, form, call.typed, context);
  },
});

/**
 * A layout does not say which registry its images are of, so the statement of a trust policy is chosen by the scope
 * that is given; with `--cert` there is no policy.
 */
function requireScope(
  flags: { readonly "oci-layout": boolean; readonly scope: string | undefined; readonly cert: readonly string[] },
): void {
  const isLayout = flags["oci-layout"];
  if (isLayout === (flags.scope !== undefined) || (isLayout && flags.cert.length > 0)) return;
  const group = "if any flags in the group [oci-layout scope] are set they must all be set";
  throw usage(`${group}; missing [${isLayout ? "scope" : "oci-layout"}]`);
}

function reportFailure(call: ArtifactCall, error: EngineError, host: Host): void {
  if (error.code !== "TRUST_POLICY_NOT_APPLICABLE") return reportReference(host, call, error);
  warnAboutTag("verify", readReference(call.typed, call.isLayout), host);
  reportTrust(host, error);
}

/** Prints what was found, and the verdict in notation's words. */
function conclude(
  outcome: ArtifactOutcome,
  form: FindingsForm,
  typed: string,
  { host, palette }: CommandContext,
): number {
  const good = outcome.verdict === "verified" || outcome.verdict === "skipped";
  if (form === "json") host.writeOut(renderJson(outcomeValue(outcome), 2));
  else if (form === "explanation") host.writeOut(`${renderExplanation(outcome, typed, palette)}\n`);
  if (!good) {
    const { refusal, ...wording } = renderFailure(outcome, form !== "text");
    report(host, refusal, { ...wording, isExplained: form === "explanation" });
  } else {
    host.writeError(renderWarnings(outcome));
    if (form !== "json") host.writeOut(renderSuccess(outcome));
  }
  return good ? 0 : 1;
}
