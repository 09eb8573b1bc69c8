/** A `Host` in memory: what a command writes is kept, what it asks for is answered by the test. */
import { createNobleProvider, createWebCryptoProvider, withFallback } from "../../../src/crypto/mod.ts";
import { ConfigurationError } from "../../../src/errors.ts";
import type { ClientTls, CryptoProvider, Handler, Host, Ports, ServeOptions } from "../../../src/ports.ts";
import { files as realFiles } from "../../../src/runtime/files.ts";
import { run } from "../../../src/cli/run.ts";
import { utcZone, type ViewerZone } from "../../../src/cli/render/time.ts";
import { createFiles } from "./memory_files.ts";

/** What a test says about the process. */
export interface MemoryHostOptions {
  /** Answers every request to a registry. */
  readonly registry?: Handler;
  /** Contents by path; real files where none are given. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly now?: Date;
  /** WebCrypto with the second provider behind it where none is given. */
  readonly crypto?: CryptoProvider;
  readonly isTerminal?: boolean;
  readonly variables?: Readonly<Record<string, string>>;
  /** Where programs keep their configuration; nowhere by default. */
  readonly configFolder?: string;
  readonly zone?: ViewerZone;
  /** Called with what would listen; the listener is pretended. */
  readonly serve?: (handler: Handler, options: ServeOptions) => void;
  /** Waits that take time; by default they are over at once, so that nothing waits to try again. */
  readonly sleep?: Host["ports"]["sleep"];
  /** Answers what is asked with certificates; nothing does by default. */
  readonly apiServer?: (tls: ClientTls) => Handler;
  /** Credentials of this user; none by default. */
  readonly credentials?: Ports["credentials"];
  /** Credentials by file; none by default. */
  readonly registryConfig?: Host["registryConfig"];
  /** What standard input has; nothing by default. */
  readonly input?: string;
  /** Opens what `--cache` names; a runtime without stores by default. */
  readonly openStore?: Host["openStore"];
  /** Takes log lines; nobody does by default. */
  readonly log?: Ports["log"];
  /** When to stop serving. */
  readonly interruption?: AbortSignal;
}

/** What one call of the program did. */
export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Files written, by path. */
  readonly written: ReadonlyMap<string, Uint8Array>;
  /** Requests to registries: `GET https://ghcr.io/v2/…`. */
  readonly requests: readonly string[];
}

const never: Handler = () => new Response("no registry here", { status: 500 });

/** Runs the program in memory. */
export async function runInMemory(argv: readonly string[], options: MemoryHostOptions = {}): Promise<Ran> {
  const { registry = never, zone = utcZone } = options;
  const out: string[] = [];
  const err: string[] = [];
  const requests: string[] = [];
  const written = new Map<string, Uint8Array>();
  const host: Host = {
    runtime: "memory 1.0",
    ports: {
      fetch: (url, init) => {
        requests.push(`${init.method} ${url}`);
        const { method, headers, signal, body } = init;
        const content = body === undefined ? {} : { body: body as BodyInit };
        return Promise.resolve(registry(new Request(url, { method, headers: { ...headers }, signal, ...content })));
      },
      now: () => options.now ?? new Date("2026-11-24T00:00:00Z"),
      sleep: options.sleep ?? (() => Promise.resolve()),
      crypto: options.crypto ?? withFallback(createWebCryptoProvider(), createNobleProvider()),
      credentials: options.credentials ?? (() => Promise.resolve(undefined)),
      log: options.log ?? (() => {}),
    },
    files: options.files === undefined ? realFiles : createFiles(options.files),
    serve: (handler, serveOptions) => {
      options.serve?.(handler, serveOptions);
      return Promise.resolve({
        url: `${serveOptions.tls === undefined ? "http" : "https"}://${serveOptions.host}:${serveOptions.port}`,
        close: () => Promise.resolve(),
      });
    },
    openTls: (tls) => {
      const apiServer = (options.apiServer ?? (() => never))(tls);
      return (url, { method, headers, signal, body }) => {
        requests.push(`${method} ${url}`);
        const content = body === undefined ? {} : { body: body as BodyInit };
        return Promise.resolve(apiServer(new Request(url, { method, headers: { ...headers }, signal, ...content })));
      };
    },
    registryConfig: (path, where) => options.registryConfig?.(path, where) ?? (() => Promise.resolve(undefined)),
    openStore: options.openStore ??
      (() => Promise.reject(new ConfigurationError("ERR_CONFIG", "Cannot open the cache: no store here"))),
    argv,
    variable: (name) => options.variables?.[name],
    configFolder: () => options.configFolder,
    isTerminal: options.isTerminal ?? false,
    writeOut: (text) => void out.push(text),
    writeError: (text) => void err.push(text),
    readInput: () => Promise.resolve(new TextEncoder().encode(options.input ?? "")),
    writeFile: (path, bytes, { replace }) => {
      if (!replace && (written.has(path) || Object.hasOwn(options.files ?? {}, path))) {
        return Promise.reject(new ConfigurationError("ERR_FILE", `Cannot write "${path}": it exists`));
      }
      written.set(path, bytes);
      return Promise.resolve();
    },
    appendFile: (path, bytes) => {
      written.set(path, new Uint8Array([...written.get(path) ?? [], ...bytes]));
      return Promise.resolve();
    },
    interruption: () => options.interruption ?? AbortSignal.abort(),
    exitWith: () => {},
    packageFolder: () => Promise.resolve("."),
    page: () => Promise.resolve(new Map()),
  };
  const status = await run(argv, host, zone);
  return { status, stdout: out.join(""), stderr: err.join(""), written, requests };
}
