/** Images for several platforms: `--platform` and `--recursive` of `inspect` and `discover`. */
import { describe, expect, it } from "vitest";
import { coverageOf } from "../../../src/cli/platforms.ts";
import {
  choosePlatform,
  type Descriptor,
  openLayout,
  parsePlatform,
  parseReference,
  readLayout,
} from "../../../src/oci/mod.ts";
import { bytesOf, digest, document, image, index, signal } from "../oci/fake_registry.ts";
import { crypto, images } from "../oci/fixture_layouts.ts";
import { runInMemory } from "./memory_host.ts";

const PATH = "test/fixtures/layouts/index";
const digestOf = (tag: string) =>
  images.find((row) => row.repository.endsWith("/index") && row.tag === tag)?.digest ?? "";
const run = (...args: readonly string[]) =>
  runInMemory([...args.slice(0, -1), "--oci-layout", `${PATH}:${args.at(-1)}`]);

describe("parsePlatform()", () => {
  it.each([
    ["linux/arm64", { os: "linux", architecture: "arm64" }],
    ["linux/arm/v7", { os: "linux", architecture: "arm", variant: "v7" }],
    ["linux", { os: "linux", architecture: "amd64" }],
    ["linux/amd64/", { os: "linux", architecture: "amd64" }],
    ["linux/amd64:", { os: "linux", architecture: "amd64" }],
    ["windows/amd64:10.0.1:2", { os: "windows", architecture: "amd64", osVersion: "10.0.1:2" }],
  ])("reads %s", (text, expected) => expect(parsePlatform(text)).toEqual(expected));

  it.each([
    ["", "invalid platform: OS cannot be empty"],
    ["/amd64", "invalid platform: OS cannot be empty"],
    ["linux/", "invalid platform: Architecture cannot be empty"],
    ["a/b/c/\x1b", 'failed to parse platform "a/b/c/\\x1b": expected format os[/arch[/variant]]'],
  ])("refuses %s in the words of oras", (text, message) => {
    expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: "ERR_USAGE", message }));
  });
});

describe("choosePlatform()", () => {
  const configuration = (value: unknown) => {
    const bytes = bytesOf(typeof value === "string" ? value : JSON.stringify(value));
    const descriptor = {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: digest(bytes),
      size: bytes.length,
    };
    return { bytes, descriptor };
  };
  const open = async (documents: readonly { readonly bytes: Uint8Array; readonly descriptor: Descriptor }[]) => {
    const files = new Map([["oci-layout", bytesOf('{"imageLayoutVersion":"1.0.0"}')]]);
    const manifests = documents.map(({ descriptor }) => descriptor);
    files.set("index.json", bytesOf(JSON.stringify({ schemaVersion: 2, manifests })));
    for (const { bytes, descriptor } of documents) files.set(`blobs/${descriptor.digest.replace(":", "/")}`, bytes);
    return openLayout(await readLayout(files, crypto), crypto)(parseReference("r.example/a"));
  };
  const arm = image("arm");
  const variant = image("variant");

  it("takes the first child that is for it; a variant counts only where one is asked for", async () => {
    const list = index([
      arm.descriptor,
      { ...arm.descriptor, platform: { os: "linux", architecture: "arm", variant: "v7", "os.version": "1" } },
      { ...variant.descriptor, platform: { os: "linux", architecture: "arm", variant: "v6" } },
    ]);
    const repository = await open([list, arm, variant]);
    const choose = (text: string) => choosePlatform(repository, list.descriptor, parsePlatform(text), { signal });
    expect(await choose("linux/arm")).toEqual(arm.descriptor);
    expect(await choose("linux/arm/v6")).toEqual(variant.descriptor);
    expect(await choose("linux/arm:1")).toEqual(arm.descriptor);
    for (const none of ["linux/arm/v8", "linux/arm/v6:1", "linux/amd64", "windows/arm"]) {
      await expect(choose(none)).rejects.toMatchObject({
        code: "ERR_PLATFORM",
        message: expect.stringContaining("it has ?, linux/arm/v7:1, linux/arm/v6"),
      });
    }
  });

  it.each<[unknown, boolean]>([
    [{ os: "linux", architecture: "amd64" }, true],
    [{ os: "linux", architecture: "amd64", variant: "v2", "os.version": "1" }, true],
    [{ os: "linux", architecture: "arm64" }, false],
    [{ os: "linux" }, false],
    [{ os: 1, architecture: ["amd64"] }, false],
    [{}, false],
    [[], false],
  ])("asks the configuration of an image: %j", async (value, isFor) => {
    const config = configuration(value);
    const own = image("own", { config: config.descriptor });
    const work = choosePlatform(await open([own, config]), own.descriptor, parsePlatform("linux/amd64"), { signal });
    if (isFor) expect(await work).toEqual(own.descriptor);
    else await expect(work).rejects.toMatchObject({ code: "ERR_PLATFORM" });
  });

  it("refuses a configuration that is no JSON, and an artifact without one", async () => {
    const config = configuration("not JSON");
    const own = image("own", { config: config.descriptor });
    const wanted = parsePlatform("linux/amd64");
    await expect(choosePlatform(await open([own, config]), own.descriptor, wanted, { signal })).rejects.toMatchObject({
      code: "ERR_JSON",
    });
    const artifact = document(
      { mediaType: "application/vnd.oci.artifact.manifest.v1+json", artifactType: "a/b", blobs: [] },
      "application/vnd.oci.artifact.manifest.v1+json",
    );
    await expect(choosePlatform(await open([artifact]), artifact.descriptor, wanted, { signal })).rejects.toMatchObject(
      {
        code: "ERR_PLATFORM",
      },
    );
  });
});

