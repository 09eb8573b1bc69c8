import { describe, expect, it } from "vitest";
import { parseMirrorFlags, readConfiguration } from "../../../src/cli/configuration.ts";
import { createFiles } from "./memory_files.ts";
import { createFixtureRegistry } from "./fixture_registry.ts";
import { runInMemory } from "./memory_host.ts";

const read = (text: string) => readConfiguration("c.json", createFiles({ "c.json": text }));

describe("readConfiguration()", () => {
  it("reads mirrors", async () => {
    const { mirrors } = await read(
      '{"mirrors": {"ghcr.io": "http://127.0.0.1:5000", "r.example:5000": "https://m.example/"}}',
    );
    expect([...mirrors]).toEqual([["ghcr.io", "http://127.0.0.1:5000"], ["r.example:5000", "https://m.example/"]]);
  });

  it("reads allowed hosts", async () => {
    const { allowedHosts } = await read('{"allowedHosts": ["10.0.0.7:9000", "storage.internal", "[fd00::1]:443"]}');
    expect([...allowedHosts]).toEqual(["10.0.0.7:9000", "storage.internal", "[fd00::1]:443"]);
  });

  it("reads what is set for single registries", async () => {
    const { registries } = await read(
      '{"registries": {"GHCR.io": {"mirrors": ["https://m.example/v2/ghcr", "http://10.0.0.7"]}, ' +
        '"r.example:5000": {"plainHttp": true}, "s.example": {"certificateAuthority": "ca.pem", "realmHosts": ["Tokens.example:8443"]}}}',
    );
    expect([...registries]).toEqual([
      ["ghcr.io", { mirrors: ["https://m.example/v2/ghcr", "http://10.0.0.7"], plainHttp: false, realmHosts: [] }],
      ["r.example:5000", { mirrors: [], plainHttp: true, realmHosts: [] }],
      ["s.example", {
        mirrors: [],
        plainHttp: false,
        certificateAuthority: "ca.pem",
        realmHosts: ["tokens.example:8443"],
      }],
    ]);
  });

  it.each([
    ['{"registries": []}', '"registries" is no object'],
    ['{"registries": {"a/b": {}}}', '"registries"."a/b" is no registry host'],
    ['{"registries": {"a": 1}}', '"registries"."a" is no object'],
    ['{"registries": {"a": {}, "A": {}}}', '"registries"."A": the host is there twice'],
    ['{"registries": {"a": {"mirror": []}}}', '"registries"."a": unknown key "mirror", expected "mirrors"'],
    ['{"registries": {"a": {"mirrors": "https://m"}}}', '"registries"."a"."mirrors" is no list'],
    ['{"registries": {"a": {"mirrors": [1]}}}', '"mirrors"[0]: it is no text'],
    ['{"registries": {"a": {"mirrors": ["https://m", "ftp://m"]}}}', '"mirrors"[1]: "ftp://m" is no mirror'],
    ['{"registries": {"a": {"mirrors": ["https://u:p@m"]}}}', "the URL has credentials"],
    [
      `{"registries": {"a": {"mirrors": [${Array(9).fill('"https://m"').join(",")}]}}}`,
      "has 9 URLs, expected at most 8",
    ],
    ['{"registries": {"a": {"plainHttp": "yes"}}}', '"plainHttp" is neither true nor false'],
    ['{"registries": {"a": {"realmHosts": "t.example"}}}', '"realmHosts" is no list'],
    ['{"registries": {"a": {"realmHosts": ["https://t"]}}}', '"realmHosts"[0] is no host'],
    ['{"registries": {"a": {"realmHosts": ["a","b","c","d","e","f","g","h","i"]}}}', "9 hosts, expected at most 8"],
    ['{"registries": {"a": {"certificateAuthority": 1}}}', '"certificateAuthority" is no text'],
    ['{"registries": {"a": {"certificateAuthority": "c", "plainHttp": true}}}', "plain HTTP has no certificates"],
    ['{"registries": {"a": {"mirrors": ["https://m"]}}, "mirrors": {"A": "https://n"}}', "expected one of them"],
  ])("refuses %s", async (text, fault) => {
    await expect(read(text)).rejects.toMatchObject({ code: "ERR_CONFIG", message: expect.stringContaining(fault) });
  });

  it("reads an empty object", async () => {
    const { mirrors, allowedHosts } = await read("{}");
    expect([mirrors.size, allowedHosts.size]).toEqual([0, 0]);
  });

  it.each([
    ["the flag", ["--mirror", "ghcr.io=http://127.0.0.1:5000"], "{}"],
    ["the file", ["--config", "c.json"], '{"mirrors": {"ghcr.io": "http://127.0.0.1:5000"}}'],
    [
      "the flag before the file",
      ["--config", "c.json", "--mirror", "ghcr.io=http://127.0.0.1:5000"],
      '{"mirrors": {"ghcr.io": "http://127.0.0.1:6000"}}',
    ],
  ])("sends requests to the mirror of %s, and names results as they were asked for", async (_, flags, text) => {
    const argv = ["inspect", "ghcr.io/kyverno/test-verify-image:signed", ...flags];
    const { status, stdout, requests } = await runInMemory(argv, {
      registry: await createFixtureRegistry(),
      files: { "c.json": text },
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ghcr\.io\/kyverno\/test-verify-image@sha256:/m);
    const asked = requests.map((request) => new URL(request.split(" ")[1] ?? "").origin);
    expect([...new Set(asked)]).toEqual(["http://127.0.0.1:5000"]);
  });

  it.each([
    ["20", "60", 3],
    ["20", "10", 1],
  ])("waits as long as a registry asks, %s s, where --timeout %s leaves the time", async (seconds, timeout, tries) => {
    const registry = () => new Response(null, { status: 503, headers: { "retry-after": seconds } });
    const { stderr, requests } = await runInMemory(["inspect", "r.example/a:t", "--timeout", timeout], { registry });
    expect(stderr).toContain(`to be asked again after "${seconds}"`);
    expect(requests).toHaveLength(tries);
  });

  it("lets registries lead to the hosts it allows, and nowhere else", async () => {
    const registry = (request: Request) =>
      new URL(request.url).host === "storage.internal:9000"
        ? new Response("{}", { status: 404 })
        : new Response(null, { status: 307, headers: { location: "https://storage.internal:9000/x" } });
    const argv = ["inspect", "r.example/a:t", "--config", "c.json"];
    const codeWith = async (text: string) => {
      const { stderr } = await runInMemory(argv, { registry, files: { "c.json": text } });
      return /^Code: (\w+)/m.exec(stderr)?.[1];
    };
    expect(await codeWith('{"allowedHosts": ["storage.internal:9000"]}')).toBe("ERR_REGISTRY_NOT_FOUND");
    expect(await codeWith('{"allowedHosts": ["Storage.Internal"]}')).toBe("ERR_REGISTRY_NOT_FOUND");
    expect(await codeWith('{"allowedHosts": ["storage.internal:443"]}')).toBe("ERR_REGISTRY_REFUSED");
    expect(await codeWith("{}")).toBe("ERR_REGISTRY_REFUSED");
  });

  it.each([
    ["[]", "it is no object"],
    ["{", "Cannot parse JSON"],
    ['{"mirrors": {}, "mirrors": {}}', "mirrors"],
    ['{"mirror": {}}', 'unknown key "mirror", expected "mirrors" or "allowedHosts"'],
    ['{"allowedHosts": {}}', '"allowedHosts" is no list'],
    ['{"allowedHosts": ["a", 1]}', '"allowedHosts"[1]: it is no text, expected a host'],
    ['{"allowedHosts": ["http://a"]}', '"allowedHosts"[0]: "http://a" is no host'],
    ['{"allowedHosts": ["*.internal"]}', '"*.internal" is no host'],
    ['{"allowedHosts": ["a:99999"]}', '"a:99999" is no host'],
    ['{"allowedHosts": ["fd00::1"]}', '"fd00::1" is no host'],
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

describe("parseMirrorFlags()", () => {
  it("reads HOST=URL, the last one of a host deciding", () => {
    expect([...parseMirrorFlags(["a=http://x", "b:80=https://y/p", "a=http://z"])]).toEqual([
      ["a", "http://z"],
      ["b:80", "https://y/p"],
    ]);
  });

  it.each(["ghcr.io", "=http://x", "ghcr.io=", "ghcr.io=127.0.0.1:5000", "a b=http://x"])("refuses %j", (value) => {
    expect(() => parseMirrorFlags([value])).toThrowError(expect.objectContaining({ code: "ERR_USAGE" }) as Error);
  });
});
