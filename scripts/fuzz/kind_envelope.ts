/** Signature envelopes: changed, and judged by the engine and by a second reading. */
import {
  decodeEnvelope,
  firstRefusal,
  inspectEnvelope,
  STRICT,
  type Trust,
  verdict,
  type VerificationOutcome,
  verifyEnvelopeBytes,
} from "../../src/notary/mod.ts";
import { readCertificate } from "../../src/x509/mod.ts";
import { readCborTree } from "./cbor_tree.ts";
import { token } from "./corpus.ts";
import { tsaRoot } from "./corpus_certificates.ts";
import {
  ENVELOPES,
  type EnvelopeSeed,
  type EnvelopeTree,
  resignCose,
  resignJws,
  signatureOf,
  withTimestamp,
} from "./corpus_envelopes.ts";
import { changedBytes } from "./der_mutations.ts";
import type { DerTree } from "./der_tree.ts";
import { changeEnvelope } from "./envelope_changes.ts";
import { envelopeFault, timestampOf } from "./envelope_oracle.ts";
import { writeJson } from "./json_tree.ts";
import { namedKey, signQuickly } from "./keys.ts";
import {
  crypto,
  type Judgement,
  judgement,
  type MakeMutant,
  refusalFault,
  refusedBy,
  type Resigned,
  signaturesAsked,
} from "./kinds.ts";
import { tokenFault } from "./kind_token.ts";

function bytesOf(envelope: EnvelopeTree): Uint8Array {
  return envelope.mediaType === "application/cose"
    ? envelope.tree.bytes
    : new TextEncoder().encode(writeJson(envelope.tree));
}

/** Signs an envelope again; `undefined` where its parts are not where they belong. */
function resign(
  envelope: EnvelopeTree,
  { key, isTimestamped }: EnvelopeSeed,
  wanted: Resigned,
): EnvelopeTree | undefined {
  if (wanted === "no" || key === undefined) return undefined;
  const by = wanted === "right key" ? key : namedKey("stranger");
  const signed = envelope.mediaType === "application/cose"
    ? resignCose(envelope.tree, by, signQuickly)
    : resignJws(envelope.tree, by, signQuickly);
  if (signed === undefined) return undefined;
  const resigned = { ...envelope, tree: signed } as EnvelopeTree;
  return isTimestamped ? withTimestamp(resigned, token(signatureOf(resigned), {}, signQuickly).bytes) : resigned;
}

/** Those with a timestamp less often than the others: reading one takes as long as all the rest. */
const WEIGHTED = ENVELOPES.map((seed) => [seed.isTimestamped ? 0.4 : 1, seed] as const);

/** One changed envelope. */
export const makeEnvelopeMutant: MakeMutant = ({ random, steps }) => {
  const seed = random.weighted(WEIGHTED);
  const asBytes = random.chance(0.06);
  const isShown = random.chance(0.25);
  const wanted = random.weighted<Resigned>([[55, "no"], [35, "right key"], [10, "other key"]]);
  if (asBytes) {
    const bytes = steps.reduce((changed, step) => changedBytes(changed, step), bytesOf(seed.envelope));
    return {
      original: seed.name,
      resigned: "no",
      inputs: [bytes],
      judge: () => judgeEnvelope(bytes, seed, "no", seed.token, isShown),
    };
  }
  const changed = steps.reduce((envelope, step) => changeEnvelope(envelope, step, seed.isTimestamped), seed.envelope);
  const again = resign(changed, seed, wanted);
  const resigned = again === undefined ? "no" : wanted;
  const bytes = bytesOf(again ?? changed);
  return {
    original: seed.name,
    resigned,
    inputs: [bytes],
    judge: () => judgeEnvelope(bytes, seed, resigned, again === undefined ? seed.token : undefined, isShown),
  };
};

const TSA = [readCertificate(tsaRoot.der)];

function trustOf({ chain, scheme, isTimestamped }: EnvelopeSeed): Trust {
  const anchors = [readCertificate(chain[chain.length - 1] as Uint8Array)];
  return {
    name: "fuzz",
    level: STRICT,
    trustAnchors: {
      ca: scheme === "notary.x509" ? anchors : [],
      signingAuthority: scheme === "notary.x509" ? [] : anchors,
      ...(isTimestamped ? { tsa: TSA } : {}),
    },
  };
}

/** Refusals by which the signature of an envelope has not been found good. */
const BEFORE_CHAIN: readonly string[] = [
  "SIGNATURE_MISMATCH",
  "SIGNATURE_ALGORITHM_MISMATCH",
  "CERTIFICATE_CHAIN_EMPTY",
];

async function judgeEnvelope(
  bytes: Uint8Array,
  seed: EnvelopeSeed,
  resigned: Resigned,
  original: DerTree | undefined,
  isShown: boolean,
): Promise<Judgement> {
  const { mediaType } = seed.envelope;
  const outer = mediaType === "application/cose" ? readCborTree(bytes) !== undefined : isJson(bytes);
  const before = signaturesAsked();
  const outcome = await verifyEnvelopeBytes({ mediaType, bytes }, seed.artifact, trustOf(seed), {
    crypto,
    now: () => seed.at,
  });
  const signature = signaturesAsked() > before;
  const accepted = verdict(outcome) === "verified";
  const refused = firstRefusal(outcome);
  const inspection = await inspect(mediaType, bytes, isShown);
  const fault = outcomeFault(outcome) ?? inspection.fault ??
    (accepted
      ? envelopeFault(bytes, seed, resigned === "right key") ?? timestampFault(bytes, seed, original, outcome)
      : undefined);
  const chain = signature && inspection.inner && !BEFORE_CHAIN.includes(refused?.code ?? "");
  return judgement(
    { outer, inner: inspection.inner, signature, chain, accepted },
    refused?.code ?? verdict(outcome),
    fault,
  );
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}

/** Decodes the envelope, and shows some as `inspect` does: what cannot be shown is refused, nothing else is thrown. */
async function inspect(
  mediaType: string,
  bytes: Uint8Array,
  isShown: boolean,
): Promise<{ readonly inner: boolean; readonly fault?: string }> {
  let inner = false;
  try {
    const envelope = decodeEnvelope({ mediaType, bytes });
    inner = true;
    if (isShown) await inspectEnvelope(envelope, crypto);
    return { inner };
  } catch (error) {
    const { fault } = refusedBy(error);
    return { inner, ...(fault === undefined ? {} : { fault }) };
  }
}

function outcomeFault({ validations, targetArtifact }: VerificationOutcome): string | undefined {
  for (const result of [...Object.values(validations).map((validation) => validation.result), targetArtifact]) {
    const fault = "refusal" in result ? refusalFault(result.refusal) : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** @param original The token as it was; `undefined` when the envelope got a new one. */
function timestampFault(
  bytes: Uint8Array,
  seed: EnvelopeSeed,
  original: DerTree | undefined,
  { validations: { authenticTimestamp: { result } } }: VerificationOutcome,
): string | undefined {
  if (!seed.isTimestamped) return undefined;
  const { timestamp, signature } = timestampOf(bytes, seed);
  const instant = result.status === "passed" ? String(result.evidence["instant"]) : "";
  if (timestamp === undefined) return "verified, although only a timestamp could save it";
  const known = original ?? seed.token as DerTree;
  return tokenFault(timestamp, signature, original === undefined ? "right key" : "no", known, new Date(instant));
}
