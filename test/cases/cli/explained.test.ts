/**
 * What `verify --explain` says of refused signatures, whole: read it as someone who has never met the Notary Project.
 */
import { describe, expect, it } from "vitest";
import { PLAIN } from "../../../src/cli/render/colours.ts";
import { EXPLANATION_COLUMNS, renderExplanation } from "../../../src/cli/render/explain.ts";
import { CODES, refusal } from "../../../src/errors.ts";
import type { ArtifactOutcome, VerificationOutcome } from "../../../src/notary/mod.ts";
import { sleep } from "../../../src/runtime/web.ts";
import { notationFiles, NOW, REFERENCE, type Scene, sceneRegistry, SCENES } from "./explained_scenes.ts";
import { runInMemory } from "./memory_host.ts";

const verify = (scene: Scene, ...flags: readonly string[]) =>
  runInMemory(["verify", REFERENCE, ...flags, ...(scene.flags ?? [])], {
    registry: sceneRegistry(scene),
    files: notationFiles(scene),
    variables: { NOTATION_CONFIG: "/etc/notation" },
    now: NOW,
    sleep,
  });

/** A hash, or the beginning of one. */
const HASH = /\b[0-9a-f]{64}\b|\b[0-9a-f]{16}(?=…)/g;

/** Keys are made anew for each run: every hash becomes its number among the hashes, as long as it was. */
function numbered(output: string): string {
  const beginnings = [...new Set(output.match(HASH)?.map((hash) => hash.slice(0, 16)))];
  return output.replace(HASH, (hash) => {
    const number = `${beginnings.indexOf(hash.slice(0, 16)) + 1}`.padStart(2, "0");
    return number.repeat(hash.length / 2);
  });
}

describe.each(SCENES)("$name", (scene) => {
  it("is explained", async () => {
    const { status, stdout, stderr } = await verify(scene, "--explain");
    expect(status).toBe(1);
    const told = numbered(`${stdout}--- standard error ---\n${stderr}`);
    await expect(told).toMatchFileSnapshot(`../../fixtures/explained/${scene.name}.txt`);
  });

  it("says what happened, why and what to do, within the columns", async () => {
    const { stdout } = await verify(scene, "--explain");
    expect(stdout).toContain(scene.code);
    expect(stdout).toMatch(scene.signatures.length === 0 ? /^Reason: \S/m : /^ {4}What: \S/m);
    expect(stdout).toMatch(/^ *Why: +\S/m);
    expect(stdout).toMatch(/^Next: +\S/m);
    const long = stdout.split("\n").filter((line) => [...line].length > EXPLANATION_COLUMNS);
    expect(long.filter((line) => !/^ *\S*(sha256[:-])?[0-9a-f]{64}\S*$/.test(line))).toEqual([]);
  });

  it("is the same data as JSON", async () => {
    const [output, format] = await Promise.all([verify(scene, "-o", "json"), verify(scene, "--format", "json")]);
    expect(format.stdout).toBe(output.stdout);
    const told = JSON.parse(output.stdout) as {
      readonly refusal: { readonly code: string; readonly nextStep: string };
      readonly signatures: readonly {
        readonly chain: { readonly certificates: readonly { readonly rules: unknown[] }[] };
      }[];
    };
    expect(told.refusal.code).toBe(scene.code);
    expect(told.refusal.nextStep).toBe(CODES[scene.code as keyof typeof CODES].nextStep);
    const { stdout } = await verify(scene, "--explain");
    for (const { chain } of told.signatures) {
      for (const { rules } of chain.certificates) expect(rules.length).toBeGreaterThan(5);
      expect(stdout).toContain(`${chain.certificates[0]?.rules.length} passed`);
    }
  });
});

describe("signatures that were not tried", () => {
  const skipped = { status: "skipped", reason: "not reached" } as const;
  const late: VerificationOutcome = {
    certificateChain: [],
    validations: {
      integrity: {
        action: "enforce",
        result: { status: "inconclusive", refusal: refusal("ERR_DEADLINE", "Cannot try this signature"), evidence: {} },
      },
      authenticity: { action: "enforce", result: skipped },
      expiry: { action: "enforce", result: skipped },
      authenticTimestamp: { action: "enforce", result: skipped },
      revocation: { action: "enforce", result: skipped },
    },
    targetArtifact: skipped,
    userMetadata: {},
  };
  const outcome: ArtifactOutcome = {
    reference: "r.example/a@sha256:00",
    descriptor: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: "sha256:00", size: 1 },
    verdict: "inconclusive",
    outcomes: [late],
    signatureCount: 5,
    refusal: refusal("ERR_DEADLINE", "Cannot verify"),
    asked: [],
  };

  it.each<[string, Partial<ArtifactOutcome>, string]>([
    ["for want of time", {}, "the time was over"],
    ["for the limit", { limit: 1 }, "--max-signatures is 1"],
    ["for a good one", { verdict: "verified" }, "one good signature is enough"],
  ])("%s", (_, changes, reason) => {
    const told = renderExplanation({ ...outcome, ...changes }, "r.example/a:1", PLAIN);
    expect(told).toContain(`Others: 4 of 5 signatures not tried: ${reason}\n`);
  });
});
