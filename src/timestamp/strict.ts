/** Where a token must keep more rules here than the reference implementation has. */
import type { ChainStrictRule } from "../x509/mod.ts";

/** Rules of tokens that the reference does not have, by name. */
export type TimestampStrictRule =
  | "timestamp-critical-extension"
  | "timestamp-authority-name"
  | "timestamp-one-signer"
  | "timestamp-signer-identifier"
  | "timestamp-attribute-twice";

/** Rules of chains that it does not have either, as far as they can be passed over. */
type TolerableChainRule = Extract<ChainStrictRule, "ca-constraints-critical" | "ca-keys" | "rsa-2047">;

/**
 * Whether what breaks a rule goes by. Only comparisons with the reference implementation hand one in: without it every
 * rule is applied, and with it no answer may decide anything.
 */
export type Tolerates = (rule: TimestampStrictRule | TolerableChainRule) => boolean;

const TOLERABLE: readonly string[] = ["ca-constraints-critical", "ca-keys", "rsa-2047"] satisfies TolerableChainRule[];

/** Whether a rule of chains can be passed over. */
export function isTolerable(rule: ChainStrictRule): rule is TolerableChainRule {
  return TOLERABLE.includes(rule);
}
