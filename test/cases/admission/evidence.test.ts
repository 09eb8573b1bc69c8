/** What the webhook proves and what it keeps: signatures by the number, and never a decision. */
import { beforeAll, describe, expect, it } from "vitest";
import { type AppOptions, createApp, readMaxAge } from "../../../src/admission/mod.ts";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { EngineError } from "../../../src/errors.ts";
import { type CompiledPolicy, loadPolicies } from "../../../src/policy/mod.ts";
import type { CryptoProvider } from "../../../src/ports.ts";
import { makeJws, selfSigned } from "../../run/envelope_maker.ts";
import { createFakeRepository, type FakeRepository } from "../../run/fake_repository.ts";
import { podReview } from "./webhook.ts";

const IMAGES = 20;
const POLICIES = 5;
const NAME = "registry.example/app";
const signer = selfSigned("p-256-self", "ES256", -7);
const pem = signer.chain.map((certificate) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString("base64")}\n-----END CERTIFICATE-----\n`
).join("");
const real = createWebCryptoProvider();

const policy = (name: string) => ({
  apiVersion: "kyverno.io/v1",
  kind: "ClusterPolicy",
  metadata: { name },
  spec: {
    validationFailureAction: "Enforce",
    rules: [{
      name: "signed",
      match: { any: [{ resources: { kinds: ["Pod"] } }] },
      verifyImages: [{
        type: "Notary",
        imageReferences: [`${NAME}*`],
        attestors: [{ entries: [{ certificates: { cert: pem } }] }],
      }],
    }],
  },
});

let policies: readonly CompiledPolicy[];
beforeAll(async () => {
  const documents = Array.from({ length: POLICIES }, (_, index) => policy(`policy-${index}`));
  const loaded = await loadPolicies([
    { source: "policies.json", text: JSON.stringify(documents[0]) },
    ...documents
      .slice(1).map((document, index) => ({ source: `${index}.json`, text: JSON.stringify(document) })),
  ], real);
  expect(loaded.problems).toEqual([]);
  policies = loaded.policies;
});

function signedImages(count: number): FakeRepository {
  const repository = createFakeRepository();
  for (let index = 0; index < count; index++) sign(repository, `v${index}`);
  return repository;
}

function sign(repository: FakeRepository, tag: string) {
  const { mediaType, digest, size } = repository.artifact(tag);
  const payload = JSON.stringify({ targetArtifact: { mediaType, digest, size } });
  repository.sign({ mediaType, digest, size }, {
    mediaType: "application/jose+json",
    bytes: makeJws(signer, { payload }),
  });
}

/** A webhook that counts signatures of envelopes: what a certificate's issuer signed is another thing. */
function webhook(repository: FakeRepository, evidence?: AppOptions["evidence"]) {
  const counted = { envelopes: 0, all: 0 };
  const crypto: CryptoProvider = {
    name: "counting",
    digest: (algorithm, data) => real.digest(algorithm, data),
    verify: (algorithm, key, signature, data) => {
      counted.all++;
      if (data[0] !== DER_SEQUENCE) counted.envelopes++;
      return real.verify(algorithm, key, signature, data);
    },
  };
  const clock = { at: Date.parse("2026-06-01T00:00:00Z") };
  const app = createApp({
    policies,
    problems: [],
    // A registry that hands out bytes of its own each time, as one behind a network does.
    ports: {
      now: () => new Date(clock.at),
      log: () => {},
      crypto,
      open: () => ({
        ...repository,
        fetchBlob: async (descriptor, options) => Uint8Array.from(await repository.fetchBlob(descriptor, options)),
      }),
    },
    ...(evidence === undefined ? {} : { evidence }),
  });
  const ask = async (count: number, request: Record<string, unknown> = {}) => {
    Object.assign(counted, { envelopes: 0, all: 0 });
    const images = Array.from({ length: count }, (_, index) => `${NAME}:v${index}`);
    const response = await app.fetch(
      new Request("http://localhost/mutate", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(podReview(images, request)),
      }),
    );
    const { response: answer } = await response.json() as { response: { allowed: boolean; patch?: string } };
    return { ...answer, ...counted };
  };
  return { ask, clock };
}

/** With what a certificate's signed part begins; the signed bytes of a JWS begin with base64url text. */
const DER_SEQUENCE = 0x30;

describe("a Pod of 20 images under 5 policies", () => {
  it("costs 20 signature primitives, the second time none, and is admitted both times", async () => {
    const { ask, clock } = webhook(signedImages(IMAGES));
    const cold = await ask(IMAGES);
    // And one more for the certificate that signed them all.
    expect(cold).toMatchObject({ allowed: true, envelopes: IMAGES, all: IMAGES + 1 });
    clock.at += 60_000;
    const warm = await ask(IMAGES);
    expect(warm).toMatchObject({ allowed: true, envelopes: 0, all: 0 });
    expect(warm.patch).toBe(cold.patch);
  });

  it("costs no signature primitive of facts that are an hour old, where the envelopes are still at hand", async () => {
    const { ask, clock } = webhook(signedImages(1));
    await ask(1);
    clock.at += 3_600_000;
    // The content that is kept by its digest was proven, too; time and trust are judged anew.
    expect(await ask(1)).toMatchObject({ allowed: true, envelopes: 0 });
  });
});

describe("evidence", () => {
  it("never answers for a tag that has moved", async () => {
    const repository = signedImages(1);
    const { ask, clock } = webhook(repository);
    expect((await ask(1)).allowed).toBe(true);
    repository.tag("v0", repository.artifact("unsigned"));
    clock.at += 60_000;
    expect(await ask(1)).toMatchObject({ allowed: false, envelopes: 0 });
    sign(repository, "signed-anew");
    repository.tag("v0", await repository.resolve("signed-anew", { signal: new AbortController().signal }));
    clock.at += 60_000;
    expect(await ask(1)).toMatchObject({ allowed: true, envelopes: 1 });
  });

  it("is what lets an UPDATE of unchanged images off proving them again, and no annotation is", async () => {
    const images = [{ name: "c0", image: `${NAME}:v0` }];
    const annotations = {
      "kyverno.io/verify-images": JSON.stringify({ [`${NAME}:v0`]: "pass" }),
      "kyverno.io/verify-images-scoped": JSON.stringify({
        version: 1,
        policies: { "/policy-0": { signed: { [`${NAME}:v0`]: "pass" } } },
      }),
    };
    const pod = (priority: number) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "test", namespace: "default", annotations },
      spec: { containers: images, priority },
    });
    const update = { operation: "UPDATE", oldObject: pod(1), object: pod(2) };
    const { ask } = webhook(signedImages(1));
    expect(await ask(1, update)).toMatchObject({ allowed: true, envelopes: 1 });
    expect(await ask(1, update)).toMatchObject({ allowed: true, envelopes: 0 });
    const unsigned = createFakeRepository();
    unsigned.artifact("v0");
    expect(await webhook(unsigned).ask(1, update)).toMatchObject({ allowed: false, envelopes: 0 });
  });

  it("is not kept where it may have no age", async () => {
    const keys: string[] = [];
    const cache = {
      get: (key: string) => Promise.resolve(void keys.push(key)),
      set: (key: string) => Promise.resolve(void keys.push(key)),
    };
    const off = webhook(signedImages(1), { maxAgeSeconds: 0, cache });
    expect((await off.ask(1)).allowed).toBe(true);
    expect(keys).toEqual([]);
    const on = webhook(signedImages(1), { maxAgeSeconds: 1, cache });
    expect((await on.ask(1)).allowed).toBe(true);
    expect(keys.length).toBeGreaterThan(0);
  });
});

describe("readMaxAge()", () => {
  it.each([["0", 0], ["10m", 600], ["90s", 90], ["24h", 86_400], ["1.5s", 1.5]])("%s", (text, seconds) => {
    expect(readMaxAge(text, "--evidence-max-age")).toBe(seconds);
  });

  it.each(["", "10", "-1s", "25h", "ten minutes", "1h\u001b[31m"])('refuses "%s"', (text) => {
    const read = () => readMaxAge(text, "--evidence-max-age");
    expect(read).toThrow(EngineError);
    expect(read).toThrow(/^Cannot keep evidence: --evidence-max-age is "[\x20-\x7e]*", expected a duration/);
  });
});
