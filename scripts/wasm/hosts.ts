/**
 * Runs the table of cases through the component in a host, built and installed as needed:
 *
 *     npm run wasm -- node
 *     npm run wasm -- python
 *     npm run wasm -- rust
 *
 * `--times N` measures instead, and prints one line of JSON. Ends with 0 only when every answer is as expected.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { ROOT } from "../build/bundles.ts";

export const HOSTS = ["node", "python", "rust"] as const;
export type HostName = (typeof HOSTS)[number];

/** A command with its arguments. */
export type Command = readonly [string, ...string[]];

/** Outside of the checkout, so that nothing that was built is taken for source, and it outlives it. */
const CACHE = join(homedir(), ".cache", "edge-notary");
const WASM_HOST = join(ROOT, "wasm-host");

/** The component; built when it is missing. */
export const COMPONENT: string = join(ROOT, "dist", "edge-notary.wasm");

/** The program a host needs that is not installed by this script; `undefined` when all is there. */
export function missingProgram(host: HostName): string | undefined {
  const program = { node: "node", python: python(), rust: "cargo" }[host];
  const found = (process.env["PATH"] ?? "").split(delimiter).some((folder) =>
    ["", ".exe"].some((end) => existsSync(join(folder, program + end)))
  );
  return found ? undefined : program;
}

/** Builds and installs what the host needs, and gives the command that runs it. */
export function prepareHost(host: HostName): Command {
  switch (host) {
    case "node":
      return [process.execPath, "--import", "tsx", join(WASM_HOST, "node", "main.ts")];
    case "python":
      return [preparePython(), join(WASM_HOST, "python", "main.py")];
    case "rust":
      return [prepareRust()];
  }
}

function python(): string {
  return process.platform === "win32" ? "python" : "python3";
}

/** A virtual environment with what `requirements.txt` pins. */
function preparePython(): string {
  const folder = join(CACHE, "wasm-python");
  const interpreter = join(folder, ...(process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"]));
  const requirements = readFileSync(join(WASM_HOST, "python", "requirements.txt"), "utf8");
  const stamp = join(folder, "installed.txt");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === requirements) return interpreter;
  mkdirSync(dirname(folder), { recursive: true });
  run([python(), "-m", "venv", folder]);
  run([interpreter, "-m", "pip", "install", "--quiet", "-r", join(WASM_HOST, "python", "requirements.txt")]);
  writeFileSync(stamp, requirements);
  return interpreter;
}

function prepareRust(): string {
  const target = join(CACHE, "wasm-host-rust");
  const manifest = join(WASM_HOST, "rust", "Cargo.toml");
  run(["cargo", "build", "--quiet", "--locked", "--manifest-path", manifest], { CARGO_TARGET_DIR: target });
  return join(target, "debug", process.platform === "win32" ? "edge-notary-wasm-host.exe" : "edge-notary-wasm-host");
}

function run([program, ...args]: Command, environment: Readonly<Record<string, string>> = {}): void {
  const { status, error } = spawnSync(program, args, {
    stdio: ["ignore", 2, 2],
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Error(`${program} ${args[0]} ended with ${status ?? error?.message}`);
}

function main([name, ...args]: readonly string[]): number {
  const host = HOSTS.find((known) => known === name);
  if (host === undefined) {
    console.error(`Cannot run a host: "${name ?? ""}", expected one of ${HOSTS.join(", ")}`);
    return 1;
  }
  const missing = missingProgram(host);
  if (missing !== undefined) {
    console.error(`Cannot run the host "${host}": there is no ${missing} in PATH`);
    return 1;
  }
  if (!existsSync(COMPONENT)) run([process.execPath, "--import", "tsx", join(ROOT, "scripts", "wasm.ts")]);
  const [program, ...before] = prepareHost(host);
  return spawnSync(program, [...before, ...args], { cwd: ROOT, stdio: "inherit" }).status ?? 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = main(process.argv.slice(2));
