/** CRLs: changed, and judged by the engine and by a second reading (RFC 5280, sections 5 and 6.3). */
import {
  createRevocationChecker,
  decodeCrl,
  judgeCrl,
  type RevocationAnswer,
  type RevocationChecker,
} from "../../src/revocation/mod.ts";
import { CRLS, type CrlSeed } from "./corpus.ts";
import { intermediate, NOW } from "./corpus_certificates.ts";
import { changedBytes } from "./der_mutations.ts";
import { at, type DerTree, isWellFormed, readTree } from "./der_tree.ts";
import { namedKey, signQuickly } from "./keys.ts";
import {
  crypto,
  type Judgement,
  judgement,
  type MakeMutant,
  refusedBy,
  type Resigned,
  signaturesAsked,
} from "./kinds.ts";
import { resignList } from "./resign.ts";
import {
  changeWithin,
  fits,
  hex,
  instantOf,
  ISSUER,
  RESIGNED,
  REVOKED,
  UNREVOKED,
  wordOf,
} from "./revocation_reading.ts";

/** One changed CRL, alone or with its delta. */
export const makeCrlMutant: MakeMutant = ({ random, steps }) => {
  const number = random.below(CRLS.length);
  const seed = CRLS[number] as CrlSeed;
  const ofDelta = seed.delta !== undefined && random.chance(0.5);
  const tree = ofDelta ? seed.delta : seed.base;
  const asBytes = random.chance(0.08);
  const wanted = random.weighted<Resigned>(RESIGNED);
  const changed = asBytes
    ? steps.reduce((bytes, step) => changedBytes(bytes, step), tree.bytes)
    : steps.reduce(changeWithin([0]), tree);
  const key = wanted === "right key" ? seed.key : namedKey("stranger");
  const signed = changed instanceof Uint8Array || wanted === "no" ? undefined : resignList(changed, key, signQuickly);
  const bytes = signed?.bytes ?? (changed instanceof Uint8Array ? changed : changed.bytes);
  const resigned = signed === undefined ? "no" : wanted;
  return {
    original: `${ofDelta ? "delta of CRL" : "CRL"} ${number}`,
    resigned,
    inputs: [bytes],
    judge: () => judgeCrlMutant(bytes, seed, ofDelta, resigned),
  };
};

async function judgeCrlMutant(
  bytes: Uint8Array,
  seed: CrlSeed,
  ofDelta: boolean,
  resigned: Resigned,
): Promise<Judgement> {
  const outer = isWellFormed(bytes);
  const before = signaturesAsked();
  const [base, delta] = ofDelta ? [seed.base.bytes, bytes] : [bytes, seed.delta?.bytes];
  let answers: readonly RevocationAnswer[];
  try {
    const crl = decodeCrl(bytes);
    answers = seed === CRLS[0] || seed === CRLS[1]
      ? await Promise.all(
        [REVOKED, UNREVOKED].map((certificate) => judgeCrl(crl, { certificate, issuer: ISSUER, at: NOW }, crypto)),
      )
      : await askChecker(base, delta);
  } catch (error) {
    const { outcome, fault } = refusedBy(error);
    return judgement({ outer, inner: false, signature: false, chain: false, accepted: false }, outcome, fault);
  }
  const signature = signaturesAsked() > before;
  const [ofRevoked, ofUnrevoked] = answers;
  const told = answers.some(({ status }) => status !== "unknown");
  const fault = !told ? undefined : crlFault([base, delta], resigned, ofRevoked, ofUnrevoked);
  return judgement(
    { outer, inner: true, signature, chain: told, accepted: ofUnrevoked?.status === "ok" },
    `${wordOf(ofRevoked)}, ${wordOf(ofUnrevoked)}`,
    fault,
  );
}

