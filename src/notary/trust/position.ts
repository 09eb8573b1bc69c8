/** Where in a JSON text a value stands. */

/** Counted from 1, in UTF-16 code units. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/**
 * Finds the value at a path.
 *
 * @param text JSON that has been parsed before: its form is not checked again.
 * @param path Names as they are in the text, and positions in arrays.
 * @returns `undefined` when there is no such value.
 */
export function locateJson(text: string, path: readonly (string | number)[]): TextPosition | undefined {
  let index = skipBlanks(text, 0);
  for (const step of path) {
    const found = typeof step === "number" ? element(text, index, step) : member(text, index, step);
    if (found === undefined) return undefined;
    index = found;
  }
  const before = text.slice(0, index).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

function element(text: string, array: number, position: number): number | undefined {
  if (text[array] !== "[") return undefined;
  let index = skipBlanks(text, array + 1);
  for (let count = 0; text[index] !== "]"; count++) {
    if (count === position) return index;
    index = nextValue(text, index);
    if (index >= text.length) return undefined;
  }
  return undefined;
}

function member(text: string, object: number, name: string): number | undefined {
  if (text[object] !== "{") return undefined;
  let index = skipBlanks(text, object + 1);
  while (text[index] === '"') {
    const end = skipString(text, index);
    const value = skipBlanks(text, skipBlanks(text, end) + 1);
    if (JSON.parse(text.slice(index, end)) === name) return value;
    index = nextValue(text, value);
  }
  return undefined;
}

/** Behind a value and the comma that may follow it. */
function nextValue(text: string, value: number): number {
  const index = skipBlanks(text, skipValue(text, value));
  return text[index] === "," ? skipBlanks(text, index + 1) : index;
}

function skipValue(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length;) {
    const character = text.charAt(index);
    if (character === '"') index = skipString(text, index);
    else {
      if (depth === 0 && index > start && ",]} \t\n\r".includes(character)) return index;
      if ("[{".includes(character)) depth++;
      if ("]}".includes(character)) depth--;
      index++;
    }
    if (depth === 0 && '"]}'.includes(text.charAt(index - 1))) return index;
  }
  return text.length;
}

function skipString(text: string, quote: number): number {
  let index = quote + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === "\\" ? 2 : 1;
  return index + 1;
}

function skipBlanks(text: string, from: number): number {
  let index = from;
  while (index < text.length && " \t\n\r".includes(text.charAt(index))) index++;
  return index;
}
