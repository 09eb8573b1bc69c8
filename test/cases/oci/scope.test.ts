/** Scopes: what a challenge asks for, with what is going to be done. */
import { describe, expect, it } from "vitest";
import { MAX_SCOPE_LENGTH, mergeScopes, scopesFor } from "../../../src/oci/scope.ts";

describe("mergeScopes()", () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ["one", ["repository:a/b:pull"], ["repository:a/b:pull"]],
    ["actions, sorted", ["repository:a/b:push,pull"], ["repository:a/b:pull,push"]],
    ["two of one repository", ["repository:a:push", "repository:a:pull"], ["repository:a:pull,push"]],
    ["the star in place of all", ["repository:a:pull", "repository:a:*"], ["repository:a:*"]],
    ["two repositories, as they were named", ["repository:b:pull", "repository:a:pull"], [
      "repository:b:pull",
      "repository:a:pull",
    ]],
    ["one twice", ["repository:a:pull,pull"], ["repository:a:pull"]],
    ["what has no resource", ["aws", "aws", "registry:catalog:*"], ["aws", "registry:catalog:*"]],
    ["a host with a port in the name", ["repository:h:5000/a:pull", "repository:h:5000/a:push"], [
      "repository:h:5000/a:pull,push",
    ]],
    ["a type with a class", ["repository(plugin):a:pull", "repository:a:pull"], [
      "repository(plugin):a:pull",
      "repository:a:pull",
    ]],
    ["names of objects' own", ["__proto__:x:pull", "constructor"], ["__proto__:x:pull", "constructor"]],
  ])("%s", (_, scopes, expected) => expect(mergeScopes(scopes)).toEqual(expected));
});

describe("scopesFor()", () => {
  const pull = { repository: "a/b", actions: "pull" } as const;
  const push = { repository: "a/b", actions: "pull,push" } as const;
  it.each<[string, string | undefined, typeof pull | typeof push, readonly string[]]>([
    ["no scope", undefined, pull, ["repository:a/b:pull"]],
    ["an empty one", "", push, ["repository:a/b:pull,push"]],
    ["its own", "repository:a/b:pull", pull, ["repository:a/b:pull"]],
    ["more than is needed", "repository:a/b:push,pull", pull, ["repository:a/b:pull,push"]],
    ["less than is needed", "repository:a/b:pull", push, ["repository:a/b:pull,push"]],
    ["another kind", "aws", pull, ["aws"]],
    ["its own second", "registry:catalog:* repository:a/b:pull", push, [
      "registry:catalog:*",
      "repository:a/b:pull,push",
    ]],
    ["a line break", "repository:a/b:pull\r\nx: y", pull, ["repository:a/b:pull"]],
    ["two blanks", "aws  aws", pull, ["repository:a/b:pull"]],
    ["too much", "x".repeat(MAX_SCOPE_LENGTH + 1), pull, ["repository:a/b:pull"]],
    ["another repository of a like name", "repository:a/bc:pull", push, ["repository:a/bc:pull"]],
  ])("asks after %s", (_, asked, rights, expected) => expect(scopesFor(asked, rights)).toEqual(expected));
});
