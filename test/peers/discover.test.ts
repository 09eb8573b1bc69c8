/**
 * `discover` prints what the real oras prints about every fixture, byte for byte, in both kinds of registry;
 * annotations, which oras prints in the order of a Go map, are sorted. What differs is on the closed list.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeIf } from "../run/requirements.ts";
import { expectSame } from "./deviations.ts";
import { expectForeignLeftOut, expectUnited, referrerRule } from "./referrer_differences.ts";
import { type BothRegistries, images, openBothRegistries, REGISTRY_KINDS, sortUnordered } from "./side_by_side.ts";

const SIGNATURE = "application/vnd.cncf.notary.signature";
const RULES = { united: "discover-referrers-united", foreign: "discover-foreign-subject" } as const;

interface View {
  readonly args: readonly string[];
  readonly artifactType?: string;
}

/** Asked about every image. */
const VIEWS: readonly View[] = [{ args: [] }, { args: ["--format", "json"] }];

/** Asked about images that have more than signatures, or several, or lists of their own. */
const MORE_VIEWS: readonly View[] = [
  { args: ["-v=false"] },
  { args: ["--format", "tree", "--no-tty"] },
  { args: ["--format", "table"] },
  { args: ["--format", "table", "-v=false"] },
  { args: ["--depth", "1"] },
  { args: ["--depth", "2", "--format", "json"] },
  { args: ["--artifact-type", SIGNATURE], artifactType: SIGNATURE },
  { args: ["--artifact-type", "sbom/cyclone-dx", "--format", "json"], artifactType: "sbom/cyclone-dx" },
  { args: ["--artifact-type", "sbom/cyclone-dx", "-v=false"], artifactType: "sbom/cyclone-dx" },
];
const simple = /\/(?:algorithms|tampered|expiry|wrong-signer|metadata)$/;

const questions = images.flatMap((image) =>
  (simple.test(image.repository) ? VIEWS : [...VIEWS, ...MORE_VIEWS]).map((view) => ({
    image,
    view,
    shown: ["discover", ...view.args, `${image.repository}:${image.tag}`].join(" "),
  }))
);

describeIf("tools", "oras discover", () => {
  let both: BothRegistries;
  beforeAll(async () => {
    both = await openBothRegistries();
  });
  afterAll(async () => {
    await both?.close();
  });

  for (const kind of REGISTRY_KINDS) {
    it.each(questions)(`$shown on ${kind}`, async ({ image, view, shown }) => {
      const side = both.at(kind);
      const args = ["discover", ...view.args, "--plain-http", side.address(image)];
      const [ours, theirs] = await Promise.all([side.ours(args), side.oras(args)]);
      const rule = referrerRule(kind, image, view.artifactType);
      expectSame(ours.stdout, sortUnordered(theirs.stdout), rule === undefined ? undefined : RULES[rule], shown);
      expect([ours.exitCode, ours.stderr]).toEqual([theirs.exitCode, theirs.stderr]);
      if (rule === "foreign") await expectForeignLeftOut(both, image, { ours: ours.stdout, theirs: theirs.stdout });
      if (rule === "united") {
        const elsewhere = both.at("distribution");
        await expectUnited(both, ours.stdout, async () => {
          const { stdout } = await elsewhere.oras(["discover", ...view.args, "--plain-http", elsewhere.address(image)]);
          return sortUnordered(stdout);
        });
      }
    });
  }

  const rich = images.filter(({ tag }) => ["signed", "grouped", "deep", "two", "docker-list"].includes(tag));
  it.each(rich)("takes $repository:$tag by digest", async (image) => {
    const side = both.at("distribution");
    const reference = side.address(image).replace(/:[^:/]*$/, `@${image.digest}`);
    for (const { args: view } of VIEWS) {
      const args = ["discover", ...view, "--plain-http", reference];
      const [ours, theirs] = await Promise.all([side.ours(args), side.oras(args)]);
      expect({ ...ours }).toEqual({ ...theirs, stdout: sortUnordered(theirs.stdout) });
    }
  });

  for (const kind of REGISTRY_KINDS) {
    it.each(["v1.1-referrers-api", "v1.1-referrers-tag"])(`asks one way alone on ${kind}: %s`, async (way) => {
      const side = both.at(kind);
      for (const tag of ["signed", "grouped"]) {
        const reference = side.address({ repository: "registry.example/attested", tag });
        const args = ["discover", "--distribution-spec", way, "--plain-http", reference];
        const [ours, theirs] = await Promise.all([side.ours(args), side.oras(args)]);
        expect([ours.exitCode, ours.stdout]).toEqual([theirs.exitCode, sortUnordered(theirs.stdout)]);
        expect(ours.stderr.slice(0, theirs.stderr.length)).toBe(theirs.stderr);
      }
    });
  }

  it("-o tree is the form before oras 1.0: the reference as typed, no annotations, no remark", async () => {
    const side = both.at("olareg");
    const reference = side.address({ repository: "ghcr.io/kyverno/test-verify-image", tag: "signed" });
    const [ours, theirs, bare] = await Promise.all([
      side.ours(["discover", "-o", "tree", "--plain-http", reference]),
      side.oras(["discover", "-o", "tree", "--plain-http", reference]),
      side.oras(["discover", "-v=false", "--plain-http", reference]),
    ]);
    expectSame(ours.stdout, sortUnordered(theirs.stdout), "older-tree", "-o tree");
    expect(ours.stdout).toBe([reference, ...bare.stdout.split("\n").slice(1)].join("\n"));
    expectSame(ours.stderr, theirs.stderr, "output-flag-kept", "-o tree");
    expect([ours.stderr, ours.exitCode]).toEqual(["", theirs.exitCode]);
  });

  it.each(["json", "table"])("-o %s prints what --format does", async (format) => {
    const side = both.at("olareg");
    const args = ["discover", "-o", format, "--plain-http", side.address(images[0] as typeof images[number])];
    const [ours, theirs] = await Promise.all([side.ours(args), side.oras(args)]);
    expect([ours.stdout, ours.exitCode]).toEqual([theirs.stdout, theirs.exitCode]);
    expectSame(ours.stderr, theirs.stderr, "output-flag-kept", `-o ${format}`);
    expect(`${ours.stderr}[DEPRECATED] --output is deprecated, try \`--format \` instead\n`).toBe(
      theirs.stderr,
    );
  });

  it("as a process of its own prints the same", async () => {
    const side = both.at("distribution");
    const reference = side.address({ repository: "registry.example/attested", tag: "deep" });
    const args = ["discover", "--plain-http", reference];
    const [ours, theirs] = await Promise.all([side.oursAsProcess(args), side.oras(args)]);
    expect({ ...ours }).toEqual({ ...theirs, stdout: sortUnordered(theirs.stdout) });
  });
});
