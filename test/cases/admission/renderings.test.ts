/** The same failure in JSON, in text and in an AdmissionReview: the same code, class, retry and next step. */
import { beforeAll, describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { type ErrorCode, kindOfRefusal, type Refusal, refusal, UnsupportedError } from "../../../src/errors.ts";
import { createRegistryClient } from "../../../src/oci/mod.ts";
import type { CryptoProvider, Handler, Ports } from "../../../src/ports.ts";
import { createFixtureRegistry, fixturePath } from "../cli/fixture_registry.ts";
import { runInMemory } from "../cli/memory_host.ts";
import { examplePolicy, makeWebhook, podReview } from "./webhook.ts";

const NOW = new Date("2026-12-01T00:00:00Z");
const SIGNED = "ghcr.io/kyverno/test-verify-image:signed";
const working = createWebCryptoProvider();
const broken = (error: Error): CryptoProvider => ({
  ...working,
  name: "broken",
  verify: () => Promise.reject(error),
});

let registry: Handler;
beforeAll(async () => {
  registry = await createFixtureRegistry();
});

interface Failure {
  readonly image: string;
  readonly code: ErrorCode;
  /** Whether a signature was looked at: each then has a refusal of its own. */
  readonly judged: boolean;
  readonly registry?: Handler;
  readonly crypto?: CryptoProvider;
}

const FAILURES: readonly (readonly [string, Failure])[] = [
  ["no signature", {
    image: "ghcr.io/kyverno/test-verify-image:unsigned",
    code: "SIGNATURE_MISSING",
    judged: false,
  }],
  ["another signer", { image: "registry.example/wrong-signer:jws", code: "SIGNER_NOT_TRUSTED", judged: true }],
  ["a tampered payload", { image: "registry.example/tampered:payload-jws", code: "SIGNATURE_MISMATCH", judged: true }],
  ["a tag that does not exist", {
    image: "ghcr.io/kyverno/test-verify-image:gone",
    code: "ERR_REGISTRY_NOT_FOUND",
    judged: false,
  }],
  ["a registry that is down", {
    image: SIGNED,
    code: "ERR_REGISTRY_UNAVAILABLE",
    judged: false,
    registry: () => {
      throw new TypeError("connection refused");
    },
  }],
  ["a registry that has enough", {
    image: SIGNED,
    code: "ERR_REGISTRY_LIMITED",
    judged: false,
    registry: () => new Response("", { status: 429 }),
  }],
  ["a primitive that is missing", {
    image: SIGNED,
    code: "ERR_CRYPTO_UNAVAILABLE",
    judged: true,
    crypto: broken(new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "Cannot verify: no RSA-PSS here")),
  }],
  ["a primitive that throws", {
    image: SIGNED,
    code: "ERR_INTERNAL",
    judged: true,
    crypto: broken(new TypeError("boom")),
  }],
];

interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** What the webhook answers; the policy wants every image to be the fixture signer's. */
async function review(failure: Failure, failurePolicy: "Fail" | "Ignore") {
  const crypto = failure.crypto ?? working;
  const answers = failure.registry ?? registry;
  const fetch: Ports["fetch"] = (url, { method, headers, signal }) =>
    Promise.resolve().then(() => answers(new Request(url, { method, headers: { ...headers }, signal })));
  const now = () => NOW;
  const open = createRegistryClient({
    fetch,
    now,
    crypto,
    sleep: () => Promise.resolve(),
    credentials: () => Promise.resolve(undefined),
  });
  const policies = await examplePolicy((text) =>
    text.replace("ghcr.io/kyverno/test-verify-image*", "*").replace(
      "failurePolicy: Fail",
      `failurePolicy: ${failurePolicy}`,
    )
  );
  const webhook = makeWebhook(fetch, { policies, ports: { now, crypto, open, log: () => {} } });
  const answer = await webhook.post("/mutate?timeout=10s", podReview([failure.image]));
  return (await answer.json()).response as {
    readonly allowed: boolean;
    readonly status: { readonly message: string; readonly details: { readonly causes: readonly Cause[] } };
  };
}

