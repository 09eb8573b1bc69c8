/** `blob verify`: whether a trusted signer signed a file. */
import { printable } from "../../encoding/mod.ts";
import { type Refusal, refusal, toEngineError } from "../../errors.ts";
import {
  firstRefusal,
  nearestMiss,
  signatureReferenceText,
  type Trust,
  verdict,
  type VerificationOutcome,
  verifyBlob,
} from "../../notary/mod.ts";
import { MAX_BLOB_BYTES, onlyPath, readSignatureFile } from "../blob_files.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { list, text, usage } from "../flags.ts";
import { parseMetadata, WANTED_METADATA_FLAG } from "../metadata.ts";
import { renderBlobExplanation } from "../render/explain.ts";
import { renderJson } from "../render/json.ts";
import { blobOutcomeValue, renderSuccess, renderWarnings } from "../render/outcome.ts";
import { MAX_PRINTED_MESSAGE, report } from "../report.ts";
import { OFFLINE_FLAG } from "../offline.ts";
import { RECORDING_FLAGS } from "../recording.ts";
import { openRevocation, REVOCATION_FLAGS } from "../revocation.ts";
import { reportTrust, trustBlobPolicy, trustCertificates } from "../trust.ts";
import { FINDINGS_FLAGS, type FindingsForm, readForm } from "../verification.ts";

/** `edge-notary blob verify`. */
export const blobVerify = defineCommand({
  name: "blob verify",
  use: "[flags] --signature <signature_path> <blob_path>",
  short: "Verify a signature associated with a blob",
  long: "Verify a signature associated with a blob\n\n" +
    "Whom to trust says notation's trust policy for blobs, trustpolicy.blob.json: its global statement, or the one of\n" +
    "--policy-name. With --cert, no policy is read and everything the Notary Project validates is enforced.",
  examples: [
    {
      what: "Verify a blob with the root certificate of its signer",
      line: "edge-notary blob verify --cert root.crt --signature <blob_path>.jws.sig <blob_path>",
    },
    {
      what: "Show every validation: what was checked, against what, the result, what to do",
      line: "edge-notary blob verify --explain --cert root.crt --signature <blob_path>.jws.sig <blob_path>",
    },
  ],
  flags: {
    ...OFFLINE_FLAG,
    ...RECORDING_FLAGS,
    ...REVOCATION_FLAGS,
    cert: list("trust the certificates in this PEM or DER file and no trust policy; may be repeated", {
      value: "FILE",
    }),
    ...FINDINGS_FLAGS,
    "media-type": text("media type of the blob to verify", undefined),
    "policy-name": text("statement of the trust policy to verify against; the global one by default", undefined),
    signature: text("filepath of the signature to be verified", undefined, { short: "s" }),
    ...WANTED_METADATA_FLAG,
  },
  work: async ({ flags, operands, given }, context) => {
    const { host } = context;
    const form = readForm(flags, given);
    const path = onlyPath("blob verify", "blob", operands);
    if (flags.signature === undefined) throw usage("missing --signature FILE: the signature of the blob");
    if (flags.cert.length > 0 && flags["policy-name"] !== undefined) {
      throw usage("--cert and --policy-name name two trusts, expected one of them");
    }
    const userMetadata = Object.fromEntries(parseMetadata(flags["user-metadata"]));
    const signature = await readSignatureFile(flags.signature, host.files);
    const revocation = await openRevocation(flags, host);
    let trust: Trust;
    try {
      trust = flags.cert.length > 0
        ? await (await trustCertificates(flags.cert, host))(path)
        : await trustBlobPolicy(host, flags["policy-name"]);
    } catch (thrown) {
      const error = toEngineError(thrown, "Cannot tell whom to trust");
      if (form === "json") host.writeOut(renderJson({ reference: path, refusal: error.refusal }, 2));
      reportTrust(host, error);
      return 1;
    }
    const bytes = await host.files.read(path, MAX_BLOB_BYTES);
    const blob = { bytes, ...(flags["media-type"] === undefined ? {} : { mediaType: flags["media-type"] }) };
    const diagnose = form === "text" ? "refused" : "every";
    const outcome = await verifyBlob(blob, signature, trust, { ...host.ports, revocation, diagnose }, { userMetadata });
    return conclude(path, outcome, form, context);
  },
});

/** Prints what was found, and the verdict in notation's words. */
function conclude(
  path: string,
  outcome: VerificationOutcome,
  form: FindingsForm,
  { host, palette }: CommandContext,
): number {
  const judged = verdict(outcome);
  if (form === "json") host.writeOut(renderJson(blobOutcomeValue(path, outcome), 2));
  else if (form === "explanation") host.writeOut(`${renderBlobExplanation(outcome, path, palette)}\n`);
  if (judged !== "verified" && judged !== "skipped") {
    const why = reasonOf(outcome);
    report(host, why.refusal, {
      line: `Error: signature verification failed: ${printable(why.sentence, MAX_PRINTED_MESSAGE)}`,
      ...adviceOf(outcome, form),
      isExplained: form === "explanation",
    });
    return 1;
  }
  const shown = { reference: path, outcomes: [outcome], verdict: judged };
  host.writeError(renderWarnings(shown));
  if (form !== "json") host.writeOut(renderSuccess(shown));
  return 0;
}

/** What the chain doctor adds for people who did not ask for all of it. */
function adviceOf(outcome: VerificationOutcome, form: FindingsForm): { readonly advice?: readonly string[] } {
  const nearest = form === "text" ? nearestMiss(outcome) : undefined;
  return nearest === undefined ? {} : { advice: [`Chain: ${nearest.message}`] };
}

interface Reason {
  readonly refusal: Refusal;
  readonly sentence: string;
}

function reasonOf(outcome: VerificationOutcome): Reason {
  const why = firstRefusal(outcome) ??
    refusal("ERR_INTERNAL", "Cannot verify the blob: not verified, without a reason");
  const sentence = why.code === "TARGET_ARTIFACT_MISMATCH"
    ? "integrity check failed. signature does not match the given blob"
    : signatureReferenceText(outcome) ?? why.message;
  return { refusal: why, sentence };
}
