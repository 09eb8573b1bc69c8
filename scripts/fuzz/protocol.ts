/** What the command and its workers say to each other. */
import type { KindName, Resigned, Stage } from "./kinds.ts";

/** A run of mutants of one kind. */
export interface Batch {
  readonly seed: number;
  readonly kind: KindName;
  readonly from: number;
  readonly count: number;
  /** Milliseconds of work one mutant may take. */
  readonly bound: number;
  /** Only makes the mutants and sends their inputs: for one that never came back. */
  readonly onlyMake?: true;
}

/** What came of it. */
export interface BatchResult {
  readonly kind: KindName;
  readonly made: number;
  readonly stages: Readonly<Record<Stage, number>>;
  readonly resigned: Readonly<Record<Resigned, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  readonly slowestMilliseconds: number;
  /** Time a processor was at work on it. */
  readonly workMilliseconds: number;
  /** Resident memory of the worker afterwards. */
  readonly memoryBytes: number;
}

/** A mutant that showed a defect. */
export interface Failure {
  readonly kind: KindName;
  readonly mutant: number;
  readonly fault: string;
  readonly original: string;
  readonly resigned: Resigned;
  readonly inputs: readonly Uint8Array[];
  /** The same fault with fewer changes, where there is such an input. */
  readonly smaller?: readonly Uint8Array[];
}
