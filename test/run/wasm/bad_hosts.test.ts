/** Hosts that lend badly: the component refuses in time, and believes nobody. */
import { afterEach, beforeAll, expect, it } from "vitest";
import type { LentHost, LentResponse } from "../../../src/runtime/wasm.ts";
import { CASE_MILLISECONDS } from "../../../wasm-host/node/ask.ts";
import { type BlockingFetch, fetchError, startBlockingFetch } from "../../../wasm-host/node/blocking_fetch.ts";
import { type EnvelopeCase, readCases, type ReferenceCase, subjectOf, trustOf } from "../../../wasm-host/node/cases.ts";
import { compileComponent, type Instantiate, refusalOf } from "../../../wasm-host/node/component.ts";
import { createNodeHost, type HostOptions } from "../../../wasm-host/node/host.ts";
import { describeIf } from "../requirements.ts";

const cases = readCases();

function envelopeCase(name: string, verdict: string): EnvelopeCase {
  const found = cases.envelopes.find((one) => one.name.startsWith(name) && one.expected.verdict === verdict);
  if (found === undefined) throw new Error(`no case is named ${name} and ${verdict}`);
  return found;
}

function referenceCase(reference: string): ReferenceCase {
  const found = cases.references.find((one) => one.reference === reference);
  if (found === undefined) throw new Error(`no case is named ${reference}`);
  return found;
}

const SIGNED = referenceCase("ghcr.io/kyverno/test-verify-image:signed");
const WRONG_FIRST = referenceCase("registry.example/several:wrong-first");

