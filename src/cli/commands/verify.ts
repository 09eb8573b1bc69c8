/** `verify`: whether a trusted signer signed an artifact. */
import { printable } from "../../encoding/mod.ts";
import { ConfigurationError, toEngineError } from "../../errors.ts";
import { type ArtifactOutcome, createArtifactView, STRICT, type Trust, verifyArtifact } from "../../notary/mod.ts";
import type { Files } from "../../ports.ts";
import { type Certificate, parseCertificates } from "../../x509/mod.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { list, text, toggle, usage } from "../flags.ts";
import { addressExamples, MAX_SIGNATURES_FLAG, readCall, reportReference, warnAboutTag } from "../notation.ts";
import { readReference, REGISTRY_FLAGS } from "../registry.ts";
import { renderExplanation } from "../render/explain.ts";
import { outcomeValue, renderFailure, renderSuccess } from "../render/outcome.ts";
import { renderJson } from "../render/json.ts";
import { report } from "../report.ts";

/** Bytes of a certificate file at most. */
export const MAX_CERTIFICATE_FILE_BYTES = 1024 * 1024;

/** `edge-notary verify`. */
export const verify = defineCommand({
  name: "verify",
  use: "[flags] --cert FILE <reference>",
  short: "Verify OCI artifacts",
  long: "Verify OCI artifacts\n\n" +
    "A signature is trusted when one of the given certificates is in its chain, byte for byte: the root's, or the\n" +
    "signing certificate itself. Everything the Notary Project validates is enforced.",
  examples: [
    {
      what: "Verify a signature on an OCI artifact with the root certificate of its signer",
      line: "edge-notary verify --cert root.crt <registry>/<repository>@<digest>",
    },
    {
      what: "Show every validation of every signature: what was checked, against what, the result, what to do",
      line: "edge-notary verify --cert root.crt --explain <registry>/<repository>@<digest>",
    },
    ...addressExamples("verify", "Verify a signature on an OCI artifact").slice(1),
  ],
  flags: {
    ...REGISTRY_FLAGS,
    ...MAX_SIGNATURES_FLAG,
    cert: list("trust the certificates in this PEM or DER file; may be repeated", { value: "FILE" }),
    explain: toggle("show every validation of every signature"),
    output: text("output format, options: 'json', 'text'", "text", { short: "o" }),
  },
  work: async ({ flags, operands }, context) => {
    const { host } = context;
    if (flags.output !== "text" && flags.output !== "json") {
      throw usage(`unrecognized output format ${printable(flags.output)}`);
    }
    const call = await readCall("verify", operands, flags, host);
    if (flags.cert.length === 0) {
      throw usage("missing --cert FILE: without a trusted certificate nothing can be verified");
    }
    const trust = await readTrust(flags.cert, host.files);
    let outcome: ArtifactOutcome;
    try {
      const reference = readReference(call.typed);
      const { crypto, now } = host.ports;
      const view = createArtifactView({ open: call.open, crypto, now }, { signal: call.signal });
      outcome = await verifyArtifact(reference, trust, view, { maxSignatures: flags["max-signatures"] });
      warnAboutTag("verify", reference, host);
    } catch (thrown) {
      const error = toEngineError(thrown, "Cannot verify the artifact");
      if (flags.output === "json") host.writeOut(renderJson({ reference: call.typed, refusal: error.refusal }, 2));
      reportReference(host, call.typed, error);
      return 1;
    }
    return conclude(outcome, { output: flags.output, explain: flags.explain, typed: call.typed }, context);
  },
});

interface Conclusion {
  readonly output: "text" | "json";
  readonly explain: boolean;
  readonly typed: string;
}

/** Prints what was found, and the verdict in notation's words. */
function conclude(
  outcome: ArtifactOutcome,
  { output, explain, typed }: Conclusion,
  { host, palette }: CommandContext,
): number {
  const verified = outcome.verdict === "verified";
  if (output === "json") host.writeOut(renderJson(outcomeValue(outcome), 2));
  else if (explain) host.writeOut(`${renderExplanation(outcome, typed, palette)}\n`);
  if (!verified) {
    const { refusal, ...wording } = renderFailure(outcome, explain || output === "json");
    report(host, refusal, wording);
  } else if (output === "text") host.writeOut(renderSuccess(outcome));
  return verified ? 0 : 1;
}

/**
 * Reads the trusted certificates.
 *
 * @throws {ConfigurationError} `ERR_FILE`, or `ERR_CONFIG` naming the file that holds no certificate.
 */
async function readTrust(paths: readonly string[], files: Files): Promise<Trust> {
  const ca: Certificate[] = [];
  for (const path of paths) ca.push(...await readCertificates(path, files));
  return { name: `--cert ${paths.join(", ")}`, level: STRICT, trustAnchors: { ca, signingAuthority: [] } };
}

async function readCertificates(path: string, files: Files): Promise<readonly Certificate[]> {
  const bytes = await files.read(path, MAX_CERTIFICATE_FILE_BYTES);
  const refuse = (reason: string, cause?: unknown): ConfigurationError =>
    new ConfigurationError("ERR_CONFIG", `Cannot read certificates of "${printable(path)}": ${reason}`, { cause });
  let certificates: readonly Certificate[];
  try {
    certificates = parseCertificates(bytes);
  } catch (thrown) {
    const { code, message } = toEngineError(thrown, "Cannot parse certificates");
    throw refuse(`${message} (${code})`, thrown);
  }
  if (certificates.length === 0) throw refuse("it holds no certificate, expected 1 or more as PEM or DER");
  return certificates;
}
