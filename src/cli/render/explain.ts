/** `verify --explain`: every validation of every signature, in lines of eighty columns. */
import { printable } from "../../encoding/mod.ts";
import { kindOfRefusal, type Refusal } from "../../errors.ts";
import type {
  ArtifactOutcome,
  ChainFinding,
  Evidence,
  ValidationResult,
  ValidationType,
  VerificationOutcome,
} from "../../notary/mod.ts";
import { firstRefusal, nearestMiss, VALIDATION_ORDER, verdict } from "../../notary/mod.ts";
import type { Palette } from "./colours.ts";
import { chainLines, findingLines } from "./explain_chain.ts";
import { block, indented, labelled, words } from "./explain_lines.ts";
import { MEANINGS } from "./meanings.ts";

export { EXPLANATION_COLUMNS } from "./explain_lines.ts";

/** Columns of `inconclusive`, the longest result, and two blanks. */
const RESULT_COLUMNS = 14;

/** What each validation asks, for people who do not know the Notary Project's five names. */
const QUESTIONS = {
  integrity: "Does the signature fit the signed bytes, by the key of a well-formed certificate chain?",
  authenticity: "Is a certificate of the signature's chain among the trusted ones?",
  expiry: "Does the signer still stand by the signature?",
  authenticTimestamp: "Are the certificates within their validity?",
  revocation: "Are the certificates free of revocation?",
  targetArtifact: "Is the signed descriptor that of this artifact?",
} as const;

/** Values of one piece of evidence that are printed; the rest is counted. */
export const MAX_EXPLAINED_VALUES = 20;

/**
 * Explains what was found about every signature that was looked at: what was checked, against what, the result, and
 * what to do.
 *
 * @param typed The reference as the user typed it.
 * @returns Lines of at most {@link EXPLANATION_COLUMNS} columns but for long words with a digest, safe to print.
 */
export function renderExplanation(outcome: ArtifactOutcome, typed: string, palette: Palette): string {
  const lines = [
    ...block("Target:", printable(typed)),
    ...block("Digest:", outcome.descriptor.digest),
    ...block("Type:", printable(outcome.descriptor.mediaType)),
    ...askedLines(outcome),
  ];
  outcome.outcomes.forEach((signature, index) => {
    lines.push("", ...signatureLines(signature, `${index + 1} of ${outcome.signatureCount}`, palette));
  });
  lines.push("", ...conclusionLines(outcome, palette));
  return `${lines.join("\n")}\n`;
}

/**
 * Explains what was found about the one signature of a file.
 *
 * @param path The file as the user typed it.
 * @returns As {@link renderExplanation}.
 */
export function renderBlobExplanation(outcome: VerificationOutcome, path: string, palette: Palette): string {
  const conclusion = { verdict: verdict(outcome), outcomes: [outcome], signatureCount: 1, ...refusalOf(outcome) };
  const lines = [
    ...block("Target:", printable(path)),
    "",
    ...signatureLines(outcome, "1 of 1", palette),
    "",
    ...conclusionLines(conclusion, palette),
  ];
  return `${lines.join("\n")}\n`;
}

function refusalOf(outcome: VerificationOutcome): { readonly refusal?: Refusal } {
  const refusal = firstRefusal(outcome);
  return refusal === undefined ? {} : { refusal };
}

/** How a place answered, for people: an empty list is an answer too. */
const ANSWERS = { found: "answered", absent: "nothing there", ignored: "not believed" } as const;

function askedLines({ asked }: ArtifactOutcome): readonly string[] {
  return asked.flatMap(({ way, place, result, reason }) => {
    const why = reason === undefined ? "" : `, ${printable(reason)}`;
    return [...block("Asked:", `${way}: ${ANSWERS[result]}${why}`), ...block("", printable(place))];
  });
}

function signatureLines(outcome: VerificationOutcome, position: string, palette: Palette): readonly string[] {
  const found = verdict(outcome);
  const paint = found === "verified" ? palette.good : palette.bad;
  const lines = [`${palette.heading(`Signature ${position}`)}: ${paint(found)}`];
  if (outcome.signature !== undefined) lines.push(...block("Digest:", outcome.signature.digest));
  const leaf = outcome.certificateChain[0];
  if (leaf !== undefined) {
    lines.push(...block("Signer:", printable(leaf.subject)), ...block("SHA256:", leaf.fingerprint));
  }
  for (const type of VALIDATION_ORDER) {
    const { action, result } = outcome.validations[type];
    lines.push(...validationLines(type, action, result, palette, findingsOf(outcome, type)));
  }
  lines.push(...validationLines("targetArtifact", "enforce", outcome.targetArtifact, palette));
  if (outcome.chain !== undefined) {
    lines.push(...chainLines("The certificates that came with the signature", outcome.chain, palette));
  }
  if (outcome.timestampChain !== undefined) {
    lines.push(...chainLines("The certificates of its timestamp", outcome.timestampChain, palette));
  }
  return lines;
}

/** What the chain doctor found, where it is about this validation. */
function findingsOf(outcome: VerificationOutcome, type: ValidationType): readonly ChainFinding[] {
  const { chain, timestampChain, validations } = outcome;
  const { result } = validations[type];
  switch ("refusal" in result ? result.refusal.code : undefined) {
    case "CERTIFICATE_CHAIN_INVALID":
    case "SIGNER_NOT_TRUSTED":
      return chain?.findings ?? [];
    case "SIGNATURE_MISMATCH":
      return [nearestMiss(outcome) ?? []].flat();
    case "TIMESTAMP_AUTHORITY_NOT_TRUSTED":
      return timestampChain?.findings ?? [];
    default:
      return [];
  }
}

