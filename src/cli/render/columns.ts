/** Text in columns: tables, and paragraphs wrapped to a width. */

/**
 * Writes rows in columns as Go's tabwriter does with a padding of three blanks behind every cell, the last one too.
 *
 * @param rows Cells safe to print; every row as long as the first.
 */
export function renderColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => length(row[column] ?? ""))) + 3);
  return rows.map((row) => `${row.map((cell, column) => pad(cell, widths[column] ?? 0)).join("")}\n`).join("");
}

/** Characters as a reader counts them, near enough for a table. */
const length = (text: string): number => [...text].length;
const pad = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - length(text)));

/**
 * Breaks a text into lines no longer than a width: at blanks; in a word that is too long behind `,` or `/`, else
 * anywhere. Only a word with a digest in it stays whole and juts out: a digest in two pieces cannot be copied.
 *
 * @param text Without line breaks.
 * @param width Columns, at least 1.
 * @returns At least one line.
 */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && length(line) + 1 + length(word) <= width) {
      line += ` ${word}`;
      continue;
    }
    if (line !== "") lines.push(line);
    const pieces = breakWord(word, width);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? "";
  }
  lines.push(line);
  return lines;
}

const DIGEST = /sha(?:256|384|512)[:-][0-9a-f]{64}/;

/** A word in pieces no longer than a width. */
function breakWord(word: string, width: number): readonly string[] {
  if (DIGEST.test(word)) return [word];
  const pieces: string[] = [];
  let rest = [...word];
  while (rest.length > width) {
    const fits = rest.slice(0, width);
    const at = Math.max(fits.lastIndexOf(","), fits.lastIndexOf("/"));
    const end = at > 0 ? at + 1 : width;
    pieces.push(rest.slice(0, end).join(""));
    rest = rest.slice(end);
  }
  return [...pieces, rest.join("")];
}
