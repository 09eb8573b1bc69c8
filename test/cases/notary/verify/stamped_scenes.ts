/**
 * Signatures with timestamps by the real openssl and how they are trusted: certificates that begin or end exactly where
 * the interval of the token does, and when a timestamp is asked for. `openssl_timestamps.test.ts` asks us,
 * `test/peers/timestamp_scenes.test.ts` the real notation.
 */
import type { ErrorCode } from "../../../../src/errors.ts";
import { STRICT, type Trust } from "../../../../src/notary/mod.ts";
import { parseCertificates, readCertificate } from "../../../../src/x509/mod.ts";
import {
  type Format,
  FORMATS,
  openStampingAuthority,
  signerOf,
  signOnce,
  type Stamp,
  type StampingAuthority,
  type Unfinished,
  type Validity,
} from "../../../run/openssl_timestamps.ts";

/** Authorities, by how they answer. Their times are whole seconds but for `fraction`. */
const AUTHORITIES = {
  exact: { accuracy: "secs:2", precision: 0 },
  almost: { accuracy: "secs:1, millisecs:999, microsecs:999", precision: 0 },
  none: { precision: 0 },
  fraction: { precision: 3 },
  baseline: { policy: "0.4.0.2023.1.1", precision: 0 },
  stranger: { precision: 0 },
  sha1: { digests: "sha1, sha256", precision: 0 },
  sha1Signer: { signerDigest: "sha1", precision: 0 },
  sha1Certificate: { certificateHash: "sha1", precision: 0 },
} as const;
type AuthorityName = keyof typeof AUTHORITIES;

/** What stands where the timestamp belongs. */
type TokenKind = AuthorityName | "absent" | "garbage" | "of another signature";

/** Seconds from the second of the token's time; decades away where left out. */
interface Seconds {
  readonly from?: number;
  readonly to?: number;
}

export interface Scene {
  readonly name: string;
  readonly token: TokenKind;
  readonly leaf?: Seconds;
  readonly root?: Seconds;
  /** Whether the trust policy names a store of timestamp authorities, and when it asks for them. */
  readonly verifyTimestamp: "always" | "afterCertExpiry" | "no store";
  readonly expected: "passed" | ErrorCode;
}

/** Longest any certificate here lasts behind a token's time: then those that are to have expired have. */
export const LIFETIME_SECONDS = 3;

const OUTSIDE = "TIMESTAMP_OUTSIDE_VALIDITY";
const edge = (token: AuthorityName, at: string, certificates: Pick<Scene, "leaf" | "root">, held: boolean): Scene => ({
  name: `${token}: ${at}`,
  token,
  verifyTimestamp: "always",
  ...certificates,
  expected: held ? "passed" : OUTSIDE,
});

/** Which ends hold: `[seconds, held]` for each. */
function edges(token: AuthorityName, from: readonly [number, number], to: readonly [number, number]): readonly Scene[] {
  return (["leaf", "root"] as const).flatMap((certificate) => [
    edge(token, `a ${certificate} from ${from[0]} s on`, { [certificate]: { from: from[0] } }, true),
    edge(token, `a ${certificate} from ${from[1]} s on`, { [certificate]: { from: from[1] } }, false),
    edge(token, `a ${certificate} until ${to[0]} s`, { [certificate]: { to: to[0] } }, true),
    edge(token, `a ${certificate} until ${to[1]} s`, { [certificate]: { to: to[1] } }, false),
  ]);
}

/** The interval is the token's time, give or take its accuracy, and both ends count. */
export const BOUNDARIES: readonly Scene[] = [
  ...edges("exact", [-2, -1], [2, 1]),
  ...edges("almost", [-2, -1], [2, 1]),
  ...edges("none", [0, 1], [0, -1]),
  ...edges("fraction", [0, 1], [1, 0]),
  ...edges("baseline", [-1, 0], [1, 0]),
  edge("exact", "a leaf for the interval alone", { leaf: { from: -2, to: 2 }, root: { from: -2, to: 2 } }, true),
];

/** Certificates of a signer, by what they are when the signature is verified. */
const CERTIFICATES = {
  "valid now": {},
  "expired now": { from: -60, to: LIFETIME_SECONDS },
  "not valid yet": { from: 3600 },
} as const;

/** What a token is worth where it counts, with certificates that were valid then. */
const WORTH: Readonly<Partial<Record<TokenKind, Scene["expected"]>>> = {
  exact: "passed",
  absent: "TIMESTAMP_MISSING",
  garbage: "ERR_TIMESTAMP",
  "of another signature": "TIMESTAMP_MISMATCH",
  stranger: "TIMESTAMP_AUTHORITY_NOT_TRUSTED",
  sha1: "TIMESTAMP_INVALID",
  sha1Signer: "TIMESTAMP_INVALID",
  sha1Certificate: "TIMESTAMP_INVALID",
};

/**
 * Whether the token decides, or what does in its place.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Signature Verification details", authentic timestamp.
 */
const DECIDES: Readonly<
  Record<Scene["verifyTimestamp"], Readonly<Record<keyof typeof CERTIFICATES, "token" | Scene["expected"]>>>
> = {
  always: { "valid now": "token", "expired now": "token", "not valid yet": "token" },
  afterCertExpiry: {
    "valid now": "passed",
    "expired now": "token",
    "not valid yet": "CERTIFICATE_NOT_YET_VALID",
  },
  "no store": {
    "valid now": "passed",
    "expired now": "CERTIFICATE_EXPIRED",
    "not valid yet": "CERTIFICATE_NOT_YET_VALID",
  },
};

