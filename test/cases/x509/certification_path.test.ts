/** Paths from a certificate to an anchor, and the rules of a timestamp authority's chain by their names. */
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import type { CryptoProvider } from "../../../src/ports.ts";
import {
  type Certificate,
  findPaths,
  formatName,
  readCertificate,
  validateSigningChain,
  validateTimestampingChain,
} from "../../../src/x509/mod.ts";
import {
  basicConstraints,
  CA,
  ecKey,
  extKeyUsage,
  type Key,
  keyUsage,
  LEAF,
  makeCertificate,
  PURPOSE,
  subject,
  USAGE,
} from "../../run/certificate_maker.ts";
import { AUTHORITY, criticalPurpose } from "../../run/timestamp_maker.ts";

const crypto = createWebCryptoProvider();
const keys: Readonly<Record<string, Key>> = { a: ecKey(), b: ecKey(), c: ecKey(), d: ecKey(), e: ecKey() };
const keyOf = (name: string): Key => keys[name] ?? (keys["a"] as Key);
const at = new Date("2026-06-01T00:00:00Z");

type Extra = Partial<Parameters<typeof makeCertificate>[0]>;

/** The certificate of `name`, with the key of that name, issued by `issuer` with the key of that name. */
function issued(name: string, issuer: string, changes: Extra = {}): Certificate {
  return readCertificate(makeCertificate({
    subject: subject(name),
    issuer: subject(issuer),
    key: keyOf(name),
    issuerKey: keyOf(issuer),
    extensions: CA,
    ...changes,
  }));
}

const leaf = issued("a", "b", { extensions: LEAF });
const middle = issued("b", "c");
const root = issued("c", "c");
/** The same name and key as the root, below another one. */
const crossed = issued("c", "d");
const otherRoot = issued("d", "d");

const names = (paths: readonly (readonly Certificate[])[]) =>
  paths.map((path) => path.map(({ subject }) => /CN=(\w+)/.exec(formatName(subject))?.[1] ?? "").join(" "));

async function find(candidates: readonly Certificate[], anchors: readonly Certificate[], provider = crypto) {
  return await findPaths({ leaf, candidates, anchors, at }, provider);
}

describe("findPaths()", () => {
  it.each<readonly [string, readonly Certificate[], readonly Certificate[], readonly string[]]>([
    ["by way of what is at hand", [middle, root], [root], ["a b c"]],
    ["in any order", [root, leaf, middle], [root], ["a b c"]],
    ["when the anchor is not at hand otherwise", [middle], [root], ["a b c"]],
    ["to an intermediate that is trusted", [middle, root], [middle], ["a b"]],
    ["to itself", [], [leaf], ["a"]],
    ["by a crossed root", [middle, root, crossed], [otherRoot], ["a b c d"]],
    ["both ways, the shorter first", [crossed, middle], [otherRoot, root], ["a b c", "a b c d"]],
    ["nowhere without the intermediate", [root], [root], []],
    ["nowhere without an anchor", [middle, root], [], []],
    ["nowhere by another key of the same name", [issued("b", "c", { key: keyOf("e") })], [root], []],
    ["past a namesake", [issued("b", "c", { key: keyOf("e") }), middle], [root], ["a b c"]],
    ["nowhere in a circle", [middle, issued("c", "b")], [otherRoot], []],
    ["nowhere through what is no CA", [issued("b", "c", { extensions: LEAF })], [root], []],
    [
      "nowhere through what may not sign",
      [issued("b", "c", { extensions: [basicConstraints(true), keyUsage([USAGE.cRLSign])] })],
      [root],
      [],
    ],
    ["nowhere through what has expired", [issued("b", "c", { notAfter: "20260531235959Z" })], [root], []],
    ["through what expires at the instant", [issued("b", "c", { notAfter: "20260601000000Z" })], [root], ["a b c"]],
    ["nowhere through what is not valid yet", [issued("b", "c", { notBefore: "20260601000001Z" })], [root], []],
    ["nowhere to a root that has expired", [middle], [issued("c", "c", { notAfter: "20260531235959Z" })], []],
    ["nowhere to a root issued again", [middle], [issued("c", "c", { serialNumber: [9], key: keyOf("e") })], []],
  ])("leads %s", async (_, candidates, anchors, expected) => {
    const { paths, deadEnds } = await find(candidates, anchors);
    expect(names(paths)).toEqual(expected);
    if (expected.length === 0) expect(deadEnds.length).toBeGreaterThan(0);
  });

  it("says where ways ended", async () => {
    const { deadEnds } = await find([issued("b", "c", { extensions: LEAF })], [root]);
    expect(deadEnds).toEqual(['"CN=b,O=Notary,ST=WA,C=US" is no CA']);
  });

  it("ends where certificates of the same names multiply", async () => {
    let computed = 0;
    const counting: CryptoProvider = {
      ...crypto,
      verify: (...question) => {
        computed++;
        return crypto.verify(...question);
      },
    };
    const crowd = Array.from({ length: 100 }, () => issued("b", "c", { key: ecKey() }));
    expect((await find(crowd, [root], counting)).paths).toEqual([]);
    expect(computed).toBe(64);
  });

  it("does not judge where a signature cannot be computed", async () => {
    const lacking: CryptoProvider = { ...crypto, verify: () => Promise.reject(new Error("not here")) };
    await expect(find([middle], [root], lacking)).rejects.toThrow("not here");
  });
});

