/** Versions by Semantic Versioning 2.0.0: whole ones, compared by their precedence. */

/** A version taken apart; build metadata has no say. */
export interface Version {
  readonly numbers: readonly [bigint, bigint, bigint];
  /** Identifiers behind `-`; none for a release. */
  readonly preRelease: readonly string[];
}

/** Characters of a version at most. */
const MAX_LENGTH = 256;

const NUMBER = "(0|[1-9]\\d*)";
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\\+[0-9A-Za-z.-]+)?$`);

/** @returns `undefined` when the text is no version: three numbers, and perhaps a pre-release. */
export function parseVersion(text: string): Version | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [, major, minor, patch, preRelease] = VERSION.exec(text) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  const identifiers = preRelease?.split(".") ?? [];
  if (identifiers.some((identifier) => identifier === "" || /^0\d+$/.test(identifier))) return undefined;
  return { numbers: [BigInt(major), BigInt(minor), BigInt(patch)], preRelease: identifiers };
}

/**
 * @returns Below, at or above 0, as the first comes before, with or after the second.
 *
 * Spec: Semantic Versioning 2.0.0, section 11.
 */
export function compareVersions(one: Version, other: Version): number {
  for (const [index, number] of one.numbers.entries()) {
    const against = other.numbers[index] ?? 0n;
    if (number !== against) return number < against ? -1 : 1;
  }
  if (one.preRelease.length === 0 || other.preRelease.length === 0) {
    return Math.sign(other.preRelease.length) - Math.sign(one.preRelease.length);
  }
  for (const [index, identifier] of one.preRelease.entries()) {
    const against = other.preRelease[index];
    if (against === undefined) return 1;
    if (identifier !== against) return compareIdentifiers(identifier, against);
  }
  return one.preRelease.length - other.preRelease.length;
}

function compareIdentifiers(one: string, other: string): number {
  const [first, second] = [/^\d+$/.test(one), /^\d+$/.test(other)];
  if (first && second) return BigInt(one) < BigInt(other) ? -1 : 1;
  if (first !== second) return first ? -1 : 1;
  return one < other ? -1 : 1;
}
