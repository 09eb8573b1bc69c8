/** Timestamp tokens: changed, and judged by the engine and by a second reading (RFC 3161; RFC 5652). */
import { createHash, verify } from "node:crypto";
import { readTimestampToken, type TimestampVerdict, verifyTimestamp } from "../../src/timestamp/mod.ts";
import { readCertificate } from "../../src/x509/mod.ts";
import { DONORS, MESSAGE, TOKENS } from "./corpus.ts";
import { tsa, tsaRoot } from "./corpus_certificates.ts";
import { changedBytes, mutateDer } from "./der_mutations.ts";
import { at, type DerTree, isWellFormed, readTree, replaceAt } from "./der_tree.ts";
import { namedKey, signQuickly } from "./keys.ts";
import {
  crypto,
  type Judgement,
  judgement,
  type MakeMutant,
  refusalFault,
  refusedBy,
  type Resigned,
  signaturesAsked,
} from "./kinds.ts";
import type { Random } from "./random.ts";
import { attributeValue, resignToken, signedAttributeBytes, type TokenParts, tokenParts } from "./resign.ts";

const TST_INFO = [1, 0, 2, 1, 0] as const;

/** Changes a token: the TSTInfo, what is signed beside it, or any part. */
export function changeToken(tree: DerTree, random: Random): DerTree {
  const path = random.weighted<readonly number[]>([
    [35, []],
    [30, TST_INFO],
    [35, tokenParts(tree)?.signerPath ?? []],
  ]);
  const found = at(tree, ...path);
  if (found === undefined) return mutateDer(tree, random, DONORS).tree;
  return replaceAt(tree, path, (part) => [mutateDer(part, random, DONORS).tree]);
}

/** One changed token about {@link MESSAGE}. */
export const makeTokenMutant: MakeMutant = ({ random, steps }) => {
  const number = random.below(TOKENS.length);
  const original = TOKENS[number] as DerTree;
  const asBytes = random.chance(0.08);
  const wanted = random.weighted<Resigned>([[55, "no"], [35, "right key"], [10, "other key"]]);
  if (asBytes) {
    const bytes = steps.reduce((changed, step) => changedBytes(changed, step), original.bytes);
    return mutantOf(bytes, `token ${number}`, "no", original);
  }
  const changed = steps.reduce(changeToken, original);
  const key = wanted === "right key" ? tsa.key : namedKey("stranger");
  const resigned = wanted === "no" ? undefined : resignToken(changed, key, signQuickly);
  return mutantOf((resigned ?? changed).bytes, `token ${number}`, resigned === undefined ? "no" : wanted, original);
};

const mutantOf = (bytes: Uint8Array, original: string, resigned: Resigned, tree: DerTree) => ({
  original,
  resigned,
  inputs: [bytes],
  judge: () => judgeToken(bytes, resigned, tree),
});

const ANCHORS = [readCertificate(tsaRoot.der)];

async function judgeToken(bytes: Uint8Array, resigned: Resigned, original: DerTree): Promise<Judgement> {
  const outer = isWellFormed(bytes);
  const before = signaturesAsked();
  let verdict: TimestampVerdict;
  try {
    const token = readTimestampToken(bytes);
    verdict = await verifyTimestamp(token, MESSAGE, ANCHORS, crypto);
  } catch (error) {
    const { outcome, fault } = refusedBy(error);
    return judgement({ outer, inner: false, signature: false, chain: false, accepted: false }, outcome, fault);
  }
  const signature = signaturesAsked() > before;
  if (!verdict.trusted) {
    const { code } = verdict.refusal;
    const chain = signature && code !== "TIMESTAMP_AUTHORITY_NOT_TRUSTED";
    return judgement({ outer, inner: true, signature, chain, accepted: false }, code, refusalFault(verdict.refusal));
  }
  const fault = tokenFault(bytes, MESSAGE, resigned, original, verdict.range.genTime);
  return judgement({ outer, inner: true, signature, chain: true, accepted: true }, "trusted", fault);
}

const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const HASHES: Readonly<Record<string, string>> = {
  "608648016503040201": "sha256",
  "608648016503040202": "sha384",
  "608648016503040203": "sha512",
};
const MESSAGE_DIGEST = "2a864886f70d010904";
const CONTENT_TYPE = "2a864886f70d010903";
const SIGNING_CERTIFICATE_V2 = "2a864886f70d010910022f";
const TST_INFO_TYPE = "2a864886f70d0109100104";

/** Why a token that was accepted should not have been: read and computed without the engine. */
export function tokenFault(
  bytes: Uint8Array,
  message: Uint8Array,
  resigned: Resigned,
  original: DerTree,
  genTime: Date,
): string | undefined {
  const parts = tokenParts(readTree(bytes, { strict: false }));
  if (parts === undefined) {
    return "accepted, although it has no content, signer and signed attributes where they belong";
  }
  const { content, attributes, signature } = parts;
  if (hex(attributeValue(attributes, MESSAGE_DIGEST)?.content) !== sha256(content)) {
    return "accepted, although the signed digest is not that of the content";
  }
  if (hex(attributeValue(attributes, CONTENT_TYPE)?.content) !== TST_INFO_TYPE) {
    return "accepted, although what was signed is of another type than TSTInfo";
  }
  if (!hex(attributeValue(attributes, SIGNING_CERTIFICATE_V2)?.bytes).includes(sha256(tsa.der))) {
    return "accepted, although the signed attribute does not name the authority's certificate";
  }
  if (!verify("sha256", signedAttributeBytes(attributes), tsa.key.publicKey, signature.content)) {
    return "accepted, although node:crypto says that the signature does not fit the attributes";
  }
  // A splice may put one token in the place of another.
  const same = [original, ...TOKENS].some((known) => {
    const parts = tokenParts(known) as TokenParts;
    return hex(signedAttributeBytes(parts.attributes)) === hex(signedAttributeBytes(attributes)) &&
      hex(parts.content) === hex(content);
  });
  if (resigned !== "right key" && !same) return "accepted, although what was signed was changed and not signed again";
  return infoFault(content, message, genTime);
}

function infoFault(content: Uint8Array, message: Uint8Array, genTime: Date): string | undefined {
  const info = readTree(content);
  const [version, , imprint, , time, ...optional] = info?.children ?? [];
  if (hex(version?.content) !== "01") return "accepted, although its TSTInfo is not of version 1";
  const hash = HASHES[hex(at(imprint, 0, 0)?.content)];
  if (hash === undefined || createHash(hash).update(message).digest("hex") !== hex(at(imprint, 1)?.content)) {
    return "accepted, although its imprint is not the hash of the message";
  }
  const said = new TextDecoder().decode(time?.content).slice(0, 14);
  if (genTime.toISOString().replace(/[-:T]/g, "").slice(0, 14) !== said) {
    return `accepted as of ${genTime.toISOString()}, although it says ${said}`;
  }
  const extensions = optional.find(({ tag }) => tag === 0xa1)?.children ?? [];
  const critical = extensions.some((one) => hex(at(one, 1)?.bytes) === "0101ff");
  return critical ? "accepted, although it has a critical extension that nobody knows" : undefined;
}
