/** Files and the docker configuration of Node and Deno. */
import { Buffer } from "node:buffer";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createDockerConfigSource,
  MAX_DOCKER_CONFIG_BYTES,
  readDockerConfig,
} from "../../../src/runtime/docker_config.ts";
import type { CredentialSource } from "../../../src/ports.ts";
import { configFolder, files, packageFolder } from "../../../src/runtime/files.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "edge-notary-files-"));
  await mkdir(join(folder, "b", "c"), { recursive: true });
  await writeFile(join(folder, "b", "c", "deep.txt"), "deep");
  await writeFile(join(folder, "a.txt"), "0123456789");
  await writeFile(join(folder, "empty"), "");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("files", () => {
  it("reads a file up to its limit", async () => {
    expect(Buffer.from(await files.read(join(folder, "a.txt"), 10)).toString()).toBe("0123456789");
    expect((await files.read(join(folder, "empty"), 0)).length).toBe(0);
  });

  it("reads a file whose size is not known before", async () => {
    expect(Buffer.from(await files.read("/proc/self/status", 100_000)).toString()).toContain("Pid:");
  });

  it.each([
    ["more than its limit", "a.txt", 9, /10 bytes or more, at most 9/],
    ["nothing", "none", 10, /it does not exist/],
    ["a folder", "b", 10, /it is a folder/],
    ["a path through a file", "a.txt/x", 10, /part of its path is a file/],
  ])("refuses %s", async (_, name, limit, message) => {
    const failure = await files.read(join(folder, name), limit).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "ERR_FILE", message: expect.stringMatching(message) });
  });

  it("lists files of all levels, sorted, with slashes", async () => {
    expect(await files.list(folder)).toEqual(["a.txt", "b/c/deep.txt", "empty"]);
  });

  it("tells files from folders and from nothing", async () => {
    expect(await Promise.all(["a.txt", "b", "none"].map((name) => files.kind(join(folder, name)))))
      .toEqual(["file", "folder", undefined]);
    expect(await files.kind("/dev/null")).toBe("other");
  });
});

describe("files.entries()", () => {
  it("tells files, folders, links and others of one level, sorted", async () => {
    const inner = join(folder, "b");
    await symlink(join(folder, "a.txt"), join(inner, "to-file"));
    await symlink(join(folder, "b", "c"), join(inner, "to-folder"));
    await symlink(join(folder, "nowhere"), join(inner, "to-nothing"));
    try {
      expect(await files.entries(inner)).toEqual([
        { name: "c", kind: "folder" },
        { name: "to-file", kind: "link" },
        { name: "to-folder", kind: "link" },
        { name: "to-nothing", kind: "link" },
      ]);
      expect(await files.entries(join(inner, "c"))).toEqual([{ name: "deep.txt", kind: "file" }]);
      expect((await files.entries("/dev"))?.find(({ name }) => name === "null")).toEqual({
        name: "null",
        kind: "other",
      });
    } finally {
      for (const link of ["to-file", "to-folder", "to-nothing"]) await rm(join(inner, link));
    }
  });

  it("knows no folder that is not there, and refuses a file", async () => {
    expect(await files.entries(join(folder, "none"))).toBeUndefined();
    await expect(files.entries(join(folder, "a.txt"))).rejects.toMatchObject({ code: "ERR_FILE" });
  });
});

