/** JSON as the Go tools print it: indented, with the characters escaped that Go escapes, and those a terminal obeys. */

/** `<`, `>`, `&` as Go does; line separators; DEL, C1 and the bidirectional controls, which JSON lets through. */
const ESCAPED = /[<>&\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Writes a value as indented JSON with a newline at the end. Members stay in the order given; `undefined` ones are left
 * out. The text reads back as the same value, and nothing in it moves a terminal's cursor or turns its writing direction.
 *
 * @param indent Blanks per level: notation 1.3 prints four, oras two.
 */
export function renderJson(value: unknown, indent: 2 | 4): string {
  const text = JSON.stringify(value, undefined, indent);
  return `${text.replace(ESCAPED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}

/** A copy whose members are in the order of their names' UTF-16 units, as Go's maps are printed. */
export function sortedMembers<Value>(members: Readonly<Record<string, Value>>): Record<string, Value> {
  const sorted = Object.create(null) as Record<string, Value>;
  for (const name of Object.keys(members).sort()) sorted[name] = members[name] as Value;
  return sorted;
}
