/**
 * Signature envelopes for tests, signed here, so that each can break one rule. Own CBOR writing: not the code under
 * test.
 */
import { constants, type KeyObject, sign } from "node:crypto";
import { fixtureKey, type Key, LEAF, makeCertificate, subject } from "./certificate_maker.ts";

export interface Signer {
  readonly key: Key;
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly jws: string;
  readonly cose: number;
}

export const ARTIFACT = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: `sha256:${"ab".repeat(32)}`,
  size: 562,
} as const;
export const PAYLOAD = JSON.stringify({ targetArtifact: ARTIFACT });
export const CONTENT_TYPE = "application/vnd.cncf.notary.payload.v1+json";
export const SCHEME = "io.cncf.notary.signingScheme";
export const SIGNING_TIME = "io.cncf.notary.signingTime";
export const AUTHENTIC_TIME = "io.cncf.notary.authenticSigningTime";
export const EXPIRY = "io.cncf.notary.expiry";

const HASHES: Readonly<Record<string, readonly [string, number]>> = {
  "256": ["sha256", 32],
  "384": ["sha384", 48],
  "512": ["sha512", 64],
};

export interface SignOptions {
  readonly saltLength?: number;
  /** ECDSA as DER, which envelopes do not use. */
  readonly derSignature?: boolean;
}

