import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../../../src/errors.ts";
import { parseBlobTrustPolicy, parseOciTrustPolicy, referenceOf } from "../../../../src/notary/mod.ts";
import { MAX_STATEMENT_ENTRIES, MAX_STATEMENTS } from "../../../../src/notary/trust/document.ts";
import { describeIf, sharedPath } from "../../../run/requirements.ts";
import { blobStatement, document, statement } from "./documents.ts";

const parse = (text: string) => parseOciTrustPolicy(text, "policy.json");

function failureOf(run: () => unknown): ConfigurationError {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) return thrown;
    throw thrown;
  }
  throw new Error("It was accepted");
}

describe("parseOciTrustPolicy()", () => {
  it("reads every member of a statement", () => {
    const policy = parse(document(statement({
      registryScopes: ["a.example/b", "local/c"],
      signatureVerification: {
        level: "audit",
        override: { expiry: "enforce", revocation: "skip" },
        verifyTimestamp: "afterCertExpiry",
      },
      trustStores: ["ca:one", "signingAuthority:two", "tsa:three"],
      trustedIdentities: ["x509.subject: C=US, S=WA, O=Notary", "x509.subject:C=DE,ST=BY,O=M\\C3\\BCller"],
    })));
    expect(policy.warnings).toEqual([]);
    expect(policy.statements).toHaveLength(1);
    expect(policy.statements[0]).toMatchObject({
      name: "release",
      registryScopes: ["a.example/b", "local/c"],
      verifyTimestamp: "afterCertExpiry",
      trustStores: [{ type: "ca", name: "one" }, { type: "signingAuthority", name: "two" }, {
        type: "tsa",
        name: "three",
      }],
      level: {
        name: "custom",
        actions: {
          integrity: "enforce",
          authenticity: "log",
          authenticTimestamp: "log",
          expiry: "enforce",
          revocation: "skip",
        },
      },
    });
    const identities = policy.statements[0]?.trustedIdentities;
    if (identities === undefined || identities === "*") throw new Error("no identities");
    expect([...(identities[0]?.attributes ?? [])]).toEqual([["C", "US"], ["ST", "WA"], ["O", "Notary"]]);
  });

  it("takes absent, null and empty members alike, and asks for timestamps always", () => {
    const [first] = parse(document(statement({
      signatureVerification: { level: "strict", override: null, verifyTimestamp: null },
    }))).statements;
    expect(first).toMatchObject({ level: { name: "strict" }, verifyTimestamp: "always", trustedIdentities: "*" });
  });

  it.each([
    [
      "a member of the document",
      `{"version":"1.0","x":1,"trustPolicies":[${JSON.stringify(statement())}]}`,
      /"x" \(line 1, column 22\): no such member/,
    ],
    [
      "a member of a statement",
      document(statement({ trustStore: [] })),
      /statement 1, "trustStore" \(line 18, column 21\): no such member/,
    ],
    [
      "a member of the verification",
      document(statement({ signatureVerification: { level: "strict", overrides: {} } })),
      /"signatureVerification"\."overrides"/,
    ],
    [
      "a kind of identity",
      document(statement({ trustedIdentities: ["dns:a.example"] })),
      /"dns:a\.example" trusts nobody/,
    ],
    ["a store for timestamps alone", document(statement({ trustStores: ["tsa:a"] })), /no signature can be trusted/],
  ])("warns of %s without effect", (_, text, warning) => {
    const { warnings } = parse(text);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(warning);
    expect(warnings[0]).toMatch(/^Trust policy "policy\.json": /);
  });

  it("names the first members without a meaning, and counts the others", () => {
    const members = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`member${at}`, at]));
    const started = performance.now();
    const { warnings } = parse(JSON.stringify({ ...JSON.parse(document(statement())), ...members }));
    expect(performance.now() - started).toBeLessThan(2000);
    expect(warnings).toHaveLength(9);
    expect(warnings[7]).toContain('"member7" (line 1, column');
    expect(warnings[8]).toBe('Trust policy "policy.json": 19992 more members without a meaning, they have no effect');
  });
});

interface Refused {
  readonly name: string;
  readonly text: string;
  /** Statement, member, value, place and rule, as our message has them. */
  readonly message: RegExp;
  readonly reference?: RegExp;
}

const strict = { level: "strict" };
const verification = (changes: object) => document(statement({ signatureVerification: { ...strict, ...changes } }));

