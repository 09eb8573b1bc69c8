/** The trust anchor in a chain, or the nearest misses: what the trust store has that is almost one of the chain's. */
import { equalBytes, printable } from "../../encoding/mod.ts";
import type { CryptoProvider } from "../../ports.ts";
import {
  type Certificate,
  extensionOf,
  fingerprint,
  formatName,
  sameName,
  validAt,
  verifyCertificateSignature,
} from "../../x509/mod.ts";
import type { Trust, TrustStoreType } from "../trust/mod.ts";
import {
  type ChainFinding,
  type ChainFindingId,
  FINDINGS,
  nearestFirst,
  type TrustedCertificate,
} from "./chain_findings.ts";

/** Trust anchors that are compared with a chain at most, to word a refusal; the match itself looks at all. */
export const MAX_COMPARED_ANCHORS = 256;

type Primitives = Pick<CryptoProvider, "digest" | "verify">;

/** A chain and those who may vouch for it. */
export interface AnchorQuestion {
  /** Leaf first. */
  readonly chain: readonly Certificate[];
  /** The type of trust store that counts for this chain. */
  readonly type: TrustStoreType;
  readonly trust: Trust;
  /** Instant of verification. */
  readonly at: Date;
}

/** What the trust side says of a chain. */
export interface AnchorAnswer {
  /** The chain's certificate that is trusted, the nearest to the leaf. */
  readonly position?: number;
  readonly anchor?: TrustedCertificate;
  readonly findings: readonly ChainFinding[];
}

/**
 * Looks for the anchor in a chain as authenticity does, byte for byte, and where there is none for what comes near it.
 *
 * @throws {UnsupportedError} `ERR_CRYPTO_UNAVAILABLE`
 */
export async function findAnchor(question: AnchorQuestion, crypto: Primitives): Promise<AnchorAnswer> {
  const { chain, type, trust, at } = question;
  const unusable = trust.unusableStores?.[type];
  if (unusable !== undefined) return { findings: [finding("store-unusable", unusable.message)] };
  const anchors = anchorsOf(trust, type);
  const position = chain.findIndex((certificate) => anchors.some((anchor) => equalBytes(anchor.der, certificate.der)));
  const found = chain[position];
  if (found !== undefined) {
    const anchor = await trustedOf(found, question, crypto);
    if (validAt(found, at)) return { position, anchor, findings: [] };
    const period = `${found.notBefore.toISOString()} to ${found.notAfter.toISOString()}`;
    const message = `The trust anchor ${name(found)} is valid from ${period}, and now it is ${at.toISOString()}`;
    return { position, anchor, findings: [{ ...finding("anchor-expired", message), trusted: anchor }] };
  }
  const misses = await nearMisses(question, anchors.slice(0, MAX_COMPARED_ANCHORS), crypto);
  return { findings: misses.length > 0 ? misses : [await strangers(question, anchors, crypto)] };
}

/** The anchors of a type; none where the trust has no store of it. */
export function anchorsOf(trust: Trust, type: TrustStoreType): readonly Certificate[] {
  return trust.trustAnchors[type] ?? [];
}

/** A trust anchor that is almost a certificate of the chain; no fingerprint is computed yet. */
interface NearMiss {
  readonly id: ChainFindingId;
  readonly message: string;
  /** Of the chain's certificate. */
  readonly index: number;
  readonly anchor: Certificate;
  /** The type of store that has the anchor. */
  readonly store: TrustStoreType;
}

async function nearMisses(
  question: AnchorQuestion,
  anchors: readonly Certificate[],
  crypto: Primitives,
): Promise<readonly ChainFinding[]> {
  const { chain, type, trust } = question;
  const misses: NearMiss[] = [];
  const add = (id: ChainFindingId, index: number, anchor: Certificate, message: string, store = type) =>
    misses.push({ id, index, anchor, message, store });
  for (const [index, certificate] of chain.entries()) {
    for (const other of OTHER_TYPES[type]) {
      const twin = anchorsOf(trust, other).find((anchor) => equalBytes(anchor.der, certificate.der));
      if (twin === undefined) continue;
      const what = `Certificate ${index + 1}, ${name(certificate)}, is in a trust store of type ${other}`;
      add("anchor-of-other-type", index, twin, `${what}; this signature calls for one of type ${type}`, other);
    }
    for (const anchor of anchors) {
      const relation = compare(certificate, anchor);
      if (relation === undefined) continue;
      add(relation, index, anchor, RELATIONS[relation](certificate, anchor, index));
    }
  }
  for (const anchor of anchors) {
    if (chain.some((certificate) => compare(certificate, anchor) !== undefined)) continue;
    const index = chain.findIndex((issuer, place) => place > 0 && isIssuerByName(issuer, anchor));
    const issuer = chain[index];
    if (issuer === undefined) continue;
    const kind = isCa(anchor) ? "CA" : "signing certificate";
    const what = `The trust store holds the ${kind} ${name(anchor)}, which certificate ${index + 1} of the chain, ` +
      `${name(issuer)}, is named as issuer of; it is not in this chain`;
    add("sibling-in-store", index, anchor, what);
  }
  return await Promise.all(nearestFirst(misses).map((miss) => withCertificates(miss, question, crypto)));
}

