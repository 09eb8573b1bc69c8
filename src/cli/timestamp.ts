/** Who timestamps what a command signs: the flags that name the authority, in notation's words where one is wrong. */
import { printable } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { findAnchorFault, referenceOf, type TimestampOptions } from "../notary/mod.ts";
import type { Host } from "../ports.ts";
import { readTimestampAddress } from "../timestamp/mod.ts";
import { text, usage } from "./flags.ts";
import { openRevocation, type RevocationFlags } from "./revocation.ts";
import { readCertificates } from "./trust.ts";

/** Who timestamps; both or neither. */
export const TIMESTAMP_FLAGS = {
  "timestamp-root-cert": text("filepath of timestamp authority root certificate", undefined, { value: "FILE" }),
  "timestamp-url": text("RFC 3161 Timestamping Authority (TSA) server URL", undefined, { value: "URL" }),
} as const;

/** The values of {@link TIMESTAMP_FLAGS}. */
export interface TimestampFlags {
  readonly "timestamp-root-cert": string | undefined;
  readonly "timestamp-url": string | undefined;
}

/**
 * Opens the authority that the flags name.
 *
 * @returns `undefined` when they name none.
 * @throws {ConfigurationError} `ERR_USAGE`; `ERR_CONFIG` for an address or a file that cannot be used, `ERR_FILE`,
 * `ERR_TRUST_STORE` for a certificate that is no root.
 */
export async function openTimestamp(
  flags: TimestampFlags & RevocationFlags,
  host: Host,
): Promise<TimestampOptions | undefined> {
  const { "timestamp-url": url, "timestamp-root-cert": path } = flags;
  if (url === undefined && path === undefined) return undefined;
  const missing = url === undefined ? "timestamp-url" : path === undefined ? "timestamp-root-cert" : undefined;
  if (url === undefined || path === undefined) {
    throw usage(
      "if any flags in the group [timestamp-url timestamp-root-cert] are set they must all be set; " +
        `missing [${missing}]`,
    );
  }
  if (url === "") throw usage("timestamping: tsa url cannot be empty");
  if (path === "") throw usage("timestamping: tsa root certificate path cannot be empty");
  checkAddress(url);
  const roots = await readRoot(path, host);
  return { url, roots, fetch: host.ports.fetch, revocation: await openRevocation(flags, host) };
}

function checkAddress(url: string): void {
  try {
    readTimestampAddress(url);
  } catch (thrown) {
    const reference = thrown instanceof ConfigurationError ? referenceOf(thrown) : undefined;
    if (reference === undefined) throw thrown;
    throw usage(`cannot get http timestamper for timestamping: ${printable(reference)}`);
  }
}

async function readRoot(path: string, { files, ports: { crypto } }: Host): Promise<TimestampOptions["roots"]> {
  const roots = await readCertificates(path, files);
  const expected = "Expecting single x509 root certificate in PEM or DER format from the file";
  const shown = printable(path);
  if (roots.length > 1) throw usage(`found more than one certificates from "${shown}". ${expected}`);
  const fault = await findAnchorFault("tsa", roots, crypto);
  if (fault === undefined) return roots;
  throw new ConfigurationError(
    "ERR_TRUST_STORE",
    `certificate from "${shown}" is not a root certificate. ${expected}: ${fault.what}`,
  );
}
