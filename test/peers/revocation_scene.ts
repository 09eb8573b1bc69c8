/**
 * What a scene of revocation is: what a leaf names, what is there, and what comes of a signature by it; and its parts.
 */
import { ocspAt } from "../run/certificate_maker.ts";
import { crlDistributionPoints } from "../run/revocation_maker.ts";
import { after, DAY, HOUR, keys, LEAF_SERIAL, responderCertificate } from "../cases/revocation/cast.ts";
import type { CrlOptions, Handler, Line, OcspOptions, OpensslAuthority } from "./revocation_authority.ts";

/** Where things are: `base` is the scene's own folder, `localhost` the same under a name. */
export interface Stage {
  readonly base: string;
  readonly localhost: string;
  readonly at: Date;
  readonly issuer: OpensslAuthority;
  readonly root: OpensslAuthority;
}

export interface Scene {
  readonly name: string;
  /** Extensions of the leaf. */
  readonly leaf?: (stage: Stage) => readonly Uint8Array[];
  /** With it the issuer is an intermediate that has these extensions. */
  readonly intermediate?: (stage: Stage) => readonly Uint8Array[];
  /** What is served below `base`, by path; anything else is 404. */
  readonly serve?: (stage: Stage) => Readonly<Record<string, Handler>>;
  /** What this program says at level strict. */
  readonly code: "verified" | "CERTIFICATE_REVOKED" | "REVOCATION_UNKNOWN" | "REVOCATION_NOT_CHECKED";
  /** The entry that says why the verdicts differ. */
  readonly deviation?: string;
  /** When an authority saw it signed, in place of the signer's own word. */
  readonly authenticTime?: (at: Date) => Date;
  /** Hosts that may be asked, in place of the loopback address. */
  readonly hosts?: readonly string[];
}

export const INTERMEDIATE_SERIAL = [0x4b, 0x01];

export const valid: Line = { serialNumber: LEAF_SERIAL };
export const revoked = (at: Date, reason = "keyCompromise"): Line => ({
  serialNumber: LEAF_SERIAL,
  revokedAt: after(at, -DAY),
  reason,
});

export const OCSP = ({ base }: Stage) => [ocspAt(`${base}/ocsp`)];
export const CRL = ({ base }: Stage) => [crlDistributionPoints({ urls: [`${base}/crl`] })];
export const BOTH = (stage: Stage) => [...OCSP(stage), ...CRL(stage)];

/** A responder: the real openssl, asked anew each time. */
export const responder = (options: (stage: Stage) => Partial<OcspOptions> = () => ({})) => (stage: Stage) => ({
  "/ocsp": (question: Uint8Array) => stage.issuer.ocsp(question, { lines: [valid], minutes: 60, ...options(stage) }),
});
export const delegated = (
  fields: (at: Date) => Parameters<typeof responderCertificate>[0],
  lines: readonly Line[] = [valid],
) =>
  responder(({ at }) => ({
    lines,
    signer: { certificate: responderCertificate(fields(at)), key: keys.responder },
  }));
export const list = (options: (stage: Stage) => Partial<CrlOptions> = () => ({})) => (stage: Stage) => ({
  "/crl": () => stage.issuer.crl({ lines: [], ...options(stage) }),
});
export const bytes =
  (path: string, make: (stage: Stage) => Uint8Array) => (stage: Stage): Readonly<Record<string, Handler>> => ({
    [path]: () => Promise.resolve(make(stage)),
  });
export const html: Handler = () => Promise.resolve(new TextEncoder().encode("<html><body>It works!</body></html>"));
/** Never answers; the connection ends with the place. */
export const silence: Handler = () => new Promise(() => {});
export const redirect = (to: string): Handler => (_, response) => {
  response.writeHead(302, { location: to }).end();
  return Promise.resolve(undefined);
};
/** Octets of a CRL that is never meant to end. */
const FLOOD_BYTES = 200 * 1024 * 1024;

/** Sends 200 MB, as fast as they are taken, until nobody takes them any more; says how many were. */
export const flood: Handler = async (_, response) => {
  const chunk = Buffer.alloc(256 * 1024);
  const gone = new Promise<void>((resolve) => response.once("close", () => resolve()));
  let sent = 0;
  response.writeHead(200);
  response.write(Uint8Array.of(0x30, 0x84, 0x0c, 0x80, 0, 0));
  while (sent < FLOOD_BYTES && !response.destroyed) {
    sent += chunk.length;
    if (!response.write(chunk)) {
      await Promise.race([gone, new Promise<void>((resolve) => response.once("drain", () => resolve()))]);
    }
  }
  floods.push(sent);
  response.end();
  return undefined;
};
/** Octets of each flood so far. */
export const floods: number[] = [];
/** A CRL and its delta; openssl has no name for the extension that makes a delta. */
export const withDelta =
  (base: (at: Date) => readonly Line[], delta: (at: Date) => readonly Line[], start = 5) => (stage: Stage) => ({
    "/crl": () => stage.issuer.crl({ lines: base(stage.at), extensions: [`freshestCRL = URI:${stage.base}/delta`] }),
    "/delta": () =>
      stage.issuer.crl({
        lines: delta(stage.at),
        number: 6,
        extensions: [`2.5.29.27 = critical,ASN1:INTEGER:${start}`],
      }),
  });
export const hold = (at: Date) => [revoked(at, "certificateHold")];
export const lifted = (at: Date): readonly Line[] => [{
  serialNumber: LEAF_SERIAL,
  revokedAt: after(at, -HOUR),
  reason: "removeFromCRL",
}];
