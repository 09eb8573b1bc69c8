import { beforeAll, describe, expect, it } from "vitest";
import type { Handler } from "../../../src/ports.ts";
import { createFixtureRegistry, fixtureText } from "./fixture_registry.ts";
import { type MemoryHostOptions, runInMemory } from "./memory_host.ts";

interface ImageRow {
  readonly repository: string;
  readonly tag: string;
  readonly verifications: readonly { readonly at: string; readonly trustAnchors: readonly string[] }[];
}

const images = JSON.parse(fixtureText("images.json")) as readonly ImageRow[];

let registry: Handler;
beforeAll(async () => {
  registry = await createFixtureRegistry();
});

/** Runs with the world and a pen, then from what was written. */
async function twice(argv: readonly string[], options: MemoryHostOptions) {
  const recorded = await runInMemory([...argv, "--record", "run.json"], { ...options, registry });
  const bytes = recorded.written.get("run.json") ?? new Uint8Array();
  const files = { ...options.files, "run.json": bytes };
  // Another day, another registry: neither may matter.
  const now = new Date("2031-01-01T00:00:00Z");
  const replayed = await runInMemory([...argv, "--replay", "run.json"], { ...options, files, now });
  return { recorded, replayed, bytes };
}

const NOBODY = /^Warning: Nobody is asked: "run\.json" says what was answered at .*Z\n/;

describe("--record and --replay", () => {
  const rows = images.flatMap(({ repository, tag, verifications }) =>
    verifications.slice(0, 2).map((verification) => ({ image: `${repository}:${tag}`, ...verification }))
  );

  it.each(rows)(
    "verify $image at $at: the same to the byte, and nobody is asked",
    async ({ image, at, trustAnchors }) => {
      const files = Object.fromEntries(trustAnchors.map((path) => [path, fixtureText(path)]));
      const trust = trustAnchors.flatMap((path) => ["--cert", path]);
      for (const form of [["--explain"], ["--output", "json"]]) {
        const argv = ["verify", image, ...trust, ...form];
        const { recorded, replayed } = await twice(argv, { now: new Date(at), files });
        expect(recorded.requests).not.toEqual([]);
        expect(replayed.requests).toEqual([]);
        expect(replayed.stdout).toBe(recorded.stdout);
        expect(replayed.stderr.replace(NOBODY, "")).toBe(recorded.stderr);
        expect(replayed.status).toBe(recorded.status);
      }
    },
  );

  it.each([["inspect"], ["list"], ["discover", "--format", "json"]])("%s shows the same", async (command, ...flags) => {
    const { recorded, replayed } = await twice([command, "ghcr.io/kyverno/test-verify-image:signed", ...flags], {});
    expect(recorded.status).toBe(0);
    expect(replayed).toMatchObject({ status: 0, stdout: recorded.stdout, requests: [] });
  });

  it("answers with other trust than was recorded with", async () => {
    const image = "ghcr.io/kyverno/test-verify-image:signed";
    const cert = (name: string) => ({ [name]: fixtureText(`keys/${name}`) });
    const files = { ...cert("fixture-signer.crt.pem"), ...cert("impostor.crt.pem") };
    const { bytes } = await twice(["verify", image, "--cert", "fixture-signer.crt.pem"], { files });
    const { status, stderr } = await runInMemory([
      "verify",
      image,
      "--cert",
      "impostor.crt.pem",
      "--replay",
      "run.json",
    ], {
      files: { ...files, "run.json": bytes },
    });
    expect(status).toBe(1);
    expect(stderr).toContain("Code: SIGNER_NOT_TRUSTED");
  });

  it("says what the recording has no answer to", async () => {
    const { bytes } = await twice(["list", "ghcr.io/kyverno/test-verify-image:signed"], {});
    const other = ["list", "ghcr.io/kyverno/test-verify-image:unsigned", "--replay", "run.json"];
    const { status, stderr } = await runInMemory(other, { files: { "run.json": bytes } });
    expect(status).toBe(1);
    expect(stderr).toContain("the recording has no answer to it\nCode: ERR_NOT_RECORDED (misconfigured; ");
  });

  it("writes a run that failed", async () => {
    const down = () => new Response("down", { status: 503 });
    const argv = ["list", "ghcr.io/kyverno/test-verify-image:signed", "--record", "run.json"];
    const { status, written } = await runInMemory(argv, { registry: down });
    expect(status).toBe(1);
    const replay = [...argv.slice(0, 2), "--replay", "run.json"];
    const replayed = await runInMemory(replay, { files: { "run.json": written.get("run.json") ?? "" } });
    expect(replayed.status).toBe(1);
    expect(replayed.stderr).toContain("Code: ERR_REGISTRY_UNAVAILABLE");
  });

  it.each([
    [["--record", "a", "--replay", "b"], "--record, --replay cannot be used at the same time", "ERR_USAGE"],
    [["--replay", "missing.json"], "missing.json", "ERR_FILE"],
    [["--replay", "text.txt"], "Cannot read the recording", "ERR_RECORDING"],
  ])("refuses %s", async (flags, says, code) => {
    const { status, stderr, requests } = await runInMemory(["list", "ghcr.io/a/b:1", ...flags], {
      files: { "text.txt": "hello" },
    });
    expect([status, requests]).toEqual([1, []]);
    expect(stderr).toContain(says);
    expect(stderr).toContain(`Code: ${code}`);
  });
});
