/**
 * Policies and resources that both the real Kyverno CLI and this engine decide.
 */

export interface KyvernoCase {
  readonly name: string;
  /** What the peer is known to decide, so that a broken set-up is not mistaken for agreement. */
  readonly expect: "admitted" | "denied";
  /** Fields of the policy's `spec`, over the defaults of the seed policy. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly rule?: Readonly<Record<string, unknown>>;
  /** Fields of the one `verifyImages` entry. */
  readonly verify?: Readonly<Record<string, unknown>>;
  /** PEM texts, each an entry of its own in the one attestor; the fixture signer's when left out. */
  readonly certificates?: readonly string[];
  readonly resource: Readonly<Record<string, unknown>>;
  /** `kyverno.io/v2beta1` when left out. */
  readonly apiVersion?: "kyverno.io/v1";
  /** A ClusterPolicy when left out. */
  readonly kind?: "Policy";
  /** What differs from {@link rule}, rule by rule; one rule as it is when left out. */
  readonly rules?: readonly Readonly<Record<string, unknown>>[];
  /** Policies beside the first: what differs from it. */
  readonly beside?: readonly Partial<Pick<KyvernoCase, "kind" | "metadata" | "spec" | "rule" | "rules" | "verify">>[];
  /** Who asks. */
  readonly user?: Asker;
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  /** Data of the ConfigMap `keys` of the namespace `default`, to which the context entry `keys` leads. */
  readonly configMap?: Readonly<Record<string, string>>;
  /** PolicyExceptions that count. */
  readonly exceptions?: readonly Readonly<Record<string, unknown>>[];
  /** Id in `deviations.json` when the two differ for a reason. */
  readonly deviation?: string;
  /** What this engine decides where that differs; `refused`: it does not load the policy. */
  readonly ours?: "admitted" | "denied" | "refused";
}

export interface Asker {
  readonly username: string;
  readonly groups: readonly string[];
  /** `namespace:name` */
  readonly roles: readonly string[];
  readonly clusterRoles: readonly string[];
}

export type Json = Readonly<Record<string, unknown>>;

/** References of the fixtures' images, by what is known of their signatures. */
export interface FixtureImages {
  readonly signed: string;
  readonly unsigned: string;
  readonly cose: string;
  readonly chain: string;
  readonly several: string;
  readonly wrongSigner: string;
  readonly wrongSignerCose: string;
  readonly expired: string;
  readonly expiredCose: string;
  readonly expiredCertificate: string;
  readonly longExpiry: string;
  readonly metadata: string;
  readonly oddName: string;
  readonly artifactTypeForm: string;
  readonly brokenFirst: string;
  readonly tampered: (tag: string) => string;
  readonly indexSigned: string;
  readonly indexChildSigned: string;
  readonly attested: string;
  readonly attestations: (tag: string) => string;
  readonly fallbackSigned: string;
  readonly crowded: string;
}

/** PEM texts of the fixtures' certificates. */
export interface FixtureCertificates {
  readonly signer: string;
  readonly coseSigner: string;
  readonly chainRoot: string;
  readonly chainIntermediate: string;
  readonly chainLeaf: string;
  readonly release: string;
  readonly shortLived: string;
  readonly oddName: string;
  readonly stranger: string;
}

const container = (image: string, name = "app"): Json => ({ name, image });

export const pod = (images: readonly string[], more: Json = {}, metadata: Json = {}): Json => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "test", namespace: "default", ...metadata },
  spec: { containers: images.map((image, i) => container(image, `c${i}`)), ...more },
});

const controller = (kind: string, image: string, apiVersion = "apps/v1"): Json => ({
  apiVersion,
  kind,
  metadata: { name: "test", namespace: "default" },
  spec: {
    selector: { matchLabels: { app: "a" } },
    template: { metadata: { labels: { app: "a" } }, spec: { containers: [container(image)] } },
  },
});

const cronJob = (image: string): Json => ({
  apiVersion: "batch/v1",
  kind: "CronJob",
  metadata: { name: "test", namespace: "default" },
  spec: {
    schedule: "* * * * *",
    jobTemplate: { spec: { template: { spec: { restartPolicy: "Never", containers: [container(image)] } } } },
  },
});

export const anyOf = (resources: Json): Json => ({ any: [{ resources }] });

const attestor = (count: number | undefined, ...entries: readonly Json[]): Json =>
  count === undefined ? { entries } : { count, entries };

/**
 * Every case.
 *
 * @param images References `host/repository:tag` in the registry both ask.
 * @param certificates PEM texts.
 * @param digest The digest an image's tag names.
 */
