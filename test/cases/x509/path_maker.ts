/** Chains for the rows of certification paths: each good, with the identifiers RFC 5280 asks for, unless changed. */
import {
  authorityKeyIdentifier,
  basicConstraints,
  type CertificateFields,
  ecKey,
  type Key,
  keyUsage,
  makeCertificate,
  subject,
  subjectKeyIdentifier,
  USAGE,
} from "../../run/certificate_maker.ts";

/** What is put before both judges. */
export interface Presented {
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  /** The leaf's, which signs the envelope. */
  readonly key: Key;
  /** What is trusted; the chain's last certificate when left out. */
  readonly anchors?: readonly Uint8Array[];
}

export interface PathRow {
  /** The section of NIST's PKITS whose question it asks, and a number of our own. */
  readonly id: string;
  /** How it is made. */
  readonly about: string;
  readonly make: () => Presented;
  /** Our verdict on a signature by this chain: `verified`, or the refusal's code and the first rule of the chain. */
  readonly ours: string;
  /**
   * OpenSSL's: 0 where it accepts, otherwise the X509_V_ERR number it stops at; `unreadable` for bytes it cannot load.
   */
  readonly openssl: number | "unreadable";
  /** Why the two differ: an entry of {@link DIFFERENCES}. */
  readonly difference?: string;
  /** The instant of both, where it is not the usual one. */
  readonly at?: string;
  /** More questions for `openssl verify`. */
  readonly options?: readonly string[];
}

/** The keys of all rows. */
export const keys = {
  leaf: ecKey(),
  middle: ecKey(),
  root: ecKey(),
  other: ecKey(),
  fourth: ecKey(),
  wide: ecKey("P-384"),
  widest: ecKey("P-521"),
};

export interface Changes extends Partial<CertificateFields> {
  /** In place of basicConstraints and keyUsage. */
  readonly uses?: readonly Uint8Array[];
  /** Beside those. */
  readonly more?: readonly Uint8Array[];
  /** In place of the key identifiers. */
  readonly identifiers?: readonly Uint8Array[];
  /** Changes the finished certificate. */
  readonly bytes?: (der: Uint8Array) => Uint8Array;
}

export const LEAF_USES = [keyUsage([USAGE.digitalSignature])];
export const usesOfCa = (pathLength?: number) => [
  basicConstraints(true, pathLength === undefined ? {} : { pathLength }),
  keyUsage([USAGE.keyCertSign, USAGE.cRLSign]),
];
const CA_USES = usesOfCa();

/** A certificate below an issuer, or below itself. */
export function issue(
  fields: Changes & Pick<CertificateFields, "subject" | "key">,
  issuer: Pick<CertificateFields, "subject" | "key"> = fields,
): Uint8Array {
  const { uses = CA_USES, more = [], identifiers, bytes, ...rest } = fields;
  const named = identifiers ?? [
    subjectKeyIdentifier(fields.key),
    ...(issuer === fields ? [] : [authorityKeyIdentifier(rest.issuerKey ?? issuer.key)]),
  ];
  const made = makeCertificate({
    issuer: issuer.subject,
    issuerKey: issuer.key,
    extensions: [...uses, ...named, ...more],
    ...rest,
  });
  return bytes?.(made) ?? made;
}

/** Certificates leaf first, each issued by the next, the last by itself. */
export function line(parties: readonly (Changes & Pick<CertificateFields, "subject" | "key">)[]): Presented {
  const chain = parties.map((party, index) =>
    issue(index === 0 ? { uses: LEAF_USES, ...party } : party, parties[index + 1])
  );
  return { chain, key: parties[0]?.key ?? keys.leaf };
}

/** Leaf below middle below root. */
export const three = ({ leaf = {}, middle = {}, root = {} }: {
  readonly leaf?: Changes;
  readonly middle?: Changes;
  readonly root?: Changes;
} = {}): Presented =>
  line([
    { subject: subject("leaf"), key: keys.leaf, ...leaf },
    { subject: subject("middle"), key: keys.middle, ...middle },
    { subject: subject("root"), key: keys.root, ...root },
  ]);

/** Leaf below two CAs below root. */
export const four = ({ leaf = {}, lower = {}, upper = {}, root = {} }: {
  readonly leaf?: Changes;
  readonly lower?: Changes;
  readonly upper?: Changes;
  readonly root?: Changes;
} = {}): Presented =>
  line([
    { subject: subject("leaf"), key: keys.leaf, ...leaf },
    { subject: subject("lower"), key: keys.middle, ...lower },
    { subject: subject("upper"), key: keys.fourth, ...upper },
    { subject: subject("root"), key: keys.root, ...root },
  ]);

/** A self-signed leaf. */
export const lone = (changes: Changes = {}): Presented =>
  line([{ subject: subject("lone"), key: keys.leaf, ...changes }]);

/** The last octet of what is signed, changed. */
export const forged = (der: Uint8Array): Uint8Array => {
  const changed = der.slice();
  changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
  return changed;
};
