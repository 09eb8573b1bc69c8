/** One attestation: whether enough attestors vouch for it, and whether what it says meets the conditions. */
import { printable } from "../encoding/mod.ts";
import { type EngineError, type Refusal, refusal, toEngineError, UnavailableError } from "../errors.ts";
import {
  type ArtifactOutcome,
  type AttestationSource,
  referenceText,
  type Trust,
  type VerifiedAttestation,
  verifyAttestation,
} from "../notary/mod.ts";
import type { AttestorEntry, AttestorSet } from "./attestors.ts";
import { type ConditionBlock, type ConditionsAnswer, evaluateBlocks } from "./conditions.ts";
import { withinDeadline } from "./deadline.ts";
import {
  atPath,
  attestationChecksFailed,
  failedToCheckAttestations,
  failedToSubstituteInConditions,
  noSignature,
  ranOutOfTime,
} from "./message.ts";
import type { EvaluationContext } from "./policy.ts";
import type { VariableScope } from "./scope.ts";
import { substitute } from "./variables.ts";

/** One attestation that a rule asks for. */
export interface AttestationRule {
  /** Under which variables find it later; `""` when nobody wants to. */
  readonly name: string;
  /** The artifact type of the referrer. */
  readonly type: string;
  /** One or more, each of which has to be satisfied. */
  readonly attestors: readonly AttestorSet[];
  /** Signatures of one attestation tried at most; the engine's number when left out. */
  readonly maxSignatures?: number;
  /** All have to hold. */
  readonly conditions: readonly ConditionBlock[];
}

/** What conditions and attestors are asked about one attestation. */
export interface Asking {
  readonly rule: AttestationRule;
  /** Of the rule: `.attestations[0]`. */
  readonly path: string;
  /** The image with its digest, as messages name it. */
  readonly name: string;
  readonly scope: VariableScope;
  readonly context: EvaluationContext;
}

/** What came of one attestation. */
export interface Tried {
  readonly outcomes: readonly ArtifactOutcome[];
  readonly reasons: readonly string[];
  readonly refusals: readonly Refusal[];
  readonly count: { readonly verified: number; readonly required: number };
  /** Set when it is all that is asked for. */
  readonly found?: VerifiedAttestation;
}

/**
 * Asks every attestor set about one attestation, and the conditions about what it says.
 *
 * @returns With what was found only when all of it is satisfied.
 */
export async function tryAttestation(source: AttestationSource, asking: Asking): Promise<Tried> {
  const { rule, path } = asking;
  const outcomes: ArtifactOutcome[] = [];
  const reasons: string[] = [];
  const refusals: Refusal[] = [];
  let found: VerifiedAttestation | undefined;
  let count = { verified: 0, required: 1 };
  const check = onceChecked(asking);
  for (const [index, set] of rule.attestors.entries()) {
    const answer = await evaluateSet(
      set,
      `${path}.attestors[${index}]`,
      (trust, at) => ask(source, trust, at, check, asking),
    );
    outcomes.push(...answer.outcomes);
    reasons.push(...answer.reasons);
    refusals.push(...answer.refusals);
    found = answer.found;
    count = { verified: answer.verified, required: set.count };
    if (answer.verified < set.count || found === undefined) return { outcomes, reasons, refusals, count };
  }
  return { outcomes, reasons, refusals, count, ...(found === undefined ? {} : { found }) };
}

/** What came of asking one attestor, or a set of them. */
interface AttestorsTried extends Omit<Tried, "count"> {
  /** How many entries are satisfied. */
  readonly verified: number;
}

type Ask = (trust: Trust, path: string) => Promise<AttestorsTried>;

async function evaluateSet(set: AttestorSet, path: string, askOne: Ask): Promise<AttestorsTried> {
  const answers: AttestorsTried[] = [];
  let verified = 0;
  for (const [index, entry] of set.entries.entries()) {
    if (verified >= set.count) break;
    const answer = await evaluateEntry(entry, `${path}.entries[${index}]`, askOne);
    answers.push(answer);
    if (answer.found !== undefined) verified++;
  }
  const found = answers.find((answer) => answer.found !== undefined)?.found;
  return {
    verified,
    outcomes: answers.flatMap(({ outcomes }) => outcomes),
    reasons: answers.flatMap(({ reasons }) => reasons),
    refusals: answers.flatMap(({ refusals }) => refusals),
    ...(found === undefined ? {} : { found }),
  };
}

