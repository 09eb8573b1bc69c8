/**
 * Credentials that are typed: which of flag and variable counts, to whom they are sent, and that nothing prints them.
 */
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

  it.each<[string, readonly string[], Readonly<Record<string, string>>, string, string]>([
    ["by flag", ["-p", "token-value"], {}, "", "--password"],
    ["by variable", [], { NOTATION_PASSWORD: "token-value" }, "", "$NOTATION_PASSWORD"],
    ["by standard input", ["--password-stdin"], {}, "token-value\n", "--password-stdin"],
  ])("without a user name are an identity token, %s", async (_, flags, variables, input, words) => {
    for (const command of COMMANDS) {
      const forms: string[] = [];
      const registry: Handler = async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/token") {
          forms.push(await request.text());
          return Response.json({ access_token: "t1" });
        }
        const known = request.headers.get("authorization") === "Bearer t1";
        const challenge = { "www-authenticate": 'Bearer realm="https://registry.example/token"' };
        return new Response(null, known ? { status: 403 } : { status: 401, headers: challenge });
      };
      const { status, stderr } = await runInMemory([...command, ...flags, byDigest], {
        registry,
        variables,
        input,
        now,
      });
      expect(status).toBe(1);
      expect(forms.length).toBeGreaterThan(0);
      expect(new URLSearchParams(forms[0]).get("refresh_token")).toBe("token-value");
      expect(stderr).toContain(`with the identity token of ${words}, for "registry.example"`);
      expect(stderr).not.toContain("token-value");
    }
  });

  it.each<[string, readonly string[], string]>([
    ["two secrets", ["-p", "x", "--password-stdin"], "--password, --password-stdin cannot be used at the same time"],
    ["nothing to read", ["-u", "ada", "--password-stdin"], "standard input is empty"],
  ])("are refused: %s", async (_, flags, words) => {
    for (const command of [...COMMANDS, ["discover"]]) {
      const { status, stderr, requests } = await runInMemory([...command, ...flags, byDigest], { now });
      expect({ status, requests }).toEqual({ status: 1, requests: [] });
      expect(stderr).toContain(words);
    }
  });

  it.each<[string, readonly string[], string, string | undefined]>([
    ["user and password", ["-u", "ada", "-p", "secret"], "", basic("ada", "secret")],
    ["a password on standard input", ["-u", "ada", "--password-stdin"], "sec\nret\r\n", basic("ada", "sec\nret")],
    ["no variable", [], "", undefined],
  ])("of discover: %s", async (_, flags, input, expected) => {
    const { registry, sent } = askingRegistry();
    await runInMemory(["discover", ...flags, byDigest], { registry, variables: BOTH, input, now });
    expect([...sent()]).toEqual(expected === undefined ? [] : [expected]);
  });

  it.each([["--identity-token", "x"], ["--identity-token-stdin"]])(
    "of discover: no user beside %s",
    async (...token) => {
      const ran = await runInMemory(["discover", "-u", "ada", ...token, byDigest], { input: "x", now });
      expect(ran).toMatchObject({ status: 1, requests: [] });
      expect(ran.stderr).toContain(`--username, ${token[0]} cannot be used at the same time`);
    },
  );

  it("come from the file of --registry-config, in place of this user's", async () => {
    const asked: string[] = [];
    const registryConfig = (path: string, where: string) => {
      asked.push(path, where);
      return () => Promise.resolve({ type: "basic", username: "file", secret: "x", source: where } as const);
    };
    for (const command of [...COMMANDS, ["discover"]]) {
      const { registry, sent } = askingRegistry();
      await runInMemory([...command, "--registry-config", "other.json", byDigest], { registry, registryConfig, now });
      expect([...sent()]).toEqual([basic("file", "x")]);
    }
    expect(new Set(asked)).toEqual(new Set(["other.json", '--registry-config "other.json"']));
  });

  it("are none of serve's: it asks many registries", async () => {
    const { status, stderr } = await runInMemory(["serve", "-u", "ada"]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining("unknown shorthand flag: 'u'") });
  });
});
