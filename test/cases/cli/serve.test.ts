import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isLoopback, parseListenAddress } from "../../../src/cli/listen.ts";
import { curlLines } from "../../../src/cli/render/startup.ts";
import type { CredentialSource, Handler, ServeOptions } from "../../../src/ports.ts";
import { fixturePath } from "./fixture_registry.ts";
import { type MemoryHostOptions, runInMemory } from "./memory_host.ts";

interface Served {
  readonly handler: Handler;
  readonly options: ServeOptions;
}

/** Runs `serve` until everything listens, then stops it. */
async function serve(argv: readonly string[], options: MemoryHostOptions = {}) {
  const served: Served[] = [];
  const ran = await runInMemory(["serve", ...argv], {
    ...options,
    serve: (handler, serveOptions) => void served.push({ handler, options: serveOptions }),
  });
  return { ...ran, served };
}

const policy = readFileSync(new URL("../../../examples/check-image-notary.yaml", import.meta.url), "utf8");
const review = (name: string) => readFileSync(new URL(`../../../examples/${name}-pod.json`, import.meta.url), "utf8");

describe("parseListenAddress()", () => {
  it.each([
    ["127.0.0.1:9443", { host: "127.0.0.1", port: 9443 }],
    ["[::1]:0", { host: "::1", port: 0 }],
    ["localhost:80", { host: "localhost", port: 80 }],
    [":8443", { host: "::", port: 8443 }],
  ])("reads %s", (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
  });

  it.each(["", "9443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "a b:80", "http://127.0.0.1:80"])(
    "refuses %j",
    (text) => {
      expect(() => parseListenAddress(text)).toThrowError(expect.objectContaining({ code: "ERR_USAGE" }) as Error);
    },
  );
});

describe("isLoopback()", () => {
  it.each(["127.0.0.1", "127.255.255.254", "::1", "localhost", "LOCALHOST"])("%s is", (host) => {
    expect(isLoopback(host)).toBe(true);
  });
  it.each(["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.com", "128.0.0.1", "127.0.0.256", "localhost.example"])(
    "%s is not",
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe("serve refuses to listen where other machines reach it", () => {
  const files = { "p.yaml": policy, token: "0123456789abcdef\n" };
  it.each([
    [["--listen", "0.0.0.0:9443", "--policy", "p.yaml"], "without --token-file"],
    [["--listen", ":9443", "--policy", "p.yaml"], "without --token-file"],
    [["--listen", "10.1.2.3:9443", "--policy", "p.yaml"], "without --token-file"],
    [["--listen", "0.0.0.0:9443", "--demo", "--token-file", "token"], "with --demo"],
  ])("%j", async (argv, reason) => {
    const { status, stderr, served } = await serve(argv, { files });
    expect(status).toBe(1);
    expect(stderr).toContain(reason);
    expect(served).toEqual([]);
  });

  it("but listens there with tokens, and says what goes in the clear without TLS", async () => {
    const { status, stderr, served } = await serve(
      ["--listen", "0.0.0.0:9443", "--policy", "p.yaml", "--token-file", "token"],
      { files },
    );
    expect(status).toBe(0);
    expect(stderr).toContain("Warning: no --tls-cert");
    const [{ handler, options }] = served as [Served];
    expect(options).toEqual({ host: "0.0.0.0", port: 9443 });
    const ask = (token?: string) =>
      handler(
        new Request("http://10.1.2.3:9443/mutate", {
          method: "POST",
          headers: {
            "content-type": "application/json",
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
          body: "{}",
        }),
      );
    expect((await ask()).status).toBe(401);
    expect((await ask("0123456789abcdeX")).status).toBe(401);
    expect((await ask("0123456789abcdef")).status).toBe(400);
  });

  it.each([
    ["an empty token file", { token: "\n" }],
    ["a short token", { token: "short" }],
  ])("not with %s", async (_, override) => {
    const argv = ["--listen", "0.0.0.0:9443", "--policy", "p.yaml", "--token-file", "token"];
    const { status, stderr, served } = await serve(argv, { files: { ...files, ...override } });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Code: ERR_CONFIG /m);
    expect(stderr).not.toContain("short\n");
    expect(served).toEqual([]);
  });
});

describe("serve --demo", () => {
  it("admits the signed Pod pinned, blocks the unsigned one, and tells how to try it", async () => {
    const served: Served[] = [];
    // The demo's registry is the first to listen; requests for ghcr.io reach it through the mirror.
    const registry: Handler = (request) => (served[0] as Served).handler(request);
    const stop = new AbortController();
    const running = runInMemory(["serve", "--demo", "--port", "0"], {
      registry,
      interruption: stop.signal,
      now: new Date("2026-11-24T00:00:00Z"),
      serve: (handler, options) => {
        served.push({ handler, options });
      },
    });
    const ask = async (name: string) => {
      const request = new Request("http://127.0.0.1/mutate?timeout=10s", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: review(name),
      });
      const response = await (served[1] as Served).handler(request);
      return (await response.json() as { readonly response: Record<string, unknown> }).response;
    };
    while (served.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    const signed = await ask("signed");
    const unsigned = await ask("unsigned");
    stop.abort();
    const { status, stdout } = await running;
    expect(signed["allowed"]).toBe(true);
    expect(atob(String(signed["patch"]))).toMatch(
      /"ghcr\.io\/kyverno\/test-verify-image:signed@sha256:[0-9a-f]{64}"/,
    );
    expect(unsigned["allowed"]).toBe(false);
    expect(JSON.stringify(unsigned["status"])).toContain("no signature is associated with");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Listening on http:\/\/127\.0\.0\.1:0$/m);
    expect(stdout).toMatch(/^ {2}page +http:\/\/127\.0\.0\.1:0\/$/m);
    expect(stdout).toMatch(/^Policies loaded: 1\n {2}check-image-notary /m);
    expect(stdout.match(/^ {2}curl /gm)).toHaveLength(3);
    expect(served.map(({ options }) => options.host)).toEqual(["127.0.0.1", "127.0.0.1"]);
  });
});

describe("serve --policy", () => {
  it("loads folders by name, lists what is ignored, and stands not ready while a policy is refused", async () => {
    const files = {
      "policies/a.yaml": policy,
      "policies/b.yaml": policy.replace("imageReferences", "imageReference"),
      "policies/readme.txt": "not a policy",
    };
    const { status, stdout, served } = await serve(["--policy", "policies"], { files });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Policies loaded: 1\n {2}check-image-notary \(policies\/a\.yaml/m);
    expect(stdout).toMatch(/^Problems in policies: \d; until/m);
    expect(stdout).toMatch(/^ {2}policies\/b\.yaml:\d+:\d+: \S.*imageReference.*\(ERR_POLICY\w*\)$/m);
    const response = await (served[0] as Served).handler(new Request("http://127.0.0.1/readyz"));
    expect(response.status).toBe(503);
  });

  it.each([
    ["a folder without policies", { "policies/readme.txt": "" }, "ERR_FILE"],
    ["a file that is no text", { policies: new Uint8Array([0xff, 0xfe]) }, "ERR_YAML"],
  ])("refuses %s", async (_, files, code) => {
    const { status, stderr } = await serve(["--policy", "policies"], { files });
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`^Code: ${code} `, "m"));
  });
});

describe("curlLines()", () => {
  it("quotes what a shell would read, and carries token and certificate authority", () => {
    const lines = curlLines({
      url: "https://127.0.0.1:9443",
      policies: [],
      problems: [],
      examples: "/it's here/examples",
      tokenFile: "my token",
      tlsCertificateFile: fixturePath("keys/fixture-signer.crt.pem"),
    });
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain(`--data-binary @'/it'\\''s here/examples/signed-pod.json'`);
    for (const line of lines) {
      expect(line).toMatch(/^curl -sSw '\\n' --cacert \S+ -H "authorization: Bearer \$\(head -n 1 'my token'\)" /);
    }
  });
});

describe("serve --offline", () => {
  it("looks for no credentials: clouds and programs that know some would be asked", async () => {
    const asked: string[] = [];
    const credentials: CredentialSource = ({ host }) => {
      asked.push(host);
      return Promise.resolve(undefined);
    };
    const decide = async (...more: readonly string[]) => {
      const options = { files: { "p.yaml": policy }, credentials, registryConfig: () => credentials };
      const { served } = await serve(["--policy", "p.yaml", ...more], options);
      const headers = { "content-type": "application/json" };
      const request = new Request("http://localhost/mutate", { method: "POST", headers, body: review("signed") });
      return await (await served[0]?.handler(request))?.json() as { readonly response: { readonly allowed: boolean } };
    };
    expect((await decide()).response.allowed).toBe(false);
    expect(new Set(asked.splice(0))).toEqual(new Set(["ghcr.io"]));
    expect((await decide("--offline")).response.allowed).toBe(false);
    expect((await decide("--offline", "--registry-config", "auth.json")).response.allowed).toBe(false);
    expect(asked).toEqual([]);
  });
});
