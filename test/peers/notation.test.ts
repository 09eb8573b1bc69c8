/**
 * The real notation and this program judge every fixture alike: images in both kinds of registry, and envelopes alone,
 * where notation-core-go is asked too. What differs is on the closed list.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { STRICT, verdict, verifyEnvelopeBytes } from "../../src/notary/mod.ts";
import type { Descriptor } from "../../src/oci/mod.ts";
import { parseCertificates } from "../../src/x509/mod.ts";
import { describeIf } from "../run/requirements.ts";
import { expectSame } from "./deviations.ts";
import { expectForeignLeftOut, expectUnited, signatureRule } from "./referrer_differences.ts";
import {
  type BothRegistries,
  type FixtureImage,
  images,
  openBothRegistries,
  readFixture,
  REGISTRY_KINDS,
} from "./side_by_side.ts";
import { mustRun, type ToolResult } from "./tools.ts";

/** Trusted by none of the images that are judged with it. */
const STRANGER = "keys/rsa-3072-self.crt.pem";
const RULES = { united: "referrers-united", foreign: "foreign-subject" } as const;

const anchorsOf = (image: FixtureImage): readonly string[] => image.verifications.at(-1)?.trustAnchors ?? [];
const verdictOf = ({ exitCode }: ToolResult) => exitCode === 0 ? "verified" : "failed";

/** The table of user metadata with its rows sorted: notation prints them in the order of a Go map. */
function sortMetadata(text: string): string {
  const [before, rows] = text.split(/(?<=^KEY +VALUE +\n)/m);
  return `${before}${rows?.split(/(?<=\n)/).sort().join("") ?? ""}`;
}

/** Equal but for what follows our sentence: the reasons, the code, the next step. */
function expectExplained(ours: ToolResult, theirs: ToolResult, what: string): void {
  expect(ours.stderr.slice(0, theirs.stderr.length), what).toBe(theirs.stderr);
  expectSame(ours.stderr, theirs.stderr, theirs.exitCode === 0 ? undefined : "verify-explained", what);
}

describeIf("tools", "notation verify", () => {
  let both: BothRegistries;
  beforeAll(async () => {
    both = await openBothRegistries();
  });
  afterAll(async () => {
    await both?.close();
  });

  for (const kind of REGISTRY_KINDS) {
    it.each(images)(`judges $repository:$tag on ${kind}`, async (image) => {
      const side = both.at(kind);
      const options = { trustAnchors: anchorsOf(image) };
      expect(options.trustAnchors).not.toEqual([]);
      const address = side.address(image);
      const [ours, theirs] = await Promise.all([
        side.ours(["verify", "--insecure-registry", address], options),
        side.notation(["verify", "--insecure-registry", address], options),
      ]);
      const rule = signatureRule(kind, image);
      // A list of foreign signatures only matters to the verdict when a trusted one is among them and no own one is.
      const decides = rule === "united" || (rule === "foreign" && image.tag === "foreign-subject");
      expectSame(verdictOf(ours), verdictOf(theirs), decides ? RULES[rule] : undefined, "verdict");
      if (!decides) {
        expect({ exitCode: ours.exitCode, stdout: ours.stdout }).toEqual({
          exitCode: theirs.exitCode,
          stdout: sortMetadata(theirs.stdout),
        });
        if (rule === undefined) expectExplained(ours, theirs, "standard error");
      } else if (rule === "united") {
        const elsewhere = both.at("distribution");
        await expectUnited(both, ours.stdout, async () => {
          const args = ["verify", "--insecure-registry", elsewhere.address(image)];
          return (await elsewhere.notation(args, options)).stdout;
        });
      } else {
        expect([verdictOf(ours), ours.stdout]).toEqual(["failed", ""]);
        const [listed, theirList] = await Promise.all([
          side.ours(["list", "--insecure-registry", address]),
          side.notation(["list", "--insecure-registry", address]),
        ]);
        await expectForeignLeftOut(both, image, { ours: listed.stdout, theirs: theirList.stdout });
      }
    });
  }

  it.each(images.filter((image) => image.verifications.some(({ verdict }) => verdict === "verified")))(
    "refuses $repository:$tag under a stranger's certificate",
    async (image) => {
      // Signed by the stranger itself: judged with another stranger.
      const own = anchorsOf(image).includes(STRANGER);
      const options = { trustAnchors: [own ? "keys/p-256-self.crt.pem" : STRANGER] };
      const side = both.at("distribution");
      const args = ["verify", "--insecure-registry", side.address(image)];
      const [ours, theirs] = await Promise.all([side.ours(args, options), side.notation(args, options)]);
      expect([ours.stdout, verdictOf(ours), verdictOf(theirs)]).toEqual([theirs.stdout, "failed", "failed"]);
    },
  );
});