describe("configFolder()", () => {
  it.each<[string, string, Record<string, string>, string | undefined]>([
    ["Linux", "linux", { HOME: "/home/ada" }, "/home/ada/.config"],
    ["Linux with XDG", "linux", { HOME: "/home/ada", XDG_CONFIG_HOME: "/cfg" }, "/cfg"],
    ["Linux with an empty XDG", "freebsd", { HOME: "/home/ada", XDG_CONFIG_HOME: "" }, "/home/ada/.config"],
    ["Linux with a relative XDG", "linux", { HOME: "/home/ada", XDG_CONFIG_HOME: "cfg" }, undefined],
    ["Linux without a home", "linux", {}, undefined],
    ["macOS", "darwin", { HOME: "/Users/ada", XDG_CONFIG_HOME: "/cfg" }, "/Users/ada/Library/Application Support"],
    ["Windows", "win32", { APPDATA: "C:\\ada" }, "C:\\ada"],
    ["Windows without", "win32", { HOME: "/x" }, undefined],
  ])("%s", (_, platform, variables, expected) => expect(configFolder(platform, variables)).toBe(expected));
});

describe("packageFolder()", () => {
  it("is the checkout", async () => expect(await packageFolder()).toBe(resolve(".")));
});

const ask = (source: CredentialSource, host: string) =>
  source({ host, repository: "a/b" }, { signal: AbortSignal.timeout(10_000) });

describe("createDockerConfigSource()", () => {
  const auth = (text: string) => Buffer.from(text).toString("base64");

  it("gives the plain entries by host, and docker.io under each of its names", async () => {
    const path = join(folder, "config.json");
    await writeFile(
      path,
      JSON.stringify({
        auths: {
          "ghcr.io": { auth: auth("me:s3cret:with:colons") },
          "https://index.docker.io/v1/": { auth: auth("hub:pass") },
          "127.0.0.1:5000": { username: "local", password: "pw" },
          "https://quay.io": { auth: auth("q:uay") },
        },
        credHelpers: { "gcr.io": "gcloud" },
      }),
    );
    const source = createDockerConfigSource(path, files);
    expect(await ask(source, "ghcr.io")).toMatchObject({ type: "basic", username: "me", secret: "s3cret:with:colons" });
    expect(await ask(source, "docker.io")).toMatchObject({ type: "basic", username: "hub", secret: "pass" });
    expect(await ask(source, "registry-1.docker.io")).toMatchObject({ type: "basic", username: "hub", secret: "pass" });
    expect(await ask(source, "127.0.0.1:5000")).toMatchObject({ type: "basic", username: "local", secret: "pw" });
    expect(await ask(source, "quay.io")).toMatchObject({ type: "basic", username: "q", secret: "uay" });
    expect(await ask(source, "gcr.io")).toBeUndefined();
    expect(await ask(source, "evil-ghcr.io")).toBeUndefined();
  });

  it("is anonymous without the file", async () => {
    expect(await ask(createDockerConfigSource(join(folder, "none.json"), files), "ghcr.io")).toBeUndefined();
  });

  it.each([
    ["an identity token", { auths: { a: { auth: auth("<token>:"), identitytoken: "x" } } }],
    ["an entry of a credential store", { auths: { a: {} }, credsStore: "desktop" }],
    ["no colon", { auths: { a: { auth: auth("user") } } }],
    ["no user", { auths: { a: { auth: auth(":secret") } } }],
    ["no auths", {}],
    ["auths as text", { auths: "a" }],
    ["an entry as text", { auths: { a: "b" } }],
  ])("leaves out %s", (_, config) => {
    expect(readDockerConfig(new TextEncoder().encode(JSON.stringify(config))).size).toBe(0);
  });

  it.each([
    ["text that is no JSON", "{", "ERR_JSON"],
    ["an auth that is no base64", JSON.stringify({ auths: { a: { auth: "***" } } }), "ERR_BASE64"],
  ])("refuses %s", (_, text, code) => {
    expect(() => readDockerConfig(new TextEncoder().encode(text))).toThrowError(expect.objectContaining({ code }));
  });

  it("refuses a file that is too long", async () => {
    const path = join(folder, "long.json");
    await writeFile(path, " ".repeat(MAX_DOCKER_CONFIG_BYTES + 1));
    await expect(ask(createDockerConfigSource(path, files), "a")).rejects.toMatchObject({ code: "ERR_FILE" });
  });
});
