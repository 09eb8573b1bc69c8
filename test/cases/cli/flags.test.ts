import { describe, expect, it } from "vitest";
import { count, list, readArguments, text, toggle } from "../../../src/cli/flags.ts";

const TABLE = {
  "max-signatures": count("limit", 100),
  depth: count("levels", undefined),
  output: text("format", "tree", { short: "o" }),
  config: text("file", undefined),
  cert: list("certificate", { short: "c" }),
  verbose: toggle("more", { short: "v", initial: true }),
  debug: toggle("most", { short: "d" }),
} as const;

const INITIAL = {
  "max-signatures": 100,
  depth: undefined,
  output: "tree",
  config: undefined,
  cert: [],
  verbose: true,
  debug: false,
};

describe("readArguments() reads", () => {
  it.each([
    [[], {}, []],
    [["ref"], {}, ["ref"]],
    [["--output", "json", "ref"], { output: "json" }, ["ref"]],
    [["ref", "--output=json"], { output: "json" }, ["ref"]],
    [["--output="], { output: "" }, []],
    [["-o", "json"], { output: "json" }, []],
    [["-ojson"], { output: "json" }, []],
    [["-o=json"], { output: "json" }, []],
    [["-dv", "ref"], { debug: true, verbose: true }, ["ref"]],
    [["-do", "json"], { debug: true, output: "json" }, []],
    [["-v=false"], { verbose: false }, []],
    [["--verbose=F"], { verbose: false }, []],
    [["--debug=1"], { debug: true }, []],
    [["--debug", "true"], { debug: true }, ["true"]],
    [["--depth", "0", "--max-signatures=-1"], { depth: 0, "max-signatures": -1 }, []],
    [["--cert", "a", "-c", "b", "--cert=c=d"], { cert: ["a", "b", "c=d"] }, []],
    [["a", "--", "--output", "-x"], {}, ["a", "--output", "-x"]],
    [["-", "a"], {}, ["-", "a"]],
    [["--output", "--"], { output: "--" }, []],
    [["--output", "a", "--output", "b"], { output: "b" }, []],
  ])("%j", (args, flags, operands) => {
    const read = readArguments(TABLE, args);
    expect(read.flags).toEqual({ ...INITIAL, ...flags });
    expect(read.operands).toEqual(operands);
    expect([...read.given].sort()).toEqual(Object.keys(flags).sort());
  });
});

// The sentences of notation 1.3.2 and oras 1.3.6; where those go on with Go's own words, ours say what was expected.
describe("readArguments() refuses", () => {
  it.each([
    [["--frob"], "unknown flag: --frob"],
    [["--frob=x"], "unknown flag: --frob"],
    [["--constructor"], "unknown flag: --constructor"],
    [["-z"], "unknown shorthand flag: 'z' in -z"],
    [["-dz"], "unknown shorthand flag: 'z' in -dz"],
    [["--=x"], "bad flag syntax: --=x"],
    [["---x"], "bad flag syntax: ---x"],
    [["--max-signatures"], "flag needs an argument: --max-signatures"],
    [["-o"], "flag needs an argument: 'o' in -o"],
    [["--max-signatures", "abc"], 'invalid argument "abc" for "--max-signatures" flag: expected a whole number'],
    [["--max-signatures", "1.5"], 'invalid argument "1.5" for "--max-signatures" flag: expected a whole number'],
    [
      ["--depth", "99999999999999999999"],
      'invalid argument "99999999999999999999" for "--depth" flag: value out of range',
    ],
    [["--verbose=maybe"], 'invalid argument "maybe" for "-v, --verbose" flag: expected true or false'],
    [["--\u001b[31m"], "unknown flag: --\\x1b[31m"],
  ])("%j", (args, message) => {
    expect(() => readArguments(TABLE, args)).toThrowError(
      expect.objectContaining({ code: "ERR_USAGE", message }) as Error,
    );
  });
});
