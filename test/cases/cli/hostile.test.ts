/** Registries that answer what they should not: a code, an exit code, and nothing raw on the terminal. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Handler } from "../../../src/ports.ts";
import { fixturePath } from "./fixture_registry.ts";
import { type Ran, runInMemory } from "./memory_host.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const SIGNATURE = "application/vnd.cncf.notary.signature";
const ESCAPES = "\u001b[2J\u001b]0;owned\u0007\r\u009b31m\u202e";

const sha256 = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const image = JSON.stringify({
  schemaVersion: 2,
  mediaType: MANIFEST,
  config: { mediaType: "a/b", digest: sha256("{}"), size: 2 },
  layers: [],
});

function answer(text: string, mediaType: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(text, {
    headers: { "content-type": mediaType, "docker-content-digest": sha256(text), ...headers },
  });
}

/** A registry with one image, whose referrers and blobs are what the test says. */
function withReferrers(
  referrers: readonly unknown[],
  blobs: Readonly<Record<string, () => Response>> = {},
): Handler {
  return (request) => {
    const path = new URL(request.url).pathname;
    if (path.endsWith("/manifests/t") || path.endsWith(`/manifests/${sha256(image)}`)) {
      const found = answer(image, MANIFEST, { "content-length": String(image.length) });
      return request.method === "HEAD" ? new Response(null, { headers: found.headers }) : found;
    }
    if (path.includes("/referrers/")) {
      const own = path.endsWith(sha256(image)) ? referrers : [];
      return answer(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: own }), INDEX);
    }
    const name = Object.keys(blobs).find((digest) => path.endsWith(`/${digest}`));
    return name === undefined ? new Response("{}", { status: 404 }) : (blobs[name] as () => Response)();
  };
}

const REFERENCE = "r.example/a:t";
const commands = [
  ["inspect", REFERENCE],
  ["discover", REFERENCE],
  ["verify", REFERENCE, "--cert", fixturePath("keys/fixture-signer.crt.pem")],
] as const satisfies readonly (readonly string[])[];

function expectClean({ stdout, stderr }: Ran): void {
  // deno-lint-ignore no-control-regex
  expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
}

const always = (response: () => Response): Handler => () => response();

describe.each(commands.map((argv) => [argv[0], argv] as const))("%s", (_, argv) => {
  it.each([
    [
      "an error with escape sequences",
      always(() =>
        new Response(JSON.stringify({ errors: [{ code: `DENIED${ESCAPES}`, message: ESCAPES }] }), {
          status: 403,
          headers: { "content-type": "application/json" },
        })
      ),
      "ERR_REGISTRY_",
    ],
    [
      "a page in place of an answer",
      always(() => new Response(`<html>${ESCAPES}`, { status: 200, headers: { "content-type": "text/html" } })),
      "ERR_",
    ],
    ["a failure", always(() => new Response(ESCAPES, { status: 500 })), "ERR_REGISTRY_UNAVAILABLE"],
    ["a refusal without a challenge", always(() => new Response("", { status: 401 })), "ERR_REGISTRY_UNAUTHORIZED"],
    ["too many requests", always(() => new Response("", { status: 429 })), "ERR_REGISTRY_LIMITED"],
    [
      "a redirect to a metadata service",
      always(() => new Response(null, { status: 307, headers: { location: "http://169.254.169.254/latest" } })),
      "ERR_REGISTRY_REFUSED",
    ],
    [
      "a manifest of a hundred megabytes",
      ((request) => {
        const headers = { "content-type": MANIFEST, "content-length": String(100 * 1024 * 1024) };
        if (request.method === "HEAD") return new Response(null, { headers });
        return new Response(endless(), { headers });
      }) satisfies Handler,
      "ERR_TOO_LARGE",
    ],
  ])("%s", async (_, registry, code) => {
    const ran = await runInMemory(argv, { registry });
    expect(ran.status).toBe(1);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toMatch(/^Error/m);
    expect(ran.stderr).toMatch(new RegExp(`^Code: ${code}`, "m"));
    expectClean(ran);
  });
});

/** Bytes without end. */
function endless(): ReadableStream<Uint8Array> {
  const chunk = new Uint8Array(1024 * 1024);
  return new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
}

describe("signatures that cannot be read", () => {
  const deep = "[".repeat(100_000);
  const list = (
    text: string,
  ) => [{ mediaType: MANIFEST, digest: sha256(text), size: text.length, artifactType: SIGNATURE }];
  it.each([
    ["a manifest with deep nesting", deep, "ERR_"],
    ["a manifest with a name twice", '{"schemaVersion":2,"schemaVersion":2}', "ERR_"],
    ["a manifest that is no object", `"${"x".repeat(20)}"`, "ERR_"],
    [
      "a manifest with escape sequences",
      JSON.stringify({ schemaVersion: 2, mediaType: ESCAPES, config: {}, layers: [] }),
      "ERR_",
    ],
  ])("%s: inspect skips it with a warning, verify denies", async (_, text, code) => {
    const registry = withReferrers(list(text), { [sha256(text)]: () => answer(text, MANIFEST) });
    const inspected = await runInMemory(["inspect", REFERENCE], { registry });
    expect(inspected.status).toBe(1);
    expect(inspected.stdout).toBe(`r.example/a@${sha256(image)} has no associated signature\n`);
    expect(inspected.stderr).toMatch(
      new RegExp(`^Warning: unable to fetch signature ${sha256(text)} due to error: .*\\(${code}`, "m"),
    );
    expect(inspected.stderr).toContain("Error: at least one signature was skipped and not displayed\n");
    expectClean(inspected);
    const verify = commands[2];
    const verified = await runInMemory(verify, { registry });
    expect(verified.status).toBe(1);
    expect(verified.stdout).toBe("");
    expectClean(verified);
  });
});

describe("discover", () => {
  it("prints types and annotations of strangers on one line each", async () => {
    const stranger = {
      mediaType: MANIFEST,
      digest: sha256("x"),
      size: 1,
      artifactType: `t/y${ESCAPES}`,
      annotations: { [`k${ESCAPES}`]: `v\n└── fake${ESCAPES}` },
    };
    for (const format of ["tree", "json", "table"]) {
      const ran = await runInMemory(["discover", REFERENCE, "--format", format], {
        registry: withReferrers([stranger]),
      });
      expectClean(ran);
      expect(ran.status).toBe(0);
      expect(ran.stdout).toContain("fake");
      expect(ran.stdout.split("\n").filter((line) => /^ *└── fake/.test(line))).toEqual([]);
    }
  });
});

describe("a registry that cannot be reached", () => {
  it("is not an image without signatures", async () => {
    const down: Handler = (request) => {
      if (new URL(request.url).pathname.includes("/referrers/")) throw new TypeError("connection refused");
      return withReferrers([])(request);
    };
    for (const argv of commands) {
      const ran = await runInMemory(argv, { registry: down });
      expect(ran.status).toBe(1);
      expect(ran.stderr).toMatch(/^Code: ERR_REGISTRY_UNAVAILABLE \(unavailable; a retry may help\)$/m);
      expect(ran.stdout + ran.stderr).not.toContain("no signature is associated");
    }
  });
});