const REFUSED: readonly Refused[] = [
  { name: "no JSON", text: "{", message: /Cannot parse JSON/, reference: /^malformed trust policy\. To create/ },
  { name: "a list", text: "[]", message: /it is a list, expected an object$/, reference: /^malformed/ },
  { name: "a text as version", text: '{"version": ["1.0"]}', message: /"version" \(line 1, column 13\): it is a list/ },
  {
    name: "a name twice",
    text: '{"version":"1.0","version":"1.0"}',
    message: /"version" occurs twice in one object at line 1, column 18/,
  },
  {
    name: "a name in two cases",
    text: '{"version":"1.0","Version":"1.0"}',
    message: /"Version" \(line 1, column 28\): "version" is written twice/,
  },
  { name: "no version", text: '{"trustPolicies":[]}', message: /"version": it is missing, expected "1\.0"$/ },
  {
    name: "another version",
    text: '{"version":"1.1"}',
    message: /"version" is "1\.1" \(line 1, column 12\): unsupported version, expected "1\.0"$/,
  },
  {
    name: "no statement",
    text: '{"version":"1.0","trustPolicies":[]}',
    message: /"trustPolicies" \(line 1, column 34\): no statement/,
  },
  {
    name: "too many statements",
    text: document(...Array(MAX_STATEMENTS + 1).fill(statement())),
    message: /"trustPolicies" .*: 1001 entries, expected at most 1000$/,
  },
  {
    name: "too many scopes",
    text: document(statement({ registryScopes: Array(MAX_STATEMENT_ENTRIES + 1).fill("a/b") })),
    message: /statement 1, "registryScopes" .*: 1001 entries/,
  },
  { name: "too much nesting", text: "[".repeat(100_000), message: /levels of nesting/ },
  { name: "too many bytes", text: `"${"x".repeat(1024 * 1024)}"`, message: /expected at most 1048576/ },
  {
    name: "no name",
    text: document(statement({ name: "" })),
    message: /: statement 1 \(line 4, column 5\): "name" is missing/,
  },
  {
    name: "a name of two",
    text: document(statement({ registryScopes: ["a/b"] }), statement({ registryScopes: ["a/c"] })),
    message: /statement "release", "name" is "release" \(line 20, column 15\): another statement has this name/,
  },
  {
    name: "an unknown level",
    text: verification({ level: "lax\u001b" }),
    message:
      /statement "release", "signatureVerification"\."level" is "lax\\x1b" \(line 10, column 18\): no such level/,
  },
  {
    name: "an unknown validation",
    text: verification({ override: { signature: "log" } }),
    message:
      /"signatureVerification"\."override"\."signature" is "log" \(line 12, column 24\): no such validation, expected one of "authenticity", "authenticTimestamp", "expiry", "revocation"$/,
  },
  {
    name: "a validation named as a member of every object",
    text: verification({ override: { toString: "log" } }),
    message: /no such validation/,
  },
  {
    name: "an unknown action",
    text: verification({ override: { expiry: "Log" } }),
    message: /"expiry" is "Log".*: no such action/,
  },
  {
    name: "integrity",
    text: verification({ override: { integrity: "enforce" } }),
    message: /integrity is always enforced$/,
  },
  {
    name: "a skipped expiry",
    text: verification({ override: { revocation: "skip", expiry: "skip" } }),
    message: /"expiry" is "skip".*: only "revocation" may be skipped/,
  },
  {
    name: "an unknown verifyTimestamp",
    text: verification({ verifyTimestamp: "Always" }),
    message: /"verifyTimestamp" is "Always"/,
  },
  {
    name: "a store's type",
    text: document(statement({ trustStores: ["ca:a", "cA:a"] })),
    message: /"trustStores"\[1\] is "cA:a" \(line 14, column 9\): no such type/,
  },
  {
    name: "a store's name",
    text: document(statement({ trustStores: ["ca:a/b"] })),
    message: /"trustStores"\[0\] is "ca:a\/b"/,
  },
  {
    name: "a store of dots",
    text: document(statement({ trustStores: ["ca:.."] })),
    message: /"\.\." is a folder of another meaning/,
  },
  {
    name: "an identity without a kind",
    text: document(statement({ trustedIdentities: ["O=Notary"] })),
    message: /"trustedIdentities"\[0\] is "O=Notary" .*expected x509\.subject: and a name/,
  },
  {
    name: "identities that overlap",
    text: document(
      statement({ trustedIdentities: ["x509.subject:C=US,ST=WA,O=a,CN=b", "x509.subject:C=US,ST=WA,O=a"] }),
    ),
    message:
      /"trustedIdentities"\[0\] is "x509\.subject:C=US,ST=WA,O=a,CN=b" .*: "x509\.subject:C=US,ST=WA,O=a" trusts it already/,
  },
  {
    name: "a scope with a tag",
    text: document(statement({ registryScopes: ["a.example/b:v1"] })),
    message: /"registryScopes"\[0\] is "a\.example\/b:v1"/,
  },
  {
    name: "a scope twice",
    text: document(statement({ registryScopes: ["a/b", "a/b"] })),
    message: /"registryScopes"\[1\] is "a\/b" .*this statement names it twice/,
  },
  {
    name: "a scope of two",
    text: document(statement({ registryScopes: ["a/b"] }), statement({ name: "x", registryScopes: ["a/b"] })),
    message: /statement "x", "registryScopes"\[0\] is "a\/b" .*statement "release" has it/,
  },
  {
    name: "skip with a store",
    text: document(statement({ signatureVerification: { level: "skip" }, trustedIdentities: [] })),
    message: /"trustStores" .*level "skip" trusts nobody/,
  },
  {
    name: "skip for everything",
    text: document({ name: "x", registryScopes: ["*"], signatureVerification: { level: "skip" } }),
    message: /would let everything pass/,
  },
];

