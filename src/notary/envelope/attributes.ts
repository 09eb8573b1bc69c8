/** The signed attributes both formats share, and the rules about which may stand together. */
import type { AttributeTime, ExtendedAttribute, SignedAttributes, SigningScheme } from "./envelope.ts";
import { printable } from "../../encoding/mod.ts";
import { refuseAttribute } from "./refuse.ts";
import { passesOver, type Relaxations } from "./strict_rules.ts";

/** Names of the attributes; both formats write them the same. */
export const ATTRIBUTE = {
  signingScheme: "io.cncf.notary.signingScheme",
  signingTime: "io.cncf.notary.signingTime",
  authenticSigningTime: "io.cncf.notary.authenticSigningTime",
  expiry: "io.cncf.notary.expiry",
  timestampSignature: "io.cncf.notary.timestampSignature",
  signingAgent: "io.cncf.notary.signingAgent",
  verificationPlugin: "io.cncf.notary.verificationPlugin",
  verificationPluginMinVersion: "io.cncf.notary.verificationPluginMinVersion",
} as const;

/** The only content an envelope may hold. */
export const PAYLOAD_CONTENT_TYPE = "application/vnd.cncf.notary.payload.v1+json";

const SCHEMES: readonly string[] = ["notary.x509", "notary.x509.signingAuthority"] satisfies readonly SigningScheme[];

/** What a format has read of its protected header, before the rules are applied. */
export interface ProtectedAttributes {
  readonly contentType: string;
  readonly signingScheme: string;
  readonly signingTime: AttributeTime | undefined;
  readonly authenticSigningTime: AttributeTime | undefined;
  readonly expiry: AttributeTime | undefined;
  /** Names or labels marked critical. */
  readonly critical: ReadonlySet<string | number>;
  readonly extended: readonly ExtendedAttribute[];
}

/**
 * Applies the rules about signed attributes: the content type, exactly the signing time of the scheme, expiry after it,
 * and everything that must be marked critical is.
 *
 * @param format Names the format in messages.
 * @param relaxations Under `compat` alone: takes up what is passed over.
 * @throws {MalformedError} `ERR_ENVELOPE_ATTRIBUTE`
 *
 * Spec: Notary Project, signature-specification.md, "Signed Attributes".
 */
export function readSignedAttributes(
  format: "JWS" | "COSE",
  attributes: ProtectedAttributes,
  relaxations?: Relaxations,
): SignedAttributes {
  const { contentType, signingTime, authenticSigningTime, critical, extended } = attributes;
  if (contentType !== PAYLOAD_CONTENT_TYPE) {
    refuseAttribute(format, "content type", `"${printable(contentType)}", expected "${PAYLOAD_CONTENT_TYPE}"`);
  }
  const signingScheme = readScheme(format, attributes.signingScheme);
  const byAuthority = signingScheme === "notary.x509.signingAuthority";
  const [expected, other] = byAuthority
    ? [ATTRIBUTE.authenticSigningTime, ATTRIBUTE.signingTime]
    : [ATTRIBUTE.signingTime, ATTRIBUTE.authenticSigningTime];
  const time = byAuthority ? authenticSigningTime : signingTime;
  const superfluous = (byAuthority ? signingTime : authenticSigningTime) !== undefined;
  if (superfluous && !(format === "COSE" && passesOver(relaxations, "cose-one-time"))) {
    refuseAttribute(format, other, `present, which "${signingScheme}" does not allow`);
  }
  if (time === undefined || time.instant <= NO_TIME) {
    refuseAttribute(format, expected, `missing, which "${signingScheme}" requires`);
  }
  const { expiry, mustBeCritical } = readExpiry(format, attributes, relaxations);
  if (expiry !== undefined && expiry.instant <= time.instant) {
    refuseAttribute(format, ATTRIBUTE.expiry, "not after the signing time");
  }
  const marked = criticalAttributes({
    signingScheme,
    ...(mustBeCritical === undefined ? {} : { expiry: mustBeCritical }),
  });
  for (const name of marked) {
    if (!critical.has(name)) refuseAttribute(format, name, "not marked critical, which is required");
  }
  return {
    contentType,
    signingScheme,
    ...(byAuthority ? { authenticSigningTime: time } : { signingTime: time }),
    ...(expiry === undefined ? {} : { expiry }),
    extended,
  };
}

/**
 * What must be marked critical of these attributes.
 *
 * Spec: Notary Project, signature-specification.md, "Signed Attributes".
 */
export function criticalAttributes(
  { signingScheme, expiry }: Pick<SignedAttributes, "signingScheme" | "expiry">,
): readonly string[] {
  return [
    ATTRIBUTE.signingScheme,
    ...(expiry === undefined ? [] : [ATTRIBUTE.expiry]),
    ...(signingScheme === "notary.x509.signingAuthority" ? [ATTRIBUTE.authenticSigningTime] : []),
  ];
}

/**
 * The expiry that counts, and the one that must be marked: for the reference the first instant of the year 1 is none.
 */
function readExpiry(
  format: "JWS" | "COSE",
  { expiry, critical }: ProtectedAttributes,
  relaxations: Relaxations | undefined,
) {
  const isNone = expiry?.instant.getTime() === NO_TIME.getTime() && passesOver(relaxations, "expiry-year-1");
  if (!isNone) return { expiry, mustBeCritical: expiry };
  if (format === "COSE") return { expiry: undefined, mustBeCritical: expiry };
  if (critical.has(ATTRIBUTE.expiry)) refuseAttribute(format, ATTRIBUTE.expiry, "marked critical, and no expiry");
  return { expiry: undefined, mustBeCritical: undefined };
}

/** The first instant of the year 1, which implementations write and read as the absence of a time. */
const NO_TIME = new Date("0001-01-01T00:00:00Z");

function readScheme(format: string, text: string): SigningScheme {
  if (SCHEMES.includes(text)) return text as SigningScheme;
  const expected = SCHEMES.map((scheme) => `"${scheme}"`).join(" or ");
  return refuseAttribute(format, ATTRIBUTE.signingScheme, `"${printable(text)}", expected ${expected}`);
}