function signBytes(data: Uint8Array, key: KeyObject, alg: string, options: SignOptions = {}): Uint8Array {
  const [hash = "sha256", length = 32] = HASHES[alg.slice(2)] ?? [];
  if (alg.startsWith("PS")) {
    const saltLength = options.saltLength ?? length;
    return sign(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
  }
  return sign(hash, data, { key, dsaEncoding: options.derSignature === true ? "der" : "ieee-p1363" });
}

export const base64url = (bytes: Uint8Array | string) => Buffer.from(bytes as Uint8Array).toString("base64url");
const utf8 = (text: string) => new TextEncoder().encode(text);

export type Headers = Record<string, unknown>;

export interface JwsChanges extends SignOptions {
  /** Changes the protected header before it is signed. */
  readonly protected?: (header: Headers) => void;
  /** The protected header as text, in place of the JSON of the object. */
  readonly protectedText?: (text: string) => string;
  readonly unprotected?: (header: Headers) => void;
  readonly payload?: string;
  /** Changes the base64url of the payload before it is signed. */
  readonly payloadPart?: (text: string) => string;
  /** Changes the members after signing. */
  readonly members?: (envelope: Headers) => void;
  /** Changes the text of the whole. */
  readonly text?: (text: string) => string;
  /** Changes the bytes of the whole. */
  readonly bytes?: (bytes: Uint8Array) => Uint8Array;
}

export function makeJws(signer: Signer, changes: JwsChanges = {}): Uint8Array {
  const header: Headers = {
    alg: signer.jws,
    crit: [SCHEME],
    cty: CONTENT_TYPE,
    [SCHEME]: "notary.x509",
    [SIGNING_TIME]: "2026-01-01T00:00:00Z",
  };
  changes.protected?.(header);
  const headerText = JSON.stringify(header);
  const protectedPart = base64url(changes.protectedText?.(headerText) ?? headerText);
  const encoded = base64url(changes.payload ?? PAYLOAD);
  const payload = changes.payloadPart?.(encoded) ?? encoded;
  const unprotected: Headers = {
    x5c: signer.chain.map((certificate) => Buffer.from(certificate).toString("base64")),
    "io.cncf.notary.signingAgent": "test/1.0",
  };
  changes.unprotected?.(unprotected);
  const signature = signBytes(utf8(`${protectedPart}.${payload}`), signer.key.privateKey, signer.jws, changes);
  const envelope: Headers = { payload, protected: protectedPart, header: unprotected, signature: base64url(signature) };
  changes.members?.(envelope);
  const text = JSON.stringify(envelope);
  const bytes = utf8(changes.text?.(text) ?? text);
  return changes.bytes?.(bytes) ?? bytes;
}

// CBOR, as much as is needed to write what a decoder must refuse too.
const head = (major: number, argument: number): Uint8Array => {
  const initial = major << 5;
  if (argument < 24) return Uint8Array.of(initial | argument);
  if (argument < 0x100) return Uint8Array.of(initial | 24, argument);
  if (argument < 0x10000) return Uint8Array.of(initial | 25, argument >> 8, argument & 0xff);
  const wide = Buffer.alloc(5);
  wide[0] = initial | 26;
  wide.writeUInt32BE(argument, 1);
  return new Uint8Array(wide);
};
const join = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
export const cborInt = (value: number) => value < 0 ? head(1, -1 - value) : head(0, value);
export const cborText = (value: string) => join(head(3, utf8(value).length), utf8(value));
export const cborBytes = (value: Uint8Array) => join(head(2, value.length), value);
export const cborArray = (...items: readonly Uint8Array[]) => join(head(4, items.length), ...items);
export const cborTag = (tag: number, item: Uint8Array) => join(head(6, tag), item);
export const cborFloat = (value: number) => {
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xfb;
  bytes.writeDoubleBE(value, 1);
  return new Uint8Array(bytes);
};
export type Entries = [Uint8Array, Uint8Array][];
export const cborMap = (entries: Entries) => join(head(5, entries.length), ...entries.flat());
const epoch = (iso: string) => cborTag(1, cborInt(Date.parse(iso) / 1000));
export const label = (key: string | number) => typeof key === "number" ? cborInt(key) : cborText(key);

/** Sets, replaces or (with `undefined`) takes away a header. */
export function setHeader(entries: Entries, key: string | number, value: Uint8Array | undefined): void {
  const encoded = Buffer.from(label(key));
  const index = entries.findIndex(([known]) => encoded.equals(known));
  if (index >= 0) entries.splice(index, 1);
  if (value !== undefined) entries.push([label(key), value]);
}

export interface CoseChanges extends SignOptions {
  readonly protected?: (entries: Entries) => void;
  readonly unprotected?: (entries: Entries) => void;
  readonly payload?: string;
  /** Changes the four parts after signing. */
  readonly parts?: (parts: Uint8Array[]) => void;
  /** Changes the bytes of the whole. */
  readonly bytes?: (bytes: Uint8Array) => Uint8Array;
}

export function makeCose(signer: Signer, changes: CoseChanges = {}): Uint8Array {
  const headers: Entries = [];
  setHeader(headers, 1, cborInt(signer.cose));
  setHeader(headers, 2, cborArray(cborText(SCHEME)));
  setHeader(headers, 3, cborText(CONTENT_TYPE));
  setHeader(headers, SIGNING_TIME, epoch("2026-01-01T00:00:00Z"));
  setHeader(headers, SCHEME, cborText("notary.x509"));
  changes.protected?.(headers);
  const protectedBytes = cborMap(headers);
  const payload = utf8(changes.payload ?? PAYLOAD);
  const unprotected: Entries = [];
  setHeader(unprotected, 33, cborArray(...signer.chain.map(cborBytes)));
  setHeader(unprotected, "io.cncf.notary.signingAgent", cborText("test/1.0"));
  changes.unprotected?.(unprotected);
  const signed = cborArray(
    cborText("Signature1"),
    cborBytes(protectedBytes),
    cborBytes(new Uint8Array(0)),
    cborBytes(payload),
  );
  const signature = signBytes(signed, signer.key.privateKey, signer.jws, changes);
  const parts = [cborBytes(protectedBytes), cborMap(unprotected), cborBytes(payload), cborBytes(signature)];
  changes.parts?.(parts);
  const bytes = cborTag(18, cborArray(...parts));
  return changes.bytes?.(bytes) ?? bytes;
}

export const coseTime = epoch;

/** A self-signed signer with a fixture's key. */
export function selfSigned(fixture: string, jws: string, cose: number): Signer {
  const key = fixtureKey(fixture);
  return { key, chain: [makeCertificate({ subject: subject(fixture), key, extensions: LEAF })], jws, cose };
}
