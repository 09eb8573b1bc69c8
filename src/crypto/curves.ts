/** The three NIST curves as equations, to tell a bad point from a curve that a runtime lacks (SEC 2; SP 800-186). */
import type { Curve, PublicKey } from "../ports.ts";
import { fieldBytes } from "./algorithms.ts";
import { bigIntOf } from "./numbers.ts";
import { ecPoint } from "./public_key.ts";

/** y² = x³ − 3x + b over the integers modulo the prime. */
const EQUATIONS: Readonly<Record<Curve, { readonly prime: bigint; readonly b: bigint }>> = {
  "P-256": {
    prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  "P-384": {
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  "P-521": {
    prime: 2n ** 521n - 1n,
    b: 0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
};

/**
 * Whether the point of a well-formed EC key lies on its curve.
 *
 * Spec: SEC 1, section 3.2.2.1, steps 2 and 3; the cofactor of these curves is 1, so step 4 is implied.
 */
export function hasPointOnCurve(key: PublicKey): boolean {
  if (key.curve === undefined) return false;
  const { prime, b } = EQUATIONS[key.curve];
  const size = fieldBytes(key.curve);
  const point = ecPoint(key);
  const x = bigIntOf(point.subarray(1, 1 + size));
  const y = bigIntOf(point.subarray(1 + size));
  return x < prime && y < prime && (y * y - (x * x * x - 3n * x + b)) % prime === 0n;
}
