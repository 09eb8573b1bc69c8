/** What refers to an artifact, in the forms of `oras discover` 1.3.6: tree, JSON, table. */
import { printable } from "../../encoding/mod.ts";
import type { Descriptor } from "../../oci/mod.ts";
import { renderAnnotation } from "./annotation.ts";
import type { Palette } from "./colours.ts";
import { renderJson, sortedMembers } from "./json.ts";
import { node, renderTree, type TreeNode } from "./tree.ts";

/** An artifact and everything that names it as its subject, cycles cut. */
export interface ReferrerTree {
  readonly descriptor: Descriptor;
  /** In the registry's order. */
  readonly referrers: readonly ReferrerTree[];
}

/** How annotations are shown: under a title as since oras 1.3, right below the digest as before, or not. */
export type AnnotationStyle = "titled" | "bare" | "hidden";

/** Options of {@link renderReferrerTree}. */
export interface ReferrerTreeOptions {
  /** The first line, safe to print: the resolved reference, or what the user typed. */
  readonly root: string;
  readonly annotations: AnnotationStyle;
  readonly palette: Palette;
}

/** Longest artifact type that is printed whole; media types have at most 255 characters (RFC 6838, section 4.2). */
export const MAX_PRINTED_TYPE = 512;

/**
 * Writes the tree: artifact types, below them digests, below them annotations and the next types. Referrers of one type
 * are gathered where the type comes first; annotations are sorted, where oras prints them in any order.
 */
export function renderReferrerTree(tree: ReferrerTree, options: ReferrerTreeOptions): string {
  return renderTree(node(options.palette.digest(options.root), typeNodes(tree.referrers, options)));
}

function typeNodes(referrers: readonly ReferrerTree[], options: ReferrerTreeOptions): readonly TreeNode[] {
  const byType = new Map<string, ReferrerTree[]>();
  for (const referrer of referrers) {
    const type = referrer.descriptor.artifactType ?? "";
    const shown = type === "" ? "<unknown>" : printable(type, MAX_PRINTED_TYPE);
    const group = byType.get(shown);
    if (group === undefined) byType.set(shown, [referrer]);
    else group.push(referrer);
  }
  return [...byType].map(([type, group]) =>
    node(
      options.palette.artifactType(type),
      group.map((referrer) =>
        node(options.palette.digest(referrer.descriptor.digest), [
          ...annotationNodes(referrer.descriptor.annotations ?? {}, options),
          ...typeNodes(referrer.referrers, options),
        ])
      ),
    )
  );
}

function annotationNodes(
  annotations: Readonly<Record<string, string>>,
  { annotations: style, palette }: ReferrerTreeOptions,
): readonly TreeNode[] {
  const lines = Object.entries(sortedMembers(annotations)).map(([key, value]) => node(renderAnnotation(key, value)));
  if (style === "hidden" || lines.length === 0) return [];
  return style === "bare" ? lines : [node(palette.title("[annotations]"), lines)];
}

/**
 * Writes the tree as JSON, every descriptor with its `reference` and its `referrers`.
 *
 * @param path `registry/repository` as the user named it.
 */
export function renderReferrerJson(tree: ReferrerTree, path: string): string {
  return renderJson(referrerValue(tree, path), 2);
}

function referrerValue({ descriptor, referrers }: ReferrerTree, path: string): Record<string, unknown> {
  return {
    reference: `${path}@${descriptor.digest}`,
    ...descriptorValue(descriptor),
    referrers: referrers.map((referrer) => referrerValue(referrer, path)),
  };
}

/** The members of a descriptor in the order of the OCI image specification's Go types, annotations sorted. */
export function descriptorValue(descriptor: Descriptor): Record<string, unknown> {
  const { mediaType, digest, size, annotations, platform, artifactType } = descriptor;
  const hasAnnotations = annotations !== undefined && Object.keys(annotations).length > 0;
  return {
    mediaType,
    digest,
    size,
    annotations: hasAnnotations ? sortedMembers(annotations) : undefined,
    platform: platform === undefined ? undefined : {
      architecture: platform.architecture,
      os: platform.os,
      "os.version": platform.osVersion,
      variant: platform.variant,
    },
    artifactType: artifactType === "" ? undefined : artifactType,
  };
}

/**
 * Writes the direct referrers as a table.
 *
 * @param typed The reference as the user typed it.
 * @param details Whether each row is followed by its descriptor as JSON.
 */
export function renderReferrerTable({ descriptor, referrers }: ReferrerTree, typed: string, details: boolean): string {
  const things = referrers.length === 1 ? "artifact" : "artifacts";
  const head = `Discovered ${referrers.length} ${things} referencing ${
    printable(typed)
  }\nDigest: ${descriptor.digest}\n`;
  if (referrers.length === 0) return head;
  const rows = referrers.map((referrer) => ({
    type: printable(referrer.descriptor.artifactType ?? "", MAX_PRINTED_TYPE),
    digest: referrer.descriptor.digest,
    json: details ? renderJson(descriptorValue(referrer.descriptor), 2) : "",
  }));
  const width = Math.max("Artifact Type".length, ...rows.map(({ type }) => type.length)) + 3;
  const lines = rows.map(({ type, digest, json }) => `${type.padEnd(width)}${digest}\n${json}`);
  return `${head}\n${"Artifact Type".padEnd(width)}Digest\n${lines.join("")}`;
}