function validationLines(
  name: keyof typeof QUESTIONS,
  action: string,
  result: ValidationResult,
  palette: Palette,
  findings: readonly ChainFinding[] = [],
): readonly string[] {
  const paint = { passed: palette.good, failed: palette.bad, inconclusive: palette.bad, skipped: palette.title };
  const mark = paint[result.status](result.status.padEnd(RESULT_COLUMNS));
  const lines = ["", `  ${mark}${palette.heading(words(name))} (${action})`, ...indented(QUESTIONS[name])];
  switch (result.status) {
    case "skipped":
      return [...lines, ...indented(`Not judged: ${printable(result.reason)}`)];
    case "passed":
      return [...lines, ...evidenceLines(result.evidence)];
    default:
      return [...lines, ...refusalLines(result.refusal, findings), ...evidenceLines(result.evidence)];
  }
}

/** What happened, why that matters or what comes near, and what to do. */
function refusalLines(refusal: Refusal, findings: readonly ChainFinding[]): readonly string[] {
  const { code, message, nextStep } = refusal;
  const meaning = MEANINGS[code];
  const why = meaning === undefined ? [] : labelled("Why:", meaning);
  return [
    ...labelled("What:", printable(message)),
    ...(findings.length > 0 ? findingLines(findings) : [...why, ...labelled("Next:", nextStep)]),
    ...labelled("Code:", `${code} (${kindOfRefusal(refusal)})`),
  ];
}

function evidenceLines(evidence: Evidence): readonly string[] {
  return Object.entries(evidence).filter(([name]) => !UNTOLD.includes(name)).flatMap(([name, value]) => {
    if (typeof value !== "object") return indented(`${labelOf(name)}: ${printable(String(value))}`, 6);
    const shown = value.slice(0, MAX_EXPLAINED_VALUES).flatMap((one) => indented(`- ${printable(one)}`, 8));
    const more = value.length - MAX_EXPLAINED_VALUES;
    return [...indented(`${labelOf(name)}:`, 6), ...shown, ...(more > 0 ? indented(`- and ${more} more`, 8) : [])];
  });
}

/** Needed to say an instant as the signer wrote it; the instant itself is told. */
const UNTOLD: readonly string[] = ["offsetMinutes"];

/** The reference's sentence goes by the name people know it by. */
function labelOf(name: string): string {
  return name.startsWith("reference") ? "notation says" : words(name);
}

/** What is told of a verification beside its signatures. */
type Conclusion = Pick<ArtifactOutcome, "verdict" | "outcomes" | "signatureCount" | "refusal" | "limit">;

function conclusionLines(outcome: Conclusion, palette: Palette): readonly string[] {
  const good = outcome.verdict === "verified" || outcome.verdict === "skipped";
  const word = (good ? palette.good : palette.bad)(outcome.verdict);
  const untried = outcome.signatureCount - outcome.outcomes.length;
  const lines = [`${palette.heading("Verdict")}: ${word}`];
  if (untried > 0) {
    lines.push(
      ...block("Others:", `${untried} of ${outcome.signatureCount} signatures not tried: ${untriedBecause(outcome)}`),
    );
  }
  const { refusal } = outcome;
  if (good || refusal === undefined) return lines;
  const decisive = outcome.outcomes.findIndex((signature) => firstRefusal(signature)?.code === refusal.code);
  const nearest = nearestMissOf(outcome.outcomes[decisive]);
  return [
    ...lines,
    ...block("Reason:", `${refusal.code}: ${reasonOf(outcome, refusal, decisive)}`),
    ...(outcome.outcomes.length === 0 ? meaningLines(refusal) : []),
    ...block("Next:", nearest?.nextStep ?? refusal.nextStep),
    ...block("More:", `docs/refusals.md#${refusal.code.toLowerCase()}`),
  ];
}

/** Where signatures were judged, each has said why; where there was none, only the refusal can. */
function reasonOf({ outcomes }: Conclusion, { code, message }: Refusal, decisive: number): string {
  const signature = outcomes[decisive];
  if (outcomes.length === 0) return printable(message);
  if (signature === undefined) return "none of the signatures above is good, and there are more";
  const type = VALIDATION_ORDER.find((candidate) => {
    const { action, result } = signature.validations[candidate];
    return action === "enforce" && "refusal" in result && result.refusal.code === code;
  });
  return `${words(type ?? "targetArtifact")} of signature ${decisive + 1}, see above`;
}

function nearestMissOf(signature: VerificationOutcome | undefined): ChainFinding | undefined {
  return signature && nearestMiss(signature);
}

function meaningLines({ code }: Refusal): readonly string[] {
  const meaning = MEANINGS[code];
  return meaning === undefined ? [] : block("Why:", meaning);
}

function untriedBecause({ verdict, limit, outcomes }: Conclusion): string {
  if (verdict === "verified") return "one good signature is enough";
  if (limit !== undefined) return `--max-signatures is ${limit}`;
  const last = outcomes.at(-1);
  const code = last && firstRefusal(last)?.code;
  if (code === "ERR_REQUEST_BUDGET") return "all requests were made";
  return code === "ERR_DEADLINE" ? "the time was over" : "they were not asked for";
}
