/** The tools that build a component, in a package of their own: they are ten times the size of everything else here. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { ROOT } from "../build/bundles.ts";

const FOLDER = join(ROOT, "wasm-host");

export interface Tools {
  /** Puts JavaScript into the engine. */
  readonly componentize: (options: {
    readonly sourcePath: string;
    readonly witPath: string;
    readonly worldName: string;
    readonly disableFeatures: readonly string[];
  }) => Promise<{ readonly component: Uint8Array; readonly imports: readonly (readonly [string, string])[] }>;
  /** Makes core modules and JavaScript of a component, for engines that know no components. */
  readonly transpile: (
    component: Uint8Array,
    options: { readonly name: string; readonly instantiation: { readonly tag: "async" } },
  ) => Promise<{ readonly files: Readonly<Record<string, Uint8Array>> }>;
  /** Writes `\p{…}` of regular expressions out as characters; `undefined` where there is none. */
  readonly writeOutProperties: (code: string, fileName: string) => string | undefined;
}

/** Opens the tools at their locked versions; installs them when they are missing. */
export async function openTools(): Promise<Tools> {
  const locked = JSON.parse(readFileSync(join(FOLDER, "package-lock.json"), "utf8"));
  if (!isInstalled(locked)) install();
  const load = async (name: string, file: string) =>
    await import(pathToFileURL(join(FOLDER, "node_modules", name, file)).href);
  const [{ componentize }, { transpile }, { rewriteUnicodePropertyEscapes }] = await Promise.all([
    load("@bytecodealliance/componentize-js", "src/componentize.js"),
    load("@bytecodealliance/jco", "dist/api.js"),
    // The part of `jco componentize` that knows what this engine's parser refuses.
    load("@bytecodealliance/jco", "dist/engine-compat.js"),
  ]);
  return { componentize, transpile, writeOutProperties: rewriteUnicodePropertyEscapes };
}

function isInstalled(locked: { readonly packages: Readonly<Record<string, { readonly version?: string }>> }): boolean {
  return ["@bytecodealliance/componentize-js", "@bytecodealliance/jco"].every((name) => {
    const manifest = join(FOLDER, "node_modules", name, "package.json");
    if (!existsSync(manifest)) return false;
    return JSON.parse(readFileSync(manifest, "utf8")).version === locked.packages[`node_modules/${name}`]?.version;
  });
}

function install(): void {
  console.error("Installing the component tools from wasm-host/package-lock.json …");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const args = ["ci", "--no-fund", "--no-audit", "--loglevel=error"];
  const { status } = spawnSync(npm, args, { cwd: FOLDER, stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error(`npm ci in wasm-host ended with ${status}`);
}
