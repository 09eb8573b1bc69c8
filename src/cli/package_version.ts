/** Which version of this program runs. */
import { isJsonObject, parseJson } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import type { Host } from "../ports.ts";

const MAX_PACKAGE_BYTES = 1024 * 1024;

/** The version in the package's own description. @throws {ConfigurationError} `ERR_FILE` */
export async function readVersion(host: Pick<Host, "files" | "packageFolder">): Promise<string> {
  const path = `${await host.packageFolder()}/package.json`;
  const description = parseJson(await host.files.read(path, MAX_PACKAGE_BYTES));
  const found = isJsonObject(description) ? description["version"] : undefined;
  if (typeof found !== "string") throw new ConfigurationError("ERR_FILE", `Cannot read "${path}": it has no version`);
  return found;
}