const OTHER_TYPES: Readonly<Record<TrustStoreType, readonly TrustStoreType[]>> = {
  ca: ["signingAuthority", "tsa"],
  signingAuthority: ["ca", "tsa"],
  tsa: ["ca", "signingAuthority"],
};

type Relation = "same-key-other-certificate" | "same-name-other-key" | "same-key-other-name";

function compare(certificate: Certificate, anchor: Certificate): Relation | undefined {
  const named = sameName(certificate.subject, anchor.subject);
  const keyed = equalBytes(certificate.publicKey.spki, anchor.publicKey.spki);
  if (named) return keyed ? "same-key-other-certificate" : "same-name-other-key";
  return keyed ? "same-key-other-name" : undefined;
}

const RELATIONS: Readonly<
  Record<Relation, (certificate: Certificate, anchor: Certificate, index: number) => string>
> = {
  "same-key-other-certificate": (certificate, anchor, index) =>
    `The trust store holds another certificate of the same name and key as certificate ${index + 1}, ` +
    `${name(certificate)}: the store's is valid from ${period(anchor)}, the signature's from ${period(certificate)}`,
  "same-name-other-key": (certificate, _, index) =>
    `The trust store holds a certificate of the same name as certificate ${index + 1}, ${name(certificate)}, ` +
    "with another key",
  "same-key-other-name": (certificate, anchor, index) =>
    `The trust store holds the key of certificate ${index + 1}, ${name(certificate)}, under the name ${name(anchor)}`,
};

function isIssuerByName(issuer: Certificate, issued: Certificate): boolean {
  return sameName(issuer.subject, issued.issuer) && !sameName(issued.issuer, issued.subject);
}

/** What to say where the trust store has nothing that resembles the chain. */
async function strangers(
  question: AnchorQuestion,
  anchors: readonly Certificate[],
  crypto: Primitives,
): Promise<ChainFinding> {
  const { chain, type, trust } = question;
  const root = chain[chain.length - 1];
  if (anchors.length === 0 || root === undefined) {
    return finding("store-empty", `"${printable(trust.name)}" trusts no certificate of type ${type}`);
  }
  const authorities = anchors.filter(isCa).length;
  const others = anchors.length - authorities;
  const holds = [count(authorities, "CA"), count(others, "self-signed signing certificate")].filter(Boolean).join(
    " and ",
  );
  const certificate = { certificate: await presentedOf(root, chain.length - 1, crypto) };
  if (chain.length === 1 && others === 0) {
    const message = `This is a leaf, ${name(root)}, that no CA issued; the trust store holds ${holds}`;
    return { ...finding("leaf-of-no-ca", message), ...certificate };
  }
  const [whose, id] = type === "tsa"
    ? ["the timestamp", "authority-unknown"] as const
    : ["this signature", "nothing-in-common"] as const;
  const message = `The trust store holds ${holds}, and none shares a name or a key with the ` +
    `${count(chain.length, "certificate")} of ${whose}, whose chain ends at ${name(root)}`;
  return { ...finding(id, message), ...certificate };
}

/**
 * What is amiss with the links of a chain: which certificate is missing or misplaced, and whether the trust store has
 * it.
 *
 * @param broken Places whose certificate is not issued by the next one, the last one's when it is no root.
 */
