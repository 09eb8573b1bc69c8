/**
 * Signatures with timestamps by the real openssl, whose certificates are fitted to the token afterwards: a chain is not
 * signed, so one key's signature may come with certificates of any validity.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ARTIFACT } from "../../scripts/fixtures/authorities.ts";
import { type AuthorityOptions, type LocalAuthority, openAuthority } from "../../scripts/fixtures/timestamps.ts";
import { decodeEnvelope } from "../../src/notary/mod.ts";
import { mustRun } from "../peers/tools.ts";
import { CA, ecKey, LEAF, makeCertificate, subject } from "./certificate_maker.ts";
import { base64url, cborBytes, makeCose, makeJws, setHeader, type Signer } from "./envelope_maker.ts";

/** Formats of envelopes, by their media types. */
export const FORMATS = { jws: "application/jose+json", cose: "application/cose" } as const;
export type Format = keyof typeof FORMATS;

const TIMESTAMP = "io.cncf.notary.timestampSignature";
const PAYLOAD = JSON.stringify({ targetArtifact: ARTIFACT });
const keys = { root: ecKey(), leaf: ecKey() };

/** Validity of certificates. */
export interface Validity {
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const written = (instant: Date) => `${instant.toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`;
const bounds = ({ notBefore, notAfter }: Validity) => ({
  ...(notBefore === undefined ? {} : { notBefore: written(notBefore) }),
  ...(notAfter === undefined ? {} : { notAfter: written(notAfter) }),
});

/** Leaf below root, of one pair of keys; decades wide unless told otherwise. */
export function signerOf(leaf: Validity = {}, root: Validity = {}): Signer {
  const chain = [
    makeCertificate({
      subject: subject("stamped leaf"),
      issuer: subject("stamped root"),
      key: keys.leaf,
      issuerKey: keys.root,
      extensions: LEAF,
      ...bounds(leaf),
    }),
    makeCertificate({ subject: subject("stamped root"), key: keys.root, extensions: CA, ...bounds(root) }),
  ];
  return { key: keys.leaf, chain, jws: "ES256", cose: -7 };
}

/** A signature that waits for its certificates and its timestamp. */
export interface Unfinished {
  readonly format: Format;
  readonly signature: Uint8Array;
  /** The envelope with these certificates and this token. */
  readonly finish: (signer: Signer, token?: Uint8Array) => Uint8Array;
}

/** Signs the artifact once; whatever is put around the signature later is not signed. */
export function signOnce(format: Format): Unfinished {
  const make = format === "jws" ? makeJws : makeCose;
  const first = make(signerOf(), { payload: PAYLOAD });
  const { signature } = decodeEnvelope({ mediaType: FORMATS[format], bytes: first });
  const finish = (signer: Signer, token?: Uint8Array) =>
    format === "jws"
      ? makeJws(signer, {
        payload: PAYLOAD,
        unprotected: (header) => {
          if (token !== undefined) header[TIMESTAMP] = Buffer.from(token).toString("base64");
        },
        members: (envelope) => (envelope["signature"] = base64url(signature)),
      })
      : makeCose(signer, {
        payload: PAYLOAD,
        unprotected: (entries) => {
          if (token !== undefined) setHeader(entries, TIMESTAMP, cborBytes(token));
        },
        parts: (parts) => (parts[3] = cborBytes(signature)),
      });
  return { format, signature, finish };
}

/** A token by openssl, and when it says it was made. */
export interface Stamp {
  readonly token: Uint8Array;
  /** To the second, as openssl prints it. */
  readonly time: Date;
}

/** An authority of openssl that answers for itself. */
export interface StampingAuthority {
  /** The root's certificate, PEM. */
  readonly root: Uint8Array;
  readonly stamp: (message: Uint8Array, hash?: string) => Promise<Stamp>;
  readonly close: () => void;
}

/** Opens an authority in a folder of its own. */
export async function openStampingAuthority(options: AuthorityOptions): Promise<StampingAuthority> {
  const folder = mkdtempSync(join(tmpdir(), "edge-notary-stamping-"));
  const own = join(folder, "authority");
  mkdirSync(own);
  const authority = await openAuthority(own, options);
  let count = 0;
  return {
    root: new Uint8Array(readFileSync(authority.root)),
    stamp: (message, hash = "sha256") => stampIn(join(folder, String(++count)), authority, message, hash),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function stampIn(
  folder: string,
  authority: LocalAuthority,
  message: Uint8Array,
  hash: string,
): Promise<Stamp> {
  mkdirSync(folder);
  const [data, query, reply, token] = ["message", "tsq", "tsr", "token"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  writeFileSync(data, message);
  await mustRun("openssl", ["ts", "-query", "-data", data, `-${hash}`, "-cert", "-out", query]);
  writeFileSync(reply, await authority.answer(new Uint8Array(readFileSync(query))));
  await mustRun("openssl", ["ts", "-reply", "-in", reply, "-token_out", "-out", token]);
  const text = await mustRun("openssl", ["ts", "-reply", "-in", reply, "-text"]);
  const time = new Date(/^Time stamp: (.*)$/m.exec(text)?.[1] ?? "");
  if (Number.isNaN(time.getTime())) throw new Error(`Cannot find the time of a token in "${text}"`);
  return { token: new Uint8Array(readFileSync(token)), time };
}
