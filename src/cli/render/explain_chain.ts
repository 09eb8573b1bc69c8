/** The part of `verify --explain` about the certificate chain: what the chain doctor says. */
import { printable } from "../../encoding/mod.ts";
import type { ChainDiagnosis, ChainFinding, DiagnosedCertificate } from "../../notary/mod.ts";
import type { Palette } from "./colours.ts";
import { indented, labelled } from "./explain_lines.ts";

/** Certificates of one chain that are described; the rest is counted. */
export const MAX_EXPLAINED_CERTIFICATES = 10;

/**
 * Each certificate with its place, its time and the rules it breaks; of those it keeps the number.
 *
 * @param whose Whose chain it is, such as `Signer's chain`.
 */
export function chainLines(whose: string, diagnosis: ChainDiagnosis, palette: Palette): readonly string[] {
  const { certificates, anchor } = diagnosis;
  const shown = certificates.slice(0, MAX_EXPLAINED_CERTIFICATES);
  const more = certificates.length - shown.length;
  return [
    "",
    `  ${palette.heading(whose)}`,
    ...shown.flatMap((certificate) => [
      ...indented(`${certificate.index + 1}. ${certificate.role}: ${printable(certificate.subject)}`),
      ...(anchor?.index === certificate.index ? indented(`trusted by ${printable(anchor.store)}`, 7) : []),
      ...ruleLines(certificate),
    ]),
    ...(more > 0 ? indented(`and ${more} more`) : []),
  ];
}

function ruleLines({ fingerprint, notBefore, notAfter, rules }: DiagnosedCertificate): readonly string[] {
  const passed = rules.filter(({ status }) => status === "passed").length;
  const broken = rules.filter(({ status }) => status === "failed");
  return [
    ...indented(`SHA256 ${fingerprint}`, 7),
    ...indented(`valid ${notBefore} to ${notAfter}`, 7),
    ...indented(`rules: ${passed} of ${rules.length} passed`, 7),
    ...broken.flatMap(({ rule, found, expected, section }) => [
      ...indented(`broken: ${rule}`, 7),
      ...indented(`found: ${found}`, 9),
      ...indented(`expected: ${expected}`, 9),
      ...indented(`section: ${section}`, 9),
    ]),
  ];
}

/** Why a chain is not trusted: the nearest finding with its next step, and the others in a sentence each. */
export function findingLines([nearest, ...others]: readonly ChainFinding[]): readonly string[] {
  if (nearest === undefined) return [];
  return [
    ...labelled("Why:", nearest.message),
    ...certificateLines(nearest),
    ...labelled("Next:", nearest.nextStep),
    ...others.flatMap(({ message, nextStep }) => [...labelled("Also:", message), ...labelled("", `Next: ${nextStep}`)]),
  ];
}

/** The two that were compared, whole: a beginning of a fingerprint can be imitated. */
function certificateLines({ certificate, trusted }: ChainFinding): readonly string[] {
  return [
    ...(certificate === undefined
      ? []
      : [...indented("signature's SHA256:", 10), ...indented(certificate.fingerprint, 12)]),
    ...(trusted === undefined ? [] : [
      ...indented(`trusted SHA256, of ${printable(trusted.store)}:`, 10),
      ...indented(trusted.fingerprint, 12),
    ]),
  ];
}
