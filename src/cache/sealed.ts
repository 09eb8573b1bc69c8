/**
 * A cache over a store that others may write to. Every entry is sealed by an HMAC over what it is, for whom, and until
 * when: what was flipped, cut, swapped for another entry, kept beyond its time or made by somebody else does not open,
 * and is as if it were not there.
 */
import { createMacKey, MAC_BYTES, type MacKey } from "../crypto/mod.ts";
import { concatBytes, encodeHex, encodeUtf8 } from "../encoding/mod.ts";
import type { Cache, Ports } from "../ports.ts";

/** Bytes of one entry before it is sealed, at most; what has more is not kept. */
export const MAX_SEALED_BYTES = 1024 * 1024;

/** How long an entry may be kept; one that claims to live longer is not believed. */
export const MAX_SEALED_LIFETIME_SECONDS = 7 * 24 * 3_600;

/** Changed with the form of an entry, so that none is read in the form of another. */
const VERSION = 1;
const INSTANT_BYTES = 8;
const HEADER_BYTES = 1 + INSTANT_BYTES + MAC_BYTES;

/** Bytes of a sealed entry at most: no more of one needs to be read. */
export const MAX_STORED_BYTES: number = HEADER_BYTES + MAX_SEALED_BYTES;

/** An entry that opened. */
export interface OpenedEntry {
  readonly bytes: Uint8Array;
  /** How much longer it may be believed; more than 0. */
  readonly lifetimeSeconds: number;
}

/** A cache that knows how long what it gives is good for. */
export interface SealedCache extends Cache {
  readonly open: (key: string) => Promise<OpenedEntry | undefined>;
}

/** With what entries are sealed, and for whom. */
export interface SealOptions {
  /** The deployment's keys, of at least 32 random bytes: the first seals, all open. */
  readonly keys: readonly [Uint8Array, ...Uint8Array[]];
  /** Who else shares store and keys cannot open what was sealed for this tenant. */
  readonly tenant?: string;
}

/**
 * Makes a cache of a store.
 *
 * The store sees names that are HMACs, too: they tell nothing of what was asked, and have one length.
 *
 * @param store Must neither reject nor hang; see `guarded.ts`.
 */
export function sealStore(
  store: Cache,
  { now }: Pick<Ports, "now">,
  { keys, tenant = "" }: SealOptions,
): SealedCache {
  const [current, ...older] = keys.map(createSealer) as [Sealer, ...Sealer[]];
  const open = async (key: string): Promise<OpenedEntry | undefined> => {
    const entry = contextOf(tenant, key);
    for (const sealer of [current, ...older]) {
      const stored = await store.get(await sealer.name(entry));
      const opened = stored === undefined ? undefined : await sealer.open(entry, stored, now());
      if (opened !== undefined) return opened;
    }
    return undefined;
  };
  return {
    open,
    get: async (key) => (await open(key))?.bytes,
    set: async (key, bytes, lifetimeSeconds) => {
      const lifetime = Math.min(lifetimeSeconds, MAX_SEALED_LIFETIME_SECONDS);
      if (!(lifetime > 0) || bytes.length > MAX_SEALED_BYTES) return;
      const entry = contextOf(tenant, key);
      const sealed = await current.seal(entry, bytes, new Date(now().getTime() + lifetime * 1_000));
      await store.set(await current.name(entry), sealed, lifetime);
    },
  };
}

/** What an entry is and for whom, in one unambiguous form. */
function contextOf(tenant: string, key: string): Uint8Array {
  return encodeUtf8(JSON.stringify([VERSION, tenant, key]));
}

interface Sealer {
  /** Under which name the store has an entry. */
  readonly name: (context: Uint8Array) => Promise<string>;
  readonly seal: (context: Uint8Array, bytes: Uint8Array, until: Date) => Promise<Uint8Array>;
  readonly open: (context: Uint8Array, stored: Uint8Array, at: Date) => Promise<OpenedEntry | undefined>;
}

/** One key of the deployment, of which one is derived for each use (NIST SP 800-108, with one block of output). */
function createSealer(deploymentKey: Uint8Array): Sealer {
  const parent = createMacKey(deploymentKey);
  const nameKey = derive(parent, "edge-notary cache: names");
  const sealKey = derive(parent, "edge-notary cache: seals");
  return {
    name: async (context) => encodeHex(await (await nameKey()).tag(context)),
    seal: async (context, bytes, until) => {
      const instant = writeInstant(until);
      const tag = await (await sealKey()).tag(sealedBytes(context, instant, bytes));
      return concatBytes(Uint8Array.of(VERSION), instant, tag, bytes);
    },
    open: async (context, stored, at) => {
      if (stored.length < HEADER_BYTES || stored.length > MAX_STORED_BYTES || stored[0] !== VERSION) return undefined;
      const instant = stored.subarray(1, 1 + INSTANT_BYTES);
      const tag = stored.subarray(1 + INSTANT_BYTES, HEADER_BYTES);
      // A copy: nobody who holds the store's buffer can change it once it was believed.
      const bytes = stored.slice(HEADER_BYTES);
      if (!await (await sealKey()).fits(tag, sealedBytes(context, instant, bytes))) return undefined;
      const lifetimeSeconds = (readInstant(instant) - at.getTime()) / 1_000;
      // One that ends too late was sealed by a clock that is ahead of ours.
      if (!(lifetimeSeconds > 0) || lifetimeSeconds > MAX_SEALED_LIFETIME_SECONDS) return undefined;
      return { bytes, lifetimeSeconds };
    },
  };
}

function derive(parent: MacKey, label: string): () => Promise<MacKey> {
  let derived: Promise<MacKey> | undefined;
  return () => derived ??= parent.tag(encodeUtf8(`\u0001${label}\u0000`)).then((key) => createMacKey(key));
}

/** What the tag is made over: the length in front keeps the context from running into what follows. */
function sealedBytes(context: Uint8Array, instant: Uint8Array, bytes: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, context.length);
  return concatBytes(length, context, instant, bytes);
}

function writeInstant(instant: Date): Uint8Array {
  const bytes = new Uint8Array(INSTANT_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.floor(instant.getTime())));
  return bytes;
}

function readInstant(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getBigUint64(0));
}
