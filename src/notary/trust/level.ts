/**
 * Verification level → action per validation (Notary Project, trust-store-trust-policy.md, "Signature Verification
 * details").
 */
import { quoteText } from "../../x509/mod.ts";

/** The validations of the Notary Project. */
export type ValidationType = "integrity" | "authenticity" | "authenticTimestamp" | "expiry" | "revocation";

/** What the level asks for when a validation does not pass. */
export type ValidationAction = "enforce" | "log" | "skip";

export interface VerificationLevel {
  readonly name: "strict" | "permissive" | "audit" | "skip" | "custom";
  readonly actions: Readonly<Record<ValidationType, ValidationAction>>;
}

/** Everything enforced: Kyverno's only level, and the default here. */
export const STRICT: VerificationLevel = {
  name: "strict",
  actions: {
    integrity: "enforce",
    authenticity: "enforce",
    authenticTimestamp: "enforce",
    expiry: "enforce",
    revocation: "enforce",
  },
};

/** Signed by someone trusted, however long ago. */
export const PERMISSIVE: VerificationLevel = {
  name: "permissive",
  actions: { ...STRICT.actions, authenticTimestamp: "log", expiry: "log", revocation: "log" },
};

/** Signed by anyone; everything else is only reported. */
export const AUDIT: VerificationLevel = {
  name: "audit",
  actions: { ...PERMISSIVE.actions, authenticity: "log" },
};

/** Nothing is looked at. */
export const SKIP: VerificationLevel = {
  name: "skip",
  actions: {
    integrity: "skip",
    authenticity: "skip",
    authenticTimestamp: "skip",
    expiry: "skip",
    revocation: "skip",
  },
};

/** The levels by the names trust policies use. */
export const LEVELS: ReadonlyMap<string, VerificationLevel> = new Map(
  [STRICT, PERMISSIVE, AUDIT, SKIP].map((level) => [level.name, level]),
);

const TYPES: readonly string[] = Object.keys(STRICT.actions);
const ACTIONS: readonly string[] = ["enforce", "log", "skip"];

/** Why a level or one entry of its `override` is not allowed. */
export interface LevelFault {
  /** The member of `override` it is about; absent when it is the level itself. */
  readonly type?: string;
  readonly rule: string;
  /** The reference implementation's sentence. */
  readonly reference: string;
}

/**
 * A level with some of its actions replaced.
 *
 * @param override Validation → action, both as written in the trust policy.
 * @returns The level itself when nothing is replaced, otherwise one named `custom`; or the first entry that is not
 * allowed: integrity stays enforced, only revocation may be skipped, and `skip` has nothing to replace.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Custom Verification Level".
 */
export function overrideLevel(
  base: VerificationLevel,
  override: ReadonlyMap<string, string>,
): VerificationLevel | LevelFault {
  if (override.size === 0) return base;
  if (base.name === "skip") {
    return {
      rule: 'level "skip" has nothing to override: remove "override" or choose another level',
      reference: `signature verification level "skip" can't be used to customize signature verification`,
    };
  }
  const actions: Record<ValidationType, ValidationAction> = { ...base.actions };
  for (const [type, action] of override) {
    const fault = overrideFault(type, action);
    if (fault !== undefined) return { type, ...fault };
    // `overrideFault` let only names of the two tables pass.
    actions[type as ValidationType] = action as ValidationAction;
  }
  return { name: "custom", actions };
}

function overrideFault(type: string, action: string): Omit<LevelFault, "type"> | undefined {
  const what = "in custom signature verification";
  if (!TYPES.includes(type)) {
    return {
      rule: `no such validation, expected one of ${quoted(TYPES.slice(1), ", ")}`,
      reference: `verification type ${quoteText(type)} ${what} is not supported, supported values are [${
        quoted(TYPES, " ")
      }]`,
    };
  }
  if (!ACTIONS.includes(action)) {
    return {
      rule: `no such action, expected one of ${quoted(ACTIONS, ", ")}`,
      reference: `verification action ${quoteText(action)} ${what} is not supported, supported values are [${
        quoted(ACTIONS, " ")
      }]`,
    };
  }
  if (type === "integrity") {
    return {
      rule: "integrity is always enforced",
      reference: `"integrity" verification can not be overridden ${what}`,
    };
  }
  if (action === "skip" && type !== "revocation") {
    return {
      rule: 'only "revocation" may be skipped, expected "enforce" or "log"',
      reference: `${quoteText(type)} verification can not be skipped ${what}`,
    };
  }
  return undefined;
}

function quoted(words: readonly string[], separator: string): string {
  return words.map((word) => `"${word}"`).join(separator);
}
