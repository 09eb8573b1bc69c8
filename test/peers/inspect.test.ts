/**
 * `inspect` and `list` print what the real notation prints about every fixture, byte for byte, in both kinds of
 * registry; lines that notation prints in the order of a Go map are sorted. What differs is on the closed list.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeIf } from "../run/requirements.ts";
import { expectSame } from "./deviations.ts";
import { expectForeignLeftOut, expectUnited, signatureRule } from "./referrer_differences.ts";
import {
  type AskOptions,
  type BothRegistries,
  images,
  openBothRegistries,
  REGISTRY_KINDS,
  sortUnordered,
} from "./side_by_side.ts";
import type { ToolResult } from "./tools.ts";

const COMMANDS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ["inspect", ["inspect"]],
  ["inspect -o json", ["inspect", "-o", "json"]],
  ["list", ["list"]],
];
const RULES = { united: "list-referrers-united", foreign: "list-foreign-subject" } as const;
const TOKYO = { name: "Asia/Tokyo", offsetMinutes: 9 * 60 };

/** A warning about a signature that cannot be read, without the reason. */
const withoutReason = (stderr: string) => stderr.replaceAll(/ because of error: .*$/gm, " because of error: …");

function expectEqual(ours: ToolResult, theirs: ToolResult): void {
  expect(ours.stdout).toBe(sortUnordered(theirs.stdout));
  expect(ours.exitCode).toBe(theirs.exitCode);
  expect(withoutReason(ours.stderr)).toBe(withoutReason(theirs.stderr));
  const skipped = theirs.stderr.includes(" because of error: ");
  expectSame(ours.stderr, theirs.stderr, skipped ? "undecodable-reason" : undefined, "standard error");
}

describeIf("tools", "notation inspect and list", () => {
  let both: BothRegistries;
  beforeAll(async () => {
    both = await openBothRegistries();
  });
  afterAll(async () => {
    await both?.close();
  });

  for (const kind of REGISTRY_KINDS) {
    for (const [name, command] of COMMANDS) {
      it.each(images)(`${name} $repository:$tag on ${kind}`, async (image) => {
        const side = both.at(kind);
        const args = [...command, "--insecure-registry", side.address(image)];
        const [ours, theirs] = await Promise.all([side.ours(args), side.notation(args)]);
        const rule = signatureRule(kind, image);
        if (rule === undefined) return expectEqual(ours, theirs);
        expectSame(ours.stdout, sortUnordered(theirs.stdout), RULES[rule], name);
        expect([ours.exitCode, ours.stderr]).toEqual([theirs.exitCode, theirs.stderr]);
        if (rule === "foreign") {
          await expectForeignLeftOut(both, image, { ours: ours.stdout, theirs: theirs.stdout });
        } else {
          const elsewhere = both.at("distribution");
          await expectUnited(both, ours.stdout, async () => {
            const { stdout } = await elsewhere.notation([...command, "--insecure-registry", elsewhere.address(image)]);
            return sortUnordered(stdout);
          });
        }
      });
    }
  }

  const limited = images.filter(({ envelopes }) => envelopes.length > 1);
  it.each(limited)("stops at --max-signatures 1 of $repository:$tag", async (image) => {
    const side = both.at("distribution");
    for (const [, command] of COMMANDS) {
      const args = [...command, "--insecure-registry", "--max-signatures", "1", side.address(image)];
      const [ours, theirs] = await Promise.all([side.ours(args), side.notation(args)]);
      expectEqual(ours, theirs);
      if (command.at(-1) !== "json") expect(ours.stdout).toContain("Warning: exceeded");
    }
  });

  it.each(images.filter(({ envelopes }) => envelopes.length > 0))("takes $repository:$tag by digest", async (image) => {
    const side = both.at("olareg");
    if (signatureRule("olareg", image) !== undefined) return expect(image.repository).toBe("registry.example/fallback");
    const reference = side.address(image).replace(/:[^:/]*$/, `@${image.digest}`);
    const args = ["inspect", "--insecure-registry", reference];
    const [ours, theirs] = await Promise.all([side.ours(args), side.notation(args)]);
    expectEqual(ours, theirs);
    expect(ours.stderr).not.toContain("Always inspect");
  });

  const dated = images.filter(({ repository }) => /\/(?:metadata|expiry|test-verify-image)$/.test(repository));
  it.each(dated)("shows $repository:$tag to a reader in Tokyo", async (image) => {
    const side = both.at("olareg");
    const options: AskOptions = { zone: TOKYO };
    for (const [, command] of COMMANDS.slice(0, 2)) {
      const args = [...command, "--insecure-registry", side.address(image)];
      const [ours, theirs] = await Promise.all([side.ours(args, options), side.notation(args, options)]);
      expectEqual(ours, theirs);
    }
  });

  it.each([TOKYO, undefined])("as a process of its own prints the same: %o", async (zone) => {
    const side = both.at("olareg");
    for (const tag of ["cose", "jws-zoned"]) {
      const args = ["inspect", "--insecure-registry", side.address({ repository: "registry.example/metadata", tag })];
      const options: AskOptions = zone === undefined ? {} : { zone };
      const [ours, theirs] = await Promise.all([side.oursAsProcess(args, options), side.notation(args, options)]);
      expectEqual(ours, theirs);
    }
  });
});
