/** OCSP responses: changed, and judged by the engine and by a second reading (RFC 6960). */
import { judgeOcspResponse, type RevocationAnswer } from "../../src/revocation/mod.ts";
import { OCSP_RESPONSES, type OcspSeed } from "./corpus.ts";
import { intermediate, NOW, responder, revoked } from "./corpus_certificates.ts";
import { changedBytes } from "./der_mutations.ts";
import { at, isWellFormed, readTree } from "./der_tree.ts";
import { namedKey, signQuickly } from "./keys.ts";
import { crypto, type Judgement, judgement, type MakeMutant, type Resigned, signaturesAsked } from "./kinds.ts";
import { BASIC_RESPONSE, resignOcsp } from "./resign.ts";
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

/** What was signed by those who may: a splice may put one response in the place of another. */
const KNOWN_SIGNED: ReadonlySet<string> = new Set(
  OCSP_RESPONSES.map(({ response }) => hex(at(response, ...BASIC_RESPONSE, 0)?.bytes)),
);

/** One changed OCSP response. */
export const makeOcspMutant: MakeMutant = ({ random, steps }) => {
  const number = random.below(OCSP_RESPONSES.length);
  const seed = OCSP_RESPONSES[number] as OcspSeed;
  const asBytes = random.chance(0.08);
  const wanted = random.weighted<Resigned>(RESIGNED);
  const key = wanted === "right key" ? seed.key : namedKey("stranger");
  const changed = asBytes
    ? steps.reduce((bytes, step) => changedBytes(bytes, step), seed.response.bytes)
    : steps.reduce(changeWithin([...BASIC_RESPONSE, 0]), seed.response);
  const signed = changed instanceof Uint8Array || wanted === "no" ? undefined : resignOcsp(changed, key, signQuickly);
  const bytes = signed?.bytes ?? (changed instanceof Uint8Array ? changed : changed.bytes);
  const resigned = signed === undefined ? "no" : wanted;
  return {
    original: `OCSP response ${number}`,
    resigned,
    inputs: [bytes],
    judge: () => judgeOcspMutant(bytes, seed, resigned),
  };
};

async function judgeOcspMutant(bytes: Uint8Array, seed: OcspSeed, resigned: Resigned): Promise<Judgement> {
  const outer = isWellFormed(bytes);
  const before = signaturesAsked();
  const certificate = seed.certificate === revoked ? REVOKED : UNREVOKED;
  const { answer } = await judgeOcspResponse(
    bytes,
    { certificate, issuer: ISSUER, at: NOW, ...(seed.nonce === undefined ? {} : { nonce: seed.nonce }) },
    crypto,
  );
  const problem = answer.status === "unknown" ? answer.problem : undefined;
  const inner = problem !== "malformed" && problem !== "too-large";
  const signature = signaturesAsked() > before;
  const chain = inner && signature && problem !== "signature" && problem !== "responder-not-authorized";
  const fault = problem === undefined ? ocspFault(bytes, seed, resigned, answer) : undefined;
  return judgement({ outer, inner, signature, chain, accepted: answer.status === "ok" }, wordOf(answer), fault);
}

/** Why an answer of an OCSP response should not have been given. */
function ocspFault(
  bytes: Uint8Array,
  seed: OcspSeed,
  resigned: Resigned,
  answer: RevocationAnswer,
): string | undefined {
  const basic = at(readTree(bytes), ...BASIC_RESPONSE);
  const data = at(basic, 0);
  const delegated = hex(at(basic, 3)?.bytes).includes(hex(responder.der)) && fits(basic, responder);
  if (!delegated && !fits(basic, intermediate)) {
    return "answered, although node:crypto says that the signature does not fit";
  }
  if (resigned !== "right key") {
    if (!KNOWN_SIGNED.has(hex(data?.bytes))) return "answered, although it was changed and not signed again";
    const right = seed.certificate === revoked ? "revoked" : "ok";
    return answer.status === right ? undefined : "answered otherwise than what was signed says";
  }
  if (answer.status !== "ok") return undefined;
  const lists = data?.children?.find(({ tag }) => tag === 0x30)?.children ?? [];
  const original = at(seed.response, ...BASIC_RESPONSE, 0)?.children?.find(({ tag }) => tag === 0x30);
  const serialNumber = hex(at(original, 0, 0, 3)?.content);
  const own = lists.filter((one) => hex(at(one, 0, 3)?.content) === serialNumber);
  if (!own.some((one) => at(one, 1)?.tag === 0x80)) return "said ok, although no status says good of this number";
  const names = new Set([at(original, 0, 0, 2), at(original, 0, 0, 1)].map((name) => hex(name?.content)));
  if (own.some((one) => at(one, 1)?.tag === 0xa1 && names.has(hex(at(one, 0, 2)?.content)))) {
    return "said ok, although a status says revoked of this certificate";
  }
  const current = own.some((one) => {
    const [from, until] = [at(one, 2), at(one, 3, 0)];
    return from !== undefined && until !== undefined && instantOf(from) <= NOW.getTime() + 60_000 &&
      instantOf(until) > NOW.getTime();
  });
  return current ? undefined : "said ok, although the status is not of now";
}
