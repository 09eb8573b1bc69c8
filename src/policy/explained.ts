/**
 * Denials that say of each image what was found, whether trying again helps, and what to do: for people, in 80 columns.
 */
import { printable } from "../encoding/mod.ts";
import { kindOfRefusal, type Refusal } from "../errors.ts";
import { firstRefusal, nearestMiss, VALIDATION_ORDER, type VerificationOutcome } from "../notary/mod.ts";
import type { ImageResponse, RuleResponse } from "./policy.ts";

/** Columns of a line, where a word is not longer than that. */
export const EXPLAINED_WIDTH = 80;

/** Characters after which images are named with their code alone. */
export const MAX_EXPLAINED_CHARACTERS = 16_384;

/** Characters after which images are only counted: an answer has to fit into logs and terminals. */
export const MAX_DENIAL_CHARACTERS = 32_768;

/** Signatures of one image that are explained. */
export const MAX_EXPLAINED_SIGNATURES = 5;

/** Characters kept of one sentence. */
export const MAX_EXPLAINED_SENTENCE = 1_200;

/** Where every code is explained, beside this package's other pages. */
const PAGE = "docs/refusals.md";

/** Columns of a label and the space behind it. */
const LABEL = 12;

/** Digits of a fingerprint that tell one certificate from another of the same name. */
const SHOWN_DIGITS = 16;

/** One failing image or rule. */
interface Block {
  readonly title: string;
  readonly full: string;
  readonly short: string;
}

/**
 * What failed, rule by rule and image by image in their order.
 *
 * @param responses Of every rule that has something to say, in the order they are to be shown.
 * @returns Lines of printable text, the last one ended; bounded by {@link MAX_DENIAL_CHARACTERS}.
 */
export function explainFailures(responses: readonly RuleResponse[]): string {
  const blocks = responses.flatMap(blocksOf);
  let text = "";
  let title = "";
  for (const [index, block] of blocks.entries()) {
    const gap = index === 0 ? "" : "\n";
    const heading = block.title === title ? gap : `${gap}${block.title}\n`;
    const body = text.length + block.full.length <= MAX_EXPLAINED_CHARACTERS ? block.full : block.short;
    const left = blocks.length - index;
    if (text.length + heading.length + body.length > MAX_DENIAL_CHARACTERS) return `${text}… and ${left} more\n`;
    text += heading + body;
    title = block.title;
  }
  return text;
}

function blocksOf(response: RuleResponse): readonly Block[] {
  const { policy, policyNamespace, rule, extensions = [], images, whole } = response;
  const name = printable(policyNamespace === "" ? policy : `${policyNamespace}/${policy}`);
  const trust = extensions.length === 0 ? "" : ` (${printable(extensions.join(", "), MAX_EXPLAINED_SENTENCE)})`;
  const title = wrap(`policy ${name}, rule ${printable(rule)}${trust}:`, 2);
  if (whole?.status === "error") {
    const lines = [...field("why", sentence(whole.message)), ...explainRefusal(whole.refusal)];
    return [{
      title,
      full: `  the rule itself\n${lines.join("\n")}\n`,
      short: `  the rule itself ${codeOf(whole.refusal)}\n`,
    }];
  }
  return images.filter(({ status }) => status === "fail" || status === "error").map((image) => ({
    title,
    full: `  ${printable(image.image)}\n${explainImage(image).join("\n")}\n`,
    short: `  ${printable(image.image)} ${codeOf(image.refusal)}\n`,
  }));
}

const codeOf = (refusal: Refusal | undefined): string =>
  refusal === undefined ? "" : `${refusal.code}; ${kindOfRefusal(refusal)}`;

