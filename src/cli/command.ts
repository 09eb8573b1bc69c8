/** What a command is: its texts, its flags, and what it does with them. */
import type { Host } from "../ports.ts";
import { type FlagTable, type ReadArguments, readArguments } from "./flags.ts";
import type { CommandText } from "./help.ts";
import { offline } from "./offline.ts";
import { type RecordingFlags, withRecording } from "./recording.ts";
import type { Palette } from "./render/colours.ts";
import type { ViewerZone } from "./render/time.ts";

/** What a command works with. */
export interface CommandContext {
  readonly host: Host;
  /** Where times without an offset of their own are read. */
  readonly zone: ViewerZone;
  /** Of standard output: plain unless it is a terminal that wants colours. */
  readonly palette: Palette;
}

/** A command of the table. */
export interface Command extends CommandText {
  /**
   * Does the work.
   *
   * @param args What follows the command's name.
   * @returns The exit code.
   * @throws {EngineError} What could not be done; the caller reports it and exits with 1.
   */
  readonly run: (args: readonly string[], context: CommandContext) => Promise<number>;
}

/** Makes a command whose work gets its flags by name and type. */
export function defineCommand<Table extends FlagTable>(
  definition: Omit<CommandText, "flags"> & {
    readonly flags: Table;
    readonly work: (read: ReadArguments<Table>, context: CommandContext) => Promise<number>;
  },
): Command {
  const { work, ...text } = definition;
  return {
    ...text,
    // `async`, so that a wrong flag is a rejection like every other failure.
    run: async (args, context) => {
      const read = readArguments(definition.flags, args);
      for (const name of read.given) {
        const deprecated = definition.flags[name]?.deprecated;
        if (deprecated !== undefined) context.host.writeError(`Flag --${name} has been deprecated, ${deprecated}\n`);
      }
      const common = read.flags as Partial<RecordingFlags> & { readonly offline?: boolean };
      const world = common.offline === true ? offline(context.host) : context.host;
      const { record, replay } = common;
      return await withRecording({ record, replay }, world, (host) => work(read, { ...context, host }));
    },
  };
}
