/**
 * What is done to envelopes: their headers, payload, certificates, timestamp and signature, each in its own encoding.
 */
import { cborList, cborNumber, cborString, cborText, type CborTree, mutateCbor, readCborTree } from "./cbor_tree.ts";
import { DONORS, TOKENS } from "./corpus.ts";
import { ALL_CERTIFICATES } from "./corpus_certificates.ts";
import { type EnvelopeTree, TIMESTAMP, withTimestamp } from "./corpus_envelopes.ts";
import { changedBytes, mutateDerBytes } from "./der_mutations.ts";
import { readTree } from "./der_tree.ts";
import { type JsonTree, member, mutateJson, textOf, treeOfJson, withMember, writeJson, written } from "./json_tree.ts";
import { changeToken } from "./kind_token.ts";
import type { Random } from "./random.ts";

const PARTS = [
  [28, "protected"],
  [20, "payload"],
  [16, "chain"],
  [14, "timestamp"],
  [8, "signature"],
  [14, "document"],
] as const;

/** Changes one thing in an envelope. */
export function changeEnvelope(envelope: EnvelopeTree, random: Random, isTimestamped: boolean): EnvelopeTree {
  const chosen = random.weighted(PARTS);
  // A timestamp is put into few of the envelopes that have none: reading one takes longer than all the rest.
  const part = chosen === "timestamp" && !isTimestamped && random.chance(0.8) ? "protected" : chosen;
  return envelope.mediaType === "application/cose"
    ? { ...envelope, tree: changeCose(envelope.tree, part, random) }
    : { ...envelope, tree: changeJws(envelope.tree, part, random) };
}

type Part = (typeof PARTS)[number][1];

/** Signed headers given a meaning of their own: by name, with the values that may make a difference. */
const HEADERS: readonly (readonly [name: string, values: readonly (string | number)[]])[] = [
  ["io.cncf.notary.verificationPlugin", ["plugin", "", 7]],
  ["io.cncf.notary.verificationPluginMinVersion", ["1.0.0", ""]],
  ["io.cncf.notary.expiry", ["2025-12-31T23:59:59Z", "2026-07-01T00:00:00Z", "2099-01-01T00:00:00Z", ""]],
  ["io.cncf.notary.signingTime", ["2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z", ""]],
  ["io.cncf.notary.authenticSigningTime", ["2026-01-01T00:00:00Z", "2010-01-01T00:00:00Z", ""]],
  ["io.cncf.notary.signingScheme", ["notary.x509", "notary.x509.signingAuthority", ""]],
  ["org.example.unknown", ["value", 1]],
];

interface NewHeader {
  readonly name: string;
  readonly value: string | number;
  readonly isCritical: boolean;
}

function newHeader(random: Random): NewHeader {
  const [name, values] = random.pick(HEADERS);
  return { name, value: random.pick(values), isCritical: random.chance(0.6) };
}

/** A header set, and named critical or not. */
function withJsonHeader(header: JsonTree, { name, value, isCritical }: NewHeader): JsonTree {
  const set = withMember(header, name, written(value));
  const critical = member(set, "crit");
  if (!isCritical || critical?.kind !== "array") return set;
  const items = critical.items.some((item) => textOf(item) === name)
    ? critical.items
    : [...critical.items, written(name)];
  return withMember(set, "crit", { kind: "array", items });
}

function withCborHeader(headers: CborTree, { name, value, isCritical }: NewHeader): CborTree {
  const key = cborText(name);
  const same = (item: CborTree | undefined, other: CborTree) =>
    item !== undefined && Buffer.compare(item.bytes, other.bytes) === 0;
  const seconds = typeof value === "string" ? Date.parse(value) / 1000 : value;
  const item = typeof value === "string" && Number.isNaN(seconds)
    ? cborText(value)
    : cborList(6, [cborNumber(BigInt(seconds))], 1n);
  const pairs: CborTree[][] = [];
  for (let index = 0; index < (headers.children?.length ?? 0); index += 2) {
    const [label, found] = headers.children?.slice(index, index + 2) ?? [];
    if (label === undefined || found === undefined || same(label, key)) continue;
    const isList = isCritical && label.number === 2n && found.major === 4;
    const names = found.children ?? [];
    pairs.push([label, isList && !names.some((one) => same(one, key)) ? cborList(4, [...names, key]) : found]);
  }
  return cborList(5, [...pairs, [key, item]].flat());
}

/**
 * The JSON inside base64url, changed; anything else as bytes.
 *
 * @param header Set in place of any other change.
 */
