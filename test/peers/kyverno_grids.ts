/** Cases made from tables: each row of one table under each column of another. */
import { type FixtureCertificates, type FixtureImages, type Json, type KyvernoCase, pod } from "./kyverno_cases.ts";

type Verdict = KyvernoCase["expect"];

const verdict = (denied: boolean): Verdict => denied ? "denied" : "admitted";
const repositoryOf = (image: string): string => image.replace(/:[^:/]*$/, "");
const digestsLeft: Json = { mutateDigest: false, verifyDigest: false };

/**
 * Every case of the tables.
 *
 * @param images References `host/repository:tag` in the registry both ask.
 * @param certificates PEM texts.
 * @param digest The digest an image's tag names.
 */
export function gridCases(
  images: FixtureImages,
  certificates: FixtureCertificates,
  digest: (image: string) => string,
): readonly KyvernoCase[] {
  return [
    ...attestorGrid(images, certificates),
    ...patternGrid(images, digest),
    ...digestGrid(images, digest),
    ...actionGrid(images),
    ...controllerGrid(images),
    ...togetherGrid(images, certificates),
  ];
}

/** Who has to sign, over an image of one signer and an image of a chain. */
function attestorGrid(images: FixtureImages, certificates: FixtureCertificates): readonly KyvernoCase[] {
  const cert = (pem: string): Json => ({ certificates: { cert: pem } });
  const [signer, root, stranger] = [certificates.signer, certificates.chainRoot, certificates.stranger];
  const nested = (entries: readonly Json[], count?: number): Json => ({
    attestor: { entries, ...(count === undefined ? {} : { count }) },
  });
  const rows: readonly (readonly [name: string, sets: readonly Json[], signedBy: "" | "signer" | "chain" | "both"])[] =
    [
      ["certChain", [{ entries: [{ certificates: { certChain: signer } }] }], "signer"],
      ["certChain of two", [{ entries: [{ certificates: { certChain: signer + root } }] }], "both"],
      ["cert beside certChain", [{ entries: [{ certificates: { cert: stranger, certChain: root } }] }], "chain"],
      ["neither of cert and certChain", [{ entries: [{ certificates: { cert: stranger, certChain: stranger } }] }], ""],
      ["one of three", [{ count: 1, entries: [cert(stranger), cert(signer), cert(root)] }], "both"],
      ["two of three", [{ count: 2, entries: [cert(stranger), cert(signer), cert(signer)] }], "signer"],
      ["all three", [{ entries: [cert(stranger), cert(signer), cert(root)] }], ""],
      ["the same twice", [{ count: 2, entries: [cert(root), cert(root)] }], "chain"],
      ["two sets", [{ entries: [cert(signer + root)] }, { entries: [cert(root)] }], "chain"],
      ["nested twice", [{ entries: [nested([nested([cert(signer)])])] }], "signer"],
      ["nested, one of two", [{ entries: [nested([cert(signer), cert(root)], 1)] }], "both"],
      ["nested, both of two", [{ entries: [nested([cert(signer), cert(root)])] }], ""],
      ["nested beside an entry", [{ count: 2, entries: [cert(signer), nested([cert(signer)])] }], "signer"],
      ["the rest of an entry", [{
        entries: [{ ...cert(signer), repository: "ghcr.io/elsewhere", signatureAlgorithm: "sha512" }],
      }], "signer"],
    ];
  const columns = { signer: images.signed, chain: images.chain };
  return rows.flatMap(([name, attestors, signedBy]) =>
    Object.entries(columns).map(([column, image]): KyvernoCase => ({
      name: `attestors: ${name}, signed by ${column}`,
      expect: verdict(signedBy !== column && signedBy !== "both"),
      verify: { attestors },
      resource: pod([image]),
    }))
  );
}

