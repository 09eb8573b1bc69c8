/** `version`: what runs, and on what. */
import { printable } from "../../encoding/mod.ts";
import { defineCommand } from "../command.ts";
import { usage } from "../flags.ts";
import { readVersion } from "../package_version.ts";

/** `edge-notary version`. */
export const version = defineCommand({
  name: "version",
  use: "[flags]",
  short: "Show the edge-notary version information",
  long: "Show the edge-notary version information",
  examples: [{ what: "Show version, runtime and crypto provider", line: "edge-notary version" }],
  flags: {},
  work: async ({ operands }, { host }) => {
    if (operands[0] !== undefined) {
      throw usage(`unknown argument "${printable(operands[0])}" for "edge-notary version"`);
    }
    host.writeOut(
      "edge-notary - Notary Project signatures, verified anywhere JavaScript runs.\n\n" +
        `Version:     ${await readVersion(host)}\n` +
        `Runtime:     ${host.runtime}\n` +
        `Crypto:      ${host.ports.crypto.name}\n`,
    );
    return 0;
  },
});
