/** Lines of `verify --explain`: labels, margins and wrapping. */
import { wrap } from "./columns.ts";

/** Columns of a line, margins included; only words with a digest jut out. */
export const EXPLANATION_COLUMNS = 80;

/** Columns of a label with its blank: what is left of a line takes a digest whole. */
const LABEL_COLUMNS = 8;

/** Columns of a label inside a validation, and what stands before it. */
const INNER_LABEL_COLUMNS = 6;
const MARGIN = 4;

/** `label` in a column of its own, the text beside it, wrapped. */
export function block(label: string, text: string): readonly string[] {
  return wrap(text, EXPLANATION_COLUMNS - LABEL_COLUMNS).map((line, index) =>
    (index === 0 ? label : "").padEnd(LABEL_COLUMNS) + line
  );
}

/** As {@link block}, inside a validation. */
export function labelled(label: string, text: string): readonly string[] {
  return wrap(text, EXPLANATION_COLUMNS - MARGIN - INNER_LABEL_COLUMNS).map((line, index) =>
    " ".repeat(MARGIN) + (index === 0 ? label : "").padEnd(INNER_LABEL_COLUMNS) + line
  );
}

/** Wrapped lines behind a margin, the second and later ones two columns further in. */
export function indented(text: string, margin = MARGIN): readonly string[] {
  return wrap(text, EXPLANATION_COLUMNS - margin - 2).map((line, index) =>
    " ".repeat(index === 0 ? margin : margin + 2) + line
  );
}

/** `authenticTimestamp` → `authentic timestamp`. */
export function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
