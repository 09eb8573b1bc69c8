/** Certificates and chains: changed, and judged by the engine and by OpenSSL through `node:crypto` (RFC 5280). */
import { X509Certificate } from "node:crypto";
import {
  type Certificate,
  type ChainValidation,
  findPaths,
  formatName,
  type FoundPaths,
  parseCertificates,
  readCertificate,
  validateSigningChain,
  validateTimestampingChain,
} from "../../src/x509/mod.ts";
import { DONORS } from "./corpus.ts";
import {
  ALL_CERTIFICATES,
  CHAINS,
  type MadeCertificate,
  NOW,
  root,
  TSA_CHAIN,
  tsaRoot,
} from "./corpus_certificates.ts";
import { changedBytes, mutateDer } from "./der_mutations.ts";
import { at, type DerTree, isWellFormed, readTree, replaceAt } from "./der_tree.ts";
import { namedKey, signQuickly } from "./keys.ts";
import {
  crypto,
  type Judgement,
  judgement,
  type MakeMutant,
  refusedBy,
  type Resigned,
  signaturesAsked,
} from "./kinds.ts";
import type { Random } from "./random.ts";
import { resignList } from "./resign.ts";

/** One certificate of a chain, changed or not. */
interface Link {
  readonly tree: DerTree;
  readonly made: MadeCertificate;
}

const ORIGINALS = [...CHAINS, TSA_CHAIN];
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");
const KNOWN: ReadonlySet<string> = new Set(ALL_CERTIFICATES.map(({ der }) => hex(der)));
const KNOWN_SIGNED: ReadonlySet<string> = new Set(ALL_CERTIFICATES.map(({ tree }) => hex(at(tree, 0)?.bytes)));

/** The order and number of a chain changed, or one of its certificates. */
function changeChain(chain: readonly Link[], random: Random): readonly Link[] {
  const place = random.below(chain.length);
  const other = random.pick(ALL_CERTIFICATES);
  const found = chain[place];
  if (found === undefined || random.chance(0.06)) return [...chain, { tree: other.tree, made: other }];
  if (random.chance(0.88)) {
    // Half of the changes go into what is signed: extensions, names, times, the key.
    const inner = random.chance(0.5) ? at(found.tree, 0) : undefined;
    const changed = mutateDer(inner ?? found.tree, random, DONORS).tree;
    const tree = inner === undefined ? changed : replaceAt(found.tree, [0], () => [changed]);
    return chain.with(place, { ...found, tree });
  }
  return random.pick([
    () => chain.toSpliced(place, 1),
    () => chain.toSpliced(place, 0, found),
    () => chain.toReversed(),
    () => chain.with(place, { tree: other.tree, made: other }),
  ])();
}

/** One changed chain. */
export const makeCertificateMutant: MakeMutant = ({ random, steps }) => {
  const number = random.below(ORIGINALS.length);
  const original = (ORIGINALS[number] ?? []).map((made) => ({ tree: made.tree, made }));
  const forTimestamps = ORIGINALS[number] === TSA_CHAIN;
  const asPem = random.chance(0.5);
  const asBytes = random.chance(0.08);
  const wanted = asBytes ? "no" : random.weighted<Resigned>([[50, "no"], [40, "right key"], [10, "other key"]]);
  if (asBytes) {
    const place = random.below(original.length);
    const inputs = original.map(({ made: { der } }, index) =>
      index === place ? steps.reduce((changed, step) => changedBytes(changed, step), der) : der
    );
    return {
      original: `chain ${number}`,
      resigned: "no",
      inputs,
      judge: () => judgeChain(inputs, "no", forTimestamps, asPem),
    };
  }
  let resigned: Resigned = "no";
  const inputs = steps.reduce<readonly Link[]>(changeChain, original).map(({ tree, made }) => {
    if (wanted === "no" || tree === made.tree) return tree.bytes;
    const key = wanted === "right key" ? made.issuerKey : namedKey("stranger");
    const signed = resignList(tree, key, signQuickly);
    if (signed !== undefined) resigned = wanted;
    return (signed ?? tree).bytes;
  });
  return {
    original: `chain ${number}`,
    resigned,
    inputs,
    judge: () => judgeChain(inputs, resigned, forTimestamps, asPem),
  };
};

const ANCHORS = [root, tsaRoot].map(({ der }) => readCertificate(der));

async function judgeChain(
  inputs: readonly Uint8Array[],
  resigned: Resigned,
  forTimestamps: boolean,
  asPem: boolean,
): Promise<Judgement> {
  const outer = inputs.every(isWellFormed);
  const before = signaturesAsked();
  let validation: ChainValidation;
  let ways: FoundPaths | undefined;
  try {
    const chain = readChain(inputs, asPem);
    const [leaf, ...candidates] = chain;
    validation = await (forTimestamps ? validateTimestampingChain : validateSigningChain)(chain, crypto);
    if (leaf !== undefined) ways = await findPaths({ leaf, candidates, anchors: ANCHORS, at: NOW }, crypto);
  } catch (error) {
    const { outcome, fault } = refusedBy(error);
    return judgement({ outer, inner: false, signature: false, chain: false, accepted: false }, outcome, fault);
  }
  const { valid, failures: [failure] } = validation;
  const fault = (valid ? chainFault(inputs, resigned, forTimestamps) : undefined) ??
    ways?.paths.map((path) => pathFault(path, resigned)).find((found) => found !== undefined);
  const signature = signaturesAsked() > before;
  return judgement(
    { outer, inner: true, signature, chain: (ways?.paths.length ?? 0) > 0, accepted: valid },
    failure?.rule ?? "valid",
    fault,
  );
}

