/**
 * Builds the programs this project is compared with, at pinned versions, from the Go module proxy.
 *
 * Each folder of `test/peers/go` is a Go module whose `go.mod` and `go.sum` pin what is built. The programs land
 * outside the checkout and are built again only when one of those files changes. Run by `npm run peers`; suites and
 * `scripts/fixtures.ts` ask {@link peerPaths} where the programs are.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The programs, by the name their paths are asked for. */
export type Peer =
  | "notation"
  | "oras"
  | "olareg"
  | "distribution"
  | "kyverno"
  | "corebench"
  | "cel"
  | "timestamps"
  | "authority"
  | "revocation"
  | "references"
  | "kubernetes";

interface PeerModule {
  /** Folder below `test/peers/go`. */
  readonly folder: string;
  readonly programs: Readonly<Partial<Record<Peer, string>>>;
  readonly environment?: Readonly<Record<string, string>>;
}

const MODULES: readonly PeerModule[] = [
  {
    folder: "tools",
    programs: {
      notation: "github.com/notaryproject/notation/cmd/notation",
      oras: "oras.land/oras/cmd/oras",
      olareg: "github.com/olareg/olareg/cmd/olareg",
    },
  },
  { folder: "corebench", programs: { corebench: "." } },
  { folder: "cel", programs: { cel: "." } },
  { folder: "timestamps", programs: { timestamps: "." } },
  { folder: "authority", programs: { authority: "." } },
  { folder: "revocation", programs: { revocation: "." } },
  { folder: "references", programs: { references: "." } },
  { folder: "kubernetes", programs: { kubernetes: "." } },
  { folder: "distribution", programs: { distribution: "github.com/distribution/distribution/v3/cmd/registry" } },
  {
    folder: "kyverno",
    programs: { kyverno: "github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno" },
    // The checksum database has no record of this module any more; `go.sum` still pins it.
    environment: { GONOSUMDB: "github.com/openreports/*" },
  },
];

const goFolder = join(dirname(fileURLToPath(import.meta.url)), "..", "test", "peers", "go");

/** The folder the programs are built into, outside the checkout. */
export function peersFolder(): string {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return process.env["EDGE_NOTARY_PEERS"] ?? join(cache, "edge-notary", "peers");
}

/** Where each program is once it is built; see {@link peersReady}. */
export function peerPaths(): Readonly<Record<Peer, string>> {
  const path = (peer: Peer) => join(peersFolder(), peer);
  return {
    notation: path("notation"),
    oras: path("oras"),
    olareg: path("olareg"),
    distribution: path("distribution"),
    kyverno: path("kyverno"),
    corebench: path("corebench"),
    cel: path("cel"),
    timestamps: path("timestamps"),
    authority: path("authority"),
    revocation: path("revocation"),
    references: path("references"),
    kubernetes: path("kubernetes"),
  };
}

/** Whether these programs are built at the versions pinned now. */
export function peersReady(...peers: readonly Peer[]): boolean {
  const wanted = new Set(peers);
  return MODULES.filter(({ programs }) => namesOf(programs).some((peer) => wanted.has(peer))).every(isBuilt);
}

/** Whether a Go toolchain is there to build them. */
export function goReady(): boolean {
  return spawnSync("go", ["version"], { stdio: "ignore" }).status === 0;
}

/** The version of each Go module that is built into a peer, as `go.mod` pins it: module path → version. */
export function pinnedVersions(): Readonly<Record<string, string>> {
  const wanted =
    /^(?:require )?\s*(\S*(?:notation|notation-go|notation-core-go|oras|olareg|distribution\/v3|kyverno)) (v\S+)/;
  const versions: Record<string, string> = {};
  for (const { folder } of MODULES) {
    for (const line of readFileSync(join(goFolder, folder, "go.mod"), "utf8").split("\n")) {
      const [, path, version] = wanted.exec(line) ?? [];
      if (path !== undefined && version !== undefined) versions[path] = version;
    }
  }
  return versions;
}

function namesOf(programs: PeerModule["programs"]): readonly Peer[] {
  return Object.keys(programs) as Peer[];
}

/** A digest over everything that pins a module: another digest, another build. */
function stampOf(module: PeerModule): string {
  const hash = createHash("sha256");
  const folder = join(goFolder, module.folder);
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest("hex");
}

function stampFile(module: PeerModule): string {
  return join(peersFolder(), `${module.folder}.stamp`);
}

function isBuilt(module: PeerModule): boolean {
  const paths = peerPaths();
  if (!existsSync(stampFile(module)) || !namesOf(module.programs).every((peer) => existsSync(paths[peer]))) {
    return false;
  }
  return readFileSync(stampFile(module), "utf8") === stampOf(module);
}

function build(module: PeerModule): void {
  for (const [peer, source] of Object.entries(module.programs)) {
    console.error(`building ${peer} from ${source} …`);
    const { status } = spawnSync("go", ["build", "-buildvcs=false", "-o", join(peersFolder(), peer), source], {
      cwd: join(goFolder, module.folder),
      env: { ...process.env, GOWORK: "off", ...module.environment },
      stdio: ["ignore", 2, 2],
    });
    if (status !== 0) {
      throw new Error(`Cannot build "${peer}" in test/peers/go/${module.folder}: go ended with ${status}`);
    }
  }
  writeFileSync(stampFile(module), stampOf(module));
}

/**
 * Builds what is missing or pinned to another version.
 *
 * @param peers The programs wanted; all of them when none is named.
 * @throws {Error} When Go is missing or a build fails.
 */
export function buildPeers(...peers: readonly Peer[]): void {
  const wanted = new Set<Peer>(peers);
  mkdirSync(peersFolder(), { recursive: true });
  for (const module of MODULES) {
    const asked = wanted.size === 0 || namesOf(module.programs).some((peer) => wanted.has(peer));
    if (asked && !isBuilt(module)) build(module);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const asked = process.argv.slice(2);
  const known = Object.keys(peerPaths());
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`Cannot build "${unknown.join(" ")}", expected some of ${known.join(", ")}`);
  buildPeers(...asked as Peer[]);
  console.log(JSON.stringify(peerPaths(), null, 2));
}
