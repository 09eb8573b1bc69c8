/**
 * The program's entry: `node dist/edge-notary.js …` and `deno run -A src/cli/main.ts …`. This is the one place that
 * asks which runtime this is.
 */
import type { Host } from "../ports.ts";
import { run } from "./run.ts";

async function createHost(): Promise<Host> {
  if ("Deno" in globalThis) return (await import("../runtime/deno.ts")).createDenoHost();
  return (await import("../runtime/node.ts")).createNodeHost();
}

const host = await createHost();
host.exitWith(await run(host.argv, host));
