/** Attestations that cannot be had, and policies about attestations that cannot be taken. */
import { describe, expect, it } from "vitest";
import { UnavailableError } from "../../../src/errors.ts";
import { MAX_ATTESTATION_BYTES, MAX_ATTESTATION_VALUES } from "../../../src/notary/mod.ts";
import type { Descriptor, Repository } from "../../../src/oci/mod.ts";
import { loadPolicies } from "../../../src/policy/mod.ts";
import { MAX_ATTESTATION_REASONS, MAX_ATTESTATIONS_TRIED } from "../../../src/policy/attestations.ts";
import { makeJws, selfSigned } from "../../run/envelope_maker.ts";
import { createFakeRepository } from "../../run/fake_repository.ts";
import { all, askAbout, by, type Json, pinned, REPORT, saying, SBOM, sbom, tagged } from "./attested.ts";
import { certificate, load, policyDocument, trusting } from "./policies.ts";
import { expectRefused, type RefusedRow } from "./refused.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, crypto, digestOf } from "./world.ts";

const der = new Uint8Array(Buffer.from(certificate("fixture-signer").replace(/-----.*-----|\s/g, ""), "base64"));
const signer = { ...selfSigned("fixture-signer", "PS256", -37), chain: [der] };
const signedByFixture = ({ mediaType, digest, size }: Descriptor) => ({
  mediaType: "application/jose+json",
  bytes: makeJws(signer, { payload: JSON.stringify({ targetArtifact: { mediaType, digest, size } }) }),
});

const VERIFY = "spec.rules[0].verifyImages[0]";
const FIRST = `${VERIFY}.attestations[0]`;
const attesting = (...attestations: readonly unknown[]): RefusedRow[1] => ({ verify: { attestations } });
const nobody = (attestation: Json): RefusedRow[1] => ({
  verify: { attestors: undefined, attestations: [attestation] },
});

const REFUSED: readonly RefusedRow[] = [
  ["no type", attesting({ attestors: by("fixture-signer") }), FIRST, "missing type"],
  ["an empty type", attesting(sbom({ type: "" })), FIRST, "missing type"],
  ["a type that is no text", attesting(sbom({ type: 1 })), `${FIRST}.type`, /expected text/],
  ["a type without end", attesting(sbom({ type: "x".repeat(300) })), `${FIRST}.type`, /at most 255/],
  ["no object", attesting("sbom/cyclone-dx"), FIRST, /expected an object/],
  ["a field nobody knows", attesting(sbom({ digest: "x" })), `${FIRST}.digest`, /^no such field/],
  ["nobody who attests", nobody({ type: SBOM }), FIRST, /^it has no attestors, and neither has its image/],
  ["nobody who attests, an empty list", nobody({ type: SBOM, attestors: [] }), FIRST, /^it has no attestors/],
  ["nobody who attests, null", nobody({ type: SBOM, attestors: null }), FIRST, /^it has no attestors/],
  [
    "an entry without certificates",
    attesting(sbom({ attestors: [{ entries: [{}] }] })),
    `${FIRST}.attestors[0].entries[0]`,
    "keys, certificates, keyless, or a nested attestor is required",
  ],
  [
    "certificates without one",
    attesting(sbom({ attestors: [{ entries: [{ certificates: {} }] }] })),
    `${FIRST}.attestors[0].entries[0].certificates`,
    "cert or certChain required",
  ],
  [
    "keys",
    attesting(sbom({ attestors: [{ entries: [{ keys: { publicKeys: "x" } }] }] })),
    `${FIRST}.attestors[0].entries[0].keys`,
    "Keys field is not allowed for type notary",
  ],
  [
    "keyless",
    attesting(sbom({ attestors: [{ entries: [{ keyless: {} }] }] })),
    `${FIRST}.attestors[0].entries[0].keyless`,
    "Keyless field is not allowed for type notary",
  ],
  [
    "count above entries",
    attesting(sbom({ attestors: [{ count: 2, entries: [trusting("fixture-signer")] }] })),
    `${FIRST}.attestors[0].count`,
    /^Count cannot exceed length of entries/,
  ],
  ["conditions that are no list", attesting(sbom({ conditions: {} })), `${FIRST}.conditions`, /expected a list/],
  ["conditions that ask nothing", attesting(sbom({ conditions: [{}] })), `${FIRST}.conditions[0]`, /^0 conditions/],
  [
    "an operator nobody knows",
    attesting(sbom({ conditions: [all("a", "Like", "b")] })),
    `${FIRST}.conditions[0].all[0].operator`,
    /expected one of/,
  ],
  ["a name of something else", attesting(sbom({ name: "request" })), `${FIRST}.name`, /expected another name/],
  [
    "more attestations than anybody needs",
    attesting(...Array.from({ length: 17 }, () => sbom())),
    `${VERIFY}.attestations`,
    /^17 attestations, expected at most 16/,
  ],
  ["validate without deny", { verify: { validate: { message: "no" } } }, `${VERIFY}.validate`, /^deny is missing/],
  [
    "deny without conditions",
    { verify: { validate: { deny: {} } } },
    `${VERIFY}.validate.deny`,
    /^conditions is missing/,
  ],
  [
    "deny that asks nothing",
    { verify: { validate: { deny: { conditions: { any: [], all: [] } } } } },
    `${VERIFY}.validate.deny.conditions.any`,
    /./,
  ],
];

