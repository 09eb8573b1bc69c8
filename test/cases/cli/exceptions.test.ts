/** `serve` heeds PolicyExceptions only where both flags say so. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Handler } from "../../../src/ports.ts";
import { createFixtureRegistry } from "./fixture_registry.ts";
import { runInMemory } from "./memory_host.ts";

const example = (name: string) => readFileSync(new URL(`../../../examples/${name}`, import.meta.url), "utf8");
const exception = JSON.stringify({
  apiVersion: "kyverno.io/v2",
  kind: "PolicyException",
  metadata: { name: "legacy", namespace: "exceptions" },
  spec: {
    match: { any: [{ resources: { kinds: ["Pod"] } }] },
    exceptions: [{ policyName: "check-image-notary", ruleNames: ["*"] }],
  },
});

/** Serves with the exception in a policy file, and asks once about the unsigned Pod. */
const decide = (...argv: readonly string[]) => decideWith({ policies: exception }, ...argv);

/** The same with the exception where the test says. */
async function decideWith(
  { policies, resources }: { readonly policies?: string; readonly resources?: string },
  ...argv: readonly string[]
) {
  let handler: Handler | undefined;
  const stop = new AbortController();
  const more = [
    ...(policies === undefined ? [] : ["--policy", "e.yaml"]),
    ...(resources === undefined ? [] : ["--resources", "r.yaml"]),
  ];
  const running = runInMemory(["serve", "--policy", "p.yaml", ...more, ...argv], {
    registry: await createFixtureRegistry(),
    files: { "p.yaml": example("check-image-notary.yaml"), "e.yaml": policies ?? "", "r.yaml": resources ?? "" },
    interruption: stop.signal,
    serve: (given) => void (handler = given),
  });
  for (let tries = 0; handler === undefined && tries < 400; tries++) await new Promise((done) => setTimeout(done, 5));
  const response = await handler?.(
    new Request("http://127.0.0.1/mutate?timeout=10s", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: example("unsigned-pod.json"),
    }),
  );
  stop.abort();
  const { stdout, stderr } = await running;
  if (response === undefined) throw new Error(stderr);
  const { allowed } = (await response.json() as { readonly response: { readonly allowed: boolean } }).response;
  return { allowed, stdout, stderr };
}

describe("serve", () => {
  const ignored: readonly (readonly [flags: readonly string[], why: string])[] = [
    [[], "PolicyException resources would not be processed until it is enabled."],
    [["--exception-namespace", "*"], "PolicyException resources would not be processed until it is enabled."],
    [["--enable-policy-exceptions"], "The exceptionNamespace flag is not set"],
    [
      ["--enable-policy-exceptions", "--exception-namespace", "other"],
      "PolicyException resource namespace must match the defined namespace.",
    ],
  ];

  it.each(ignored)("with %j passes an exception over, and says why", async (flags, why) => {
    const { allowed, stdout, stderr } = await decide(...flags);
    expect(allowed).toBe(false);
    expect(stderr).toContain(`exception legacy (e.yaml): ${why}`);
    expect(stdout).not.toContain("Exceptions heeded");
  });

  it.each(["exceptions", "*"])("heeds it with --exception-namespace %s", async (namespace) => {
    const { allowed, stdout, stderr } = await decide("--enable-policy-exceptions", "--exception-namespace", namespace);
    expect(allowed).toBe(true);
    expect(stdout).toContain("Exceptions heeded: 1\n  exceptions/legacy (e.yaml)");
    expect(stderr).not.toContain("exception legacy");
  });
});

describe("serve --resources", () => {
  it("heeds the exceptions among them, where both flags say so", async () => {
    const flags = ["--enable-policy-exceptions", "--exception-namespace", "exceptions"];
    expect((await decideWith({ resources: exception }, ...flags)).allowed).toBe(true);
    expect((await decideWith({ resources: exception }, "--enable-policy-exceptions")).allowed).toBe(false);
    expect((await decideWith({ resources: exception })).allowed).toBe(false);
  });
});
