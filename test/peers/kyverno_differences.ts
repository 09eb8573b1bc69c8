/**
 * Policies and resources that the real Kyverno CLI and this engine decide differently, each by an entry of
 * `deviations.json`.
 */
import { anyOf, type FixtureCertificates, type FixtureImages, type KyvernoCase, pod } from "./kyverno_cases.ts";

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
      name: "text around a PEM block",
      expect: "admitted",
      certificates: [`the signer:\n${certificates.signer}`],
      resource: pod([images.signed]),
      deviation: "pem-surroundings",
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
    {
      name: "preconditions",
      expect: "admitted",
      rule: { preconditions: { all: [{ key: "a", operator: "Equals", value: "b" }] } },
      resource: pod([images.unsigned]),
      deviation: "load-gate",
      ours: "refused",
    },
  ];
}
