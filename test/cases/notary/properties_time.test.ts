/** Time moves a verdict only as certificates, timestamps and the expiry say: every second is asked. Seeds are fixed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { STRICT, type Trust } from "../../../src/notary/mod.ts";
import { readCertificate } from "../../../src/x509/mod.ts";
import { EXPIRY, type Headers, makeJws, type Signer, SIGNING_TIME } from "../../run/envelope_maker.ts";
import { makeToken } from "../../run/timestamp_maker.ts";
import {
  byAuthority,
  chained,
  digits,
  judge,
  type Period,
  rfc3339,
  second,
  SEED,
  stamped,
  tsa,
} from "./properties_cast.ts";

describe("time", () => {
  const period = fc.tuple(fc.integer({ min: -8, max: 4 }), fc.integer({ min: 0, max: 16 }))
    .map(([from, length]): Period => ({ from, to: from + length }));
  const periods = fc.tuple(period, period, period);
  /** Around the instant of the timestamps, or just not. */
  const around = fc.tuple(fc.integer({ min: -8, max: 1 }), fc.integer({ min: 1, max: 12 }))
    .map(([from, to]): Period => ({ from, to }));
  const lifetime = fc.option(fc.integer({ min: -8, max: 12 }), { nil: undefined });
  const within = (at: number, all: readonly Period[]) => all.every(({ from, to }) => from <= at && at <= to);
  const INSTANTS = Array.from({ length: 32 }, (_, at) => at - 10);
  const trust = ({ chain: [, , root] }: Signer, store: "ca" | "signingAuthority" = "ca"): Trust => ({
    name: "root",
    level: STRICT,
    trustAnchors: { ca: [], signingAuthority: [], [store]: [readCertificate(root as Uint8Array)] },
  });
  /** The verdict at every second, as the numbers at which it is good. */
  const goodAt = async (bytes: Uint8Array, trusted: Trust, instants: readonly number[] = INSTANTS) => {
    const verdicts = await Promise.all(instants.map((at) => judge(bytes, trusted, second(at))));
    return instants.filter((_, at) => verdicts[at] === "verified");
  };
  const beforeExpiry = (expiry: number | undefined) => (at: number) => expiry === undefined || at < expiry;
  const early = (header: Headers) => void (header[SIGNING_TIME] = rfc3339(second(-1000)));
  const headers =
    (expiry: number | undefined, ...changes: readonly ((header: Headers) => void)[]) => (header: Headers) => {
      for (const change of changes) change(header);
      if (expiry === undefined) return;
      header["crit"] = [...header["crit"] as string[], EXPIRY];
      header[EXPIRY] = rfc3339(second(expiry));
    };

  /** How often some instant was good, and how often none: a property that only ever saw one of them says little. */
  const counting = () => {
    const counts = { some: 0, none: 0 };
    const count = (instants: readonly number[]) => void (instants.length > 0 ? counts.some++ : counts.none++);
    return { count, check: () => expect(Math.min(counts.some, counts.none)).toBeGreaterThan(0) };
  };

  it("is what the certificates and the expiry say it is", async () => {
    const { count, check } = counting();
    await fc.assert(
      fc.asyncProperty(periods, lifetime, async (valid, expiry) => {
        const signer = chained(valid);
        const bytes = makeJws(signer, { protected: headers(expiry, early) });
        const expected = INSTANTS.filter((at) => within(at, valid) && beforeExpiry(expiry)(at));
        count(expected);
        expect(await goodAt(bytes, trust(signer))).toEqual(expected);
      }),
      { seed: SEED, numRuns: 30 },
    );
    check();
  });

  it("is that of the timestamp, where one is asked for: only the expiry moves on", async () => {
    const { count, check } = counting();
    const some = INSTANTS.filter((at) => at % 3 === 0);
    await fc.assert(
      fc.asyncProperty(fc.tuple(around, around, around), lifetime, fc.nat(3), async (valid, expiry, accuracy) => {
        const signer = chained(valid);
        const bytes = stamped(
          makeJws(signer, { protected: headers(expiry, early) }),
          (signature) =>
            makeToken(signature, tsa, {
              genTime: digits(second(0)),
              ...(accuracy === 0 ? {} : { accuracy: { seconds: [accuracy] } }),
            }),
        );
        const isGood = within(-accuracy, valid) && within(accuracy, valid);
        const { trustAnchors, ...rest } = trust(signer);
        const tsaTrust = { ...rest, trustAnchors: { ...trustAnchors, tsa: [readCertificate(tsa.root)] } };
        const expected = isGood ? some.filter(beforeExpiry(expiry)) : [];
        count(expected);
        expect(await goodAt(bytes, tsaTrust, some)).toEqual(expected);
        // Asked for only once a certificate has expired, it is the clock's time until then.
        const lenient = { ...tsaTrust, verifyTimestamp: "afterCertExpiry" } as const;
        const isOver = (at: number) => valid.some(({ to }) => at > to);
        expect(await goodAt(bytes, lenient, some)).toEqual(
          some.filter((at) => (isOver(at) ? isGood : within(at, valid)) && beforeExpiry(expiry)(at)),
        );
      }),
      { seed: SEED, numRuns: 20 },
    );
    check();
  });

  it("is that of the signing authority: only the expiry moves on", async () => {
    const { count, check } = counting();
    await fc.assert(
      fc.asyncProperty(
        periods,
        fc.integer({ min: -8, max: 8 }),
        fc.integer({ min: 1, max: 12 }),
        async (valid, signedAt, left) => {
          const signer = chained(valid);
          const expiry = signedAt + left;
          const bytes = makeJws(signer, { protected: headers(expiry, byAuthority(second(signedAt))) });
          const expected = within(signedAt, valid) ? INSTANTS.filter(beforeExpiry(expiry)) : [];
          count(expected);
          expect(await goodAt(bytes, trust(signer, "signingAuthority"))).toEqual(expected);
        },
      ),
      { seed: SEED, numRuns: 20 },
    );
    check();
  });
});
