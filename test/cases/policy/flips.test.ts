/** Every enforced field of a policy, flipped on its own: the decision differs in the stated way. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SERVER_FIELDS } from "../../../src/policy/metadata_fields.ts";
import { TRUST_ANNOTATIONS } from "../../../src/policy/trust_fields.ts";
import { FLIPS } from "./flip_rows.ts";
import { ANNOTATION_FLIPS, EXCEPTION_FLIPS, EXTRACTOR_FLIPS } from "./flip_rows_beyond.ts";
import { INNER_FLIPS } from "./flip_rows_within.ts";
import { type Flip, type Json, tell } from "./flip_scenes.ts";

const page = readFileSync(new URL("../../../docs/policies.md", import.meta.url), "utf8");

/** `heading field` of every field that the page says is enforced; `documented.test.ts` holds the page to the gate. */
const documented = page.split(/^## /m).flatMap((section) => {
  const heading = section.split("\n", 1)[0] ?? "";
  const rows = [...section.matchAll(/^\| `(\w+)`\s*\| enforced\s*\|/gm)];
  return rows.map(([, field]) => `${heading} ${field}`);
});

const named = (all: Readonly<Record<string, Readonly<Record<string, Flip>>>>) =>
  Object.entries(all).flatMap(([heading, fields]) =>
    Object.entries(fields).map(([field, row]): readonly [string, Flip] => [`${heading} ${field}`, row])
  );

describe("a field flipped on its own changes what is decided or told:", () => {
  it.each([
    ...named(FLIPS),
    ...named(INNER_FLIPS),
    ...named({ "imageExtractors[]": EXTRACTOR_FLIPS, "edge-notary.dev/": ANNOTATION_FLIPS }),
    ...named(EXCEPTION_FLIPS).map(([name, row]) => [`PolicyException ${name}`, row] as const),
  ])("%s", async (_, { before, after, told: [first, second] }) => {
    const [unflipped, flipped] = [await tell(before), await tell(after)];
    expect(unflipped).toContain(first);
    expect(unflipped).not.toContain(second);
    expect(flipped).toContain(second);
    expect(flipped).not.toContain(first);
  });
});

/** What the gate lists where it is given a field that nobody knows. */
async function known(scene: Parameters<typeof tell>[0]): Promise<readonly string[]> {
  const [, names = ""] = /no such field, expected one of (.*)$/m.exec(await tell(scene)) ?? [];
  return names.split(", ");
}

describe("no enforced field is without a flip, and no flip without its field", () => {
  it("of those on the page", () => {
    expect(documented.length).toBeGreaterThan(70);
    expect(named(FLIPS).map(([name]) => name)).toEqual(documented);
  });

  it("of extractors", async () => {
    const { before } = EXTRACTOR_FLIPS["path"] as Flip;
    const imageExtractors = { Task: [{ path: "/spec/image", unheardOf: "x" }] };
    expect(Object.keys(EXTRACTOR_FLIPS)).toEqual(await known({ ...before, rule: { ...before.rule, imageExtractors } }));
  });

  it("of annotations", () => {
    expect(Object.keys(ANNOTATION_FLIPS)).toEqual(TRUST_ANNOTATIONS);
  });

  const unheardOf = { unheardOf: 1 };
  it.each<[place: string, add: (document: Json) => Json, ignored: readonly string[]]>([
    ["document", (document) => ({ ...document, ...unheardOf }), []],
    [
      "metadata",
      (document) => ({ ...document, metadata: { name: "legacy", ...unheardOf } }),
      Object.keys(SERVER_FIELDS),
    ],
    ["spec", (document) => ({ ...document, spec: { ...document["spec"] as Json, ...unheardOf } }), ["podSecurity"]],
    [
      "exceptions[]",
      (document) => ({ ...document, spec: { ...document["spec"] as Json, exceptions: [unheardOf] } }),
      [],
    ],
  ])("of the %s of exceptions", async (place, add, ignored) => {
    const { exception = {} } = (EXCEPTION_FLIPS["spec"]?.["match"] as Flip).before;
    const fields = await known({ exception: add(exception) });
    expect(Object.keys(EXCEPTION_FLIPS[place] ?? {})).toEqual(fields.filter((field) => !ignored.includes(field)));
  });
});
