/** Whether the chain of a token's authority holds: every rule but that it ends at a trust anchor. */
import { printable } from "../encoding/mod.ts";
import type { CryptoProvider } from "../ports.ts";
import {
  type Certificate,
  type ChainRule,
  extensionOf,
  formatName,
  type FoundPaths,
  validAt,
  validateTimestampingChain,
} from "../x509/mod.ts";
import { namesAuthority } from "./authority_name.ts";
import type { TimestampRange } from "./range.ts";
import { isTolerable, type Tolerates } from "./strict.ts";
import type { TimestampToken } from "./token.ts";
import { cmsFailure, FAILED_CHAIN, FAILED_TO_VERIFY, refuseTimestamp, type TimestampRefusal } from "./verdict.ts";

/**
 * Leaves out the paths of which a certificate ended before the token's time, by less than the millisecond that an
 * instant can tell: tokens may be finer.
 */
export function withoutEnded({ paths, deadEnds }: FoundPaths, { genTimeCeiling }: TimestampRange): FoundPaths {
  const ended = paths.flatMap((path) => path.filter((certificate) => !validAt(certificate, genTimeCeiling)));
  if (ended.length === 0) return { paths, deadEnds };
  const reasons = ended.map(({ subject, notAfter }) =>
    `"${printable(formatName(subject))}" ended at ${notAfter.toISOString()}, less than a millisecond before`
  );
  return {
    paths: paths.filter((path) => !path.some((certificate) => ended.includes(certificate))),
    deadEnds: [...new Set([...deadEnds, ...reasons])],
  };
}

/** The refusal of a token whose authority no path leads from; `undefined` when one does. */
export function refuseUntrusted(
  leaf: Certificate,
  { paths, deadEnds }: FoundPaths,
  { genTime }: TimestampRange,
): TimestampRefusal | undefined {
  if (paths.length > 0) return undefined;
  const name = printable(formatName(leaf.subject));
  return refuseTimestamp(
    "TIMESTAMP_AUTHORITY_NOT_TRUSTED",
    `no path leads from the authority "${name}" to a trusted root at ${genTime.toISOString()}: ${
      deadEnds.slice(0, MAX_REASONS).join("; ")
    }`,
    // Its words for a certificate that is out of date at the token's time depend on more than is known here.
    validAt(leaf, genTime) && deadEnds.every((reason) => reason.startsWith("no certificate of its issuer"))
      ? cmsFailure("x509: certificate signed by unknown authority")
      : undefined,
  );
}

/** Reasons put into one message. */
const MAX_REASONS = 3;

/** A signing time, where one is signed, lies within the validity of every certificate. */
export function refuseSigningTime(
  signingTime: Date | undefined,
  chain: readonly Certificate[],
): TimestampRefusal | undefined {
  const outside = signingTime && chain.find((certificate) => !validAt(certificate, signingTime));
  if (signingTime === undefined || outside === undefined) return undefined;
  return refuseTimestamp(
    "TIMESTAMP_INVALID",
    `it says it was signed at ${signingTime.toISOString()}, when "${
      printable(formatName(outside.subject))
    }" was not valid`,
    cmsFailure(`signing time, ${goTime(signingTime)}, is outside certificate's validity period`),
  );
}

/** `2021-09-18 11:54:34 +0000 UTC`: how the reference's language prints an instant. */
function goTime(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
}

/** Sentences of the reference that come before those of its chain rules, for the same rule. */
const EARLIER_SENTENCES: Readonly<Partial<Record<ChainRule, (certificate: Certificate) => string>>> = {
  "extended-key-usage-timestamping": (certificate) =>
    extensionOf(certificate, "extKeyUsage")?.value.some((purpose) => PURPOSES_TO_BEGIN_WITH.includes(purpose)) !== false
      ? `${FAILED_TO_VERIFY}: signing certificate must have and only have ExtKeyUsageTimeStamping as extended key usage`
      : cmsFailure("x509: certificate specifies an incompatible key usage"),
  "extended-key-usage-critical": () =>
    `${FAILED_TO_VERIFY}: signing certificate extended key usage extension must be set as critical`,
  "ca-extended-key-usage": () => cmsFailure("x509: certificate specifies an incompatible key usage"),
  "path-length": () => cmsFailure("x509: too many intermediates for path length constraint"),
};

/** timeStamping and any: with one of them the reference's search for a path goes on. */
const PURPOSES_TO_BEGIN_WITH: readonly string[] = ["1.3.6.1.5.5.7.3.8", "2.5.29.37.0"];

/** Every rule of the Notary Project for the chain of a timestamp authority. */
export async function refuseChain(
  chain: readonly Certificate[],
  crypto: CryptoProvider,
  tolerates?: Tolerates,
): Promise<TimestampRefusal | undefined> {
  const { failures } = await validateTimestampingChain(chain, crypto);
  const failure = failures.find(({ strictRule }) =>
    strictRule === undefined || !isTolerable(strictRule) || tolerates?.(strictRule) !== true
  );
  if (failure === undefined) return undefined;
  const certificate = chain[failure.index];
  const earlier = certificate && EARLIER_SENTENCES[failure.rule]?.(certificate);
  const reference = earlier ?? (failure.reference && `${FAILED_CHAIN}: ${failure.reference}`);
  return refuseTimestamp(
    "TIMESTAMP_AUTHORITY_INVALID",
    `of the authority's chain, ${failure.message} (rule ${failure.rule})`,
    reference,
  );
}

/** A token that names its authority names the one that signed it. */
export function refuseName(
  { info }: TimestampToken,
  certificate: Certificate,
  tolerates?: Tolerates,
): TimestampRefusal | undefined {
  if (info.authorityName === undefined || namesAuthority(info.authorityName, certificate)) return undefined;
  if (tolerates?.("timestamp-authority-name") === true) return undefined;
  const [said, is] = [info.authorityName, certificate.subject].map((name) => printable(formatName(name)));
  return refuseTimestamp("TIMESTAMP_INVALID", `it names the authority "${said}", its certificate says "${is}"`);
}
