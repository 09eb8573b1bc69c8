/** The engine's list of strict rules, as the tests ask it. */
import { STRICT_RULES } from "../../src/notary/mod.ts";

/** What `compat` does with a rule. */
export type CompatAction = keyof typeof STRICT_RULES;

/** Ids of all rules. */
export const RULE_IDS: readonly string[] = Object.values(STRICT_RULES).flatMap((rules) => Object.keys(rules));

/** What `compat` does with the rule of an entry of the list of deviations; `undefined` where there is none. */
export function compatOf(id: string | undefined): CompatAction | undefined {
  if (id === undefined) return undefined;
  const actions = Object.keys(STRICT_RULES) as CompatAction[];
  return actions.find((action) => Object.hasOwn(STRICT_RULES[action], id));
}
