/** The fields that the real Kyverno is asked about, against the page that says which fields are enforced. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ELSEWHERE, PLACES, POLICY_FIELDS } from "../../peers/kyverno_fields.ts";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

/** Heading → its fields that are enforced; `documented.test.ts` holds the page to the gate. */
const documented = read("docs/policies.md").split(/^## /m).flatMap((section) => {
  const [heading = ""] = section.split("\n", 1);
  const fields = [...section.matchAll(/^\| `(\w+)`\s*\| enforced\s*\|/gm)].map(([, field = ""]) => field);
  return fields.length === 0 ? [] : [{ heading, fields }];
});

describe("docs/policies.md and the cases that the real Kyverno is asked", () => {
  it("know the same objects", () => {
    expect(documented.map(({ heading }) => heading)).toEqual(Object.keys(PLACES));
  });

  it("leave no enforced field without a case or a reason", () => {
    const listed = [...POLICY_FIELDS, ...ELSEWHERE].map(([field]) => field);
    // A field that holds others is listed with them.
    const isListed = (field: string) =>
      listed.some((one) => one.startsWith(field) && /^(?:\.|\[\]|$)/.test(one.slice(field.length)));
    const missing = documented.flatMap(({ heading, fields }) =>
      fields.filter((field) => !(PLACES[heading] ?? []).some((place) => isListed(`${place}${field}`)))
        .map((field) => `${heading} ${field}`)
    );
    expect(missing).toEqual([]);
  });

  it("name no field twice", () => {
    const listed = [...POLICY_FIELDS, ...ELSEWHERE].map(([field]) => field);
    expect(listed.filter((field, index) => listed.indexOf(field) !== index)).toEqual([]);
  });
});
