/**
 * Characters that may not reach a terminal, by Unicode's own properties, so that no list of ours judges another:
 * controls, line and paragraph separators, and the format characters that are not shown.
 */
export const UNSAFE_CHARACTERS: readonly string[] = Array.from({ length: 0x110000 }, (_, point) => point)
  .map((point) => String.fromCodePoint(point))
  .filter((text) => /[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) || (/\p{Cf}/u.test(text) && /\p{DI}/u.test(text)));
