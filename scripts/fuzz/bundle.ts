/** The worker as one file, with a planted bug where one is asked for. */
import { build, type Plugin } from "esbuild";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ROOT } from "../build/bundles.ts";
import type { PlantedBug } from "./planted.ts";

/** A bundled worker. */
export interface Bundle {
  /** Absolute. */
  readonly file: string;
  readonly remove: () => void;
}

/** @throws {Error} When the bug's text is not there once: then nothing would have been planted. */
export async function bundleWorker(bug: PlantedBug | undefined): Promise<Bundle> {
  // Below node_modules, so that libraries are found from there and nothing is left in the checkout.
  const folder = join(ROOT, "node_modules", ".cache", `edge-notary-fuzz-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "worker.mjs");
  const remove = () => rmSync(folder, { recursive: true, force: true });
  let planted = bug === undefined;
  const plant: Plugin = {
    name: "plant",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (bug === undefined || path !== join(ROOT, "src", ...bug.file.split("/"))) return undefined;
        planted = true;
        return { contents: plantIn(readFileSync(path, "utf8"), bug), loader: "ts" };
      });
    },
  };
  try {
    await build({
      absWorkingDir: ROOT,
      entryPoints: ["scripts/fuzz/worker.ts"],
      outfile: file,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      sourcemap: "inline",
      logLevel: "silent",
      plugins: [plant],
      // The checkout is found from where the sources are, not from where the bundle is.
      define: { "import.meta.url": JSON.stringify(new URL("../build/bundles.ts", import.meta.url).href) },
    });
    if (!planted) throw new Error(`Cannot plant the bug: "${bug?.file}" is not part of the bundle`);
    return { file, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function plantIn(source: string, { file, text, replacement }: PlantedBug): string {
  const [before, after, ...others] = source.split(text);
  if (before === undefined || after === undefined || others.length > 0) {
    throw new Error(
      `Cannot plant the bug: "${file}" has the text ${JSON.stringify(text)} no longer, or more than once`,
    );
  }
  return before + replacement + after;
}
