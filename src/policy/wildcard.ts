/**
 * Kyverno's wildcards: `*` is any run of characters, `/`, `:` and `@` among them; `?` is exactly one; nothing else is
 * special, nothing is escaped, and the whole text has to fit.
 */

/** Characters a pattern may have: longer than any reference, so that one match stays cheap. */
export const MAX_PATTERN_LENGTH = 1024;

/**
 * Whether a text fits a pattern. Takes at most the product of both lengths: a mismatch goes back to the last `*` only.
 *
 * @param pattern At most {@link MAX_PATTERN_LENGTH} characters; empty fits the empty text alone.
 */
export function matchWildcard(pattern: string, text: string): boolean {
  if (pattern === "*" || pattern === text) return true;
  let atPattern = 0;
  let atText = 0;
  let lastStar = -1;
  let afterStar = 0;
  while (atText < text.length) {
    const next = pattern[atPattern];
    if (next === "*") {
      lastStar = atPattern++;
      afterStar = atText;
    } else if (next === "?") {
      atPattern++;
      atText += widthAt(text, atText);
    } else if (next !== undefined && next === text[atText]) {
      atPattern++;
      atText++;
    } else if (lastStar >= 0) {
      // The last `*` takes one character more; earlier ones need not: they already left it everything behind them.
      atPattern = lastStar + 1;
      afterStar += widthAt(text, afterStar);
      atText = afterStar;
    } else {
      return false;
    }
  }
  while (pattern[atPattern] === "*") atPattern++;
  return atPattern === pattern.length;
}

/** Steps that a match takes at most: two, and one more for every sixteen characters that a pattern is compared with. */
export function wildcardSteps(pattern: string, text: string): number {
  const compared = pattern.length * text.length;
  return compared < 16 || !/[*?]/.test(pattern) ? 2 : 2 + Math.floor(compared / 16);
}

/** UTF-16 units of the character there: `?` is one character, not half of one. */
function widthAt(text: string, index: number): number {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
}

/** Whether a text fits one of the patterns. */
export function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchWildcard(pattern, text));
}

/**
 * What is left of a pattern after its beginning took exactly this text: every remainder that is possible.
 *
 * @returns Remainders, without repetition; empty when no beginning of the pattern fits.
 */
export function remainders(pattern: string, text: string): readonly string[] {
  const wanted = [...pattern];
  let states = closure(wanted, [0]);
  for (const character of text) {
    const next: number[] = [];
    for (const state of states) {
      const symbol = wanted[state];
      if (symbol === "*") next.push(state);
      else if (symbol === "?" || symbol === character) next.push(state + 1);
    }
    states = closure(wanted, next);
  }
  return [...states].map((state) => wanted.slice(state).join(""));
}

/** Positions reachable without taking a character: a `*` may stand for nothing. */
function closure(wanted: readonly string[], positions: readonly number[]): ReadonlySet<number> {
  const states = new Set<number>();
  for (let position of positions) {
    states.add(position);
    while (wanted[position] === "*") states.add(++position);
  }
  return states;
}
