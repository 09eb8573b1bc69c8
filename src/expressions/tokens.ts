/** The text of a JMESPath expression → tokens (jmespath.org, specification, "Grammar"). */
import { EngineError, MalformedError } from "../errors.ts";
import { parseJson, printable } from "../encoding/mod.ts";

export type TokenType =
  | "name"
  | "quoted name"
  | "number"
  | "literal"
  | "["
  | "[?"
  | "[]"
  | "]"
  | "{"
  | "}"
  | "("
  | ")"
  | "."
  | "*"
  | ","
  | ":"
  | "@"
  | "&"
  | "&&"
  | "|"
  | "||"
  | "!"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "end";

export interface Token {
  readonly type: TokenType;
  /** Of a literal its value, of a name its text, of a number its digits. */
  readonly value: unknown;
  /** Where it begins in the expression. */
  readonly at: number;
}

/** White space, and every token whose text is all there is to say; longer ones first. */
const PLAIN = /[ \t\r\n]+|\[\?|\[\]|&&|\|\||==|!=|<=|>=|[[\]{}().*,:@&|!<>]/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /-?[0-9]+/y;
const QUOTED = /"(?:[^"\\]|\\[^])*"/y;
/** Only the quote can be escaped: a backslash before anything else, another backslash included, is itself. */
const RAW = /'(?:[^'\\]|\\'|\\(?!'))*'/y;
const JSON_LITERAL = /`(?:[^`\\]|\\[^])*`/y;

/**
 * Takes an expression apart.
 *
 * @returns At least one token: the last is the end.
 * @throws {MalformedError} `ERR_EXPRESSION` at what is no token.
 */
export function readTokens(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const add = (type: TokenType, value: unknown, length: number) => {
    tokens.push({ type, value, at });
    at += length;
  };
  while (at < text.length) {
    const plain = take(PLAIN);
    const name = plain === undefined ? take(NAME) : undefined;
    if (plain !== undefined) {
      if (/^\s/.test(plain)) at += plain.length;
      else add(plain as TokenType, plain, plain.length);
    } else if (name !== undefined) add("name", name, name.length);
    else if (text[at] === '"') {
      const found = take(QUOTED) ?? unclosed('"');
      add("quoted name", readJson(found, at), found.length);
    } else if (text[at] === "'") {
      const found = take(RAW) ?? unclosed("'");
      add("literal", found.slice(1, -1).replaceAll("\\'", "'"), found.length);
    } else if (text[at] === "`") {
      const found = take(JSON_LITERAL) ?? unclosed("`");
      add("literal", readJson(found.slice(1, -1).replaceAll("\\`", "`"), at), found.length);
    } else {
      const number = take(NUMBER);
      if (number === undefined) throw faultAt(at, `unexpected "${String.fromCodePoint(text.codePointAt(at) ?? 0)}"`);
      add("number", number, number.length);
    }
  }
  add("end", "", 0);
  return tokens;

  function unclosed(delimiter: string): never {
    throw faultAt(at, `Unclosed delimiter: ${delimiter}`);
  }
}

/** A name that occurs twice in one object is refused, as everywhere. */
function readJson(text: string, at: number): unknown {
  try {
    const value = parseJson(text);
    if (hasFiniteNumbers(value)) return value;
    throw new MalformedError("ERR_EXPRESSION", "a number out of range");
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    throw faultAt(at, thrown.message);
  }
}

/** Whether every number in a value is one in 64 bits: `1e999` is none. */
function hasFiniteNumbers(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(hasFiniteNumbers);
}

/** What is wrong with an expression, and where. */
export function faultAt(at: number, what: string): MalformedError {
  return new MalformedError("ERR_EXPRESSION", `${printable(what, 200)}, at character ${at + 1}`);
}