export function kyvernoCases(
  images: FixtureImages,
  certificates: FixtureCertificates,
  digest: (image: string) => string,
): readonly KyvernoCase[] {
  const entry = (...pems: readonly string[]): Json => ({ certificates: { cert: pems.join("") } });
  const good = entry(certificates.signer);
  const bad = entry(certificates.stranger);
  const digestOf = (image: string) => `${image}@${digest(image)}`;
  const tagless = (image: string) => `${image.replace(/:[^:/]*$/, "")}@${digest(image)}`;
  return [
    { name: "signed tag", expect: "admitted", resource: pod([images.signed]) },
    { name: "signed digest", expect: "admitted", resource: pod([tagless(images.signed)]) },
    { name: "signed tag and digest", expect: "admitted", resource: pod([digestOf(images.signed)]) },
    { name: "unsigned tag", expect: "denied", resource: pod([images.unsigned]) },
    { name: "unsigned digest", expect: "denied", resource: pod([tagless(images.unsigned)]) },
    { name: "unsigned tag and digest", expect: "denied", resource: pod([digestOf(images.unsigned)]) },
    { name: "COSE", expect: "admitted", certificates: [certificates.coseSigner], resource: pod([images.cose]) },
    {
      name: "chain, root trusted",
      expect: "admitted",
      certificates: [certificates.chainRoot],
      resource: pod([images.chain]),
    },
    {
      name: "chain, intermediate trusted",
      expect: "admitted",
      certificates: [certificates.chainIntermediate],
      resource: pod([images.chain]),
    },
    {
      name: "chain, stranger trusted",
      expect: "denied",
      certificates: [certificates.stranger],
      resource: pod([images.chain]),
    },
    {
      name: "wrong certificate",
      expect: "denied",
      certificates: [certificates.stranger],
      resource: pod([images.signed]),
    },
    { name: "wrong signer", expect: "denied", resource: pod([images.wrongSigner]) },
    { name: "several signatures, one good", expect: "admitted", resource: pod([images.several]) },
    { name: "user metadata", expect: "admitted", resource: pod([images.metadata]) },
    { name: "expired signature", expect: "denied", resource: pod([images.expired]) },
    { name: "expiry far away", expect: "admitted", resource: pod([images.longExpiry]) },
    { name: "wrong signer, COSE", expect: "denied", resource: pod([images.wrongSignerCose]) },
    { name: "expired signature, COSE", expect: "denied", resource: pod([images.expiredCose]) },
    {
      name: "expired certificate",
      expect: "denied",
      certificates: [certificates.shortLived],
      resource: pod([images.expiredCertificate]),
    },
    {
      name: "subject with characters that need escapes",
      expect: "admitted",
      certificates: [certificates.oddName],
      resource: pod([images.oddName]),
    },
    { name: "signature manifest of notation 2", expect: "admitted", resource: pod([images.artifactTypeForm]) },
    { name: "broken signature first", expect: "admitted", resource: pod([images.brokenFirst]) },
    { name: "attestations beside the signature", expect: "admitted", resource: pod([images.attested]) },
    ...[
      ...["payload-jws", "payload-cose", "signature-jws", "signature-cose", "transplanted-jws", "transplanted-cose"],
      ...["certificate-jws", "swapped-certificate-jws", "swapped-certificate-cose", "unknown-kind", "mislabelled"],
    ].map((tag): KyvernoCase => ({
      name: `tampered: ${tag}`,
      expect: "denied",
      resource: pod([images.tampered(tag)]),
    })),
    ...["signature-chain-jws", "certificate-chain-jws", "certificate-chain-cose", "swapped-certificate-chain-jws"].map(
      (tag): KyvernoCase => ({
        name: `tampered: ${tag}`,
        expect: "denied",
        certificates: [certificates.release],
        resource: pod([images.tampered(tag)]),
      }),
    ),
    {
      name: "tampered: signature-empty-jws",
      expect: "denied",
      resource: pod([images.tampered("signature-empty-jws")]),
      deviation: "empty-signature-text",
    },
    { name: "signed index", expect: "admitted", resource: pod([images.indexSigned]) },
    {
      name: "index whose child is signed",
      expect: "denied",
      resource: pod([images.indexChildSigned]),
      deviation: "index-child-named",
    },
    {
      name: "tag that does not exist",
      expect: "denied",
      resource: pod([images.signed.replace(/:[^:/]*$/, ":missing")]),
      deviation: "registry-error-text",
    },
    {
      name: "count 1 of two entries, second good",
      expect: "admitted",
      verify: { attestors: [attestor(1, bad, good)] },
      resource: pod([images.signed]),
    },
    {
      name: "count 2 of two entries, one bad",
      expect: "denied",
      verify: { attestors: [attestor(2, good, bad)] },
      resource: pod([images.signed]),
    },
    {
      name: "no count means all",
      expect: "denied",
      verify: { attestors: [attestor(undefined, good, bad)] },
      resource: pod([images.signed]),
    },
    {
      name: "count 1, both bad",
      expect: "denied",
      verify: { attestors: [attestor(1, bad, bad)] },
      resource: pod([images.signed]),
    },
    {
      name: "two attestors, both good",
      expect: "admitted",
      verify: { attestors: [attestor(1, good), attestor(1, good)] },
      resource: pod([images.signed]),
    },
    {
      name: "two attestors, second bad",
      expect: "denied",
      verify: { attestors: [attestor(1, good), attestor(1, bad)] },
      resource: pod([images.signed]),
    },
    {
      name: "nested attestor, good",
      expect: "admitted",
      verify: { attestors: [attestor(1, { attestor: attestor(1, good) })] },
      resource: pod([images.signed]),
    },
    {
      name: "nested attestor, bad",
      expect: "denied",
      verify: { attestors: [attestor(1, { attestor: attestor(1, bad, bad) })] },
      resource: pod([images.signed]),
    },
    {
      name: "two certificates in one entry",
      expect: "admitted",
      verify: { attestors: [attestor(1, entry(certificates.stranger, certificates.signer))] },
      resource: pod([images.signed]),
    },
    {
      name: "image outside imageReferences",
      expect: "admitted",
      verify: { imageReferences: ["ghcr.io/elsewhere/*"] },
      resource: pod([images.unsigned]),
    },
    {
      name: "skipImageReferences",
      expect: "admitted",
      verify: { skipImageReferences: [images.unsigned] },
      resource: pod([images.unsigned]),
    },
    {
      name: "imageReferences with a tag pattern and a digest reference",
      expect: "admitted",
      verify: { imageReferences: [`${images.unsigned.replace(/:[^:/]*$/, "")}:*`] },
      resource: pod([tagless(images.unsigned)]),
      deviation: "digest-matches-tag-pattern",
      ours: "denied",
    },
    {
      name: "excluded namespace",
      expect: "admitted",
      rule: { exclude: anyOf({ namespaces: ["default"] }) },
      resource: pod([images.unsigned]),
    },
    {
      name: "other namespace matched",
      expect: "admitted",
      rule: { match: anyOf({ kinds: ["Pod"], namespaces: ["prod-*"] }) },
      resource: pod([images.unsigned]),
    },
    {
      name: "namespace wildcard matched",
      expect: "denied",
      rule: { match: anyOf({ kinds: ["Pod"], namespaces: ["def*"] }) },
      resource: pod([images.unsigned]),
    },
    {
      name: "name pattern",
      expect: "denied",
      rule: { match: anyOf({ kinds: ["Pod"], names: ["te?t"] }) },
      resource: pod([images.unsigned]),
    },
    {
      name: "selector that matches",
      expect: "denied",
      rule: { match: anyOf({ kinds: ["Pod"], selector: { matchLabels: { app: "a*" } } }) },
      resource: pod([images.unsigned], {}, { labels: { app: "abc" } }),
    },
    {
      name: "selector that does not match",
      expect: "admitted",
      rule: {
        match: anyOf({
          kinds: ["Pod"],
          selector: { matchExpressions: [{ key: "app", operator: "In", values: ["b"] }] },
        }),
      },
      resource: pod([images.unsigned], {}, { labels: { app: "abc" } }),
    },
    {
      name: "match all, one filter fails",
      expect: "admitted",
      rule: {
        match: { all: [{ resources: { kinds: ["Pod"] } }, { resources: { kinds: ["Pod"], names: ["other"] } }] },
      },
      resource: pod([images.unsigned]),
    },
    {
      name: "init container unsigned",
      expect: "denied",
      resource: pod([images.signed], { initContainers: [container(images.unsigned, "init")] }),
    },
    {
      name: "init container signed",
      expect: "admitted",
      resource: pod([images.signed], { initContainers: [container(images.metadata, "init")] }),
    },
    {
      name: "two containers, one unsigned",
      expect: "denied",
      resource: pod([images.signed, images.unsigned]),
    },
    { name: "Deployment signed", expect: "admitted", resource: controller("Deployment", images.signed) },
    { name: "Deployment unsigned", expect: "denied", resource: controller("Deployment", images.unsigned) },
    { name: "StatefulSet unsigned", expect: "denied", resource: controller("StatefulSet", images.unsigned) },
    { name: "Job unsigned", expect: "denied", resource: controller("Job", images.unsigned, "batch/v1") },
    { name: "CronJob signed", expect: "admitted", resource: cronJob(images.signed) },
    { name: "CronJob unsigned", expect: "denied", resource: cronJob(images.unsigned) },
    {
      name: "autogen off",
      expect: "admitted",
      metadata: { annotations: { "pod-policies.kyverno.io/autogen-controllers": "none" } },
      resource: controller("Deployment", images.unsigned),
    },
    {
      name: "autogen for Deployments alone, CronJob unsigned",
      expect: "admitted",
      metadata: { annotations: { "pod-policies.kyverno.io/autogen-controllers": "Deployment" } },
      resource: cronJob(images.unsigned),
    },
    {
      name: "mutateDigest false, signed tag, no digest asked",
      expect: "admitted",
      verify: { mutateDigest: false, verifyDigest: false },
      resource: pod([images.signed]),
    },
    {
      name: "mutateDigest false, verifyDigest true, tag",
      expect: "denied",
      verify: { mutateDigest: false },
      resource: pod([images.signed]),
    },
  ];
}
