import { describe, expect, it } from "vitest";
import { autogenRules, autogenTargets } from "../../../src/policy/autogen.ts";
import { matchesKind, parseKindSelector } from "../../../src/policy/kind_selector.ts";
import { compileSelection, type MatchBlock, type ResourceFilter } from "../../../src/policy/match.ts";
import type { Operation } from "../../../src/policy/mod.ts";
import { KINDS_WITH_IMAGES } from "../../../src/policy/images.ts";
import vectors from "../../vectors/kyverno_selection.json" with { type: "json" };
import { createRequest } from "./requests.ts";

/** A filter as the vectors write it, read without the load gate: some of them the gate refuses. */
function filterOf(resources: Readonly<Record<string, unknown>> = {}): ResourceFilter {
  const { kinds = [], name, names = [], namespaces = [], annotations = {}, selector, operations = [] } = resources;
  const labels = selector as { matchLabels?: Record<string, string>; matchExpressions?: never[] } | undefined;
  return {
    kinds: kinds as string[],
    names: [...(name === undefined ? [] : [name as string]), ...names as string[]],
    namespaces: namespaces as string[],
    annotations: new Map(Object.entries(annotations as Record<string, string>)),
    ...(labels === undefined ? {} : {
      selector: {
        matchLabels: new Map(Object.entries(labels.matchLabels ?? {})),
        matchExpressions: (labels.matchExpressions ?? []).map((expression: object) => ({
          values: [],
          ...expression,
        })) as never,
      },
    }),
    operations: operations as Operation[],
    roles: [],
    clusterRoles: [],
    subjects: [],
  };
}

interface RawBlock {
  readonly any?: readonly { readonly resources?: Record<string, unknown> }[];
  readonly all?: readonly { readonly resources?: Record<string, unknown> }[];
  readonly resources?: Record<string, unknown>;
}

function blockOf(raw: unknown): MatchBlock {
  const { any, all, resources } = raw as RawBlock;
  if (all !== undefined) return { mode: "all", filters: all.map((filter) => filterOf(filter.resources)) };
  return { mode: "any", filters: any?.map((filter) => filterOf(filter.resources)) ?? [filterOf(resources)] };
}

describe("compileSelection() selects as Kyverno does", () => {
  it.each(vectors.matches)("$name: $matches", (row) => {
    const { match, exclude } = row.rule as { readonly match: unknown; readonly exclude?: unknown };
    const isSelected = compileSelection({
      match: blockOf(match),
      ...(exclude === undefined ? {} : { exclude: blockOf(exclude) }),
      policyNamespace: row.policyNamespace,
    });
    const object = row.object as { readonly metadata: { readonly name?: string; readonly namespace?: string } };
    const { group, version, kind, subresource } = row;
    const { name = "", namespace = "" } = object.metadata;
    const operation = row.operation as Operation;
    const request = { operation, group, version, kind, subresource, namespace, name, object };
    expect(isSelected(createRequest(request as never))).toBe(row.matches);
  });
});

describe("compileSelection()", () => {
  const pods = blockOf({ any: [{ resources: { kinds: ["Pod"] } }] });
  const excludeName = (pattern: string) =>
    compileSelection({
      match: pods,
      exclude: blockOf({ any: [{ resources: { names: [pattern] } }] }),
      policyNamespace: "",
    });
  const generated = createRequest({ name: "", object: { metadata: { generateName: "system-" } } });

  it("exempts a generated name only where whatever it becomes is exempt", () => {
    expect(excludeName("system-*")(generated)).toBe(false);
    expect(excludeName("system-")(generated)).toBe(true);
    expect(excludeName("system-")(createRequest({ name: "system-" }))).toBe(false);
  });

  it("looks at the old object when there is no new one", () => {
    const selector = compileSelection({
      match: blockOf({ any: [{ resources: { kinds: ["Pod"], selector: { matchLabels: { a: "b" } } } }] }),
      policyNamespace: "",
    });
    const { object: _, ...deletion } = createRequest({ operation: "DELETE" });
    expect(selector({ ...deletion, oldObject: { metadata: { labels: { a: "b" } } } })).toBe(true);
    expect(selector({ ...deletion, oldObject: { metadata: { labels: { a: "c" } } } })).toBe(false);
  });

  it("does not stumble over metadata that is none", () => {
    for (const metadata of [null, "x", 1, [], { labels: "x", annotations: [1] }]) {
      expect(compileSelection({ match: pods, policyNamespace: "" })(createRequest({ object: { metadata } }))).toBe(
        true,
      );
    }
  });
});

describe("matchesKind() reads kind selectors as Kyverno does", () => {
  it.each(vectors.kinds)("$selector: $group/$version $kind/$subresource is $matches", (row) => {
    const { selector, matches, group, version, kind, subresource } = row;
    const parsed = parseKindSelector(selector);
    const found = parsed !== undefined && matchesKind(parsed, { group, version, kind, subresource });
    expect(found).toBe(matches);
  });
});

describe("autogen makes the rules Kyverno makes", () => {
  it.each(vectors.autogen)("$name", ({ rules, annotations, computed }) => {
    const annotation = (annotations as Record<string, string>)["pod-policies.kyverno.io/autogen-controllers"];
    const targets = autogenTargets(rules, annotation);
    const read = rules.filter((rule) => "verifyImages" in rule).map((rule) => ({
      name: rule.name,
      match: blockOf(rule.match),
      ...("exclude" in rule ? { exclude: blockOf(rule.exclude) } : {}),
    }));
    const made = read.flatMap((rule) => autogenRules(rule, targets)).map(({ name, match, exclude }) => ({
      name,
      match: match.filters.map(({ kinds }) => [...kinds].sort()),
      exclude: (exclude as MatchBlock | undefined)?.filters.map(({ kinds }) => [...kinds].sort()) ?? null,
    }));
    // Of Kyverno's rules only the added ones, and of these those about kinds that have images.
    const expected = computed.slice(rules.length)
      .filter((rule) => rule.match.flat().some((kind) => KINDS_WITH_IMAGES.includes(kind)));
    expect(made).toEqual(expected);
  });
});