/** Asks as verification does, of a network on which both CRLs lie. */
async function askChecker(base: Uint8Array, delta: Uint8Array | undefined): Promise<readonly RevocationAnswer[]> {
  const checker: RevocationChecker = createRevocationChecker({
    crypto,
    now: () => NOW,
    fetch: (url) => Promise.resolve(new Response((url.endsWith("d.crl") ? delta : base) as BodyInit | undefined)),
    sleep: (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true })),
  });
  const asked = await Promise.all([REVOKED, UNREVOKED].map((certificate) => checker.check([certificate, ISSUER])));
  return asked.map(([found]) =>
    found?.answer ?? found?.asked.at(-1)?.answer ?? { status: "unknown", problem: "not-asked", message: "" }
  );
}

/** Identifier of freshestCRL, DER in hex. */
const FRESHEST_CRL = "0603551d2e";

/** What was signed by those who may: a splice may put one CRL in the place of another. */
const KNOWN_SIGNED: ReadonlySet<string> = new Set(
  CRLS.flatMap(({ base, delta }) => [base, delta]).map((list) => hex(at(list, 0)?.bytes)),
);

/** Why an answer of CRLs should not have been given. */
function crlFault(
  inputs: readonly (Uint8Array | undefined)[],
  resigned: Resigned,
  ofRevoked: RevocationAnswer | undefined,
  ofUnrevoked: RevocationAnswer | undefined,
): string | undefined {
  const [base, delta] = inputs.map((bytes) => bytes === undefined ? undefined : readTree(bytes));
  // Without the extension that names it nobody asks for the delta.
  const lists = [base, ...(delta !== undefined && hex(at(base, 0)?.bytes).includes(FRESHEST_CRL) ? [delta] : [])];
  const saysOk = [ofRevoked, ofUnrevoked].some((answer) => answer?.status === "ok");
  // Good news needs all of them; that a certificate is revoked may be said by one.
  const rest = (holds: (list: DerTree | undefined) => boolean) => saysOk ? lists.every(holds) : lists.some(holds);
  if (!rest((list) => fits(list, intermediate))) {
    return "answered, although node:crypto says that the signature does not fit";
  }
  if (resigned !== "right key") {
    if (!rest((list) => KNOWN_SIGNED.has(hex(at(list, 0)?.bytes)))) {
      return "believed, although it was changed and not signed again";
    }
    const isRight = ofRevoked?.status !== "ok" && ofUnrevoked?.status !== "revoked";
    return isRight ? undefined : "answered otherwise than what was signed says";
  }
  if ([ofRevoked, ofUnrevoked].every((answer) => answer?.status !== "ok")) return undefined;
  const [from, until] = timesOf(base);
  if (!(from <= NOW.getTime() + 60_000 && until > NOW.getTime())) return "said ok, although the CRL is not of now";
  if (ofRevoked?.status !== "ok") return undefined;
  const inBase = entriesOf(base, "31").filter((reason) => reason !== HOLD);
  const last = entriesOf(lists[1], "31").at(-1);
  if (inBase.length > 0) return "said ok, although the complete CRL lists the certificate for good";
  if (last !== undefined && last !== REMOVED) return "said ok, although the delta lists the certificate";
  return undefined;
}

const [HOLD, REMOVED] = ["06", "08"];

/** The reasons in the entries of a number, hex; "" where none is given. */
function entriesOf(list: DerTree | undefined, serialNumber: string): readonly string[] {
  const fields = at(list, 0)?.children ?? [];
  const entries = fields.slice(4).find(({ tag }) => tag === 0x30)?.children ?? [];
  return entries.filter((entry) => hex(at(entry, 0)?.content) === serialNumber).map((entry) => {
    const reason = at(entry, 2)?.children?.find((extension) => hex(at(extension, 0)?.content) === "551d15");
    return hex(reason?.children?.at(-1)?.content.subarray(2));
  });
}

function timesOf(list: DerTree | undefined): readonly [number, number] {
  const [from = NaN, until = NaN] = (at(list, 0)?.children ?? []).slice(3, 5).map(instantOf);
  return [from, until];
}
