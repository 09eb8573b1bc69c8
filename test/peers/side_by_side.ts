/** Asks this program and a real tool the same question about the fixtures, in the same real registry. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { peerPaths } from "../../scripts/peers.ts";
import { type ViewerZone } from "../../src/cli/render/time.ts";
import { run } from "../../src/cli/run.ts";
import { createNodeHost } from "../../src/runtime/node.ts";
import { loadLayout } from "./content.ts";
import { type Registry, type RegistryKind, startRegistry } from "./registries.ts";
import { runTool, type ToolResult } from "./tools.ts";

/** One row of `images.json`. */
export interface FixtureImage {
  /** `registry/repository`. */
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly envelopes: readonly string[];
  /** What notation said, when, and with which certificates trusted. */
  readonly verifications: readonly {
    readonly at: string;
    readonly trustAnchors: readonly string[];
    readonly verdict: string;
  }[];
}

const fixtures = resolve("test/fixtures");

/** A JSON file of the fixtures. */
export function readFixture<Value>(file: string): Value {
  return JSON.parse(readFileSync(join(fixtures, file), "utf8")) as Value;
}

export const images = readFixture<readonly FixtureImage[]>("images.json");

/** The kinds of registry every comparison runs on: with the referrers API and without. */
export const REGISTRY_KINDS: readonly RegistryKind[] = ["olareg", "distribution"];

/** Longest a question may take, whoever is asked. */
const MAX_MILLISECONDS = 60_000;

/** What a question may need beside its arguments. */
export interface AskOptions {
  /** Name of a time zone and what it is at the fixtures' times; UTC by default. */
  readonly zone?: { readonly name: string; readonly offsetMinutes: number };
  /** Trusted certificates, relative to `test/fixtures`. */
  readonly trustAnchors?: readonly string[];
  /** Notation's folder, in place of one with the certificates above. */
  readonly configuration?: string;
}

/** The fixtures in one registry, and the two that are asked about them. */
export interface SideBySide {
  readonly registry: Registry;
  /** `127.0.0.1:PORT/repository:tag`. */
  readonly address: (image: Pick<FixtureImage, "repository" | "tag">) => string;
  /** Runs this program in this process. */
  readonly ours: (args: readonly string[], options?: AskOptions) => Promise<ToolResult>;
  /** Runs this program's source as a process of its own. */
  readonly oursAsProcess: (args: readonly string[], options?: AskOptions) => Promise<ToolResult>;
  readonly notation: (args: readonly string[], options?: AskOptions) => Promise<ToolResult>;
  readonly oras: (args: readonly string[]) => Promise<ToolResult>;
  readonly close: () => Promise<void>;
}

/** Starts a registry and puts every layout of the fixtures into it. */
export async function openSideBySide(kind: RegistryKind): Promise<SideBySide> {
  const registry = await startRegistry(kind);
  const home = mkdtempSync(join(tmpdir(), "edge-notary-side-by-side-"));
  for (const { layout, name } of readFixture<readonly { layout: string; name: string }[]>("repositories.json")) {
    await loadLayout(registry, pathOf(name), join(fixtures, "layouts", layout));
  }
  const nobodysHome = { HOME: home, XDG_CONFIG_HOME: home, DOCKER_CONFIG: home };
  const certificates = (options: AskOptions) =>
    (options.trustAnchors ?? []).flatMap((anchor) => ["--cert", join(fixtures, anchor)]);
  const zoneOf = ({ zone }: AskOptions) => ({ TZ: zone?.name ?? "UTC" });
  return {
    registry,
    address: ({ repository, tag }) => `${registry.host}/${pathOf(repository)}:${tag}`,
    ours: (args, options = {}) => runHere([...args, ...certificates(options)], options),
    oursAsProcess: (args, options = {}) =>
      runTool(process.execPath, [
        "--import",
        import.meta.resolve("tsx"),
        resolve("src/cli/main.ts"),
        ...args,
        ...certificates(options),
      ], { environment: { ...nobodysHome, ...zoneOf(options) }, folder: home }),
    notation: (args, options = {}) => {
      const config = options.configuration ?? trustConfig(home, options.trustAnchors ?? []);
      const environment = { ...nobodysHome, ...zoneOf(options), NOTATION_CONFIG: config };
      return runTool(peerPaths().notation, args, { environment, folder: home });
    },
    oras: (args) => runTool(peerPaths().oras, args, { environment: nobodysHome, folder: home }),
    close: async () => {
      await registry.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A repository's path without its registry. */
export function pathOf(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

const host = createNodeHost();

async function runHere(argv: readonly string[], { zone, configuration }: AskOptions): Promise<ToolResult> {
  const said = { stdout: "", stderr: "" };
  const writing = {
    writeOut: (text: string) => void (said.stdout += text),
    writeError: (text: string) => void (said.stderr += text),
  };
  const viewer: ViewerZone = zone === undefined ? () => 0 : () => zone.offsetMinutes;
  // Nobody's registry logins, as for the tools.
  const ports = { ...host.ports, credentials: () => Promise.resolve(undefined) };
  const variable = (name: string) => name === "NOTATION_CONFIG" ? configuration : host.variable(name);
  const ended = run(argv, { ...host, ...writing, ports, variable, argv, isTerminal: false }, viewer);
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`"${argv.join(" ")}" ran longer than ${MAX_MILLISECONDS} ms`)), MAX_MILLISECONDS)
      .unref();
  });
  return { exitCode: await Promise.race([ended, late]), ...said };
}