describe("parseOciTrustPolicy() names statement, member, value, place and rule of", () => {
  it.each(REFUSED)("$name", ({ text, message, reference }) => {
    const failure = failureOf(() => parse(text));
    expect(failure.code).toBe("ERR_TRUST_POLICY");
    expect(failure.refusal.class).toBe("misconfigured");
    expect(failure.message).toMatch(/^Cannot use trust policy "policy\.json": /);
    expect(failure.message).toMatch(message);
    expect(failure.message).not.toMatch(/\.$/);
    if (reference !== undefined) expect(referenceOf(failure)).toMatch(reference);
  });
});

describe("parseBlobTrustPolicy()", () => {
  const blob = (text: string) => parseBlobTrustPolicy(text, "blob.json");

  it("reads the global statement and others", () => {
    const { statements, warnings } = blob(
      document(
        blobStatement({ globalPolicy: true }),
        blobStatement({ name: "b", signatureVerification: { level: "skip" }, trustStores: [], trustedIdentities: [] }),
      ),
    );
    expect(statements.map(({ name, globalPolicy, level }) => [name, globalPolicy, level.name]))
      .toEqual([["release", true, "strict"], ["b", false, "skip"]]);
    expect(warnings).toEqual([]);
  });

  it.each([
    [
      "two global statements",
      document(blobStatement({ globalPolicy: true }), blobStatement({ name: "b", globalPolicy: true })),
      /statement "b", "globalPolicy" .*"release" is the global one already/,
      /^multiple blob trust policy statements have globalPolicy set to true/,
    ],
    [
      "a global skip",
      document({ name: "g", globalPolicy: true, signatureVerification: { level: "skip" } }),
      /would let every file pass/,
      /^global blob trust policy statement cannot have verification level set to skip$/,
    ],
    [
      "a text as globalPolicy",
      document(blobStatement({ globalPolicy: "true" })),
      /"globalPolicy" .*: it is a string, expected true or false$/,
      /^malformed/,
    ],
    [
      "two of one name",
      document(blobStatement(), blobStatement()),
      /another statement has this name/,
      /^multiple blob trust policy statements use the same name "release"/,
    ],
    [
      "no version",
      document().replace('"1.0"', '""'),
      /"version".*: it is missing/,
      /^blob trust policy document has empty version/,
    ],
    [
      "a level",
      document(blobStatement({ signatureVerification: {} })),
      /"level": it is missing/,
      /^blob trust policy: trust policy statement "release" has invalid signatureVerification/,
    ],
  ])("refuses %s", (_, text, message, reference) => {
    const failure = failureOf(() => blob(text));
    expect(failure.code).toBe("ERR_TRUST_POLICY");
    expect(failure.message).toMatch(message);
    expect(referenceOf(failure)).toMatch(reference);
  });

  it("knows no scopes", () => {
    expect(blob(document(statement())).warnings).toEqual([expect.stringContaining('"registryScopes"')]);
  });
});

describeIf("shared", "documents published by the Notary Project", () => {
  /** What notation's own end-to-end tests say of each, and the one that we refuse beyond. */
  const REFUSED_FILES: Readonly<Record<string, RegExp>> = {
    empty_registry_scope_trustpolicy: /no scope/,
    malformed_trusted_identity_trustpolicy: /it has no ":"/,
    missing_country_trusted_identity_trustpolicy: /"C" is missing/,
    multi_statements_with_the_same_name_trustpolicy: /another statement has this name/,
    overlapped_registry_scope_trustpolicy: /names it twice/,
    overlapped_trusted_identity_trustpolicy: /trusts it already/,
    skip_trustpolicy: /would let everything pass/,
    unset_trusted_identity_trustpolicy: /missing or empty/,
    wildcard_plus_other_trusted_identity_trustpolicy: /stands beside other identities/,
  };
  const folder = sharedPath("vectors", "trustpolicy");
  const names = () => readdirSync(folder).map((file) => file.replace(/\.json$/, "")).sort();

  it("are refused or read as they should", () => {
    const read = (name: string) => parseOciTrustPolicy(new Uint8Array(readFileSync(`${folder}/${name}.json`)), name);
    expect(names().length).toBeGreaterThan(15);
    for (const name of names()) {
      const expected = REFUSED_FILES[name];
      if (expected === undefined) expect(read(name).statements.length, name).toBeGreaterThan(0);
      else expect(failureOf(() => read(name)).message, name).toMatch(expected);
    }
    expect(names()).toEqual(expect.arrayContaining(Object.keys(REFUSED_FILES)));
  });
});
