/**
 * Builds `dist/`: library, types, command line, worker and page; prints their sizes and fails over budget.
 *
 *     npm run build            prints the table of sizes
 *     npm run build -- --quiet prints failures only
 *     npm run build -- --out FOLDER builds there instead
 *
 * The new build takes the place of the old one at the end, whole: a build that fails leaves the old one in place.
 */
import { spawn } from "node:child_process";
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { bundles, ROOT } from "./build/bundles.ts";
import { buildBundle, type BuiltBundle, exceeded, formatSizes, measure } from "./build/sizes.ts";

const asked = process.argv.indexOf("--out");
const target = resolve(asked < 0 ? join(ROOT, "dist") : process.argv[asked + 1] ?? "dist");
/**
 * On the file system of the target, so that it can be moved there; not beside `dist/`, where it would be left behind.
 */
const out = asked < 0 ? join(ROOT, "node_modules", ".cache", `edge-notary-${process.pid}`) : `${target}.${process.pid}`;

/** Emits `types/**.d.ts` with the compiler. */
function emitTypes(): Promise<void> {
  const options = ["-p", "scripts/tsconfig.types.json", "--outDir", join(out, "types")];
  const compiler = spawn(process.execPath, [join(ROOT, "node_modules", "typescript", "bin", "tsc"), ...options], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let report = "";
  compiler.stdout.on("data", (chunk) => report += chunk);
  return new Promise((resolve, reject) => {
    compiler.on("error", reject);
    compiler.on("exit", (status) => status === 0 ? resolve() : reject(new Error(`types:\n${report}`)));
  });
}

async function write({ bundle, result }: BuiltBundle): Promise<void> {
  if (bundle.name === "verify") return;
  for (const { path, contents } of result.outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contents);
  }
}

/** Declarations name the emitted files, as the bundles do: every compiler and runtime resolves `.js` to `.d.ts`. */
async function nameEmittedFiles(): Promise<void> {
  const folder = join(out, "types");
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const text = await readFile(join(folder, name), "utf8");
    await writeFile(join(folder, name), text.replace(/((?:from|import\()\s*"\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

async function finish(): Promise<void> {
  await nameEmittedFiles();
  const program = join(out, "edge-notary.js");
  await writeFile(program, `#!/usr/bin/env node\n${await readFile(program, "utf8")}`);
  await chmod(program, 0o755);
  for (const name of ["index.html", "icon.svg"]) {
    await copyFile(join(ROOT, "src", "page", name), join(out, "page", name));
  }
}

/** Puts the new build in the place of the old one. */
async function replace(): Promise<void> {
  const old = `${out}.old`;
  await mkdir(dirname(target), { recursive: true });
  await rename(target, old).catch(() => {});
  await rename(out, target);
  await rm(old, { recursive: true, force: true });
}

async function main(): Promise<number> {
  const quiet = process.argv.includes("--quiet");
  const started = performance.now();
  await mkdir(out, { recursive: true });
  try {
    const [built] = await Promise.all([Promise.all(bundles(out).map(buildBundle)), emitTypes()]);
    const sizes = built.map(measure);
    if (!quiet) console.log(formatSizes(sizes));
    const failures = exceeded(sizes);
    for (const failure of failures) console.error(`Cannot build: ${failure}`);
    if (failures.length > 0) return 1;
    for (const bundle of built) await write(bundle);
    await finish();
    await replace();
    if (!quiet) {
      console.log(`${relative(ROOT, target)} built in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    }
    return 0;
  } catch (error) {
    console.error(`Cannot build: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

process.exitCode = await main();