/** The fixtures in both kinds of registry. */
export interface BothRegistries {
  readonly at: (kind: RegistryKind) => SideBySide;
  readonly close: () => Promise<void>;
}

/** Starts both kinds of registry, each with every layout of the fixtures. */
export async function openBothRegistries(): Promise<BothRegistries> {
  const opened = new Map<RegistryKind, SideBySide>();
  const close = async () => {
    for (const side of opened.values()) await side.close();
  };
  try {
    for (const kind of REGISTRY_KINDS) opened.set(kind, await openSideBySide(kind));
  } catch (error) {
    await close();
    throw error;
  }
  return { at: (kind) => opened.get(kind) as SideBySide, close };
}

/** A notation configuration with one strict statement and these certificates; without any, none. */
function trustConfig(home: string, anchors: readonly string[]): string {
  const config = join(home, ["trust", ...anchors.map((anchor) => basename(anchor, ".crt.pem"))].join("-"));
  if (anchors.length === 0 || existsSync(config)) return config;
  const store = join(config, "truststore", "x509", "ca", "fixtures");
  mkdirSync(store, { recursive: true });
  for (const anchor of anchors) copyFileSync(join(fixtures, anchor), join(store, basename(anchor)));
  const statement = {
    name: "fixtures",
    registryScopes: ["*"],
    signatureVerification: { level: "strict" },
    trustStores: ["ca:fixtures"],
    trustedIdentities: ["*"],
  };
  writeFileSync(join(config, "trustpolicy.json"), JSON.stringify({ version: "1.0", trustPolicies: [statement] }));
  return config;
}

/** Headings below which notation and oras print lines in the order of a Go map. */
const UNORDERED = /^(?:signed attributes|user defined attributes|unsigned attributes|\[annotations\])$/;

/** A tree as text with the lines sorted whose order is random; every other line stays where it is. */
export function sortUnordered(tree: string): string {
  const lines = tree.split("\n");
  const read = lines.map((line) => {
    const [, margin = "", text = ""] = /^((?:│ {3}| {4})*)[├└]── (.*)$/.exec(line) ?? [];
    return { margin, text };
  });
  read.forEach(({ text }, heading) => {
    if (!UNORDERED.test(text)) return;
    const margin = read[heading + 1]?.margin ?? "";
    let end = heading + 1;
    while (read[end]?.margin === margin && read[end]?.text !== "") end++;
    const sorted = read.slice(heading + 1, end).map((line) => line.text).sort();
    sorted.forEach((line, at) => {
      const glyph = lines[heading + 1 + at]?.slice(margin.length, margin.length + 4);
      lines[heading + 1 + at] = `${margin}${glyph}${line}`;
    });
  });
  return lines.join("\n");
}