/** Which patterns an unsigned image is found by, and let off by, in each of its spellings. */
function patternGrid({ unsigned }: FixtureImages, digest: (image: string) => string): readonly KyvernoCase[] {
  const repository = repositoryOf(unsigned);
  const host = repository.slice(0, repository.indexOf("/"));
  const spellings = {
    tag: unsigned,
    digest: `${repository}@${digest(unsigned)}`,
    "tag and digest": `${unsigned}@${digest(unsigned)}`,
  };
  const patterns:
    readonly (readonly [name: string, pattern: string, matches: "all" | "tag" | "digest" | "other tag" | "none"])[] = [
      ["the registry", `${host}/*`, "all"],
      ["a folder", `${host}/kyverno/*`, "all"],
      ["a repository", `${repository}*`, "all"],
      ["a repository's tags", `${repository}:*`, "tag"],
      ["a tag", unsigned, "tag"],
      ["question marks", `${repository.slice(0, -1)}?:u?signed`, "tag"],
      ["a tag in any repository", `${host}/*:unsigned`, "tag"],
      ["digests", `${repository}@*`, "digest"],
      ["another tag", `${repository}:signed`, "other tag"],
      ["another folder", `${host}/other/*`, "none"],
      ["the repository alone", repository, "none"],
    ];
  return patterns.flatMap(([name, pattern, matches]) =>
    Object.entries(spellings).flatMap(([spelling, image]): readonly KyvernoCase[] => {
      const found = matches === "all" || (spelling === "tag" ? matches === "tag" : matches === "digest");
      return [
        {
          name: `imageReferences: ${name}, ${spelling}`,
          expect: verdict(found),
          verify: { imageReferences: [`${host}/elsewhere:tag`, pattern] },
          resource: pod([image]),
          ...(spelling !== "tag" && /tag$/.test(matches)
            ? { deviation: "digest-matches-tag-pattern", ours: "denied" }
            : {}),
          ...(pattern === repository ? { deviation: "protects-nothing", ours: "refused" } : {}),
        },
        {
          name: `skipImageReferences: ${name}, ${spelling}`,
          expect: verdict(!found),
          verify: { skipImageReferences: [`${host}/elsewhere:tag`, pattern] },
          resource: pod([image]),
        },
      ];
    })
  );
}

/** What is asked of digests, of images with and without one. */
function digestGrid(images: FixtureImages, digest: (image: string) => string): readonly KyvernoCase[] {
  const options = [true, false].flatMap((mutateDigest) =>
    [true, false].flatMap((verifyDigest) => [true, false].map((required) => ({ mutateDigest, verifyDigest, required })))
  );
  return options.flatMap((verify) =>
    Object.entries({ signed: images.signed, unsigned: images.unsigned }).flatMap(([name, image]) =>
      [image, `${repositoryOf(image)}@${digest(image)}`].map((spelling, at): KyvernoCase => ({
        name: `digests: ${JSON.stringify(verify)}, ${name} ${at === 0 ? "tag" : "digest"}`,
        expect: verdict(name === "unsigned" || (at === 0 && !verify.mutateDigest && verify.verifyDigest)),
        verify,
        resource: pod([spelling]),
      }))
    )
  );
}

/** Where an action may be said, and what comes of it for an unsigned image. */
function actionGrid({ signed, unsigned }: FixtureImages): readonly KyvernoCase[] {
  const override = (action: string) => ({ validationFailureActionOverrides: [{ action, namespaces: ["def*"] }] });
  const specs = {
    Enforce: {},
    Audit: {},
    "Enforce, overridden": override("Audit"),
    "Audit, overridden": override("Enforce"),
  };
  return Object.entries(specs).flatMap(([name, spec]) =>
    [undefined, "Enforce", "Audit"].flatMap((failureAction) =>
      Object.entries({ signed, unsigned }).map(([column, image]): KyvernoCase => ({
        name: `actions: ${name}, the entry ${failureAction ?? "without"}, ${column}`,
        expect: verdict(
          column === "unsigned" &&
            (failureAction ?? (name === "Enforce" || name === "Audit, overridden" ? "Enforce" : "Audit")) === "Enforce",
        ),
        spec: { validationFailureAction: name.split(",")[0], ...spec },
        verify: { ...digestsLeft, ...(failureAction === undefined ? {} : { failureAction }) },
        resource: pod([image]),
      }))
    )
  );
}

const CONTROLLERS: readonly (readonly [kind: string, apiVersion: string])[] = [
  ["DaemonSet", "apps/v1"],
  ["Deployment", "apps/v1"],
  ["Job", "batch/v1"],
  ["ReplicaSet", "apps/v1"],
  ["ReplicationController", "v1"],
  ["StatefulSet", "apps/v1"],
  ["CronJob", "batch/v1"],
];

