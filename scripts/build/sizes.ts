/** How large each bundle is, against its budget. */
import { build, type BuildResult } from "esbuild";
import { relative } from "node:path";
import { gzipSync } from "node:zlib";
import { type Bundle, firstLoad, ROOT } from "./bundles.ts";

/** Bytes of what loads first, and of what loads on demand. */
export interface BundleSize {
  readonly name: string;
  readonly raw: number;
  readonly gzip: number;
  readonly onDemandGzip: number;
  readonly budget?: number;
  readonly onDemandBudget?: number;
}

/** A bundle that was built, in memory. */
export interface BuiltBundle {
  readonly bundle: Bundle;
  readonly result: BuildResult<Bundle["options"]>;
}

/** Bundles in memory; nothing is written. */
export async function buildBundle(bundle: Bundle): Promise<BuiltBundle> {
  return { bundle, result: await build(bundle.options) };
}

/** Measures a built bundle. */
export function measure({ bundle, result }: BuiltBundle): BundleSize {
  const files = new Map(result.outputFiles.map(({ path, contents }) => [relative(ROOT, path), contents]));
  const entry = [...files.keys()].find((path) => path.endsWith(bundle.entry));
  if (entry === undefined) throw new Error(`bundle "${bundle.name}" has no output "${bundle.entry}"`);
  const first = firstLoad(result.metafile, entry);
  const rest = [...files.keys()].filter((path) => path.endsWith(".js") && !first.includes(path));
  const sum = (paths: readonly string[], size: (bytes: Uint8Array) => number) =>
    paths.reduce((total, path) => total + size(files.get(path) ?? new Uint8Array()), 0);
  const gzipped = (bytes: Uint8Array) => gzipSync(bytes, { level: 9 }).length;
  return {
    name: bundle.name,
    raw: sum(first, (bytes) => bytes.length),
    gzip: sum(first, gzipped),
    // One build makes several library entries: what one does not load is another's, not on demand.
    onDemandGzip: bundle.name.startsWith("library") ? 0 : sum(rest, gzipped),
    ...(bundle.budget === undefined ? {} : { budget: bundle.budget }),
    ...(bundle.onDemandBudget === undefined ? {} : { onDemandBudget: bundle.onDemandBudget }),
  };
}

/** The table that `npm run build` prints. */
export function formatSizes(sizes: readonly BundleSize[]): string {
  const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
  const rows = [
    ["bundle", "raw", "gzip", "on demand", "budget (gzip)"],
    ...sizes.map(({ name, raw, gzip, onDemandGzip, budget }) => [
      name,
      kilobytes(raw),
      kilobytes(gzip),
      onDemandGzip === 0 ? "" : kilobytes(onDemandGzip),
      budget === undefined ? "" : `${kilobytes(budget)} ${gzip <= budget ? "ok" : "EXCEEDED"}`,
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join(
      "  ",
    )
      .trimEnd()
  ).join("\n");
}

/** Bundles over their budget, one line each. */
export function exceeded(sizes: readonly BundleSize[]): readonly string[] {
  const over = (what: string, size: number, budget: number | undefined) =>
    budget === undefined || size <= budget ? [] : [`${what} has ${size} bytes after gzip, at most ${budget}`];
  return sizes.flatMap(({ name, gzip, budget, onDemandGzip, onDemandBudget }) => [
    ...over(`bundle "${name}"`, gzip, budget),
    ...over(`what "${name}" loads on demand`, onDemandGzip, onDemandBudget),
  ]);
}
