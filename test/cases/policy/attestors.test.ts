import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refusal } from "../../../src/errors.ts";
import type { ArtifactOutcome } from "../../../src/notary/mod.ts";
import { type AttestorEntry, type AttestorSet, evaluateAttestors, trustOf } from "../../../src/policy/attestors.ts";

const DIGEST = `sha256:${"0".repeat(64)}` as const;
const outcome = { descriptor: { mediaType: "m", digest: DIGEST, size: 1 } } as ArtifactOutcome;

/** An entry that verifies when its name begins with `y`. */
const entry = (name: string): AttestorEntry => ({ kind: "certificates", trust: trustOf([], name) });
const set = (count: number, ...entries: readonly (string | AttestorSet)[]): AttestorSet => ({
  count,
  entries: entries.map((one) => typeof one === "string" ? entry(one) : { kind: "attestor", set: one }),
});

async function evaluate(...sets: readonly AttestorSet[]) {
  const asked: string[] = [];
  const answer = await evaluateAttestors(sets, (trust, path) => {
    asked.push(path);
    return Promise.resolve(
      trust.name.startsWith("y")
        ? { verified: true, outcome }
        : { verified: false, reason: `no ${trust.name}`, refusal: refusal("SIGNER_NOT_TRUSTED", trust.name) },
    );
  });
  return { ...answer, asked };
}

describe("evaluateAttestors()", () => {
  it.each<[name: string, sets: readonly AttestorSet[], reasons: readonly string[]]>([
    ["one of one", [set(1, "y")], []],
    ["none of one", [set(1, "n")], [".attestors[0].entries[0]: no n"]],
    ["one of two", [set(1, "n", "y")], []],
    ["two of three", [set(2, "y", "n", "y")], []],
    ["two of three, one there", [set(2, "n1", "y", "n2")], [
      ".attestors[0].entries[0]: no n1",
      ".attestors[0].entries[2]: no n2",
    ]],
    ["all sets", [set(1, "y"), set(1, "y")], []],
    ["the first set fails", [set(1, "n"), set(1, "n")], [".attestors[0].entries[0]: no n"]],
    ["the second set fails", [set(1, "y"), set(1, "n")], [".attestors[1].entries[0]: no n"]],
    ["a nested set counts as one", [set(2, set(1, "n", "y"), "y")], []],
    ["a nested set fails", [set(2, "y", set(2, "y", "n"))], [".attestors[0].entries[1].attestor.entries[1]: no n"]],
    ["twice nested", [set(1, set(1, set(1, "n")))], [
      ".attestors[0].entries[0].attestor.entries[0].attestor.entries[0]: no n",
    ]],
  ])("%s", async (_, sets, reasons) => {
    const answer = await evaluate(...sets);
    expect(answer).toMatchObject({ verified: reasons.length === 0, reasons });
    expect(answer.refusals).toHaveLength(reasons.length);
    expect(answer.digest).toBe(reasons.length === 0 ? DIGEST : undefined);
  });

  it("asks no further than it has to", async () => {
    expect((await evaluate(set(1, "y", "y"), set(1, "n", "y"), set(2, "y", "y"))).asked).toEqual([
      ".attestors[0].entries[0]",
      ".attestors[1].entries[0]",
      ".attestors[1].entries[1]",
      ".attestors[2].entries[0]",
      ".attestors[2].entries[1]",
    ]);
    expect((await evaluate(set(1, "n"), set(1, "y"))).asked).toEqual([".attestors[0].entries[0]"]);
  });

  it("never verifies without an attestor", async () => {
    expect((await evaluate()).verified).toBe(false);
    expect((await evaluate(set(1))).verified).toBe(false);
    // A count of nothing does not come through the load gate; it still must not be satisfied by nobody.
    expect((await evaluate(set(0))).verified).toBe(false);
    expect((await evaluate(set(0, "n"))).verified).toBe(false);
  });

  it("verifies exactly when every set has as many satisfied entries as it counts", async () => {
    const leaf = fc.constantFrom("y", "n");
    const sets = fc.array(fc.tuple(fc.array(leaf, { minLength: 1, maxLength: 4 }), fc.nat(3)), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(fc.asyncProperty(sets, async (rows) => {
      const made = rows.map(([entries, count]) => set((count % entries.length) + 1, ...entries));
      const expected = made.every(({ count, entries }) =>
        entries.filter((one) => one.kind === "certificates" && one.trust.name === "y").length >= count
      );
      expect((await evaluate(...made)).verified).toBe(expected);
    }));
  });
});