function changeJsonBytes(bytes: Uint8Array, random: Random, header?: NewHeader): Uint8Array {
  try {
    const tree = treeOfJson(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
    if (header !== undefined) return new TextEncoder().encode(writeJson(withJsonHeader(tree, header)));
    if (random.chance(0.9)) return new TextEncoder().encode(writeJson(mutateJson(tree, random)));
  } catch {
    // An earlier change left no JSON.
  }
  return changedBytes(bytes, random);
}

/** Another order, number or content of certificates. */
function changeChain(chain: readonly Uint8Array[], random: Random): readonly Uint8Array[] {
  const place = random.below(chain.length);
  const found = chain[place];
  if (found === undefined || random.chance(0.1)) return [...chain, random.pick(ALL_CERTIFICATES).der];
  if (random.chance(0.6)) return chain.with(place, mutateDerBytes(found, random, DONORS));
  return random.pick([
    () => chain.toSpliced(place, 1),
    () => chain.toSpliced(place, 0, found),
    () => chain.toReversed(),
    () => chain.with(place, random.pick(ALL_CERTIFICATES).der),
    () => chain.with(place, changedBytes(found, random)),
  ])();
}

function changeTimestamp(bytes: Uint8Array | undefined, random: Random): Uint8Array {
  const tree = bytes === undefined ? undefined : readTree(bytes);
  if (tree === undefined || random.chance(0.1)) return random.pick(TOKENS).bytes;
  return random.chance(0.1) ? changedBytes(tree.bytes, random) : changeToken(tree, random).bytes;
}

function changeJws(tree: JsonTree, part: Part, random: Random): JsonTree {
  const header = member(tree, "header");
  const text = part === "protected" || part === "payload" || part === "signature"
    ? textOf(member(tree, part))
    : undefined;
  if (text !== undefined) {
    const bytes = new Uint8Array(Buffer.from(text, "base64url"));
    const changed = part === "signature"
      ? changedBytes(bytes, random)
      : changeJsonBytes(bytes, random, part === "protected" && random.chance(0.4) ? newHeader(random) : undefined);
    const encoded = Buffer.from(changed).toString("base64url");
    return withMember(tree, part, written(random.chance(0.03) ? `${encoded}=` : encoded));
  }
  if (part === "chain") {
    const x5c = member(header, "x5c");
    const chain = x5c?.kind === "array" ? x5c.items.map((item) => Buffer.from(textOf(item) ?? "", "base64")) : [];
    const changed = changeChain(chain.map((bytes) => new Uint8Array(bytes)), random);
    const list = treeOfJson(changed.map((der) => Buffer.from(der).toString("base64")));
    return header === undefined ? tree : withMember(tree, "header", withMember(header, "x5c", list));
  }
  if (part === "timestamp") {
    const known = textOf(member(header, TIMESTAMP));
    const bytes = known === undefined ? undefined : new Uint8Array(Buffer.from(known, "base64"));
    const envelope: EnvelopeTree = { mediaType: "application/jose+json", tree };
    return withTimestamp(envelope, changeTimestamp(bytes, random)).tree as JsonTree;
  }
  return mutateJson(tree, random);
}

function changeCose(tree: CborTree, part: Part, random: Random): CborTree {
  const parts = tree.children?.[0]?.children ?? [];
  const put = (place: number, item: CborTree) => cborList(6, [cborList(4, parts.with(place, item))], tree.number);
  const place = { protected: 0, payload: 2, signature: 3 }[part as string];
  const content = place === undefined ? undefined : parts[place]?.content;
  if (place !== undefined && content !== undefined) {
    if (part === "signature") return put(place, cborString(2, changedBytes(content, random)));
    if (part === "payload") return put(place, cborString(2, changeJsonBytes(content, random)));
    const headers = readCborTree(content);
    if (headers === undefined) return put(place, cborString(2, changedBytes(content, random)));
    const changed = random.chance(0.4) ? withCborHeader(headers, newHeader(random)) : mutateCbor(headers, random);
    return put(place, cborString(2, changed.bytes));
  }
  const unprotected = parts[1]?.children;
  if (unprotected === undefined || part === "document") return mutateCbor(tree, random);
  const valueOf = (is: (key: CborTree) => boolean) => unprotected.findIndex(is) + 1;
  if (part === "chain") {
    const at = valueOf(({ number }) => number === 33n);
    const chain = (unprotected[at]?.children ?? []).flatMap((item) => item.content ?? []);
    const changed = cborList(4, changeChain(chain, random).map((der) => cborString(2, der)));
    // An earlier change may have left the name without its value.
    if (at === 0 || at >= unprotected.length) return mutateCbor(tree, random);
    return put(1, cborList(5, unprotected.with(at, changed)));
  }
  const at = valueOf((key) => key.content !== undefined && new TextDecoder().decode(key.content) === TIMESTAMP);
  const known = at === 0 ? undefined : unprotected[at]?.content;
  const envelope: EnvelopeTree = { mediaType: "application/cose", tree };
  return withTimestamp(envelope, changeTimestamp(known, random)).tree as CborTree;
}
