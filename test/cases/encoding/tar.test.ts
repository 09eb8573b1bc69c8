import { describe, expect, it } from "vitest";
import { type TarEntry, type TarInput, walkTar } from "../../../src/encoding/mod.ts";
import { MAX_TAR_ATTRIBUTE_BYTES, MAX_TAR_ENTRIES } from "../../../src/encoding/tar.ts";
import { joined, type MadeEntry, makeEntry, makeTar, paxRecord } from "../../run/tar_maker.ts";

function inputOf(bytes: Uint8Array): TarInput {
  let at = 0;
  const take = (length: number) => {
    const taken = bytes.subarray(at, at + length);
    at += taken.length;
    return taken;
  };
  return {
    read: (length) => Promise.resolve(take(length)),
    skip: (length) => Promise.resolve(take(length).length),
  };
}

async function walk(bytes: Uint8Array, wants: (entry: TarEntry) => boolean = () => true) {
  const found: { readonly name: string; readonly kind: string; readonly text: string | undefined }[] = [];
  await walkTar(inputOf(bytes), async (entry, read) => {
    const text = wants(entry) ? new TextDecoder().decode(await read()) : undefined;
    if (text !== undefined) expect(new TextDecoder().decode(bytes.subarray(entry.offset)).startsWith(text)).toBe(true);
    found.push({ name: entry.name, kind: entry.kind, text });
  });
  return found;
}

const LONG = `${"folder/".repeat(30)}name`;
const files = (...entries: readonly (readonly [string, string])[]) =>
  entries.map(([name, text]) => ({ name, kind: "file", text }));

