/** What Kyverno's command line answers to expressions; recorded, and asked again by `test/peers/jmespath.test.ts`. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { EngineError } from "../../src/errors.ts";
import { compileQuery } from "../../src/expressions/mod.ts";
import { kyvernoFunctions } from "../../src/policy/functions/table.ts";

/** An answer: a value, or the text of an error; `panic` where the peer dies. */
export type Answer = { readonly value: unknown } | { readonly error: string };

export type JmespathRow = Answer & {
  readonly expression: string;
  /** Entry of `test/peers/deviations.json`, and what is answered here instead. */
  readonly deviation?: string;
  readonly ours?: { readonly value: unknown } | { readonly error: true };
};

const recorded = JSON.parse(readFileSync(new URL("../vectors/kyverno_jmespath.json", import.meta.url), "utf8"));

/** What the expressions are asked of. */
export const jmespathInput: unknown = recorded.input;

export const jmespathRows: readonly JmespathRow[] = recorded.rows;

/** The instant at which the table of functions is, in tests. */
export const JMESPATH_NOW = new Date("2024-02-29T12:34:56.789Z");

export const functions = kyvernoFunctions({ now: () => JMESPATH_NOW });

/** Our answer; anything thrown that is no error of ours is thrown on. */
export function answer(expression: string, document: unknown = jmespathInput): Answer {
  try {
    return { value: compileQuery(expression).evaluate(document, functions) ?? null };
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return { error: thrown.message };
  }
}

/** Errors whose text is Kyverno's, since people see it or look for it. Others tell the same in words of our own. */
export const KYVERNO_TEXT =
  /^(?:Unknown key |JMESPath function '(?!image_normalize|round)|parsing time |time: |error parsing regexp: |unknown function: |Invalid slice)/;

/** Holds our answer to a row: the value, or an error, with Kyverno's text where that is ours, too. */
export function expectRow(row: JmespathRow): void {
  const found = answer(row.expression);
  const wanted = row.ours ?? row;
  if ("value" in wanted) return expect(found).toEqual({ value: wanted.value });
  expect(found).toEqual({ error: expect.any(String) });
  if (row.ours !== undefined || !("error" in row && "error" in found)) return;
  if (KYVERNO_TEXT.test(row.error)) expect(found.error).toBe(row.error);
}

/** What the work throws, which has to be an error of ours. */
export function thrownBy(work: () => unknown): EngineError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}
