/** How long questions take and how much memory the process had at most: `--times N` of every host. */
import process from "node:process";
import type { Verifier } from "../component.ts";
import { type AnyCase, ask, CASE_MILLISECONDS, everyCase } from "./ask.ts";
import { readCases } from "./cases.ts";
import type { BlockingVerifier } from "./component.ts";
import type { NodeHost } from "./host.ts";

/** The cases that are measured: the beginning of their names. */
export const MEASURED: readonly string[] = [
  "jws-rsa-2048-self",
  "cose-p-256-self",
  "ghcr.io/kyverno/test-verify-image:signed",
  "examples/signed-pod.json by examples/check-image-notary.yaml",
];

/** One line of JSON; every host prints the same. */
export interface Measurement {
  /** From the file to an instance that can be asked. */
  readonly startMilliseconds: number;
  /** The first question, when nothing is compiled to machine code or kept yet. */
  readonly firstMilliseconds: number;
  /** The median of the questions after it, in the order of {@link MEASURED}. */
  readonly medianMilliseconds: readonly number[];
  readonly peakBytes: number;
}

/** The cases that are measured, in their order. */
export function measuredCases(): readonly AnyCase[] {
  const cases = everyCase(readCases());
  return MEASURED.flatMap((name) => cases.find((one) => one.name.startsWith(name)) ?? []);
}

/** Asks each measured case so many times. */
export async function measure(
  times: number,
  startMilliseconds: number,
  verifier: Verifier | BlockingVerifier,
  host: NodeHost,
  setClock: (milliseconds: number) => void,
): Promise<Measurement> {
  let firstMilliseconds: number | undefined;
  const medianMilliseconds: number[] = [];
  for (const one of measuredCases()) {
    setClock(one.at);
    const taken: number[] = [];
    for (let time = 0; time < times; time++) {
      const from = performance.now();
      const { verdict } = await host.within(CASE_MILLISECONDS, () => ask(one, verifier));
      if (verdict !== one.expected.verdict) {
        throw new Error(`${one.name}: ${verdict}, expected ${one.expected.verdict}`);
      }
      taken.push(performance.now() - from);
    }
    firstMilliseconds ??= taken[0] ?? 0;
    medianMilliseconds.push(taken.sort((one, other) => one - other)[Math.floor(times / 2)] ?? 0);
  }
  return {
    startMilliseconds,
    firstMilliseconds: firstMilliseconds ?? 0,
    medianMilliseconds,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}
