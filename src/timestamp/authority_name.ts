/** Whether the name in a token is one of its authority's certificate (RFC 3161, section 2.4.2). */
import { contextTag, derChildren, equalBytes, readDer, readSequence } from "../encoding/mod.ts";
import { EngineError } from "../errors.ts";
import { type Certificate, type DistinguishedName, formatName, readName } from "../x509/mod.ts";

const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
const DIRECTORY_NAME = contextTag(4, "constructed");

/**
 * Whether a distinguished name is the certificate's subject, or one of its alternative names. Encodings of the same
 * text are the same: authorities write PrintableString here and UTF8String there.
 */
export function namesAuthority(name: DistinguishedName, certificate: Certificate): boolean {
  return [certificate.subject, ...alternativeNames(certificate)].some((other) =>
    equalBytes(other.der, name.der) || formatName(other) === formatName(name)
  );
}

/** An extension that cannot be read names nobody. */
function alternativeNames({ extensions }: Certificate): readonly DistinguishedName[] {
  const extension = extensions.get(SUBJECT_ALTERNATIVE_NAME);
  if (extension === undefined) return [];
  try {
    return readSequence(readDer(extension.value), "subjectAltName")
      .filter(({ tag }) => tag === DIRECTORY_NAME)
      .map((node) => readName(derChildren(node)[0], "subjectAltName"));
  } catch (error) {
    if (error instanceof EngineError) return [];
    throw error;
  }
}
