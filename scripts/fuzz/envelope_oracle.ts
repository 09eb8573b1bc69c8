/**
 * Whether an envelope that was verified may be: a second reading of it by the rules, without the engine, and its
 * signature by `node:crypto` (Notary Project, signature-specification.md and its two formats).
 */
import { constants, type KeyObject, verify, X509Certificate } from "node:crypto";
import { type CborTree, readCborTree } from "./cbor_tree.ts";
import { coseSigned, type EnvelopeSeed, type EnvelopeTree, TIMESTAMP } from "./corpus_envelopes.ts";
import { member, textOf } from "./json_tree.ts";

/** What an envelope says, in one form for both formats. */
interface Reading {
  readonly algorithm: unknown;
  readonly headers: ReadonlyMap<string, unknown>;
  readonly critical: readonly unknown[];
  readonly contentType: unknown;
  readonly payload: Uint8Array;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  readonly chain: readonly Uint8Array[];
  readonly timestamp?: Uint8Array;
}

const SYSTEM = "io.cncf.notary.";
const MAY_BE_CRITICAL = ["signingScheme", "expiry", "authenticSigningTime"].map((name) => SYSTEM + name);
/** COSE lets every label be named critical that its reader knows (RFC 9052, section 3.1). */
const MAY_BE_CRITICAL_IN_COSE = [...MAY_BE_CRITICAL, `${SYSTEM}signingTime`, "1", "2", "3", "33"];
const PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json";

/** The algorithms an envelope may name, by the kind of key. */
const ALGORITHMS: Readonly<Record<string, readonly [names: readonly unknown[], hash: string]>> = {
  "rsa 2048": [["PS256", -37n], "sha256"],
  "rsa 3072": [["PS384", -38n], "sha384"],
  "rsa 4096": [["PS512", -39n], "sha512"],
  "ec prime256v1": [["ES256", -7n], "sha256"],
  "ec secp384r1": [["ES384", -35n], "sha384"],
  "ec secp521r1": [["ES512", -36n], "sha512"],
};

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");

/** Why a verified envelope should not have been. */
export function envelopeFault(bytes: Uint8Array, seed: EnvelopeSeed, isResigned: boolean): string | undefined {
  const reading = read(bytes, seed);
  if (reading === undefined) return "verified, although it cannot be read";
  if (!isResigned && hex(signedOf(seed.envelope)) !== hex(reading.signed)) {
    return "verified, although what was signed was changed and not signed again";
  }
  return signatureFault(reading, seed) ?? headerFault(reading, seed) ?? payloadFault(reading.payload, seed);
}

/** The timestamp of an envelope that was verified, and what it is about. */
export function timestampOf(
  bytes: Uint8Array,
  seed: EnvelopeSeed,
): Partial<Pick<Reading, "timestamp">> & Pick<Reading, "signature"> {
  return read(bytes, seed) ?? { signature: new Uint8Array(0) };
}

const read = (bytes: Uint8Array, { envelope }: EnvelopeSeed): Reading | undefined =>
  envelope.mediaType === "application/cose" ? readCose(bytes) : readJws(bytes);

function signedOf({ mediaType, tree }: EnvelopeTree): Uint8Array | undefined {
  if (mediaType === "application/cose") return coseSigned(tree);
  const [header, payload] = ["protected", "payload"].map((name) => textOf(member(tree, name)));
  return new TextEncoder().encode(`${header}.${payload}`);
}

function signatureFault({ algorithm, signed, signature, chain }: Reading, seed: EnvelopeSeed): string | undefined {
  if (chain.map(hex).join() !== seed.chain.map(hex).join()) return "verified, although its chain is not the signer's";
  const key = keyOf(seed);
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  const [names = [], hash = ""] = ALGORITHMS[`${key.asymmetricKeyType} ${modulusLength ?? namedCurve}`] ?? [];
  if (!names.includes(algorithm)) return `verified, although "${String(algorithm)}" is not the algorithm of its key`;
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const options = key.asymmetricKeyType === "rsa" ? pss : { dsaEncoding: "ieee-p1363" as const };
  return verify(hash, signed, { key, ...options }, signature)
    ? undefined
    : "verified, although node:crypto says that the signature does not fit";
}

const keys = new Map<EnvelopeSeed, KeyObject>();

function keyOf(seed: EnvelopeSeed): KeyObject {
  const key = keys.get(seed) ?? new X509Certificate(seed.chain[0] as Uint8Array).publicKey;
  keys.set(seed, key);
  return key;
}

