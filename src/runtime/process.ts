/** The process a command runs in, as Node and Deno share it: both have `node:process`. */
import { Buffer } from "node:buffer";
import { setMaxListeners } from "node:events";
import process from "node:process";
import { setImmediate } from "node:timers";
import { ConfigurationError } from "../errors.ts";
import type { Host, Ports } from "../ports.ts";
import { appendFile, configFolder, files, packageFolder, readPage, writeFile } from "./files.ts";
import { firstOf } from "../oci/mod.ts";
import { createAwsCredentials } from "./aws_credentials.ts";
import { createRegistryConfig, createUserCredentials, registryConfigFiles } from "./registry_config.ts";
import { createWebPorts, type WebPortOptions } from "./web.ts";

/**
 * Listeners of one signal before Node warns; 0, for no warning at all, makes its `Request` throw and catch every time.
 */
const MAX_LISTENERS = 100_000;

/**
 * Makes the host of a command.
 *
 * @param runtime Name and version of the runtime.
 * @param network How this runtime listens, how it asks with certificates, and what stores it has.
 * @param ports From {@link createProcessPorts}.
 */
export function createHost(
  runtime: string,
  network: Pick<Host, "serve" | "openTls" | "openStore">,
  ports: Ports,
): Host {
  // One deadline is listened to by every request and image under it: Node's warning at the eleventh is about leaks.
  setMaxListeners(MAX_LISTENERS);
  // `… | head` closes the pipe: that is an end, not a failure.
  process.stdout.on("error", (error: Error & { readonly code?: string }) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    runtime,
    ports,
    files,
    serve: network.serve,
    openTls: network.openTls,
    registryConfig: createRegistryConfig,
    openStore: network.openStore,
    argv: process.argv.slice(2),
    variable: (name) => process.env[name],
    configFolder: () => configFolder(),
    isTerminal: process.stdout.isTTY === true,
    writeOut: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    readInput,
    writeFile,
    appendFile,
    interruption,
    exitWith: (status) => {
      process.exitCode = status;
    },
    packageFolder,
    page: readPage,
  };
}

/** Makes the ports of a process: log lines on standard error, credentials of this user. */
export function createProcessPorts(options: Pick<WebPortOptions, "quicker"> = {}): Ports {
  const write = createLineWriter();
  const ports = createWebPorts({ ...options, write });
  const files = createUserCredentials(registryConfigFiles());
  const aws = createAwsCredentials(ports);
  return { ...ports, credentials: aws === undefined ? files : firstOf([files, aws]) };
}

/**
 * Writes lines to standard error, those of one turn of the event loop at once: writing there blocks, and under load one
 * call a line would cost more than deciding what it says. What is left is written when the process ends.
 */
function createLineWriter(): (line: string) => void {
  let waiting: string[] = [];
  const flush = () => {
    const lines = waiting;
    waiting = [];
    if (lines.length > 0) process.stderr.write(lines.join(""));
  };
  process.on("exit", flush);
  return (line) => {
    if (waiting.length === 0) setImmediate(flush);
    waiting.push(`${line}\n`);
  };
}

async function readInput(maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    total += chunk.length;
    if (total > maxBytes) {
      throw new ConfigurationError("ERR_FILE", `Cannot read standard input: more than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function interruption(): AbortSignal {
  const controller = new AbortController();
  const stop = (signal: string) => controller.abort(new Error(`interrupted by ${signal}`));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  return controller.signal;
}
