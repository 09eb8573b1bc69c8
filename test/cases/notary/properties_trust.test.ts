/** How a verdict moves with trust, with time and with order, over random trust, certificates and clocks. Seeds are fixed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import {
  type Trust,
  type TrustedIdentities,
  type ValidationAction,
  type ValidationType,
  type Verdict,
  verdict,
  verifyArtifact,
  verifyEnvelopeBytes,
} from "../../../src/notary/mod.ts";
import { parseDistinguishedName } from "../../../src/notary/trust/distinguished_name.ts";
import { readCertificate } from "../../../src/x509/mod.ts";
import { CA, ecKey, LEAF, makeCertificate, ocspAt, subject } from "../../run/certificate_maker.ts";
import {
  ARTIFACT,
  AUTHENTIC_TIME,
  EXPIRY,
  type Headers,
  makeJws,
  SCHEME,
  type Signer,
  SIGNING_TIME,
} from "../../run/envelope_maker.ts";
import { createFakeRepository } from "../../run/fake_repository.ts";
import { makeAuthority, makeToken } from "../../run/timestamp_maker.ts";
import { digestReference, viewOf } from "./verify/artifacts.ts";

const SEED = 20_261;
const crypto = createWebCryptoProvider();
const keys = { root: ecKey(), middle: ecKey(), leaf: ecKey(), other: ecKey() };
/** The instant that small numbers count from. */
const START = Date.parse("2026-06-01T00:00:00Z");
const second = (number: number) => new Date(START + number * 1000);
const rfc3339 = (at: Date) => at.toISOString().replace(".000", "");
const digits = (at: Date) => rfc3339(at).replace(/[-:T]/g, "");

interface Period {
  readonly from: number;
  readonly to: number;
}
const ALWAYS: Period = { from: -1_000_000, to: 1_000_000 };

/** Leaf below middle below root, each valid in its period. */
function chained([leaf, middle, root]: readonly [Period, Period, Period], extensions = LEAF): Signer {
  const valid = ({ from, to }: Period) => ({ notBefore: digits(second(from)), notAfter: digits(second(to)) });
  const [r, m, l] = [subject("root"), subject("middle"), subject("leaf")];
  const chain = [
    makeCertificate({ subject: l, issuer: m, key: keys.leaf, issuerKey: keys.middle, extensions, ...valid(leaf) }),
    makeCertificate({
      subject: m,
      issuer: r,
      key: keys.middle,
      issuerKey: keys.root,
      extensions: CA,
      ...valid(middle),
    }),
    makeCertificate({ subject: r, key: keys.root, extensions: CA, ...valid(root) }),
  ];
  return { key: keys.leaf, chain, jws: "ES256", cose: -7 };
}

const GOOD = chained([ALWAYS, ALWAYS, ALWAYS]);
const EXPIRED = chained([{ from: -100, to: -50 }, ALWAYS, ALWAYS]);
const NAMES_RESPONDER = chained([ALWAYS, ALWAYS, ALWAYS], [...LEAF, ocspAt("http://ocsp.example/")]);
const tsa = makeAuthority();
const TOKEN_AT = digits(second(-70));
const signatureOf = (bytes: Uint8Array) =>
  new Uint8Array(Buffer.from(JSON.parse(new TextDecoder().decode(bytes)).signature, "base64url"));

/** The same envelope with a token over its signature. */
function stamped(bytes: Uint8Array, token: (signature: Uint8Array) => Uint8Array): Uint8Array {
  const envelope = JSON.parse(new TextDecoder().decode(bytes));
  envelope.header["io.cncf.notary.timestampSignature"] = Buffer.from(token(signatureOf(bytes))).toString("base64");
  return new TextEncoder().encode(JSON.stringify(envelope));
}
const genuine = (signature: Uint8Array) => makeToken(signature, tsa, { genTime: TOKEN_AT });