function headerFault({ headers, critical, contentType, timestamp }: Reading, seed: EnvelopeSeed): string | undefined {
  if (contentType !== PAYLOAD_TYPE) return "verified, although its payload is of another type";
  if (headers.get(`${SYSTEM}signingScheme`) !== seed.scheme) return "verified, although its signing scheme is another";
  const known = seed.envelope.mediaType === "application/cose" ? MAY_BE_CRITICAL_IN_COSE : MAY_BE_CRITICAL;
  const unknown = critical.find((name) => !known.includes(String(name)));
  if (unknown !== undefined) {
    return `verified, although nobody knows its critical header ${JSON.stringify(String(unknown))}`;
  }
  for (const name of MAY_BE_CRITICAL) {
    if (headers.has(name) && !critical.includes(name)) return `verified, although "${name}" is not marked critical`;
  }
  if (headers.has(`${SYSTEM}verificationPlugin`)) return "verified, although it asks for a plugin";
  const expiry = headers.get(`${SYSTEM}expiry`);
  if (expiry !== undefined && !(instantOf(expiry) > seed.at.getTime())) return "verified, although it has expired";
  const byAuthority = seed.scheme !== "notary.x509";
  const time = headers.get(`${SYSTEM}${byAuthority ? "authenticSigningTime" : "signingTime"}`);
  if (time === undefined || Number.isNaN(instantOf(time))) return "verified, although it says no signing time";
  if (headers.has(`${SYSTEM}${byAuthority ? "signingTime" : "authenticSigningTime"}`)) {
    return "verified, although it has the signing time of the other scheme";
  }
  if (seed.isTimestamped && timestamp === undefined) return "verified, although only a timestamp could save it";
  return undefined;
}

function instantOf(time: unknown): number {
  return typeof time === "number" ? time * 1000 : Date.parse(String(time));
}

function payloadFault(payload: Uint8Array, { artifact }: EnvelopeSeed): string | undefined {
  const { targetArtifact } = JSON.parse(new TextDecoder().decode(payload));
  const same = (["mediaType", "digest", "size"] as const).every((name) => targetArtifact?.[name] === artifact[name]);
  return same ? undefined : "verified, although it is about another artifact";
}

const base64 = (text: unknown) => new Uint8Array(Buffer.from(String(text), "base64"));

function readJws(bytes: Uint8Array): Reading | undefined {
  const { protected: header, payload, signature, header: unprotected } = JSON.parse(new TextDecoder().decode(bytes));
  const headers = new Map<string, unknown>(Object.entries(JSON.parse(new TextDecoder().decode(base64(header)))));
  const timestamp = unprotected[TIMESTAMP];
  return {
    algorithm: headers.get("alg"),
    headers,
    critical: headers.get("crit") as readonly unknown[],
    contentType: headers.get("cty"),
    payload: base64(payload),
    signed: new TextEncoder().encode(`${header}.${payload}`),
    signature: base64(signature),
    chain: unprotected.x5c.map(base64),
    ...(timestamp === undefined ? {} : { timestamp: base64(timestamp) }),
  };
}

function readCose(bytes: Uint8Array): Reading | undefined {
  const tree = readCborTree(bytes);
  const [header, unprotected, payload, signature] = tree?.children?.[0]?.children ?? [];
  const signed = coseSigned(tree);
  const headers = header?.content === undefined ? undefined : mapOf(readCborTree(header.content));
  if (headers === undefined || signed === undefined || payload?.content === undefined) return undefined;
  const others = mapOf(unprotected);
  const timestamp = others.get(TIMESTAMP);
  const chain = headers.get("33") ?? others.get("33");
  return {
    algorithm: headers.get("1"),
    headers,
    critical: headers.get("2") as readonly unknown[],
    contentType: headers.get("3"),
    payload: payload.content,
    signed,
    signature: signature?.content ?? new Uint8Array(0),
    chain: chain as readonly Uint8Array[],
    ...(timestamp === undefined ? {} : { timestamp: timestamp as Uint8Array }),
  };
}

function mapOf(tree: CborTree | undefined): ReadonlyMap<string, unknown> {
  const items = tree?.children ?? [];
  const pairs = Array.from(
    { length: items.length >> 1 },
    (_, index) => [items[2 * index], items[2 * index + 1]] as const,
  );
  return new Map(pairs.map(([key, value]) => [String(key === undefined ? "" : plain(key)), value && plain(value)]));
}

/** Text, bytes, integers, lists; a time (tag 1) as its seconds. */
function plain(item: CborTree): unknown {
  if (item.major === 3) return new TextDecoder().decode(item.content);
  if (item.major === 2) return item.content;
  if (item.major === 6 && item.number === 1n) return secondsOf(item.children?.[0]);
  return item.children?.map(plain) ?? item.number;
}

function secondsOf(item: CborTree | undefined): number {
  if (item?.number !== undefined) return Number(item.number);
  const [first = 0, ...rest] = item?.bytes ?? [];
  const view = new DataView(Uint8Array.from(rest).buffer);
  if (first === 0xfb) return view.getFloat64(0);
  return first === 0xfa ? view.getFloat32(0) : NaN;
}
