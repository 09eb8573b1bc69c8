/**
 * Regular expressions as Go's `regexp` reads them (RE2 syntax), in time proportional to pattern and text; the only
 * importer of the library for it.
 */
import { RE2JS } from "re2js";
import { ConfigurationError } from "../errors.ts";
import { printable } from "../encoding/mod.ts";
import { MAX_TEXT_CHARACTERS, textTooLong } from "./bounds.ts";

/** Characters of a pattern at most. */
export const MAX_REGULAR_EXPRESSION_CHARACTERS = 4_096;

/** Instructions of a pattern times characters of the text, at most; matches found times characters, too. */
export const MAX_REGULAR_EXPRESSION_WORK = 16 * 1024 * 1024;

/** Compiled patterns that are kept; the one compiled longest ago goes first. */
export const MAX_KEPT_REGULAR_EXPRESSIONS = 256;

const kept = new Map<string, RE2JS>();

function compile(pattern: string): RE2JS {
  const known = kept.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > MAX_REGULAR_EXPRESSION_CHARACTERS) {
    throw new ConfigurationError(
      "ERR_EXPRESSION",
      `error parsing regexp: ${pattern.length} characters, expected at most ${MAX_REGULAR_EXPRESSION_CHARACTERS}`,
    );
  }
  const compiled = parse(pattern);
  if (kept.size >= MAX_KEPT_REGULAR_EXPRESSIONS) kept.delete(kept.keys().next().value ?? "");
  kept.set(pattern, compiled);
  return compiled;
}

function parse(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (thrown) {
    // The library has classes of its own for what is no expression, and runs out of stack on what nests too deep.
    const reason = thrown instanceof RangeError ? "expression nests too deeply" : String((thrown as Error).message);
    const prefix = "error parsing regexp: ";
    const message = reason.startsWith(prefix) ? reason : prefix + reason;
    throw new ConfigurationError("ERR_EXPRESSION", printable(message, 400), { cause: thrown });
  }
}

function checkWork(work: number): void {
  if (work <= MAX_REGULAR_EXPRESSION_WORK) return;
  throw new ConfigurationError(
    "ERR_TOO_LARGE",
    `Cannot match the regular expression: the text is too long for it, expected at most ${MAX_REGULAR_EXPRESSION_WORK} steps`,
  );
}

/**
 * Whether a text holds a match, anywhere.
 *
 * @throws {ConfigurationError} `ERR_EXPRESSION` with Go's text when the pattern is none; `ERR_TOO_LARGE` beyond
 * {@link MAX_REGULAR_EXPRESSION_WORK}.
 *
 * Spec: Go, package regexp, MatchString.
 */
export function matchRegularExpression(pattern: string, text: string): boolean {
  const compiled = compile(pattern);
  checkWork(compiled.programSize() * text.length);
  return compiled.test(text);
}

/** A match: the text of a group by its number or name; empty when there is none or it took no part. */
type Groups = (group: number | string) => string;

/**
 * A text with every match replaced.
 *
 * @param replacement `$1`, `$name` and `${name}` stand for groups, `$$` for `$`; as it is when `literal`.
 * @throws {ConfigurationError} As {@link matchRegularExpression}.
 *
 * Spec: Go, package regexp, ReplaceAllString and ReplaceAllLiteralString.
 */
export function replaceRegularExpression(pattern: string, text: string, replacement: string, literal: boolean): string {
  const compiled = compile(pattern);
  checkWork(compiled.programSize() * text.length);
  const matcher = compiled.matcher(text);
  const names = new Map(Object.entries(compiled.namedGroups() as Readonly<Record<string, number>>));
  const count = compiled.groupCount();
  const groups: Groups = (group) => {
    const number = typeof group === "string" ? names.get(group) : group;
    return number === undefined || number > count ? "" : matcher.group(number) ?? "";
  };
  const parts = literal ? [replacement] : parseTemplate(replacement);
  let result = "";
  const append = (more: string) => {
    if (result.length + more.length > MAX_TEXT_CHARACTERS) throw textTooLong();
    result += more;
  };
  let copied = 0;
  let lastEnd = 0;
  let work = 0;
  for (let from = 0; from <= text.length && matcher.find(from);) {
    checkWork(work += text.length - from);
    const [start, end] = [matcher.start(), matcher.end()];
    append(text.slice(copied, start));
    // An empty match right behind another match is none.
    if (end > lastEnd || start === 0) {
      for (const part of parts) append(typeof part === "string" ? part : groups(part.group));
    }
    lastEnd = end;
    copied = end;
    const width = (text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1;
    from = from + width > end ? from + width : end;
  }
  append(text.slice(copied));
  return result;
}

type TemplatePart = string | { readonly group: number | string };

/** Spec: Go, package regexp, Expand. A `$` that begins no name is itself. */
function parseTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (const found of template.matchAll(/\$(?:(\$)|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu)) {
    parts.push(template.slice(at, found.index));
    at = found.index + found[0].length;
    const name = found[2] ?? found[3] ?? "";
    if (found[1] !== undefined) parts.push("$");
    else parts.push({ group: /^(?:0|[1-9][0-9]{0,7})$/.test(name) ? Number(name) : name });
  }
  parts.push(template.slice(at));
  return parts;
}

/**
 * The texts of the matches, from the left, none of which overlap.
 *
 * @param limit As many as that at most.
 * @throws {ConfigurationError} As {@link matchRegularExpression}.
 *
 * Spec: Go, package regexp, FindAllString.
 */
export function findRegularExpression(pattern: string, text: string, limit: number): readonly string[] {
  const compiled = compile(pattern);
  checkWork(compiled.programSize() * text.length);
  const matcher = compiled.matcher(text);
  const found: string[] = [];
  while (found.length < limit && matcher.find()) found.push(matcher.group() ?? "");
  return found;
}
