/**
 * What a suite needs beside Node. A suite whose need is not met skips with one visible line; under `CI=true` it fails.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "vitest";
import { goReady, type Peer, peersReady } from "../../scripts/peers.ts";
import { COMPONENT, missingProgram } from "../../scripts/wasm/hosts.ts";

const shared = process.env["EDGE_NOTARY_SHARED"] ?? "../shared";

/** Where Debian and others put Chromium; `EDGE_NOTARY_CHROMIUM` names another. */
const CHROMIUM_PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const built = (...peers: readonly Peer[]) => () => peersReady(...peers);

const runs = (program: string, ...args: readonly string[]) => spawnSync(program, args).status === 0;

const needs = {
  /** Test data published by others, beside the checkout. */
  shared: () => existsSync(join(shared, "vectors")),
  /** A Go toolchain, which `npm run peers` needs. */
  go: goReady,
  /** notation, oras, olareg, distribution and corebench, built by `npm run peers`. */
  tools: built("notation", "distribution", "corebench"),
  /** The same, and Debian's docker-registry. */
  registries: () => built("notation", "distribution", "corebench")() && runs("docker-registry", "--version"),
  /** The reference's timestamp libraries as a program, built by `npm run peers`. */
  timestamps: built("timestamps"),
  /** The reference's revocation library as a program, likewise. */
  revocation: built("revocation"),
  /** The libraries that read references, as a program, likewise. */
  references: built("references"),
  /** Kubernetes' own libraries as a program, likewise. */
  kubernetes: built("kubernetes"),
  /** The Kyverno CLI, built by `npm run peers`. */
  kyverno: built("kyverno"),
  /** Everything `npm run peers` builds. */
  peers: built("notation", "distribution", "corebench", "kyverno"),
  /** The OpenSSL whose answers the rows of certification paths hold. */
  openssl: () => spawnSync("openssl", ["version"], { encoding: "utf8" }).stdout?.startsWith("OpenSSL 3.0.") === true,
  /** What the lines that `serve` prints are typed into a shell with. */
  curl: () => runs("curl", "--version"),
  /** Debian's Redis server. */
  redis: () => spawnSync("redis-server", ["--version"]).status === 0,
  /** The component that `npm run build:wasm` builds. */
  component: () => existsSync(COMPONENT),
  /** What the component's host in Python is run with. */
  python: () => existsSync(COMPONENT) && missingProgram("python") === undefined,
  /** What the component's host in Rust is built with. */
  rust: () => existsSync(COMPONENT) && missingProgram("rust") === undefined,
  /** A Chromium that playwright-core can drive; see {@link chromiumPath}. */
  chromium: () => chromiumPath() !== undefined,
} as const;

/** What a suite can need. */
export type Need = keyof typeof needs;

/** A file below `../shared`. */
export function sharedPath(...parts: readonly string[]): string {
  return join(shared, ...parts);
}

/** The Chromium of this machine, if it has one. */
export function chromiumPath(): string | undefined {
  const named = process.env["EDGE_NOTARY_CHROMIUM"];
  return named ?? CHROMIUM_PATHS.find((path) => existsSync(path));
}

/**
 * `describe` where the need is met; otherwise one skipped suite with a line that says why, an error under `CI=true`.
 */
export function describeIf(need: Need, name: string, body: () => void): void {
  if (needs[need]()) {
    describe(name, body);
  } else if (process.env["CI"] === "true") {
    describe(name, () => it(`needs ${need}`, () => Promise.reject(new Error(`${name}: "${need}" is missing`))));
  } else {
    console.warn(`skipped: ${name}: needs "${need}"`);
    describe.skipIf(true)(name, () => it(`needs ${need}`, () => {}));
  }
}
