/**
 * Policies and resources that the real Kyverno CLI and this engine decide differently, each by an entry of
 * `deviations.json`.
 */
import { getManifest, OCI_MANIFEST, putBlob, putManifest } from "./content.ts";
import { anyOf, type FixtureCertificates, type FixtureImages, type KyvernoCase, pod } from "./kyverno_cases.ts";
import type { Registry } from "./registries.ts";

/** Referrers of one artifact with which Kyverno gives up. */
const TOO_MANY_REFERRERS = 51;

/** Gives an artifact so many referrers, none of which is a signature. */
export async function crowd(registry: Registry, repository: string, tag: string): Promise<void> {
  const subject = (await getManifest(registry, repository, tag))?.descriptor;
  const bytes = new TextEncoder().encode("{}");
  const mediaType = "application/vnd.oci.empty.v1+json";
  const empty = { mediaType, digest: await putBlob(registry, repository, bytes), size: bytes.length };
  for (let number = 1; number <= TOO_MANY_REFERRERS; number++) {
    const manifest = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: "application/vnd.example.note",
      config: empty,
      layers: [empty],
      subject,
      annotations: { number: String(number) },
    };
    await putManifest(registry, repository, new TextEncoder().encode(JSON.stringify(manifest)), OCI_MANIFEST);
  }
}

const generated = (image: string) => pod([image], {}, { name: undefined, generateName: "test-" });

/**
 * Every such case, with those that show that nothing else makes the difference.
 *
 * @param images References `host/repository:tag` in the registry both ask.
 * @param certificates PEM texts.
 * @param digest The digest an image's tag names.
 */
export function kyvernoDifferences(
  images: FixtureImages,
  certificates: FixtureCertificates,
  digest: (image: string) => string,
): readonly KyvernoCase[] {
  return [
    {
      name: "a port with a leading zero",
      expect: "admitted",
      resource: pod([images.unsigned.replace(":", ":0")]),
      deviation: "other-spellings",
      ours: "denied",
    },
    {
      name: "the ID of an image",
      expect: "admitted",
      resource: pod([digest(images.unsigned)]),
      deviation: "image-id",
      ours: "denied",
    },
    {
      name: "generated name, exclusion of its beginning alone",
      expect: "admitted",
      rule: { exclude: anyOf({ names: ["test-"] }) },
      resource: generated(images.unsigned),
      deviation: "generated-name-exemption",
      ours: "denied",
    },
    {
      name: "generated name, exclusion of another",
      expect: "denied",
      rule: { exclude: anyOf({ names: ["other-"] }) },
      resource: generated(images.unsigned),
    },
    {
      name: "signed under the referrers tag, registry with the referrers API",
      expect: "denied",
      resource: pod([images.fallbackSigned]),
      deviation: "policy-referrers-united",
      ours: "admitted",
    },
    {
      name: `${TOO_MANY_REFERRERS} other referrers`,
      expect: "denied",
      resource: pod([images.crowded]),
      deviation: "many-referrers",
      ours: "admitted",
    },
    {
      name: "text around a PEM block",
      expect: "admitted",
      certificates: [`the signer:\n${certificates.signer}`],
      resource: pod([images.signed]),
      deviation: "pem-surroundings",
      ours: "refused",
    },
    {
      name: "chain, leaf trusted",
      expect: "admitted",
      certificates: [certificates.chainLeaf],
      resource: pod([images.chain]),
      deviation: "policy-anchor",
      ours: "refused",
    },
    {
      name: "imageReferences without a registry",
      expect: "admitted",
      verify: { imageReferences: ["kyverno/test-verify-image:*"] },
      resource: pod([images.unsigned]),
      deviation: "protects-nothing",
      ours: "refused",
    },
    {
      name: "rule about a kind without images",
      expect: "admitted",
      rule: { match: anyOf({ kinds: ["ConfigMap"] }) },
      resource: pod([images.unsigned]),
      deviation: "protects-nothing",
      ours: "refused",
    },
    ...(["Fail", "Ignore"] as const).map((failurePolicy): KyvernoCase => ({
      name: `a registry that is down, failurePolicy ${failurePolicy}`,
      // The command line counts an error, whatever the policy says of errors: a webhook admits it under Ignore.
      expect: "denied",
      spec: { failurePolicy },
      verify: {
        imageReferences: ["127.0.0.1:1/*"],
        mutateDigest: false,
        verifyDigest: false,
        required: false,
      },
      resource: pod(["127.0.0.1:1/app:1"]),
      deviation: "registry-error-text",
      ours: failurePolicy === "Ignore" ? "admitted" : "denied",
    })),
    {
      name: "a rule about Cosign's signatures",
      expect: "admitted",
      // Of images elsewhere: the peer would ask Sigstore's servers.
      verify: { type: "Cosign", imageReferences: ["ghcr.io/elsewhere/*"] },
      resource: pod([images.unsigned]),
      deviation: "load-gate",
      ours: "refused",
    },
  ];
}
