import { beforeAll, describe, expect, it } from "vitest";
import { withRecording } from "../../../src/cli/recording.ts";
import { ConfigurationError } from "../../../src/errors.ts";
import type { Handler, Host } from "../../../src/ports.ts";
import { createWebPorts } from "../../../src/runtime/web.ts";
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

  it("asks no file and no program for credentials again: the recording says that there were some", async () => {
    const challenge = { "www-authenticate": 'Bearer realm="https://ghcr.io/token",service="ghcr.io"' };
    const asking: Handler = async (request) => {
      if (new URL(request.url).pathname === "/token") {
        const form = new URLSearchParams(await request.text());
        return Response.json(form.get("refresh_token") === "SECRET" ? { access_token: "t1" } : {});
      }
      const isKnown = request.headers.get("authorization") === "Bearer t1";
      return isKnown ? registry(request) : new Response(null, { status: 401, headers: challenge });
    };
    const image = ["list", "ghcr.io/kyverno/test-verify-image:signed", "--registry-config", "other.json"];
    const recorded = await runInMemory([...image, "--record", "run.json"], {
      registry: asking,
      registryConfig: (_, source) => () => Promise.resolve({ type: "identityToken", token: "SECRET", source }),
    });
    expect(recorded.status).toBe(0);
    const bytes = recorded.written.get("run.json") ?? new Uint8Array();
    expect(new TextDecoder().decode(bytes)).not.toContain("SECRET");
    const replayed = await runInMemory([...image, "--replay", "run.json"], {
      files: { "run.json": bytes },
      registryConfig: () => {
        throw new Error("a program was run");
      },
    });
    expect(replayed).toMatchObject({ status: 0, stdout: recorded.stdout, requests: [] });
  });

  it("takes any credentials in place of those that were typed", async () => {
    const asking: Handler = (request) =>
      request.headers.get("authorization") === `Basic ${btoa("ada:SECRET")}`
        ? registry(request)
        : new Response(null, { status: 401, headers: { "www-authenticate": 'Basic realm="here"' } });
    const image = ["list", "ghcr.io/kyverno/test-verify-image:signed"];
    const recorded = await runInMemory([...image, "-u", "ada", "-p", "SECRET", "--record", "run.json"], {
      registry: asking,
    });
    expect(recorded.status).toBe(0);
    const bytes = recorded.written.get("run.json") ?? new Uint8Array();
    const replay = [...image, "-u", "any", "-p", "other", "--replay", "run.json"];
    const replayed = await runInMemory(replay, { files: { "run.json": bytes } });
    expect(replayed).toMatchObject({ status: 0, stdout: recorded.stdout, requests: [] });
  });

  it("is private, and where it cannot be written the work's own error is the one that is told", async () => {
    const said: string[] = [];
    const options: unknown[] = [];
    const host: Partial<Host> = {
      ports: createWebPorts({ write: () => {} }),
      writeError: (text) => void said.push(text),
      writeFile: (_, __, how) => {
        options.push(how);
        return Promise.reject(new ConfigurationError("ERR_FILE", "Cannot write: the disk is full"));
      },
    };
    const run = (work: () => Promise<number>) =>
      withRecording({ record: "run.json", replay: undefined }, host as Host, work);
    await expect(run(() => Promise.reject(new Error("the work's")))).rejects.toThrow("the work's");
    expect(said).toEqual(["Warning: Cannot write: the disk is full\n"]);
    await expect(run(() => Promise.resolve(0))).rejects.toMatchObject({ code: "ERR_FILE" });
    expect(options).toEqual(Array(2).fill({ replace: true, isPrivate: true }));
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
