/**
 * What a webhook does with a store that others write to: the same cases for every kind of store, on whatever runtime
 * has it. Each case fills the store, poisons it, and asks a webhook that has nothing in its memory.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createApp } from "../../src/admission/mod.ts";
import { createOutsideCache, MAX_SEALED_LIFETIME_SECONDS, MAX_STORED_BYTES } from "../../src/cache/mod.ts";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { createRegistryClient } from "../../src/oci/mod.ts";
import type { CryptoProvider, OutsideStore, Ports } from "../../src/ports.ts";
import { sleep } from "../../src/runtime/web.ts";
import { examplePolicy, fixtureFetch, podReview, SIGNED, UNSIGNED } from "../cases/admission/webhook.ts";

const START = Date.parse("2026-12-01T00:00:00Z");
const HOUR = 3_600_000;
/** With what a certificate's signed part begins; the signed bytes of an envelope begin otherwise. */
const DER_SEQUENCE = 0x30;
/** Bytes before what an entry keeps: its version, its end, its tag. */
const HEADER_BYTES = 41;

const real = createWebCryptoProvider();
const fetchFixture = await fixtureFetch();
const trusting = await examplePolicy();
const distrusting = await examplePolicy((text) =>
  text.replace(
    /-----BEGIN CERTIFICATE-----[\s\S]*-----END CERTIFICATE-----/,
    readFileSync("test/fixtures/keys/impostor.crt.pem", "utf8").trim().replaceAll("\n", `\n${" ".repeat(22)}`),
  )
);

/** How a webhook is made and asked. */
interface Visit {
  readonly keys: readonly [Uint8Array, ...Uint8Array[]];
  readonly tenant?: string;
  readonly principal?: string;
  readonly at?: number;
  /** Waits for a store no longer than it is waited for; otherwise a machine under load is given more time. */
  readonly hasty?: true;
}

/** What came of it. */
interface Seen {
  /** Of the signed image, the unsigned one, and the signed one where its signer is not trusted. */
  readonly answers: readonly unknown[];
  /** Manifests and blobs that the registry was asked for by their digest because of the first. */
  readonly fetched: number;
  /** Envelopes whose signature was computed because of the first. */
  readonly proven: number;
}

/** Asks a webhook that has nothing in memory; without a store it has nothing at all. */
async function visit(
  { keys, tenant, principal = "ada", at = START, hasty }: Visit,
  store?: OutsideStore,
): Promise<Seen> {
  const count = { fetched: 0, proven: 0 };
  const now = () => new Date(at);
  const crypto: CryptoProvider = {
    ...real,
    verify: (algorithm, key, signature, data) => {
      if (data[0] !== DER_SEQUENCE) count.proven++;
      return real.verify(algorithm, key, signature, data);
    },
  };
  const fetch: Ports["fetch"] = (url, init) => {
    if (init.method === "GET" && /\/(?:blobs|manifests)\/sha256:/.test(url)) count.fetched++;
    return fetchFixture(url, init);
  };
  const wait: Ports["sleep"] = (milliseconds, signal) => sleep(hasty ? milliseconds : 20 * milliseconds, signal);
  const ports = { now, crypto, sleep: wait, fetch, log: () => {}, credentials: () => Promise.resolve(undefined) };
  const client = createRegistryClient(ports);
  const open: typeof client = (reference) => ({ ...client(reference), principal: () => Promise.resolve(principal) });
  const cache = store === undefined
    ? {}
    : { cache: { outside: createOutsideCache(store, ports, { keys, ...(tenant === undefined ? {} : { tenant }) }) } };
  const answer = async (policies: typeof trusting, image: string) => {
    const app = createApp({ policies, problems: [], ports: { ...ports, open }, ...cache });
    const response = await app.fetch(
      new Request("http://localhost/mutate?timeout=10s", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(podReview([image])),
      }),
    );
    return await response.json() as unknown;
  };
  const first = await answer(trusting, SIGNED);
  const { fetched, proven } = count;
  return { answers: [first, await answer(trusting, UNSIGNED), await answer(distrusting, SIGNED)], fetched, proven };
}

/** A store that remembers what it was asked for, and can be waited for. */
interface Watched extends OutsideStore {
  readonly names: Set<string>;
  readonly written: () => Promise<void>;
}

