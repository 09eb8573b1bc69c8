/** One call of the program: the command found, run, its failure reported, its exit code returned. */
import { printable } from "../encoding/mod.ts";
import { toEngineError } from "../errors.ts";
import type { Host } from "../ports.ts";
import type { Command, CommandContext } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { usage } from "./flags.ts";
import { renderCommandHelp, renderHelp } from "./help.ts";
import { ANSI, PLAIN } from "./render/colours.ts";
import { localZone, type ViewerZone } from "./render/time.ts";
import { report } from "./report.ts";

/**
 * Runs the program.
 *
 * @param argv What was written after the program's name.
 * @param host The process it runs in; nothing else of the outside world is touched.
 * @param zone Where times without an offset of their own are read.
 * @returns 0 when it did what was asked, 1 when it did not: the exit codes of notation and oras. It never throws.
 */
export async function run(argv: readonly string[], host: Host, zone: ViewerZone = localZone): Promise<number> {
  try {
    return await dispatch(argv, { host, zone, palette: wantsColours(host) ? ANSI : PLAIN });
  } catch (thrown) {
    const error = toEngineError(thrown, `Cannot run "edge-notary ${printable(argv[0] ?? "")}"`);
    report(host, error.refusal);
    return 1;
  }
}

async function dispatch(argv: readonly string[], context: CommandContext): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined || first === "--help" || first === "-h") return help(undefined, context);
  if (first === "help") return help(rest.length === 0 ? undefined : rest.join(" "), context);
  if (first === "--version") return await dispatch(["version"], context);
  const group = commandsOf(first);
  if (group.length > 0) return await dispatchGroup(first, group, rest, context);
  const command = findCommand(first);
  if (command === undefined) {
    const kind = first.startsWith("-") ? "unknown flag: " : "unknown command ";
    const shown = first.startsWith("-") ? printable(first) : `"${printable(first)}" for "edge-notary"`;
    throw usage(`${kind}${shown}`);
  }
  if (asksForHelp(rest)) return help(command.name, context);
  return await command.run(rest, context);
}

/** Runs a command of two words, such as `blob sign`. */
async function dispatchGroup(
  name: string,
  group: readonly Command[],
  [second, ...rest]: readonly string[],
  context: CommandContext,
): Promise<number> {
  if (second === undefined || second === "--help" || second === "-h") {
    context.host.writeOut(renderHelp(group, name));
    return 0;
  }
  const command = group.find((candidate) => candidate.name === `${name} ${second}`);
  if (command === undefined) throw usage(`unknown command "${printable(second)}" for "edge-notary ${name}"`);
  if (asksForHelp(rest)) return help(command.name, context);
  return await command.run(rest, context);
}

/** The commands of two words whose first this is. */
function commandsOf(first: string): readonly Command[] {
  return COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
}

/** Whether `-h` or `--help` stands before a `--`. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? undefined : end).some((argument) => argument === "-h" || argument === "--help");
}

function help(name: string | undefined, { host }: CommandContext): number {
  const group = name === undefined ? [] : commandsOf(name);
  if (name !== undefined && group.length > 0) {
    host.writeOut(renderHelp(group, name));
    return 0;
  }
  const command = name === undefined ? undefined : findCommand(name);
  if (name !== undefined && command === undefined) throw usage(`unknown help topic "${printable(name)}"`);
  host.writeOut(command === undefined ? renderHelp(COMMANDS) : renderCommandHelp(command));
  return 0;
}

function findCommand(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name || command.aliases?.includes(name) === true);
}

/** Colours only on a terminal that has not asked for none (no-color.org). */
function wantsColours(host: Host): boolean {
  return host.isTerminal && (host.variable("NO_COLOR") ?? "") === "" && host.variable("TERM") !== "dumb";
}
