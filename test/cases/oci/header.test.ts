/** Challenges and links: the RFCs' own examples, and what registries send. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_HEADER_LENGTH, parseChallenges, parseLinks } from "../../../src/oci/header.ts";

describe("parseChallenges()", () => {
  it.each<[string, string, readonly (readonly [string, Record<string, string>])[]]>([
    // RFC 9110, section 11.6.1
    ["the example of RFC 9110", 'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""', [
      ["basic", { realm: "simple" }],
      ["newauth", { realm: "apps", type: "1", title: 'Login to "apps"' }],
    ]],
    [
      "Docker Hub's",
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull"',
      [
        ["bearer", {
          realm: "https://auth.docker.io/token",
          service: "registry.docker.io",
          scope: "repository:a/b:pull",
        }],
      ],
    ],
    ["commas inside quotes", 'Bearer realm="https://r.example/t",scope="repository:a:pull,push"', [
      ["bearer", { realm: "https://r.example/t", scope: "repository:a:pull,push" }],
    ]],
    ["several in one field", 'Negotiate, Bearer realm="https://r.example/t", Basic realm="x"', [
      ["negotiate", {}],
      ["bearer", { realm: "https://r.example/t" }],
      ["basic", { realm: "x" }],
    ]],
    ["a token68 first", 'Negotiate YWJj/+==, Basic realm="x"', [["negotiate", {}], ["basic", { realm: "x" }]]],
    ["any case and any order", 'BEARER Scope="s" , REALM = "r"', [["bearer", { scope: "s", realm: "r" }]]],
    ["blanks and empty elements", ' , Basic   realm="x" ,, , Digest nonce=1 ,', [
      ["basic", { realm: "x" }],
      ["digest", { nonce: "1" }],
    ]],
    ["a repeated parameter: the first", 'Bearer realm="a", realm="b"', [["bearer", { realm: "a" }]]],
    ["a scheme alone", "Basic", [["basic", {}]]],
    ["an empty quoted text", 'Basic realm=""', [["basic", { realm: "" }]]],
    ["nothing", "", []],
    ["no challenge at all", '"quoted"', []],
    ["an open quote: what was before it", 'Basic realm="x", Bearer realm="https://r', [["basic", { realm: "x" }], [
      "bearer",
      {},
    ]]],
  ])("reads %s", (_, field, expected) => {
    const challenges = parseChallenges(field).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
    expect(challenges).toEqual(expected);
  });

  it("reads a field of a megabyte in no time", () => {
    // Quadratic work takes minutes.
    for (const piece of ["a,", "a=", '"\\', "a b=c,", "Bearer "]) {
      const started = performance.now();
      parseChallenges(piece.repeat(500_000));
      expect(performance.now() - started).toBeLessThan(5_000);
    }
  });
});

describe("both", () => {
  it("take any field: tokens as schemes, and nothing thrown", () => {
    const pieces = fc.constantFrom(
      "Basic",
      "realm",
      "=",
      '"',
      "\\",
      ",",
      " ",
      "\t",
      "<",
      ">",
      ";",
      "rel",
      "next",
      "\u0000",
      "é",
    );
    fc.assert(fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      for (const { scheme } of parseChallenges(parts.join(""))) expect(scheme).toMatch(/^[!#$%&'*+.^_`|~0-9a-z-]+$/);
      for (const { target } of parseLinks(parts.join("")) ?? []) expect(target).not.toContain(">");
    }));
  });

  it("read back what a server that quotes correctly wrote", () => {
    const text = fc.string({ minLength: 1, unit: fc.constantFrom("a", '"', "\\", ",", " ", "=", ":", "/") });
    fc.assert(fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 }), (pairs) => {
      const quoted = (value: string) => `"${value.replace(/["\\]/g, "\\$&")}"`;
      const field = pairs.map(([realm, scope]) => `Bearer realm=${quoted(realm)}, scope=${quoted(scope)}`).join(", ");
      const read = parseChallenges(field).map(({ parameters }) => [parameters.get("realm"), parameters.get("scope")]);
      expect(read).toEqual(pairs);
    }));
  });
});

describe("parseLinks()", () => {
  it.each<[string, string, readonly (readonly [string, readonly string[]])[]]>([
    // RFC 8288, section 3.5
    [
      "the first example of RFC 8288",
      '<http://example.com/TheBook/chapter2>; rel="previous"; title="previous chapter"',
      [
        ["http://example.com/TheBook/chapter2", ["previous"]],
      ],
    ],
    [
      "the list of RFC 8288",
      `</TheBook/chapter2>; rel="previous"; title*=UTF-8'de'letztes%20Kapitel, </TheBook/chapter4>; rel="next"; title*=UTF-8'de'n%c3%a4chstes%20Kapitel`,
      [
        ["/TheBook/chapter2", ["previous"]],
        ["/TheBook/chapter4", ["next"]],
      ],
    ],
    ["several relations", '<http://example.org/>; rel="start http://example.net/relation/other"', [
      ["http://example.org/", ["start", "http://example.net/relation/other"]],
    ]],
    ["olareg's unquoted rel", "</v2/a/b/referrers/sha256:0?last=1&n=2>; rel=next", [
      ["/v2/a/b/referrers/sha256:0?last=1&n=2", ["next"]],
    ]],
    ["a comma in the target", '</a,b>; rel="next"', [["/a,b", ["next"]]]],
    ["the first rel of two", '</a>; rel="prev"; rel="next"', [["/a", ["prev"]]]],
    ["no rel", "</a>", [["/a", []]]],
    ["nothing", "", []],
  ])("reads %s", (_, field, expected) => {
    expect(parseLinks(field)?.map(({ target, relations }) => [target, relations])).toEqual(expected);
  });

  it.each([
    ["an open bracket", "</a"],
    ["no link", "next"],
    ["a link and more", '</a>; rel="next" </b>'],
    ["an open quote", '</a>; rel="next'],
    ["more than is read", `</a>; rel="next", <${"b".repeat(MAX_HEADER_LENGTH)}>; rel=prev`],
  ])("does not read a part of %s", (_, field) => expect(parseLinks(field)).toBeUndefined());
});
