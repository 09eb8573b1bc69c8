/** The verdict and the five validations behind it, each with its reason and the next step. */
import { kindOfRefusal, type Refusal } from "../errors.ts";
import {
  type Evidence,
  firstRefusal,
  type ValidationResult,
  type ValidationType,
  type Verdict,
  type VerificationOutcome,
} from "../notary/mod.ts";
import { panel } from "./claims.ts";
import { element } from "./dom.ts";
import { count, formatInstant, shown } from "./text.ts";

/** What it means that a validation passed, from what it found. */
const FOUND: Readonly<Record<ValidationType, (evidence: Evidence) => string>> = {
  integrity: () => "The signature fits the signed bytes.",
  authenticity: ({ anchor }) => `A certificate you gave stands behind it: ${shown(String(anchor))}.`,
  authenticTimestamp: ({ basis, instant }) =>
    basis === "authentic signing time"
      ? `All of its certificates were valid at ${formatInstant(new Date(String(instant)))}, ` +
        "when its signing authority says it was made."
      : "All of its certificates are valid now.",
  expiry: ({ expiry }) => {
    const instant = new Date(String(expiry));
    return Number.isNaN(instant.getTime())
      ? "Its signer set no expiry."
      : `It is good until ${formatInstant(instant)}.`;
  },
  revocation: ({ status }) =>
    status === "nonRevokable"
      ? "Its certificates name no place to ask whether they are revoked."
      : "None of its certificates is revoked.",
};

const NAMES: Readonly<Record<ValidationType, string>> = {
  integrity: "Integrity",
  authenticity: "Authenticity",
  authenticTimestamp: "Authentic timestamp",
  expiry: "Expiry",
  revocation: "Revocation",
};

/** The sign before a status: shape and word tell it apart, colour only repeats it. */
const SIGNS: Readonly<Record<ValidationResult["status"], string>> = {
  passed: "✓",
  failed: "✕",
  inconclusive: "?",
  skipped: "–",
};

/**
 * Draws the verdict.
 *
 * @param anchors How many trusted certificates were given: without one, nothing was asked of trust yet.
 */
export function drawVerdict(outcome: VerificationOutcome, verdict: Verdict, anchors: number): HTMLElement {
  const intact = outcome.validations.integrity.result.status === "passed";
  const signer = outcome.certificateChain[0]?.subject;
  if (verdict === "verified") {
    return banner(
      "verified",
      "✓",
      "Verified",
      `Signed by ${shown(signer ?? "")}, whom you trust by the certificate you gave.`,
    );
  }
  if (anchors === 0 && intact) {
    return banner(
      "open",
      "?",
      "Not verified yet",
      "Its bytes are intact. Add the certificate you trust to learn whose they are.",
    );
  }
  const why = firstRefusal(outcome);
  const tone = verdict === "inconclusive" ? "open" : "refused";
  const title = verdict === "inconclusive" ? "Could not tell" : "Not trusted";
  return banner(
    tone,
    verdict === "inconclusive" ? "?" : "✕",
    title,
    shown(why?.message ?? "No validation was asked for"),
  );
}

/** Draws what was dropped and cannot be read as an envelope. */
export function drawUnreadable(why: Refusal): HTMLElement {
  return element(
    "div",
    { class: "unreadable" },
    banner("refused", "✕", "Not a valid signature envelope", shown(why.message)),
    element("p", { class: "aside" }, nextStep(why)),
  );
}

/** Draws the five validations, in the Notary Project's order. */
export function drawValidations({ validations }: VerificationOutcome): HTMLElement {
  const types = Object.keys(NAMES) as ValidationType[];
  const passed = types.filter((type) => validations[type].result.status === "passed").length;
  return panel("Validations", [
    element("p", { class: "aside" }, `${passed} of ${count(types.length, "validation")} passed.`),
    element("ol", { class: "validations" }, ...types.map((type) => drawValidation(type, validations[type].result))),
  ]);
}

function drawValidation(type: ValidationType, result: ValidationResult): HTMLElement {
  const { status } = result;
  const refusal = status === "failed" || status === "inconclusive" ? result.refusal : undefined;
  return element(
    "li",
    { class: status, "data-validation": type, "data-status": status },
    element("span", { class: "sign", "aria-hidden": "true" }, SIGNS[status]),
    element(
      "div",
      {},
      element("p", { class: "name" }, NAMES[type], element("span", { class: "status" }, status)),
      element("p", { class: "message" }, refusal === undefined ? explanation(type, result) : shown(refusal.message)),
      refusal === undefined ? undefined : element("p", { class: "next" }, nextStep(refusal)),
    ),
  );
}

function explanation(type: ValidationType, result: ValidationResult): string {
  if (result.status === "skipped") return `Not looked at: ${shown(result.reason)}.`;
  return FOUND[type](result.evidence);
}

function nextStep(refusal: Refusal): string {
  return `Next: ${refusal.nextStep}. (${refusal.code}, ${kindOfRefusal(refusal)})`;
}

function banner(tone: "verified" | "refused" | "open", sign: string, title: string, text: string): HTMLElement {
  return element(
    "div",
    { class: `banner ${tone}`, "data-verdict": tone },
    element("span", { class: "sign", "aria-hidden": "true" }, sign),
    element("div", {}, element("h2", {}, title), element("p", {}, text)),
  );
}
