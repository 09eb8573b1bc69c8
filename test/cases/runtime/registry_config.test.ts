/** Credentials of a user: real files, and real programs that answer, lie, print garbage, hang and leave children. */
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAX_CREDENTIALS_BYTES } from "../../../src/oci/mod.ts";
import type { CredentialSource } from "../../../src/ports.ts";
import { askCredentialProgram } from "../../../src/runtime/credential_program.ts";
import {
  createRegistryConfig,
  createUserCredentials,
  registryConfigFiles,
} from "../../../src/runtime/registry_config.ts";

let folder = "";
const path = process.env["PATH"];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "edge-notary-credentials-"));
  process.env["PATH"] = `${folder}:${path}`;
});
afterAll(async () => {
  process.env["PATH"] = path;
  await rm(folder, { recursive: true, force: true });
});

const auth = (text: string) => Buffer.from(text).toString("base64");
const ask = (source: CredentialSource, host: string, repository = "a/b") =>
  source({ host, repository }, { signal: AbortSignal.timeout(10_000) });

async function write(name: string, document: unknown, mode = 0o600): Promise<string> {
  const file = join(folder, name);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, typeof document === "string" ? document : JSON.stringify(document));
  await chmod(file, mode);
  return file;
}

const program = (name: string, script: string) => write(`docker-credential-${name}`, `#!/bin/sh\n${script}\n`, 0o755);

describe("registryConfigFiles()", () => {
  const home = "/home/ada";
  it.each<[string, Record<string, string>, readonly string[]]>([
    ["nothing said", {}, ["/home/ada/.docker/config.json"]],
    ["another folder", { DOCKER_CONFIG: "/d" }, ["/d/config.json"]],
    ["Podman's", { XDG_RUNTIME_DIR: "/run/user/1" }, [
      "/home/ada/.docker/config.json",
      "/run/user/1/containers/auth.json",
    ]],
    ["all of them", { DOCKER_CONFIG: "/d", REGISTRY_AUTH_FILE: "/a.json", XDG_RUNTIME_DIR: "/run/user/1" }, [
      "/d/config.json",
      "/a.json",
      "/run/user/1/containers/auth.json",
    ]],
    ["empty variables", { DOCKER_CONFIG: "", REGISTRY_AUTH_FILE: "", XDG_RUNTIME_DIR: "" }, [
      "/home/ada/.docker/config.json",
    ]],
  ])("%s", (_, variables, expected) => {
    expect(registryConfigFiles(variables, home).map((file) => file.path)).toEqual(expected);
  });
});

describe("files of credentials", () => {
  it("are asked in their order, each for what it has", async () => {
    const docker = await write("docker.json", { auths: { "a.example": { auth: auth("d:1") }, "b.example": {} } });
    const podman = await write("auth.json", {
      auths: { "a.example": { auth: auth("p:1") }, "b.example/team": { auth: auth("p:2") } },
    });
    const source = createUserCredentials([
      { path: docker, where: "Docker's" },
      { path: join(folder, "none.json"), where: "nothing" },
      { path: podman, where: "Podman's" },
    ]);
    expect(await ask(source, "a.example")).toMatchObject({ username: "d", source: '"auths" of Docker\'s' });
    expect(await ask(source, "b.example", "team/app")).toMatchObject({ username: "p", source: '"auths" of Podman\'s' });
    expect(await ask(source, "b.example", "other/app")).toBeUndefined();
    expect(await ask(source, "c.example")).toBeUndefined();
  });

  it("say so when every user may write them", async () => {
    const file = await write("open.json", { auths: { "a.example": { auth: auth("d:1") } } }, 0o666);
    expect(await ask(createRegistryConfig(file, "F"), "a.example")).toMatchObject({
      source: '"auths" of F, which every user of this machine may write',
    });
  });

  it("run no program when every user may write them", async () => {
    await program("written", `touch "${join(folder, "ran")}"; echo '{"Username":"x","Secret":"y"}'`);
    const file = await write("open-program.json", { credsStore: "written" }, 0o602);
    await expect(ask(createRegistryConfig(file, "F"), "a.example")).rejects.toMatchObject({
      code: "ERR_CREDENTIALS",
      message: expect.stringContaining("may be written by every user"),
    });
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });

  it("are refused when they are too long or no JSON, and read again when they were", async () => {
    const file = await write("long.json", " ".repeat(MAX_CREDENTIALS_BYTES + 1));
    const source = createRegistryConfig(file, "F");
    await expect(ask(source, "a.example")).rejects.toMatchObject({ code: "ERR_FILE" });
    await write("long.json", '{"auths"');
    await expect(ask(source, "a.example")).rejects.toMatchObject({ code: "ERR_CREDENTIALS" });
    await write("long.json", { auths: { "a.example": { auth: auth("d:1") } } });
    expect(await ask(source, "a.example")).toMatchObject({ username: "d" });
  });
});

