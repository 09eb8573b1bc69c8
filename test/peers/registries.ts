/** Starts the real registries on loopback, each on a port of its own and with an empty folder that goes with it. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { peerPaths } from "../../scripts/peers.ts";

/** How long a registry may take until it answers. */
export const MAX_START_MILLISECONDS = 20_000;
/** How often a start is tried again when another program took the port first. */
const MAX_STARTS = 3;

/** olareg; CNCF distribution v3; Debian's docker-registry, which is distribution 2.8. */
export type RegistryKind = "olareg" | "distribution" | "docker-registry";

export const ALL_REGISTRY_KINDS: readonly RegistryKind[] = ["olareg", "distribution", "docker-registry"];

export interface Registry {
  readonly kind: RegistryKind;
  /** `127.0.0.1:PORT`, the registry part of a reference. */
  readonly host: string;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Ends the process and removes its folder. */
  stop(): Promise<void>;
}

export interface RegistryOptions {
  /** Whether olareg answers the referrers API (default yes); the others never do. */
  readonly referrersApi?: boolean;
  /** How the distributions ask who is there, as their configuration has it; nobody is asked when left out. */
  readonly auth?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

type Launch = (
  folder: string,
  port: number,
  options: RegistryOptions,
) => { readonly program: string; readonly args: string[] };

/** Both distributions read the same file: on files, deleting allowed, silent. */
const launchDistribution = (program: () => string): Launch => (folder, port, { auth }) => {
  const config = join(folder, "config.yml");
  writeFileSync(
    config,
    [
      "version: 0.1",
      "log: { level: error, accesslog: { disabled: true } }",
      `storage: { filesystem: { rootdirectory: ${
        JSON.stringify(join(folder, "storage"))
      } }, delete: { enabled: true } }`,
      `http: { addr: "127.0.0.1:${port}", secret: loopback-only }`,
      ...(auth === undefined ? [] : [`auth: ${JSON.stringify(auth)}`]),
      "",
    ].join("\n"),
  );
  return { program: program(), args: ["serve", config] };
};

const LAUNCHES: Readonly<Record<RegistryKind, Launch>> = {
  olareg: (_folder, port, { referrersApi = true }) => ({
    program: peerPaths().olareg,
    args: [
      "serve",
      "--addr=127.0.0.1",
      `--port=${port}`,
      "--store-type=mem",
      "--api-delete",
      "--gc-frequency=-1s",
      `--api-referrer=${referrersApi}`,
    ],
  }),
  distribution: launchDistribution(() => peerPaths().distribution),
  "docker-registry": launchDistribution(() => "docker-registry"),
};

/**
 * Starts a registry and waits until it answers.
 *
 * @throws {Error} When the program is missing, ends, or does not answer within {@link MAX_START_MILLISECONDS}.
 */
export async function startRegistry(kind: RegistryKind, options: RegistryOptions = {}): Promise<Registry> {
  for (let attempt = 1;; attempt++) {
    try {
      return await start(kind, options);
    } catch (error) {
      if (attempt === MAX_STARTS) throw error;
    }
  }
}

/** Starts olareg: in memory, with the referrers API. */
export function startOlareg(options: RegistryOptions = {}): Promise<Registry> {
  return startRegistry("olareg", options);
}

/** Starts CNCF distribution v3: on files, without the referrers API. */
export function startDistribution(): Promise<Registry> {
  return startRegistry("distribution");
}

async function start(kind: RegistryKind, options: RegistryOptions): Promise<Registry> {
  const folder = mkdtempSync(join(tmpdir(), `edge-notary-${kind}-`));
  const port = await freePort();
  const { program, args } = LAUNCHES[kind](folder, port, options);
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", OTEL_TRACES_EXPORTER: "none" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said = listen(child);
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  // A suite that dies takes its registry with it.
  const endWithUs = () => void child.kill("SIGKILL");
  process.once("exit", endWithUs);
  const stop = async () => {
    process.off("exit", endWithUs);
    if (running(child)) child.kill("SIGKILL");
    await closed;
    rmSync(folder, { recursive: true, force: true });
  };
  const host = `127.0.0.1:${port}`;
  const url = `http://${host}`;
  try {
    await untilReady(`${url}/v2/`, child);
  } catch (error) {
    await stop();
    throw new Error(`Cannot start ${kind} on ${host}: ${said()}`, { cause: error });
  }
  return { kind, host, url, stop };
}

/** The last words of a process, for the error when it does not start. */
function listen(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => text = (text + chunk.toString("utf8")).slice(-2000));
  child.on("error", (error) => text = error.message);
  return () => text.trim();
}

function running(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const end = Date.now() + MAX_START_MILLISECONDS;
  while (Date.now() < end) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
      await response.body?.cancel();
      // One that wants to know who asks is there, too.
      if (response.status === 200 || response.status === 401) return;
    } catch {
      if (!running(child)) throw new Error("the process ended");
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no answer within ${MAX_START_MILLISECONDS} ms`);
}

/** A port nothing listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