describe("loadPolicies() refuses attestations with", () => {
  it.each(REFUSED)("%s", (...row) => expectRefused(row));

  it("nothing but a note for predicateType, in Kyverno's words", async () => {
    const text = JSON.stringify(policyDocument(attesting({ predicateType: SBOM, attestors: by("fixture-signer") })));
    const { policies, problems } = await loadPolicies([{ source: "p.yaml", text }], crypto);
    expect(problems).toEqual([]);
    expect(policies[0]?.ignored).toContainEqual({
      path: `${FIRST}.predicateType`,
      reason: `predicateType has been deprecated use 'type: ${SBOM}' instead of 'predicateType: ${SBOM}'`,
    });
  });
});

describe("what is signed and of no use is refused", () => {
  it.each<[tag: string, message: RegExp, code: string]>([
    ["no-layer", /Cannot use attestation "sha256:[0-9a-f]{64}": 0 layers, expected 1$/, "ERR_ATTESTATION"],
    ["two-layers", /Cannot use attestation "sha256:[0-9a-f]{64}": 2 layers, expected 1$/, "ERR_ATTESTATION"],
    ["json-list", /its layer is a list, expected a JSON object$/, "ERR_ATTESTATION"],
    ["no-json", /Cannot parse JSON: /, "ERR_JSON"],
    ["name-twice", /the name "components" occurs twice in one object/, "ERR_JSON"],
    ["gzip", /its layer is compressed with gzip, expected a JSON object$/, "ERR_ATTESTATION"],
  ])("%s", async (tag, message, code) => {
    const { response, decision } = await askAbout(tag, { attestations: [sbom()] });
    expect(response.status).toBe("fail");
    expect(response.message).toMatch(message);
    expect(response.refusal).toMatchObject({ code, class: "denied", retry: false });
    expect(decision.allowed).toBe(false);
  });

  it.each<[name: string, content: string, code: string]>([
    ["more values than the limit", `{"bomFormat":[${"0,".repeat(MAX_ATTESTATION_VALUES)}0]}`, "ERR_TOO_LARGE"],
    ["more bytes than the limit", `{"bomFormat":"${"x".repeat(MAX_ATTESTATION_BYTES)}"}`, "ERR_TOO_LARGE"],
    ["more levels than the limit", `{"bomFormat":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "ERR_JSON"],
  ])("%s", async (_, content, code) => {
    const { response } = await askAbout("good", { attestations: [sbom()] }, { change: saying(content) });
    expect(response).toMatchObject({ status: "fail", refusal: { code } });
  });
});

describe("a registry that does not answer", () => {
  const down = () => Promise.reject(new UnavailableError("ERR_REGISTRY_UNAVAILABLE", "Cannot connect"));
  const silent = () => new Promise<never>(() => {});
  const aboutSboms = (repository: Repository, instead: () => Promise<never>): Partial<Repository> => ({
    listReferrers: (subject, options) =>
      options.artifactType === SBOM ? instead() : repository.listReferrers(subject, options),
  });
  const ignoring = { spec: { failurePolicy: "Ignore" } };

  it('is an error where nothing was seen of it, which a policy may tolerate: "attestation-unavailable"', async () => {
    const verify = { attestors: undefined, attestations: [sbom()] };
    const change = () => ({ resolve: down, listReferrers: down });
    const { response, decision } = await askAbout("good", verify, { changes: ignoring, change });
    expect(response).toMatchObject({ status: "error", refusal: { class: "unavailable", retry: true } });
    expect(decision.allowed).toBe(true);
    expect((await askAbout("good", verify, { change })).decision.allowed).toBe(false);
    const validate = { changes: ignoring, change, phase: "validate", image: pinned("good") } as const;
    expect((await askAbout("good", verify, validate)).decision.allowed).toBe(false);
  });

  it("is a failure once it has shown the image, whatever the failure policy", async () => {
    const change = (repository: Repository) => aboutSboms(repository, down);
    const { response, decision } = await askAbout("good", { attestations: [sbom()] }, { changes: ignoring, change });
    expect(response).toMatchObject({ status: "fail", refusal: { class: "unavailable", retry: true } });
    expect(decision.allowed).toBe(false);
  });

  it("does not turn what one attestation lacks into an outage of another", async () => {
    const change = (repository: Repository): Partial<Repository> => ({
      fetchManifest: (descriptor, options) => repository.fetchManifest(descriptor, options),
      fetchBlob: async (descriptor, options) => {
        const bytes = await repository.fetchBlob(descriptor, options);
        return new TextDecoder().decode(bytes).includes('"MIT"') ? down() : bytes;
      },
    });
    const conditions = [all("{{ components[].licenses[].expression }}", "AllNotIn", ["GPL-3.0"])];
    const { response } = await askAbout("second-free", { attestations: [sbom({ conditions })] }, { change });
    expect(response).toMatchObject({ status: "fail", refusal: { code: "ERR_REGISTRY_UNAVAILABLE", retry: true } });
    expect(response.message).toContain("attestation checks failed for");
  });

  it.each<[name: string, change: (repository: Repository) => Partial<Repository>]>([
    ["the list", (repository) => aboutSboms(repository, silent)],
    ["the content", (repository) => ({
      fetchBlob: async (descriptor, options) => {
        const bytes = await repository.fetchBlob(descriptor, options);
        return new TextDecoder().decode(bytes).startsWith('{"bomFormat"') ? silent() : bytes;
      },
    })],
  ])("ends with the deadline: %s", async (_, change) => {
    const signal = AbortSignal.timeout(400);
    const { response, decision } = await askAbout("good", { attestations: [sbom()] }, {
      changes: ignoring,
      change,
      signal,
    });
    expect(response.message).toMatch(/error: ran out of time at (asking for|verifying) attestations of /);
    expect(response).toMatchObject({ status: "fail", refusal: { code: "ERR_DEADLINE", retry: true } });
    expect(decision.allowed).toBe(false);
  });
});

describe("more attestations than are tried", () => {
  it("are named, and cost nothing more", async () => {
    const repository = createFakeRepository();
    const image = repository.artifact("v1");
    const listed = Array.from(
      { length: MAX_ATTESTATIONS_TRIED + 3 },
      (_, n) => repository.attach(image, SBOM, [`{"n":${n}}`]),
    );
    const verify = { imageReferences: ["registry.example/app*"], attestors: undefined, attestations: [sbom()] };
    const policies = await load(policyDocument({ verify }));
    const request = createRequest({ object: podWith(["registry.example/app:v1"]) });
    const decision = await ask({ open: () => repository, asked: [], once: true }, policies, request);
    const { message, refusal } = decision.responses[0]?.images[0] ?? {};
    expect(message).toMatch(/; …; 3 more of this type were not tried$/);
    expect(message?.match(/no signature is associated/g)).toHaveLength(MAX_ATTESTATION_REASONS);
    expect(refusal?.code).toBe("SIGNATURE_MISSING");
    const tried = listed.filter(({ digest }) => repository.asked.includes(`resolve ${digest}`));
    expect(tried).toEqual(listed.slice(0, MAX_ATTESTATIONS_TRIED));
  });

  it("and those that only the referrers tag lists are tried before a refusal, and not before", async () => {
    const conditions = [all("{{ free }}", "Equals", true)];
    const verify = {
      imageReferences: ["registry.example/app*"],
      attestors: undefined,
      attestations: [sbom({ conditions })],
    };
    const policies = await load(policyDocument({ verify }));
    const request = createRequest({ object: podWith(["registry.example/app:v1"]) });
    const visit = async (inApi: boolean, onTag: boolean) => {
      const repository = createFakeRepository();
      const image = repository.artifact("v1");
      for (const [free, listedOnTagOnly] of [[inApi, false], [onTag, true]] as const) {
        const attested = repository.attach(image, SBOM, [JSON.stringify({ free })], { listedOnTagOnly });
        repository.sign(attested, signedByFixture(attested));
      }
      const { responses } = await ask({ open: () => repository, asked: [], once: true }, policies, request);
      const everywhere = repository.asked.includes(`referrers ${image.digest} everywhere`);
      return [responses[0]?.images[0]?.status, everywhere];
    };
    expect(await visit(true, false)).toEqual(["pass", false]);
    expect(await visit(false, true)).toEqual(["pass", true]);
    expect(await visit(false, false)).toEqual(["fail", true]);
  });
});

describe("the attestation's content", () => {
  it("is not fetched unless somebody trusted has signed it", async () => {
    for (const tag of ["not-signed", "by-impostor"]) {
      const { response, asked } = await askAbout(tag, { attestations: [sbom()] });
      expect(response.status).toBe("fail");
      const blobs = asked.filter((line) => line.startsWith("blob"));
      // The image's envelope, and the impostor's.
      expect(blobs).toHaveLength(tag === "not-signed" ? 1 : 2);
    }
  });

  it("is of the type asked for, and of no other", async () => {
    const { response, asked } = await askAbout("good", { attestations: [sbom({ type: REPORT })] });
    expect(response.status).toBe("pass");
    expect(asked.filter((line) => line.startsWith("blob"))).toHaveLength(3);
    expect(response.digest).toBe(digestOf(tagged("good")));
  });
});