/** Each kind that makes Pods, with an image in each list of containers; and Pods. */
function controllerGrid({ signed, unsigned, metadata }: FixtureImages): readonly KyvernoCase[] {
  const specs = (image: string) => ({
    containers: { containers: [{ name: "app", image }] },
    initContainers: { containers: [{ name: "app", image: metadata }], initContainers: [{ name: "init", image }] },
  });
  const made = (kind: string, apiVersion: string, spec: Json): Json => {
    const template = { metadata: { labels: { app: "a" } }, spec };
    return {
      apiVersion,
      kind,
      metadata: { name: "test", namespace: "default" },
      spec: kind === "CronJob"
        ? { schedule: "* * * * *", jobTemplate: { spec: { template } } }
        : { selector: { matchLabels: { app: "a" } }, template },
    };
  };
  return Object.entries({ signed, unsigned }).flatMap(([name, image]) => [
    ...CONTROLLERS.flatMap(([kind, apiVersion]) =>
      Object.entries(specs(image)).map(([list, spec]): KyvernoCase => ({
        name: `controllers: ${kind}, ${list}, ${name}`,
        expect: verdict(name === "unsigned"),
        resource: made(kind, apiVersion, spec),
      }))
    ),
    {
      name: `containers: ephemeralContainers, ${name}`,
      expect: verdict(name === "unsigned"),
      resource: pod([metadata], { ephemeralContainers: [{ name: "debug", image }] }),
    },
  ]);
}

/** Several images, entries, rules and policies on one Pod. */
function togetherGrid(images: FixtureImages, certificates: FixtureCertificates): readonly KyvernoCase[] {
  const { signed, unsigned, metadata, chain } = images;
  const entry = (imageReferences: readonly string[], ...pems: readonly string[]): Json => ({
    type: "Notary",
    imageReferences,
    attestors: [{ entries: pems.map((cert) => ({ certificates: { cert } })) }],
  });
  /** Kyverno names every image once for each entry that is about one of them. */
  const deviation = "entry-asked-once";
  const here = (image: string) => `${repositoryOf(image)}*`;
  const twoEntries: Json = {
    verifyImages: [entry([here(signed)], certificates.signer), entry([here(chain)], certificates.chainRoot)],
  };
  const both = [
    entry([here(signed)], certificates.signer),
    entry([here(signed)], certificates.stranger),
  ];
  return [
    {
      name: "together: an entry each",
      expect: "admitted",
      rules: [twoEntries],
      resource: pod([signed, chain]),
      deviation,
    },
    {
      name: "together: an entry each, one unsigned",
      expect: "denied",
      rules: [twoEntries],
      resource: pod([unsigned, chain]),
      deviation,
    },
    {
      name: "together: an entry each, one of no entry",
      expect: "admitted",
      rules: [twoEntries],
      resource: pod([signed, metadata]),
      deviation,
    },
    {
      name: "together: two entries about one image",
      expect: "denied",
      rules: [{ verifyImages: both }],
      resource: pod([signed]),
      deviation,
    },
    { name: "together: three signed images", expect: "admitted", resource: pod([signed, metadata, signed]) },
    {
      name: "together: two rules, the second denies",
      expect: "denied",
      rules: [{ name: "first" }, { name: "second", verifyImages: [entry([here(signed)], certificates.stranger)] }],
      resource: pod([signed]),
    },
    {
      name: "together: two rules, both admit",
      expect: "admitted",
      rules: [{ name: "first" }, { name: "second" }],
      verify: digestsLeft,
      resource: pod([signed]),
    },
    {
      name: "together: two policies, both admit",
      expect: "admitted",
      verify: digestsLeft,
      beside: [{}],
      resource: pod([signed]),
    },
    {
      name: "together: two policies, the second denies",
      expect: "denied",
      verify: digestsLeft,
      beside: [{ rules: [{ verifyImages: [{ ...entry([here(signed)], certificates.stranger), ...digestsLeft }] }] }],
      resource: pod([signed]),
    },
    {
      name: "together: two policies, one audits",
      expect: "admitted",
      verify: digestsLeft,
      spec: { validationFailureAction: "Audit" },
      beside: [{ spec: {}, verify: { ...digestsLeft, imageReferences: [`${repositoryOf(unsigned)}:signed`] } }],
      resource: pod([unsigned]),
    },
  ];
}
