import { describe, expect, it } from "vitest";
import { compileQuery, STANDARD_FUNCTIONS } from "../../../../src/expressions/mod.ts";
import { MAX_PARSED_YAML_CHARACTERS } from "../../../../src/policy/functions/encoding.ts";
import { kyvernoFunctions } from "../../../../src/policy/functions/table.ts";
import { answer, expectRow, functions, JMESPATH_NOW, jmespathRows } from "../../../run/jmespath_rows.ts";

/** Kyverno's, as its command line lists them: `kyverno jp function`. */
const NAMES = [
  ...["add", "base64_decode", "base64_encode", "compare", "divide", "equal_fold", "image_normalize", "is_external_url"],
  ...["items", "label_match", "lookup", "md5", "modulo", "multiply", "object_from_lists", "parse_json", "parse_yaml"],
  ...["path_canonicalize", "pattern_match", "random", "regex_match", "regex_replace_all", "regex_replace_all_literal"],
  ...["replace", "replace_all", "round", "semver_compare", "sha1", "sha256", "split", "subtract", "sum", "time_add"],
  ...["time_after", "time_before", "time_between", "time_diff", "time_now", "time_now_utc", "time_parse", "time_since"],
  ...["time_to_cron", "time_truncate", "time_utc", "to_boolean", "to_lower", "to_upper", "trim", "trim_prefix"],
  ...["truncate", "x509_decode"],
];

const calling = (name: string) => jmespathRows.filter(({ expression }) => expression.includes(`${name}(`));

describe("kyvernoFunctions() has", () => {
  it("the functions of the specification, Kyverno's, and no others", () => {
    expect([...functions.keys()].sort()).toEqual([...new Set([...STANDARD_FUNCTIONS.keys(), ...NAMES])].sort());
  });
});

describe.each(NAMES)("%s() answers as Kyverno's command line", (name) => {
  it("in several rows", () => expect(calling(name).length).toBeGreaterThanOrEqual(2));

  it.each(calling(name))("$expression", (row) => expectRow(row));
});

describe("time functions ask the clock they are given", () => {
  it.each([
    ["time_now()", "2024-02-29T12:34:56Z"],
    ["time_now_utc()", "2024-02-29T12:34:56Z"],
    ["time_since('', '2024-02-29T12:00:00Z', '')", "34m56.789s"],
    ["time_since('2006-01-02', '2024-03-01', '')", "-11h25m3.211s"],
  ])("%s", (expression, value) => {
    expect(JMESPATH_NOW.toISOString()).toBe("2024-02-29T12:34:56.789Z");
    expect(answer(expression)).toEqual({ value });
  });
});

/** `"jmespath-yaml-size"`: Kyverno reads texts of any length, for as long as it takes. */
describe("parse_yaml() is bounded", () => {
  const parse = (characters: number) => answer("parse_yaml(text)", { text: `a: ${"x".repeat(characters - 3)}` });

  it("to texts of 128 KiB", () => {
    expect(parse(MAX_PARSED_YAML_CHARACTERS)).toEqual({ value: { a: "x".repeat(MAX_PARSED_YAML_CHARACTERS - 3) } });
    expect(parse(MAX_PARSED_YAML_CHARACTERS + 1)).toEqual({
      error: expect.stringContaining("131073 characters, expected at most 131072"),
    });
  });
});

describe("is_external_url() looks no name up", () => {
  /** `"jmespath-names"`: Kyverno asks its resolver, whose answer is the name's owner's to change. */
  it.each([
    "https://example.com/",
    "http://10.0.0.1.example.com/",
    "http://0x7f.1/",
    "http://2130706433/",
    "http://[::1%25lo]/",
  ])(
    "%s",
    (url) =>
      expect(answer(`is_external_url('${url}')`)).toEqual({
        error: expect.stringContaining("names are not looked up"),
      }),
  );

  it("but knows localhost", () => expect(answer("is_external_url('http://LOCALHOST:80/')")).toEqual({ value: false }));
});

describe("random() writes what the pattern describes", () => {
  const patterns = [
    "[a-z0-9]{8}",
    "x?y*z+",
    "(ab|cd){2,3}-\\d{4}",
    "[^a-y]",
    "\\w\\W\\s\\S\\D",
    "a.c\\.[\\]x-]",
    "(?:a|(b))(?P<n>c)",
    "^[[:upper:]][[:punct:]]$",
    "",
    "é[α-γ]{3}",
  ].filter((pattern) => pattern !== "");

  it.each(patterns)("%s", (pattern) => {
    for (let time = 0; time < 50; time++) {
      const { value } = answer(`random('${pattern}')`) as { readonly value: string };
      expect(value).toMatch(new RegExp(`^(?:${jsPattern(pattern)})$`, "su"));
    }
  });

  it("with every letter as likely", () => {
    let state = 1;
    const random = (length: number) =>
      Uint8Array.from({ length }, () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) >> 16 & 0xff);
    const table = kyvernoFunctions({ now: () => JMESPATH_NOW, random });
    const text = String(compileQuery("random('[abc]{999}')").evaluate({}, table));
    for (const letter of "abc") expect(text.split(letter).length - 1).toBeGreaterThan(250);
  });

  it.each([
    ["(a{1000}){1000}", "more than 4096 characters"],
    ["(((((){1000}){1000}){1000}){1000})", "more than 65536 parts"],
    ["(", "missing closing )"],
    ["a)", "unexpected )"],
    ["[", "missing closing ]"],
    ["*", "missing argument"],
    ["a{2,1}", "invalid repeat count"],
    ["(?=a)", "invalid or unsupported Perl syntax"],
    ["[b-a]", "invalid character class range"],
    ["\\p{L}", "invalid escape sequence"],
    ["(".repeat(5_000), "nests too deeply"],
  ])("or refuses it: %s", (pattern, reason) => {
    expect(answer(`random('${pattern}')`)).toEqual({ error: expect.stringContaining(reason) });
  });

  const jsPattern = (pattern: string): string =>
    pattern.replace("?P<", "?<").replace("[[:upper:]]", "[A-Z]").replace("[[:punct:]]", "[!-/:-@[-`{-~]");
});
