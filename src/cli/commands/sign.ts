/** `sign`: signs an artifact and pushes the signature to its registry. */
import { toEngineError } from "../../errors.ts";
import { signArtifact } from "../../notary/mod.ts";
import { defineCommand } from "../command.ts";
import { CREDENTIAL_FLAGS } from "../credentials.ts";
import { toggle } from "../flags.ts";
import { addressExamples, onlyReference, resolveArtifact } from "../notation.ts";
import { ADDRESS_FLAGS, openRegistriesForPush, startCall, TIMEOUT_FLAG } from "../registry.ts";
import { readSignOptions, reportSigning, SIGN_FLAGS } from "../signing.ts";
import { openSigningKey } from "../signing_key.ts";

/** `edge-notary sign`. */
export const sign = defineCommand({
  name: "sign",
  use: "[flags] <reference>",
  short: "Sign artifacts",
  long: "Sign artifacts\n\n" +
    "The key is one of notation's key list, in $NOTATION_CONFIG or the notation folder of your configuration, or that\n" +
    "of --key-file and --cert-file. What was made is verified before it is pushed, and so is a timestamp: where the\n" +
    "authority does not give a good one, nothing is pushed.",
  examples: [
    ...addressExamples("sign", "Sign an OCI artifact").slice(0, 1),
    {
      what: "Sign an OCI artifact using a specified key, with the COSE envelope",
      line: "edge-notary sign --key <key_name> --signature-format cose <registry>/<repository>@<digest>",
    },
    {
      what: "Sign an OCI artifact with a key in files, for 24 hours",
      line: "edge-notary sign --key-file key.pem --cert-file chain.pem --expiry 24h <registry>/<repository>@<digest>",
    },
    {
      what: "Sign an OCI artifact and have a timestamp authority say when",
      line: "edge-notary sign --timestamp-url <TSA_url> --timestamp-root-cert <TSA_root_certificate_filepath> " +
        "<registry>/<repository>@<digest>",
    },
    ...addressExamples("sign", "Sign an OCI artifact").slice(1),
  ],
  flags: {
    ...ADDRESS_FLAGS,
    ...CREDENTIAL_FLAGS,
    ...TIMEOUT_FLAG,
    ...SIGN_FLAGS,
    "force-referrers-tag": toggle("list the signature under the referrers tag, whatever the registry can do"),
  },
  work: async ({ flags, operands }, context) => {
    const { host } = context;
    const typed = onlyReference("sign", operands);
    const call = startCall(flags.timeout, host.ports);
    const options = await readSignOptions(flags, context, call.signal);
    const signer = await openSigningKey(flags, host);
    const artifact = await resolveArtifact(
      { operation: "sign", typed, isLayout: false, open: await openRegistriesForPush(flags, host), call },
      host,
    );
    if (artifact === undefined) return 1;
    const { repository, descriptor: subject, name } = artifact;
    const referrersTag = flags["force-referrers-tag"];
    try {
      const { descriptor } = await signArtifact(repository, subject, signer, host.ports, { ...options, referrersTag });
      host.writeOut(`Successfully signed ${name}\n`);
      host.writeOut(`Pushed the signature to ${repository.name}@${descriptor.digest}\n`);
      return 0;
    } catch (thrown) {
      reportSigning(host, toEngineError(thrown, "Cannot sign"));
      return 1;
    }
  },
});
