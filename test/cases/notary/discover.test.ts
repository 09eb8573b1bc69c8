import { describe, expect, it } from "vitest";
import { fetchEnvelope, listSignatures, MAX_ENVELOPE_BYTES } from "../../../src/notary/mod.ts";
import { createFakeRepository } from "../../run/fake_repository.ts";

const signal = new AbortController().signal;
const envelope = { mediaType: "application/cose", bytes: new Uint8Array([1, 2, 3]) };
const SIGNATURE = "application/vnd.cncf.notary.signature";
const config = (mediaType: string) => ({ config: { mediaType, digest: `sha256:${"0".repeat(64)}` as const, size: 2 } });

describe("fetchEnvelope()", () => {
  it.each([
    ["the form with artifactType", { artifactType: SIGNATURE, ...config("application/vnd.oci.empty.v1+json") }],
    ["the older form, by the media type of its config", { artifactType: undefined as never, ...config(SIGNATURE) }],
  ])("reads %s", async (_, changes) => {
    const repository = createFakeRepository();
    const subject = repository.artifact("image");
    const signature = repository.sign(subject, envelope, changes);
    expect(await fetchEnvelope(repository, signature, { signal, subject })).toEqual(envelope);
  });

  it.each([
    ["another artifact type", { artifactType: "application/vnd.other", ...config(SIGNATURE) }, "SIGNATURE_MANIFEST"],
    ["no type at all", { artifactType: undefined as never }, "SIGNATURE_MANIFEST"],
    ["an index", { kind: "index" as const }, "SIGNATURE_MANIFEST"],
    ["no layer", { layers: [] }, "SIGNATURE_MANIFEST"],
    ["no subject", { subject: undefined as never }, "SIGNATURE_MANIFEST"],
    ["a layer that is no envelope", {
      layers: [{ mediaType: "text/plain", digest: `sha256:${"0".repeat(64)}` as const, size: 1 }],
    }, "ERR_ENVELOPE_MEDIA_TYPE"],
  ])("refuses %s", async (_, changes, code) => {
    const repository = createFakeRepository();
    const subject = repository.artifact("image");
    const signature = repository.sign(subject, envelope, changes);
    await expect(fetchEnvelope(repository, signature, { signal, subject })).rejects.toMatchObject({ code });
    expect(repository.asked.filter((line) => line.startsWith("blob"))).toEqual([]);
  });

  it("bounds the envelope", async () => {
    const repository = createFakeRepository();
    const subject = repository.artifact("image");
    const signature = repository.sign(subject, { ...envelope, bytes: new Uint8Array(MAX_ENVELOPE_BYTES + 1) });
    await expect(fetchEnvelope(repository, signature, { signal })).rejects.toMatchObject({ code: "ERR_TOO_LARGE" });
  });
});

describe("listSignatures()", () => {
  it("gives signature manifests in the registry's order, how each was found, and where was asked", async () => {
    const repository = createFakeRepository();
    const subject = repository.artifact("image");
    const first = repository.sign(subject, envelope);
    const second = repository.sign(subject, envelope, { annotations: { number: "2" } });
    repository.sign(repository.artifact("other"), envelope);
    const { signatures, ways, asked } = await listSignatures(repository, subject, { signal });
    expect(signatures).toEqual([first, second]);
    expect([...ways]).toEqual([[first.digest, ["referrers-api"]], [second.digest, ["referrers-api"]]]);
    expect(asked).toEqual([{ way: "referrers-api", place: `/v2/app/referrers/${subject.digest}`, result: "found" }]);
  });
});
