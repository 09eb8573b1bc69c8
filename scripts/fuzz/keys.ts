/** Keys that are the same in every run, made of their names, and what signs with them. For fuzzing only. */
import { createECDH, createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import type { Key } from "../../test/run/certificate_maker.ts";

/** A P-256 key with its secret number. */
export interface NamedKey extends Key {
  readonly name: string;
  readonly secret: Uint8Array;
}

const known = new Map<string, NamedKey>();

/** The key of this name: always the same one. */
export function namedKey(name: string): NamedKey {
  const made = known.get(name) ?? makeKey(name);
  known.set(name, made);
  return made;
}

function makeKey(name: string): NamedKey {
  const secret = createHash("sha256").update(`edge-notary fuzzing: ${name}`).digest();
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(secret);
  const point = curve.getPublicKey();
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  const [x, y, d] = [point.subarray(1, 33), point.subarray(33), secret].map(text);
  const privateKey = createPrivateKey({ key: { kty: "EC", crv: "P-256", x, y, d }, format: "jwk" } as never);
  return { name, secret: new Uint8Array(secret), privateKey, publicKey: createPublicKey(privateKey) };
}

/** How something is signed: DER for certificates and the like, r‖s for envelopes. */
export type Form = "der" | "compact";

/** Signs with SHA-256. */
export type Sign = (key: NamedKey, data: Uint8Array, form: Form) => Uint8Array;

/** The same signature each time (RFC 6979), slowly: for what mutants are made of. */
export const signAlike: Sign = (key, data, format) =>
  p256.sign(data, key.secret, { prehash: true, format, lowS: false });

/** Another signature each time, quickly: the last thing done to a mutant. */
export const signQuickly: Sign = (key, data, form) =>
  new Uint8Array(
    sign("sha256", data, { key: key.privateKey, dsaEncoding: form === "der" ? "der" : "ieee-p1363" }),
  );
