/** Asks one case of the table, of the component or of the same code on this runtime. */
import type { Verifier } from "../component.ts";
import { type BlockingVerifier, refusalOf } from "./component.ts";
import {
  type Cases,
  type EnvelopeCase,
  type Expected,
  readText,
  type ReferenceCase,
  type ReviewCase,
  subjectOf,
  trustOf,
} from "./cases.ts";

/** Milliseconds each case may take on a busy machine. */
export const CASE_MILLISECONDS = 20_000;

export type AnyCase = EnvelopeCase | ReferenceCase | ReviewCase;

export function everyCase({ envelopes, references, reviews }: Cases): readonly AnyCase[] {
  return [...envelopes, ...references, ...reviews];
}

/** What a case comes to. A question that could not be asked is `not asked` with the refusal's code. */
export async function ask(one: AnyCase, verifier: Verifier | BlockingVerifier): Promise<Expected> {
  try {
    if ("review" in one) {
      const policies = [{ source: one.policy, text: readText(one.policy) }];
      const { allowed, images } = await verifier.evaluate(policies, readText(one.review), "mutate");
      const code = images.find(({ refusal }) => refusal !== undefined)?.refusal?.code ?? "";
      return { verdict: allowed ? "allowed" : "refused", code };
    }
    const { verdict, refusal } = await verifier.verify(subjectOf(one), trustOf(one));
    return { verdict, code: refusal?.code ?? "" };
  } catch (thrown) {
    const refusal = refusalOf(thrown);
    if (refusal === undefined) throw thrown;
    return { verdict: "not asked", code: refusal.code };
  }
}
