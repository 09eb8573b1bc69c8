/** Attestations: what one says is to be had only with its signer, and only when it is what it was listed as. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { EngineError, UnavailableError } from "../../../../src/errors.ts";
import {
  type ArtifactView,
  MAX_ATTESTATION_BYTES,
  MAX_ATTESTATION_DEPTH,
  MAX_ATTESTATION_VALUES,
  type Trust,
  verifyAttestation,
} from "../../../../src/notary/mod.ts";
import { type Descriptor, OCI_INDEX } from "../../../../src/oci/mod.ts";
import { readSources } from "../../../../scripts/imports.ts";
import { createFakeRepository, digestOf, type FakeRepository } from "../../../run/fake_repository.ts";
import { digestReference, impostor, signed, signer, TRUST, trusting, viewOf } from "./artifacts.ts";

const TYPE = "sbom/cyclone-dx";
const SBOM = '{"bomFormat":"CycloneDX"}';

/** An image with one attestation, signed by `signer` unless said otherwise. */
function scene(
  layers: readonly (Uint8Array | string)[] = [SBOM],
  changes: Parameters<FakeRepository["attach"]>[3] = {},
  signers = [signer],
) {
  const repository = createFakeRepository();
  const image = repository.artifact("app");
  const attested = repository.attach(image, TYPE, layers, changes);
  for (const one of signers) repository.sign(attested, signed(one, attested));
  return { repository, image, attested, view: viewOf(repository) };
}

async function first(view: ArtifactView, image: Descriptor, trust: Trust = TRUST) {
  const [source] = (await view.attestations(digestReference(image), TYPE)).attestations;
  if (source === undefined) throw new Error("nothing is listed");
  return await verifyAttestation(source, trust, view);
}