function watch(store: OutsideStore): Watched {
  const names = new Set<string>();
  const writes: Promise<void>[] = [];
  return {
    ...store,
    names,
    written: async () => void await Promise.all(writes),
    get: (key) => (names.add(key), store.get(key)),
    set: (key, bytes, lifetimeSeconds) => {
      names.add(key);
      const write = store.set(key, bytes, lifetimeSeconds);
      writes.push(write);
      return write;
    },
  };
}

const randomKey = () => globalThis.crypto.getRandomValues(new Uint8Array(32));
const random = (length: number) => {
  const bytes = new Uint8Array(length);
  for (let from = 0; from < length; from += 65_536) {
    globalThis.crypto.getRandomValues(bytes.subarray(from, Math.min(length, from + 65_536)));
  }
  return bytes;
};

/** A store that was filled by one visit: what was asked for, and what is there. */
interface Filled {
  readonly by: Visit;
  readonly cold: Seen;
  /** Every name that was asked for or written, also those with nothing under them. */
  readonly names: readonly string[];
  readonly values: ReadonlyMap<string, Uint8Array>;
}

async function fill(store: OutsideStore, by: Visit): Promise<Filled> {
  const watched = watch(store);
  const cold = await visit(by, watched);
  await watched.written();
  const values = new Map<string, Uint8Array>();
  for (const name of watched.names) {
    const value = await store.get(name);
    if (value !== undefined) values.set(name, value);
  }
  ok(values.size >= 3, `only ${values.size} entries were kept`);
  return { by, cold, names: [...watched.names], values };
}

async function put(store: OutsideStore, values: Iterable<readonly [string, Uint8Array]>): Promise<void> {
  for (const [name, value] of values) await store.set(name, value, 3_600);
}

/** Asks again, and makes sure that the answers are those without a cache. */
async function expectSameAnswers(by: Visit, store: OutsideStore): Promise<Seen> {
  const seen = await visit(by, store);
  deepStrictEqual(seen.answers, (await visit(by)).answers);
  return seen;
}

/** And that nothing of the store was believed. */
async function expectUnbelieved(by: Visit, store: OutsideStore): Promise<void> {
  const seen = await expectSameAnswers(by, store);
  const without = await visit(by);
  strictEqual(seen.fetched, without.fetched);
  strictEqual(seen.proven, without.proven);
}

/** One case; it rejects where the webhook does otherwise. */
export interface StoreCase {
  readonly name: string;
  readonly run: (store: OutsideStore) => Promise<void>;
}

/** Every entry of a filled store, changed. */
function changed(name: string, change: (value: Uint8Array) => Uint8Array): StoreCase {
  return {
    name,
    run: async (store) => {
      const { by, values } = await fill(store, { keys: [randomKey()] });
      await put(store, [...values].map(([entry, value]) => [entry, change(value.slice())] as const));
      await expectUnbelieved(by, store);
    },
  };
}

const flipped = (at: (length: number) => number) => (value: Uint8Array) => {
  const index = at(value.length);
  value[index] = (value[index] as number) ^ 1;
  return value;
};

/** Under each name of one visit, what another one kept of the same: the same bytes under another seal. */
function foreign(name: string, mine: Visit, others: Visit): StoreCase {
  return {
    name,
    run: async (store) => {
      const theirs = await fill(store, others);
      const ours = await fill(store, mine);
      strictEqual(ours.cold.fetched, (await visit(mine)).fetched);
      const text = (value: Uint8Array) => new TextDecoder().decode(value.subarray(HEADER_BYTES));
      const same = [...ours.values].map(([entry, value]) => {
        const found = [...theirs.values.values()].find((one) => text(one) === text(value));
        ok(found !== undefined, "the other visit kept something else");
        ok(!new Set(theirs.names).has(entry), "both look under the same name");
        return [entry, found] as const;
      });
      await put(store, same);
      await expectUnbelieved(mine, store);
    },
  };
}

const shared = randomKey();

