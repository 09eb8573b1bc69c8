/** Programs `docker-credential-…`, asked for the credentials of one registry: bounded in time and in what they say. */
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import process from "node:process";
import { printable } from "../encoding/mod.ts";
import { ConfigurationError, UnavailableError } from "../errors.ts";
import { type ProgramAnswer, readProgramAnswer } from "../oci/mod.ts";
import type { Credential } from "../ports.ts";

/** How long a program may take: whoever waits for less stops waiting, and the next may find the answer. */
export const MAX_PROGRAM_MILLISECONDS = 10_000;

/** Bytes a program may answer. */
export const MAX_PROGRAM_OUTPUT_BYTES = 64 * 1024;

/** What a program is asked. */
export interface ProgramQuestion {
  /** What follows `docker-credential-`. */
  readonly name: string;
  readonly server: string;
  /** Where the program is named, for messages. */
  readonly source: string;
  /** {@link MAX_PROGRAM_MILLISECONDS} when left out. */
  readonly maxMilliseconds?: number;
}

/**
 * Runs a program found by `$PATH`, and reads its answer.
 *
 * @throws {ConfigurationError} `ERR_CREDENTIALS` when it cannot be run, or answers something else.
 * @throws {UnavailableError} `ERR_CREDENTIALS_UNAVAILABLE` when it does not end in time: it is ended then.
 */
export async function askCredentialProgram(question: ProgramQuestion): Promise<Credential | undefined> {
  const program = `docker-credential-${question.name}`;
  return readProgramAnswer(await run(program, question), program, question.source);
}

function run(program: string, { server, maxMilliseconds = MAX_PROGRAM_MILLISECONDS }: ProgramQuestion) {
  return new Promise<ProgramAnswer>((resolve, reject) => {
    // A group of its own, so that what it started ends with it.
    const detached = process.platform !== "win32";
    const child = spawn(program, ["get"], { stdio: ["pipe", "pipe", "ignore"], detached });
    const chunks: Buffer[] = [];
    let length = 0;
    const refuse = (reason: string, cause?: unknown) =>
      new ConfigurationError("ERR_CREDENTIALS", `Cannot get credentials by ${program}: ${reason}`, { cause });
    const late = (reason: string) =>
      new UnavailableError("ERR_CREDENTIALS_UNAVAILABLE", `Cannot get credentials by ${program}: ${reason}`);
    const finish = (end: () => void) => {
      clearTimeout(timer);
      end();
    };
    const give = (error: Error) =>
      finish(() => {
        kill(child.pid, detached);
        child.stdout.destroy();
        reject(error);
      });
    const timer = setTimeout(() => give(late(`it did not end within ${maxMilliseconds / 1000} s`)), maxMilliseconds);
    child.on("error", (error: Error & { readonly code?: string }) => {
      const reason = error.code === "ENOENT" ? "there is no such program in $PATH" : printable(error.message, 200);
      finish(() => reject(refuse(reason, error)));
    });
    child.stdout.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_PROGRAM_OUTPUT_BYTES) give(refuse(`it answered more than ${MAX_PROGRAM_OUTPUT_BYTES} bytes`));
      else chunks.push(chunk);
    });
    child.on("close", (status: number | null) => {
      finish(() => resolve({ status: status ?? -1, output: new Uint8Array(Buffer.concat(chunks)) }));
    });
    // A program that ends without reading closes the pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(server);
  });
}

function kill(pid: number | undefined, isGroup: boolean): void {
  if (pid === undefined) return;
  try {
    process.kill(isGroup ? -pid : pid, "SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
}
