/** Files of Node and Deno. */
import { Buffer } from "node:buffer";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
