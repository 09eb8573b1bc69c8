/** `list`: the signature manifests of an artifact. */
import { SIGNATURE_ARTIFACT_TYPE } from "../../notary/mod.ts";
import { defineCommand } from "../command.ts";
import { CREDENTIAL_FLAGS } from "../credentials.ts";
import { addressExamples, MAX_SIGNATURES_FLAG, readCall, resolveArtifact, signaturesOf } from "../notation.ts";
import { REGISTRY_FLAGS } from "../registry.ts";
import { node, renderTree } from "../render/tree.ts";

/** `edge-notary list`. */
export const list = defineCommand({
  name: "list",
  aliases: ["ls"],
  use: "[flags] <reference>",
  short: "List signatures of the signed artifact",
  long: "List all the signatures associated with signed artifact",
  examples: addressExamples("list", "List signatures of an OCI artifact"),
  flags: { ...REGISTRY_FLAGS, ...CREDENTIAL_FLAGS, ...MAX_SIGNATURES_FLAG },
  work: async ({ flags, operands }, { host }) => {
    const artifact = await resolveArtifact(await readCall("list", operands, flags, host), host);
    if (artifact === undefined) return 1;
    const { signatures, exceeded } = await signaturesOf(artifact, flags["max-signatures"]);
    const digests = signatures.map(({ digest }) => node(digest));
    host.writeOut(
      digests.length === 0
        ? `${artifact.name} has no associated signature\n`
        : renderTree(node(artifact.name, [node(SIGNATURE_ARTIFACT_TYPE, digests)])),
    );
    host.writeOut(exceeded);
    return 0;
  },
});
