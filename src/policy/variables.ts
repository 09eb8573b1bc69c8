/**
 * `{{ }}` in the texts of a rule → values (Kyverno, "Variables").
 *
 * What a variable stands for is put in as it is: braces in it open no further variable, and inside of an expression it
 * is a name, a number or part of a text, and no further expression. Whoever writes the Pod under review chooses what
 * many variables stand for, and must not choose what is asked next.
 */
import { isJsonObject, printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError } from "../errors.ts";
import { formatGoJson } from "../expressions/mod.ts";
import { admitInExpression } from "./expression_text.ts";
import type { VariableScope } from "./scope.ts";

/** Variables inside variables at most. */
export const MAX_VARIABLE_DEPTH = 10;

/** Characters a text may have once its variables are put in. */
export const MAX_SUBSTITUTED_CHARACTERS = 2 * 1024 * 1024;

/** A text taken apart: what is written, and variables, whose expressions may hold variables themselves. */
export type TemplatePart = string | Variable;

interface Variable {
  readonly variable: readonly TemplatePart[];
}

/**
 * Takes a text apart. `\{{` is `{{` as written; braces that never close are written, too.
 *
 * @throws {ConfigurationError} `ERR_VARIABLE` with more than {@link MAX_VARIABLE_DEPTH} variables inside one another.
 */
export function parseTemplate(text: string): readonly TemplatePart[] {
  return parseParts(text, 0, 0).parts;
}

/**
 * Whether braces open in a text that never close.
 *
 * @throws {ConfigurationError} As {@link parseTemplate}.
 */
export function hasOpenBraces(text: string): boolean {
  return parseParts(text, 0, 0).open;
}

interface Parsed {
  readonly parts: readonly TemplatePart[];
  /** Where it went on; for a variable behind its `}}`. */
  readonly end: number;
  /** Whether a variable was closed. */
  readonly closed: boolean;
  /** Whether braces opened in it that never close. */
  readonly open: boolean;
}

/** @param depth 0 for the text itself, more inside a variable. */
function parseParts(text: string, start: number, depth: number): Parsed {
  if (depth > MAX_VARIABLE_DEPTH) {
    throw new ConfigurationError(
      "ERR_VARIABLE",
      `Cannot read variables: more than ${MAX_VARIABLE_DEPTH} of them inside one another`,
    );
  }
  const parts: TemplatePart[] = [];
  let written = "";
  let braces = 0;
  let at = start;
  let open = false;
  while (at < text.length) {
    if (text.startsWith("\\{{", at)) {
      written += "{{";
      at += 3;
    } else if (text.startsWith("{{", at)) {
      const inner = parseParts(text, at + 2, depth + 1);
      // Braces that never close are text; what closed inside of them was read with them, so nothing is read twice.
      open ||= inner.open || !inner.closed;
      if (written !== "") parts.push(written);
      if (inner.closed) parts.push({ variable: inner.parts });
      else for (const part of ["{{", ...inner.parts]) parts.push(part);
      written = "";
      at = inner.end;
    } else if (depth > 0 && braces === 0 && text.startsWith("}}", at)) {
      return { parts: written === "" ? parts : [...parts, written], end: at + 2, closed: true, open };
    } else {
      const character = text[at] ?? "";
      // `{a: b}` inside an expression.
      if (depth > 0 && character === "{") braces++;
      if (depth > 0 && character === "}") braces--;
      written += character;
      at++;
    }
  }
  return { parts: written === "" ? parts : [...parts, written], end: at, closed: false, open };
}

/** Whether a text holds a variable. */
export function hasVariable(text: string): boolean {
  return text.includes("{{") && parseTemplate(text).some((part) => typeof part !== "string");
}

/**
 * Puts values in for variables, in names of members, too.
 *
 * A text that is one variable and nothing else becomes the value, of whatever type; in a longer text a value that is no
 * text is written as JSON.
 *
 * @param path Where the value stands in its rule, for messages: `/verifyImages`.
 * @param isLater Whether what stands at a path is left as it is.
 * @throws {EngineError} The code of what could not be resolved; the message is Kyverno's and names the variable and the
 * place.
 */