describe("walkTar()", () => {
  it.each<[string, Uint8Array, readonly unknown[]]>([
    ["nothing", new Uint8Array(), []],
    ["an archive without entries", makeTar([]), []],
    ["files and folders", makeTar([{ name: "a/", type: "5" }, { name: "a/b", content: "hello" }]), [
      { name: "a/", kind: "folder", text: "" },
      ...files(["a/b", "hello"]),
    ]],
    ["an archive without an end", makeEntry({ name: "a", content: "x" }), files(["a", "x"])],
    [
      "an archive that ends with one empty block",
      joined([makeEntry({ name: "a" }), new Uint8Array(512)]),
      files(["a", ""]),
    ],
    ["something after the end", joined([makeTar([{ name: "a" }]), makeEntry({ name: "b" })]), files(["a", ""])],
    [
      "the oldest form",
      makeTar([{ name: "a", type: "\0", magic: "", content: "x" }, { name: "b/", type: "\0", magic: "" }]),
      [
        ...files(["a", "x"]),
        { name: "b/", kind: "folder", text: "" },
      ],
    ],
    [
      "a name of two parts",
      makeTar([{ name: "name", prefix: "front/of", content: "x" }]),
      files(["front/of/name", "x"]),
    ],
    [
      "times of GNU where the front of a name would be",
      makeTar([{ name: "a", magic: "ustar  \0", prefix: "13" }]),
      files(["a", ""]),
    ],
    [
      "a long name of GNU",
      makeTar([{ name: "././@LongLink", type: "L", content: `${LONG}\0` }, { name: "short", content: "x" }]),
      files([LONG, "x"]),
    ],
    [
      "a long name and a size of pax",
      makeTar([
        {
          name: "pax",
          type: "x",
          content: paxRecord("mtime", "1.5") + paxRecord("path", LONG) + paxRecord("size", "3"),
        },
        { name: "short", content: "abc", size: 0 },
        { name: "next", content: "n" },
      ]),
      files([LONG, "abc"], ["next", "n"]),
    ],
    [
      "attributes of all entries",
      makeTar([{ name: "g", type: "g", content: paxRecord("comment", "x") }, { name: "a" }]),
      files(["a", ""]),
    ],
    [
      "links, devices and the unknown",
      makeTar([
        { name: "h", type: "1", linkName: "x" },
        { name: "s", type: "2", linkName: "/etc/passwd" },
        { name: "c", type: "3" },
        { name: "p", type: "6" },
        { name: "Z", type: "Z" },
        { name: "S", type: "S" },
      ]),
      [["h", "link"], ["s", "link"], ["c", "other"], ["p", "other"], ["Z", "other"], ["S", "other"]].map((
        [name, kind],
      ) => ({
        name,
        kind,
        text: "",
      })),
    ],
    [
      "a sparse file of pax",
      makeTar([
        { name: "x", type: "x", content: paxRecord("GNU.sparse.major", "1") },
        { name: "s", content: "abc" },
      ]),
      [{ name: "s", kind: "other", text: "abc" }],
    ],
  ])("reads %s", async (_, bytes, expected) => {
    expect(await walk(bytes)).toEqual(expected);
  });

  it("reads a size in base 256, as GNU writes what octal digits cannot hold", async () => {
    const bytes = makeTar([{ name: "a", content: "abc" }, { name: "b", content: "y" }]);
    bytes.set([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3], 124);
    sign(bytes);
    expect(await walk(bytes)).toEqual(files(["a", "abc"], ["b", "y"]));
    bytes.set([0x80, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 124);
    sign(bytes);
    await expect(walk(bytes)).rejects.toMatchObject({ code: "ERR_ARCHIVE" });
  });

  it("passes over what is not read", async () => {
    const bytes = makeTar([{ name: "a", content: "x".repeat(5000) }, { name: "b", content: "y" }]);
    expect(await walk(bytes, ({ name }) => name === "b")).toEqual([
      { name: "a", kind: "file", text: undefined },
      { name: "b", kind: "file", text: "y" },
    ]);
  });

  const cut = makeTar([{ name: "a", content: "x".repeat(2000) }]);
  it.each<[string, Uint8Array, string]>([
    ["text", new TextEncoder().encode("x".repeat(600)), "no header of a tar archive"],
    ["less than a block", new Uint8Array(10), "it ends early"],
    ["a header cut off", cut.subarray(0, 300), "it ends early"],
    ["content cut off", cut.subarray(0, 1000), "it ends early"],
    ["a wrong checksum", makeTar([{ name: "a", wrong: 1 }]), "no header"],
    ["a wrong checksum further on", makeTar([{ name: "a" }, { name: "b", wrong: 1 }]), "no header at byte 512"],
    ["a size that is no number", makeTar([{ name: "a", size: "12x\0" }]), "no size"],
    ["a negative size", makeTar([{ name: "a", size: "-1\0" }]), "no size"],
    ["a size beyond the archive", makeTar([{ name: "a", size: "77777777777\0" }]), "it ends early"],
    [
      "one empty block within",
      joined([makeEntry({ name: "a" }), new Uint8Array(512), makeEntry({ name: "b" })]),
      "expected two",
    ],
    ["a name that is not UTF-8", joined([brokenName(), new Uint8Array(1024)]), "not UTF-8"],
    [
      "attributes of nothing",
      makeTar([{ name: "x", type: "x", content: paxRecord("path", "a") }]),
      "an entry that is not there",
    ],
    [
      "attributes without bound",
      makeTar([{ name: "x", type: "x", content: "x".repeat(MAX_TAR_ATTRIBUTE_BYTES + 1) }]),
      "expected at most",
    ],
    ["a pax record of another length", pax("99 path=a\n"), "a pax record"],
    ["a pax record without an end", pax("8 path=a"), "a pax record"],
    ["a pax record without a length", pax("path=a\n"), "a pax record"],
    ["a pax record without a name", pax("5 =a\n"), "without a name"],
    ["a pax size that is none", pax(paxRecord("size", "-1")), "is no size"],
    ["a pax size beyond all numbers", pax(paxRecord("size", "9".repeat(17))), "is no size"],
  ])("refuses %s", async (_, bytes, reason) => {
    await expect(walk(bytes)).rejects.toMatchObject({ code: "ERR_ARCHIVE", message: expect.stringContaining(reason) });
  });

  it("refuses more entries than it counts", async () => {
    const one = makeEntry({ name: "a" });
    let at = 0;
    const endless: TarInput = {
      read: () => Promise.resolve(++at > MAX_TAR_ENTRIES + 10 ? new Uint8Array() : one),
      skip: (length) => Promise.resolve(length),
    };
    await expect(walkTar(endless, () => {})).rejects.toMatchObject({ message: expect.stringContaining("entries") });
    expect(at).toBe(MAX_TAR_ENTRIES + 1);
  });

  it("refuses whatever was cut off, at every block", async () => {
    const bytes = makeTar(["a", "b", "c"].map((name): MadeEntry => ({ name, content: name.repeat(700) })));
    const whole = await walk(bytes);
    for (let end = 1; end < bytes.length - 1024; end += 97) {
      const found = await walk(bytes.subarray(0, end)).catch((thrown) => thrown.code);
      if (found === "ERR_ARCHIVE") continue;
      // Between two entries it may end: nothing says how many there are.
      expect(end % 512).toBe(0);
      expect(found).toEqual(whole.slice(0, found.length));
    }
  });
});

function pax(content: string): Uint8Array {
  return makeTar([{ name: "x", type: "x", content }, { name: "a" }]);
}

function brokenName(): Uint8Array {
  const entry = makeEntry({ name: "ab" });
  entry[0] = 0xff;
  sign(entry);
  return entry;
}

/** Puts the right checksum into the first header. */
function sign(bytes: Uint8Array): void {
  const sum = bytes.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  bytes.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
}
