import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EngineError } from "../../../src/errors.ts";
import { encodeUtf8, formatPointer, parseJson, parsePointer } from "../../../src/encoding/mod.ts";
import { MAX_JSON_DEPTH } from "../../../src/encoding/json.ts";

const refused = (code: string) => expect.objectContaining({ code });

describe("parseJson()", () => {
  it.each([
    ["at the top", '{"a":1,"a":1}', "a"],
    ["inside an array inside an object", '{"x":[1,{"k":1,"b":{},"k":2}]}', "k"],
    ["after a nested object has closed", '{"a":{"a":1},"b":[{"a":1}],"a":2}', "a"],
    ["written with an escape", '{"a":1,"\\u0061":2}', "a"],
    ["with a quote in the name", '{"\\"":1,"\\"":2}', '"'],
    ["with backslashes before the quote", '{"\\\\":"\\\\\\"","\\\\":2}', "\\"],
    ["empty", '{"":1,"":2}', ""],
    ["__proto__", '{"__proto__":1,"__proto__":2}', "__proto__"],
    ["constructor", '{"constructor":1,"constructor":2}', "constructor"],
    ["the twentieth", `{${Array.from({ length: 20 }, (_, index) => `"n${index}":1`).join(",")},"n19":1}`, "n19"],
  ])("refuses a name that occurs twice: %s", (_, text, name) => {
    expect(() => parseJson(text)).toThrow(`the name "${name}" occurs twice in one object`);
    expect(() => parseJson(encodeUtf8(text))).toThrow(refused("ERR_JSON"));
  });

  it.each([
    ["one name in two objects", '[{"a":1},{"a":2}]'],
    ["a value equal to a name", '{"a":"a","b":"a"}'],
    ["strings that look like JSON", '{"a":"{\\"a\\":1,\\"a\\":2}","b":"[[["}'],
    ["names that differ in case", '{"a":1,"A":2}'],
    ["a string that ends in backslashes", '{"a":"\\\\","b":"\\\\\\\\","c":["\\\\",{"a":1}]}'],
    ["every kind of white space", ' \t\r\n{ "a" :\n[ 1 , true , null ] }\r\n'],
  ])("takes %s as JSON.parse does", (_, text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it.each([
    ["nothing", ""],
    ["a byte order mark", "\ufeff{}"],
    ["a second value", "{} {}"],
    ["a comma at the end", "[1,]"],
    ["a comment", "{} // x"],
    ["single quotes", "{'a':1}"],
    ["NaN", "NaN"],
    ["a leading zero", "01"],
    ["a raw newline in a string", '"a\nb"'],
  ])("refuses %s", (_, text) => {
    expect(() => parseJson(text)).toThrow(refused("ERR_JSON"));
    expect(() => parseJson(encodeUtf8(text))).toThrow(refused("ERR_JSON"));
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(refused("ERR_JSON"));
  });

  it("reads exactly as deep as its bound", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(() => parseJson(nested(MAX_JSON_DEPTH))).not.toThrow();
    expect(() => parseJson(nested(MAX_JSON_DEPTH + 1))).toThrow("more than 64 levels of nesting");
    expect(() => parseJson('{"a":[{}]}', { maxDepth: 2 })).toThrow(refused("ERR_JSON"));
    expect(() => parseJson(nested(500_000))).toThrow(refused("ERR_JSON"));
  });

  it("refuses deep nesting before anything is made of it, also where the text is no JSON", () => {
    expect(() => parseJson("[".repeat(1_000_000))).toThrow("more than 64 levels of nesting");
    expect(() => parseJson('{"a'.repeat(1_000_000))).toThrow(refused("ERR_JSON"));
  });

  it("refuses more bytes than its bound before it reads them", () => {
    expect(() => parseJson("[1, 2]", { maxBytes: 5 })).toThrow(refused("ERR_TOO_LARGE"));
    expect(parseJson("[1,2]", { maxBytes: 5 })).toEqual([1, 2]);
  });

  it("refuses more values than asked for, each counted by the bracket or comma before it", () => {
    const text = '[{"a":",,,[[["},[],2,"]"]';
    expect(() => parseJson(text, { maxValues: 5 })).toThrow(refused("ERR_TOO_LARGE"));
    expect(parseJson(text, { maxValues: 6 })).toEqual([{ a: ",,,[[[" }, [], 2, "]"]);
  });

  it("makes __proto__ an own property and leaves prototypes alone", () => {
    const value = parseJson('{"__proto__":{"polluted":true}}') as object;
    expect(Object.hasOwn(value, "__proto__")).toBe(true);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  });

  it("escapes what it quotes", () => {
    expect(() => parseJson('{"\\u001b[2J":1,"\\u001b[2J":2}')).toThrow('the name "\\x1b[2J" occurs twice');
    try {
      parseJson("\u001b[2J");
    } catch (error) {
      expect((error as Error).message).not.toContain("\u001b");
    }
    expect.assertions(2);
  });

  it("reads any JSON value as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom(undefined, 1), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 1000 },
    );
  });

  it("finds one name repeated anywhere in any JSON value", () => {
    const name = fc.string({ unit: fc.constantFrom("a", '"', "\\", "{", ",", ":", "é", "\u0001") });
    const wrap = fc.array(fc.constantFrom("[1,%]", '{"x":%}', '["\\\\",%,2]', '{"y":"\\"","z":%}'), { maxLength: 5 });
    fc.assert(
      fc.property(name, fc.jsonValue(), wrap, (key, value, wrappers) => {
        const entry = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
        const text = wrappers.reduce((inner, wrapper) => wrapper.replace("%", () => inner), `{${entry},${entry}}`);
        expect(() => parseJson(text)).toThrow(refused("ERR_JSON"));
      }),
      { numRuns: 1000 },
    );
  });

  it("answers any text with a value or an EngineError", () => {
    const characters = fc.constantFrom(...'{}[]",:\\au0 1-.etrfn\n\u0000');
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 20 }), (text) => {
        try {
          parseJson(text);
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
          return;
        }
        expect(() => JSON.parse(text)).not.toThrow();
      }),
      { numRuns: 3000 },
    );
  });
});

describe("JSON Pointer", () => {
  // RFC 6901, section 5.
  it.each([
    [[], ""],
    [["foo"], "/foo"],
    [["foo", 0], "/foo/0"],
    [[""], "/"],
    [["a/b"], "/a~1b"],
    [["c%d"], "/c%d"],
    [['k"l'], '/k"l'],
    [["m~n"], "/m~0n"],
    [["~1", "/~"], "/~01/~1~0"],
  ])("formats and parses %j as %j", (path, pointer) => {
    expect(formatPointer(path)).toBe(pointer);
    expect(parsePointer(pointer)).toEqual(path.map(String));
  });

  it.each(["foo", "/a~", "/a~2", "~0"])("parsePointer() refuses %j", (pointer) => {
    expect(() => parsePointer(pointer)).toThrow(refused("ERR_JSON"));
  });

  it("parses back what it formatted", () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: fc.constantFrom("~", "/", "0", "1", "a") })), (path) => {
      expect(parsePointer(formatPointer(path))).toEqual(path);
    }));
  });
});
