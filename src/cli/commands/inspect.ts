/** `inspect`: what the signatures of an artifact claim, verified or not. */
import { printable } from "../../encoding/mod.ts";
import { toEngineError, UnsupportedError } from "../../errors.ts";
import { decodeEnvelope, fetchEnvelope, inspectEnvelope } from "../../notary/mod.ts";
import type { CallOptions, Descriptor, Repository } from "../../oci/mod.ts";
import type { Host } from "../../ports.ts";
import { defineCommand } from "../command.ts";
import { CREDENTIAL_FLAGS } from "../credentials.ts";
import { text, usage } from "../flags.ts";
import { addressExamples, MAX_SIGNATURES_FLAG, readCall, resolveArtifact, signaturesOf } from "../notation.ts";
import { artifactsOf, checkPlatformFlags, coverageOf, headingOf, PLATFORM_FLAGS } from "../platforms.ts";
import { REGISTRY_FLAGS } from "../registry.ts";
import { type InspectedSignature, renderInspectionJson, renderInspectionTree } from "../render/inspection.ts";
import { report } from "../report.ts";

/** Envelopes fetched at the same time. */
const PARALLEL_FETCHES = 8;

/** `edge-notary inspect`. */
export const inspect = defineCommand({
  name: "inspect",
  use: "[flags] <reference>",
  short: "Inspect all signatures associated with the signed artifact",
  long: "Inspect all signatures associated with the signed artifact. What is shown are the signatures' claims:\n" +
    "nothing is verified.",
  examples: addressExamples("inspect", "Inspect signatures on an OCI artifact"),
  flags: {
    ...REGISTRY_FLAGS,
    ...CREDENTIAL_FLAGS,
    ...MAX_SIGNATURES_FLAG,
    ...PLATFORM_FLAGS,
    output: text("output format, options: 'json', 'tree', 'text'", "tree", { short: "o" }),
  },
  work: async ({ flags, operands }, context) => {
    const { host, zone } = context;
    if (!["json", "tree", "text"].includes(flags.output)) {
      throw usage(`unrecognized output format ${printable(flags.output)}`);
    }
    checkPlatformFlags(flags, flags.output !== "json");
    const artifact = await resolveArtifact(await readCall("inspect", operands, flags, host), host);
    if (artifact === undefined) return 1;
    const { repository, descriptor: resolved, call } = artifact;
    let artifacts: readonly Descriptor[];
    try {
      artifacts = await artifactsOf(repository, resolved, flags, call);
    } catch (thrown) {
      report(host, toEngineError(thrown, "Cannot choose a platform").refusal);
      return 1;
    }
    const shown: { readonly descriptor: Descriptor; readonly signatures: number }[] = [];
    let isWhole = true;
    for (const descriptor of artifacts) {
      const name = `${repository.name}@${descriptor.digest}`;
      const { signatures, exceeded } = await signaturesOf({ ...artifact, descriptor }, flags["max-signatures"]);
      const inspected = await inspectAll(signatures, { repository, call, host });
      const claims = inspected.filter((signature) => signature !== undefined);
      host.writeOut(headingOf(descriptor, shown.length));
      host.writeOut(
        flags.output === "json"
          ? renderInspectionJson(descriptor, claims, zone)
          : renderInspectionTree(name, claims, zone),
      );
      host.writeOut(exceeded);
      isWhole &&= claims.length === inspected.length;
      shown.push({ descriptor, signatures: signatures.length });
    }
    host.writeOut(coverageOf(shown));
    if (isWhole) return 0;
    host.writeError("Error: at least one signature was skipped and not displayed\n");
    return 1;
  },
});

interface Source {
  readonly repository: Repository;
  readonly call: CallOptions;
  readonly host: Host;
}

/** Fetches and reads each signature; `undefined` stands for one that was skipped with a warning. */
async function inspectAll(
  signatures: readonly Descriptor[],
  source: Source,
): Promise<readonly (InspectedSignature | undefined)[]> {
  const all: (InspectedSignature | undefined)[] = [];
  for (let start = 0; start < signatures.length; start += PARALLEL_FETCHES) {
    const batch = signatures.slice(start, start + PARALLEL_FETCHES);
    const results = await Promise.all(batch.map((manifest) => inspectOne(manifest, source)));
    // Warnings in the order of the signatures, however the answers came in.
    for (const result of results) {
      if (typeof result === "string") source.host.writeError(result);
      all.push(typeof result === "string" ? undefined : result);
    }
  }
  return all;
}

/** One signature, or the warning to print in its place. */
async function inspectOne(
  manifest: Descriptor,
  { repository, call, host }: Source,
): Promise<InspectedSignature | string> {
  const explain = (thrown: unknown): string => {
    const { code, message } = toEngineError(thrown, `Cannot read signature "${manifest.digest}"`);
    return `${printable(message)} (${code})`;
  };
  const skipped = (thrown: unknown): string =>
    `Warning: Skipping signature ${manifest.digest} because of error: ${explain(thrown)}\n`;
  let envelope;
  try {
    envelope = await fetchEnvelope(repository, manifest, call);
  } catch (thrown) {
    // Of a kind nobody reads: notation fetches it before it says so.
    if (thrown instanceof UnsupportedError && thrown.code === "ERR_ENVELOPE_MEDIA_TYPE") return skipped(thrown);
    return `Warning: unable to fetch signature ${manifest.digest} due to error: ${explain(thrown)}\n`;
  }
  try {
    return { manifest, claims: await inspectEnvelope(decodeEnvelope(envelope), host.ports.crypto) };
  } catch (thrown) {
    return skipped(thrown);
  }
}