function explainImage({ pointer, container, message, refusal, outcomes }: ImageResponse): readonly string[] {
  const named = container === "" ? "" : ` of "${printable(container)}"`;
  const signatures = oneEach(outcomes.flatMap((artifact) => artifact.outcomes));
  const count = Math.max(signatures.length, ...outcomes.map(({ signatureCount }) => signatureCount));
  const shown = signatures.slice(0, MAX_EXPLAINED_SIGNATURES);
  // What a signature was refused for stands beside it.
  const isSaid = shown.some((outcome) => firstRefusal(outcome)?.code === refusal?.code);
  return [
    ...field("at", `${printable(formatPlace(pointer))}${named}`),
    ...(isSaid ? [] : field("why", sentence(refusal?.message ?? message))),
    ...(outcomes.length === 0 ? [] : field("signatures", count === 0 ? "none found" : `${count} found`)),
    ...shown.flatMap(explainSignature),
    ...(signatures.length > shown.length ? field("", `… and ${signatures.length - shown.length} more`) : []),
    ...explainRefusal(refusal),
  ];
}

/** `/spec/containers/0/image` is `spec.containers[0].image`. */
function formatPlace(pointer: string): string {
  return pointer.split("/").slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((path, part) => /^\d+$/.test(part) ? `${path}[${part}]` : path === "" ? part : `${path}.${part}`, "");
}

/** Of a signature that several attestors looked at, what the first said who trusts its signer; else the first. */
function oneEach(outcomes: readonly VerificationOutcome[]): readonly VerificationOutcome[] {
  const bySignature = new Map<unknown, VerificationOutcome>();
  for (const outcome of outcomes) {
    const key = outcome.signature?.digest ?? outcome;
    const known = bySignature.get(key);
    if (known === undefined || (!isTrusted(known) && isTrusted(outcome))) bySignature.set(key, outcome);
  }
  return [...bySignature.values()];
}

const isTrusted = ({ validations }: VerificationOutcome): boolean =>
  validations.authenticity.result.status === "passed";

function explainSignature(outcome: VerificationOutcome): readonly string[] {
  const { signature, certificateChain: [signer], validations, targetArtifact } = outcome;
  const proven = validations.integrity.result.status === "passed";
  const enforced = VALIDATION_ORDER.filter((type) => validations[type].action === "enforce")
    .map((type) => [type, validations[type].result] as const);
  const refused = [...enforced, ["artifact", targetArtifact] as const].flatMap(([type, result]) =>
    "refusal" in result ? [`${type}, ${result.status}: ${sentence(result.refusal.message)}`] : []
  );
  const nearest = nearestMiss(outcome);
  return [
    `    ${signature?.digest ?? "an envelope"}`,
    // Who signed is known of what is proven; the rest is only what an envelope says.
    ...(signer === undefined ? [] : field(
      proven ? "  by" : "  claims",
      `"${printable(signer.subject, 400)}" (SHA-256 ${signer.fingerprint.slice(0, SHOWN_DIGITS)}…)`,
    )),
    ...(refused.length === 0 ? field("", "verified") : refused.flatMap((one) => field("  refused", one))),
    ...(nearest === undefined ? [] : field("  nearest", `${sentence(nearest.message)}; ${nearest.nextStep}`)),
  ];
}

function explainRefusal(refusal: Refusal | undefined): readonly string[] {
  if (refusal === undefined) return [];
  return [
    ...field("answer", `${refusal.code}, ${kindOfRefusal(refusal)}`),
    ...field("next", refusal.nextStep),
    ...field("help", `${PAGE}#${refusal.code.toLowerCase()}`),
  ];
}

/** One line of text, whatever lines the sentence has. */
const sentence = (text: string): string => printable(text.replaceAll("\n", "; "), MAX_EXPLAINED_SENTENCE);

function field(label: string, text: string): readonly string[] {
  return wrap(`    ${label.padEnd(LABEL)}${text}`, 4 + LABEL).split("\n");
}

/** Broken at spaces; a word that is longer than a line stands alone. */
function wrap(text: string, indent: number): string {
  const margin = /^ */.exec(text)?.[0] ?? "";
  const lines: string[] = [];
  let line = margin;
  for (const word of text.slice(margin.length).split(/(?<! ) (?! )/)) {
    const next = line.trim() === "" ? line + word : `${line} ${word}`;
    if (next.length > EXPLAINED_WIDTH && line.trim() !== "") {
      lines.push(line);
      line = " ".repeat(indent) + word;
    } else line = next;
  }
  return [...lines, line].join("\n");
}