export async function substitute(
  value: unknown,
  scope: VariableScope,
  path: string,
  isLater: (path: string) => boolean = () => false,
): Promise<unknown> {
  if (isLater(path)) return value;
  if (typeof value === "string") return await substituteText(value, scope, path);
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    // One after the other: the first that cannot be resolved is the one that is named.
    for (const [index, item] of value.entries()) items.push(await substitute(item, scope, `${path}/${index}`, isLater));
    return items;
  }
  if (!isJsonObject(value)) return value;
  const members: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    const at = `${path}/${name.replaceAll("/", "\\/")}`;
    const given = await substituteText(name, scope, path);
    if (typeof given !== "string") {
      throw new ConfigurationError(
        "ERR_VARIABLE",
        `expected string after substituting variables in key "${printable(name, 200)}"`,
      );
    }
    members.push([given, await substitute(member, scope, at, isLater)]);
  }
  return Object.fromEntries(members);
}

async function substituteText(text: string, scope: VariableScope, path: string, admit?: Admit): Promise<unknown> {
  if (!text.includes("{{")) return text;
  const parts = parseTemplate(text);
  return isOneVariable(parts) ? await resolve(parts[0], scope, path) : await join(parts, scope, path, admit);
}

const isOneVariable = (parts: readonly TemplatePart[]): parts is readonly [Variable] =>
  parts.length === 1 && typeof parts[0] !== "string";

/** Is given a value as text and all that stands before it, and throws where it must not stand there. */
type Admit = (value: string, before: string) => void;

/**
 * Puts values in for variables of a text, each of them only as far as its place allows.
 *
 * @param admit Of each value.
 * @throws {EngineError} As {@link substitute}, and what `admit` throws.
 */
export async function substituteInPlace(
  text: string,
  scope: VariableScope,
  path: string,
  admit: Admit,
): Promise<string> {
  return await join(parseTemplate(text), scope, path, admit);
}

/**
 * Puts values in for the variables of an expression: each is a name, a number or part of a quoted text there.
 *
 * @returns The expression; what is no text when all of it is one variable that stands for something else.
 * @throws {EngineError} As {@link substitute}; `ERR_POLICY_FIELD` for a value that would change what is asked.
 */
export async function substituteInExpression(text: string, scope: VariableScope, path: string): Promise<unknown> {
  const whole = await substituteText(text, scope, path, admitInExpression);
  if (typeof whole === "string" && isOneVariable(parseTemplate(text))) admitInExpression(whole, "");
  return whole;
}

async function join(
  parts: readonly TemplatePart[],
  scope: VariableScope,
  path: string,
  admit: Admit = () => undefined,
): Promise<string> {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") text += part;
    else {
      const value = await resolve(part, scope, path);
      const written = typeof value === "string" ? value : formatGoJson(value);
      admit(written, text);
      text += written;
    }
    if (text.length > MAX_SUBSTITUTED_CHARACTERS) {
      const limit = `expected at most ${MAX_SUBSTITUTED_CHARACTERS} characters`;
      throw new ConfigurationError("ERR_TOO_LARGE", `the text at path ${printable(path, 400)} is too long: ${limit}`);
    }
  }
  return text;
}

async function resolve(
  { variable }: Variable,
  scope: VariableScope,
  path: string,
): Promise<unknown> {
  const written = (await join(variable, scope, path, admitInExpression)).trim();
  // `{{- x }}` asks that the value be not looked at again, which it never is.
  const plain = written.startsWith("-") ? written.slice(1).trim() : written;
  const expression = plain === "@" ? ownPlace(path) : plain;
  try {
    return await scope.query(expression);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    const shown = printable(expression, 400);
    throw new EngineError(
      thrown.code,
      `failed to resolve ${shown} at path ${printable(path, 400)}: ${printable(thrown.message)}`,
      { cause: thrown },
    );
  }
}

/**
 * `@`: what stands in the object where the variable stands in its rule, the first two steps of which name the rule's
 * own.
 */
function ownPlace(path: string): string {
  const steps = path.split(/(?<!\\)\//).slice(3).map((step) => step.replaceAll("\\/", "/"));
  return steps.reduce(
    (place, step) => /^\d+$/.test(step) ? `${place}[${step}]` : `${place}.${JSON.stringify(step)}`,
    "request.object",
  );
}
