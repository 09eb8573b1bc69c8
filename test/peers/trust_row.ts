/** What a row of trust policies and trust stores is, and what rows are made of. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** What a file of a trust store is: a fixture, bytes, a link to a fixture, or a folder. */
export type StoreEntry = string | Uint8Array | { readonly link: string } | { readonly folder: true };

/** One configuration and one question. */
export interface TrustRow {
  readonly name: string;
  /** `repository:tag` of the fixtures; the seed's signed image by default. */
  readonly image?: string;
  /** The document, its text, or none; `HOST` in it stands for the registry. */
  readonly policy?: unknown;
  /** Where it is written. */
  readonly file?: string;
  /** The document is a link to a file. */
  readonly linked?: boolean;
  /** `ca/release/root.crt` → what is there. */
  readonly stores?: Readonly<Record<string, StoreEntry>>;
  /** What this program says. */
  readonly verdict: "verified" | "failed" | "skipped";
  /** The entry that says why the verdicts differ. */
  readonly verdictDeviation?: string;
  /** The entry that says why sentences differ, apart from the kind of document. */
  readonly deviation?: string;
}

const fixtures = resolve("test/fixtures");

/** Bytes of a fixture. */
export function fixtureBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(fixtures, path)));
}

/** The seed's signer, and its store. */
export const SEED = "keys/fixture-signer.crt.pem";
export const RELEASE = { "ca/release/root.crt": "keys/release-root.crt.pem" } as const;
export const STORE = { "ca/seed/signer.crt": SEED } as const;

export type Members = Readonly<Record<string, unknown>>;

/** A strict statement for every registry. */
export const statement = (changes: Members = {}): Members => ({
  name: "seed",
  registryScopes: ["*"],
  signatureVerification: { level: "strict" },
  trustStores: ["ca:seed"],
  trustedIdentities: ["*"],
  ...changes,
});
export const policy = (...statements: readonly unknown[]) => ({ version: "1.0", trustPolicies: statements });
export const level = (name: string, more: Members = {}) => ({ signatureVerification: { level: name, ...more } });
export const override = (base: string, entries: Members) => level(base, { override: entries });
export const identities = (...texts: readonly string[]) => ({ trustedIdentities: texts });
export const scopes = (...texts: readonly string[]) => ({ registryScopes: texts });

/** A document that both refuse before any signature is asked for. */
export const refused = (name: string, document: unknown, more: Partial<TrustRow> = {}): TrustRow => ({
  name,
  policy: document,
  stores: STORE,
  verdict: "failed",
  ...more,
});
export const broken = (name: string, changes: Members, more: Partial<TrustRow> = {}) =>
  refused(name, policy(statement(changes)), more);
