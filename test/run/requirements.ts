/**
 * What a suite needs beside Node. A suite whose need is not met skips with one visible line; under `CI=true` it fails.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "vitest";

const shared = process.env["EDGE_NOTARY_SHARED"] ?? "../shared";

const needs = {
  /** Test data published by others, beside the checkout. */
  shared: () => existsSync(join(shared, "vectors")),
} as const;

/** A file below `../shared`. */
export function sharedPath(...parts: readonly string[]): string {
  return join(shared, ...parts);
}

/** `describe` where the need is met; otherwise one skipped suite with a line that says why, an error under `CI=true`. */
export function describeIf(need: keyof typeof needs, name: string, body: () => void): void {
  if (needs[need]()) return describe(name, body);
  if (process.env["CI"] === "true") {
    return describe(name, () => it(`needs ${need}`, () => Promise.reject(new Error(`${name}: "${need}" is missing`))));
  }
  console.warn(`skipped: ${name}: needs "${need}"`);
  describe.skipIf(true)(name, () => it(`needs ${need}`, () => {}));
}
