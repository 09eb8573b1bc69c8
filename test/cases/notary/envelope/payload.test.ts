import { describe, expect, it } from "vitest";
import { readPayload } from "../../../../src/notary/mod.ts";
import { ARTIFACT } from "../../../run/envelope_maker.ts";

const read = (text: string) => readPayload({ payload: new TextEncoder().encode(text) });
const artifact = (changes: object) => JSON.stringify({ targetArtifact: { ...ARTIFACT, ...changes } });

describe("readPayload()", () => {
  it.each([
    ["the descriptor", artifact({}), ARTIFACT],
    ["user metadata", artifact({ annotations: { a: "b" } }), { ...ARTIFACT, annotations: { a: "b" } }],
    ["a descriptor with an artifact type", artifact({ artifactType: "x/y" }), { ...ARTIFACT, artifactType: "x/y" }],
    ["a document with members of others", JSON.stringify({ other: 1, targetArtifact: ARTIFACT }), ARTIFACT],
  ])("reads %s", (_, text, expected) => {
    expect(read(text).targetArtifact).toEqual(expected);
  });

  it.each([
    ["nothing", ""],
    ["a list", "[]"],
    ["a document without targetArtifact", "{}"],
    ["targetArtifact in capitals", JSON.stringify({ TARGETARTIFACT: ARTIFACT })],
    ["targetArtifact twice", `{"targetArtifact":{},"targetArtifact":${JSON.stringify(ARTIFACT)}}`],
    ["targetArtifact that is null", '{"targetArtifact":null}'],
    ["trailing data", `${artifact({})}{}`],
    ["no media type", artifact({ mediaType: undefined })],
    ["no digest", artifact({ digest: undefined })],
    ["a digest in capitals", artifact({ digest: `sha256:${"AB".repeat(32)}` })],
    ["a digest that is too short", artifact({ digest: "sha256:abab" })],
    ["no size", artifact({ size: undefined })],
    ["a size as text", artifact({ size: "562" })],
    ["a negative size", artifact({ size: -1 })],
    ["a fractional size", artifact({ size: 1.5 })],
    ["an annotation that is a number", artifact({ annotations: { a: 1 } })],
    ["deep JSON", `${'{"a":'.repeat(100)}1${"}".repeat(100)}`],
  ])("refuses %s", (_, text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: "ERR_PAYLOAD" }));
  });
});
