/** The engine's size: what a page needs to verify an envelope, without timestamps and revocation. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { verifyBundle } from "../../../scripts/build/bundles.ts";
import { buildBundle, exceeded, measure } from "../../../scripts/build/sizes.ts";

describe("the verify bundle for browsers", () => {
  it("has at most 80 kB after gzip, and loads the second provider on demand", async () => {
    const size = measure(await buildBundle(verifyBundle(join(tmpdir(), "edge-notary", "verify"))));
    expect(size.gzip).toBeGreaterThan(5_000);
    expect(size.gzip).toBeLessThanOrEqual(80_000);
    expect(size.onDemandGzip).toBeGreaterThan(10_000);
    expect(exceeded([size])).toEqual([]);
    expect(exceeded([{ ...size, gzip: 80_001 }])).toHaveLength(1);
  });
});
