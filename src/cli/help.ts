/** Help texts, all made from the tables of commands and flags. */
import type { Flag, FlagTable } from "./flags.ts";

/** What help needs to know of a command. */
export interface CommandText {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** After the name: `[flags] <reference>`. */
  readonly use: string;
  /** One line for the list of commands. */
  readonly short: string;
  /** Paragraphs before the examples. */
  readonly long: string;
  readonly examples: readonly { readonly what: string; readonly line: string }[];
  readonly flags: FlagTable;
}

/**
 * The list of commands, as `edge-notary --help` prints it.
 *
 * @param group The first word of commands of two words, for the list of those alone.
 */
export function renderHelp(commands: readonly CommandText[], group?: string): string {
  const program = group === undefined ? "edge-notary" : `edge-notary ${group}`;
  const shown = commands.map(({ name, short }) => ({
    name: group === undefined ? name : name.slice(group.length + 1),
    short,
  }));
  const width = Math.max(...shown.map(({ name }) => name.length));
  const lines = shown.map(({ name, short }) => `  ${name.padEnd(width)} ${short}`);
  return [
    "edge-notary - Notary Project signatures, verified anywhere JavaScript runs",
    "",
    "Usage:",
    `  ${program} [command]`,
    "",
    "Available Commands:",
    ...lines,
    "",
    "Flags:",
    `  -h, --help   help for ${program.split(" ").at(-1)}`,
    "",
    `Use "${program} [command] --help" for more information about a command.`,
    "",
  ].join("\n");
}

/** The help of one command: what it does, examples, usage, flags. */
export function renderCommandHelp(command: CommandText): string {
  const lines = [command.long, ""];
  for (const { what, line } of command.examples) lines.push(`Example - ${what}:`, `  ${line}`, "");
  lines.push("Usage:", `  ${usageLine(command)}`, "");
  if (command.aliases !== undefined) lines.push("Aliases:", `  ${[command.name, ...command.aliases].join(", ")}`, "");
  lines.push("Flags:", ...flagLines(command.flags, command.name));
  return `${lines.join("\n")}\n`;
}

/** `edge-notary inspect [flags] <reference>`. */
export function usageLine({ name, use }: Pick<CommandText, "name" | "use">): string {
  return `edge-notary ${name} ${use}`;
}

/** One line per flag, sorted by name, the explanations in one column. */
function flagLines(flags: FlagTable, command: string): readonly string[] {
  const help: Flag = { type: "toggle", initial: false, short: "h", usage: `help for ${command}` };
  const rows = Object.entries({ ...flags, help })
    .filter(([, flag]) => flag.deprecated === undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, flag]) => ({ left: flagName(name, flag), right: `${flag.usage}${initialText(flag)}` }));
  const width = Math.max(...rows.map(({ left }) => left.length));
  return rows.map(({ left, right }) => `${left.padEnd(width)}   ${right}`);
}

function flagName(name: string, flag: Flag): string {
  const short = flag.short === undefined ? "      " : `  -${flag.short}, `;
  return `${short}--${name}${valueName(flag)}`;
}

function valueName(flag: Flag): string {
  switch (flag.type) {
    case "toggle":
      return "";
    case "count":
      return " int";
    default:
      return ` ${flag.value}`;
  }
}

function initialText(flag: Flag): string {
  if (flag.type === "list" || flag.initial === undefined || flag.initial === false || flag.initial === "") return "";
  return flag.type === "text" ? ` (default "${flag.initial}")` : ` (default ${flag.initial})`;
}
