/** Functions over regular expressions, with Go's syntax. */
import { type ExpressionFunction, matchRegularExpression, replaceRegularExpression } from "../../expressions/mod.ts";
import { EngineError } from "../../errors.ts";
import { functionFailure, textOf } from "./failure.ts";

const TEXT = ["string"] as const;
const TEXT_OR_NUMBER = ["string", "number"] as const;

export const REGULAR_EXPRESSION_FUNCTIONS: readonly (readonly [string, ExpressionFunction])[] = [
  ["regex_match", {
    parameters: [TEXT, TEXT_OR_NUMBER],
    evaluate: (pattern: string, value: string | number) => matchRegularExpression(pattern, textOf(value)),
  }],
  replacement("regex_replace_all", false),
  replacement("regex_replace_all_literal", true),
];

function replacement(name: string, literal: boolean): readonly [string, ExpressionFunction] {
  const evaluate = (pattern: string, value: string | number, given: string | number): string => {
    try {
      return replaceRegularExpression(pattern, textOf(value), textOf(given), literal);
    } catch (thrown) {
      if (!(thrown instanceof EngineError) || thrown.code !== "ERR_EXPRESSION") throw thrown;
      throw functionFailure(name, thrown.message);
    }
  };
  return [name, { parameters: [TEXT, TEXT_OR_NUMBER, TEXT_OR_NUMBER], evaluate }];
}
