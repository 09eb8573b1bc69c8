/**
 * Every flag of the real notation's commands: ours too, or on the closed list; and those that both have do the same.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { describeIf } from "../run/requirements.ts";
import { getManifest, pushImage, referrersTag } from "./content.ts";
import { expectSame } from "./deviations.ts";
import { openSideBySide, type SideBySide } from "./side_by_side.ts";
import { runTool } from "./tools.ts";

const keys = resolve("test/fixtures/keys");
const KEY = join(keys, "p-256-self.test-only.key.pem");
const CERTIFICATE = join(keys, "p-256-self.crt.pem");

let home: string;
let side: SideBySide;
let configuration: string;

async function open(): Promise<void> {
  side = await openSideBySide("olareg");
  home = mkdtempSync(join(tmpdir(), "edge-notary-flags-"));
  configuration = join(home, "notation");
  mkdirSync(configuration);
  const own = { name: "own", keyPath: KEY, certPath: CERTIFICATE };
  writeFileSync(join(configuration, "signingkeys.json"), JSON.stringify({ default: "own", keys: [own] }));
}

async function close(): Promise<void> {
  await side?.close();
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
}

/** What notation has and we do not. */
const NOT_HERE: Readonly<Record<string, string>> = {
  id: "plugin-flags",
  plugin: "plugin-flags",
  "plugin-config": "plugin-flags",
  debug: "log-flags",
  verbose: "log-flags",
  "allow-referrers-api": "experimental-flags",
};

describeIf("tools", "the flags of notation", () => {
  beforeAll(open);
  afterAll(close);

  it.each(["sign", "verify", "inspect", "list"])("are those of %s, or on the closed list", async (name) => {
    const environment = { NOTATION_EXPERIMENTAL: "1", NOTATION_CONFIG: configuration, HOME: home };
    const { stdout } = await runTool(peerPaths().notation, [name, "--help"], { environment });
    const theirs = [...stdout.matchAll(/^ +(?:-(\w), )?--([a-z-]+)/gm)].map(([, short, long = ""]) => ({
      short,
      long,
    }));
    expect(theirs.length).toBeGreaterThan(5);
    const table = COMMANDS.find((command) => command.name === name)?.flags ?? {};
    for (const { short, long } of theirs) {
      const ours = table[long] ?? (long === "help" ? { short: "h" } : undefined);
      const rule = name === "sign" && long === "oci-layout" ? "experimental-flags" : NOT_HERE[long];
      expectSame(ours !== undefined, true, rule, `${name} --${long}`);
      if (ours !== undefined) expect(ours.short, `${name} -${short}`).toBe(short);
      if (ours !== undefined) continue;
      const refused = await side.ours([name, `--${long}`, "x", "registry.example/a@sha256:0"]);
      expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
      expect(refused.stderr).toContain(`unknown flag: --${long}`);
    }
  });

  it("list under the referrers tag only where notation does without being told", async () => {
    const tagged = async (ask: typeof side.ours, flags: readonly string[]) => {
      const { digest, reference } = await pushImage(side.registry, "flags/tag", `${ask === side.ours} ${flags}`);
      const signed = await ask(["sign", "--insecure-registry", ...flags, reference], { configuration });
      expect(signed.exitCode, signed.stderr).toBe(0);
      return await getManifest(side.registry, "flags/tag", referrersTag(digest)) !== undefined;
    };
    for (const flags of [["--force-referrers-tag"], ["--force-referrers-tag=true"], ["--force-referrers-tag=false"]]) {
      expect(await tagged(side.ours, flags), flags[0]).toBe(await tagged(side.notation, flags));
    }
    expectSame(await tagged(side.ours, []), await tagged(side.notation, []), "sign-referrers-tag", "without the flag");
  });
});

describeIf("tools", "user metadata", () => {
  let reference: string;
  beforeAll(async () => {
    await open();
    ({ reference } = await pushImage(side.registry, "flags/metadata", "metadata"));
    const signed = await side.notation(
      ["sign", "--insecure-registry", "--force-referrers-tag=false", "-m", "team=alpha", "-m", "build=1=2", reference],
      { configuration },
    );
    expect(signed.exitCode, signed.stderr).toBe(0);
  });
  afterAll(close);

  const ask = (flags: readonly string[]) => {
    const args = ["verify", "--insecure-registry", ...flags, reference];
    const trustAnchors = ["keys/p-256-self.crt.pem"];
    return Promise.all([side.ours(args, { trustAnchors }), side.notation(args, { trustAnchors })]);
  };

  it.each<[readonly string[], number]>([
    [[], 0],
    [["-m", "team=alpha"], 0],
    [["--user-metadata", "team=alpha", "--user-metadata", "build=1=2"], 0],
    [["-m", "team=beta"], 1],
    [["-m", "Team=alpha"], 1],
    [["-m", "team=alpha", "-m", "stage=release"], 1],
    [["-m", "team"], 1],
    [["-m", "=alpha"], 1],
    [["-m", "team="], 1],
  ])("%j is judged alike, in the same words", async (flags, exitCode) => {
    const [ours, theirs] = await ask(flags);
    expect([ours.exitCode, theirs.exitCode], theirs.stderr).toEqual([exitCode, exitCode]);
    // notation prints the pairs in no order.
    expect(ours.stdout.split("\n").sort()).toEqual(theirs.stdout.split("\n").sort());
    expect(ours.stderr.split("\n")[0]).toBe(theirs.stderr.split("\n")[0]);
  });

  it("of one key twice is refused, where notation takes the last", async () => {
    const [ours, theirs] = await ask(["-m", "team=beta", "-m", "team=alpha"]);
    expectSame(ours.exitCode, theirs.exitCode, "metadata-twice", "exit code");
    expect(ours.stderr).toContain('key "team" is given twice');
  });
});

