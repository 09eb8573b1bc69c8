/** `--oci-layout PATH[:TAG|@DIGEST]` for every command that reads, and `--offline`. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { layoutFiles } from "../oci/fixture_layouts.ts";
import { makeTar } from "../../run/tar_maker.ts";
import { runInMemory } from "./memory_host.ts";

const CERTIFICATE = readFileSync("test/fixtures/keys/fixture-signer.crt.pem");
const IMAGE = "ghcr.io/kyverno/test-verify-image";
const source = layoutFiles("test-verify-image");
const tar = makeTar([...source].map(([name, content]) => ({ name, content })));
const policy = (scope: string) =>
  JSON.stringify({
    version: "1.0",
    trustPolicies: [{
      name: "p",
      registryScopes: [scope],
      signatureVerification: { level: "strict" },
      trustStores: ["ca:own"],
      trustedIdentities: ["*"],
    }],
  });
const files: Record<string, string | Uint8Array> = {
  "signer.crt": CERTIFICATE,
  "image.tar": tar,
  "image.tar.gz": new Uint8Array(gzipSync(tar)),
  "README.md": "# a text",
  "notation/trustpolicy.json": policy("registry.example/app"),
  "notation/truststore/x509/ca/own/signer.crt": CERTIFICATE,
  ...Object.fromEntries([...source].map(([name, bytes]) => [`lay/${name}`, bytes])),
};
const options = { files, variables: { NOTATION_CONFIG: "notation" } };
const [digest = ""] = /sha256:[0-9a-f]{64}/.exec((await run("list", "lay:signed")).stdout) ?? [];

async function run(command: string, ...rest: readonly string[]) {
  const ran = await runInMemory([command, "--oci-layout", ...rest], options);
  expect(ran.requests).toEqual([]);
  return ran;
}

describe("--oci-layout", () => {
  const commands: readonly (readonly [string, ...string[]])[] = [
    ["inspect"],
    ["inspect", "-o", "json"],
    ["list"],
    ["discover"],
    ["discover", "--format", "json"],
    ["verify", "--cert", "signer.crt"],
    ["verify", "--cert", "signer.crt", "--explain"],
  ];

  it.each(commands)(
    "%s %s %s: a folder, a tar file and one in gzip say the same, and what the whole name does",
    async (command, ...more) => {
      for (const end of [":signed", `@${digest}`]) {
        const byName = await runInMemory([command, ...more, "--oci-layout-path", "lay", `${IMAGE}${end}`], options);
        expect(byName.status, byName.stderr).toBe(0);
        for (const path of ["lay", "image.tar", "image.tar.gz"]) {
          const ran = await run(command, ...more, `${path}${end}`);
          const stdout = ran.stdout.replaceAll(`${path}:`, `${IMAGE}:`).replaceAll(`${path}@`, `${IMAGE}@`);
          expect({ ...ran, stdout }).toEqual(byName);
        }
      }
    },
  );

  it("--oci-layout-path takes the same files", async () => {
    for (const path of ["lay", "image.tar", "image.tar.gz"]) {
      const ran = await runInMemory(["list", "--oci-layout-path", path, `${IMAGE}:signed`], options);
      expect([ran.status, ran.stdout.startsWith(`${IMAGE}@${digest}\n`)]).toEqual([0, true]);
    }
  });

  it("verify takes the statement for --scope, which a policy needs", async () => {
    expect(await run("verify", "--scope", "registry.example/app", "lay:signed")).toMatchObject({
      status: 0,
      stdout: `Successfully verified signature for lay@${digest}\n`,
    });
    const other = await run("verify", "--scope", "registry.example/other", "lay:signed");
    expect(other.status).toBe(1);
    expect(other.stderr).toContain("TRUST_POLICY_NOT_APPLICABLE");
    const group = "Error: if any flags in the group [oci-layout scope] are set they must all be set; missing";
    const none = await run("verify", "lay:signed");
    expect([none.status, none.stderr.split("\n")[0]]).toEqual([1, `${group} [scope]`]);
    const alone = await runInMemory(["verify", "--scope", "a.example/b", `${IMAGE}:signed`], options);
    expect([alone.status, alone.stderr.split("\n")[0]]).toEqual([1, `${group} [oci-layout]`]);
  });

  const EXPECTING = "Expecting <file_path>:<tag> or <file_path>@<digest>";
  /** Recorded of notation 1.3.2 and oras 1.3.6, where they have words of their own. */
  it.each<[string, string, string, string]>([
    ["list", "lay", `"lay": invalid reference: missing tag or digest. ${EXPECTING}`, "ERR_REFERENCE"],
    ["list", "lay:", `"lay:": invalid reference: missing tag or digest. ${EXPECTING}`, "ERR_REFERENCE"],
    ["list", "lay@", `"lay@": invalid reference: missing tag or digest. ${EXPECTING}`, "ERR_REFERENCE"],
    ["list", "", `"": invalid reference: missing tag or digest. ${EXPECTING}`, "ERR_REFERENCE"],
    ["list", ":signed", `":signed": invalid reference: missing oci-layout file path. ${EXPECTING}`, "ERR_REFERENCE"],
    ["inspect", "lay:nope", "failed to get manifest descriptor: not found", "ERR_REGISTRY_NOT_FOUND"],
    ["list", `lay@sha256:${"0".repeat(64)}`, "failed to get manifest descriptor: not found", "ERR_REGISTRY_NOT_FOUND"],
    ["list", "lay@sha256:abc", `"lay@sha256:abc": invalid reference. ${EXPECTING}`, "ERR_REFERENCE"],
    ["list", "lay:bad/tag", `"lay:bad/tag": invalid reference. ${EXPECTING}`, "ERR_REFERENCE"],
    ["list", "C:\\image", `"C:\\image": invalid reference: missing tag or digest. ${EXPECTING}`, "ERR_REFERENCE"],
    ["list", "a\x1b[31m:x", `"a\\x1b[31m:x": invalid reference. ${EXPECTING}`, "ERR_REFERENCE"],
    ["discover", "lay", '"lay": no tag or digest specified', "ERR_REFERENCE"],
    ["discover", "lay:", '"lay:": no tag or digest specified', "ERR_REFERENCE"],
    ["discover", ":signed", 'found empty file path in ":signed"', "ERR_REFERENCE"],
    ["discover", "lay:nope", "not found", "ERR_REGISTRY_NOT_FOUND"],
    ["discover", "lay:bad/tag", '"lay:bad/tag": invalid reference', "ERR_REFERENCE"],
    ["list", "nosuch:signed", 'Cannot read image layout: it has no file "oci-layout"', "ERR_LAYOUT"],
    [
      "list",
      "README.md:signed",
      "Cannot read tar archive: it ends early: what begins at byte 0 is not all there",
      "ERR_ARCHIVE",
    ],
  ])("%s %s is refused in the words of the tool", async (command, operand, line, code) => {
    const { status, stdout, stderr } = await run(command, operand);
    expect([status, stdout, stderr.split("\n")[0]]).toEqual([1, "", `Error: ${line}`]);
    expect(stderr).toContain(`Code: ${code} `);
  });

  it("goes with no other place, and not with sign", async () => {
    const both = await run("list", "--oci-layout-path", "lay", "lay:signed");
    expect(both.stderr.split("\n")[0]).toBe("Error: --oci-layout-path, --oci-layout cannot be used at the same time");
    expect((await run("sign", "lay:signed")).stderr).toContain("unknown flag: --oci-layout");
  });

  it("names what a name with a second colon means: the last begins the tag", async () => {
    const odd = { ...options, files: { ...files, "a:b/c.tar": tar } };
    const ran = await runInMemory(["list", "--oci-layout", "a:b/c.tar:signed"], odd);
    expect([ran.status, ran.stdout.split("\n")[0]]).toEqual([0, `a:b/c.tar@${digest}`]);
  });
});

describe("--offline", () => {
  it.each<readonly [string, ...string[]]>([
    ["list", `${IMAGE}:signed`],
    ["inspect", `${IMAGE}:signed`],
    ["discover", `${IMAGE}:signed`],
    ["verify", "--cert", "signer.crt", `${IMAGE}:signed`],
    ["verify", "--cert", "signer.crt", `${IMAGE}@sha256:${"0".repeat(64)}`],
  ])("%s %s %s: names the request that is not made, and makes none", async (...args) => {
    const { status, stdout, stderr, requests } = await runInMemory([...args, "--offline"], options);
    expect([status, stdout, requests]).toEqual([1, "", []]);
    expect(stderr).toMatch(/Error: Cannot ask (GET|HEAD) "https:\/\/ghcr\.io\/v2\/[^"]+": --offline allows no request/);
    expect(stderr).toContain("Code: ERR_OFFLINE (misconfigured; a retry does not help)");
  });

  it("leaves layouts and files alone", async () => {
    expect(await run("verify", "--offline", "--cert", "signer.crt", "image.tar:signed")).toMatchObject({ status: 0 });
  });
});
