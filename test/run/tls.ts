/** A self-signed server certificate for loopback, made anew: valid from an hour ago for a day. */
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
