/** Many reviews at once: no digest crosses from one to another. */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { loadPolicies } from "../../../src/policy/mod.ts";
import type { Ports } from "../../../src/ports.ts";
import { fixtureFetch, makeWebhook, podReview } from "./webhook.ts";

interface Image {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  readonly verifications: readonly { readonly verdict: string; readonly trustAnchors: readonly string[] }[];
}

/** Images of which the real notation says one thing only, with the trust it was given. */
const images = (JSON.parse(readFileSync("test/fixtures/images.json", "utf8")) as Image[]).filter((image) =>
  image.verifications.length === 1 && !image.repository.endsWith("/lying") && !image.repository.endsWith("/fallback")
);

/** Each image is matched by a rule that trusts what notation was told to trust. */
async function policies() {
  const rules = images.map(({ repository, tag, verifications }, index) => {
    const anchors = verifications[0]?.trustAnchors ?? [];
    const pem = anchors.map((file) => readFileSync(`test/fixtures/${file}`, "utf8")).join("").trim();
    return `
    - name: rule-${index}
      match: { any: [{ resources: { kinds: [Pod] } }] }
      verifyImages:
        - type: Notary
          imageReferences: ["${repository}:${tag}"]
          attestors: [{ entries: [{ certificates: { cert: ${JSON.stringify(pem)} } }] }]`;
  });
  const text = `apiVersion: kyverno.io/v2beta1
kind: ClusterPolicy
metadata: { name: all }
spec:
  validationFailureAction: Enforce
  rules:${rules.join("")}
`;
  const loaded = await loadPolicies([{ source: "all.yaml", text }], createWebCryptoProvider());
  expect(loaded.problems).toEqual([]);
  return loaded.policies;
}

let registry: Ports["fetch"];
beforeAll(async () => {
  const fixtures = await fixtureFetch();
  // Answers come in another order than they were asked for, always the same one.
  let turn = 0;
  registry = async (url, init) => {
    turn = (turn * 31 + 17) % 97;
    await new Promise((resolve) => setTimeout(resolve, turn % 7));
    return await fixtures(url, init);
  };
});

describe("200 interleaved reviews of different images", () => {
  it("each get their own verdict and their own digest", async () => {
    expect(images.length).toBeGreaterThan(30);
    const webhook = makeWebhook(registry, { policies: await policies() });
    const asked = Array.from({ length: 200 }, (_, index) => images[index % images.length] as Image);
    const answers = await Promise.all(asked.map(async ({ repository, tag }, index) => {
      const review = podReview([`${repository}:${tag}`], { uid: `uid-${index}`, name: `pod-${index}` });
      return (await (await webhook.post("/mutate?timeout=20s", review)).json()).response;
    }));
    answers.forEach((answer, index) => {
      const { repository, tag, digest, verifications } = asked[index] as Image;
      expect(answer.uid).toBe(`uid-${index}`);
      expect([`${repository}:${tag}`, answer.allowed]).toEqual([
        `${repository}:${tag}`,
        verifications[0]?.verdict === "verified",
      ]);
      if (!answer.allowed) {
        expect(answer.status.message).toContain(`Pod/default/pod-${index} was blocked`);
        const named = [...answer.status.message.matchAll(/image@(sha256:[0-9a-f]{64})/g)].map(([, found]) => found);
        expect(named.filter((found) => found !== digest)).toEqual([]);
        return;
      }
      const patches = JSON.parse(Buffer.from(answer.patch, "base64").toString("utf8"));
      expect(patches.at(-1)).toEqual({
        op: "replace",
        path: "/spec/containers/0/image",
        value: `${repository}:${tag}@${digest}`,
      });
    });
    expect(answers.filter(({ allowed }) => allowed).length).toBeGreaterThan(50);
    expect(answers.filter(({ allowed }) => !allowed).length).toBeGreaterThan(20);
  });
});
