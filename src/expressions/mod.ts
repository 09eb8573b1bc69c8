/**
 * The policies' two languages, JMESPath and CEL. They take tables of functions and know none of Kyverno's.
 *
 * ```ts
 * const query = compileQuery("request.object.spec.containers[].image");
 * query.roots; // Set { "request" }
 * query.evaluate({ request }, STANDARD_FUNCTIONS);
 * ```
 */
export type { CelEnvironment, CelProgram } from "./cel.ts";
export type { CelFunction } from "./cel_functions.ts";
export { loadCel } from "./cel_loader.ts";
export { type Budget, celError, type CelOpaque, type CelValue } from "./cel_values.ts";
export {
  createStepMeter,
  MAX_REQUEST_STEPS,
  MAX_TEXT_CHARACTERS,
  type StepMeter,
  stepsThrough,
  textTooLong,
} from "./bounds.ts";
export { equalValues } from "./equal.ts";
export { type ExpressionFunction, type FunctionTable, type ParameterType, type Reference } from "./functions.ts";
export { compareText, formatGoJson } from "./go_json.ts";
export { compileQuery, MAX_EXPRESSION_CHARACTERS, MAX_EXPRESSION_STEPS, type Query } from "./jmespath.ts";
export { matchRegularExpression, replaceRegularExpression } from "./regular_expression.ts";
export { STANDARD_FUNCTIONS } from "./standard_functions.ts";
