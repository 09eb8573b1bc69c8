import { describe, expect, it } from "vitest";
import { parseMirrors, readConfiguration } from "../../../src/cli/configuration.ts";
import { createFiles } from "./memory_files.ts";

const read = (text: string) => readConfiguration("c.json", createFiles({ "c.json": text }));

describe("readConfiguration()", () => {
  it("reads mirrors", async () => {
    const { mirrors } = await read(
      '{"mirrors": {"ghcr.io": "http://127.0.0.1:5000", "r.example:5000": "https://m.example/"}}',
    );
    expect([...mirrors]).toEqual([["ghcr.io", "http://127.0.0.1:5000"], ["r.example:5000", "https://m.example/"]]);
  });

  it("reads an empty object", async () => {
    expect((await read("{}")).mirrors.size).toBe(0);
  });

  it.each([
    ["[]", "it is no object"],
    ["{", "Cannot parse JSON"],
    ['{"mirrors": {}, "mirrors": {}}', "mirrors"],
    ['{"mirror": {}}', 'unknown key "mirror", expected "mirrors"'],
    ['{"mirrors": []}', '"mirrors" is no object'],
    ['{"mirrors": {"ghcr.io": 1}}', '"mirrors"."ghcr.io" is no text, expected the URL of a registry'],
    ['{"mirrors": {"ghcr.io": "ftp://x"}}', '"mirrors"."ghcr.io": "ftp://x" is no mirror'],
    ['{"mirrors": {"ghcr.io": "http://u:p@x"}}', "the URL has credentials, expected none"],
    ['{"mirrors": {"ghcr.io": "http://x/?q"}}', "query or a fragment"],
    ['{"mirrors": {"ghcr.io/x": "http://x"}}', '"ghcr.io/x" is no registry host'],
    ['{"mirrors": {"\\u001b[31m": "http://x"}}', '"\\x1b[31m" is no registry host'],
  ])("refuses %s", async (text, reason) => {
    await expect(read(text)).rejects.toMatchObject({
      code: "ERR_CONFIG",
      message: expect.stringContaining(reason) as string,
    });
  });
});

describe("parseMirrors()", () => {
  it("reads HOST=URL, the last one of a host deciding", () => {
    expect([...parseMirrors(["a=http://x", "b:80=https://y/p", "a=http://z"])]).toEqual([
      ["a", "http://z"],
      ["b:80", "https://y/p"],
    ]);
  });

  it.each(["ghcr.io", "=http://x", "ghcr.io=", "ghcr.io=127.0.0.1:5000", "a b=http://x"])("refuses %j", (value) => {
    expect(() => parseMirrors([value])).toThrowError(expect.objectContaining({ code: "ERR_USAGE" }) as Error);
  });
});
