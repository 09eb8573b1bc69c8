/**
 * The closed list of where this project differs from a peer. A comparison that differs without an entry fails; an
 * entry whose case does not differ any more fails; and so does an entry that no test uses
 * (`test/cases/house/deviations.test.ts`).
 */
import { readFileSync } from "node:fs";
import { expect } from "vitest";

export interface Deviation {
  readonly id: string;
  /** `notation`, `oras`, `kyverno`, `notation-core-go` or `kubernetes`. */
  readonly peer: string;
  /** Where the difference is described: a specification's section, or a name of a rule. */
  readonly section: string;
  readonly reason: string;
  /** The test file that shows the difference. */
  readonly test: string;
}

export const deviations: readonly Deviation[] = JSON.parse(
  readFileSync(new URL("./deviations.json", import.meta.url), "utf8"),
);

/**
 * Compares our answer with the peer's: equal without a deviation, different with one.
 *
 * @param id The entry of the list that explains why the two differ, or `undefined` when they must not.
 */
export function expectSame<T>(ours: T, theirs: T, id: string | undefined, what: string): void {
  if (id === undefined) return expect(ours, what).toEqual(theirs);
  expect(deviations.map((deviation) => deviation.id), `"${id}" is no entry of deviations.json`).toContain(id);
  expect(ours, `${what}: listed as "${id}" but equal: remove the entry's use`).not.toEqual(theirs);
}
