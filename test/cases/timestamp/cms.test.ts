import { fromBER, type Integer, OctetString, type Sequence } from "asn1js";
import { readdirSync, readFileSync } from "node:fs";
import * as pkijs from "pkijs";
import { describe, expect, it } from "vitest";
import { encodeHex } from "../../../src/encoding/mod.ts";
import { readSignedData } from "../../../src/timestamp/cms.ts";
import { readTimestampResponse, readTimestampToken } from "../../../src/timestamp/mod.ts";
import { makeAuthority, makeToken } from "../../run/timestamp_maker.ts";
import { MESSAGE, TOKEN_ROWS } from "./rows.ts";

const hex = (bytes: ArrayBuffer | Uint8Array) => encodeHex(new Uint8Array(bytes));

/** What pkijs reads in a token, in the same words: the reader this engine had before its own. */
function readByLibrary(token: Uint8Array) {
  const contentInfo = pkijs.ContentInfo.fromBER(token.slice());
  const signedData = new pkijs.SignedData({ schema: contentInfo.content });
  const { eContentType, eContent } = signedData.encapContentInfo;
  return {
    version: signedData.version,
    contentType: eContentType,
    content: eContent && hex(eContent.getValue()),
    certificates: (signedData.certificates ?? []).map((certificate) => hex(certificate.toSchema().toBER())),
    hasCrls: signedData.crls !== undefined,
    signers: signedData.signerInfos.map((info) => ({
      version: info.version,
      certificate: info.sid instanceof pkijs.IssuerAndSerialNumber
        ? { issuer: hex(info.sid.issuer.valueBeforeDecode), serialNumber: serial(info.sid.serialNumber) }
        : undefined,
      digestAlgorithm: info.digestAlgorithm.algorithmId,
      signatureAlgorithm: hex(info.signatureAlgorithm.toSchema().toBER()),
      signedAttributes: info.signedAttrs && hex(info.signedAttrs.encodedValue),
      signature: hex(info.signature.getValue()),
    })),
  };
}

const serial = (number: Integer) => encodeHex(number.valueBlock.valueHexView);

function readByUs(token: Uint8Array) {
  const { content, certificates, signers, ...rest } = readSignedData(token);
  return {
    ...rest,
    content: content && hex(content),
    certificates: certificates.map(hex),
    signers: signers.map(({ certificate, signatureAlgorithm, signedAttributes, signature, ...signer }) => ({
      ...signer,
      certificate: certificate && { ...certificate, issuer: hex(certificate.issuer) },
      signatureAlgorithm: hex(signatureAlgorithm),
      signedAttributes: signedAttributes && hex(signedAttributes),
      signature: hex(signature),
    })),
  };
}

function isTaken(token: Uint8Array): boolean {
  try {
    readTimestampToken(token);
    return true;
  } catch {
    return false;
  }
}

const folder = new URL("../../fixtures/timestamps/", import.meta.url);
/** Every token of openssl's; the answer that refuses has none. */
const FIXTURES = readdirSync(folder).filter((name) => name.endsWith(".tsr") && name !== "refused.tsr").map((name) => ({
  name,
  token: readTimestampResponse(new Uint8Array(readFileSync(new URL(name, folder)))),
}));

describe("readSignedData() and pkijs", () => {
  it.each(FIXTURES)("read the same in $name", ({ token }) => {
    expect(readByUs(token)).toEqual(readByLibrary(token));
  });

  it("read the same in every token of the table that this engine takes", () => {
    // Certificates are handed on unread: what is none is refused by the reader of certificates.
    const taken = TOKEN_ROWS.filter(({ token }) => isTaken(token));
    for (const { name, token } of taken) expect(readByUs(token), name).toEqual(readByLibrary(token));
    expect(taken.length).toBeGreaterThan(TOKEN_ROWS.length / 2);
  });

  it("take the content in parts, as BER allows", () => {
    const whole = makeToken(MESSAGE, makeAuthority());
    const inParts = contentInParts(whole);
    expect(inParts).not.toEqual(whole);
    expect(readByUs(inParts)).toEqual(readByUs(whole));
    expect(readByUs(inParts).content).toBe(readByLibrary(inParts).content);
  });
});