const expiring = (at: Date) => (header: Headers) => {
  header["crit"] = [SCHEME, EXPIRY];
  header[EXPIRY] = rfc3339(at);
};
const byAuthority = (at: Date) => (header: Headers) => {
  header["crit"] = [SCHEME, AUTHENTIC_TIME];
  header[SCHEME] = "notary.x509.signingAuthority";
  header[AUTHENTIC_TIME] = rfc3339(at);
  delete header[SIGNING_TIME];
};

const ENVELOPES: Readonly<Record<string, Uint8Array>> = {
  good: makeJws(GOOD),
  "good, with a timestamp": stamped(makeJws(GOOD), genuine),
  "good, with another's timestamp": stamped(makeJws(GOOD), () => genuine(new Uint8Array(64))),
  "certificate expired": makeJws(EXPIRED),
  "certificate expired, with a timestamp": stamped(makeJws(EXPIRED), genuine),
  "signature expired": makeJws(GOOD, { protected: expiring(second(-10)) }),
  "by a signing authority": makeJws(GOOD, { protected: byAuthority(second(-70)) }),
  "names a responder": makeJws(NAMES_RESPONDER),
  "by another key": makeJws({ ...GOOD, key: keys.other }),
  "of another artifact": makeJws(GOOD, {
    payload: JSON.stringify({ targetArtifact: { ...ARTIFACT, size: ARTIFACT.size + 1 } }),
  }),
  broken: makeJws(GOOD).slice(1),
};

async function judge(bytes: Uint8Array, trust: Trust, at: Date): Promise<Verdict> {
  const ports = { crypto, now: () => at };
  return verdict(await verifyEnvelopeBytes({ mediaType: "application/jose+json", bytes }, ARTIFACT, trust, ports));
}

const ANCHORS = [...GOOD.chain, ...EXPIRED.chain.slice(0, 1), ...NAMES_RESPONDER.chain].map((der) =>
  readCertificate(der)
);
const identity = (text: string) => {
  const attributes = parseDistinguishedName(text);
  if ("rule" in attributes) throw new Error(attributes.rule);
  return { text: `x509.subject: ${text}`, attributes };
};
const IDENTITIES = [
  identity("C=US,ST=WA,O=Notary"),
  identity("CN=leaf,C=US,ST=WA,O=Notary"),
  identity("CN=middle,C=US,ST=WA,O=Notary"),
  identity("C=US,ST=WA,O=Others"),
];
const TYPES: readonly ValidationType[] = ["integrity", "authenticity", "authenticTimestamp", "expiry", "revocation"];
/** From the laxest to the strictest. */
const ACTIONS: readonly ValidationAction[] = ["skip", "log", "enforce"];

/** Trust by what was chosen of each list. */
interface Choice {
  readonly ca: readonly boolean[];
  readonly signingAuthority: readonly boolean[];
  readonly tsa: boolean;
  /** `undefined` trusts everyone. */
  readonly identities: readonly boolean[] | undefined;
  readonly actions: readonly number[];
  readonly unusable: boolean;
}

function trustOf(choice: Choice, asksTimestamp: boolean): Trust {
  const picked = <Item>(items: readonly Item[], chosen: readonly boolean[]) => items.filter((_, at) => chosen[at]);
  const identities: TrustedIdentities | undefined = choice.identities && picked(IDENTITIES, choice.identities);
  const unusable = { code: "ERR_TRUST_STORE", message: "Cannot use the trust store", evidence: {} } as const;
  return {
    name: "random",
    level: {
      name: "custom",
      actions: Object.fromEntries(
        TYPES.map((type, at) => [type, ACTIONS[choice.actions[at] ?? 2]]),
      ) as Trust["level"]["actions"],
    },
    trustAnchors: {
      ca: picked(ANCHORS, choice.ca),
      signingAuthority: picked(ANCHORS, choice.signingAuthority),
      ...(asksTimestamp ? { tsa: choice.tsa ? [readCertificate(tsa.root)] : [] } : {}),
    },
    ...(identities === undefined ? {} : { trustedIdentities: identities }),
    ...(choice.unusable ? { unusableStores: { ca: unusable } } : {}),
  };
}

