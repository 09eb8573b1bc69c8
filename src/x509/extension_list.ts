/**
 * Lists of extensions, as certificates, CRLs, their entries and OCSP responses have them (RFC 5280, section 4.1.2.9).
 */
import { type DerNode, readBoolean, readOctetString, readOid, readSequence, refuseRest, TAG } from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";

/** Extensions of one list read at most. */
export const MAX_EXTENSIONS = 64;

/** An extension as received. */
export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** Content of `extnValue`, DER. */
  readonly value: Uint8Array;
}

/**
 * Reads the extensions of a list, without judging them.
 *
 * @param list The SEQUENCE OF Extension. @param what Names the list in messages.
 * @returns By object identifier text; each occurs once.
 * @throws {MalformedError} `ERR_DER`, also for one that occurs twice and for more than {@link MAX_EXTENSIONS}.
 *
 * Spec: RFC 5280, sections 4.1 and 4.2.
 */
export function readExtensions(list: DerNode | undefined, what: string): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const node of readSequence(list, what)) {
    const extension = readExtension(node);
    if (extensions.has(extension.oid)) {
      throw new MalformedError("ERR_DER", `extension ${extension.oid} occurs twice`);
    }
    if (extensions.size === MAX_EXTENSIONS) {
      throw new MalformedError("ERR_DER", `more than ${MAX_EXTENSIONS} extensions`);
    }
    extensions.set(extension.oid, extension);
  }
  return extensions;
}

function readExtension(node: DerNode): Extension {
  const fields = [...readSequence(node, "extension")];
  const oid = readOid(fields.shift(), "extnID");
  const critical = fields[0]?.tag === TAG.boolean && readBoolean(fields.shift(), "critical");
  const value = readOctetString(fields.shift(), "extnValue");
  refuseRest(fields, "extension");
  return { oid, critical, value };
}
