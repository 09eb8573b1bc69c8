/**
 * The interface `verifier` of `edge-notary.wit` over what a host lends: the engine inside of the component.
 *
 * Whatever goes wrong comes back as a refusal with a code. An instance may be asked again and again; it keeps what any
 * process keeps between questions.
 */
import { type EngineError, toEngineError } from "../src/errors.ts";
import { anonymous, createRegistryClient, keepContent } from "../src/oci/mod.ts";
import type { PolicyFile } from "../src/policy/mod.ts";
import { createRevocationChecker } from "../src/revocation/mod.ts";
import { createWasmRuntime, type LentHost } from "../src/runtime/wasm.ts";
import { createCompiler, type DecisionRecord, evaluateReview } from "./component/evaluation.ts";
import { inspect, type InspectionRecord } from "./component/inspection.ts";
import { type EnvelopeRecord, type RefusalRecord, refusalRecord } from "./component/records.ts";
import { trustOf, type TrustRecord } from "./component/trust.ts";
import {
  type SubjectRecord,
  type VerificationRecord,
  verifyReference,
  verifySignedArtifact,
} from "./component/verification.ts";

/** What the component exports. Each throws a {@link RefusalRecord} where the interface says `result`. */
export interface Verifier {
  readonly inspect: (envelope: EnvelopeRecord) => Promise<InspectionRecord>;
  readonly verify: (subject: SubjectRecord, trust: TrustRecord) => Promise<VerificationRecord>;
  readonly evaluate: (
    policies: readonly PolicyFile[],
    review: string,
    phase: "mutate" | "validate",
  ) => Promise<DecisionRecord>;
}

/**
 * Makes the exports. Nothing is asked of the host before the first call: the component is built by running this.
 *
 * @param lent The interface `host`.
 */
export function createVerifier(lent: LentHost): Verifier {
  const { ports, cache, begin, sleepForever } = createWasmRuntime(lent);
  const { crypto, now } = ports;
  // What the cache gives is hashed again there.
  const open = keepContent(createRegistryClient({ ...ports, credentials: anonymous }), ports, { outside: cache });
  const revocation = createRevocationChecker({ ...ports, sleep: sleepForever });
  const asking = { open, crypto, now, revocation };
  const compile = createCompiler(crypto);

  const answer = async <Answer>(action: string, work: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> => {
    try {
      return await work(begin());
    } catch (thrown) {
      throw errorOf(toEngineError(thrown, action));
    }
  };
  return {
    inspect: (envelope) => answer("Cannot inspect the envelope", () => inspect(envelope, crypto)),
    verify: (subject, trust) =>
      answer("Cannot verify the artifact", async (signal) => {
        const trustFor = await trustOf(trust, lent, crypto);
        return subject.tag === "reference"
          ? await verifyReference(subject.val, trustFor, asking, signal)
          : await verifySignedArtifact(subject.val, trustFor, asking, signal);
      }),
    evaluate: (policies, review, phase) =>
      answer(
        "Cannot evaluate the request",
        async (signal) => await evaluateReview(await compile(policies), review, phase, asking, signal),
      ),
  };
}

/** The engine that runs the component takes the error of a result from `payload`. */
function errorOf({ refusal }: EngineError): Error & { readonly payload: RefusalRecord } {
  return Object.assign(new Error(refusal.message), { payload: refusalRecord(refusal) });
}