describe("--platform", () => {
  it.each(["discover", "inspect"])("%s shows the child alone", async (command) => {
    for (const tag of ["signed", "child-only"]) {
      const child = await run(command, `${tag}-amd64`);
      const chosen = await run(command, "--platform", "linux/amd64", tag);
      expect([chosen.status, chosen.stdout]).toEqual([child.status, child.stdout]);
      expect(chosen.stdout).toContain(`${PATH}@${digestOf(`${tag}-amd64`)}`);
    }
  });

  it.each(["discover", "inspect"])("%s says which platforms there are", async (command) => {
    const { status, stdout, stderr } = await run(command, "--platform", "linux/s390x", "signed");
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(
      `Error: ${digestOf("signed")}: not found: no matching manifest was found in the manifest list: ` +
        "expected linux/s390x, it has linux/amd64, linux/arm64\nCode: ERR_PLATFORM (misconfigured; a retry does not help)\n",
    );
  });

  it.each([
    [["--platform", "linux/"], "Error: invalid platform: Architecture cannot be empty"],
    [["--platform", "linux/amd64", "--recursive"], "Error: --platform, --recursive cannot be used at the same time"],
    [["-o", "json", "--recursive"], "Error: --recursive prints trees: leave the output format away"],
  ])("%j is refused before anything is asked", async (flags, line) => {
    for (const command of ["discover", "inspect"]) {
      const { status, stdout, stderr } = await run(command, ...flags, "nowhere");
      expect([status, stdout, stderr.split("\n")[0]]).toEqual([1, "", line]);
    }
  });
});

describe("--recursive", () => {
  it.each(["discover", "inspect"])(
    "%s shows an index and its children as each alone, and says who is signed",
    async (command) => {
      for (
        const [tag, words] of [
          [
            "signed",
            "The index is signed, and these children are not: linux/amd64, linux/arm64.\n" +
            "Whoever verifies one of them by its own digest finds no signature: verify the index.\n",
          ],
          [
            "child-only",
            "The index is not signed, and these children are: linux/amd64.\n" +
            "Whoever verifies by the tag or the digest of the index finds no signature: sign the index too.\n" +
            "Neither are these children: linux/arm64.\n",
          ],
        ] as const
      ) {
        const alone = async (name: string) => (await run(command, name)).stdout;
        const together = await run(command, "--recursive", tag);
        expect([together.status, together.stdout]).toEqual([
          0,
          `${await alone(tag)}\nPlatform: linux/amd64\n${await alone(`${tag}-amd64`)}\n` +
          `Platform: linux/arm64\n${await alone(`${tag}-arm64`)}\n${words}`,
        ]);
      }
    },
  );

  it.each(["discover", "inspect"])("%s shows an image that is no index as ever", async (command) => {
    expect(await run(command, "--recursive", "signed-amd64")).toEqual(await run(command, "signed-amd64"));
  });

  it("says nothing of signatures where only another type was asked for", async () => {
    const { stdout } = await run("discover", "--recursive", "--artifact-type", "sbom/cyclone-dx", "signed");
    expect(stdout).not.toContain("The index");
    expect(stdout.match(/Platform: /g)).toHaveLength(2);
  });
});

describe("coverageOf()", () => {
  const child = (name: string, signatures: number) => ({
    descriptor: { ...image(name).descriptor, platform: { os: name, architecture: "x\u202e" } },
    signatures,
  });
  const list = (signatures: number) => ({ descriptor: index([]).descriptor, signatures });

  it.each([
    ["nothing where all are signed", [list(1), child("a", 1), child("b", 2)], ""],
    ["nothing of an image alone", [child("a", 0)], ""],
    ["that none is", [list(0), child("a", 0)], "\nNeither the index nor any of its children is signed.\n"],
  ])("says %s", (_, artifacts, expected) => expect(coverageOf(artifacts)).toBe(expected));

  it("escapes what an index says of its children", () => {
    expect(coverageOf([list(1), child("a\x1b", 0)])).toContain("a\\x1b/x\\u202e");
  });
});
