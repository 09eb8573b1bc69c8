/** What every provider asks of a key before it computes with it. */
import { MalformedError, UnsupportedError } from "../errors.ts";
import type { PublicKey, SignatureAlgorithm } from "../ports.ts";
import { ALGORITHMS, keySpecOf } from "./algorithms.ts";
import { MAX_RSA_BITS, MAX_RSA_EXPONENT, rsaNumbers } from "./public_key.ts";

/**
 * Returns when a provider may compute with the key: it is of the algorithm's kind, and within the bounds on work.
 *
 * @throws {UnsupportedError} `ERR_ALGORITHM_UNSUPPORTED`
 * @throws {MalformedError} `ERR_CERTIFICATE` when an RSA key is not well-formed.
 */
export function checkKey(algorithm: SignatureAlgorithm, key: PublicKey): void {
  const { scheme } = ALGORITHMS[algorithm];
  const refuse = (what: string): never => {
    throw new UnsupportedError(
      "ERR_ALGORITHM_UNSUPPORTED",
      `Cannot verify ${algorithm} with ${keySpecOf(key)}: ${what}`,
    );
  };
  if ((scheme === "ECDSA") !== (key.type === "EC")) refuse("the key is of another kind");
  if (key.type === "EC") {
    if (key.curve === undefined) {
      throw new MalformedError("ERR_CERTIFICATE", "Cannot use public key: an EC key without its curve");
    }
    return;
  }
  if (key.sizeBits > MAX_RSA_BITS) refuse(`expected a modulus of at most ${MAX_RSA_BITS} bits`);
  if (rsaNumbers(key).exponent > MAX_RSA_EXPONENT) refuse(`expected a public exponent of at most ${MAX_RSA_EXPONENT}`);
}
