/** Questions that several ask at the same time. */
import { describe, expect, it } from "vitest";
import { createRequestBudget } from "../../../src/http/mod.ts";
import { createRevocationChecker } from "../../../src/revocation/mod.ts";
import { readCertificate } from "../../../src/x509/mod.ts";
import { ocspAt } from "../../run/certificate_maker.ts";
import { issuerCertificate, responderCertificate } from "./cast.ts";
import { network, outcomeOf } from "./network.ts";
import { AT, CRL, crl, CRL_ONLY, crypto, OCSP, OCSP_ONLY, response, world } from "./world.ts";

describe("the same question at the same time", () => {
  /** A checker whose network answers when told to. */
  function slowWorld(url: string, bytes: Uint8Array) {
    const answers: (() => void)[] = [];
    const signals: AbortSignal[] = [];
    const { fetch, asked } = network({
      [url]: ({ init }) => {
        signals.push(init.signal);
        return new Promise((resolve, reject) => {
          answers.push(() => resolve(new Response(bytes as BodyInit)));
          init.signal.addEventListener("abort", () => reject(init.signal.reason));
        });
      },
    });
    const ends: (() => void)[] = [];
    const sleep = (_: number, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        ends.push(resolve);
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    const checker = createRevocationChecker({ crypto, now: () => AT, fetch, sleep });
    const ask = async (chain: typeof CRL_ONLY, signal?: AbortSignal) =>
      outcomeOf((await checker.check(chain, signal === undefined ? {} : { signal }))[0]);
    const settled = () => new Promise((resolve) => setTimeout(resolve, 20));
    return { ask, asked, answers, signals, ends, settled };
  }

  it.each([
    ["CRL", CRL, CRL_ONLY, crl()],
    ["OCSP", OCSP, OCSP_ONLY, response()],
  ])("is asked once: %s", async (_, url, chain, bytes) => {
    const { ask, asked, answers, settled } = slowWorld(url, bytes);
    const asking = [ask(chain), ask(chain), ask(chain)];
    await settled();
    answers[0]?.();
    expect(await Promise.all(asking)).toEqual(["ok", "ok", "ok"]);
    expect(asked).toHaveLength(1);
  });

  it("goes on when one of them leaves, and ends when the last does", async () => {
    const { ask, asked, answers, signals, settled } = slowWorld(CRL, crl());
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
    const early = ask(CRL_ONLY, first.signal);
    const patient = ask(CRL_ONLY);
    await settled();
    first.abort();
    expect(await early).toBe("unreachable");
    expect(signals[0]?.aborted).toBe(false);
    answers[0]?.();
    expect(await patient).toBe("ok");

    const others = slowWorld(CRL, crl());
    const leaving = [others.ask(CRL_ONLY, second.signal), others.ask(CRL_ONLY, third.signal)];
    await others.settled();
    second.abort();
    third.abort();
    expect(await Promise.all(leaving)).toEqual(["unreachable", "unreachable"]);
    expect([asked.length, others.signals.map(({ aborted }) => aborted)]).toEqual([1, [true]]);
  });

  it("is taken from the requests of whoever asks first, and asked anew for others when those are over", async () => {
    const { fetch, asked } = network({ [CRL]: () => new Response(crl() as BodyInit) });
    const sleep = (_: number, signal: AbortSignal) =>
      new Promise<void>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const checker = createRevocationChecker({ crypto, now: () => AT, fetch, sleep });
    const ask = async (maxRequests: number) =>
      outcomeOf((await checker.check(CRL_ONLY, { budget: createRequestBudget({ maxRequests }) }))[0]);
    expect(await Promise.all([ask(0), ask(1)])).toEqual(["request-budget", "ok"]);
    expect(asked).toHaveLength(1);
  });

  it("is asked anew once somebody gave it up: what hangs is not inherited", async () => {
    const { ask, asked, answers, ends, settled } = slowWorld(CRL, crl());
    const [first, second] = [ask(CRL_ONLY), ask(CRL_ONLY)];
    await settled();
    ends[0]?.();
    expect(await first).toBe("unreachable");
    const third = ask(CRL_ONLY);
    await settled();
    expect(asked).toHaveLength(2);
    for (const answer of answers) answer();
    expect(await Promise.all([second, third])).toEqual(["ok", "ok"]);
  });

  it("is asked anew by each who was told by another's failure", async () => {
    let count = 0;
    const { outcome } = world({
      [CRL]: () =>
        ++count === 1 ? Promise.reject(new TypeError("the other request is over")) : new Response(crl() as BodyInit),
    });
    expect(await Promise.all([outcome(CRL_ONLY), outcome(CRL_ONLY)])).toEqual(["unreachable", "ok"]);
    expect(count).toBe(2);
  });

  it("is another question about another certificate", async () => {
    const { outcome, asked } = world({ [OCSP]: response() });
    const other = [responderCertificate({ extensions: [ocspAt(OCSP)] }), issuerCertificate].map((bytes) =>
      readCertificate(bytes)
    );
    expect(await Promise.all([outcome(OCSP_ONLY), outcome(other)])).toEqual(["ok", "other-certificate"]);
    expect(asked()).toEqual([OCSP, OCSP]);
  });
});
