/** `blob sign`: signs a file and writes the signature to another. */
import { printable } from "../../encoding/mod.ts";
import { toEngineError } from "../../errors.ts";
import { DEFAULT_BLOB_MEDIA_TYPE, signBlob, type SignedEnvelope } from "../../notary/mod.ts";
import { MAX_BLOB_BYTES, onlyPath, signaturePath } from "../blob_files.ts";
import { defineCommand } from "../command.ts";
import { text, toggle, usage } from "../flags.ts";
import { OFFLINE_FLAG } from "../offline.ts";
import { deadline, DEFAULT_TIMEOUT_SECONDS } from "../registry.ts";
import { warn } from "../report.ts";
import { readSignOptions, reportSigning, SIGN_FLAGS } from "../signing.ts";
import { openSigningKey } from "../signing_key.ts";

/** `edge-notary blob sign`. */
export const blobSign = defineCommand({
  name: "blob sign",
  use: "[flags] <blob_path>",
  short: "Produce a detached signature for a given blob",
  long: "Produce a detached signature for a given blob, in <blob_path>.jws.sig or <blob_path>.cose.sig",
  examples: [
    {
      what: "Sign a blob with a key of notation's key list",
      line: "edge-notary blob sign --key <key_name> <blob_path>",
    },
    {
      what: "Sign a blob with a key in files and put the signature into another folder",
      line: "edge-notary blob sign --key-file key.pem --cert-file chain.pem --signature-directory out <blob_path>",
    },
  ],
  flags: {
    ...OFFLINE_FLAG,
    ...SIGN_FLAGS,
    force: toggle("override the existing signature file"),
    "media-type": text("media type of the blob", DEFAULT_BLOB_MEDIA_TYPE),
    "signature-directory": text("folder of the signature file; by default that of the blob", undefined, {
      value: "DIR",
    }),
  },
  work: async ({ flags, operands }, context) => {
    const { host } = context;
    const path = onlyPath("blob sign", "blob", operands);
    const { formatName, ...options } = await readSignOptions(flags, context, deadline(DEFAULT_TIMEOUT_SECONDS));
    const target = signaturePath(path, formatName, flags["signature-directory"]);
    const exists = await host.files.kind(target) !== undefined;
    if (exists && !flags.force) throw usage(`signature file "${printable(target)}" exists, use --force to replace it`);
    const signer = await openSigningKey(flags, host);
    const bytes = await host.files.read(path, MAX_BLOB_BYTES);
    let signed: SignedEnvelope;
    try {
      signed = await signBlob({ bytes, mediaType: flags["media-type"] }, signer, host.ports, options);
    } catch (thrown) {
      reportSigning(host, toEngineError(thrown, "Cannot sign"));
      return 1;
    }
    if (exists) warn(host, "existing signature file will be overwritten");
    await host.writeFile(target, signed.bytes, { replace: flags.force });
    host.writeOut(`Successfully signed ${path}\nSignature file written to ${target}\n`);
    return 0;
  },
});