/** Stores whose entries others can read and write. */
export const STORE_CASES: readonly StoreCase[] = [
  {
    name: "what was kept well is used: nothing is fetched or proven again",
    run: async (store) => {
      const { by, cold } = await fill(store, { keys: [randomKey()] });
      ok(cold.fetched > 0 && cold.proven > 0);
      const { fetched, proven } = await expectSameAnswers({ ...by, at: START + 1_000 }, store);
      deepStrictEqual({ fetched, proven }, { fetched: 0, proven: 0 });
    },
  },
  changed("a flipped bit in the version", flipped(() => 0)),
  changed("a flipped bit in the end", flipped(() => 8)),
  changed("a flipped bit in the tag", flipped(() => 20)),
  changed("a flipped bit in the first byte kept", flipped(() => HEADER_BYTES)),
  changed("a flipped bit in the last byte kept", flipped((length) => length - 1)),
  changed("cut to nothing but its seal", (value) => value.slice(0, HEADER_BYTES)),
  changed("cut inside of its seal", (value) => value.slice(0, HEADER_BYTES - 1)),
  changed("cut by one byte", (value) => value.slice(0, -1)),
  changed("a byte longer", (value) => Uint8Array.of(...value, 0)),
  changed("without its seal", (value) => value.slice(HEADER_BYTES)),
  changed("garbage of the same length", (value) => random(value.length)),
  changed("JSON", () => new TextEncoder().encode('{"since":0,"until":9e15,"outcome":{}}')),
  changed("grown beyond what is kept", () => random(MAX_STORED_BYTES + 70_000)),
  {
    name: "each entry under each other name",
    run: async (store) => {
      const { by, names, values } = await fill(store, { keys: [randomKey()] });
      const kept = [...values.values()];
      for (let shift = 1; shift < kept.length; shift++) {
        // Under names with nothing under them, too: there a refused signature would have its evidence.
        const rotated = names.map((name, index) => [name, kept[(index + shift) % kept.length] as Uint8Array] as const)
          .filter(([name, value]) => values.get(name) !== value);
        await put(store, rotated);
        await expectSameAnswers(by, store);
        await put(store, values);
      }
    },
  },
  foreign("another tenant's entries", { keys: [shared], tenant: "a" }, { keys: [shared], tenant: "b" }),
  foreign("entries of a tenant where there is none", { keys: [shared] }, { keys: [shared], tenant: "c" }),
  foreign(
    "another principal's entries",
    { keys: [shared], tenant: "d", principal: "ada" },
    { keys: [shared], tenant: "d", principal: "bob" },
  ),
  foreign("entries under a key that is not ours", { keys: [randomKey()] }, { keys: [randomKey()] }),
  {
    name: "entries of the old key, while it still opens and after it does not",
    run: async (store) => {
      const [old, current] = [randomKey(), randomKey()];
      await fill(store, { keys: [old] });
      const rotating = await expectSameAnswers({ keys: [current, old] }, store);
      deepStrictEqual([rotating.fetched, rotating.proven], [0, 0]);
      await expectUnbelieved({ keys: [current] }, store);
    },
  },
  {
    name: "facts put back after their end: proven anew, from content that is still good",
    run: async (store) => {
      const { by, cold, values } = await fill(store, { keys: [randomKey()] });
      await put(store, values);
      const late = await expectSameAnswers({ ...by, at: START + 2 * HOUR }, store);
      deepStrictEqual([late.fetched, late.proven], [0, cold.proven]);
    },
  },
  {
    name: "everything put back after its end",
    run: async (store) => {
      const { by, values } = await fill(store, { keys: [randomKey()] });
      await put(store, values);
      await expectUnbelieved({ ...by, at: START + 48 * HOUR }, store);
    },
  },
  {
    name: "everything sealed by a clock that is ahead",
    run: async (store) => {
      const { by } = await fill(store, { keys: [randomKey()], at: START + MAX_SEALED_LIFETIME_SECONDS * 1_000 });
      await expectUnbelieved({ ...by, at: START }, store);
    },
  },
  ...([
    ["never answers", () => new Promise<never>(() => {})],
    ["rejects", () => Promise.reject(new Error("no such host\u001b[31m"))],
    ["rejects with nothing", () => Promise.reject()],
    ["throws", () => {
      throw new TypeError("not connected");
    }],
  ] as const).map(([fault, fail]): StoreCase => ({
    name: `a store that ${fault}`,
    run: async (store) => {
      const { by } = await fill(store, { keys: [randomKey()] });
      let asked = 0;
      const failing = () => (asked++, fail());
      await expectUnbelieved({ ...by, hasty: true }, { ...store, get: failing, set: failing });
      // All three webhooks have one clock, which does not move: after the first failure the store is left alone.
      strictEqual(asked, 1, "the store was asked again");
    },
  })),
];
