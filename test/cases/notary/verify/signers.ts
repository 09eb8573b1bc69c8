/** Signers beside those of the rows: chains, and certificates that are special in one way. */
import {
  CA,
  crlAt,
  ecKey,
  extKeyUsage,
  LEAF,
  makeCertificate,
  ocspAt,
  PURPOSE,
  rsaKey,
  subject,
} from "../../../run/certificate_maker.ts";
import type { Signer } from "../../../run/envelope_maker.ts";
import { signers } from "../envelope/rows.ts";

/** Leaf below intermediate below root, with curves. */
export function chained(leaf: readonly Uint8Array[] = LEAF, intermediate: readonly Uint8Array[] = CA): Signer {
  const keys = { root: ecKey(), intermediate: ecKey(), leaf: ecKey() };
  const chain = [
    makeCertificate({
      subject: subject("leaf"),
      issuer: subject("middle"),
      key: keys.leaf,
      issuerKey: keys.intermediate,
      extensions: leaf,
    }),
    makeCertificate({
      subject: subject("middle"),
      issuer: subject("root"),
      key: keys.intermediate,
      issuerKey: keys.root,
      extensions: intermediate,
    }),
    makeCertificate({ subject: subject("root"), key: keys.root, extensions: CA }),
  ];
  return { key: keys.leaf, chain, jws: "ES256", cose: -7 };
}
export const chain = chained();

export const stranger = chained();
export const reissued: Signer = {
  ...signers.rsa,
  chain: [
    makeCertificate({
      subject: subject("rsa-2048-self"),
      key: signers.rsa.key,
      extensions: LEAF,
      serialNumber: [0x77],
    }),
  ],
};
export const shortLived: Signer = {
  key: signers.curve.key,
  chain: [
    makeCertificate({
      subject: subject("short"),
      key: signers.curve.key,
      extensions: LEAF,
      notBefore: "20260101000000Z",
      notAfter: "20260601000000Z",
    }),
  ],
  jws: "ES256",
  cose: -7,
};
const shortKey = rsaKey(2047);
export const rsa2047: Signer = {
  key: shortKey,
  chain: [makeCertificate({ subject: subject("2047"), key: shortKey, extensions: LEAF })],
  jws: "PS256",
  cose: -37,
};
export const withOcsp = chained([...LEAF, ocspAt("http://ocsp.example/")]);
export const withCrl = chained(LEAF, [...CA, crlAt("http://crl.example/ca.crl")]);
export const anyPurpose: Signer = {
  ...signers.curve,
  chain: [
    makeCertificate({
      subject: subject("any"),
      key: signers.curve.key,
      extensions: [...LEAF, extKeyUsage(PURPOSE.any)],
    }),
  ],
};
