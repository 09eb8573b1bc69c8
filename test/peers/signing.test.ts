/**
 * How this program signs beside the real notation: where signatures are listed, in a registry with the referrers API
 * and in one without; six who sign at once lose nothing; and the words. What differs is on the closed list. The
 * formats, keys and contents are in `positive_grid.test.ts`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeIf } from "../run/requirements.ts";
import {
  getManifest,
  listReferrers,
  OCI_MANIFEST,
  pushImage,
  putManifest,
  readManifest,
  referrersTag,
} from "./content.ts";
import { expectSame } from "./deviations.ts";
import { type BothRegistries, openBothRegistries } from "./side_by_side.ts";
import type { ToolResult } from "./tools.ts";

const keys = resolve("test/fixtures/keys");
const FORMATS = ["jws", "cose"] as const;
const KEYS = ["rsa-2048", "rsa-3072", "rsa-4096", "p-256", "p-384", "p-521"] as const;

/** Certificate of whoever is to be trusted, and the files to sign with. */
const anchorOf = (key: string, chain: string) => `keys/${key}-${chain}${chain === "self" ? "" : "-root"}.crt.pem`;
const keyFlags = (key: string, chain: string) => [
  "--key-file",
  join(keys, `${key}-${chain}.test-only.key.pem`),
  "--cert-file",
  join(keys, `${key}-${chain}.${chain === "self" ? "crt" : "chain"}.pem`),
];

const said = ({ stdout, stderr }: ToolResult) => stdout + stderr;

