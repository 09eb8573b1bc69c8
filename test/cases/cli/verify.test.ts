import { beforeAll, describe, expect, it } from "vitest";
import { EXPLANATION_COLUMNS } from "../../../src/cli/render/explain.ts";
import type { Handler } from "../../../src/ports.ts";
import { createFixtureRegistry, fixturePath, fixtureText } from "./fixture_registry.ts";
import { runInMemory } from "./memory_host.ts";

interface ImageRow {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly verifications: readonly {
    readonly at: string;
    readonly trustAnchors: readonly string[];
    readonly verdict: "verified" | "failed";
  }[];
}

const images = JSON.parse(fixtureText("images.json")) as readonly ImageRow[];
const deviating = new Set(
  // An image whose only signature hangs on another image: notation believes the tag, the specification does not.
  ["foreign-subject"],
);

let registry: Handler;
beforeAll(async () => {
  registry = await createFixtureRegistry();
});

const certificate = (name: string) => fixturePath(`keys/${name}.crt.pem`);
const verify = (...args: readonly string[]) => runInMemory(["verify", ...args], { registry });

describe("verify exits as notation does", () => {
  const rows = images.flatMap(({ repository, tag, verifications }) =>
    verifications.map((verification) => ({ repository, tag, ...verification }))
  );
  it.each(rows.filter(({ tag }) => !deviating.has(tag)))("$repository:$tag $verdict at $at", async (row) => {
    const { repository, tag, trustAnchors, verdict, at } = row;
    const trust = trustAnchors.flatMap((anchor) => ["--cert", fixturePath(anchor)]);
    const { status, stdout, stderr } = await runInMemory(["verify", `${repository}:${tag}`, ...trust], {
      registry,
      now: new Date(at),
    });
    expect(status).toBe(verdict === "verified" ? 0 : 1);
    if (verdict === "verified") expect(stdout).toMatch(/^Successfully verified signature for .*@sha256:[0-9a-f]{64}\n/);
    else {
      expect(stdout).toBe("");
      expect(stderr).toMatch(/^Error: signature verification failed/m);
      expect(stderr).toMatch(/^Code: [A-Z_]+ \(/m);
    }
  });
});

describe("verify --explain", () => {
  const signed = "ghcr.io/kyverno/test-verify-image:signed";

  it("shows what was checked, against what and the result, and ends with notation's sentence", async () => {
    const { status, stdout } = await verify(signed, "--cert", certificate("fixture-signer"), "--explain");
    expect(status).toBe(0);
    const marks = stdout.match(/^ {2}(passed|failed|inconclusive|skipped) +(.+) \(enforce\)$/gm) ?? [];
    expect(marks.map((mark) => mark.trim().split(/ {2,}/))).toEqual([
      ["passed", "integrity (enforce)"],
      ["passed", "authenticity (enforce)"],
      ["passed", "expiry (enforce)"],
      ["passed", "authentic timestamp (enforce)"],
      ["passed", "revocation (enforce)"],
      ["passed", "target artifact (enforce)"],
    ]);
    expect(stdout).toContain("Signer: CN=test,O=Notary,L=Seattle,ST=WA,C=US\n");
    expect(stdout).toContain("algorithm: RSASSA-PSS-SHA-256\n");
    expect(stdout).toMatch(/\nVerdict: verified\n\nSuccessfully verified signature for ghcr\.io\/.*\n$/);
  });

  it("shows of a foreign signature what refused it and what to do", async () => {
    const { status, stdout, stderr } = await verify(signed, "--cert", certificate("impostor"), "--explain");
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ {2}failed +authenticity \(enforce\)$/m);
    expect(stdout).toMatch(/^ {4}Code: SIGNER_NOT_TRUSTED \(denied/m);
    expect(stdout).toMatch(/^ {4}Why: {2}The trust store holds a certificate of the same name/m);
    expect(stdout).toMatch(/^ {4}Next: \S/m);
    expect(stderr).toMatch(/^Error: signature verification failed for all the signatures associated with ghcr/m);
    expect(stderr).toMatch(/^Code: SIGNER_NOT_TRUSTED \(denied; a retry does not help\)$/m);
    // What --explain has said is not said again.
    expect(stderr).not.toContain("Signature sha256:");
  });

  it("shows where signatures of an unsigned image were looked for", async () => {
    const image = "ghcr.io/kyverno/test-verify-image:unsigned";
    const { stdout, stderr } = await verify(image, "--cert", certificate("fixture-signer"), "--explain");
    expect(stdout).toMatch(
      /^Asked: {2}referrers-api: answered\n {8}\/v2\/kyverno\/test-verify-image\/referrers\/sha256:/m,
    );
    expect(stdout).toMatch(/^Asked: {2}referrers-tag: nothing there\n {8}sha256-[0-9a-f]{64}$/m);
    expect(stderr).toMatch(/^Code: SIGNATURE_MISSING \(denied; a retry does not help\)$/m);
  });

  it.each(images.filter(({ repository }) => /tampered|several|index|wrong/.test(repository)))(
    "keeps $repository:$tag within the columns",
    async ({ repository, tag }) => {
      const { stdout } = await verify(`${repository}:${tag}`, "--cert", certificate("fixture-signer"), "--explain");
      const explanation = stdout.slice(0, stdout.lastIndexOf("Verdict:"));
      expect(explanation).not.toBe("");
      const long = explanation.split("\n").filter((line) => line.length > EXPLANATION_COLUMNS);
      expect(long.filter((line) => !/^ *\S*sha256[:-][0-9a-f]{64}\S*$/.test(line))).toEqual([]);
    },
  );

  it("paints on terminals that want it and nowhere else", async () => {
    const argv = ["verify", signed, "--cert", certificate("fixture-signer"), "--explain"];
    const painted = await runInMemory(argv, { registry, isTerminal: true });
    const plain = await runInMemory(argv, { registry });
    const declined = await runInMemory(argv, { registry, isTerminal: true, variables: { NO_COLOR: "1" } });
    expect(painted.stdout).toContain("\u001b[32mpassed");
    // deno-lint-ignore no-control-regex
    expect(painted.stdout.replace(/\u001b\[\d+m/g, "")).toBe(plain.stdout);
    expect(declined.stdout).toBe(plain.stdout);
  });
});

describe("verify --output json", () => {
  it("is the same data, with user metadata only of a verified signature", async () => {
    const args = ["registry.example/metadata:jws", "--cert", certificate("fixture-signer"), "-o", "json"];
    const { status, stdout } = await verify(...args);
    expect(status).toBe(0);
    const outcome = JSON.parse(stdout) as {
      readonly verdict: string;
      readonly signatures: readonly {
        readonly userMetadata?: unknown;
        readonly validations: Record<string, unknown>;
      }[];
    };
    expect(outcome.verdict).toBe("verified");
    const names = ["integrity", "authenticity", "expiry", "authenticTimestamp", "revocation", "targetArtifact"];
    expect(Object.keys(outcome.signatures[0]?.validations ?? {})).toEqual(names);
    expect(outcome.signatures[0]?.userMetadata).toMatchObject({ buildId: "101", größe: "naïve ☃" });
    const foreign = await verify("registry.example/metadata:jws", "--cert", certificate("impostor"), "-o", "json");
    expect(foreign.status).toBe(1);
    expect(JSON.parse(foreign.stdout)).toMatchObject({
      verdict: "failed",
      refusal: { code: "SIGNER_NOT_TRUSTED", class: "denied", retry: false },
      signatures: [{ verdict: "failed", validations: { authenticity: { status: "failed", action: "enforce" } } }],
    });
    expect(foreign.stdout).not.toContain("buildId");
  });
});

describe("verify refuses certificate files that are none", () => {
  const pem = fixtureText("keys/fixture-signer.crt.pem");
  it.each([
    ["empty", "", "ERR_CONFIG"],
    ["text around PEM", `subject=CN = test\n${pem}`, "ERR_CONFIG"],
    ["a key", fixtureText("keys/fixture-signer.test-only.key.pem"), "ERR_CONFIG"],
    ["not DER", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "ERR_CONFIG"],
    ["controls", "\u001b[2J", "ERR_CONFIG"],
    ["too large", pem.repeat(1000), "ERR_FILE"],
  ])("%s", async (_, content, code) => {
    const { status, stdout, stderr, requests } = await runInMemory(
      ["verify", "r.example/a:1", "--cert", "signer.crt"],
      { files: { "signer.crt": content } },
    );
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain('"signer.crt"');
    expect(stderr).toMatch(new RegExp(`^Code: ${code} \\(misconfigured`, "m"));
    expect(requests).toEqual([]);
    // deno-lint-ignore no-control-regex
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});