interface EnvelopeRow {
  readonly name: string;
  readonly file: string;
  readonly mediaType: string;
  readonly artifact: Descriptor;
  readonly verifications: readonly {
    readonly at: string;
    readonly trustAnchors: readonly string[];
    readonly verdict: "verified" | "failed";
  }[];
}

describeIf("tools", "envelopes alone", () => {
  const fixtures = resolve("test/fixtures");
  const envelopes = readFixture<readonly EnvelopeRow[]>("envelopes.json");
  const crypto = createWebCryptoProvider();
  const answers = new Map<string, { readonly verdict: string; readonly error: string }>();

  beforeAll(async () => {
    const questions = envelopes.map(({ name, file, mediaType }) =>
      JSON.stringify({ name, file: join(fixtures, file), mediaType })
    );
    const said = await mustRun(peerPaths().corebench, ["verify"], { input: `${questions.join("\n")}\n` });
    for (const line of said.trim().split("\n")) {
      const { name, ...answer } = JSON.parse(line) as { name: string; verdict: string; error: string };
      answers.set(name, answer);
    }
    expect(answers.size).toBe(envelopes.length);
  });

  const judge = (row: EnvelopeRow, trustAnchors: readonly string[], at: Date) => {
    const ca = trustAnchors.flatMap((file) => parseCertificates(new Uint8Array(readFileSync(join(fixtures, file)))));
    const trust = { name: "fixtures", level: STRICT, trustAnchors: { ca, signingAuthority: [] } };
    const bytes = new Uint8Array(readFileSync(join(fixtures, row.file)));
    return verifyEnvelopeBytes({ mediaType: row.mediaType, bytes }, row.artifact, trust, { crypto, now: () => at });
  };

  it.each(envelopes)("$name has the integrity notation-core-go finds", async (row) => {
    const { validations } = await judge(row, row.verifications[0]?.trustAnchors ?? [], new Date());
    const { result } = validations.integrity;
    const answer = answers.get(row.name);
    expect(result.status, answer?.error).toBe(answer?.verdict === "verified" ? "passed" : "failed");
  });

  const runs = envelopes.flatMap((row) => row.verifications.map((run) => ({ name: row.name, at: run.at, row, run })));
  it.each(runs)("$name is judged as notation did at $at", async ({ row, run }) => {
    expect(verdict(await judge(row, run.trustAnchors, new Date(run.at)))).toBe(run.verdict);
  });

  it.each(runs.filter(({ run }) => run.verdict === "verified"))(
    "$name verifies for no other artifact and under no other certificate",
    async ({ row, run }) => {
      const at = new Date(run.at);
      const other = { ...row, artifact: { ...row.artifact, size: row.artifact.size + 1 } };
      expect(verdict(await judge(other, run.trustAnchors, at))).toBe("failed");
      const stranger = run.trustAnchors.includes(STRANGER) ? "keys/p-256-self.crt.pem" : STRANGER;
      expect(verdict(await judge(row, [stranger], at))).toBe("failed");
    },
  );
});
