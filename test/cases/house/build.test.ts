/** The build as others use it: a package that is imported, compiled against, and run. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parsePrivateKey } from "../../../src/crypto/mod.ts";
import { encodeBase64 } from "../../../src/encoding/mod.ts";
import { createLocalSigner } from "../../../src/notary/mod.ts";
import { serveNode } from "../../../src/runtime/node.ts";
import { parseCertificates } from "../../../src/x509/mod.ts";
import { artifact, takingRegistry } from "../cli/taking_registry.ts";

const run = promisify(execFile);

/** A folder with one dependency: this package. */
let consumer = "";
let installed = "";

beforeAll(async () => {
  consumer = await mkdtemp(join(tmpdir(), "edge-notary-consumer-"));
  installed = join(consumer, "node_modules", "edge-notary");
  await mkdir(installed, { recursive: true });
  const tsx = resolve("node_modules/tsx/dist/cli.mjs");
  await run(process.execPath, [tsx, "scripts/build.ts", "--quiet", "--out", join(installed, "dist")]);
  await cp("package.json", join(installed, "package.json"));
  const { dependencies } = JSON.parse(await readFile("package.json", "utf8")) as { dependencies: object };
  for (const name of new Set(Object.keys(dependencies).map((one) => one.split("/", 1)[0] ?? one))) {
    await symlink(resolve("node_modules", name), join(consumer, "node_modules", name), "dir");
  }
  await writeFile(join(consumer, "package.json"), '{ "type": "module" }');
}, 60_000);
afterAll(() => rm(consumer, { recursive: true, force: true }));

