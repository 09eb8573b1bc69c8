/** Expressions that hold variables: what those stand for is written into the expression and must not become one. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";

/** What a value may be where no quotation mark is open: the name of a member, or an index. */
const PLAIN = /^(?:[A-Za-z_][A-Za-z0-9_]*|-?[0-9]{1,15})$/;

/** What a value must not hold, by the quotation mark that is open: what ends the quotation, or what escapes its end. */
const ENDING = { "'": /['\\]/, '"': /["\\]/, "`": /["`\\]/ } as const;

/**
 * Holds a value against its place in an expression.
 *
 * @param before The expression up to it.
 * @throws {ConfigurationError} `ERR_POLICY_FIELD` when the value would be more there than a name, a number or part of a
 * quoted text.
 */
export function admitInExpression(value: string, before: string): void {
  const mark = openMark(before);
  const ending = mark === "" ? undefined : ENDING[mark];
  // In a literal, JSON other than a text is what its author wants to put there; it has quotation marks of its own.
  const json = mark === "`" && before.endsWith("`") && /^[[{].*[\]}]$/s.test(value) && !value.includes("`");
  if (ending === undefined ? PLAIN.test(value) : json || !ending.test(value)) return;
  const expected = mark === "" ? "a name or a number" : `a text that does not end the ${mark} before it`;
  throw new ConfigurationError(
    "ERR_POLICY_FIELD",
    `a variable inside of an expression is "${printable(value, 200)}", expected ${expected}`,
  );
}

/** The quotation mark that is open at the end of a text; `""` when none is. */
function openMark(text: string): "" | keyof typeof ENDING {
  let open: "" | keyof typeof ENDING = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    // In a raw string a backslash escapes the end of it and nothing else.
    if (open !== "" && character === "\\" && (open !== "'" || text[at + 1] === "'")) at++;
    else if (character === open) open = "";
    else if (open === "" && (character === "'" || character === '"' || character === "`")) open = character;
  }
  return open;
}
