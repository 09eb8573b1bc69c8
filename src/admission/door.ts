/** Who may ask: bearer tokens (RFC 6750, section 2.1). */
import { encodeUtf8 } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import type { CryptoProvider } from "../ports.ts";

/** A shorter token is guessed rather than stolen. */
export const MIN_TOKEN_CHARACTERS = 16;

/** Tokens at most: one in use, one to come, and some to spare. */
export const MAX_TOKENS = 8;

/** Characters of an `Authorization` header that are looked at. */
export const MAX_TOKEN_CHARACTERS = 4_096;

/** Tells whether a request may ask. */
export type Door = (request: Request) => Promise<boolean>;

/** The door that is always open: for listeners that only this machine reaches. */
export const openDoor: Door = () => Promise.resolve(true);

/**
 * The tokens of a token file: one a line, so that two are valid while a token is changed.
 *
 * @throws {ConfigurationError} `ERR_CONFIG` when there is none, or one is too short or no token; the message never
 * shows it.
 */
export function parseTokens(text: string, source: string): readonly string[] {
  const tokens = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
  if (tokens.length === 0) {
    throw new ConfigurationError("ERR_CONFIG", `Cannot read tokens of "${source}": it is empty, expected one a line`);
  }
  if (tokens.length > MAX_TOKENS) {
    throw new ConfigurationError(
      "ERR_CONFIG",
      `Cannot read tokens of "${source}": ${tokens.length}, at most ${MAX_TOKENS}`,
    );
  }
  tokens.forEach((token, index) => {
    const usable = token.length >= MIN_TOKEN_CHARACTERS && token.length <= MAX_TOKEN_CHARACTERS &&
      /^[A-Za-z0-9\-._~+/]+=*$/.test(token);
    if (!usable) {
      throw new ConfigurationError(
        "ERR_CONFIG",
        `Cannot read tokens of "${source}": token ${index + 1} has ${token.length} characters, ` +
          `expected ${MIN_TOKEN_CHARACTERS} to ${MAX_TOKEN_CHARACTERS} letters, digits or -._~+/`,
      );
    }
  });
  return tokens;
}

/**
 * Makes a door that opens to the given bearer tokens.
 *
 * Both sides are hashed and the hashes compared in full, against every token: how long it takes tells nothing.
 *
 * @param tokens From {@link parseTokens}.
 */
export function createTokenDoor(tokens: readonly string[], crypto: CryptoProvider): Door {
  const digest = (text: string) => crypto.digest("sha256", encodeUtf8(text));
  return async (request) => {
    const header = request.headers.get("authorization") ?? "";
    if (header.length > MAX_TOKEN_CHARACTERS + 7 || !/^bearer /i.test(header)) return false;
    // Hashed anew for each request: on Workers a promise of another request, which may have ended, is not to be waited
    // for.
    const [given, ...expected] = await Promise.all([header.slice(7).trim(), ...tokens].map(digest));
    // No early end: every token is compared.
    return given !== undefined && expected.filter((token) => equalInFull(token, given)).length > 0;
  };
}

function equalInFull(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  left.forEach((byte, index) => difference |= byte ^ (right[index] ?? 0));
  return difference === 0;
}
