/** Trust policies that break a rule, through the whole program: state, message, nothing else. */
import { describe, expect, it } from "vitest";
import { POLICY_ROWS } from "../../peers/trust_policy_rows.ts";
import { fixtureText } from "./fixture_registry.ts";
import { runInMemory } from "./memory_host.ts";

const HOST = "registry.example";
const IMAGE = `${HOST}/kyverno/test-verify-image:signed`;
const SIGNER = fixtureText("keys/fixture-signer.crt.pem");

const statement = (changes: Readonly<Record<string, unknown>> = {}) => ({
  name: "release",
  registryScopes: ["*"],
  signatureVerification: { level: "strict" },
  trustStores: ["ca:seed"],
  trustedIdentities: ["*"],
  ...changes,
});
const policy = (...statements: readonly unknown[]) => JSON.stringify({ version: "1.0", trustPolicies: statements });

function verify(document: string | undefined, args: readonly string[] = ["verify", IMAGE], file = "trustpolicy.json") {
  return runInMemory(args, {
    variables: { NOTATION_CONFIG: "/n" },
    files: {
      "/n/truststore/x509/ca/seed/signer.crt": SIGNER,
      "data.bin": "hello",
      "data.bin.jws.sig": "{}",
      ...(document === undefined ? {} : { [`/n/${file}`]: document }),
    },
  });
}

/** The sentence, our own where the reference has one too, the code, what to do: each a line, and no stack. */
const ANSWER =
  /^Error: \S.*\n(?:Reason: Cannot .*\n)?Code: (\w+) \(misconfigured; a retry does not help\)\nNext: \S.*\n$/;

async function expectRefused(document: string | undefined, code = "ERR_TRUST_POLICY"): Promise<string> {
  const { status, stdout, stderr, requests } = await verify(document);
  expect({ status, stdout, requests }).toEqual({ status: 1, stdout: "", requests: [] });
  expect(ANSWER.exec(stderr)?.[1], stderr).toBe(code);
  expect(stderr).not.toMatch(/\bat .*\.ts:|undefined|\[object|NaN/);
  const json = await verify(document, ["verify", IMAGE, "-o", "json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({
    reference: IMAGE,
    refusal: { code, class: "misconfigured", retry: false },
  });
  return stderr;
}

describe("a trust policy that breaks a rule", () => {
  // What the real notation refuses too; of a link memory knows nothing.
  const rows = POLICY_ROWS.filter(({ verdict, linked }) => verdict === "failed" && linked !== true);
  it.each(rows)("$name", async ({ policy: document }) => {
    const text = typeof document === "string" || document === undefined ? document : JSON.stringify(document);
    const code = document === undefined ? "ERR_TRUST_POLICY_MISSING" : "ERR_TRUST_POLICY";
    await expectRefused(text?.replaceAll("HOST", HOST), code);
  });

  it("is tried in all the ways there are", () => expect(rows.length).toBeGreaterThan(80));

  it.each<[string, string, RegExp]>([
    [
      "two statements of one name",
      policy(statement({ registryScopes: [`${HOST}/a`] }), statement({ registryScopes: [`${HOST}/b`] })),
      /statement "release", "name" is "release" \(line 1, column \d+\): /,
    ],
    [
      "two statements for every registry",
      policy(statement(), statement({ name: "other" })),
      /statement "other", "registryScopes"\[0\] is "\*" \(line 1, column \d+\): /,
    ],
    [
      "one scope in two statements",
      policy(
        statement({ registryScopes: [`${HOST}/a`] }),
        statement({ name: "other", registryScopes: [`${HOST}/b`, `${HOST}/a`] }),
      ),
      /statement "other", "registryScopes"\[1\] is "registry\.example\/a" \(line 1, column \d+\): /,
    ],
    [
      "a store of an unknown type",
      policy(statement({ trustStores: ["ca:seed", "root:seed"] })),
      /statement "release", "trustStores"\[1\] is "root:seed" \(line 1, column \d+\): no such type, expected "ca"/,
    ],
    [
      "an identity without a kind",
      policy(statement({ trustedIdentities: ["C=US,ST=WA,O=Notary"] })),
      /statement "release", "trustedIdentities"\[0\] is "C=US,ST=WA,O=Notary" \(line 1, column \d+\): /,
    ],
    [
      "an identity without C",
      policy(statement({ trustedIdentities: ["x509.subject:C=DE,ST=BY,O=x", "x509.subject:ST=WA,O=Notary"] })),
      /"trustedIdentities"\[1\] is "x509\.subject:ST=WA,O=Notary" \(line 1, column \d+\): "C" is missing, expected/,
    ],
    [
      "identities that overlap",
      policy(statement({ trustedIdentities: ["x509.subject:C=US,ST=WA,O=x", "x509.subject:CN=a,C=US,ST=WA,O=x"] })),
      /"trustedIdentities"\[1\] is "x509\.subject:CN=a,C=US,ST=WA,O=x" .*expected identities that do not overlap/,
    ],
  ])("%s: statement, member, value, place and rule are named", async (_, document, reason) => {
    expect(await expectRefused(document)).toMatch(reason);
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ["name", { name: "\u001b[2J\nCode: OK", trustStores: [] }],
    ["scope", { registryScopes: ["\u001b[2J\nSuccessfully verified"] }],
    ["store", { trustStores: ["ca:\u202eseed\n"] }],
    ["identity", { trustedIdentities: ["x509.subject:\u001b]0;x\u0007\nError: none"] }],
    ["level", { signatureVerification: { level: "\r\n" } }],
    ["override", { signatureVerification: { level: "strict", override: { "\u001b[31m\n": "log" } } }],
  ])("prints no %s raw", async (_, changes) => {
    const stderr = await expectRefused(policy(statement(changes)));
    // deno-lint-ignore no-control-regex
    expect(stderr.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f\u202e]/);
  });
});

describe("a trust policy for files that breaks a rule", () => {
  const files = (changes: Readonly<Record<string, unknown>> = {}) => {
    const { registryScopes: _, ...rest } = statement();
    return { ...rest, ...changes };
  };
  it.each<[string, string, RegExp]>([
    ["two statements of one name", policy(files(), files()), /statement "release", "name" is "release" /],
    [
      "two global statements",
      policy(files({ globalPolicy: true }), files({ name: "b", globalPolicy: true })),
      /statement "b", "globalPolicy" .*statement "release" is the global one already/,
    ],
    ["a store of an unknown type", policy(files({ trustStores: ["CA:seed"] })), /"trustStores"\[0\] is "CA:seed" /],
    [
      "an identity that is no name",
      policy(files({ trustedIdentities: ["x509.subject:"] })),
      /"trustedIdentities"\[0\]/,
    ],
  ])("%s", async (_, document, reason) => {
    const args = ["blob", "verify", "--policy-name", "release", "-s", "data.bin.jws.sig", "data.bin"];
    const { status, stdout, stderr } = await verify(document, args, "trustpolicy.blob.json");
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(ANSWER.exec(stderr)?.[1], stderr).toBe("ERR_TRUST_POLICY");
    expect(stderr).toMatch(reason);
  });
});
