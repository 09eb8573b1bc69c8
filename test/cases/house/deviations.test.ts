import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { deviations } from "../../peers/deviations.ts";

describe("the closed list of deviations", () => {
  it("names each difference once", () => {
    const ids = deviations.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(deviations)("$id has a peer, a section, a reason, and a test that uses it", (deviation) => {
    expect(["notation", "oras", "kyverno", "notation-core-go", "kubernetes"]).toContain(deviation.peer);
    expect(deviation.section).not.toBe("");
    expect(deviation.reason.length).toBeGreaterThan(20);
    expect(existsSync(deviation.test), `${deviation.test} exists`).toBe(true);
    expect(readFileSync(deviation.test, "utf8")).toContain(`"${deviation.id}"`);
  });
});
