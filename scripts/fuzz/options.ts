/** What may be written after `npm run fuzz --`. */
import { parseArgs } from "node:util";
import { type KindName, KINDS } from "./kinds.ts";
import { PLANTED } from "./planted.ts";

/** Milliseconds of work one mutant may take, unless said otherwise: a hundred times what one usually takes. */
export const DEFAULT_BOUND_MILLISECONDS = 1000;

/** Failures after which a run is ended, unless said otherwise: the next ones would say the same. */
export const DEFAULT_FAILURES = 8;

export interface FuzzOptions {
  readonly seed: number;
  readonly minutes: number;
  /** In place of a time: so many mutants, all kinds together. */
  readonly mutants?: number;
  /** This one alone. */
  readonly mutant?: number;
  readonly kinds: readonly KindName[];
  readonly planted?: string;
  readonly save?: string;
  readonly workers: number;
  /** How many end the run. */
  readonly failures: number;
  readonly bound: number;
}

export const HELP =
  `Changes good envelopes, timestamp tokens, certificates, CRLs and OCSP responses in every way it can think of, and
asks of each mutant: typed errors only, an answer in time, memory in bounds, and nothing accepted that a second reading
with node:crypto does not find good.

  npm run fuzz -- [--minutes N] [--seed N] [--only KIND] [--mutants N] [--planted NAME] …

  --minutes N      how long (default 5)
  --mutants N      so many mutants in place of a time, all kinds together
  --seed N         makes the same mutants again; printed at the start
  --only KIND      ${KINDS.join(", ")}
  --mutant K       this mutant of --only alone
  --save FOLDER    where failing inputs are written (default: a new folder for temporary files)
  --workers N      processes (default 2)
  --failures N     ends after so many (default ${DEFAULT_FAILURES})
  --bound MS       milliseconds of work one mutant may take (default ${DEFAULT_BOUND_MILLISECONDS})
  --planted NAME   puts a bug into the engine first, which must be found:
${Object.entries(PLANTED).map(([name, { about }]) => `                     ${name.padEnd(19)} ${about}`).join("\n")}

It ends with 0 when nothing was found, with 1 when something was or too few mutants were well-formed, with 2 for a
question it does not understand.`;

/** @returns The options, or a word on what is wrong; `undefined` when help is asked for. */
export function readOptions(args: readonly string[]): FuzzOptions | string | undefined {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        minutes: text,
        mutants: text,
        seed: text,
        only: text,
        mutant: text,
        save: text,
        workers: text,
        bound: text,
        failures: text,
        planted: text,
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true) return undefined;
    return checked(values);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Values = Readonly<
  Partial<
    Record<
      "minutes" | "mutants" | "seed" | "only" | "mutant" | "save" | "workers" | "bound" | "failures" | "planted",
      string | undefined
    >
  >
>;

function checked(values: Values): FuzzOptions | string {
  const { only, planted, save } = values;
  const kind = KINDS.find((known) => known === only);
  if (only !== undefined && kind === undefined) return `--only is "${only}", expected one of ${KINDS.join(", ")}`;
  if (planted !== undefined && !Object.hasOwn(PLANTED, planted)) {
    return `--planted is "${planted}", expected one of ${Object.keys(PLANTED).join(", ")}`;
  }
  const number = (name: keyof Values, fallback: number, whole = true): number => {
    const value = values[name] === undefined ? fallback : Number(values[name] || NaN);
    if (!(value >= 0) || value > 0xffffffff || (whole && !Number.isInteger(value))) {
      throw new Error(`--${name} is "${values[name]}", expected a number that is not negative`);
    }
    return value;
  };
  if (values.mutant !== undefined && kind === undefined) return "--mutant needs --only, which says of which kind";
  return {
    seed: number("seed", Math.floor(Math.random() * 0x100000000)),
    minutes: number("minutes", 5, false),
    kinds: kind === undefined ? KINDS : [kind],
    workers: Math.min(16, Math.max(1, number("workers", 2))),
    failures: Math.max(1, number("failures", DEFAULT_FAILURES)),
    bound: Math.max(1, number("bound", DEFAULT_BOUND_MILLISECONDS)),
    ...(values.mutants === undefined ? {} : { mutants: number("mutants", 0) }),
    ...(values.mutant === undefined ? {} : { mutant: number("mutant", 0) }),
    ...(planted === undefined ? {} : { planted }),
    ...(save === undefined ? {} : { save }),
  };
}