describe("the package", () => {
  it.each(["bundler", "nodenext"])(
    "is compiled against with module resolution %s, every type checked",
    async (resolution) => {
      await writeFile(
        join(consumer, "use.ts"),
        `import { createWebCryptoProvider, createWebPorts, parseReference, type Reference } from "edge-notary";
import { type CompiledPolicy, loadPolicies } from "edge-notary/policy";
import { createApp } from "edge-notary/admission";
import worker from "edge-notary/worker";
const reference: Reference = parseReference("ghcr.io/org/app:1.0");
const policies: readonly CompiledPolicy[] = (await loadPolicies([], createWebCryptoProvider())).policies;
const answer: Response | Promise<Response> = worker.fetch(new Request("http://localhost/"), {});
// @ts-expect-error A reference is no text: types are really there.
const text: string = reference;
export { answer, createApp, createWebPorts, policies, text };
`,
      );
      const options = {
        strict: true,
        skipLibCheck: false,
        noEmit: true,
        target: "es2022",
        module: resolution === "bundler" ? "esnext" : "nodenext",
        moduleResolution: resolution,
        lib: ["es2023", "dom", "dom.iterable"],
        types: [],
      };
      await writeFile(join(consumer, "tsconfig.json"), JSON.stringify({ compilerOptions: options, files: ["use.ts"] }));
      const tsc = resolve("node_modules/typescript/bin/tsc");
      const output = await run(process.execPath, [tsc, "-p", consumer]).then(() => "", (error) => error.stdout);
      expect(output).toBe("");
    },
  );

  it("is imported by name on Node", async () => {
    await writeFile(
      join(consumer, "use.js"),
      `import { createWebCryptoProvider, parseReference } from "edge-notary";
import { loadPolicies } from "edge-notary/policy";
import { createApp } from "edge-notary/admission";
import worker from "edge-notary/worker";
const answer = await worker.fetch(new Request("http://localhost/healthz"), {});
const loaded = await loadPolicies([], createWebCryptoProvider());
console.log(JSON.stringify([parseReference("ghcr.io/a/b:1").repository, loaded, typeof createApp, answer.status]));
`,
    );
    const { stdout } = await run(process.execPath, ["use.js"], { cwd: consumer });
    expect(JSON.parse(stdout.split("\n").at(-2) ?? "")).toEqual([
      "a/b",
      { policies: [], exceptions: [], problems: [] },
      "function",
      503,
    ]);
  });

  it.each([
    ["rsa-2048-self", 0, /^verified: sha256:[0-9a-f]{64}\n$/],
    ["impostor", 1, /^failed: sha256:[0-9a-f]{64}\nCannot trust the signer: .*\nCode: SIGNER_NOT_TRUSTED\nNext: /],
  ])("verifies an envelope in a program of a few lines: %s", async (certificate, status, output) => {
    await cp("examples/verify.mjs", join(consumer, "verify.mjs"));
    const files = ["envelopes/jws-rsa-2048-self.jws", `keys/${certificate}.crt.pem`].map((name) =>
      resolve("test/fixtures", name)
    );
    const ended = await run(process.execPath, ["verify.mjs", ...files], { cwd: consumer })
      .then(({ stdout }) => ({ code: 0, stdout }), ({ code, stdout }) => ({ code, stdout }));
    expect(ended.code).toBe(status);
    expect(ended.stdout).toMatch(output);
  });

  it("signs with a key behind HTTP in a program of a few lines", async () => {
    await cp("examples/http-signer.mjs", join(consumer, "http-signer.mjs"));
    const registry = takingRegistry();
    const local = await createLocalSigner(
      parsePrivateKey(await readFile("test/fixtures/keys/p-256-self.test-only.key.pem")),
      parseCertificates(await readFile("test/fixtures/keys/p-256-self.crt.pem")),
    );
    const signal = AbortSignal.timeout(20_000);
    const service = async (request: Request): Promise<Response> => {
      if (new URL(request.url).pathname !== "/key") return await registry.handler(request);
      if (request.method === "POST") {
        const signature = await local.sign(new Uint8Array(await request.arrayBuffer()), { signal });
        return new Response(new Uint8Array(signature));
      }
      const { keySpec, certificateChain } = await local.describeKey({ signal });
      return Response.json({ keySpec, certificateChain: certificateChain.map((der) => encodeBase64(der)) });
    };
    const { url, close } = await serveNode(service, { host: "127.0.0.1", port: 0 });
    try {
      const { digest } = artifact.descriptor;
      const args = ["http-signer.mjs", `${url}/key`, `${new URL(url).host}/a/b@${digest}`];
      const { stdout } = await run(process.execPath, args, { cwd: consumer });
      const [, signed = "", pushed = ""] = /^Signed (\S+) with (\S+)\n$/.exec(stdout) ?? [];
      expect(signed).toBe(digest);
      expect(JSON.parse(new TextDecoder().decode(registry.taken.get(pushed))).subject.digest).toBe(digest);
      const failed = await run(process.execPath, ["http-signer.mjs", `${url}/none`, args[2] ?? ""], { cwd: consumer })
        .then(() => undefined, ({ stdout }) => stdout);
      expect(failed).toMatch(/^Cannot sign: the signer did not describe its key: .*\nCode: ERR_SIGNER\nNext: /);
    } finally {
      await close();
    }
  });

  it("has a program for Node", async () => {
    const program = join(installed, "dist", "edge-notary.js");
    expect((await readFile(program, "utf8")).split("\n", 1)[0]).toBe("#!/usr/bin/env node");
    expect((await stat(program)).mode & 0o111).toBe(0o111);
    const { stdout } = await run(program, ["version"]);
    expect(stdout).toContain(JSON.parse(await readFile("package.json", "utf8")).version);
  });

  it("has a page whose markup names files that are there", async () => {
    const page = await readdir(join(installed, "dist", "page"));
    const html = await readFile(join(installed, "dist", "page", "index.html"), "utf8");
    const named = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((name) => !page.includes(name ?? ""))).toEqual([]);
  });

  it("holds no path of this machine", async () => {
    const names = (await readdir(join(installed, "dist"), { recursive: true })).filter((name) =>
      /\.(js|ts|html|css)$/.test(name)
    );
    expect(names.length).toBeGreaterThan(20);
    const texts = await Promise.all(names.map((name) => readFile(join(installed, "dist", name), "utf8")));
    expect(names.filter((_, index) => texts[index]?.includes(resolve(".")))).toEqual([]);
  });
});
