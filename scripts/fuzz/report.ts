/** What a run prints: how far mutants came, what became of them, and how to see a failure again. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CampaignResult, KindTotals } from "./campaign.ts";
import type { KindName } from "./kinds.ts";
import type { FuzzOptions } from "./options.ts";
import type { Failure } from "./protocol.ts";

/** The share of mutants that are well-formed on the outside, at least: the others only prove the outer decoder. */
export const MIN_WELL_FORMED_SHARE = 0.3;

const COLUMNS = ["mutants", "well-formed", "decoded", "signature", "chain", "accepted", "signed again"] as const;
const LEGEND =
  `well-formed: DER, JSON or CBOR; decoded: the structure inside, too; signature: one was computed; chain: beyond the
signature, or a path was found; accepted: verified, trusted, valid or ok; signed again: by the right key, by another`;

const share = (count: number, of: number) => of === 0 ? "–" : `${((100 * count) / of).toFixed(1)} %`;
const grouped = (count: number) => String(count).replace(/\B(?=(\d{3})+$)/g, " ");

function row({ made, stages, resigned }: KindTotals): readonly string[] {
  return [
    grouped(made),
    share(stages.outer, made),
    share(stages.inner, made),
    share(stages.signature, made),
    share(stages.chain, made),
    share(stages.accepted, made),
    `${share(resigned["right key"], made)}, ${share(resigned["other key"], made)}`,
  ];
}

/** The table of stages, and below it what became of the mutants of each kind. */
export function formatReport({ totals, seconds, workSeconds, peakBytes, slowestMilliseconds }: CampaignResult): string {
  const kinds = [...totals].filter(([, { made }]) => made > 0);
  const cells = [["", ...COLUMNS], ...kinds.map(([kind, found]) => [kind, ...row(found)])];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0))) ?? [];
  const lines = cells.map((line) =>
    line.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join(
      "  ",
    )
  );
  const made = kinds.reduce((sum, [, found]) => sum + found.made, 0);
  const outcomes = kinds.map(([kind, found]) => formatOutcomes(kind, found));
  const speed =
    `${grouped(made)} mutants in ${seconds.toFixed(0)} s, ${grouped(Math.round(made / seconds))} per second, ` +
    `${grouped(Math.round(made / workSeconds))} per second of one processor; ` +
    `slowest ${slowestMilliseconds.toFixed(0)} ms; largest worker ${(peakBytes / 2 ** 20).toFixed(0)} MiB`;
  return [...lines, LEGEND, "", ...outcomes, "", speed].join("\n");
}

/** Outcomes of one kind, the most frequent first, filled into lines. */
function formatOutcomes(kind: KindName, { outcomes }: KindTotals): string {
  const words = Object.entries(outcomes).sort(([a, x], [b, y]) => y - x || a.localeCompare(b))
    .map(([outcome, count]) => `${outcome} ${grouped(count)}`);
  let text = `${kind}:`;
  let line = text.length;
  for (const [index, word] of words.entries()) {
    const piece = ` ${word}${index === words.length - 1 ? "" : ","}`;
    if (line + piece.length > 118) [text, line] = [`${text}\n `, 1];
    text += piece;
    line += piece.length;
  }
  return text;
}

/** Kinds of which too few mutants were well-formed. */
export function tooMalformed({ totals }: CampaignResult): readonly string[] {
  return [...totals].filter(([, { made, stages }]) => made > 0 && stages.outer < MIN_WELL_FORMED_SHARE * made).map((
    [kind],
  ) => kind);
}

/** Says what is wrong and how to see it again, and writes the input. */
export function formatFailure(failure: Failure, { seed, planted }: FuzzOptions, folder: string): string {
  const { kind, mutant, fault, original, resigned, inputs, smaller } = failure;
  mkdirSync(folder, { recursive: true });
  const save = (what: readonly Uint8Array[], suffix: string) =>
    what.map((input, index) => {
      const file = join(folder, `${kind}-${seed}-${mutant}${suffix}${what.length > 1 ? `-${index + 1}` : ""}.bin`);
      writeFileSync(file, input);
      return file;
    });
  const saved = save(inputs, "");
  const fewer = smaller === undefined ? [] : [`  fewer changes: ${save(smaller, "-smaller").join(" ")}`];
  const bug = planted === undefined ? "" : ` --planted ${planted}`;
  return [
    `FOUND: ${kind}, mutant ${mutant}: ${fault}`,
    `  made of ${original}; signed again: ${resigned}`,
    `  input: ${saved.join(" ") || "none"}`,
    ...fewer,
    `  again: npm run fuzz -- --seed ${seed} --only ${kind} --mutant ${mutant}${bug}`,
  ].join("\n");
}
