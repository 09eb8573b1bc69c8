/** Manifests and indexes: what is read, and everything that is refused. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EngineError, UnsupportedError } from "../../../src/errors.ts";
import { artifactTypeOf, type Manifest, readManifest } from "../../../src/oci/mod.ts";
import {
  blob,
  bytesOf,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  image,
  index,
  OCI_INDEX,
  OCI_MANIFEST,
  SIGNATURE,
  signature,
} from "./fake_registry.ts";

const ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json";
const good = blob("{}").descriptor;
const config = good;

const read = (value: unknown, contentType: string | undefined = OCI_MANIFEST): Manifest =>
  readManifest(bytesOf(typeof value === "string" ? value : JSON.stringify(value)), contentType);

const base = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] };
const indexBase = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] };

describe("readManifest()", () => {
  it("reads a signature manifest of notation 1.3.2", () => {
    const subject = image("subject").descriptor;
    const written = signature("one", subject);
    const manifest = readManifest(written.bytes, OCI_MANIFEST);
    expect(manifest).toMatchObject({
      kind: "manifest",
      mediaType: OCI_MANIFEST,
      subject,
      annotations: { name: "one" },
    });
    expect(manifest.layers).toEqual([blob("one").descriptor]);
    expect(manifest.bytes).toBe(written.bytes);
    expect(artifactTypeOf(manifest)).toBe(SIGNATURE);
  });

  it("reads an index with platforms", () => {
    const platform = { os: "linux", architecture: "arm64", variant: "v8", "os.version": "1.2" };
    const [child] = readManifest(index([{ ...good, platform }]).bytes, OCI_INDEX).manifests;
    expect(child?.platform).toEqual({ os: "linux", architecture: "arm64", variant: "v8", osVersion: "1.2" });
  });

  it("reads the retired artifact manifest, which has blobs and no schemaVersion", () => {
    const manifest = read({ mediaType: ARTIFACT, artifactType: SIGNATURE, blobs: [good], subject: good }, ARTIFACT);
    expect(manifest.layers).toEqual([good]);
    expect(artifactTypeOf(manifest)).toBe(SIGNATURE);
  });

  it.each([
    ["an index of null", { ...indexBase, manifests: null }, OCI_INDEX],
    ["a manifest without mediaType", { schemaVersion: 2, config, layers: [] }, OCI_MANIFEST],
    ["a Docker manifest", { ...base, mediaType: DOCKER_MANIFEST }, DOCKER_MANIFEST],
    ["a Docker list", { ...indexBase, mediaType: DOCKER_LIST }, DOCKER_LIST],
    ["a manifest without Content-Type", base, undefined],
    ["a subject of null", { ...base, subject: null }, OCI_MANIFEST],
    [
      "an artifactType that is no media type, as the seed's",
      { ...base, artifactType: "vulnerability-scan" },
      OCI_MANIFEST,
    ],
  ])("accepts %s", (_, value, contentType) => {
    expect(readManifest(bytesOf(JSON.stringify(value)), contentType).bytes.length).toBeGreaterThan(0);
  });

  it("keeps an annotation called __proto__ an annotation", () => {
    const manifest = read(
      `{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[],"annotations":{"__proto__":"x"}}`,
    );
    expect(Object.entries(manifest.annotations ?? {})).toEqual([["__proto__", "x"]]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });

  const layer = (change: Record<string, unknown>) => ({ ...base, layers: [{ ...good, ...change }] });
  it.each<[string, unknown, string | undefined, string]>([
    ["another mediaType than the Content-Type", { ...base, mediaType: OCI_INDEX }, OCI_MANIFEST, '"mediaType" is'],
    ["no media type at all", { schemaVersion: 2, config, layers: [] }, undefined, "neither Content-Type nor"],
    ["a login page", "<html>", "text/html", 'media type is "text/html"'],
    ["JSON of no known type", base, "application/json", 'media type is "application/json"'],
    ["Docker schema 1", { schemaVersion: 1 }, "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"],
    ["schemaVersion 1", { ...base, schemaVersion: 1 }, OCI_MANIFEST, '"schemaVersion" is 1'],
    ["no schemaVersion", { config, layers: [] }, OCI_MANIFEST, '"schemaVersion" is missing'],
    ["a manifest that is an index too", { ...base, manifests: [] }, OCI_MANIFEST, 'has "manifests"'],
    ["an index that is a manifest too", { ...indexBase, layers: [] }, OCI_INDEX, 'has "layers"'],
    ["an index with a config", { ...indexBase, config }, OCI_INDEX, 'has "config"'],
    ["no config", { schemaVersion: 2, layers: [] }, OCI_MANIFEST, '"config" is missing'],
    ["no layers", { schemaVersion: 2, config }, OCI_MANIFEST, '"layers" is missing'],
    ["layers that are an object", { ...base, layers: {} }, OCI_MANIFEST, '"layers" is an object'],
    ["a negative size", layer({ size: -1 }), OCI_MANIFEST, '"layers[0].size" is -1'],
    ["a size with a fraction", layer({ size: 1.5 }), OCI_MANIFEST, '"layers[0].size" is 1.5'],
    ["a size beyond every number", layer({ size: 1e30 }), OCI_MANIFEST, '"layers[0].size" is 1e+30'],
    ["a size as text", layer({ size: "2" }), OCI_MANIFEST, '"layers[0].size" is "2"'],
    ["no size", layer({ size: undefined }), OCI_MANIFEST, '"layers[0].size" is missing'],
    ["no digest", layer({ digest: undefined }), OCI_MANIFEST, '"layers[0].digest" is missing'],
    ["a digest in capitals", layer({ digest: good.digest.toUpperCase() }), OCI_MANIFEST, '"layers[0].digest" is'],
    ["a digest one digit short", layer({ digest: good.digest.slice(0, -1) }), OCI_MANIFEST, '"layers[0].digest" is'],
    ["an unknown digest", layer({ digest: `md5:${"0".repeat(32)}` }), OCI_MANIFEST, '"layers[0].digest" is'],
    ["no media type of a layer", layer({ mediaType: "" }), OCI_MANIFEST, '"layers[0].mediaType" is missing'],
    [
      "annotations that are numbers",
      { ...base, annotations: { a: 1 } },
      OCI_MANIFEST,
      '"annotations" has a value that is 1',
    ],
    ["a subject without digest", { ...base, subject: { mediaType: "x", size: 1 } }, OCI_MANIFEST, '"subject.digest"'],
    ["a list", [], OCI_MANIFEST, "the document is a list"],
    ["a duplicate name", `{"schemaVersion":2,"schemaVersion":2}`, OCI_MANIFEST, "Cannot parse JSON"],
    ["trailing bytes", `${JSON.stringify(base)}x`, OCI_MANIFEST, "Cannot parse JSON"],
    ["a byte order mark", `\ufeff${JSON.stringify(base)}`, OCI_MANIFEST, "Cannot parse JSON"],
    ["deep nesting", `{"x":${"[".repeat(100)}${"]".repeat(100)}}`, OCI_MANIFEST, "Cannot parse JSON"],
    ["1001 layers", { ...base, layers: Array(1001).fill(good) }, OCI_MANIFEST, '"layers" has 1001 entries'],
    ["1001 children", { ...indexBase, manifests: Array(1001).fill(good) }, OCI_INDEX, '"manifests" has 1001 entries'],
  ])("refuses %s", (_, value, contentType, part) => {
    const error = thrownBy(() =>
      readManifest(bytesOf(typeof value === "string" ? value : JSON.stringify(value)), contentType)
    );
    expect(error.code).toBe("ERR_MANIFEST");
    expect(error.message).toContain(part);
  });

  it("tells a kind it does not know from a document that is broken", () => {
    expect(thrownBy(() => read("<html>", "text/html"))).toBeInstanceOf(UnsupportedError);
    expect(thrownBy(() => read("{"))).not.toBeInstanceOf(UnsupportedError);
  });

  it("reads a signature manifest with any one byte changed, or refuses it with ERR_MANIFEST", () => {
    const { bytes } = signature("one", image("subject").descriptor);
    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
      const changed = bytes.slice();
      changed[at] = byte;
      try {
        expect(readManifest(changed, OCI_MANIFEST).kind).toBe("manifest");
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "ERR_MANIFEST" });
      }
    }));
  });

  it("refuses bytes that are no UTF-8", () => {
    const bytes = new Uint8Array([...bytesOf('{"a":"'), 0xff, ...bytesOf('"}')]);
    expect(thrownBy(() => readManifest(bytes, OCI_MANIFEST)).code).toBe("ERR_MANIFEST");
  });

  it("refuses more than 4 MiB before it parses", () => {
    const bytes = new Uint8Array(4 * 1024 * 1024 + 1).fill(0x20);
    expect(thrownBy(() => readManifest(bytes, OCI_MANIFEST)).code).toBe("ERR_TOO_LARGE");
  });
});

function thrownBy(work: () => unknown): EngineError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}
