import { describe, expect, it } from "vitest";
import {
  parseBlobTrustPolicy,
  parseOciTrustPolicy,
  statementForArtifact,
  statementForBlob,
} from "../../../../src/notary/mod.ts";
import { MAX_SCOPE_LENGTH, scopeFault } from "../../../../src/notary/trust/scope.ts";
import { blobStatement, document, statement } from "./documents.ts";

const digest = `sha256:${"0".repeat(64)}`;

describe("scopeFault()", () => {
  it.each([
    "ghcr.io/kyverno/test-verify-image",
    "localhost/a",
    "localhost:5000/a/b/c",
    "127.0.0.1:5000/a",
    "GHCR.io/a",
    "x/y",
    "xn--bcher-kva.example/a",
    "a.b.c/d.e_f__g--h/i0",
  ])("accepts %s", (scope) => expect(scopeFault(scope)).toBeUndefined());

  it.each([
    ["no repository", "ghcr.io"],
    ["an empty repository", "ghcr.io/"],
    ["an empty registry", "/a"],
    ["a scheme", "https://ghcr.io/a"],
    ["a tag", "ghcr.io/a:v1"],
    ["a digest", `ghcr.io/a@${digest}`],
    ["a wildcard", "ghcr.io/*"],
    ["two wildcards", "**"],
    ["capitals in the repository", "ghcr.io/App"],
    ["an empty element", "a.io/b//c"],
    ["three underlines", "a.io/b___c"],
    ["two dots", "a.io/b..c"],
    ["a dash in front", "a.io/-b"],
    ["a dash at the end", "a.io/b-"],
    ["a label that begins with a dash", "-a.io/b"],
    ["a label that ends with a dash", "a-.io/b"],
    ["an empty label", "a..io/b"],
    ["an underline in the registry", "a_b.io/c"],
    ["an empty port", "a.io:/b"],
    ["a port in letters", "a.io:x/b"],
    ["an IPv6 address", "[::1]:5000/a"],
    ["a blank", "a.io/b c"],
    ["a line feed at the end", "a.io/b\n"],
    ["nothing", ""],
    ["too many characters", `a.io/${"b".repeat(MAX_SCOPE_LENGTH)}`],
  ])("refuses %s", (_, scope) => expect(scopeFault(scope)).toMatchObject({ rule: expect.stringMatching(/./) }));

  it("takes linear time, where the reference's expression takes seconds for 30 letters", () => {
    const started = performance.now();
    for (let length = 1; length < 1000; length += 10) {
      expect(scopeFault(`a.io/${"a".repeat(length)}!`)).toBeDefined();
      expect(scopeFault(`a.io/${"a-".repeat(length / 2)}!`)).toBeDefined();
      expect(scopeFault(`${"a-".repeat(length / 2)}!/b`)).toBeDefined();
    }
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("statementForArtifact()", () => {
  const policy = parseOciTrustPolicy(
    document(
      statement({ name: "all" }),
      statement({ name: "one", registryScopes: ["a.example/b", "A.example/c"] }),
    ),
    "policy.json",
  );
  const only = parseOciTrustPolicy(document(statement({ registryScopes: ["a.example/b"] })), "policy.json");

  it.each([
    ["the exact scope, whatever the order", "a.example/b", "one"],
    ["another scope of the same statement", "A.example/c", "one"],
    ["* for the same registry in small letters", "a.example/c", "all"],
    ["* for a repository below", "a.example/b/c", "all"],
    ["* for a longer name", "a.example/bb", "all"],
    ["* for anything", "x.example:1/y", "all"],
  ])("takes %s", (_, repository, name) => {
    expect(statementForArtifact(policy, `${repository}@${digest}`).name).toBe(name);
  });

  it.each([
    ["another repository", `a.example/c@${digest}`, /none of its 1 statements has "a\.example\/c" or "\*"/],
    ["no digest", "a.example/b", /it has no digest/],
    ["a tag before the digest", `a.example/b:v1@${digest}`, /no scope can name it/],
    ["an escape sequence", `a.example/\u001b@${digest}`, /\\x1b/],
  ])("refuses %s", (_, artifact, message) => {
    expect(() => statementForArtifact(only, artifact)).toThrow(
      expect.objectContaining({ code: "TRUST_POLICY_NOT_APPLICABLE", message: expect.stringMatching(message) }),
    );
  });
});

describe("statementForBlob()", () => {
  const policy = parseBlobTrustPolicy(document(blobStatement(), blobStatement({ name: "g", globalPolicy: true })), "b");
  const local = parseBlobTrustPolicy(document(blobStatement()), "b");

  it("takes the one of the name, else the global one", () => {
    expect(statementForBlob(policy, "release").name).toBe("release");
    expect(statementForBlob(policy).name).toBe("g");
  });

  it.each([
    ["an unknown name", () => statementForBlob(policy, "x"), /no statement is named "x"/],
    ["an empty name", () => statementForBlob(policy, ""), /the name is empty/],
    ["no global statement", () => statementForBlob(local), /"globalPolicy": true/],
  ])("refuses %s", (_, choose, message) => {
    expect(choose).toThrow(
      expect.objectContaining({ code: "TRUST_POLICY_NOT_APPLICABLE", message: expect.stringMatching(message) }),
    );
  });
});
