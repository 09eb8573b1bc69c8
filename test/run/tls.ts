/** Certificates for TLS on loopback, made anew: a self-signed one valid from an hour ago for a day, and a CA's. */
import { Buffer } from "node:buffer";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import {
  encodeUtf8,
  formatPem,
  writeBitString,
  writeDer,
  writeOid,
  writeSequence,
  writeUnsigned,
} from "../../src/encoding/mod.ts";
import {
  CA,
  der,
  ecKey,
  extension,
  extKeyUsage,
  LEAF,
  makeCertificate,
  octets,
  PURPOSE,
  sequence,
  subject,
  text,
} from "./certificate_maker.ts";

const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SET = 0x31;
const OCTET_STRING = 0x04;

export interface ServerIdentity {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/** Certificate and key for `localhost` and 127.0.0.1. */
export function makeServerIdentity(): ServerIdentity {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const algorithm = writeSequence(writeOid("1.2.840.10045.4.3.2"));
  const name = writeSequence(
    writeDer(SET, writeSequence(writeOid("2.5.4.3"), writeDer(UTF8_STRING, encodeUtf8("localhost")))),
  );
  const now = Date.now();
  const time = (at: number) =>
    writeDer(UTC_TIME, encodeUtf8(`${new Date(at).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`));
  const names = writeSequence(
    writeDer(0x82, encodeUtf8("localhost")),
    writeDer(0x87, Uint8Array.of(127, 0, 0, 1)),
  );
  const tbs = writeSequence(
    writeDer(0xa0, writeUnsigned(Uint8Array.of(2))),
    writeUnsigned(Uint8Array.of(1, ...randomBytes(8))),
    algorithm,
    name,
    writeSequence(time(now - 3_600_000), time(now + 86_400_000)),
    name,
    new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
    writeDer(0xa3, writeSequence(writeSequence(writeOid("2.5.29.17"), writeDer(OCTET_STRING, names)))),
  );
  const signature = new Uint8Array(sign("sha256", Buffer.from(tbs), privateKey));
  return {
    certificate: formatPem("CERTIFICATE", writeSequence(tbs, algorithm, writeBitString(signature))),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** A CA, and what it vouches for. */
export interface TlsFamily {
  /** PEM. */
  readonly authority: string;
  readonly server: ServerIdentity;
  readonly client: ServerIdentity;
}

/**
 * A CA, a server certificate for the names, and a client certificate, all made anew; `notAfter` as `20250101000000Z`.
 */
export function makeTlsFamily(
  names: readonly string[] = ["localhost"],
  addresses = [[127, 0, 0, 1]],
  times: { readonly notAfter?: string } = {},
): TlsFamily {
  const ca = ecKey();
  // A name of its own: of two CAs of one name only the first is looked at.
  const issuer = subject(`Test CA ${randomBytes(4).toString("hex")}`);
  const authority = makeCertificate({ subject: issuer, key: ca, extensions: CA });
  const make = (commonName: string, purpose: string, ...extensions: readonly Uint8Array[]): ServerIdentity => {
    const key = ecKey();
    const certificate = makeCertificate({
      subject: subject(commonName),
      issuer,
      key,
      issuerKey: ca,
      ...times,
      serialNumber: [0x01, ...randomBytes(8)],
      extensions: [...LEAF, extKeyUsage(purpose), ...extensions],
    });
    return {
      certificate: formatPem("CERTIFICATE", certificate),
      key: key.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    };
  };
  const alternativeNames = extension(
    "2.5.29.17",
    false,
    sequence(...names.map((name) => text(name, 0x82)), ...addresses.map((address) => der(0x87, octets(...address)))),
  );
  return {
    authority: formatPem("CERTIFICATE", authority),
    server: make("server", PURPOSE.serverAuth, alternativeNames),
    client: make("client", PURPOSE.clientAuth),
  };
}
