/** What rules decide on the fixtures' real signatures. */
import { describe, expect, it } from "vitest";
import { load, type PolicyChanges, policyDocument, trusting } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, digestOf } from "./world.ts";

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";
const SIGNED = `${REPOSITORY}:signed`;
const UNSIGNED = `${REPOSITORY}:unsigned`;
const signedDigest = `${REPOSITORY}@${digestOf(SIGNED)}`;
const unsignedDigest = `${REPOSITORY}@${digestOf(UNSIGNED)}`;

const policy = (changes: PolicyChanges = {}) => load(policyDocument(changes));
const pod = (...images: readonly string[]) => createRequest({ object: podWith(images) });
const AUDIT: PolicyChanges = { spec: { validationFailureAction: "Audit" }, verify: { mutateDigest: false } };

describe("in the mutating webhook", () => {
  it.each<[name: string, changes: PolicyChanges, images: readonly string[], allowed: boolean]>([
    ["a signed tag", {}, [SIGNED], true],
    ["a signed digest", {}, [signedDigest], true],
    ["a signed digest behind any tag", {}, [`${REPOSITORY}:unsigned@${digestOf(SIGNED)}`], true],
    ["an unsigned digest", {}, [unsignedDigest], false],
    ["an unsigned digest behind a signed tag", {}, [`${REPOSITORY}:signed@${digestOf(UNSIGNED)}`], false],
    [
      "an unsigned digest, pattern with tags",
      { verify: { imageReferences: [`${REPOSITORY}:*`] } },
      [unsignedDigest],
      false,
    ],
    ["an unsigned image in another spelling", {}, [`GHCR.io:443/kyverno/test-verify-image:unsigned`], false],
    ["an unsigned image behind a port with zeros", {}, [`ghcr.io:00443/kyverno/test-verify-image:unsigned`], false],
    ["a signed and an unsigned one", {}, [SIGNED, UNSIGNED], false],
    ["another's certificate", { verify: { attestors: [{ entries: [trusting("impostor")] }] } }, [SIGNED], false],
    [
      "one of two certificates in one entry",
      { verify: { attestors: [{ entries: [trusting("impostor", "fixture-signer")] }] } },
      [SIGNED],
      true,
    ],
    [
      "one entry of two, count 1",
      { verify: { attestors: [{ count: 1, entries: [trusting("impostor"), trusting("fixture-signer")] }] } },
      [SIGNED],
      true,
    ],
    [
      "one entry of two, all",
      { verify: { attestors: [{ entries: [trusting("impostor"), trusting("fixture-signer")] }] } },
      [SIGNED],
      false,
    ],
    [
      "one set of two",
      { verify: { attestors: [{ entries: [trusting("fixture-signer")] }, { entries: [trusting("impostor")] }] } },
      [SIGNED],
      false,
    ],
    ["a tag that does not exist", {}, [`${REPOSITORY}:gone`], false],
    [
      "an index signed",
      { verify: { imageReferences: ["registry.example/*"] } },
      ["registry.example/index:signed"],
      true,
    ],
    ["an index of which a child is signed", { verify: { imageReferences: ["registry.example/*"] } }, [
      "registry.example/index:child-only",
    ], false],
    ["a broken signature beside a good one", { verify: { imageReferences: ["registry.example/*"] } }, [
      "registry.example/several:broken-first",
    ], true],
    ["a foreign signature beside a good one", { verify: { imageReferences: ["registry.example/*"] } }, [
      "registry.example/several:wrong-first",
    ], true],
    ["a tampered payload", { verify: { imageReferences: ["registry.example/*"] } }, [
      "registry.example/tampered:payload-jws",
    ], false],
    ["an exempt image", { verify: { skipImageReferences: [`${REPOSITORY}:un*`] } }, [UNSIGNED], true],
    ["an exempt tag before an unsigned digest", { verify: { skipImageReferences: [`${REPOSITORY}:dev`] } }, [
      `${REPOSITORY}:dev@${digestOf(UNSIGNED)}`,
    ], false],
    ["an exempt digest", { verify: { skipImageReferences: [unsignedDigest] } }, [unsignedDigest], true],
    [
      "what an exclusion of all its filters has in one of them, while another asks nothing",
      { rule: { exclude: { all: [{ resources: { namespaces: ["default"] } }, {}] } } },
      [UNSIGNED],
      false,
    ],
    ["the ID of an image on the node", { verify: { imageReferences: ["ghcr.io/*"] } }, [digestOf(UNSIGNED)], false],
    ["an unsigned image under Audit", AUDIT, [UNSIGNED], true],
    [
      "an unsigned image, the entry enforces",
      { spec: { validationFailureAction: "Audit" }, verify: { failureAction: "Enforce" } },
      [UNSIGNED],
      false,
    ],
    [
      "an unsigned image, the entry audits",
      { verify: { failureAction: "Audit", mutateDigest: false } },
      [UNSIGNED],
      true,
    ],
    ["an unsigned image, failure policy Ignore", { spec: { failurePolicy: "Ignore" } }, [UNSIGNED], false],
  ])("%s", async (_, changes, images, allowed) => {
    const decision = await ask(await createWorld(), await policy(changes), pod(...images));
    expect(decision.allowed, decision.message).toBe(allowed);
    if (!allowed) expect(decision).toMatchObject({ patches: [], warnings: [] });
  });

  it('names every failing image in the order of the Pod, each on a line of its own: "failing-images-named"', async () => {
    const object = {
      ...podWith([UNSIGNED, SIGNED, unsignedDigest]),
    };
    const spec = { ...object["spec"] as object, initContainers: [{ name: "i", image: `${REPOSITORY}:gone` }] };
    const decision = await ask(await createWorld(), await policy(), createRequest({ object: { ...object, spec } }));
    const lines = decision.message.split("\n").slice(6);
    expect(decision.message.split("\n")[5]).toBe("  verify-signature-notary: |-");
    expect(lines.map((line) => line.slice(0, line.indexOf(": ", 40)).trim())).toEqual([
      `failed to verify image ${REPOSITORY}:gone`,
      `failed to verify image ${UNSIGNED}`,
      `failed to verify image ${unsignedDigest}`,
      "",
    ]);
  });

  it("names each attestor that was not satisfied by its path", async () => {
    const nested = {
      attestor: { entries: [trusting("p-256-self"), trusting("fixture-signer"), trusting("impostor")] },
    };
    const changes = {
      verify: { attestors: [{ entries: [trusting("fixture-signer")] }, { entries: [trusting("p-384-self"), nested] }] },
    };
    const decision = await ask(await createWorld(), await policy(changes), pod(SIGNED));
    const message = decision.responses[0]?.images[0]?.message ?? "";
    const paths = [...message.matchAll(/\.attestors\S+(?=: failed to verify )/g)].map(([path]) => path);
    expect(paths).toEqual([
      ".attestors[1].entries[0]",
      ".attestors[1].entries[1].attestor.entries[0]",
      ".attestors[1].entries[1].attestor.entries[2]",
    ]);
    expect(message).toMatch(/^failed to verify image ghcr\.io\/kyverno\/test-verify-image:signed: \.attestors\[1\]/);
    expect(message.split("; .attestors")).toHaveLength(3);
  });

  it("says so when of an index only a child is signed", async () => {
    const image = "registry.example/index:child-only";
    const decision = await ask(await createWorld(), await policy({ verify: { imageReferences: ["*"] } }), pod(image));
    const named = `registry.example/index@${digestOf(image)}`;
    expect(decision.responses[0]?.images[0]?.message).toBe(
      `failed to verify image ${image}: .attestors[0].entries[0]: failed to verify ${named}: ` +
        `no signature is associated with "${named}", make sure the image was signed successfully; it is an index of ` +
        `which only children are signed: "${digestOf("registry.example/index:child-only-amd64")}" (linux/amd64)`,
    );
  });

  it("has Kyverno's words for a tag that does not exist", async () => {
    const { responses } = await ask(await createWorld(), await policy(), pod(`${REPOSITORY}:gone`));
    const [image] = responses[0]?.images ?? [];
    const prefix =
      `failed to verify image ${REPOSITORY}:gone: .attestors[0].entries[0]: failed to parse image reference: ${REPOSITORY}:gone: `;
    expect(image?.message.startsWith(prefix), image?.message).toBe(true);
    expect(image?.refusal).toMatchObject({ code: "ERR_REGISTRY_NOT_FOUND", class: "denied" });
  });

  it("pins only what its rules are about, and nothing that has a digest", async () => {
    const images = ["nginx:1", SIGNED, signedDigest];
    const { patches } = await ask(await createWorld(), await policy(), pod(...images));
    expect(patches.filter(({ op }) => op === "replace").map(({ path }) => path)).toEqual(["/spec/containers/1/image"]);
  });

  it("pins nothing where mutateDigest is false, and notes the tag", async () => {
    const { patches } = await ask(await createWorld(), await policy({ verify: { mutateDigest: false } }), pod(SIGNED));
    expect(patches).toEqual([
      { op: "add", path: "/metadata/annotations", value: {} },
      { op: "add", path: "/metadata/annotations/kyverno.io~1verify-images", value: `{"${SIGNED}":"pass"}` },
    ]);
  });

  it("only pins where there are no attestors", async () => {
    const changes = { verify: { attestors: undefined } };
    const decision = await ask(await createWorld(), await policy(changes), pod(UNSIGNED));
    expect(decision.patches).toEqual([
      { op: "replace", path: "/spec/containers/0/image", value: `${UNSIGNED}@${digestOf(UNSIGNED)}` },
    ]);
    expect(decision.responses[0]?.images[0]?.message).toBe("mutated image digest");
    const gone = await ask(await createWorld(), await policy(changes), pod(`${REPOSITORY}:gone`));
    expect(gone.responses[0]?.images[0]?.message).toContain(
      `failed to update digest: failed to fetch image reference: ${REPOSITORY}:gone, error: `,
    );
  });

  it('lets exempt images off without asking for them, and warns: "skipped-not-pinned"', async () => {
    const world = await createWorld();
    const decision = await ask(world, await policy({ verify: { skipImageReferences: ["*:unsigned"] } }), pod(UNSIGNED));
    expect(world.asked).toEqual([]);
    expect(decision.warnings).toEqual([
      "policy check-image-notary.verify-signature-notary: skipping image reference image " +
      `${UNSIGNED}, policy check-image-notary ruleName verify-signature-notary`,
    ]);
    expect(decision.patches.map(({ op }) => op)).toEqual(["add", "add"]);
    expect(decision.patches.at(-1)?.value).toBe(`{"${UNSIGNED}":"skip"}`);
  });

  it("under Audit admits with warnings, audit annotations and a note", async () => {
    const decision = await ask(await createWorld(), await policy(AUDIT), pod(UNSIGNED));
    const message = decision.responses[0]?.images[0]?.message;
    expect(message).toMatch(/^failed to verify image/);
    expect(decision).toMatchObject({
      allowed: true,
      message: "",
      warnings: [`policy check-image-notary.verify-signature-notary: ${message}`],
      auditAnnotations: { "check-image-notary.verify-signature-notary": `fail: ${message}` },
    });
    expect(decision.patches.at(-1)?.value).toBe(`{"${UNSIGNED}":"fail"}`);
  });
});
