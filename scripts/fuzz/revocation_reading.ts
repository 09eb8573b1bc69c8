/** What CRLs and OCSP responses have in common: how they are changed, and how they are read a second time. */
import { verify } from "node:crypto";
import type { RevocationAnswer } from "../../src/revocation/mod.ts";
import { readCertificate } from "../../src/x509/mod.ts";
import { DONORS } from "./corpus.ts";
import { intermediate, type MadeCertificate, revoked, unrevoked } from "./corpus_certificates.ts";
import { mutateDer } from "./der_mutations.ts";
import { at, type DerTree, replaceAt } from "./der_tree.ts";
import type { Random } from "./random.ts";

export const ISSUER = readCertificate(intermediate.der);
export const REVOKED = readCertificate(revoked.der);
export const UNREVOKED = readCertificate(unrevoked.der);

export const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");

/** How often a mutant is signed again, and by whom. */
export const RESIGNED = [[45, "no"], [45, "right key"], [10, "other key"]] as const;

/** Changes the signed part twice as often as the rest. */
export function changeWithin(path: readonly number[]) {
  return (tree: DerTree, random: Random): DerTree => {
    if (random.chance(0.3) || at(tree, ...path) === undefined) return mutateDer(tree, random, DONORS).tree;
    return replaceAt(tree, path, (part) => [mutateDer(part, random, DONORS).tree]);
  };
}

/** An answer in a word. */
export const wordOf = (answer: RevocationAnswer | undefined): string =>
  answer === undefined ? "none" : answer.status === "unknown" ? answer.problem : answer.status;

/** Whether a key signed a structure of three parts, as `node:crypto` says. */
export const fits = (list: DerTree | undefined, by: MadeCertificate): boolean => {
  const [signed, , signature] = list?.children ?? [];
  if (signed === undefined || signature === undefined) return false;
  return verify("sha256", signed.bytes, by.key.publicKey, signature.content.subarray(1));
};

/** Milliseconds of a UTCTime or GeneralizedTime with seconds, as text. */
export function instantOf({ tag, content }: DerTree): number {
  const text = new TextDecoder().decode(content);
  const whole = tag === 0x17 ? `${text < "50" ? "20" : "19"}${text}` : tag === 0x18 ? text : "";
  return Date.parse(whole.replace(/^(\d{4})(..)(..)(..)(..)(..)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}