const choices = (length: number) => fc.array(fc.boolean(), { minLength: length, maxLength: length });
const choice: fc.Arbitrary<Choice> = fc.record({
  ca: choices(ANCHORS.length),
  signingAuthority: choices(ANCHORS.length),
  tsa: fc.boolean(),
  identities: fc.option(choices(IDENTITIES.length), { nil: undefined }),
  actions: fc.array(fc.nat(2), { minLength: TYPES.length, maxLength: TYPES.length }),
  unusable: fc.boolean(),
});

/** The trust both have: never more than either. */
const lesser = (a: Choice, b: Choice): Choice => {
  const both = (one: readonly boolean[], two: readonly boolean[]) =>
    one.map((chosen, at) => chosen && two[at] === true);
  return {
    ca: both(a.ca, b.ca),
    signingAuthority: both(a.signingAuthority, b.signingAuthority),
    tsa: a.tsa && b.tsa,
    identities: a.identities === undefined
      ? b.identities
      : b.identities === undefined
      ? a.identities
      : both(a.identities, b.identities),
    actions: a.actions.map((action, at) => Math.max(action, b.actions[at] ?? 2)),
    unusable: a.unusable || b.unusable,
  };
};

describe("less trust", () => {
  it("never turns a failure into a success", async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(ENVELOPES)),
        choice,
        choice,
        fc.boolean(),
        async (name, a, b, asksTimestamp) => {
          const bytes = ENVELOPES[name] as Uint8Array;
          const [more, less] = await Promise.all(
            [a, lesser(a, b)].map((chosen) => judge(bytes, trustOf(chosen, asksTimestamp), second(0))),
          );
          seen.add(`${more} ${less}`);
          // "skipped" lets through too: nothing was asked for.
          const letsThrough = (word: Verdict | undefined) => word === "verified" || word === "skipped";
          if (letsThrough(less)) expect(letsThrough(more), `${name}: ${more}, with less trust ${less}`).toBe(true);
        },
      ),
      { seed: SEED, numRuns: 500 },
    );
    expect([...seen]).toEqual(expect.arrayContaining(["verified verified", "verified failed", "failed failed"]));
  });
});

describe("time", () => {
  const period = fc.tuple(fc.integer({ min: -8, max: 8 }), fc.integer({ min: 0, max: 12 }))
    .map(([from, length]): Period => ({ from, to: from + length }));
  const periods = fc.tuple(period, period, period);
  const lifetime = fc.option(fc.integer({ min: -8, max: 12 }), { nil: undefined });
  const within = (at: number, all: readonly Period[]) => all.every(({ from, to }) => from <= at && at <= to);
  const INSTANTS = Array.from({ length: 32 }, (_, at) => at - 10);
  const trust = (chain: Signer, changes: Partial<Trust["trustAnchors"]> = {}): Trust => ({
    ...trustOf({
      ca: [],
      signingAuthority: [],
      tsa: true,
      identities: undefined,
      actions: [2, 2, 2, 2, 2],
      unusable: false,
    }, false),
    trustAnchors: {
      ca: [],
      signingAuthority: [],
      ...changes,
      [changes.signingAuthority === undefined ? "ca" : "signingAuthority"]: [
        readCertificate(chain.chain[2] as Uint8Array),
      ],
    },
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

  it("is what the certificates and the expiry say it is", async () => {
    await fc.assert(
      fc.asyncProperty(periods, lifetime, async (valid, expiry) => {
        const signer = chained(valid);
        const bytes = makeJws(signer, { protected: headers(expiry, early) });
        const expected = INSTANTS.filter((at) => within(at, valid) && beforeExpiry(expiry)(at));
        expect(await goodAt(bytes, trust(signer))).toEqual(expected);
      }),
      { seed: SEED, numRuns: 30 },
    );
  });

  it("is that of the timestamp, where one is asked for: only the expiry moves on", async () => {
    const some = INSTANTS.filter((at) => at % 2 === 0);
    await fc.assert(
      fc.asyncProperty(periods, lifetime, fc.nat(3), async (valid, expiry, accuracy) => {
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
        const tsaTrust = trust(signer, { tsa: [readCertificate(tsa.root)] });
        expect(await goodAt(bytes, tsaTrust, some)).toEqual(isGood ? some.filter(beforeExpiry(expiry)) : []);
        // Asked for only once a certificate has expired, it is the clock's time until then.
        const lenient = { ...tsaTrust, verifyTimestamp: "afterCertExpiry" } as const;
        const isOver = (at: number) => valid.some(({ to }) => at > to);
        expect(await goodAt(bytes, lenient, some)).toEqual(
          some.filter((at) => (isOver(at) ? isGood : within(at, valid)) && beforeExpiry(expiry)(at)),
        );
      }),
      { seed: SEED, numRuns: 8 },
    );
  });

  it("is that of the signing authority: only the expiry moves on", async () => {
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
          expect(await goodAt(bytes, trust(signer, { signingAuthority: [] }))).toEqual(expected);
        },
      ),
      { seed: SEED, numRuns: 20 },
    );
  });
});