describe("readSignedData()", () => {
  const good = makeToken(MESSAGE, makeAuthority());

  it.each([
    ["content that is no OCTET STRING", (set: Sequence) => retag(content(set), 12), "expected an OCTET STRING"],
    ["a signature in parts", (set: Sequence) => {
      const [signer] = (signedDataFields(set).at(-1) as Sequence).valueBlock.value as [Sequence];
      const last = signer.valueBlock.value.length - 1;
      const signature = signer.valueBlock.value[last]!;
      signer.valueBlock.value[last] = new OctetString({ isConstructed: true, value: [signature as OctetString] });
    }, "its SignerInfo has the fields"],
    ["a content type that is another", (set: Sequence) => changeOid(set), "expected SignedData"],
  ])("refuses %s", (_, change, says) => {
    const { result } = fromBER(good.slice());
    change(result as Sequence);
    expect(() => readSignedData(new Uint8Array(result.toBER()))).toThrow(says);
  });

  it("refuses a certificate too many before it reads one", () => {
    const { result } = fromBER(good.slice());
    const fields = signedDataFields(result as Sequence);
    const certificates = fields.find(({ idBlock }) => idBlock.tagClass === 3 && idBlock.tagNumber === 0) as Sequence;
    const [first] = certificates.valueBlock.value;
    certificates.valueBlock.value = Array.from({ length: 33 }, () => first!);
    expect(() => readSignedData(new Uint8Array(result.toBER()))).toThrow("33 certificates, expected at most 32");
  });

  it("refuses a signer too many", () => {
    const { result } = fromBER(good.slice());
    const fields = signedDataFields(result as Sequence);
    const signers = fields[fields.length - 1] as Sequence;
    const [first] = signers.valueBlock.value;
    signers.valueBlock.value = Array.from({ length: 9 }, () => first!);
    expect(() => readSignedData(new Uint8Array(result.toBER()))).toThrow("9 signers, expected at most 8");
  });
});

function signedDataFields(contentInfo: Sequence): Sequence["valueBlock"]["value"] {
  const [, wrapped] = contentInfo.valueBlock.value as [unknown, Sequence];
  const [signedData] = wrapped.valueBlock.value as [Sequence];
  return signedData.valueBlock.value;
}

/** The eContent. */
function content(contentInfo: Sequence) {
  const encapsulated = signedDataFields(contentInfo)[2] as Sequence;
  const wrapped = encapsulated.valueBlock.value[1] as Sequence;
  return wrapped.valueBlock.value[0]!;
}

function retag({ idBlock }: { readonly idBlock: { tagNumber: number; isConstructed: boolean } }, tag: number): void {
  idBlock.tagNumber = tag;
}

/** Data in place of SignedData. */
function changeOid(contentInfo: Sequence): void {
  contentInfo.valueBlock.value[0] = fromBER(Uint8Array.of(6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1)).result;
}

/** The same token with its content as two parts of an OCTET STRING; lengths written anew around it. */
function contentInParts(token: Uint8Array): Uint8Array {
  const { content } = readSignedData(token);
  const half = content!.length >> 1;
  const part = (bytes: Uint8Array) => tlv(0x04, bytes);
  const parts = tlv(0x24, Uint8Array.of(...part(content!.slice(0, half)), ...part(content!.slice(half))));
  const rebuild = (node: Sequence | undefined, path: readonly number[]): Uint8Array => {
    if (path.length === 0) return parts;
    const [index, ...rest] = path as readonly [number, ...number[]];
    const children = node!.valueBlock.value.map((child, at) =>
      at === index ? rebuild(child as Sequence, rest) : child.valueBeforeDecodeView
    );
    return tlv(node!.valueBeforeDecodeView[0]!, Uint8Array.from(children.flatMap((child) => [...child])));
  };
  return rebuild(fromBER(token.slice()).result as Sequence, [1, 0, 2, 1, 0]);
}

function tlv(tag: number, value: Uint8Array): Uint8Array {
  const length = value.length < 0x80 ? [value.length] : [0x82, value.length >> 8, value.length & 0xff];
  return Uint8Array.of(tag, ...length, ...value);
}
