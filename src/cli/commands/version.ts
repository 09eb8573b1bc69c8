/** `version`: what runs, and on what. */
import { isJsonObject, parseJson, printable } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import type { Host } from "../../ports.ts";
import { defineCommand } from "../command.ts";
import { usage } from "../flags.ts";

const MAX_PACKAGE_BYTES = 1024 * 1024;

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

/** The version in the package's own description. */
async function readVersion(host: Host): Promise<string> {
  const path = `${await host.packageFolder()}/package.json`;
  const description = parseJson(await host.files.read(path, MAX_PACKAGE_BYTES));
  const found = isJsonObject(description) ? description["version"] : undefined;
  if (typeof found !== "string") throw new ConfigurationError("ERR_FILE", `Cannot read "${path}": it has no version`);
  return found;
}