describeIf("component", "the component in a host", () => {
  let instantiate: Instantiate;
  const open: BlockingFetch[] = [];

  beforeAll(async () => {
    instantiate = await compileComponent();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  function registry(module: string): BlockingFetch {
    const started = startBlockingFetch(new URL(module, import.meta.url));
    open.push(started);
    return started;
  }

  const fixtures = () => registry("../../../wasm-host/node/fixture_registry.ts");

  /** Asks about a case; gives verdict, code and class, of the answer or of the error. */
  async function asker(options: HostOptions, change: Partial<LentHost> = {}) {
    const host = createNodeHost(options);
    const verifier = await instantiate({ ...host.lent, ...change });
    return (one: EnvelopeCase | ReferenceCase, milliseconds = CASE_MILLISECONDS) => {
      try {
        const { verdict, refusal } = host.within(milliseconds, () => verifier.verify(subjectOf(one), trustOf(one)));
        return { verdict, code: refusal?.code, class: refusal?.class };
      } catch (thrown) {
        const refusal = refusalOf(thrown);
        if (refusal === undefined) throw thrown;
        return { verdict: "not asked", code: refusal.code, class: refusal.class, retryHelps: refusal.retryHelps };
      }
    };
  }

  it("whose fetch never answers: unavailable at the host's deadline, and good for the next question", async () => {
    const silent = registry("./silent_registry.ts");
    const answering = fixtures();
    let now = silent;
    const ask = await asker({ fetch: (request, left) => now.fetch(request, left), now: () => SIGNED.at });
    const from = performance.now();
    const deadline = { verdict: "not asked", code: "ERR_DEADLINE", class: "unavailable", retryHelps: true };
    expect(ask(SIGNED, 1_500)).toEqual(deadline);
    const took = performance.now() - from;
    expect(took).toBeGreaterThanOrEqual(1_400);
    expect(took).toBeLessThan(10_000);
    now = answering;
    expect(ask(SIGNED)).toMatchObject({ verdict: "verified" });
  });

  it("whose time ends between two signatures: inconclusive, not the wrong signer's", async () => {
    const answering = fixtures();
    let blobs = 0;
    const ask = await asker({
      now: () => WRONG_FIRST.at,
      fetch: (request, left) => {
        if (request.url.includes("/blobs/") && ++blobs > 1) throw fetchError({ tag: "deadline" });
        return answering.fetch(request, left);
      },
    });
    expect(ask(WRONG_FIRST)).toEqual({ verdict: "inconclusive", code: "ERR_DEADLINE", class: "unavailable" });
  });

  it("whose network is down: unavailable, after the retries it waited for", async () => {
    const waits: number[] = [];
    const ask = await asker({
      now: () => SIGNED.at,
      fetch: () => {
        throw fetchError({ tag: "unreachable", val: "no route to host" });
      },
    }, { wait: (milliseconds) => waits.push(milliseconds) > 0 });
    expect(ask(SIGNED)).toMatchObject({ code: "ERR_REGISTRY_UNAVAILABLE", class: "unavailable" });
    expect(waits.length).toBe(2);
    expect(Math.min(...waits)).toBeGreaterThan(100);
  });

  it.each<[string, Partial<LentResponse>]>([
    ["a status that HTTP does not have", { status: 7 }],
    ["a header that HTTP does not have", { headers: [{ name: "a b", value: "c" }] }],
    ["a body where HTTP has none", { status: 204 }],
    ["a page where a manifest was asked for", { headers: [{ name: "content-type", value: "text/html" }] }],
  ])("that answers %s: refused", async (_what, change) => {
    const answer = { status: 200, headers: [], body: new TextEncoder().encode("<p>welcome</p>"), ...change };
    const ask = await asker({ fetch: () => answer, now: () => SIGNED.at });
    expect(ask(SIGNED)).toMatchObject({ verdict: "not asked", class: expect.stringMatching(/^(unavailable|denied)$/) });
  });

  it("whose clock jumps back within a question: what has expired stays expired", async () => {
    const expired = referenceCase("registry.example/expiry:jws-expired");
    const earlier = envelopeCase("expiry-jws-expired", "verified").at;
    let shown = expired.at;
    const ask = await asker({
      fetch: fixtures().fetch,
      // The first look, when the tag is asked for, shows the time; all others show when the signature was good.
      now: () => {
        const time = shown;
        shown = earlier;
        return time;
      },
    });
    expect(ask(expired)).toMatchObject({ verdict: "failed", code: "SIGNATURE_EXPIRED" });
  });

  it("whose clock is set back between two questions: each is judged at the time it was asked", async () => {
    const expired = envelopeCase("expiry-jws-expired", "failed");
    const good = envelopeCase("expiry-jws-expired", "verified");
    let at = expired.at;
    const ask = await asker({ fetch: () => ({ status: 404, headers: [], body: new Uint8Array() }), now: () => at });
    expect(ask(expired)).toMatchObject({ verdict: "failed", code: "SIGNATURE_EXPIRED" });
    at = good.at;
    expect(ask(good)).toMatchObject({ verdict: "verified" });
    at = expired.at;
    expect(ask(expired)).toMatchObject({ verdict: "failed", code: "SIGNATURE_EXPIRED" });
  });

  it("whose clock shows no time: refused", async () => {
    const one = envelopeCase("jws-rsa-2048-self", "verified");
    const ask = await asker({ fetch: () => ({ status: 404, headers: [], body: new Uint8Array() }) }, {
      now: () => 0xffff_ffff_ffff_ffffn,
    });
    expect(ask(one)).toMatchObject({ code: "ERR_CONFIG", class: "misconfigured" });
  });

  it("whose cache gives garbage: as one that has nothing", async () => {
    const asked: string[] = [];
    const garbage = [new Uint8Array(), new Uint8Array(2_000_000), new TextEncoder().encode("{}")];
    for (const content of garbage) {
      const ask = await asker({
        fetch: fixtures().fetch,
        now: () => SIGNED.at,
        cache: { cacheGet: (key) => (asked.push(key), content), cacheSet: () => {} },
      });
      expect(ask(SIGNED)).toMatchObject({ verdict: "verified" });
    }
    expect(asked.length).toBeGreaterThanOrEqual(garbage.length);
  });

  it("whose cache gives another signature's envelope: as one that has nothing", async () => {
    const kept = new Map<string, Uint8Array>();
    const filling = await asker({
      fetch: fixtures().fetch,
      now: () => SIGNED.at,
      cache: { cacheGet: () => undefined, cacheSet: (key, content) => void kept.set(key, content) },
    });
    filling(SIGNED);
    const good = [...kept.values()].find(({ length }) => length > 1_000);
    expect(good).toBeDefined();
    const ask = await asker({
      fetch: fixtures().fetch,
      now: () => SIGNED.at,
      cache: { cacheGet: () => good, cacheSet: () => {} },
    });
    const wrong = referenceCase("registry.example/wrong-signer:cose");
    expect(ask(wrong)).toMatchObject({ verdict: "failed", code: "SIGNER_NOT_TRUSTED" });
    // Of the right length, too, with one bit changed.
    const change = (content: Uint8Array) => content.map((byte, index) => index === 500 ? byte ^ 1 : byte);
    const changed = new Map([...kept].map(([key, content]) => [key, change(content)]));
    const asking = await asker({
      fetch: fixtures().fetch,
      now: () => SIGNED.at,
      cache: { cacheGet: (key) => changed.get(key), cacheSet: () => {} },
    });
    expect(asking(SIGNED)).toMatchObject({ verdict: "verified" });
  });

  it("whose cache has the envelope: it is not asked for again", async () => {
    const kept = new Map<string, Uint8Array>();
    const cache = {
      cacheGet: (key: string) => kept.get(key),
      cacheSet: (key: string, content: Uint8Array) => void kept.set(key, content),
    };
    const blobs: string[] = [];
    const answering = fixtures();
    const fetch: BlockingFetch["fetch"] = (request, left) => {
      if (request.url.includes("/blobs/")) blobs.push(request.url);
      return answering.fetch(request, left);
    };
    for (let instance = 0; instance < 2; instance++) {
      expect((await asker({ fetch, now: () => SIGNED.at, cache }))(SIGNED)).toMatchObject({ verdict: "verified" });
    }
    expect(blobs.length).toBe(1);
  });
});
