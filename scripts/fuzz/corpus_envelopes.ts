/**
 * Envelopes that mutants are made of: both formats, both schemes, with and without a timestamp. The same bytes in every
 * run.
 */
import { readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import {
  ARTIFACT,
  AUTHENTIC_TIME,
  cborArray,
  cborInt,
  cborTag,
  cborText,
  EXPIRY,
  makeCose,
  makeJws,
  PAYLOAD,
  SCHEME,
  setHeader,
  SIGNING_TIME,
} from "../../test/run/envelope_maker.ts";
import type { Descriptor } from "../../src/oci/mod.ts";
import { ROOT } from "../build/bundles.ts";
import { cborList, cborString, cborText as textItem, type CborTree, readCborTree } from "./cbor_tree.ts";
import { token } from "./corpus.ts";
import {
  intermediate,
  LATER,
  type MadeCertificate,
  NOW,
  root,
  selfSigned,
  signer,
  timestampedSigner,
} from "./corpus_certificates.ts";
import type { DerTree } from "./der_tree.ts";
import { type JsonTree, member, textOf, treeOfJson, withMember, written } from "./json_tree.ts";
import { type NamedKey, type Sign, signAlike } from "./keys.ts";

/** An envelope as a tree. */
export type EnvelopeTree =
  | { readonly mediaType: "application/jose+json"; readonly tree: JsonTree }
  | { readonly mediaType: "application/cose"; readonly tree: CborTree };

/** An envelope that verifies, and what for. */
export interface EnvelopeSeed {
  readonly name: string;
  readonly envelope: EnvelopeTree;
  /** Signs it again; fixtures are never signed again. */
  readonly key?: NamedKey;
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly artifact: Descriptor;
  readonly scheme: "notary.x509" | "notary.x509.signingAuthority";
  /** Whether only its timestamp saves it, and that. */
  readonly isTimestamped: boolean;
  readonly token?: DerTree;
  readonly at: Date;
}

export const TIMESTAMP = "io.cncf.notary.timestampSignature";
const utf8 = (text: string) => new TextEncoder().encode(text);

/** Signs a JWS again, as it is now. */
export function resignJws(tree: JsonTree, key: NamedKey, sign: Sign): JsonTree | undefined {
  const [header, payload] = [textOf(member(tree, "protected")), textOf(member(tree, "payload"))];
  if (header === undefined || payload === undefined) return undefined;
  const signature = sign(key, utf8(`${header}.${payload}`), "compact");
  return withMember(tree, "signature", written(Buffer.from(signature).toString("base64url")));
}

/** What a COSE signature is over; `undefined` for what has no such parts. */
export function coseSigned(tree: CborTree | undefined): Uint8Array | undefined {
  const [header, , payload] = tree?.children?.[0]?.children ?? [];
  if (header?.content === undefined || payload?.content === undefined) return undefined;
  const parts = [
    textItem("Signature1"),
    cborString(2, header.content),
    cborString(2, utf8("")),
    cborString(2, payload.content),
  ];
  return cborList(4, parts).bytes;
}

/** Signs a COSE_Sign1 again, as it is now. */
export function resignCose(tree: CborTree, key: NamedKey, sign: Sign): CborTree | undefined {
  const signed = coseSigned(tree);
  const parts = tree.children?.[0]?.children ?? [];
  if (signed === undefined || parts.length !== 4) return undefined;
  const signature = cborString(2, sign(key, signed, "compact"));
  return cborList(6, [cborList(4, parts.with(3, signature))], tree.number);
}

/** An envelope with another timestamp, or its first. */
export function withTimestamp(envelope: EnvelopeTree, timestamp: Uint8Array): EnvelopeTree {
  if (envelope.mediaType === "application/jose+json") {
    const header = member(envelope.tree, "header") ?? treeOfJson({});
    const text = Buffer.from(timestamp).toString("base64");
    return { ...envelope, tree: withMember(envelope.tree, "header", withMember(header, TIMESTAMP, written(text))) };
  }
  const parts = envelope.tree.children?.[0]?.children ?? [];
  const entries = parts[1]?.children ?? [];
  const known = entries.findIndex(({ content }) =>
    content !== undefined && Buffer.from(content).toString() === TIMESTAMP
  );
  const pair = [textItem(TIMESTAMP), cborString(2, timestamp)];
  const changed = known < 0 ? [...entries, ...pair] : entries.toSpliced(known, 2, ...pair);
  const list = cborList(4, parts.with(1, cborList(5, changed)));
  return { ...envelope, tree: cborList(6, [list], envelope.tree.number) };
}

/** The signature bytes of an envelope, as far as it has any. */
export function signatureOf(envelope: EnvelopeTree): Uint8Array {
  return envelope.mediaType === "application/cose"
    ? envelope.tree.children?.[0]?.children?.[3]?.content ?? new Uint8Array(0)
    : Buffer.from(textOf(member(envelope.tree, "signature")) ?? "", "base64url");
}

interface Form {
  readonly scheme?: EnvelopeSeed["scheme"];
  readonly expiry?: string;
  readonly extended?: boolean;
  readonly isTimestamped?: boolean;
}

const HOURS = (iso: string) => cborTag(1, cborInt(Date.parse(iso) / 1000));
const AUTHORITY_TIME = "2026-01-01T00:00:00Z";

function seeds(name: string, by: MadeCertificate, chain: readonly MadeCertificate[], form: Form = {}): EnvelopeSeed[] {
  const { scheme = "notary.x509", expiry, extended = false, isTimestamped = false } = form;
  const byAuthority = scheme === "notary.x509.signingAuthority";
  const critical = [SCHEME, ...(expiry === undefined ? [] : [EXPIRY]), ...(byAuthority ? [AUTHENTIC_TIME] : [])];
  const ders = chain.map(({ der }) => der);
  const maker = { key: by.key, chain: ders, jws: "ES256", cose: -7 };
  const payload = extended
    ? JSON.stringify({ targetArtifact: { ...ARTIFACT, annotations: { build: "7", "a b": "ü" } } })
    : PAYLOAD;
  const jws = treeOfJson(JSON.parse(new TextDecoder().decode(makeJws(maker, {
    payload,
    protected(header) {
      header["crit"] = critical;
      header[SCHEME] = scheme;
      if (byAuthority) delete header[SIGNING_TIME];
      if (byAuthority) header[AUTHENTIC_TIME] = AUTHORITY_TIME;
      if (expiry !== undefined) header[EXPIRY] = expiry;
      if (extended) header["org.example.extended"] = { a: [1, "b"] };
    },
  }))));
  const cose = readCborTree(makeCose(maker, {
    payload,
    protected(entries) {
      setHeader(entries, 2, cborArray(...critical.map(cborText)));
      setHeader(entries, SCHEME, cborText(scheme));
      if (byAuthority) setHeader(entries, SIGNING_TIME, undefined);
      if (byAuthority) setHeader(entries, AUTHENTIC_TIME, HOURS(AUTHORITY_TIME));
      if (expiry !== undefined) setHeader(entries, EXPIRY, HOURS(expiry));
      if (extended) setHeader(entries, "org.example.extended", cborArray(cborInt(1), cborText("b")));
    },
  })) as CborTree;
  const envelopes: readonly EnvelopeTree[] = [
    { mediaType: "application/jose+json", tree: resignJws(jws, by.key, signAlike) as JsonTree },
    { mediaType: "application/cose", tree: resignCose(cose, by.key, signAlike) as CborTree },
  ];
  return envelopes.map((envelope) => [envelope, isTimestamped ? token(signatureOf(envelope)) : undefined] as const).map(
    (
      [envelope, timestamp],
    ) => ({
      name: `${envelope.mediaType === "application/cose" ? "COSE" : "JWS"}, ${name}`,
      envelope: timestamp === undefined ? envelope : withTimestamp(envelope, timestamp.bytes),
      ...(timestamp === undefined ? {} : { token: timestamp }),
      key: by.key,
      chain: ders,
      artifact: ARTIFACT,
      scheme,
      isTimestamped,
      at: isTimestamped ? LATER : NOW,
    }),
  );
}

/** Signed by notation with keys of the fixtures: RSA and P-384. */
function fixture(name: string, certificate: string): EnvelopeSeed {
  const isCose = name.endsWith(".cose");
  const bytes = new Uint8Array(readFileSync(joinPath(ROOT, "test/fixtures/envelopes", name)));
  const listed: readonly { readonly file: string; readonly artifact: EnvelopeSeed["artifact"] }[] = JSON.parse(
    readFileSync(joinPath(ROOT, "test/fixtures/envelopes.json"), "utf8"),
  );
  const artifact = listed.find(({ file }) => file === `envelopes/${name}`)?.artifact;
  if (artifact === undefined) throw new Error(`Cannot make the corpus: "${name}" is not among the fixtures`);
  const pem = readFileSync(joinPath(ROOT, "test/fixtures/keys", certificate), "utf8");
  const chain = (pem.match(/-----BEGIN CERTIFICATE-----[^-]+/g) ?? []).map((block) =>
    new Uint8Array(Buffer.from(block.slice("-----BEGIN CERTIFICATE-----".length), "base64"))
  );
  const envelope: EnvelopeTree = isCose
    ? { mediaType: "application/cose", tree: readCborTree(bytes) as CborTree }
    : { mediaType: "application/jose+json", tree: treeOfJson(JSON.parse(new TextDecoder().decode(bytes))) };
  return { name, envelope, chain, artifact, scheme: "notary.x509", isTimestamped: false, at: NOW };
}

const CHAIN = [signer, intermediate, root];

export const ENVELOPES: readonly EnvelopeSeed[] = [
  ...seeds("self-signed", selfSigned, [selfSigned]),
  ...seeds("chain, expiry, metadata, extended", signer, CHAIN, { expiry: "2027-01-01T00:00:00Z", extended: true }),
  ...seeds("signing authority", signer, CHAIN, { scheme: "notary.x509.signingAuthority" }),
  ...seeds("timestamped", timestampedSigner, [timestampedSigner, intermediate, root], { isTimestamped: true }),
  fixture("jws-rsa-2048-self.jws", "rsa-2048-self.crt.pem"),
  fixture("cose-rsa-2048-chain.cose", "rsa-2048-chain.chain.pem"),
  fixture("cose-p-384-chain.cose", "p-384-chain.chain.pem"),
];