/** @param asPem Whether the chain goes through PEM text, as files have it. */
function readChain(inputs: readonly Uint8Array[], asPem: boolean): readonly Certificate[] {
  if (!asPem || inputs.length === 0) return inputs.map(readCertificate);
  const blocks = inputs.map((der) => {
    const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  });
  const certificates = parseCertificates(new TextEncoder().encode(blocks.join("")));
  for (const { subject } of certificates) formatName(subject);
  return certificates;
}

const folded = (name: string) => name.toLowerCase().replace(/[ \t]+/g, " ").replace(/ ?\n ?/g, "\n").trim();

/** Why a chain that was accepted should not have been. */
function chainFault(inputs: readonly Uint8Array[], resigned: Resigned, forTimestamps: boolean): string | undefined {
  const chain = inputs.map(readByOpenSsl);
  for (const [index, certificate] of chain.entries()) {
    const place = `certificate ${index + 1}`;
    const fault = linkFault(certificate, chain[index + 1] ?? certificate, resigned);
    if (fault !== undefined) return `accepted, although ${place} ${fault}`;
    const tree = readTree(inputs[index] as Uint8Array);
    if (isCa(tree) !== index > 0) return `accepted, although ${place} ${index > 0 ? "is no CA" : "is a CA"}`;
    const usage = usageOf(tree, !forTimestamps);
    // digitalSignature is the first bit, keyCertSign the sixth.
    if (usage === undefined || (usage & (index === 0 ? 0x80 : 0x04)) === 0) {
      return `accepted, although ${place} has no keyUsage that allows this`;
    }
  }
  if (forTimestamps && !hex(inputs[0]).includes(TIMESTAMPING_ALONE)) {
    return "accepted, although extKeyUsage of the first certificate is not timeStamping, critical and alone";
  }
  return undefined;
}

/** extKeyUsage, TRUE, and the one purpose: as DER, hex. */
const TIMESTAMPING_ALONE = "0603551d250101ff040c300a06082b06010505070308";

/** Certificates as OpenSSL reads them: those that are not changed once. */
const read = new Map<string, X509Certificate>();
const links = new Map<X509Certificate, Set<X509Certificate>>();

function readByOpenSsl(der: Uint8Array): X509Certificate {
  const text = hex(der);
  const known = read.get(text);
  if (known !== undefined) return known;
  const certificate = new X509Certificate(der);
  if (KNOWN.has(text)) read.set(text, certificate);
  return certificate;
}

/** Why a certificate is not issued by another; asked once about two that are not changed. */
function linkFault(certificate: X509Certificate, issuer: X509Certificate, resigned: Resigned): string | undefined {
  if (links.get(certificate)?.has(issuer)) return undefined;
  const signed = hex(at(readTree(new Uint8Array(certificate.raw)), 0)?.bytes);
  if (resigned !== "right key" && !KNOWN_SIGNED.has(signed)) return "was changed and not signed again";
  if (!certificate.verify(issuer.publicKey)) return "does not fit its issuer's key, as OpenSSL says";
  if (folded(certificate.issuer) !== folded(issuer.subject)) return "names another issuer than the next one";
  if ([certificate, issuer].every((one) => KNOWN.has(hex(one.raw)))) {
    links.set(certificate, (links.get(certificate) ?? new Set()).add(issuer));
  }
  return undefined;
}

/** An extension of a certificate: identifier, TRUE where it is critical, value. */
function extensionOf(tree: DerTree | undefined, id: string): readonly DerTree[] | undefined {
  const extensions = at(tree, 0)?.children?.find(({ tag }) => tag === 0xa3)?.children?.[0]?.children ?? [];
  return extensions.find((one) => hex(at(one, 0)?.content) === id)?.children;
}

/** Read here: OpenSSL says of a certificate with any extension it cannot read that it is no CA. */
function isCa(tree: DerTree | undefined): boolean {
  return hex(at(extensionOf(tree, "551d13")?.at(-1), 0, 0)?.bytes) === "0101ff";
}

/** The first octet of keyUsage, where it is critical or need not be. */
function usageOf(tree: DerTree | undefined, isCritical: boolean): number | undefined {
  const fields = extensionOf(tree, "551d0f") ?? [];
  return !isCritical || hex(fields[1]?.content) === "ff" ? fields.at(-1)?.content[3] : undefined;
}

/** Why a path that was found is none. */
function pathFault(path: readonly Certificate[], resigned: Resigned): string | undefined {
  const chain = path.map(({ der }) => readByOpenSsl(der));
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1];
    const fault = issuer === undefined ? undefined : linkFault(certificate, issuer, resigned);
    if (fault !== undefined) return `gave a path, although its certificate ${index + 1} ${fault}`;
    if (issuer !== undefined && !isCa(readTree(new Uint8Array(issuer.raw)))) {
      return `gave a path, although its certificate ${index + 2} is no CA`;
    }
    const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
    if (NOW.getTime() < from || NOW.getTime() > to) {
      return `gave a path, although its certificate ${index + 1} is out of date`;
    }
  }
  const anchor = hex(path.at(-1)?.der);
  return [root, tsaRoot].some(({ der }) => hex(der) === anchor) ? undefined : "gave a path that ends at no anchor";
}