describe("credential programs", () => {
  it("are asked by name for the server, once while the answer is fresh", async () => {
    const log = join(folder, "log");
    await program("good", `read server; echo "$1 $server" >> "${log}"; echo '{"Username":"ada","Secret":"x:y"}'`);
    const file = await write("good.json", { credHelpers: { "a.example": "good", "docker.io": "good" } });
    const source = createRegistryConfig(file, "F");
    const [one, two] = await Promise.all([ask(source, "a.example"), ask(source, "a.example", "c")]);
    expect(one).toEqual({
      type: "basic",
      username: "ada",
      secret: "x:y",
      source: '"credHelpers" of F, docker-credential-good',
    });
    expect(two).toEqual(one);
    await ask(source, "docker.io");
    expect(readFileSync(log, "utf8")).toBe("get a.example\nget https://index.docker.io/v1/\n");
  });

  it("may have nothing: then the file itself is asked", async () => {
    await program("empty", "echo 'credentials not found in native keychain'; exit 1");
    const file = await write("empty.json", { credsStore: "empty", auths: { "a.example": { auth: auth("d:1") } } });
    const source = createRegistryConfig(file, "F");
    expect(await ask(source, "a.example")).toMatchObject({ username: "d" });
    expect(await ask(source, "b.example")).toBeUndefined();
  });

  it("may give an identity token", async () => {
    await program("token", `echo '{"ServerURL":"x","Username":"<token>","Secret":"t0k"}'`);
    const source = createRegistryConfig(await write("token.json", { credsStore: "token" }), "F");
    expect(await ask(source, "a.example")).toMatchObject({ type: "identityToken", token: "t0k" });
  });

  it.each<[string, string, string]>([
    ["garbage", "echo s3cret", "something that is no JSON object"],
    ["nothing at all", "exit 0", "something that is no JSON object"],
    ["a list", "echo '[]'", "something that is no JSON object"],
    ["no secret", `echo '{"Username":"s3cret"}'`, "lacks a text"],
    ["a number for a secret", `echo '{"Username":"a","Secret":1}'`, "lacks a text"],
    ["bytes that are no text", "printf '\\377\\376'", "something that is no JSON object"],
    ["a message and status 3", "echo 'keychain is locked'; exit 3", 'status 3: "keychain is locked"'],
    ["a secret and status 3", `echo '{"Secret":"s3cret"}'; exit 3`, "status 3, expected 0"],
    ["a terminal's escapes", "printf '\\033[31mred\\033[0m'; exit 2", "status 2"],
    ["a megabyte", "head -c 1000000 /dev/zero", "more than 65536 bytes"],
  ])("are refused for %s", async (_, script, words) => {
    await program("bad", script);
    const source = createRegistryConfig(await write("bad.json", { credsStore: "bad" }), "F");
    const failed = await ask(source, "a.example").catch((thrown: unknown) => thrown as Error);
    expect(failed).toMatchObject({ code: "ERR_CREDENTIALS", message: expect.stringContaining(words) });
    expect((failed as Error).message).not.toContain("s3cret");
    expect((failed as Error).message).not.toContain("\u001b");
  });

  it("are refused when there is none of the name, or it may not be run", async () => {
    const source = createRegistryConfig(await write("none.json", { credsStore: "not-there" }), "F");
    await expect(ask(source, "a.example")).rejects.toMatchObject({
      code: "ERR_CREDENTIALS",
      message: expect.stringContaining("docker-credential-not-there: there is no such program in $PATH"),
    });
  });

  it("end when their time is over, with all they started", async () => {
    const pid = join(folder, "pid");
    await program("slow", `sleep 60 & echo $! > "${pid}"; wait`);
    const started = performance.now();
    const work = askCredentialProgram({ name: "slow", server: "a.example", source: "F", maxMilliseconds: 300 });
    await expect(work).rejects.toMatchObject({
      code: "ERR_CREDENTIALS_UNAVAILABLE",
      message: expect.stringContaining("docker-credential-slow: it did not end within 0.3 s"),
    });
    expect(performance.now() - started).toBeLessThan(5_000);
    const child = Number(readFileSync(pid, "utf8"));
    await expect.poll(() => isRunning(child), { timeout: 5_000 }).toBe(false);
  });
});

/** A process that ended and was not yet waited for by its parent counts as ended. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
