/** How commands find out whether certificates are revoked: the flags that say so, and the checker they make. */
import { decodeUtf8, parsePem, printable } from "../encoding/mod.ts";
import { ConfigurationError, toEngineError } from "../errors.ts";
import type { Files, Host } from "../ports.ts";
import {
  createRevocationChecker,
  decodeCrl,
  decodeOcspResponse,
  MAX_CRL_BYTES,
  MAX_OCSP_RESPONSE_BYTES,
  type RevocationChecker,
} from "../revocation/mod.ts";
import { list, toggle } from "./flags.ts";

/** Where revocation may be asked beside public places, for every command that asks. */
export const REVOCATION_HOST_FLAG = {
  "revocation-host": list(
    "ask OCSP responders and CRLs of this private or loopback host too, when a certificate names it; may be repeated",
    { value: "HOST[:PORT]" },
  ),
} as const;

/** The same, and answers at hand. */
export const REVOCATION_FLAGS = {
  ...REVOCATION_HOST_FLAG,
  crl: list("look certificates up in this CRL, PEM or DER, before anybody is asked; may be repeated", {
    value: "FILE",
  }),
  "ocsp-response": list("look certificates up in this OCSP response, DER, before anybody is asked; may be repeated", {
    value: "FILE",
  }),
  "offline-revocation": toggle("ask nobody about revocation: --crl and --ocsp-response tell, or it is unknown"),
} as const;

/** The values of {@link REVOCATION_FLAGS}. */
export interface RevocationFlags {
  readonly "revocation-host": readonly string[];
  readonly crl?: readonly string[];
  readonly "ocsp-response"?: readonly string[];
  readonly "offline-revocation"?: boolean;
}

/** Bytes of a CRL file at most: base64 takes a third more, and lines. */
const MAX_CRL_FILE_BYTES = 1.5 * MAX_CRL_BYTES;
/** What RFC 7468, section 5, writes around a CRL. */
const CRL_LABEL = "X509 CRL";
const SEQUENCE_OCTET = 0x30;

/**
 * Makes a checker as the flags say.
 *
 * @throws {ConfigurationError} `ERR_FILE`, or `ERR_CONFIG` naming the host or file that is none.
 */
export async function openRevocation(flags: RevocationFlags, { ports, files }: Host): Promise<RevocationChecker> {
  const { crypto, now, fetch, sleep } = ports;
  const crls: Uint8Array[] = [];
  for (const path of flags.crl ?? []) crls.push(...await readCrls(path, files));
  const ocspResponses: Uint8Array[] = [];
  for (const path of flags["ocsp-response"] ?? []) ocspResponses.push(await readOcspResponse(path, files));
  const privateHosts = new Set(flags["revocation-host"].map(readHost));
  const world = flags["offline-revocation"] === true ? {} : { fetch, sleep };
  return createRevocationChecker({ crypto, now, ...world }, { privateHosts, supplied: { ocspResponses, crls } });
}

/** A host as a URL has it, with its port where one is given. */
function readHost(typed: string): string {
  const url = URL.canParse(`http://${typed}`) ? new URL(`http://${typed}`) : undefined;
  if (url === undefined || url.href !== `http://${url.host}/`) {
    throw new ConfigurationError(
      "ERR_CONFIG",
      `Cannot allow "${printable(typed)}" for revocation: expected a host, or a host and a port`,
    );
  }
  return url.host;
}

async function readCrls(path: string, files: Files): Promise<readonly Uint8Array[]> {
  const bytes = await files.read(path, MAX_CRL_FILE_BYTES);
  return readAnswers(path, "CRL", () => {
    const crls = bytes[0] === SEQUENCE_OCTET
      ? [bytes]
      : parsePem(decodeUtf8(bytes)).filter(({ label }) => label === CRL_LABEL).map(({ der }) => der);
    if (crls.length === 0) throw new ConfigurationError("ERR_CONFIG", `it holds no CRL, expected 1 or more`);
    for (const crl of crls) decodeCrl(crl);
    return crls;
  });
}

async function readOcspResponse(path: string, files: Files): Promise<Uint8Array> {
  const bytes = await files.read(path, MAX_OCSP_RESPONSE_BYTES);
  return readAnswers(path, "OCSP response", () => {
    decodeOcspResponse(bytes);
    return bytes;
  });
}

function readAnswers<Answers>(path: string, what: string, read: () => Answers): Answers {
  try {
    return read();
  } catch (cause) {
    const { message } = toEngineError(cause, `Cannot read ${what}`);
    throw new ConfigurationError("ERR_CONFIG", `Cannot read ${what} of "${printable(path)}": ${message}`, { cause });
  }
}