describe("validateTimestampingChain()", () => {
  const stamping = (extensions: readonly Uint8Array[], ca: readonly Uint8Array[] = CA) => [
    issued("a", "b", { extensions }),
    issued("b", "c", { extensions: ca }),
    root,
  ];
  const [constraints, usage] = AUTHORITY as [Uint8Array, Uint8Array];

  it.each<readonly [string, readonly Certificate[], readonly string[]]>([
    ["a good chain", stamping(AUTHORITY), []],
    ["a key usage that is not critical", stamping([keyUsage([0], false), criticalPurpose(PURPOSE.timeStamping)]), []],
    ["no purpose", stamping([usage]), ["extended-key-usage-timestamping"]],
    ["another purpose", stamping([usage, criticalPurpose(PURPOSE.codeSigning)]), ["extended-key-usage-timestamping"]],
    [
      "one purpose too many",
      stamping([usage, criticalPurpose(PURPOSE.timeStamping, PURPOSE.ocspSigning)]),
      ["extended-key-usage-timestamping"],
    ],
    [
      "the purpose twice",
      stamping([usage, criticalPurpose(PURPOSE.timeStamping, PURPOSE.timeStamping)]),
      ["extended-key-usage-timestamping"],
    ],
    ["a purpose that is not critical", stamping([usage, extKeyUsage(PURPOSE.timeStamping)]), [
      "extended-key-usage-critical",
    ]],
    ["no key usage", stamping([constraints, criticalPurpose(PURPOSE.timeStamping)]), ["key-usage-present"]],
    ["a CA for servers", stamping(AUTHORITY, [...CA, extKeyUsage(PURPOSE.serverAuth)]), ["ca-extended-key-usage"]],
    ["a CA for any purpose", stamping(AUTHORITY, [...CA, extKeyUsage(PURPOSE.any)]), []],
    ["a CA whose key usage is not critical", stamping(AUTHORITY, [basicConstraints(true), keyUsage([5], false)]), []],
    ["no chain", [], ["chain-not-empty"]],
    ["the wrong order", [...stamping(AUTHORITY)].reverse(), [
      "self-signed-only-at-the-end",
      "issued-by-the-next",
      "leaf-basic-constraints",
    ]],
  ])("finds in %s: %j", async (_, chain, rules) => {
    const { failures, valid } = await validateTimestampingChain(chain, crypto);
    expect(failures.slice(0, Math.max(rules.length, 1)).map(({ rule }) => rule)).toEqual(rules);
    expect(valid).toBe(rules.length === 0);
  });

  it("keeps its answers apart from those about signers", async () => {
    const chain = stamping(AUTHORITY);
    expect((await validateSigningChain(chain, crypto)).failures.map(({ rule }) => rule)).toEqual([
      "extended-key-usage",
    ]);
    expect((await validateTimestampingChain(chain, crypto)).valid).toBe(true);
    expect((await validateSigningChain(chain, crypto)).valid).toBe(false);
  });
});