async function evaluateEntry(entry: AttestorEntry, path: string, askOne: Ask): Promise<AttestorsTried> {
  if (entry.kind === "certificates") return await askOne(entry.trust, path);
  const { found, ...answer } = await evaluateSet(entry.set, `${path}.attestor`, askOne);
  return answer.verified < entry.set.count || found === undefined ? answer : { ...answer, found };
}

async function ask(
  source: AttestationSource,
  trust: Trust,
  path: string,
  check: Check,
  { name, rule: { maxSignatures }, context }: Asking,
): Promise<AttestorsTried> {
  const options = maxSignatures === undefined ? {} : { maxSignatures };
  const { artifacts, signal, noun } = context;
  const action = `verifying attestations of ${name}`;
  const refuse = (reason: string, why: Refusal, outcomes: readonly ArtifactOutcome[] = []): AttestorsTried => ({
    verified: 0,
    outcomes,
    reasons: [reason],
    refusals: [why],
  });
  try {
    const { outcome, attestation } = await withinDeadline(
      verifyAttestation(source, trust, artifacts, options),
      signal,
      action,
    );
    if (attestation === undefined) {
      const unsigned = outcome.refusal?.code === "SIGNATURE_MISSING";
      const reason = unsigned ? noSignature(outcome.reference, noun) : referenceText(outcome);
      const why = outcome.refusal ??
        refusal("ERR_INTERNAL", `Cannot verify ${outcome.reference}: no reason was given`);
      return refuse(reason, why, [outcome]);
    }
    const fault = await withinDeadline(check(attestation), signal, action);
    if (fault !== undefined) return refuse(atPath(path, fault.reason), fault.refusal, [outcome]);
    return { verified: 1, outcomes: [outcome], reasons: [], refusals: [], found: attestation };
  } catch (thrown) {
    const { error, reason } = failureOf(thrown, action, context);
    return refuse(reason, error.refusal);
  }
}

/** What is wrong with what an attestation says; `undefined` when the conditions hold. */
type Check = (attestation: VerifiedAttestation) => Promise<
  { readonly reason: string; readonly refusal: Refusal } | undefined
>;

/** Whoever signed it, an attestation says the same. */
function onceChecked(asking: Asking): Check {
  let checked: ReturnType<Check> | undefined;
  return (attestation) => checked ??= checkConditions(attestation, asking);
}

async function checkConditions(
  { payload }: VerifiedAttestation,
  { rule, name, scope }: Asking,
): ReturnType<Check> {
  const { conditions, type } = rule;
  if (conditions.length === 0) return undefined;
  const named = rule.name === "" ? scope : scope.with({ [rule.name]: payload });
  // What the request is called stays what the request says, whatever members an attestation has.
  const seen = named.beneath(payload);
  let answer: ConditionsAnswer;
  try {
    // All variables first, as Kyverno does: what cannot be resolved is an error also where nothing hangs on it.
    await substitute(conditions, seen, "");
    answer = await evaluateBlocks(conditions, seen);
  } catch (thrown) {
    const error = toEngineError(thrown, "Cannot evaluate conditions");
    return { reason: failedToCheckAttestations(failedToSubstituteInConditions(error.message)), refusal: error.refusal };
  }
  if (answer.holds) return undefined;
  const reason = attestationChecksFailed(name, type, answer.message);
  return { reason, refusal: refusal("ATTESTATION_REFUSED", reason) };
}

/** What an exception comes to, and the sentence for it. */
export function failureOf(
  thrown: unknown,
  action: string,
  { signal }: EvaluationContext,
): { readonly error: EngineError; readonly reason: string } {
  // An aborted fetch may look like a registry that is down, which a policy may choose to tolerate.
  const error = signal.aborted
    ? new UnavailableError("ERR_DEADLINE", `Ran out of time at ${action}`, { cause: thrown })
    : toEngineError(thrown, "Cannot verify attestations");
  return { error, reason: error.code === "ERR_DEADLINE" ? ranOutOfTime(action) : printable(error.message) };
}
