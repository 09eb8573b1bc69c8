/** Colours for terminals; everywhere else the texts stay as they are. */

/** Paints one text. */
export type Paint = (text: string) => string;

/** What may be painted. Digest, artifact type and title have the colours of oras. */
export interface Palette {
  readonly digest: Paint;
  readonly artifactType: Paint;
  readonly title: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly heading: Paint;
}

const same: Paint = (text) => text;
const sgr = (code: number): Paint => (text) => `\u001b[${code}m${text}\u001b[0m`;

/** Nothing painted: files, pipes, `--no-tty`, `NO_COLOR`. */
export const PLAIN: Palette = {
  digest: same,
  artifactType: same,
  title: same,
  good: same,
  bad: same,
  heading: same,
};

/** The sixteen colours every terminal has. */
export const ANSI: Palette = {
  digest: sgr(32),
  artifactType: sgr(93),
  title: sgr(90),
  good: sgr(32),
  bad: sgr(31),
  heading: sgr(1),
};