describeIf("tools", "edge-notary sign", () => {
  let both: BothRegistries;
  beforeAll(async () => {
    both = await openBothRegistries();
  });
  afterAll(async () => {
    await both?.close();
  });

  it.each(FORMATS)("notation verifies %s found by the referrers tag", async (format) => {
    const side = both.at("distribution");
    const { digest, reference } = await pushImage(side.registry, "signed/tag", format);
    const args = [
      "sign",
      "--insecure-registry",
      "--signature-format",
      format,
      ...keyFlags("p-256", "chain"),
      reference,
    ];
    const signed = await side.ours(args);
    expect(signed.exitCode, said(signed)).toBe(0);
    const verified = await side.notation(["verify", "--insecure-registry", reference], {
      trustAnchors: [anchorOf("p-256", "chain")],
    });
    expect(verified.stdout, said(verified)).toContain("Successfully verified");
    const listed = await getManifest(side.registry, "signed/tag", referrersTag(digest));
    expect(readManifest(listed?.bytes ?? new Uint8Array()).manifests).toMatchObject([{
      artifactType: "application/vnd.cncf.notary.signature",
      digest: /Pushed the signature to .*@(sha256:[0-9a-f]{64})/.exec(signed.stdout)?.[1],
    }]);
  });

  it("leaves the referrers tag alone where the API lists the signature, and writes it when told to", async () => {
    const side = both.at("olareg");
    const { digest, reference } = await pushImage(side.registry, "signed/api", "api");
    const args = ["sign", "--insecure-registry", ...keyFlags("p-256", "self")];
    expect((await side.ours([...args, reference])).exitCode).toBe(0);
    expect(await listReferrers(side.registry, "signed/api", digest)).toHaveLength(1);
    expect(await getManifest(side.registry, "signed/api", referrersTag(digest))).toBeUndefined();
    expect((await side.ours([...args, "--force-referrers-tag", reference])).exitCode).toBe(0);
    expect(await listReferrers(side.registry, "signed/api", digest)).toHaveLength(2);
    const listed = await getManifest(side.registry, "signed/api", referrersTag(digest));
    expect(readManifest(listed?.bytes ?? new Uint8Array()).manifests).toHaveLength(1);
  });

  it("keeps the signatures of six who sign at the same time, and one of notation's", async () => {
    const side = both.at("distribution");
    const { digest, reference } = await pushImage(side.registry, "signed/race", "race");
    const configuration = notationKeys("p-384", "self");
    const theirs = await side.notation(["sign", "--insecure-registry", "--key", "fixture", reference], {
      configuration,
    });
    expect(theirs.exitCode, said(theirs)).toBe(0);
    const signers = KEYS.map((key) => ["sign", "--insecure-registry", ...keyFlags(key, "self"), reference]);
    const results = await Promise.all(signers.map((args) => side.ours(args)));
    expect(results.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      KEYS.map(() => ({ exitCode: 0, stderr: "" })),
    );
    const index = await getManifest(side.registry, "signed/race", referrersTag(digest));
    const listed = readManifest(index?.bytes ?? new Uint8Array()).manifests?.map((entry) => entry.digest) ?? [];
    const pushed = results.map(({ stdout }) => /Pushed the signature to .*@(\S+)/.exec(stdout)?.[1]);
    expect(new Set(pushed).size).toBe(6);
    expect(listed).toEqual(expect.arrayContaining(pushed));
    expect(listed).toHaveLength(7);
    for (const key of KEYS) {
      const verified = await side.notation(["verify", "--insecure-registry", reference], {
        trustAnchors: [anchorOf(key, "self")],
      });
      expect(verified.exitCode, `${key}: ${said(verified)}`).toBe(0);
    }
  });

  it("says what notation says, and where the signature is", async () => {
    const side = both.at("olareg");
    const { digest, reference } = await pushImage(side.registry, "signed/words", "words");
    const configuration = notationKeys("p-256", "self");
    const args = ["sign", "--insecure-registry", "--key", "fixture"];
    const tagged = `${side.registry.host}/signed/words:v1`;
    const manifest = await getManifest(side.registry, "signed/words", digest);
    await putManifest(side.registry, "signed/words", manifest?.bytes ?? new Uint8Array(), OCI_MANIFEST, "v1");
    for (const address of [reference, tagged]) {
      const [ours, theirs] = [
        await side.ours([...args, address], { configuration }),
        await side.notation([...args, "--force-referrers-tag=false", address], { configuration }),
      ];
      expect([ours.exitCode, theirs.exitCode], said(theirs)).toEqual([0, 0]);
      expect(ours.stderr).toBe(theirs.stderr);
      expectSame(ours.stdout, theirs.stdout, "sign-names-signature", "standard output");
      expect(ours.stdout.split("\n")[0]).toBe(theirs.stdout.trimEnd());
    }
  });

  const refused = [
    ["a missing key", ["--key", "nobody"]],
    ["no key and no default", []],
    ["metadata without a value", ["--key", "fixture", "-m", "a"]],
    ["a duration without a unit", ["--key", "fixture", "--expiry", "5"]],
    ["a duration with an unknown unit", ["--key", "fixture", "--expiry", "5d"]],
    ["a duration that is none", ["--key", "fixture", "--expiry", "soon"]],
    ["a negative expiry", ["--key", "fixture", "--expiry", "-5s"]],
    ["an expiry of a fraction of a second", ["--key", "fixture", "--expiry", "1500ms"]],
    ["metadata with the reserved prefix", ["--key", "fixture", "-m", "io.cncf.notary.a=b"]],
  ] as const;
  it.each(refused)("refuses %s in notation's words", async (_, flags) => {
    const side = both.at("olareg");
    const { reference } = await pushImage(side.registry, "signed/refused", "refused");
    const configuration = notationKeys("p-256", "self");
    const args = ["sign", "--insecure-registry", ...flags, reference];
    const [ours, theirs] = await Promise.all([
      side.ours(args, { configuration }),
      side.notation(args, { configuration }),
    ]);
    expect([ours.exitCode, theirs.exitCode]).toEqual([1, 1]);
    expect(ours.stderr.split("\n")[0]).toBe(theirs.stderr.trimEnd());
  });

  it("refuses a signature format nobody knows, on one line where notation takes two", async () => {
    const side = both.at("olareg");
    const { reference } = await pushImage(side.registry, "signed/refused", "format");
    const configuration = notationKeys("p-256", "self");
    const args = ["sign", "--insecure-registry", "--key", "fixture", "--signature-format", "pgp", reference];
    const [ours, theirs] = await Promise.all([
      side.ours(args, { configuration }),
      side.notation(args, { configuration }),
    ]);
    expect([ours.exitCode, theirs.exitCode]).toEqual([1, 1]);
    expectSame(
      ours.stderr.split("\n")[0],
      theirs.stderr.trimEnd().split("\n")[0],
      "sign-format-line",
      "standard error",
    );
  });

  const folders: string[] = [];
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

  /** A folder of notation's with one key in its list, named `fixture`. */
  function notationKeys(key: string, chain: string): string {
    const folder = mkdtempSync(join(tmpdir(), "edge-notary-signing-"));
    folders.push(folder);
    const [, keyPath, , certPath] = keyFlags(key, chain);
    writeFileSync(
      join(folder, "signingkeys.json"),
      JSON.stringify({ keys: [{ name: "fixture", keyPath, certPath }] }),
    );
    expect(readFileSync(join(folder, "signingkeys.json"), "utf8")).toContain(key);
    return folder;
  }
});
