/** The two structured header fields registries send: challenges and links (RFC 9110, RFC 8288). */

/** Longest header field that is read. */
export const MAX_HEADER_LENGTH = 16 * 1024;

/** One challenge of `WWW-Authenticate`. */
export interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** By lower-case name; empty where the challenge has a token or nothing. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** One link of `Link`. */
export interface Link {
  readonly target: string;
  /** Relation types, lower case. */
  readonly relations: readonly string[];
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/ys;
const SPACE = /[ \t]*/y;

/** Reads from left to right; each method moves on only when it finds what it looks for. */
function scanner(text: string) {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match;
  };
  return {
    done: () => at >= text.length,
    space: () => take(SPACE),
    token: () => take(TOKEN)?.[0],
    token68: () => take(TOKEN68)?.[0],
    /** A token or a quoted text with its escapes undone. */
    value: () => {
      const quoted = take(QUOTED)?.[1];
      return quoted === undefined ? take(TOKEN)?.[0] : quoted.replace(/\\(.)/gs, "$1");
    },
    is: (character: string) => {
      if (text[at] !== character) return false;
      at++;
      return true;
    },
    until: (character: string) => {
      const end = text.indexOf(character, at);
      if (end < 0) return undefined;
      const found = text.slice(at, end);
      at = end + 1;
      return found;
    },
    mark: () => at,
    back: (mark: number) => {
      at = mark;
    },
  };
}

type Scanner = ReturnType<typeof scanner>;

/** `name = value`, or nothing read. */
function parameter(input: Scanner): readonly [string, string] | undefined {
  const mark = input.mark();
  const name = input.token();
  input.space();
  if (name !== undefined && input.is("=")) {
    input.space();
    const value = input.value();
    if (value !== undefined) return [name.toLowerCase(), value];
  }
  input.back(mark);
  return undefined;
}

/** Commas and blanks between elements; whether there was a comma. */
function commas(input: Scanner): boolean {
  let found = false;
  do input.space(); while (input.is(",") && (found = true));
  return found;
}

/**
 * Reads `WWW-Authenticate`: several challenges may stand in one field, and commas inside quotes part nothing.
 *
 * @returns The challenges up to the first thing that is not one; of a repeated parameter the first counts.
 *
 * Spec: RFC 9110, section 11.6.1.
 */
export function parseChallenges(field: string): readonly Challenge[] {
  const input = scanner(field.slice(0, MAX_HEADER_LENGTH));
  const challenges: Challenge[] = [];
  commas(input);
  while (!input.done()) {
    const scheme = input.token();
    if (scheme === undefined) return challenges;
    const parameters = new Map<string, string>();
    const spaced = (input.space()?.[0] ?? "") !== "";
    if (spaced && !input.done()) {
      // A token that fills the element, such as Negotiate's, is no parameter.
      if (input.token68() === undefined) {
        while (true) {
          const found = parameter(input);
          if (found === undefined) break;
          if (!parameters.has(found[0])) parameters.set(found[0], found[1]);
          const mark = input.mark();
          if (!commas(input)) break;
          const next = parameter(input);
          input.back(mark);
          if (next === undefined) break;
          commas(input);
        }
      }
    }
    challenges.push({ scheme: scheme.toLowerCase(), parameters });
    if (!commas(input) && !input.done()) return challenges;
  }
  return challenges;
}

/**
 * Reads `Link`.
 *
 * @returns `undefined` for what cannot be read to its end: there might be one more.
 *
 * Spec: RFC 8288, section 3. `rel` may be quoted or not, and may hold several types.
 */
export function parseLinks(field: string): readonly Link[] | undefined {
  if (field.length > MAX_HEADER_LENGTH) return undefined;
  const input = scanner(field);
  const links: Link[] = [];
  commas(input);
  while (input.is("<")) {
    const target = input.until(">");
    if (target === undefined) return undefined;
    let relations: readonly string[] | undefined;
    input.space();
    while (input.is(";")) {
      input.space();
      const found = parameter(input) ?? [input.token() ?? "", ""] as const;
      if (found[0] === "rel") relations ??= found[1].toLowerCase().split(/[ \t]+/);
      input.space();
    }
    links.push({ target, relations: relations ?? [] });
    if (!commas(input)) break;
  }
  return input.done() ? links : undefined;
}
