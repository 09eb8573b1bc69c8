/** ECDSA signatures in their two forms: SEQUENCE { r, s } in certificates, r‖s in envelopes (RFC 3279; RFC 7518). */
import { readDer, readIntegerBytes, readSequence, writeSequence, writeUnsigned } from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";

/**
 * A signature from its DER form as r‖s.
 *
 * @param der SEQUENCE { r INTEGER, s INTEGER }.
 * @param fieldBytes Bytes of r and of s: 32, 48 or 66.
 * @throws {MalformedError} `ERR_DER`, also when a number is negative or longer than `fieldBytes`.
 *
 * Spec: RFC 3279, section 2.2.3; RFC 7518, section 3.4.
 */
export function ecdsaDerToRaw(der: Uint8Array, fieldBytes: number): Uint8Array<ArrayBuffer> {
  const [r, s, ...rest] = readSequence(readDer(der), "signature");
  if (rest.length > 0) {
    throw new MalformedError("ERR_DER", `Cannot read ECDSA signature: ${rest.length} values after r and s`);
  }
  const raw = new Uint8Array(2 * fieldBytes);
  const place = (integer: Uint8Array, end: number, what: string): void => {
    if ((integer[0] as number) >= 0x80) {
      throw new MalformedError("ERR_DER", `Cannot read ECDSA signature: "${what}" is negative`);
    }
    const magnitude = integer[0] === 0 ? integer.subarray(1) : integer;
    if (magnitude.length > fieldBytes) {
      throw new MalformedError(
        "ERR_DER",
        `Cannot read ECDSA signature: "${what}" has ${magnitude.length} bytes, expected at most ${fieldBytes}`,
      );
    }
    raw.set(magnitude, end - magnitude.length);
  };
  place(readIntegerBytes(r, "r"), fieldBytes, "r");
  place(readIntegerBytes(s, "s"), 2 * fieldBytes, "s");
  return raw;
}

/** A signature r‖s in its DER form. */
export function ecdsaRawToDer(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const half = raw.length / 2;
  return writeSequence(writeUnsigned(raw.subarray(0, half)), writeUnsigned(raw.subarray(half)));
}
