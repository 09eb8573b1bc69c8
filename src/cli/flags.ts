/**
 * Flags as a table, and the reading of arguments by it: long and short names, `--name=value`, repeated flags, flags and
 * arguments in any order, `--` to end the flags. Errors are worded as users of notation and oras know them.
 */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";

interface FlagCommon {
  readonly usage: string;
  /** One letter. */
  readonly short?: string;
  /** Left out of the help, and said when the flag is used, after `Flag --name has been deprecated, `. */
  readonly deprecated?: string;
}

/** One flag. `text`, `count` and `list` take a value, `toggle` may take `=true` or `=false`. */
export type Flag =
  | (FlagCommon & { readonly type: "toggle"; readonly initial: boolean })
  | (FlagCommon & { readonly type: "text"; readonly initial: string | undefined; readonly value: string })
  | (FlagCommon & { readonly type: "count"; readonly initial: number | undefined })
  | (FlagCommon & { readonly type: "list"; readonly value: string });

/** The flags of a command by long name, in the order they are listed. */
export type FlagTable = Readonly<Record<string, Flag>>;

/** What a flag's value is. */
export type FlagValue<F extends Flag> = F extends { readonly type: "toggle" } ? boolean
  : F extends { readonly type: "text" } ? string | F["initial"]
  : F extends { readonly type: "count" } ? number | F["initial"]
  : readonly string[];

/** The arguments of one call, read by a table. */
export interface ReadArguments<Table extends FlagTable> {
  readonly flags: { readonly [Name in keyof Table]: FlagValue<Table[Name]> };
  /** Names of the flags that were given. */
  readonly given: ReadonlySet<string>;
  /** Everything that is no flag, in order. */
  readonly operands: readonly string[];
}

type Options = Omit<FlagCommon, "usage">;

/** A flag that is there or not. */
export const toggle = (usage: string, options: Options & { readonly initial?: boolean } = {}): ToggleFlag => ({
  type: "toggle",
  initial: false,
  usage,
  ...options,
});
type ToggleFlag = Extract<Flag, { type: "toggle" }>;

/** A flag with a text; `value` names it in the help. */
export const text = <Initial extends string | undefined>(
  usage: string,
  initial: Initial,
  options: Options & { readonly value?: string } = {},
): TextFlag & { readonly initial: Initial } => ({ type: "text", value: "string", usage, ...options, initial });
type TextFlag = Extract<Flag, { type: "text" }>;

/** A flag with a whole number. */
export const count = <Initial extends number | undefined>(
  usage: string,
  initial: Initial,
  options: Options = {},
): CountFlag & { readonly initial: Initial } => ({ type: "count", usage, ...options, initial });
type CountFlag = Extract<Flag, { type: "count" }>;

/** A flag that may be repeated; all values are kept in order. */
export const list = (usage: string, options: Options & { readonly value?: string } = {}): ListFlag => ({
  type: "list",
  value: "stringArray",
  usage,
  ...options,
});
type ListFlag = Extract<Flag, { type: "list" }>;

/** Arguments one call may have; more are a mistake, not a command. */
export const MAX_ARGUMENTS = 10_000;

/**
 * Reads the arguments of a command.
 *
 * @param table The command's flags.
 * @param args What follows the command's name.
 * @returns Every flag with its value, the initial one where it was not given.
 * @throws {ConfigurationError} `ERR_USAGE` for an unknown flag, a missing or a wrong value.
 */
export function readArguments<Table extends FlagTable>(table: Table, args: readonly string[]): ReadArguments<Table> {
  if (args.length > MAX_ARGUMENTS) throw usage(`${args.length} arguments, expected at most ${MAX_ARGUMENTS}`);
  const values = new Map<string, boolean | string | number | string[]>();
  const operands: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] as string;
    if (argument === "--") {
      operands.push(...args.slice(index + 1));
      break;
    }
    if (argument === "-" || !argument.startsWith("-")) operands.push(argument);
    else if (argument.startsWith("--")) index += readLong(table, values, argument, args[index + 1]);
    else index += readShorts(table, values, argument, args[index + 1]);
  }
  const flags: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(table)) {
    flags[name] = values.get(name) ?? (flag.type === "list" ? [] : flag.initial);
  }
  // The loop above gives every name of the table a value of its flag's type.
  return { flags: flags as ReadArguments<Table>["flags"], given: new Set(values.keys()), operands };
}

type Values = Map<string, boolean | string | number | string[]>;

/** Reads `--name`, `--name=value` or `--name value`; returns how many following arguments were taken. */
function readLong(table: FlagTable, values: Values, argument: string, following: string | undefined): 0 | 1 {
  const equals = argument.indexOf("=");
  const name = argument.slice(2, equals === -1 ? undefined : equals);
  if (name === "" || name.startsWith("-")) throw usage(`bad flag syntax: ${printable(argument)}`);
  const flag = ownFlag(table, name);
  if (flag === undefined) throw usage(`unknown flag: --${printable(name)}`);
  if (equals !== -1) {
    store(values, name, flag, argument.slice(equals + 1));
    return 0;
  }
  if (flag.type === "toggle") {
    values.set(name, true);
    return 0;
  }
  if (following === undefined) throw usage(`flag needs an argument: --${name}`);
  store(values, name, flag, following);
  return 1;
}

/** Reads `-abc`, `-o value`, `-o=value` or `-ovalue`; returns how many following arguments were taken. */
function readShorts(table: FlagTable, values: Values, argument: string, following: string | undefined): 0 | 1 {
  for (let position = 1; position < argument.length; position++) {
    const letter = argument[position] as string;
    const entry = Object.entries(table).find(([, flag]) => flag.short === letter);
    if (entry === undefined) {
      throw usage(`unknown shorthand flag: '${printable(letter)}' in ${printable(argument)}`);
    }
    const [name, flag] = entry;
    const rest = argument.slice(position + 1);
    if (rest.startsWith("=")) {
      store(values, name, flag, rest.slice(1));
      return 0;
    }
    if (flag.type === "toggle") {
      values.set(name, true);
      continue;
    }
    if (rest !== "") {
      store(values, name, flag, rest);
      return 0;
    }
    if (following === undefined) throw usage(`flag needs an argument: '${letter}' in ${printable(argument)}`);
    store(values, name, flag, following);
    return 1;
  }
  return 0;
}

function store(values: Values, name: string, flag: Flag, value: string): void {
  const label = flag.short === undefined ? `--${name}` : `-${flag.short}, --${name}`;
  const refuse = (reason: string): ConfigurationError =>
    usage(`invalid argument "${printable(value)}" for "${label}" flag: ${reason}`);
  switch (flag.type) {
    case "toggle":
      if (/^(?:1|t|T|true|TRUE|True)$/.test(value)) values.set(name, true);
      else if (/^(?:0|f|F|false|FALSE|False)$/.test(value)) values.set(name, false);
      else throw refuse("expected true or false");
      return;
    case "count":
      if (!/^[-+]?[0-9]+$/.test(value)) throw refuse("expected a whole number");
      if (!Number.isSafeInteger(Number(value))) throw refuse("value out of range");
      values.set(name, Number(value));
      return;
    case "text":
      values.set(name, value);
      return;
    case "list":
      values.set(name, [...(values.get(name) as string[] | undefined ?? []), value]);
  }
}

function ownFlag(table: FlagTable, name: string): Flag | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** An error of the one who typed the command. */
export function usage(message: string): ConfigurationError {
  return new ConfigurationError("ERR_USAGE", message);
}
