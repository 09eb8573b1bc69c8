/** Less trust lets nothing more through, and order does not matter. Seeds are fixed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Trust,
  type TrustedIdentities,
  type ValidationAction,
  type ValidationType,
  type Verdict,
  verifyArtifact,
} from "../../../src/notary/mod.ts";
import { parseDistinguishedName } from "../../../src/notary/trust/distinguished_name.ts";
import { readCertificate } from "../../../src/x509/mod.ts";
import { makeJws } from "../../run/envelope_maker.ts";
import { createFakeRepository } from "../../run/fake_repository.ts";
import {
  ENVELOPES,
  EXPIRED,
  expiring,
  genuine,
  GOOD,
  judge,
  NAMES_RESPONDER,
  second,
  SEED,
  stamped,
  tsa,
} from "./properties_cast.ts";
import { digestReference, viewOf } from "./verify/artifacts.ts";

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

/** Mostly, so that many verdicts are good before something is taken away. */
const mostly = (often: boolean) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(often) }, { weight: 1, arbitrary: fc.constant(!often) });
const choices = (length: number) => fc.array(mostly(true), { minLength: length, maxLength: length });
const some = (length: number) => fc.array(fc.boolean(), { minLength: length, maxLength: length });
const choice: fc.Arbitrary<Choice> = fc.record({
  ca: choices(ANCHORS.length),
  signingAuthority: choices(ANCHORS.length),
  tsa: mostly(true),
  identities: fc.option(some(IDENTITIES.length), { nil: undefined }),
  actions: fc.array(fc.nat(2), { minLength: TYPES.length, maxLength: TYPES.length }),
  unusable: mostly(false),
});
const ASPECTS: readonly (keyof Choice)[] = ["ca", "signingAuthority", "tsa", "identities", "actions", "unusable"];

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
        fc.subarray([...ASPECTS], { minLength: 1 }),
        fc.boolean(),
        async (name, a, b, aspects, asksTimestamp) => {
          const bytes = ENVELOPES[name] as Uint8Array;
          const taken = lesser(a, b);
          const fewer = { ...a, ...Object.fromEntries(aspects.map((aspect) => [aspect, taken[aspect]])) };
          const [more, less] = await Promise.all(
            [a, fewer].map((chosen) => judge(bytes, trustOf(chosen, asksTimestamp), second(0))),
          );
          seen.add(`${more} ${less}`);
          // "skipped" lets through too: nothing was asked for.
          const letsThrough = (word: Verdict | undefined) => word === "verified" || word === "skipped";
          if (letsThrough(less)) expect(letsThrough(more), `${name}: ${more}, with less trust ${less}`).toBe(true);
        },
      ),
      { seed: SEED, numRuns: 1000 },
    );
    expect([...seen]).toEqual(expect.arrayContaining(["verified verified", "verified failed", "failed failed"]));
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
