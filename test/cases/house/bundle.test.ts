/**
 * The engine's size: what a page needs to verify an envelope, and what more it loads where WebCrypto lacks an
 * algorithm.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { firstLoad, verifyBundle } from "../../../scripts/build/bundles.ts";
import { buildBundle, exceeded, measure } from "../../../scripts/build/sizes.ts";

describe("the verify bundle for browsers", () => {
  it("has at most 80 kB after gzip, and loads the second provider on demand", async () => {
    const built = await buildBundle(verifyBundle(join(tmpdir(), "edge-notary", "verify")));
    const size = measure(built);
    expect(size.gzip).toBeGreaterThan(5_000);
    expect(size.gzip).toBeLessThanOrEqual(80_000);
    expect(size.onDemandGzip).toBeGreaterThan(10_000);
    expect(exceeded([size])).toEqual([]);
    expect(exceeded([{ ...size, gzip: 80_001 }])).toHaveLength(1);
    expect(exceeded([{ ...size, onDemandGzip: 50_001 }])).toHaveLength(1);
    const { outputs } = built.result.metafile;
    const entry = Object.keys(outputs).find((path) => path.endsWith("verify/stdin.js")) ?? "";
    const first = firstLoad(built.result.metafile, entry).flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
    expect(first.length).toBeGreaterThan(50);
    expect(first.filter((path) => /node_modules\/(pkijs|asn1js|@noble)\//.test(path))).toEqual([]);
  });
});
