/** What `sign` and `blob sign` share: format, expiry, user metadata, timestamp, who signed. */
import { parseDuration, printable } from "../encoding/mod.ts";
import type { EngineError } from "../errors.ts";
import { referenceOf, type SignOptions } from "../notary/mod.ts";
import type { Host } from "../ports.ts";
import type { CommandContext } from "./command.ts";
import { list, text, usage } from "./flags.ts";
import { parseNewMetadata } from "./metadata.ts";
import { readVersion } from "./package_version.ts";
import { MAX_PRINTED_MESSAGE, report } from "./report.ts";
import { REVOCATION_FLAGS, type RevocationFlags } from "./revocation.ts";
import { SIGNING_KEY_FLAGS, type SigningKeyFlags } from "./signing_key.ts";
import { openTimestamp, TIMESTAMP_FLAGS, type TimestampFlags } from "./timestamp.ts";

/** Envelope formats by the name they are asked for. */
export const SIGNATURE_FORMATS = { jws: "application/jose+json", cose: "application/cose" } as const;

/** A name of {@link SIGNATURE_FORMATS}. */
export type SignatureFormat = keyof typeof SIGNATURE_FORMATS;

/** How something is signed. */
export const SIGN_FLAGS = {
  ...SIGNING_KEY_FLAGS,
  ...REVOCATION_FLAGS,
  ...TIMESTAMP_FLAGS,
  expiry: text(
    'optional expiry that provides a "best by use" time for the artifact. The duration is specified in minutes(m) ' +
      "and/or hours(h). For example: 12h, 30m, 3h20m",
    undefined,
    { short: "e", value: "duration" },
  ),
  "signature-format": text('signature envelope format, options: "jws", "cose"', "jws"),
  "user-metadata": list("{key}={value} pairs that are added to the signature payload", { short: "m" }),
} as const;

/** The values of {@link SIGN_FLAGS}. */
export interface SignFlags extends SigningKeyFlags, RevocationFlags, TimestampFlags {
  readonly expiry: string | undefined;
  readonly "signature-format": string;
  readonly "user-metadata": readonly string[];
}

/**
 * Reads the flags into what the signing function takes, in notation's words where something is wrong.
 *
 * @throws {ConfigurationError} `ERR_USAGE`; `ERR_CONFIG`, `ERR_FILE`, `ERR_TRUST_STORE` for what a timestamp needs.
 */
export async function readSignOptions(
  flags: SignFlags,
  { host, zone }: CommandContext,
  signal: AbortSignal,
): Promise<SignOptions & { readonly formatName: SignatureFormat }> {
  const timestamp = await openTimestamp(flags, host);
  const formatName = readFormat(flags["signature-format"]);
  const expirySeconds = readExpiry(flags.expiry);
  return {
    formatName,
    format: SIGNATURE_FORMATS[formatName],
    userMetadata: parseNewMetadata(flags["user-metadata"]),
    ...(expirySeconds === undefined ? {} : { expirySeconds }),
    // A version that cannot be read is no reason not to sign.
    signingAgent: await readVersion(host).then((version) => `edge-notary/${version}`, () => "edge-notary"),
    offsetMinutes: zone(host.ports.now()),
    ...(timestamp === undefined ? {} : { timestamp }),
    signal,
  };
}

/** Reads the name of a format. @throws {ConfigurationError} `ERR_USAGE` */
export function readFormat(name: string): SignatureFormat {
  if (Object.hasOwn(SIGNATURE_FORMATS, name)) return name as SignatureFormat;
  throw usage(
    `signature format "${printable(name)}" not supported, supported signature envelope formats are "jws" and "cose"`,
  );
}

/** Codes that only a timestamp brings up while something is signed. */
const TIMESTAMP_CODES = /^(?:ERR_TIMESTAMP_RESPONSE|TIMESTAMP_.*|CERTIFICATE_REVOKED|REVOCATION_.*)$/;

/** Reports why nothing was signed, of a timestamp in notation's words where it has some. */
export function reportSigning(host: Host, error: EngineError): void {
  const reference = referenceOf(error);
  if (reference === undefined || !TIMESTAMP_CODES.test(error.code)) return report(host, error.refusal);
  report(host, error.refusal, { line: `Error: timestamp: ${printable(reference, MAX_PRINTED_MESSAGE)}` });
}

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** No expiry is what a duration of nothing means to notation. */
function readExpiry(typed: string | undefined): number | undefined {
  if (typed === undefined) return undefined;
  const parsed = parseDuration(typed);
  if ("fault" in parsed) {
    throw usage(`invalid argument "${printable(typed)}" for "-e, --expiry" flag: ${printable(parsed.fault)}`);
  }
  const { nanoseconds } = parsed;
  if (nanoseconds < 0n) throw usage("expiry duration cannot be a negative value");
  if (nanoseconds % NANOSECONDS_PER_SECOND !== 0n) {
    throw usage("expiry duration supports minimum granularity of seconds");
  }
  return nanoseconds === 0n ? undefined : Number(nanoseconds / NANOSECONDS_PER_SECOND);
}
