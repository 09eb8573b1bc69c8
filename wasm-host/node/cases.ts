/** The table every host runs: `wasm-host/cases.json`, made by `npx tsx scripts/wasm/cases.ts`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EnvelopeRecord } from "../component/records.ts";
import type { TrustRecord } from "../component/trust.ts";
import type { SubjectRecord } from "../component/verification.ts";

/** The checkout's folder: paths in the table are below it. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** What a question has to come to; `code` is that of the refusal, `""` where there is none. */
export interface Expected {
  readonly verdict: string;
  readonly code: string;
}

interface Case {
  readonly name: string;
  /** What the host's clock shows: milliseconds since 1970. */
  readonly at: number;
  readonly expected: Expected;
}

export interface EnvelopeCase extends Case {
  readonly file: string;
  readonly mediaType: string;
  readonly artifact: { readonly mediaType: string; readonly digest: string; readonly size: number };
  /** Files with the certificates that are trusted. */
  readonly trust: readonly string[];
}

export interface ReferenceCase extends Case {
  readonly reference: string;
  readonly trust: readonly string[];
}

/** Expects the verdict `allowed` or `refused`, and the code of the first refusal of an image. */
export interface ReviewCase extends Case {
  readonly policy: string;
  readonly review: string;
}

export interface Cases {
  readonly envelopes: readonly EnvelopeCase[];
  readonly references: readonly ReferenceCase[];
  readonly reviews: readonly ReviewCase[];
}

export function readCases(): Cases {
  return JSON.parse(readFileSync(join(ROOT, "wasm-host", "cases.json"), "utf8"));
}

export function subjectOf(one: EnvelopeCase | ReferenceCase): SubjectRecord {
  if ("reference" in one) return { tag: "reference", val: one.reference };
  const { mediaType, digest, size } = one.artifact;
  return { tag: "envelope", val: { envelope: envelopeOf(one), artifact: { mediaType, digest, size: BigInt(size) } } };
}

export function envelopeOf({ file, mediaType }: EnvelopeCase): EnvelopeRecord {
  return { mediaType, content: readBytes(file) };
}

export function trustOf({ trust }: Pick<EnvelopeCase, "trust">): TrustRecord {
  return { tag: "certificates", val: trust.map(readBytes) };
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

function readBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(ROOT, path)));
}
