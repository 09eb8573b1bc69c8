/**
 * Whatever a policy file or an object holds, the answer is data: never an exception, never an admission by accident.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadPolicies } from "../../../src/policy/mod.ts";
import { EXAMPLE, load, policyDocument } from "./policies.ts";
import { createRequest } from "./requests.ts";
import { ask, createWorld, crypto } from "./world.ts";

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...entries.flatMap(([name, one]) => pathsOf(one, [...path, name]))];
}

function replaceAt(value: unknown, [step, ...rest]: Path, replacement: unknown): unknown {
  if (step === undefined) return replacement;
  if (Array.isArray(value)) return value.map((one, at) => at === step ? replaceAt(one, rest, replacement) : one);
  const object = value as Readonly<Record<string, unknown>>;
  return { ...object, [step]: replaceAt(object[step], rest, replacement) };
}

const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(null, {}, [], [null], "", "{{ x }}", "*", -1, 1e21, true, { __proto__: null, constructor: 1 }, [[]]),
);

describe("a policy with anything in any place", () => {
  const document = policyDocument({
    rule: {
      match: {
        any: [{
          resources: { kinds: ["Pod"], selector: { matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] } },
        }],
      },
      exclude: { any: [{ resources: { namespaces: ["x"], annotations: { a: "b" } } }] },
    },
    spec: {},
  });
  const paths = pathsOf(document);

  it("is loaded, or refused with a place and a reason", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), anyJson, async (path, value) => {
        const text = JSON.stringify(replaceAt(document, path, value));
        const { policies, problems } = await loadPolicies([{ source: "p.json", text }], crypto);
        // A document of null is an empty document.
        if (path.length === 0 && value === null) return;
        expect(policies.map((policy) => policy.problems)).toEqual([problems]);
        for (const { line, column, code, reason } of problems) {
          expect(line * column).toBeGreaterThan(0);
          expect(code).toMatch(/^ERR_/);
          expect(reason).not.toBe("");
        }
      }),
      { numRuns: 600 },
    );
  });

  it("is no YAML as often as it likes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(EXAMPLE.length), fc.string({ maxLength: 3 }), async (at, noise) => {
        const text = EXAMPLE.slice(0, at) + noise + EXAMPLE.slice(at + noise.length);
        const { policies, problems } = await loadPolicies([{ source: "p.yaml", text }], crypto);
        expect(policies.length + problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe("an object with anything in any place", () => {
  const object = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "test", labels: { a: "b" }, annotations: { c: "d" } },
    spec: {
      initContainers: [{ name: "i", image: "ghcr.io/kyverno/test-verify-image:unsigned" }],
      containers: [{ name: "c", image: "ghcr.io/kyverno/test-verify-image:unsigned" }],
    },
  };
  const paths = pathsOf(object);
  // Replacing these takes both unsigned images away, or one of them.
  const holdsImages = ([first, list, index]: Path) =>
    first === undefined || (first === "spec" && (list === undefined || index === undefined));

  it("gets a decision, and an unsigned image that is left in it is refused", async () => {
    const policies = await load(policyDocument());
    const world = await createWorld();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), anyJson, async (path, value) => {
        const changed = replaceAt(object, path, value);
        if (typeof changed !== "object" || changed === null) return;
        const request = createRequest({ object: changed as Readonly<Record<string, unknown>> });
        const { allowed } = await ask(world, policies, request);
        if (!holdsImages(path)) expect(allowed, JSON.stringify(changed)).toBe(false);
      }),
      { numRuns: 400 },
    );
  });
});
