/** What a row about a timestamp token is, and how rows are made. */
import type { ErrorCode } from "../../../src/errors.ts";
import { type Authority, makeAuthority, makeToken, type TokenChanges } from "../../run/timestamp_maker.ts";

/** What is timestamped. */
export const MESSAGE: Uint8Array = new TextEncoder().encode("the bytes of a signature");

export interface TokenRow {
  readonly name: string;
  readonly token: Uint8Array;
  /** DER. */
  readonly roots: readonly Uint8Array[];
  readonly expected: "trusted" | ErrorCode;
  /** Ends of the interval, where the row is about them. */
  readonly range?: readonly [string, string];
  /** Part of our message. */
  readonly says?: string;
  /** Why the reference's verdict is another one. */
  readonly deviation?: string;
}

/** The authority of rows that do not bring one. */
export const authority = makeAuthority();

/** A token by an authority, good unless changed, and our answer. */
export function row(
  name: string,
  expected: TokenRow["expected"],
  changes: TokenChanges = {},
  more: Partial<TokenRow> & { readonly by?: Authority } = {},
): TokenRow {
  const { by = authority, ...rest } = more;
  return { name, expected, token: makeToken(MESSAGE, by, changes), roots: [by.root], ...rest };
}

/** A good token by an authority that is changed. */
export const byAuthority = (
  name: string,
  expected: TokenRow["expected"],
  changes: Parameters<typeof makeAuthority>[0],
  more: Partial<TokenRow> = {},
) => {
  const by = makeAuthority(changes);
  return row(name, expected, {}, { by, ...more });
};

/** A token that cannot be read. */
export const malformed = (name: string, changes: TokenChanges, more: Partial<TokenRow> = {}) =>
  row(name, "ERR_TIMESTAMP", changes, more);
/** A token that breaks a rule. */
export const invalid = (
  name: string,
  changes: TokenChanges,
  more: Partial<TokenRow> & { readonly by?: Authority } = {},
) => row(name, "TIMESTAMP_INVALID", changes, more);
