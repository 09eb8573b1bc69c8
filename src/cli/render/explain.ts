/** `verify --explain`: every validation of every signature, in lines of eighty columns. */
import { printable } from "../../encoding/mod.ts";
import { kindOfRefusal, type Refusal } from "../../errors.ts";
import type { ArtifactOutcome, Evidence, ValidationResult, VerificationOutcome } from "../../notary/mod.ts";
import { VALIDATION_ORDER, verdict } from "../../notary/mod.ts";
import type { Palette } from "./colours.ts";
import { wrap } from "./columns.ts";

/** Columns of a line, margins included; only words with a digest jut out. */
export const EXPLANATION_COLUMNS = 80;

/** Columns of a label with its blank: what is left of a line takes a digest whole. */
const LABEL_COLUMNS = 8;

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
    lines.push(...validationLines(type, action, result, palette));
  }
  return [...lines, ...validationLines("targetArtifact", "enforce", outcome.targetArtifact, palette)];
}

function validationLines(
  name: keyof typeof QUESTIONS,
  action: string,
  result: ValidationResult,
  palette: Palette,
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
      return [...lines, ...evidenceLines(result.evidence), ...refusalLines(result.refusal)];
  }
}

function refusalLines(refusal: Refusal): readonly string[] {
  const { code, message, nextStep } = refusal;
  return [
    ...indented(`${code}: ${printable(message)}`),
    ...indented(`Kind: ${kindOfRefusal(refusal)}`),
    ...indented(`Next: ${nextStep}`),
  ];
}

function evidenceLines(evidence: Evidence): readonly string[] {
  return Object.entries(evidence).flatMap(([name, value]) => {
    if (typeof value !== "object") return indented(`${words(name)}: ${printable(String(value))}`, 6);
    const shown = value.slice(0, MAX_EXPLAINED_VALUES).flatMap((one) => indented(`- ${printable(one)}`, 8));
    const more = value.length - MAX_EXPLAINED_VALUES;
    return [...indented(`${words(name)}:`, 6), ...shown, ...(more > 0 ? indented(`- and ${more} more`, 8) : [])];
  });
}

function conclusionLines(outcome: ArtifactOutcome, palette: Palette): readonly string[] {
  const good = outcome.verdict === "verified" || outcome.verdict === "skipped";
  const word = (good ? palette.good : palette.bad)(outcome.verdict);
  const untried = outcome.signatureCount - outcome.outcomes.length;
  const lines = [`${palette.heading("Verdict")}: ${word}`];
  if (untried > 0) {
    const why = good ? "one good signature is enough" : "the limit of signatures to examine was reached";
    lines.push(...block("Others:", `${untried} of ${outcome.signatureCount} signatures not tried: ${why}`));
  }
  // Where signatures were judged, each has said why; where there was none, only the refusal can.
  if (outcome.outcomes.length === 0 && outcome.refusal !== undefined) {
    lines.push(...block("Reason:", printable(outcome.refusal.message)));
  }
  return lines;
}

/** `label` in a column of its own, the text beside it, wrapped. */
function block(label: string, text: string): readonly string[] {
  return wrap(text, EXPLANATION_COLUMNS - LABEL_COLUMNS).map((line, index) =>
    (index === 0 ? label : "").padEnd(LABEL_COLUMNS) + line
  );
}

/** Wrapped lines behind a margin, the second and later ones two columns further in. */
function indented(text: string, margin = 4): readonly string[] {
  return wrap(text, EXPLANATION_COLUMNS - margin - 2).map((line, index) =>
    " ".repeat(index === 0 ? margin : margin + 2) + line
  );
}

/** `authenticTimestamp` → `authentic timestamp`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
