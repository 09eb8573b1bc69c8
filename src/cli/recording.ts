/** Runs that are written down, and runs that answer from what was written down: `--record` and `--replay`. */
import { printable } from "../encoding/mod.ts";
import { toEngineError } from "../errors.ts";
import type { Host } from "../ports.ts";
import { createRecorder, decodeRecording, encodeRecording, MAX_RECORDING_BYTES, openReplay } from "../record/mod.ts";
import { text, usage } from "./flags.ts";
import { warn } from "./report.ts";

/** For every command that asks registries or responders. */
export const RECORDING_FLAGS = {
  record: text(
    "write every answer of registries and responders to this file, to be replayed: their content, but no password, " +
      "token or signed query",
    undefined,
    {
      value: "FILE",
    },
  ),
  replay: text("ask nobody: answer from this recording, as of the time it was written", undefined, {
    value: "FILE",
  }),
} as const;

/** The values of {@link RECORDING_FLAGS}. */
export interface RecordingFlags {
  readonly record: string | undefined;
  readonly replay: string | undefined;
}

/**
 * Does a command's work as the flags say: with the world, with the world and a pen, or from what was written.
 *
 * The recording is written whatever became of the work: a run that failed is what one wants to show.
 *
 * @param work The command's, which takes its ports from the host it is given.
 * @returns The work's exit code.
 * @throws {ConfigurationError} `ERR_USAGE`; `ERR_FILE`, `ERR_RECORDING`, `ERR_TOO_LARGE`; whatever the work throws.
 */
export async function withRecording(
  { record, replay }: RecordingFlags,
  host: Host,
  work: (host: Host) => Promise<number>,
): Promise<number> {
  if (record !== undefined && replay !== undefined) throw usage("--record, --replay cannot be used at the same time");
  if (replay !== undefined) {
    const recording = decodeRecording(await host.files.read(replay, MAX_RECORDING_BYTES));
    warn(host, `Nobody is asked: "${printable(replay)}" says what was answered at ${recording.time.toISOString()}`);
    const ports = openReplay(recording, host.ports);
    return await work({
      ...host,
      ports: { ...host.ports, ...ports },
      openTls: () => ports.fetch,
      registryConfig: () => ports.credentials,
    });
  }
  if (record === undefined) return await work(host);
  const recorder = createRecorder(host.ports);
  const recorded: Host = {
    ...host,
    ports: { ...host.ports, ...recorder.ports },
    openTls: (tls) => recorder.record(host.openTls(tls)),
    registryConfig: (path, where) => recorder.recordCredentials(host.registryConfig(path, where)),
  };
  const write = async () =>
    await host.writeFile(record, encodeRecording(recorder.recording()), { replace: true, isPrivate: true });
  let status: number;
  try {
    status = await work(recorded);
  } catch (thrown) {
    // What the work failed with is what one wants to know; that it could not be written comes second.
    await write().catch((second: unknown) => warn(host, toEngineError(second, "Cannot write the recording").message));
    throw thrown;
  }
  await write();
  return status;
}
