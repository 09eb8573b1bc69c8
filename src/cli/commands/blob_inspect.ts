/** `blob inspect`: what the signature of a file claims, verified or not. */
import { printable } from "../../encoding/mod.ts";
import { decodeEnvelope, inspectEnvelope } from "../../notary/mod.ts";
import { onlyPath, readSignatureFile } from "../blob_files.ts";
import { defineCommand } from "../command.ts";
import { text, usage } from "../flags.ts";
import { renderBlobInspectionJson, renderBlobInspectionTree } from "../render/blob_inspection.ts";

/** `edge-notary blob inspect`. */
export const blobInspect = defineCommand({
  name: "blob inspect",
  use: "[flags] <signature_path>",
  short: "Inspect a signature associated with a blob",
  long: "Inspect a signature associated with a blob. What is shown are the signature's claims: nothing is verified.",
  examples: [{ what: "Inspect a signature", line: "edge-notary blob inspect <blob_path>.jws.sig" }],
  flags: { output: text("output format, options: 'json', 'tree'", "tree", { short: "o" }) },
  work: async ({ flags, operands }, { host, zone }) => {
    if (!["json", "tree"].includes(flags.output)) throw usage(`unrecognized output format ${printable(flags.output)}`);
    const path = onlyPath("blob inspect", "signature", operands);
    const envelope = decodeEnvelope(await readSignatureFile(path, host.files));
    const claims = await inspectEnvelope(envelope, host.ports.crypto);
    host.writeOut(
      flags.output === "json" ? renderBlobInspectionJson(claims, zone) : renderBlobInspectionTree(path, claims, zone),
    );
    return 0;
  },
});
