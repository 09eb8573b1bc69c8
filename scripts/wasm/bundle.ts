/** The JavaScript that goes into the component: the sources everything else is built from, as one module. */
import { build } from "esbuild";
import { ROOT } from "../build/bundles.ts";
import type { Tools } from "./tools.ts";

/** What is bundled. */
export const COMPONENT_SOURCE = "wasm-host/component.ts";

const ENTRY = `
import * as host from "edge-notary:core/host@0.1.0";
import { createVerifier } from "./${COMPONENT_SOURCE}";
import { completeEngine } from "./wasm-host/engine.ts";
completeEngine();
export const verifier = createVerifier(host);
`;

/**
 * Bundles the component's module; it imports the interface `host` and nothing else. The engine has none of Unicode's
 * tables, so `\p{…}` is written out as the characters it stands for.
 */
export async function bundleComponent({ writeOutProperties }: Pick<Tools, "writeOutProperties">): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    logLevel: "error",
    minify: true,
    platform: "neutral",
    mainFields: ["module", "main"],
    external: ["edge-notary:*"],
    write: false,
    stdin: { contents: ENTRY, resolveDir: ROOT, sourcefile: "component.ts", loader: "ts" },
  });
  const text = outputFiles[0]?.text ?? "";
  return writeOutProperties(text, "component.js") ?? text;
}
