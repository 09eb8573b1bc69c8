/** What mutants are made of: envelopes, tokens, CRLs and OCSP responses, all good, the same bytes in every run. */
import { createHash } from "node:crypto";
import {
  crlDistributionPoints,
  freshestCrl,
  issuingDistributionPoint,
  makeCrl,
  makeOcspResponse,
  nonce,
} from "../../test/run/revocation_maker.ts";
import { type Authority, makeToken, type TokenChanges } from "../../test/run/timestamp_maker.ts";
import {
  ALL_CERTIFICATES,
  intermediate,
  type MadeCertificate,
  NAMES,
  NOW,
  responder,
  revoked,
  treeOf,
  tsa,
  tsaRoot,
  unrevoked,
} from "./corpus_certificates.ts";
import type { DerTree } from "./der_tree.ts";
import { type NamedKey, type Sign, signAlike } from "./keys.ts";
import { resignList, resignOcsp, resignToken } from "./resign.ts";

const HOUR = 3_600_000;
const at = (hours: number) => new Date(NOW.getTime() + hours * HOUR);

/** What every token but those inside envelopes is about. */
export const MESSAGE: Uint8Array = new Uint8Array(createHash("sha512").update("edge-notary fuzzing: message").digest());

/** The authority as the maker of tokens takes it. */
export const AUTHORITY: Authority = {
  signer: { der: tsa.der, key: tsa.key, issuer: NAMES.tsaRoot, serialNumber: [0x42] },
  certificates: [tsa.der, tsaRoot.der],
  root: tsaRoot.der,
};

/** A token, the same each time unless it is signed otherwise. */
export function token(message: Uint8Array, changes: TokenChanges = {}, sign: Sign = signAlike): DerTree {
  return resignToken(treeOf(makeToken(message, AUTHORITY, changes)), tsa.key, sign) as DerTree;
}

/** Tokens about {@link MESSAGE}. */
export const TOKENS: readonly DerTree[] = [
  token(MESSAGE),
  token(MESSAGE, { accuracy: { seconds: [1], millis: [0x01, 0xf4], micros: [0x64] }, imprintHash: "sha512" }),
  token(MESSAGE, { genTime: "20260601120000.25Z", issuerSerial: false, imprintHash: "sha384" }),
];

/** A CRL, or a complete one with its delta, about both leaves of the issuer. */
export interface CrlSeed {
  readonly base: DerTree;
  readonly delta?: DerTree;
  readonly key: NamedKey;
}

const crl = (fields: Partial<Parameters<typeof makeCrl>[0]>): DerTree =>
  resignList(
    treeOf(makeCrl({ issuer: NAMES.issuer, key: intermediate.key, thisUpdate: at(-1), nextUpdate: at(24), ...fields })),
    intermediate.key,
    signAlike,
  ) as DerTree;

const ENTRY = { serialNumber: [0x31], revokedAt: at(-48) } as const;
const OTHERS = Array.from(
  { length: 6 },
  (_, index) => ({ serialNumber: [0x50 + index], revokedAt: at(-100), reason: index }),
);
const URL = "http://crl.example/a.crl";

export const CRLS: readonly CrlSeed[] = [
  { base: crl({ entries: [ENTRY], number: 7 }), key: intermediate.key },
  { base: crl({ entries: [...OTHERS, { ...ENTRY, reason: 1 }] }), key: intermediate.key },
  {
    base: crl({
      entries: [{ ...ENTRY, reason: 6 }],
      number: 3,
      extensions: [freshestCrl({ urls: ["http://crl.example/d.crl"] })],
    }),
    delta: crl({ entries: [{ ...ENTRY, reason: 1 }], number: 4, baseNumber: 3 }),
    key: intermediate.key,
  },
  {
    base: crl({
      entries: [{ ...ENTRY, reason: 4 }],
      number: 9,
      extensions: [issuingDistributionPoint({ urls: [URL] })],
    }),
    key: intermediate.key,
  },
];

/** An OCSP response, the certificate it is about, and whether that is revoked. */
export interface OcspSeed {
  readonly response: DerTree;
  readonly certificate: MadeCertificate;
  readonly key: NamedKey;
  /** The nonce that was sent. */
  readonly nonce?: Uint8Array;
}

const NONCE = Uint8Array.from({ length: 16 }, (_, index) => index);

function ocsp(
  certificate: MadeCertificate,
  by: MadeCertificate,
  fields: Partial<Parameters<typeof makeOcspResponse>[0]> & {
    readonly reason?: number;
    readonly hash?: "sha256";
    readonly others?: readonly number[];
  } = {},
): OcspSeed {
  const { reason, hash, others = [], ...response } = fields;
  const status = (serialNumber: readonly number[], is: "good" | "revoked") => ({
    serialNumber,
    issuer: NAMES.issuer,
    issuerKey: intermediate.key,
    status: is,
    thisUpdate: at(-1),
    nextUpdate: at(24),
    ...(hash === undefined ? {} : { hash }),
    ...(is === "good" ? {} : { revokedAt: at(-48), ...(reason === undefined ? {} : { reason }) }),
  });
  const own = certificate === revoked ? status([0x31], "revoked") : status([0x32], "good");
  const made = makeOcspResponse({
    producedAt: at(-1),
    statuses: others.length === 0 ? [own] : [own, ...others.map((one) => status([one], "revoked"))],
    signer: by.key,
    responder: { key: by.key },
    ...(by === intermediate ? {} : { certificates: [by.der] }),
    ...response,
  });
  const key = by.key;
  return {
    response: resignOcsp(treeOf(made), key, signAlike) as DerTree,
    certificate,
    key,
    ...(response.extensions === undefined ? {} : { nonce: NONCE }),
  };
}

export const OCSP_RESPONSES: readonly OcspSeed[] = [
  ocsp(unrevoked, intermediate),
  ocsp(revoked, intermediate, { reason: 1 }),
  ocsp(unrevoked, responder, { hash: "sha256" }),
  ocsp(revoked, responder, { extensions: [nonce(NONCE)] }),
  ocsp(unrevoked, intermediate, { others: [0x31, 0x50] }),
];

/** Structures whose values may be spliced into others. */
export const DONORS: readonly DerTree[] = [
  ...ALL_CERTIFICATES.map(({ tree }) => tree),
  ...TOKENS,
  ...CRLS.flatMap(({ base, delta }) => delta === undefined ? [base] : [base, delta]),
  ...OCSP_RESPONSES.map(({ response }) => response),
  treeOf(crlDistributionPoints({ urls: [URL], reasons: [1, 2] }, { urls: [URL], crlIssuer: NAMES.issuer })),
];
