/** The levels and what may be changed of them, as the Notary Project's table has it. */
import { describe, expect, it } from "vitest";
import { AUDIT, PERMISSIVE, SKIP, STRICT, type ValidationType } from "../../../../src/notary/mod.ts";
import { LEVELS, overrideLevel } from "../../../../src/notary/trust/level.ts";

const TYPES: readonly ValidationType[] = ["integrity", "authenticity", "authenticTimestamp", "expiry", "revocation"];

describe("levels", () => {
  it.each([
    ["strict", ["enforce", "enforce", "enforce", "enforce", "enforce"]],
    ["permissive", ["enforce", "enforce", "log", "log", "log"]],
    ["audit", ["enforce", "log", "log", "log", "log"]],
    ["skip", ["skip", "skip", "skip", "skip", "skip"]],
  ])("%s", (name, actions) => {
    expect(TYPES.map((type) => LEVELS.get(name)?.actions[type])).toEqual(actions);
  });
});

describe("overrideLevel()", () => {
  const bases = [STRICT, PERMISSIVE, AUDIT, SKIP];
  const rows = bases.flatMap((base) =>
    [...TYPES, "Expiry", ""].flatMap((type) =>
      ["enforce", "log", "skip", "Log", ""].map((action) => ({ base, type, action }))
    )
  );

  it.each(rows)('$base.name with "$type": "$action"', ({ base, type, action }) => {
    const allowed = base.name !== "skip" && type !== "integrity" && TYPES.some((known) => known === type) &&
      (["enforce", "log"].includes(action) || (type === "revocation" && action === "skip"));
    const level = overrideLevel(base, new Map([[type, action]]));
    if (allowed) expect(level).toEqual({ name: "custom", actions: { ...base.actions, [type]: action } });
    else expect(level).toMatchObject({ rule: expect.stringMatching(/./), reference: expect.stringMatching(/./) });
  });

  it.each(bases)("leaves $name as it is when nothing is replaced", (base) => {
    expect(overrideLevel(base, new Map())).toBe(base);
  });
});
