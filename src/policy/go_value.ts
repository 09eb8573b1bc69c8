/** Values as Go's `fmt` writes them with `%v`, which is what Kyverno compares texts with and shows people. */
import { isJsonObject } from "../encoding/mod.ts";

/**
 * @param value JSON.
 * @returns `map[a:1 b:[x y]]`, `<nil>`; the names of members sorted.
 */
export function formatGoValue(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(formatGoValue).join(" ")}]`;
  if (!isJsonObject(value)) return String(value);
  return `map[${Object.keys(value).sort().map((name) => `${name}:${formatGoValue(value[name])}`).join(" ")}]`;
}
