/**
 * The work that one request may make of a policy's expressions and comparisons is bounded, all images and rules
 * together: listed as "jmespath-request-steps".
 */
import { describe, expect, it } from "vitest";
import {
  compileQuery,
  createStepMeter,
  MAX_EXPRESSION_STEPS,
  MAX_REQUEST_STEPS,
} from "../../../src/expressions/mod.ts";
import { imagesOfRule } from "../../../src/policy/extractors.ts";
import { kyvernoFunctions } from "../../../src/policy/functions/table.ts";
import { MAX_PARSED_YAML_CHARACTERS } from "../../../src/policy/functions/encoding.ts";
import { load, policyDocument } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, NOW } from "./world.ts";

const SIGNED = "ghcr.io/kyverno/test-verify-image:signed";
const functions = kyvernoFunctions({ now: () => NOW });
const LIST = Array.from({ length: 1_000 }, (_, number) => ({ number }));

describe("a request", () => {
  // Sixteen characters are a step, so that this is a hundred thousand of them in no time.
  const TEXT = "x".repeat(1_600_000);
  const condition = { key: "{{ type(request.object.spec.text) }}", operator: "Equals", value: "string" };
  const decide = async (policies: number, conditions: number) => {
    const { spec, ...pod } = podWith([SIGNED]);
    const changes = (index: number) => ({
      apiVersion: "kyverno.io/v1",
      metadata: { name: `policy-${index}` },
      spec: { background: false, failurePolicy: "Ignore" },
      rule: { preconditions: { all: Array.from({ length: conditions }, () => condition) } },
    });
    const loaded = await load(...Array.from({ length: policies }, (_, index) => policyDocument(changes(index))));
    const object = { ...pod, spec: { ...spec as object, text: TEXT } };
    return await ask(await createWorld(), loaded, createRequest({ object }));
  };

  it("is judged while its expressions take less together", async () => {
    expect((await decide(2, 20)).allowed).toBe(true);
  });

  it("is refused beyond, even where errors are tolerated, however little each rule takes", async () => {
    const { allowed, message } = await decide(3, 20);
    expect(allowed).toBe(false);
    expect(message.replace(/\s+/g, " ")).toContain(
      `Cannot evaluate the expressions of all rules: more than ${MAX_REQUEST_STEPS} steps for one request`,
    );
  });
});

describe("what no expression counts", () => {
  const TOO_MUCH = `more than ${MAX_REQUEST_STEPS} steps for one request`;
  const flat = (message: string) => message.replace(/\s+/g, " ");

  it.each<readonly [name: string, condition: object, text: unknown]>([
    [
      "a pattern of the policy in a long text",
      { operator: "NotEquals", value: `${"*a".repeat(500)}b` },
      "a".repeat(1e6),
    ],
    [
      "many patterns of the policy and many texts",
      { operator: "AnyIn", value: Array.from({ length: 600 }, (_, at) => `*${at}z`) },
      Array.from({ length: 100_000 }, (_, at) => `${at}`),
    ],
    ["long values, again and again", { operator: "Equals", value: "{{ request.object.spec.texts }}" }, "x".repeat(1e6)],
  ])("is counted with them: %s", async (_, condition, texts) => {
    const { spec, ...pod } = podWith([SIGNED]);
    const one = { key: "{{ request.object.spec.texts }}", ...condition };
    const rule = { preconditions: { all: Array.from({ length: 50 }, () => one) } };
    const changes = { apiVersion: "kyverno.io/v1", spec: { background: false, failurePolicy: "Ignore" }, rule };
    const object = { ...pod, spec: { ...spec as object, texts } };
    const { allowed, message } = await ask(
      { ...await createWorld(), once: true },
      await load(policyDocument(changes)),
      createRequest({ object }),
    );
    expect(allowed).toBe(false);
    expect(flat(message)).toContain(TOO_MUCH);
  });

  it("counts the expressions of extractors", () => {
    const query = compileQuery("parse_yaml(@).image");
    const extractor = {
      steps: ["spec", "steps", "*"],
      value: "image",
      name: "steps",
      transform: {
        expression: query.text,
        query,
      },
    };
    const steps = Array.from({ length: 20 }, () => ({ image: `image: ${SIGNED} # ${"x".repeat(10_000)}` }));
    const request = createRequest({ kind: "Task", object: { kind: "Task", spec: { steps } } });
    let counted = 0;
    const found = (meter: (steps: number) => void) =>
      imagesOfRule(request, new Map([["Task", [extractor]]]), functions, meter);
    expect(found((more) => counted += more).images).toHaveLength(20);
    expect(counted).toBeGreaterThan(2 * 20 * 10_000);
    const meter = createStepMeter();
    meter(MAX_REQUEST_STEPS);
    const { images, invalid } = found(meter);
    expect(images).toEqual([]);
    expect(invalid.map(({ message }) => message)).toEqual(Array(20).fill(expect.stringContaining(TOO_MUCH)));
  });
});

describe("createStepMeter()", () => {
  it("counts what several evaluations take, and ends the one that is too many", () => {
    const query = compileQuery("items[?number > `1`] | length(@)");
    const meter = createStepMeter();
    let evaluations = 0;
    const evaluateOn = () => {
      for (; evaluations < MAX_REQUEST_STEPS; evaluations++) query.evaluate({ items: LIST }, functions, meter);
    };
    expect(evaluateOn).toThrow(expect.objectContaining({ code: "ERR_TOO_LARGE" }) as Error);
    expect(evaluations).toBeGreaterThan(100);
    // Alone each of them may go on for ever.
    expect(query.evaluate({ items: LIST }, functions)).toBe(998);
  });
});

describe("pattern_match", () => {
  it("costs a step for sixteen characters that a pattern is compared with", () => {
    const pattern = `*${"a".repeat(900)}b`;
    const match = (count: number) =>
      compileQuery("[].pattern_match(pattern, text)").evaluate(
        Array.from({ length: count }, () => ({ pattern, text: "a".repeat(4_000) })),
        functions,
      );
    expect(match(4)).toEqual([false, false, false, false]);
    expect(() => match(5)).toThrow(`more than ${MAX_EXPRESSION_STEPS} steps`);
  });
});

describe("parse_yaml", () => {
  const texts = (count: number, length: number) =>
    Array.from({ length: count }, (_, number) => `# ${number} ${"x".repeat(length)}`);

  it("costs two steps for each character", () => {
    const most = Math.floor(MAX_EXPRESSION_STEPS / 2 / MAX_PARSED_YAML_CHARACTERS);
    const parse = (count: number) =>
      compileQuery("map(&parse_yaml(@), @)").evaluate(texts(count, MAX_PARSED_YAML_CHARACTERS - 100), functions);
    expect(parse(most)).toHaveLength(most);
    expect(() => parse(most + 1)).toThrow(`more than ${MAX_EXPRESSION_STEPS} steps`);
    expect(compileQuery("map(&parse_yaml(@), @)").evaluate(texts(100, 1_000), functions)).toHaveLength(100);
  });
});
