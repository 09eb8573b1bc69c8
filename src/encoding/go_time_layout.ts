/** The layouts of Go's package `time` → what stands where (Go, package time, "Constants"). */

interface Place {
  /** Text in front of the element. */
  readonly before: string;
  /** The element as it is written in the layout. */
  readonly text: string;
}

/** One element of a layout; `end` holds what stands behind the last. */
export type GoTimeElement =
  & Place
  & (
    | {
      readonly type:
        | "short year"
        | "year"
        | "short month"
        | "long month"
        | "short weekday"
        | "long weekday"
        | "hour"
        | "half"
        | "zone"
        | "end";
    }
    /** `fixed`: with leading zeros. */
    | { readonly type: "month" | "hour of 12" | "minute" | "second"; readonly fixed: boolean }
    /** `padded`: with leading spaces. */
    | { readonly type: "day" | "year day"; readonly fixed: boolean; readonly padded: boolean }
    | { readonly type: "fraction"; readonly fixed: boolean; readonly digits: number }
    /** `zulu`: or `Z`. */
    | { readonly type: "offset"; readonly zulu: boolean; readonly pattern: RegExp }
  );

type Kind = GoTimeElement extends infer Element ? Element extends Place ? Omit<Element, keyof Place> : never : never;

/** Longer ones first; a name that lower-case letters follow is another word. */
const ELEMENT =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|_2(?!006)|__2|2006|2|3|4|5|PM|pm|[-Z](?:070000|07:00:00|0700|07:00|07)|[.,](?:0+|9+)(?!\d)/g;

const NAMED: Readonly<Record<string, Kind>> = {
  January: { type: "long month" },
  Jan: { type: "short month" },
  Monday: { type: "long weekday" },
  Mon: { type: "short weekday" },
  MST: { type: "zone" },
  "01": { type: "month", fixed: true },
  "1": { type: "month", fixed: false },
  "02": { type: "day", fixed: true, padded: false },
  "2": { type: "day", fixed: false, padded: false },
  "_2": { type: "day", fixed: false, padded: true },
  "002": { type: "year day", fixed: true, padded: false },
  "__2": { type: "year day", fixed: false, padded: true },
  "15": { type: "hour" },
  "03": { type: "hour of 12", fixed: true },
  "3": { type: "hour of 12", fixed: false },
  "04": { type: "minute", fixed: true },
  "4": { type: "minute", fixed: false },
  "05": { type: "second", fixed: true },
  "5": { type: "second", fixed: false },
  "06": { type: "short year" },
  "2006": { type: "year" },
  PM: { type: "half" },
  pm: { type: "half" },
};

/** Takes a layout apart; the last element is `end`. */
export function readLayout(layout: string): readonly GoTimeElement[] {
  const elements: GoTimeElement[] = [];
  let at = 0;
  for (const { index, 0: text } of layout.matchAll(ELEMENT)) {
    elements.push({ before: layout.slice(at, index), text, ...kindOf(text) });
    at = index + text.length;
  }
  return [...elements, { before: layout.slice(at), text: "", type: "end" }];
}

function kindOf(text: string): Kind {
  const named = NAMED[text];
  if (named !== undefined) return named;
  if (/^[.,]/.test(text)) return { type: "fraction", fixed: text[1] === "0", digits: text.length - 1 };
  const digits = text.slice(1).replace(/\d{2}/g, "\\d{2}");
  return { type: "offset", zulu: text.startsWith("Z"), pattern: new RegExp(`^[+-]${digits}`) };
}