/** What `verify` prints. That a root may vouch needs no primitive; that a self-signed signer may does. */
async function verify(failure: Failure, ...more: readonly string[]) {
  const anchor = fixturePath(`keys/${failure.crypto === undefined ? "fixture-signer" : "release-root"}.crt.pem`);
  return await runInMemory(["verify", failure.image, "--cert", anchor, ...more], {
    registry: failure.registry ?? registry,
    now: NOW,
    ...(failure.crypto === undefined ? {} : { crypto: failure.crypto }),
  });
}

describe.each(FAILURES)("%s", (_, failure) => {
  const { code } = failure;
  const expected: Refusal = refusal(code, "");
  it("has one code, class, retry and next step in JSON, in text and in the AdmissionReview", async () => {
    const { status, stdout, stderr } = await verify(failure, "--output", "json");
    expect(status).toBe(1);
    const found = JSON.parse(stdout);
    expect(found.refusal).toEqual({ ...expected, message: expect.any(String) });
    expect(found.verdict).not.toBe("verified");
    for (const text of [stderr, (await verify(failure)).stderr]) {
      expect(text).toContain(`\nCode: ${code} (${kindOfRefusal(expected)})\nNext: ${expected.nextStep}\n`);
    }
    const { allowed, status: { details } } = await review(failure, "Fail");
    expect(allowed).toBe(false);
    const [cause] = details.causes as [Cause];
    expect(cause).toMatchObject({ reason: code, field: "spec.containers[0].image" });
    expect(cause.message.startsWith(`${kindOfRefusal(expected)}: `)).toBe(true);
    expect(cause.message.endsWith(`; next: ${expected.nextStep}`)).toBe(true);
  });

  it("is tolerated by failure policy Ignore only where no registry could be reached", async () => {
    const { allowed } = await review(failure, "Ignore");
    expect(allowed).toBe(code === "ERR_REGISTRY_UNAVAILABLE");
  });
});

describe("of the signature itself", () => {
  it.each(FAILURES.filter(([, { judged }]) => judged))("%s: the same in all three", async (_, failure) => {
    const { code } = failure;
    const expected = refusal(code, "");
    const [signature] = JSON.parse((await verify(failure, "--output", "json")).stdout).signatures;
    const results = Object.values(signature.validations) as readonly { readonly refusal?: Refusal }[];
    const why = results.find((result) => result.refusal !== undefined)?.refusal as Refusal;
    expect(why).toMatchObject({ class: expected.class, retry: expected.retry, nextStep: expected.nextStep, code });
    expect((await verify(failure)).stderr).toContain(
      `\nSignature ${signature.digest}: ${code} (${kindOfRefusal(why)}): ${why.message}\n  Next: ${why.nextStep}\n`,
    );
    const explained = (await verify(failure, "--explain")).stdout.replace(/\s+/g, " ");
    expect(explained).toContain(` Code: ${code} (${kindOfRefusal(why)}) `);
    // Where the chain doctor knows better what to do, its word goes first.
    const nearest = code === "SIGNER_NOT_TRUSTED" ? signature.chain.findings[0] : undefined;
    expect(explained).toContain(` Next: ${nearest?.nextStep ?? why.nextStep} `);
    const { details } = (await review(failure, "Fail")).status;
    expect(details.causes.slice(1).map(({ reason, message }) => [reason, message.slice(0, 82)])).toEqual([
      [code, `signature ${signature.digest}:`],
    ]);
    const said = details.causes[1]?.message ?? "";
    expect(said.includes("; chain: ")).toBe(nearest !== undefined);
    if (nearest !== undefined) expect(said.endsWith(`; chain: ${nearest.message}`)).toBe(true);
  });
});

describe("a primitive that fails", () => {
  it.each(FAILURES.filter(([, { crypto }]) => crypto !== undefined))(
    "%s is never an invalid signature",
    async (_, one) => {
      const { status } = await review(one, "Fail");
      expect(JSON.stringify(status)).not.toMatch(
        /signature is invalid|SIGNATURE_MISMATCH|"denied;|no signature is associated/,
      );
    },
  );
});
