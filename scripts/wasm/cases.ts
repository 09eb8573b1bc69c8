/**
 * Writes `wasm-host/cases.json`, the questions about the fixtures that every host of the component asks, each with the
 * answer of the same code on Node: `npx tsx scripts/wasm/cases.ts`.
 */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { createVerifier } from "../../wasm-host/component.ts";
import { type AnyCase, ask, CASE_MILLISECONDS } from "../../wasm-host/node/ask.ts";
import { startBlockingFetch } from "../../wasm-host/node/blocking_fetch.ts";
import { type Cases, type EnvelopeCase, type Expected, ROOT } from "../../wasm-host/node/cases.ts";
import { createNodeHost } from "../../wasm-host/node/host.ts";

/** An entry of `test/fixtures/envelopes.json`. */
interface Fixture extends Pick<EnvelopeCase, "name" | "file" | "mediaType" | "artifact"> {
  readonly verifications: readonly {
    readonly at: string;
    readonly trustAnchors: readonly string[];
    readonly verdict: string;
  }[];
}

const AT = Date.parse("2026-11-23T15:00:00Z");
const FIXTURE_SIGNER = "test/fixtures/keys/fixture-signer.crt.pem";

const REFERENCES: readonly string[] = [
  "ghcr.io/kyverno/test-verify-image:signed",
  "ghcr.io/kyverno/test-verify-image:unsigned",
  "ghcr.io/kyverno/test-verify-image:missing",
  "registry.example/several:wrong-first",
  "registry.example/wrong-signer:cose",
  "registry.example/tampered:payload-jws",
  "registry.example/expiry:jws-expired",
  "not a reference",
];

/** Reviews, each with the policy that is asked about it. */
const REVIEWS: readonly (readonly [review: string, policy: string])[] = [
  ["examples/signed-pod.json", "examples/check-image-notary.yaml"],
  ["examples/unsigned-pod.json", "examples/check-image-notary.yaml"],
  ["examples/signed-pod.json", "examples/keys.yaml"],
];

/** Makes the table: every envelope at every time the real notation was asked about it, some references, some reviews. */
export async function makeCases(): Promise<Cases> {
  const fixtures: readonly Fixture[] = JSON.parse(readFileSync(join(ROOT, "test/fixtures/envelopes.json"), "utf8"));
  const answers = new URL("../../wasm-host/node/fixture_registry.ts", import.meta.url);
  const registry = startBlockingFetch(answers);
  let at = 0;
  const host = createNodeHost({ fetch: registry.fetch, now: () => at });
  const verifier = createVerifier(host.lent);
  const answered = async <Question extends Omit<AnyCase, "expected">>(
    one: Question,
  ): Promise<Question & { readonly expected: Expected }> => {
    at = one.at;
    const asked = { ...one, expected: { verdict: "", code: "" } } as unknown as AnyCase;
    return { ...one, expected: await host.within(CASE_MILLISECONDS, () => ask(asked, verifier)) };
  };
  try {
    const envelopes = fixtures.flatMap(({ name, file, mediaType, artifact, verifications }) =>
      verifications.map(({ at, trustAnchors }) => ({
        name: `${name} at ${at}`,
        at: Date.parse(at),
        file: `test/fixtures/${file}`,
        mediaType,
        artifact,
        trust: trustAnchors.map((anchor) => `test/fixtures/${anchor}`),
      }))
    );
    const references = REFERENCES.map((reference) => ({ name: reference, at: AT, reference, trust: [FIXTURE_SIGNER] }));
    const reviews = REVIEWS.map(([review, policy]) => ({ name: `${review} by ${policy}`, at: AT, review, policy }));
    return {
      envelopes: await inTurn(envelopes, answered),
      references: await inTurn(references, answered),
      reviews: await inTurn(reviews, answered),
    };
  } finally {
    await registry.close();
  }
}

async function inTurn<From, To>(items: readonly From[], work: (item: From) => Promise<To>): Promise<readonly To[]> {
  const results: To[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await writeFile(join(ROOT, "wasm-host", "cases.json"), `${JSON.stringify(await makeCases(), undefined, 2)}\n`);
}