describe("verifyAttestation()", () => {
  it("gives what a signed attestation says, its signer, and the digest of the bytes it says it in", async () => {
    const { view, image, attested } = scene();
    const { outcome, attestation } = await first(view, image);
    expect(outcome).toMatchObject({ verdict: "verified", descriptor: { digest: attested.digest } });
    expect(attestation?.payload).toEqual({ bomFormat: "CycloneDX" });
    expect(attestation?.digest).toBe(digestOf(SBOM));
    expect(attestation?.signer.subject).toContain("CN=");
  });

  it("names the signer whose signature verified, not the one before", async () => {
    const { view, image } = scene([SBOM], {}, [impostor, signer]);
    const { outcome, attestation } = await first(view, image);
    expect(attestation?.signer).toEqual(outcome.outcomes[1]?.certificateChain[0]);
    expect(attestation?.signer).not.toEqual(outcome.outcomes[0]?.certificateChain[0]);
  });

  it.each<[name: string, signers: (typeof signer)[], code: string]>([
    ["nobody has signed", [], "SIGNATURE_MISSING"],
    ["somebody else has signed", [impostor], "SIGNER_NOT_TRUSTED"],
  ])("gives nothing of one that %s, and does not fetch it", async (_, signers, code) => {
    const { view, image, attested, repository } = scene([SBOM], {}, signers);
    const { outcome, attestation } = await first(view, image);
    expect(attestation).toBeUndefined();
    expect(outcome.refusal?.code).toBe(code);
    expect(repository.asked).not.toContain(`manifest ${attested.digest}`);
    expect(repository.asked).not.toContain(`blob ${digestOf(SBOM)}`);
  });

  it("fetches what several trusts are asked about once", async () => {
    const { view, image, repository } = scene([SBOM], {}, [signer, impostor]);
    const [one, other] = [await first(view, image), await first(view, image, trusting(impostor))];
    expect(one.attestation?.payload).toBe(other.attestation?.payload);
    expect(one.attestation?.signer).not.toEqual(other.attestation?.signer);
    expect(repository.asked.filter((line) => line === `blob ${digestOf(SBOM)}`)).toHaveLength(1);
    expect(new Set(repository.asked).size).toBe(repository.asked.length);
  });

  const large = `{"a":"${"x".repeat(MAX_ATTESTATION_BYTES)}"}`;
  it.each<[name: string, layers: readonly (Uint8Array | string)[], changes: Parameters<typeof scene>[1], code: string]>(
    [
      ["no layer", [], {}, "ERR_ATTESTATION"],
      ["two layers", [SBOM, "{}"], {}, "ERR_ATTESTATION"],
      ["a JSON list", ["[{}]"], {}, "ERR_ATTESTATION"],
      ["a JSON text", ['"{}"'], {}, "ERR_ATTESTATION"],
      ["null", ["null"], {}, "ERR_ATTESTATION"],
      ["no JSON", ["<bom/>"], {}, "ERR_JSON"],
      ["nothing", [""], {}, "ERR_JSON"],
      ["two documents", ["{}{}"], {}, "ERR_JSON"],
      ["a name twice", ['{"vulnerable":false,"vulnerable":true}'], {}, "ERR_JSON"],
      ["no UTF-8", [Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)], {}, "ERR_JSON"],
      ["gzip", [new Uint8Array(gzipSync(SBOM))], {}, "ERR_ATTESTATION"],
      ["more bytes than the limit", [large], {}, "ERR_TOO_LARGE"],
      ["more values than the limit", [`{"a":[${"0,".repeat(MAX_ATTESTATION_VALUES)}0]}`], {}, "ERR_TOO_LARGE"],
      ["more levels than the limit", [`{"a":${"[".repeat(MAX_ATTESTATION_DEPTH)}`], {}, "ERR_JSON"],
      ["another type than it is listed as", [SBOM], { artifactType: "sbom/spdx" }, "ERR_ATTESTATION"],
      ["a type that differs in a capital", [SBOM], { artifactType: "SBOM/cyclone-dx" }, "ERR_ATTESTATION"],
      ["an index", [], { kind: "index", mediaType: OCI_INDEX }, "ERR_ATTESTATION"],
      ["no subject", [SBOM], { subject: undefined as never }, "ERR_ATTESTATION"],
      [
        "another subject",
        [SBOM],
        { subject: { mediaType: "a/b", digest: digestOf("other"), size: 5 } },
        "ERR_ATTESTATION",
      ],
    ],
  )("refuses %s, however well signed", async (_, layers, changes, code) => {
    const { view, image } = scene(layers, changes);
    await expect(first(view, image)).rejects.toThrow(expect.objectContaining({ code }));
    await expect(first(view, image)).rejects.toBeInstanceOf(EngineError);
  });

  it("takes as much as the limits allow", async () => {
    const deep = `${"[".repeat(MAX_ATTESTATION_DEPTH - 1)}${"]".repeat(MAX_ATTESTATION_DEPTH - 1)}`;
    const { view, image } = scene([`{"a":"${"x".repeat(MAX_ATTESTATION_BYTES - deep.length - 14)}","b":${deep}}`]);
    expect((await first(view, image)).attestation?.payload["b"]).toHaveLength(1);
  });

  it('hands on that the content could not be had: that is never "no attestation"', async () => {
    const { view, image, repository } = scene();
    repository.fail(`blob ${digestOf(SBOM)}`, new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "Cannot connect"));
    await expect(first(view, image)).rejects.toThrow(expect.objectContaining({ code: "ERR_REGISTRY_UNAVAILABLE" }));
  });
});

describe("attestations() of a view", () => {
  it("lists those of one type, spelled exactly so, in the registry's order", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("app");
    const types = ["sbom/spdx", TYPE, "Sbom/cyclone-dx", `${TYPE}2`, TYPE];
    const attached = types.map((type, index) => repository.attach(image, type, [`{"n":${index}}`]));
    const { attestations, descriptor } = await viewOf(repository).attestations(digestReference(image), TYPE);
    expect(descriptor.digest).toBe(image.digest);
    expect(attestations.map(({ reference }) => reference.digest)).toEqual([attached[1]?.digest, attached[4]?.digest]);
  });

  it("asks for an image and a list once, both at the same time where the digest is known", async () => {
    const { view, image, repository } = scene();
    await view.attestations(digestReference(image), TYPE);
    await view.attestations(digestReference(image), TYPE);
    expect(repository.asked).toEqual([`resolve ${image.digest}`, `referrers ${image.digest}`]);
    expect(repository.mostOpen).toBe(2);
  });
});

describe("src/", () => {
  it("fetches blobs for envelopes, for attestations after their signature, and for image data; nowhere else", () => {
    const fetching = readSources().filter(({ path, text }) => !path.startsWith("oci/") && /\.fetchBlob\(/.test(text));
    expect(fetching.map(({ path }) => path).sort()).toEqual([
      "notary/discover.ts",
      "notary/verify/attestation.ts",
      "policy/context/image_data.ts",
    ]);
  });
});
