/** Several processes that sign the same artifacts at the same time. */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

/** Longest one writer may take for one artifact. */
export const WRITER_MILLISECONDS = 90_000;

/** One key each, so that no two make the same signature. */
export const WRITER_KEYS = ["rsa-2048", "rsa-3072", "rsa-4096", "p-256", "p-384", "p-521"] as const;

export interface WriterQuestion {
  /** By digest. */
  readonly reference: string;
  /** Leave after the first writing of a list. */
  readonly hurried: boolean;
}

/** What a writer says when it is done: the digest of the signature manifest it pushed. */
export type WriterAnswer =
  | { readonly reference: string; readonly digest: string }
  | { readonly reference: string; readonly error: string };

export interface Writers {
  /**
   * Has every writer sign every artifact, all begun at once.
   *
   * @returns For each artifact, in order, the digests of the signatures that were pushed, one per writer.
   */
  sign(
    references: readonly string[],
    options?: { readonly hurried?: boolean },
  ): Promise<readonly (readonly string[])[]>;
  stop(): void;
}

interface Writer {
  readonly child: ChildProcess;
  readonly waiting: Map<string, { resolve(digest: string): void; reject(reason: Error): void }>;
}

/** Starts one process per key of {@link WRITER_KEYS}, and waits until each is ready. */
export async function startWriters(): Promise<Writers> {
  const writers = await Promise.all(WRITER_KEYS.map(startWriter));
  return {
    sign: async (references, { hurried = false } = {}) => {
      const ask = (writer: Writer, reference: string): Promise<string> =>
        new Promise((resolve, reject) => {
          writer.waiting.set(reference, { resolve, reject });
          writer.child.stdin?.write(`${JSON.stringify({ reference, hurried })}\n`);
        });
      return await Promise.all(
        references.map((reference) => Promise.all(writers.map((writer) => ask(writer, reference)))),
      );
    },
    stop: () => {
      for (const { child } of writers) child.kill("SIGKILL");
    },
  };
}

async function startWriter(key: string): Promise<Writer> {
  const script = resolve("test/peers/writer.ts");
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), script, key], {
    env: { PATH: process.env["PATH"] ?? "", TZ: "UTC" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const waiting: Writer["waiting"] = new Map();
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((resolve, reject) => {
    lines.once("line", () => resolve());
    child.once("exit", () => reject(new Error(`the writer with "${key}" ended`)));
  });
  child.once("exit", () => {
    for (const { reject } of waiting.values()) reject(new Error(`the writer with "${key}" ended`));
  });
  lines.on("line", (line) => {
    const answer: WriterAnswer = JSON.parse(line);
    const asked = waiting.get(answer.reference);
    waiting.delete(answer.reference);
    if ("digest" in answer) asked?.resolve(answer.digest);
    else asked?.reject(new Error(`${key}: ${answer.error}`));
  });
  return { child, waiting };
}
