/** Structures signed again after a change, so that what comes behind the signature is reached. */
import { createHash } from "node:crypto";
import { at, type DerTree, join, leaf, node, replaceAt } from "./der_tree.ts";
import type { NamedKey, Sign } from "./keys.ts";

const MESSAGE_DIGEST = "2a864886f70d010904";
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** A certificate or CRL: SEQUENCE { signed, algorithm, signature }. `undefined` for what has no such parts. */
export function resignList(tree: DerTree, key: NamedKey, sign: Sign): DerTree | undefined {
  const [signed, algorithm, signature] = tree.children ?? [];
  if (signed === undefined || algorithm === undefined || signature === undefined) return undefined;
  return replaceAt(tree, [2], () => [leaf(0x03, join(Uint8Array.of(0), sign(key, signed.bytes, "der")))]);
}

/** Where BasicOCSPResponse stands in an OCSPResponse. */
export const BASIC_RESPONSE = [1, 0, 1, 0] as const;

/** An OCSPResponse. */
export function resignOcsp(tree: DerTree, key: NamedKey, sign: Sign): DerTree | undefined {
  const basic = at(tree, ...BASIC_RESPONSE);
  const resigned = basic && resignList(basic, key, sign);
  return resigned && replaceAt(tree, BASIC_RESPONSE, () => [resigned]);
}

/** SignedData, in a token. */
const SIGNED_DATA = [1, 0] as const;

/** The parts of a token as they usually stand. */
export interface TokenParts {
  /** The TSTInfo's bytes. */
  readonly content: Uint8Array;
  readonly certificates: readonly DerTree[];
  /** SignerInfo, and the path to it. */
  readonly signer: DerTree;
  readonly signerPath: readonly number[];
  readonly attributes: DerTree;
  readonly signature: DerTree;
}

/** Finds the parts of a token with one signer; `undefined` when it is of another build. */
export function tokenParts(tree: DerTree | undefined): TokenParts | undefined {
  const fields = at(tree, ...SIGNED_DATA)?.children ?? [];
  const content = at(fields[2], 1, 0);
  const certificates = fields.find(({ tag }) => tag === 0xa0);
  const place = fields.length - 1;
  const signers = fields[place]?.tag === 0x31 ? fields[place].children ?? [] : [];
  const [signer] = signers;
  const attributes = signer?.children?.find(({ tag }) => tag === 0xa0);
  const signature = signer?.children?.find(({ tag }, index) => tag === 0x04 && index > 3);
  if (content === undefined || signers.length !== 1 || attributes === undefined || signature === undefined) {
    return undefined;
  }
  return {
    content: octetsOf(content),
    certificates: certificates?.children ?? [],
    signer: signer as DerTree,
    signerPath: [...SIGNED_DATA, place, 0],
    attributes,
    signature,
  };
}

/** The octets of an OCTET STRING, also of one in parts. */
function octetsOf({ tag, children, content }: DerTree): Uint8Array {
  return tag === 0x24 ? join(...(children ?? []).map(octetsOf)) : content;
}

/** What a signature over attributes is over: a SET OF in the order of DER. */
export function signedAttributeBytes({ children = [] }: DerTree): Uint8Array {
  return node(0x31, [...children].sort((a, b) => Buffer.compare(a.bytes, b.bytes))).bytes;
}

/** The one value of an attribute. @param type Content octets of its OBJECT IDENTIFIER, hex. */
export function attributeValue({ children = [] }: DerTree, type: string): DerTree | undefined {
  return at(children.find((one) => hex(at(one, 0)?.content ?? new Uint8Array(0)) === type), 1, 0);
}

/** A token, its signed digest made that of its content first. */
export function resignToken(tree: DerTree, key: NamedKey, sign: Sign): DerTree | undefined {
  const parts = tokenParts(tree);
  if (parts === undefined) return undefined;
  const digest = leaf(0x04, new Uint8Array(createHash("sha256").update(parts.content).digest()));
  const attributes = node(
    0xa0,
    (parts.attributes.children ?? []).map((one) =>
      hex(at(one, 0)?.content ?? new Uint8Array(0)) === MESSAGE_DIGEST ? replaceAt(one, [1, 0], () => [digest]) : one
    ),
  );
  const signature = leaf(0x04, sign(key, signedAttributeBytes(attributes), "der"));
  return replaceAt(tree, parts.signerPath, ({ children = [] }) => [
    node(
      0x30,
      children.map((child) => child === parts.attributes ? attributes : child === parts.signature ? signature : child),
    ),
  ]);
}
