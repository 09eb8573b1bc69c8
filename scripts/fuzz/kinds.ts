/** What every kind of mutant has in common: how it is made, what is asked of it, and what must be true. */
import { createHash } from "node:crypto";
import { EngineError } from "../../src/errors.ts";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import type { CryptoProvider } from "../../src/ports.ts";
import { createNodeCryptoProvider } from "../../src/runtime/node_crypto.ts";
import { createRandom, type Random } from "./random.ts";

/** Kinds of input, in the order of the table that is printed. */
export const KINDS = ["envelope", "token", "certificate", "crl", "ocsp"] as const;
export type KindName = (typeof KINDS)[number];

/** How far a mutant came; each stage is counted by itself. */
export const STAGES = ["outer", "inner", "signature", "chain", "accepted"] as const;
export type Stage = (typeof STAGES)[number];

/** Whether something was signed again after the change, and by whom. */
export type Resigned = "no" | "right key" | "other key";

/** What a mutant is made with. */
export interface Plan {
  /** Chooses the original and whether it is signed again. */
  readonly random: Random;
  /** The changes that are made, each with choices of its own: without one of them the others stay the same. */
  readonly steps: readonly Random[];
}

/** Changes made to one original at most. */
export const MAX_STEPS = 3;

/** @param kept Numbers of the changes that are made; all of them unless given. */
export function planOf(seed: number, kind: KindName, mutant: number, kept?: readonly number[]): Plan {
  const random = createRandom(seed, kind, mutant);
  const count = random.weighted([[70, 1], [20, 2], [10, MAX_STEPS]]);
  const steps = Array.from({ length: count }, (_, index) => createRandom(seed, kind, mutant, index));
  return { random, steps: steps.filter((_, index) => kept?.includes(index) ?? true) };
}

/** One changed input. */
export interface Mutant {
  /** What it was made of. */
  readonly original: string;
  readonly resigned: Resigned;
  /** What is to be read: one structure, or the certificates of a chain. */
  readonly inputs: readonly Uint8Array[];
  readonly judge: () => Promise<Judgement>;
}

export interface Judgement {
  readonly stages: readonly Stage[];
  /** A code, a status or a problem. */
  readonly outcome: string;
  /** What must not be, in words. */
  readonly fault?: string;
}

/** A kind of input. */
export type MakeMutant = (plan: Plan) => Mutant;

let asked = 0;
const node = createNodeCryptoProvider(createWebCryptoProvider());

/**
 * The provider of Node, counting the signatures it is asked about; digests where they are asked for, which is quicker.
 */
export const crypto: CryptoProvider = {
  name: node.name,
  digest: (algorithm, data) => Promise.resolve(new Uint8Array(createHash(algorithm).update(data).digest())),
  verify(algorithm, key, signature, data) {
    asked++;
    return node.verify(algorithm, key, signature, data);
  },
};

/** Signatures computed so far. */
export const signaturesAsked = (): number => asked;

// Control characters and those that turn the direction of text, which no message may pass on.
// deno-lint-ignore no-control-regex
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** The fault of a message that is not safe to print, or of a code that says that we failed. */
export function refusalFault(
  { code, message }: { readonly code: string; readonly message: string },
): string | undefined {
  if (code === "ERR_INTERNAL") return `an untyped exception became ERR_INTERNAL: ${message}`;
  return UNSAFE.test(message) ? `the message of ${code} is not safe to print: ${JSON.stringify(message)}` : undefined;
}

/** The code of a typed error and its fault, if it has one; other errors are thrown on. */
export function refusedBy(error: unknown): { readonly outcome: string; readonly fault?: string } {
  if (!(error instanceof EngineError)) throw error;
  const fault = error.code === "ERR_INTERNAL" ? refusalFault(error) : undefined;
  return { outcome: error.code, ...(fault === undefined ? {} : { fault }) };
}

/** Puts a judgement together; stages that were not reached are left out. */
export function judgement(
  reached: Readonly<Record<Stage, boolean>>,
  outcome: string,
  fault?: string,
): Judgement {
  return {
    stages: STAGES.filter((stage) => reached[stage]),
    outcome,
    ...(fault === undefined ? {} : { fault }),
  };
}
