/** The Notary Project's levels, failures and overrides, written out: what each makes of each. */

/** The validations, in the order of the specification's table. */
export const TYPES = ["integrity", "authenticity", "authenticTimestamp", "expiry", "revocation"] as const;
export type Type = (typeof TYPES)[number];
export type Action = "enforce" | "log" | "skip";

/**
 * Level → what becomes of a validation that fails.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Signature Verification details".
 */
export const LEVELS: Readonly<Record<string, Readonly<Record<Type, Action>>>> = {
  strict: {
    integrity: "enforce",
    authenticity: "enforce",
    authenticTimestamp: "enforce",
    expiry: "enforce",
    revocation: "enforce",
  },
  permissive: {
    integrity: "enforce",
    authenticity: "enforce",
    authenticTimestamp: "log",
    expiry: "log",
    revocation: "log",
  },
  audit: { integrity: "enforce", authenticity: "log", authenticTimestamp: "log", expiry: "log", revocation: "log" },
  skip: { integrity: "skip", authenticity: "skip", authenticTimestamp: "skip", expiry: "skip", revocation: "skip" },
};

/** What an override may say, by the same document, "Custom Verification Level". */
export const OVERRIDES: readonly (readonly [Type, Action])[] = [
  ["authenticity", "enforce"],
  ["authenticity", "log"],
  ["authenticTimestamp", "enforce"],
  ["authenticTimestamp", "log"],
  ["expiry", "enforce"],
  ["expiry", "log"],
  ["revocation", "enforce"],
  ["revocation", "log"],
  ["revocation", "skip"],
];

/** One `signatureVerification`, and what becomes of each validation that fails under it. */
export interface LevelVariant {
  readonly title: string;
  readonly verification: Readonly<Record<string, unknown>>;
  readonly actions: Readonly<Record<Type, Action>>;
}

/** Every level, plain and with every override it may have. */
export const VARIANTS: readonly LevelVariant[] = Object.entries(LEVELS).flatMap(([level, actions]) => [
  { title: level, verification: { level }, actions },
  ...(level === "skip" ? [] : OVERRIDES.map(([type, action]) => ({
    title: `${level}, ${type}: ${action}`,
    verification: { level, override: { [type]: action } },
    actions: { ...actions, [type]: action },
  }))),
]);

/** What an override may not say, and notation 1.3.2's sentence about it. */
export const ILLEGAL: readonly (readonly [level: string, override: Readonly<Record<string, string>>, said: string])[] =
  [
    ...["strict", "permissive", "audit"].flatMap((level) => [
      ...["enforce", "log", "skip"].map((action) =>
        [
          level,
          { integrity: action },
          '"integrity" verification can not be overridden in custom signature verification',
        ] as const
      ),
      ...["authenticity", "authenticTimestamp", "expiry"].map((type) =>
        [
          level,
          { [type]: "skip" },
          `"${type}" verification can not be skipped in custom signature verification`,
        ] as const
      ),
      [
        level,
        { Expiry: "log" },
        'verification type "Expiry" in custom signature verification is not supported, supported values are ' +
        '["integrity" "authenticity" "authenticTimestamp" "expiry" "revocation"]',
      ] as const,
      [
        level,
        { expiry: "warn" },
        'verification action "warn" in custom signature verification is not supported, supported values are ' +
        '["enforce" "log" "skip"]',
      ] as const,
    ]),
    ...OVERRIDES.map(([type, action]) =>
      [
        "skip",
        { [type]: action },
        'signature verification level "skip" can\'t be used to customize signature verification',
      ] as const
    ),
  ];
