/** `docs/policies.md` against the load gate: the same fields, each with what becomes of it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadPolicies } from "../../../src/policy/mod.ts";
import { policyDocument, trusting } from "./policies.ts";
import { crypto } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

interface Row {
  readonly field: string;
  readonly here: string;
}

const page = readFileSync(new URL("../../../docs/policies.md", import.meta.url), "utf8");

function documented(heading: string): readonly Row[] {
  const section = page.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^\| `(\w+)`\s*\| (\w+)\s*\|/gm)].map(([, field = "", here = ""]) => ({ field, here }));
}

const inRule = (rule: Json): Json => policyDocument({ apiVersion: "kyverno.io/v1", rule });
const inVerify = (verify: Json): Json => policyDocument({ apiVersion: "kyverno.io/v1", verify });
const inResources = (more: Json): Json => inRule({ match: { any: [{ resources: { kinds: ["Pod"], ...more } }] } });
const inEntry = (entry: Json): Json => inVerify({ attestors: [{ entries: [entry] }] });
const { certificates } = trusting("fixture-signer") as { readonly certificates: Json };

/** Conditions that never hold. */
const HARMLESS: Json = { all: [{ key: "a", operator: "Equals", value: "b" }] };

/** Heading of the page → a document with these fields added there. */
const PLACES: Readonly<Record<string, (more: Json) => Json>> = {
  "The document": (more) => ({ ...policyDocument({ apiVersion: "kyverno.io/v1" }), ...more }),
  "`metadata`": (metadata) => policyDocument({ metadata }),
  "`spec`": (spec) => policyDocument({ spec: { failurePolicy: undefined, webhookTimeoutSeconds: undefined, ...spec } }),
  "`spec.webhookConfiguration`": (webhookConfiguration) =>
    policyDocument({ spec: { failurePolicy: undefined, webhookTimeoutSeconds: undefined, webhookConfiguration } }),
  "`spec.rules[]`": inRule,
  "`context[]`": (more) => {
    const type = ["configMap", "apiCall", "imageRegistry", "globalReference"].some((one) => one in more);
    return inRule({ context: [{ name: "v", ...(type ? {} : { variable: { value: 1 } }), ...more }] });
  },
  "`match` and `exclude`": (more) => inRule({ match: { any: [{ resources: { kinds: ["Pod"] } }], ...more } }),
  "A filter of `any` or `all`": (more) => inRule({ match: { any: [{ resources: { kinds: ["Pod"] }, ...more }] } }),
  "`resources`": inResources,
  "`selector`": (more) => inResources({ selector: { matchLabels: { a: "b" }, ...more } }),
  "`selector.matchExpressions[]`": (more) =>
    inResources({ selector: { matchExpressions: [{ key: "a", operator: "In", values: ["b"], ...more }] } }),
  "`verifyImages[]`": inVerify,
  "`attestations[]`": (more) => inVerify({ attestations: [{ type: "sbom/cyclone-dx", ...more }] }),
  "`validate`": (more) => inVerify({ validate: { deny: { conditions: HARMLESS }, ...more } }),
  "`deny`": (more) => inVerify({ validate: { deny: { conditions: HARMLESS, ...more } } }),
  "`imageRegistryCredentials`": (imageRegistryCredentials) => inVerify({ imageRegistryCredentials }),
  "`attestors[]`": (more) => inVerify({ attestors: [{ entries: [trusting("fixture-signer")], ...more }] }),
  "`entries[]`": (more) => {
    const isOther = ["keys", "keyless", "attestor"].some((kind) => kind in more);
    return inEntry(isOther ? more : { certificates, ...more });
  },
  "`certificates`": (more) => inEntry({ certificates: { ...certificates, ...more } }),
};

async function load(document: Json) {
  const { policies, problems } = await loadPolicies([{ source: "p.json", text: JSON.stringify(document) }], crypto);
  return { reasons: problems.map(({ reason }) => reason), ignored: policies[0]?.ignored ?? [] };
}

/** What the gate lists when it is given a field that nobody knows. */
async function known(place: (more: Json) => Json): Promise<readonly string[]> {
  const { reasons } = await load(place({ unheardOf: 1 }));
  const [, names = ""] = /^no such field, expected one of (.*)$/.exec(reasons[0] ?? "") ?? [];
  return names.split(", ");
}

/** Values of every type: what is refused is so in the same words whatever it holds, what is ignored never is. */
const VALUES: readonly unknown[] = [0, "x", true, [0], { x: 0 }];

async function becomes(place: (more: Json) => Json, field: string): Promise<string> {
  const answers = await Promise.all(VALUES.map((value) => load(place({ [field]: value }))));
  if (answers.every(({ reasons, ignored }) => reasons.length === 0 && ignored.length > 0)) return "ignored";
  const [first] = answers;
  const same = answers.every(({ reasons }) => reasons.length === 1 && reasons[0] === first?.reasons[0]);
  return same ? "refused" : "enforced";
}

describe("docs/policies.md", () => {
  it("has a section for every object of a policy, and no other table", () => {
    const sections = [...page.matchAll(/^## (.*)\n\n\| field\s/gm)].map(([, heading]) => heading);
    expect(sections).toEqual(Object.keys(PLACES));
  });

  it.each(Object.entries(PLACES))("%s has the gate's fields, each with what becomes of it", async (heading, place) => {
    expect((await load(place({}))).reasons).toEqual([]);
    const fields = await known(place);
    expect(documented(heading).map(({ field }) => field)).toEqual(fields);
    const rows = fields.map(async (field) => ({ field, here: await becomes(place, field) }));
    expect(documented(heading)).toEqual(await Promise.all(rows));
  });
});
