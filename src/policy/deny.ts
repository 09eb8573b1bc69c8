/** `validate.deny`: what must not be true of an image, with all that was attested about it. */
import { printable } from "../encoding/mod.ts";
import { type Refusal, refusal, toEngineError } from "../errors.ts";
import { type ConditionBlock, evaluateBlock } from "./conditions.ts";
import { withinDeadline } from "./deadline.ts";
import { deniedWithoutMessage, failedToCheckDeny, ranOutOfTime } from "./message.ts";
import type { EvaluationContext } from "./policy.ts";
import type { VariableScope } from "./scope.ts";
import { substitute } from "./variables.ts";

/** What must not be true of an image, with all that was attested about it. */
export interface DenyRule {
  readonly message: string;
  readonly conditions: ConditionBlock;
}

/**
 * Evaluates what must not be true.
 *
 * @param scope With all that was attested.
 * @returns Why the image is denied, in Kyverno's words; `undefined` when it is not. What cannot be evaluated denies.
 */
export async function evaluateDeny(
  { message, conditions }: DenyRule,
  scope: VariableScope,
  { signal }: EvaluationContext,
): Promise<{ readonly reason: string; readonly refusal: Refusal } | undefined> {
  const action = "evaluating validate.deny";
  try {
    const answer = await withinDeadline(evaluateBlock(conditions, scope, "resolved"), signal, action);
    if (!answer.holds) return undefined;
    const words = [await sentence(message, scope), answer.message].filter((part) => part !== "");
    const reason = words.length === 0 ? deniedWithoutMessage : words.join("; ");
    return { reason, refusal: refusal("ATTESTATION_REFUSED", reason) };
  } catch (thrown) {
    const error = toEngineError(thrown, "Cannot evaluate conditions");
    const late = signal.aborted || error.code === "ERR_DEADLINE";
    return { reason: late ? ranOutOfTime(action) : failedToCheckDeny(error.message), refusal: error.refusal };
  }
}

/** A variable in it that cannot be resolved takes the sentence away, as with Kyverno. */
async function sentence(message: string, scope: VariableScope): Promise<string> {
  try {
    const found = await substitute(message, scope, "");
    return printable(typeof found === "string" ? found : JSON.stringify(found));
  } catch {
    return "";
  }
}
