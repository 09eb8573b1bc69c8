/**
 * Where this program lists other referrers than notation and oras: the two rules, the fixtures they show on, and what
 * has to hold there instead of equality.
 */
import { expect } from "vitest";
import { getManifest, readManifest } from "./content.ts";
import type { RegistryKind } from "./registries.ts";
import { type BothRegistries, type FixtureImage, pathOf } from "./side_by_side.ts";

/**
 * `united`: the registry has the referrers API and says "none", while a list of earlier days stands under the referrers
 * tag: the tools stop at the API's answer, this program takes both. `foreign`: a list under the referrers tag names
 * manifests whose subject is another artifact: the tools take them, this program leaves them out.
 */
export type ReferrerRule = "united" | "foreign";

interface Row {
  readonly rule: ReferrerRule;
  readonly kind: RegistryKind;
  readonly repository: string;
  readonly tag: string;
  /** Artifact type of the referrers in question. */
  readonly artifactType: string;
}

const SIGNATURE = "application/vnd.cncf.notary.signature";

const united = { rule: "united", kind: "olareg", repository: "registry.example/fallback" } as const;
const foreign = { rule: "foreign", kind: "distribution", repository: "registry.example/lying" } as const;

const ROWS: readonly Row[] = [
  { ...united, tag: "signed", artifactType: SIGNATURE },
  { ...united, tag: "two", artifactType: SIGNATURE },
  { ...united, tag: "attested", artifactType: "sbom/cyclone-dx" },
  { ...foreign, tag: "foreign-subject", artifactType: SIGNATURE },
  { ...foreign, tag: "foreign-children", artifactType: SIGNATURE },
  { ...foreign, tag: "foreign-and-own", artifactType: SIGNATURE },
];

/**
 * The rule by which an image's referrers differ in a registry, if they do.
 *
 * @param artifactType Only referrers of this type are asked for.
 */
export function referrerRule(
  kind: RegistryKind,
  image: Pick<FixtureImage, "repository" | "tag">,
  artifactType?: string,
): ReferrerRule | undefined {
  return ROWS.find((row) =>
    row.kind === kind && row.repository === image.repository && row.tag === image.tag &&
    (artifactType === undefined || row.artifactType === artifactType)
  )?.rule;
}

/** The same for signatures, all that notation asks for. */
export function signatureRule(
  kind: RegistryKind,
  image: Pick<FixtureImage, "repository" | "tag">,
): ReferrerRule | undefined {
  return referrerRule(kind, image, SIGNATURE);
}

/** `united`: ours is what the tool itself prints where the tag is the only place to ask, on distribution. */
export async function expectUnited(
  both: BothRegistries,
  ours: string,
  askOnDistribution: () => Promise<string>,
): Promise<void> {
  const placed = (text: string, kind: RegistryKind) => text.replaceAll(both.at(kind).registry.host, "registry.example");
  expect(placed(ours, "olareg")).toBe(placed(await askOnDistribution(), "distribution"));
}

/**
 * `foreign`: what ours has not and theirs has are manifests whose subject is another artifact, and nothing is added.
 */
export async function expectForeignLeftOut(
  both: BothRegistries,
  image: FixtureImage,
  { ours, theirs }: { readonly ours: string; readonly theirs: string },
): Promise<void> {
  const { registry } = both.at("distribution");
  const listed = digestsIn(theirs).filter((digest) => digest !== image.digest);
  const kept = digestsIn(ours).filter((digest) => digest !== image.digest);
  expect(listed).toEqual(expect.arrayContaining(kept));
  let leftOut = 0;
  for (const digest of listed) {
    const manifest = await getManifest(registry, pathOf(image.repository), digest);
    if (manifest === undefined) continue; // a digest of something else that is shown, such as another signed artifact
    const { subject } = readManifest(manifest.bytes);
    if (subject === undefined) continue;
    expect(kept.includes(digest), digest).toBe(subject.digest === image.digest);
    if (!kept.includes(digest)) leftOut++;
  }
  expect(leftOut).toBeGreaterThan(0);
}

function digestsIn(text: string): readonly string[] {
  return [...new Set(text.match(/sha256:[0-9a-f]{64}/g) ?? [])];
}
