/** Credentials that are typed: which of flag and variable counts, to whom they are sent, and that nothing prints them. */
import { describe, expect, it } from "vitest";
import type { Handler } from "../../../src/ports.ts";
import { runInMemory } from "./memory_host.ts";
import { fixturePath } from "./fixture_registry.ts";
import { artifact } from "./taking_registry.ts";

const byDigest = `registry.example/a/b@${artifact.descriptor.digest}`;
const KEY = [
  "--key-file",
  fixturePath("keys/p-256-self.test-only.key.pem"),
  "--cert-file",
  fixturePath("keys/p-256-self.crt.pem"),
];
const COMMANDS: readonly (readonly string[])[] = [
  ["inspect"],
  ["list"],
  ["verify", "--cert", fixturePath("keys/p-256-self.crt.pem")],
  ["sign", ...KEY],
];

/** A registry that asks everybody who they are, and knows no artifact. */
function askingRegistry() {
  const seen: { readonly host: string; readonly authorization: string | null }[] = [];
  const registry: Handler = (request) => {
    const authorization = request.headers.get("authorization");
    seen.push({ host: new URL(request.url).host, authorization });
    const headers = { "www-authenticate": 'Basic realm="here"' };
    return new Response(null, authorization === null ? { status: 401, headers } : { status: 404 });
  };
  const sent = () => new Set(seen.flatMap(({ authorization }) => authorization ?? []));
  return { registry, seen, sent };
}

const basic = (user: string, secret: string) => `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;
const now = new Date("2026-11-23T08:40:15Z");
const BOTH = { NOTATION_USERNAME: "env-user", NOTATION_PASSWORD: "env-secret" };

describe("typed credentials", () => {
  it.each<[string, readonly string[], Readonly<Record<string, string>>, string | undefined]>([
    ["flags", ["--username", "ada", "--password", "sécret"], {}, basic("ada", "sécret")],
    ["short flags", ["-u", "ada", "-p", "a:b"], {}, basic("ada", "a:b")],
    ["variables", [], BOTH, basic("env-user", "env-secret")],
    ["flags before variables", ["-u", "ada", "-p", "secret"], BOTH, basic("ada", "secret")],
    ["a user by flag, a password by variable", ["-u", "ada"], BOTH, basic("ada", "env-secret")],
    ["a password by flag, a user by variable", ["-p", "secret"], BOTH, basic("env-user", "secret")],
    ["a user without a password", ["-u", "ada"], {}, basic("ada", "")],
    ["neither", [], {}, undefined],
    ["nothing typed", ["-u", "", "-p", ""], BOTH, undefined],
  ])("are taken from %s", async (_, flags, variables, expected) => {
    for (const command of COMMANDS) {
      const { registry, sent } = askingRegistry();
      const ran = await runInMemory([...command, ...flags, byDigest], { registry, variables, now });
      expect(ran.status).toBe(1);
      expect([...sent()], command[0]).toEqual(expected === undefined ? [] : [expected]);
      expect(ran.stdout + ran.stderr).not.toMatch(/s[eé]cret/);
    }
  });

  it("go to the mirror that is asked in the registry's place", async () => {
    const { registry, seen } = askingRegistry();
    const flags = ["-u", "ada", "-p", "secret", "--mirror", "registry.example=https://mirror.example"];
    await runInMemory(["list", ...flags, byDigest], { registry });
    expect(new Set(seen.map(({ host }) => host))).toEqual(new Set(["mirror.example"]));
    expect(seen.at(-1)?.authorization).toBe(basic("ada", "secret"));
  });

  it("do not follow a redirect to another host", async () => {
    const { registry, seen } = askingRegistry();
    const redirecting: Handler = async (request) => {
      const answer = await registry(request);
      if (answer.status !== 404 || new URL(request.url).host !== "registry.example") return answer;
      return new Response(null, { status: 307, headers: { location: "https://storage.example/x" } });
    };
    await runInMemory(["list", "-u", "ada", "-p", "secret", byDigest], { registry: redirecting });
    const elsewhere = seen.filter(({ host }) => host === "storage.example");
    expect(elsewhere.length).toBeGreaterThan(0);
    expect(elsewhere.every(({ authorization }) => authorization === null)).toBe(true);
  });

  it.each<[string, readonly string[], Readonly<Record<string, string>>, string]>([
    ["by flag", ["-p", "token-value"], {}, "--password without a user name"],
    ["by variable", [], { NOTATION_PASSWORD: "token-value" }, "$NOTATION_PASSWORD without a user name"],
  ])("are refused without a user name, %s", async (_, flags, variables, words) => {
    for (const command of COMMANDS) {
      const { status, stderr, requests } = await runInMemory([...command, ...flags, byDigest], { variables, now });
      expect({ status, requests }).toEqual({ status: 1, requests: [] });
      expect(stderr).toContain(words);
      expect(stderr).toContain("Code: ERR_USAGE ");
      expect(stderr).not.toContain("token-value");
    }
  });

  it("are none of serve's: it asks many registries", async () => {
    const { status, stderr } = await runInMemory(["serve", "-u", "ada"]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining("unknown shorthand flag: 'u'") });
  });
});
