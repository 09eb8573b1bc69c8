/**
 * Who plays in the properties of trust and time: a chain whose periods are chosen, and envelopes that are good or not.
 */
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { type Trust, type Verdict, verdict, verifyEnvelopeBytes } from "../../../src/notary/mod.ts";
import { CA, ecKey, LEAF, makeCertificate, ocspAt, subject } from "../../run/certificate_maker.ts";
import {
  ARTIFACT,
  AUTHENTIC_TIME,
  EXPIRY,
  type Headers,
  makeJws,
  SCHEME,
  type Signer,
  SIGNING_TIME,
} from "../../run/envelope_maker.ts";
import { makeAuthority, makeToken } from "../../run/timestamp_maker.ts";

export const SEED = 20_261;
const crypto = createWebCryptoProvider();
export const keys = { root: ecKey(), middle: ecKey(), leaf: ecKey(), other: ecKey() };
/** The instant that small numbers count from. */
const START = Date.parse("2026-06-01T00:00:00Z");
export const second = (number: number) => new Date(START + number * 1000);
export const rfc3339 = (at: Date) => at.toISOString().replace(".000", "");
export const digits = (at: Date) => rfc3339(at).replace(/[-:T]/g, "");

export interface Period {
  readonly from: number;
  readonly to: number;
}
export const ALWAYS: Period = { from: -1_000_000, to: 1_000_000 };

/** Leaf below middle below root, each valid in its period. */
export function chained([leaf, middle, root]: readonly [Period, Period, Period], extensions = LEAF): Signer {
  const valid = ({ from, to }: Period) => ({ notBefore: digits(second(from)), notAfter: digits(second(to)) });
  const [r, m, l] = [subject("root"), subject("middle"), subject("leaf")];
  const chain = [
    makeCertificate({ subject: l, issuer: m, key: keys.leaf, issuerKey: keys.middle, extensions, ...valid(leaf) }),
    makeCertificate({
      subject: m,
      issuer: r,
      key: keys.middle,
      issuerKey: keys.root,
      extensions: CA,
      ...valid(middle),
    }),
    makeCertificate({ subject: r, key: keys.root, extensions: CA, ...valid(root) }),
  ];
  return { key: keys.leaf, chain, jws: "ES256", cose: -7 };
}

export const GOOD = chained([ALWAYS, ALWAYS, ALWAYS]);
export const EXPIRED = chained([{ from: -100, to: -50 }, ALWAYS, ALWAYS]);
export const NAMES_RESPONDER = chained([ALWAYS, ALWAYS, ALWAYS], [...LEAF, ocspAt("http://ocsp.example/")]);
export const tsa = makeAuthority();
const TOKEN_AT = digits(second(-70));
const signatureOf = (bytes: Uint8Array) =>
  new Uint8Array(Buffer.from(JSON.parse(new TextDecoder().decode(bytes)).signature, "base64url"));

/** The same envelope with a token over its signature. */
export function stamped(bytes: Uint8Array, token: (signature: Uint8Array) => Uint8Array): Uint8Array {
  const envelope = JSON.parse(new TextDecoder().decode(bytes));
  envelope.header["io.cncf.notary.timestampSignature"] = Buffer.from(token(signatureOf(bytes))).toString("base64");
  return new TextEncoder().encode(JSON.stringify(envelope));
}
export const genuine = (signature: Uint8Array) => makeToken(signature, tsa, { genTime: TOKEN_AT });

export const expiring = (at: Date) => (header: Headers) => {
  header["crit"] = [SCHEME, EXPIRY];
  header[EXPIRY] = rfc3339(at);
};
export const byAuthority = (at: Date) => (header: Headers) => {
  header["crit"] = [SCHEME, AUTHENTIC_TIME];
  header[SCHEME] = "notary.x509.signingAuthority";
  header[AUTHENTIC_TIME] = rfc3339(at);
  delete header[SIGNING_TIME];
};

export const ENVELOPES: Readonly<Record<string, Uint8Array>> = {
  good: makeJws(GOOD),
  "good, with a timestamp": stamped(makeJws(GOOD), genuine),
  "good, with another's timestamp": stamped(makeJws(GOOD), () => genuine(new Uint8Array(64))),
  "certificate expired": makeJws(EXPIRED),
  "certificate expired, with a timestamp": stamped(makeJws(EXPIRED), genuine),
  "signature expired": makeJws(GOOD, { protected: expiring(second(-10)) }),
  "by a signing authority": makeJws(GOOD, { protected: byAuthority(second(-70)) }),
  "names a responder": makeJws(NAMES_RESPONDER),
  "by another key": makeJws({ ...GOOD, key: keys.other }),
  "of another artifact": makeJws(GOOD, {
    payload: JSON.stringify({ targetArtifact: { ...ARTIFACT, size: ARTIFACT.size + 1 } }),
  }),
  broken: makeJws(GOOD).slice(1),
};

/** The verdict on an envelope at an instant. */
export async function judge(bytes: Uint8Array, trust: Trust, at: Date): Promise<Verdict> {
  const ports = { crypto, now: () => at };
  return verdict(await verifyEnvelopeBytes({ mediaType: "application/jose+json", bytes }, ARTIFACT, trust, ports));
}
