/** Byte strings compared and joined. */

/**
 * Whether two byte strings are the same. Nothing compared here is secret, so the time it takes may depend on them.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  const length = a.length;
  if (length !== b.length) return false;
  for (let index = 0; index < length; index++) {
    if (a[index] !== b[index]) return false;
  }
  return true;
}

/**
 * Orders byte strings as X.690 section 11.6 and RFC 8949 section 4.2.1 do: by their first different byte, a prefix
 * before what it begins.
 *
 * @returns Less than, equal to or greater than zero, as `Array.prototype.sort` takes it.
 */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = (a[index] as number) - (b[index] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** The parts in one new byte string, in their order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