type Entry<Value> = readonly [string, Value];
const entries = <Key extends string, Value>(table: Readonly<Partial<Record<Key, Value>>>) =>
  Object.entries(table) as unknown as readonly (Entry<Value> & readonly [Key, Value])[];

/** When a timestamp is asked for × what the certificates are × what stands where it belongs. */
export const QUESTIONS: readonly Scene[] = entries(DECIDES).flatMap(([verifyTimestamp, row]) =>
  entries(CERTIFICATES).flatMap(([certificates, leaf]) =>
    entries(WORTH).map(([token, worth]): Scene => {
      const decides = row[certificates];
      const good = certificates === "not valid yet" ? OUTSIDE : "passed";
      const byToken = worth === "passed" ? good : worth;
      return {
        name: `${verifyTimestamp}, certificates ${certificates}, token ${token}`,
        token,
        leaf,
        verifyTimestamp,
        expected: decides === "token" ? byToken : decides,
      };
    })
  )
);

export const SCENES: readonly Scene[] = [...BOUNDARIES, ...QUESTIONS];

/** A scene as bytes. */
export interface StagedScene {
  readonly mediaType: string;
  readonly envelope: Uint8Array;
  /** The signer's root, DER. */
  readonly root: Uint8Array;
  /** The root of the authority that is trusted, PEM. */
  readonly authority: Uint8Array;
}

/** Every scene in both formats, and the instant at which certificates that are to have expired have. */
export interface Stage {
  readonly scenes: Readonly<Record<Format, ReadonlyMap<string, StagedScene>>>;
  readonly expired: Date;
}

/** Opens the authorities, lets them stamp, and closes them. */
export async function openStage(): Promise<Stage> {
  const opened = await Promise.all(
    entries(AUTHORITIES).map(async ([name, options]) => [name, await openStampingAuthority(options)] as const),
  );
  try {
    const authorities = new Map<TokenKind, StampingAuthority>(opened);
    const [jws, cose] = [await dressAll("jws", authorities), await dressAll("cose", authorities)];
    const last = Math.max(jws.last, cose.last);
    return {
      scenes: { jws: jws.scenes, cose: cose.scenes },
      expired: new Date(last + (LIFETIME_SECONDS + 1) * 1000),
    };
  } finally {
    for (const [, authority] of opened) authority.close();
  }
}

/** Stamps two signatures by every authority, and puts certificates around one of them. */
async function dressAll(format: Format, authorities: ReadonlyMap<TokenKind, StampingAuthority>) {
  const [unfinished, other] = [signOnce(format), signOnce(format)];
  const stamps = new Map<TokenKind, Stamp>();
  await Promise.all([...authorities].map(async ([name, authority]) => {
    stamps.set(name, await stampBy(name, authority, unfinished));
  }));
  const foreign = await stampBy("exact", authorities.get("exact") as StampingAuthority, other);
  stamps.set("of another signature", foreign);
  stamps.set("garbage", { token: new TextEncoder().encode("no token"), time: foreign.time });
  return {
    scenes: new Map(SCENES.map((scene) => [scene.name, dress(scene, unfinished, stamps, authorities)])),
    last: Math.max(...[...stamps.values()].map(({ time }) => time.getTime())),
  };
}

async function stampBy(name: TokenKind, authority: StampingAuthority, unfinished: Unfinished): Promise<Stamp> {
  const stamp = await authority.stamp(unfinished.signature, name === "sha1" ? "sha1" : "sha256");
  // A fraction of nothing is none.
  const again = name === "fraction" && stamp.time.getMilliseconds() === 0;
  return again ? await stampBy(name, authority, unfinished) : stamp;
}

function dress(
  { token, leaf = {}, root = {} }: Scene,
  { format, finish }: Unfinished,
  stamps: ReadonlyMap<TokenKind, Stamp>,
  authorities: ReadonlyMap<TokenKind, StampingAuthority>,
): StagedScene {
  const stamp = stamps.get(token);
  const second = Math.floor((stamp ?? stamps.get("exact"))!.time.getTime() / 1000);
  const validity = ({ from, to }: Seconds): Validity => ({
    ...(from === undefined ? {} : { notBefore: new Date((second + from) * 1000) }),
    ...(to === undefined ? {} : { notAfter: new Date((second + to) * 1000) }),
  });
  const signer = signerOf(validity(leaf), validity(root));
  const trusted = token === "stranger" ? undefined : authorities.get(token);
  return {
    mediaType: FORMATS[format],
    envelope: finish(signer, stamp?.token),
    root: signer.chain[1] as Uint8Array,
    authority: (trusted ?? authorities.get("exact") as StampingAuthority).root,
  };
}

/** The trust policy of a scene. */
export function trustOf({ root, authority }: StagedScene, { verifyTimestamp }: Scene): Trust {
  const vouching = { ca: [readCertificate(root)], signingAuthority: [] };
  if (verifyTimestamp === "no store") return { name: "openssl", level: STRICT, trustAnchors: vouching };
  const trustAnchors = { ...vouching, tsa: parseCertificates(authority) };
  return { name: "openssl", level: STRICT, trustAnchors, verifyTimestamp };
}