describeIf("tools", "credentials", () => {
  let server: Server;
  let host: string;
  let seen: (string | undefined)[] = [];
  /** Whether the server asks for tokens, and what was sent to get them. */
  let bearer = false;
  let forms: string[] = [];
  beforeAll(async () => {
    await open();
    server = createServer(async (request, response) => {
      const { headers: { authorization } } = request;
      if (request.url?.startsWith("/token") === true) {
        let form = "";
        for await (const chunk of request) form += String(chunk);
        forms.push(form);
        return void response.end(JSON.stringify({ access_token: "exchanged" }));
      }
      seen.push(authorization);
      const realm = `http://${request.headers.host}/token`;
      if (bearer && authorization === undefined) {
        const challenge = `Bearer realm="${realm}",service="here",scope="repository:a:pull"`;
        return void response.writeHead(401, { "www-authenticate": challenge }).end();
      }
      if (authorization === undefined) response.writeHead(401, { "www-authenticate": 'Basic realm="here"' }).end();
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const auth = Buffer.from("docker:secret").toString("base64");
    writeFileSync(join(home, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
  });
  afterAll(async () => {
    await new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
    await close();
  });

  /** What each of the two says who it is. */
  async function sentBy(flags: readonly string[], variables: Readonly<Record<string, string>>, docker: boolean) {
    const empty = join(home, "nobody");
    mkdirSync(empty, { recursive: true });
    const environment = {
      HOME: empty,
      NOTATION_CONFIG: configuration,
      DOCKER_CONFIG: docker ? home : empty,
      ...variables,
    };
    const args = ["list", "--insecure-registry", ...flags, `${host}/a@sha256:${"0".repeat(64)}`];
    const ask = async (program: string, before: readonly string[]) => {
      seen = [];
      const { exitCode } = await runTool(program, [...before, ...args], { environment });
      expect(exitCode).toBe(1);
      return [...new Set(seen.flatMap((authorization) => authorization ?? []))];
    };
    const tsx = ["--import", import.meta.resolve("tsx"), resolve("src/cli/main.ts")];
    return [await ask(process.execPath, tsx), await ask(peerPaths().notation, [])] as const;
  }

  const variables = { NOTATION_USERNAME: "env", NOTATION_PASSWORD: "secret" };
  it.each<[string, readonly string[], Readonly<Record<string, string>>, boolean, string | undefined]>([
    ["Docker's configuration", [], {}, true, "docker:secret"],
    ["flags before it", ["-u", "ada", "-p", "s:ecret"], {}, true, "ada:s:ecret"],
    ["variables before it", [], variables, true, "env:secret"],
    ["flags before variables", ["--username", "ada", "--password", "x"], variables, false, "ada:x"],
    ["a flag and a variable", ["-u", "ada"], variables, false, "ada:secret"],
    ["empty flags", ["-u", "", "-p", ""], variables, true, "docker:secret"],
    ["nothing", [], {}, false, undefined],
  ])("are sent alike: %s", async (_, flags, environment, docker, expected) => {
    const [ours, theirs] = await sentBy(flags, environment, docker);
    expect(ours).toEqual(expected === undefined ? [] : [`Basic ${Buffer.from(expected).toString("base64")}`]);
    expect(theirs).toEqual(ours);
  });

  it("without a user name are an identity token to both, exchanged alike", async () => {
    bearer = true;
    try {
      const args = ["list", "--insecure-registry", "-p", "t0k+en", `${host}/a@sha256:${"0".repeat(64)}`];
      const exchanged = async (run: (args: readonly string[]) => Promise<unknown>) => {
        forms = [];
        seen = [];
        await run(args);
        const [form] = forms;
        return { form: Object.fromEntries(new URLSearchParams(form)), sent: new Set(seen) };
      };
      const ours = await exchanged(side.ours);
      const theirs = await exchanged(side.notation);
      const { client_id: client, ...form } = theirs.form;
      expect(client).not.toBe("");
      expect(ours.form).toEqual({ ...form, client_id: "edge-notary" });
      expect(form).toMatchObject({ grant_type: "refresh_token", refresh_token: "t0k+en" });
      expect(ours.sent).toEqual(new Set([undefined, "Bearer exchanged"]));
      expect(theirs.sent).toEqual(ours.sent);
    } finally {
      bearer = false;
    }
  });
});
