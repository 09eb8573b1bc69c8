/** Runs a program with a bound on its time and its output, and tells everything it said. */
import { spawn } from "node:child_process";
import process from "node:process";

/** Longest run of a program unless the caller says otherwise. */
export const MAX_TOOL_MILLISECONDS = 60_000;
/** Most bytes kept of each of a program's two streams; a program that says more is ended. */
export const MAX_TOOL_OUTPUT_BYTES = 16 * 1024 * 1024;

export interface ToolOptions {
  /** Added to the environment, which otherwise holds only `PATH` and `TZ=UTC`: no one's registry logins get in. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** Written to the program's standard input. */
  readonly input?: string | Uint8Array;
  readonly timeoutMilliseconds?: number;
}

export interface ToolResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/**
 * Runs a program to its end.
 *
 * @returns What it wrote and its exit code, also when that is not 0.
 * @throws {Error} When it cannot be started, is ended by a signal, runs too long or says too much.
 */
export function runTool(path: string, args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
  const limit = options.timeoutMilliseconds ?? MAX_TOOL_MILLISECONDS;
  const shown = [path, ...args].join(" ");
  return new Promise((resolve, reject) => {
    const child = spawn(path, args, {
      cwd: options.folder,
      env: { PATH: process.env["PATH"] ?? "", TZ: "UTC", ...options.environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let ended: string | undefined;
    const end = (reason: string) => {
      ended ??= reason;
      child.kill("SIGKILL");
    };
    const timer = setTimeout(() => end(`ran longer than ${limit} ms`), limit);
    const collect = (stream: NodeJS.ReadableStream): Buffer[] => {
      const chunks: Buffer[] = [];
      let size = 0;
      stream.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_TOOL_OUTPUT_BYTES) return end(`wrote more than ${MAX_TOOL_OUTPUT_BYTES} bytes`);
        chunks.push(chunk);
      });
      return chunks;
    };
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(new Error(`Cannot run "${shown}": ${error.message}`));
    });
    child.on("close", (exitCode, signal) => {
      clearTimeout(timer);
      if (ended !== undefined) return reject(new Error(`Ended "${shown}": it ${ended}`));
      if (exitCode === null) return reject(new Error(`"${shown}" was ended by ${signal}`));
      const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString("utf8");
      resolve({ stdout: text(stdout), stderr: text(stderr), exitCode });
    });
    // A program that ends without reading its input closes the pipe: its exit code tells the story.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input);
  });
}

/**
 * Runs a program that has to succeed.
 *
 * @returns Its standard output.
 * @throws {Error} With its standard error when the exit code is not 0.
 */
export async function mustRun(path: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  const { stdout, stderr, exitCode } = await runTool(path, args, options);
  if (exitCode !== 0) throw new Error(`"${[path, ...args].join(" ")}" ended with ${exitCode}: ${stderr}`);
  return stdout;
}
