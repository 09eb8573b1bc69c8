/** `serve --demo` on Node: the three lines it prints, typed into a shell as they are. */
import { Buffer } from "node:buffer";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeIf } from "../requirements.ts";

const run = promisify(execFile);

describeIf("curl", "the lines that serve prints to try", () => {
  let child: ChildProcess;
  let ended: Promise<number | null>;
  let lines: readonly string[] = [];

  beforeAll(async () => {
    const argv = ["--import", "tsx", "src/cli/main.ts", "serve", "--demo", "--port", "0"];
    child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "ignore"] });
    ended = new Promise((resolve) => child.on("exit", resolve));
    let greeting = "";
    await new Promise<void>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`serve ended with ${code}: ${greeting}`)));
      child.stdout?.on("data", (chunk) => {
        greeting += chunk;
        if (greeting.includes("Ctrl-C")) resolve();
      });
    });
    lines = greeting.match(/^ {2}curl .*$/gm) ?? [];
  }, 30_000);
  afterAll(async () => {
    child.kill("SIGINT");
    expect(await ended).toBe(0);
  });

  const typed = async (line: number) => {
    const { stdout, stderr } = await run("sh", ["-c", lines[line] ?? "false"], { timeout: 20_000 });
    expect(stderr).toBe("");
    expect(stdout.endsWith("\n")).toBe(true);
    return JSON.parse(stdout);
  };

  it("are three", () => {
    expect(lines).toHaveLength(3);
  });

  it("admit the signed Pod and pin it", async () => {
    const { response } = await typed(0);
    expect(response).toMatchObject({ allowed: true, patchType: "JSONPatch" });
    expect(Buffer.from(response.patch, "base64").toString("utf8")).toMatch(
      /"ghcr\.io\/kyverno\/test-verify-image:signed@sha256:[0-9a-f]{64}"/,
    );
  });

  it("block the unsigned Pod and say why", async () => {
    const { response } = await typed(1);
    expect(response.allowed).toBe(false);
    expect(response.status.message).toMatch(/no signature is associated with[\s\S]*was signed successfully'\n$/);
  });

  it("tell that it is ready", async () => {
    expect(await typed(2)).toEqual({ status: "ready", policies: ["check-image-notary"], expiring: [], problems: [] });
  });
});
