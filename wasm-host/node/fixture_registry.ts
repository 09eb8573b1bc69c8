/** The fixtures' layouts as registries, whatever the host: what `fetch` answers when the cases are run. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { readLayout, serveLayouts } from "../../src/oci/mod.ts";
import { files } from "../../src/runtime/files.ts";

const fixtures = fileURLToPath(new URL("../../test/fixtures/", import.meta.url));
const repositories: readonly { readonly layout: string; readonly name: string }[] = JSON.parse(
  readFileSync(`${fixtures}repositories.json`, "utf8"),
);
const crypto = createWebCryptoProvider();
const layouts = await Promise.all(repositories.map(async ({ layout, name }) =>
  [
    name.slice(name.indexOf("/") + 1),
    await readLayout({ files, folder: `${fixtures}layouts/${layout}` }, crypto),
  ] as const
));

export default serveLayouts(new Map(layouts));
