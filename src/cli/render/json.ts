/** JSON as the Go tools print it: indented, with the characters escaped that Go escapes, and those a terminal obeys. */
import { escapeUnsafe } from "../../encoding/mod.ts";

/**
 * Writes a value as indented JSON with a newline at the end. Members stay in the order given; `undefined` ones are left
 * out. The text reads back as the same value, and nothing in it moves a terminal's cursor, turns its writing direction
 * or hides.
 *
 * @param indent Blanks per level: notation 1.3 prints four, oras two.
 */
export function renderJson(value: unknown, indent: 2 | 4): string {
  const text = JSON.stringify(value, undefined, indent);
  // Inside strings a line break is escaped already: those that are left are the indentation's.
  const safe = escapeUnsafe(text, (character) => character === "\n" ? character : escapeUnits(character));
  return `${safe.replace(/[<>&]/g, escapeUnits)}\n`;
}

/** One escape per UTF-16 unit, as RFC 8259, section 7, has it for characters beyond the first plane. */
function escapeUnits(character: string): string {
  let escaped = "";
  for (let index = 0; index < character.length; index++) {
    escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}

/** A copy whose members are in the order of their names' UTF-16 units, as Go's maps are printed. */
export function sortedMembers<Value>(members: Readonly<Record<string, Value>>): Record<string, Value> {
  const sorted = Object.create(null) as Record<string, Value>;
  for (const name of Object.keys(members).sort()) sorted[name] = members[name] as Value;
  return sorted;
}