export async function explainLinks(
  question: AnchorQuestion,
  broken: readonly number[],
  crypto: Primitives,
): Promise<readonly ChainFinding[]> {
  const { chain, type, trust } = question;
  const anchors = anchorsOf(trust, type).slice(0, MAX_COMPARED_ANCHORS);
  const findings: ChainFinding[] = [];
  for (const index of broken.slice(0, MAX_EXPLAINED_LINKS)) {
    const certificate = chain[index];
    if (certificate === undefined || sameName(certificate.issuer, certificate.subject)) continue;
    const next = chain[index + 1];
    const who = `Certificate ${index + 1}, ${name(certificate)}, is issued by "${text(certificate.issuer)}"`;
    const elsewhere = chain.findIndex((other) => sameName(other.subject, certificate.issuer));
    const about = { certificate: await presentedOf(certificate, index, crypto) };
    if (next !== undefined && elsewhere === index + 1) {
      const message = `${who}, and the next certificate has that name and a key that did not sign it`;
      findings.push({ ...finding("issuer-key-differs", message), ...about });
      continue;
    }
    if (elsewhere >= 0) {
      const message = `${who}, which stands at place ${elsewhere + 1} of the chain, expected place ${index + 2}`;
      findings.push({ ...finding("chain-out-of-order", message), ...about });
      continue;
    }
    const issuer = await issuerAmong(certificate, anchors, crypto);
    if (issuer !== undefined) {
      const trusted = await trustedOf(issuer, question, crypto);
      const message = `${who}, which is in the trust store and not in the signature`;
      findings.push({ ...finding("issuer-in-store", message), ...about, trusted });
      continue;
    }
    if (next === undefined && type === "tsa") {
      const message = `${who}, which is neither in the timestamp nor in a trust store of type tsa`;
      findings.push({ ...finding("authority-unknown", message), ...about });
      continue;
    }
    const [id, where]: [ChainFindingId, string] = next === undefined
      ? ["root-missing", "ends with it"]
      : ["intermediate-missing", `goes on with ${name(next)}`];
    findings.push({ ...finding(id, `${who}, which is missing: the chain ${where}`), ...about });
  }
  return findings;
}

/** Links that are explained at most. */
const MAX_EXPLAINED_LINKS = 3;
/** Namesakes of an issuer whose signature is tried at most. */
const MAX_NAMESAKES = 4;

/** The trust anchor that issued a certificate, by name and signature. */
export async function issuerAmong(
  certificate: Certificate,
  anchors: readonly Certificate[],
  crypto: Pick<CryptoProvider, "verify">,
): Promise<Certificate | undefined> {
  const named = anchors.filter((anchor) => sameName(anchor.subject, certificate.issuer)).slice(0, MAX_NAMESAKES);
  for (const anchor of named) {
    if (await verifyCertificateSignature(certificate, anchor, crypto)) return anchor;
  }
  return undefined;
}

/** A finding with the next step the table has for it. */
export function finding(id: ChainFindingId, message: string): ChainFinding {
  return { id, message, nextStep: FINDINGS[id] };
}

async function withCertificates(
  { id, message, index, anchor, store }: NearMiss,
  question: AnchorQuestion,
  crypto: Primitives,
): Promise<ChainFinding> {
  const found = finding(id, message);
  const certificate = question.chain[index];
  const trusted = await trustedOf(anchor, { trust: question.trust, type: store }, crypto);
  return certificate === undefined
    ? { ...found, trusted }
    : { ...found, certificate: await presentedOf(certificate, index, crypto), trusted };
}

/** A certificate of the chain, as findings name it. */
export async function presentedOf(certificate: Certificate, index: number, crypto: Primitives) {
  return { index, subject: formatName(certificate.subject), fingerprint: await fingerprint(certificate, crypto) };
}

async function trustedOf(
  anchor: Certificate,
  { trust, type }: Pick<AnchorQuestion, "trust" | "type">,
  crypto: Primitives,
): Promise<TrustedCertificate> {
  return {
    store: originOf(anchor, trust) ?? type,
    subject: formatName(anchor.subject),
    fingerprint: await fingerprint(anchor, crypto),
  };
}

function originOf(anchor: Certificate, { anchorOrigins = new Map() }: Trust): string | undefined {
  for (const [known, origin] of anchorOrigins) if (equalBytes(known.der, anchor.der)) return origin;
  return undefined;
}

function isCa(certificate: Certificate): boolean {
  return extensionOf(certificate, "basicConstraints")?.value.isCa === true;
}

function period({ notBefore, notAfter }: Certificate): string {
  return `${notBefore.toISOString()} to ${notAfter.toISOString()}`;
}

function text(subject: Certificate["subject"]): string {
  return printable(formatName(subject));
}

function name({ subject }: Certificate): string {
  return `"${text(subject)}"`;
}

/** `2 CAs`; nothing where there are none. */
function count(number: number, noun: string): string {
  return number === 0 ? "" : `${number} ${noun}${number === 1 ? "" : "s"}`;
}
