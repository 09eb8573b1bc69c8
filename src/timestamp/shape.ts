/**
 * Whether a token is built as RFC 5652 says, field by field: the library that reads it passes over fields after those it
 * knows, and another reader might take them instead.
 */
import { readBerHeader } from "./bounds.ts";
import { refuseToken } from "./refuse.ts";

interface Value {
  readonly tag: number;
  readonly contentStart: number;
  readonly end: number;
}

/** What stands in a structure: identifier octets in their order, optional ones with a question mark. */
const CONTENT_INFO = /^06 a0 $/;
const SIGNED_DATA = /^02 31 30 (a0 )?(a1 )?31 $/;
const ENCAPSULATED = /^06 (a0 )?$/;
const SIGNER = /^02 (30|80|a0) 30 (a0 )?30 (04|24) (a1 )?$/;

/**
 * Returns when ContentInfo, SignedData, its content and each signer have the fields they may have and no others.
 *
 * @param bytes One value within the bounds of a token, BER.
 * @throws {MalformedError} `ERR_TIMESTAMP`
 *
 * Spec: RFC 5652, sections 3, 5.1, 5.2 and 5.3.
 */
export function checkShape(bytes: Uint8Array): void {
  const fieldsOf = (what: string, value: Value, shape: RegExp): readonly Value[] => {
    const fields: Value[] = [];
    for (let offset = value.contentStart; offset < value.end;) {
      const field = readBerHeader(bytes, offset, value.end);
      fields.push(field);
      offset = field.end;
    }
    const found = fields.map(({ tag }) => `${tag.toString(16).padStart(2, "0")} `).join("");
    if (!shape.test(found)) refuseToken(`its ${what} has the fields ${found.slice(0, SHOWN)}and not those of RFC 5652`);
    return fields;
  };
  const contentInfo = fieldsOf("ContentInfo", readBerHeader(bytes, 0, bytes.length), CONTENT_INFO);
  const [signedData] = fieldsOf("content", contentInfo[1] as Value, /^30 $/) as [Value];
  const fields = fieldsOf("SignedData", signedData, SIGNED_DATA);
  const [, content] = fieldsOf("encapContentInfo", fields[2] as Value, ENCAPSULATED);
  if (content !== undefined) fieldsOf("eContent", content, /^[0-9a-f]{2} $/);
  const signers = fieldsOf("signerInfos", fields[fields.length - 1] as Value, /^(30 )*$/);
  for (const signer of signers) fieldsOf("SignerInfo", signer, SIGNER);
}

/** Characters of the fields found that are shown. */
const SHOWN = 60;
