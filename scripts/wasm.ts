/**
 * Builds `dist/edge-notary.wasm`, the core as a WebAssembly component, and its form for Node in `dist/wasm/`.
 *
 *     npm run build:wasm                    prints what was built
 *     npm run build:wasm -- --out FOLDER    builds there instead
 *
 * What builds it (`wasm-host/package.json`) is installed when it is missing; nothing else needs it.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { ROOT } from "./build/bundles.ts";
import { bundleComponent, COMPONENT_SOURCE } from "./wasm/bundle.ts";
import { openTools } from "./wasm/tools.ts";

/** Every subsystem of the engine that would import from WASI: without them the component imports `host` and no more. */
const WITHOUT_WASI = ["stdio", "random", "clocks", "http", "fetch-event"];

/** All that the component may import. */
const HOST_INTERFACE = "edge-notary:core/host@0.1.0";

const asked = process.argv.indexOf("--out");
const out = resolve(asked < 0 ? join(ROOT, "dist") : process.argv[asked + 1] ?? "dist");

async function main(): Promise<number> {
  try {
    const from = performance.now();
    const tools = await openTools();
    const source = await bundleComponent(tools);
    const sourcePath = join(out, "wasm", "component.js");
    await mkdir(dirname(sourcePath), { recursive: true });
    await writeFile(sourcePath, source);
    const witPath = join(ROOT, "wasm-host", "edge-notary.wit");
    const { component, imports } = await tools.componentize({
      sourcePath,
      witPath,
      worldName: "core",
      disableFeatures: WITHOUT_WASI,
    });
    requireNoOtherImports(imports);
    await writeFile(join(out, "edge-notary.wasm"), component);
    const { files } = await tools.transpile(component, { name: "edge-notary", instantiation: { tag: "async" } });
    for (const [name, content] of Object.entries(files)) {
      const path = join(out, "wasm", name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
    await rm(sourcePath);
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    console.log(`${COMPONENT_SOURCE}  ${kilobytes(source.length)} of JavaScript`);
    console.log(
      `edge-notary.wasm        ${kilobytes(component.length)}, ${kilobytes(gzipSync(component).length)} after gzip; ` +
        `built in ${seconds} s`,
    );
    return 0;
  } catch (error) {
    console.error(`Cannot build the component: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

function requireNoOtherImports(imports: readonly (readonly [string, string])[]): void {
  const others = imports.filter(([name]) => name !== HOST_INTERFACE);
  if (others.length === 0) return;
  throw new Error(`it imports ${others.map((one) => one.join(" ")).join(", ")}, expected ${HOST_INTERFACE} alone`);
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000).toLocaleString("en")} kB`;
}

process.exitCode = await main();