describe("order", () => {
  const names = Object.keys(ENVELOPES);
  const all = trustOf({
    ca: ANCHORS.map(() => true),
    signingAuthority: ANCHORS.map(() => false),
    tsa: false,
    identities: undefined,
    actions: [2, 2, 2, 2, 2],
    unusable: false,
  }, false);

  it("of an artifact's signatures does not change the verdict", async () => {
    const shuffled = fc.subarray(names, { minLength: 1 }).chain((some) =>
      fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length }))
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async (orders) => {
        const verdicts = await Promise.all(orders.map(async (order) => {
          const repository = createFakeRepository();
          const image = repository.artifact("signed");
          const payload = JSON.stringify({ targetArtifact: image });
          for (const name of order) {
            const envelope = REMADE[name]?.(payload) ?? ENVELOPES[name] as Uint8Array;
            repository.sign(image, { mediaType: "application/jose+json", bytes: envelope });
          }
          return (await verifyArtifact(digestReference(image), all, viewOf(repository))).verdict;
        }));
        expect(verdicts[0]).toBe(verdicts[1]);
        const isGood = orders[0].some((name) => GOOD_NAMES.includes(name));
        expect(verdicts[0] === "verified").toBe(isGood);
      }),
      { seed: SEED, numRuns: 30 },
    );
  });

  it("of trust anchors and identities does not change the outcome", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.shuffledSubarray(ANCHORS),
        fc.shuffledSubarray(IDENTITIES),
        async (name, ca, trustedIdentities) => {
          const outcomes = await Promise.all([1, -1].map((direction) => {
            const turned = <Item>(items: readonly Item[]) => direction > 0 ? items : [...items].reverse();
            const trust: Trust = {
              ...all,
              trustAnchors: { ca: turned(ca), signingAuthority: turned(ca) },
              trustedIdentities: turned(trustedIdentities),
            };
            return judge(ENVELOPES[name] as Uint8Array, trust, second(0));
          }));
          expect(outcomes[0]).toBe(outcomes[1]);
        },
      ),
      { seed: SEED, numRuns: 200 },
    );
  });
});

/** Envelopes that are good for the artifact they name are made for it. */
const REMADE: Readonly<Record<string, (payload: string) => Uint8Array>> = {
  good: (payload) => makeJws(GOOD, { payload }),
  "names a responder": (payload) => makeJws(NAMES_RESPONDER, { payload }),
  "signature expired": (payload) => makeJws(GOOD, { payload, protected: expiring(second(-10)) }),
  "good, with another's timestamp": (payload) => stamped(makeJws(GOOD, { payload }), () => genuine(new Uint8Array(64))),
};
/** Without a timestamp authority to trust, no timestamp is looked at. */
const GOOD_NAMES: readonly string[] = ["good", "good, with another's timestamp"];
