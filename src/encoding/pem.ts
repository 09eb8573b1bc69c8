/**
 * PEM text ⇄ labelled DER, read strictly (RFC 7468).
 *
 * White space may stand around blocks and lines. Any other text is refused with its line: a certificate file with a
 * damaged BEGIN line would otherwise lose one certificate in silence.
 */
import { MalformedError } from "../errors.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { printable } from "./text.ts";

/** Characters of PEM text read at most: thousands of certificates. */
export const MAX_PEM_LENGTH = 4 * 1024 * 1024;

/** One block of PEM text. */
export interface PemBlock {
  /** What stands after BEGIN: `CERTIFICATE`. */
  readonly label: string;
  readonly der: Uint8Array;
  /** Line of its BEGIN, from 1. */
  readonly line: number;
}

const BEGIN = /^-----BEGIN ([A-Z0-9](?:[ -]?[A-Z0-9])*)-----$/;
/** What RFC 7468 calls W, line feeds apart: the white space that may stand anywhere. */
const BLANKS = " \t\r\v\f";

/** A line without the blanks around it: in one pass, as a pattern for them would go back over each run of blanks. */
function withoutEdges(line: string): string {
  let start = 0;
  let end = line.length;
  while (start < end && BLANKS.includes(line.charAt(start))) start++;
  while (start < end && BLANKS.includes(line.charAt(end - 1))) end--;
  return line.slice(start, end);
}

function refuse(line: number, what: string, cause?: unknown): never {
  throw new MalformedError("ERR_PEM", `Cannot parse PEM at line ${line}: ${what}`, { cause });
}

/**
 * The blocks of PEM text in their order; none when the text is white space only.
 *
 * @throws {MalformedError} `ERR_PEM` with the line; `ERR_TOO_LARGE` beyond {@link MAX_PEM_LENGTH}.
 *
 * Spec: RFC 7468, sections 2 and 3. Headers (RFC 1421) are refused, as section 2 of RFC 7468 leaves them out.
 */
export function parsePem(text: string): readonly PemBlock[] {
  if (text.length > MAX_PEM_LENGTH) {
    throw new MalformedError(
      "ERR_TOO_LARGE",
      `Cannot parse PEM: ${text.length} characters, expected at most ${MAX_PEM_LENGTH}`,
    );
  }
  const blocks: PemBlock[] = [];
  let open: { readonly label: string; readonly line: number; readonly body: string[] } | undefined;
  let line = 0;
  for (const raw of text.split("\n")) {
    line++;
    const content = withoutEdges(raw);
    if (content === "") continue;
    if (open === undefined) {
      const label = BEGIN.exec(content)?.[1];
      if (label === undefined) refuse(line, `"${printable(content, 40)}" stands outside a block`);
      open = { label, line, body: [] };
    } else if (content === `-----END ${open.label}-----`) {
      blocks.push({ label: open.label, der: decodeBody(open), line: open.line });
      open = undefined;
    } else if (content.startsWith("-")) {
      refuse(line, `"${printable(content, 40)}", expected "-----END ${open.label}-----"`);
    } else {
      open.body.push(content);
    }
  }
  if (open !== undefined) refuse(open.line, `the block "${open.label}" has no END`);
  return blocks;
}

function decodeBody(block: { readonly label: string; readonly line: number; readonly body: readonly string[] }) {
  if (block.body.length === 0) refuse(block.line, `the block "${block.label}" is empty`);
  try {
    return decodeBase64(block.body.join(""));
  } catch (cause) {
    refuse(block.line, `the block "${block.label}" is not base64`, cause);
  }
}

/** One PEM block: lines of 64 characters, a newline at its end. */
export function formatPem(label: string, der: Uint8Array): string {
  const lines = encodeBase64(der).replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
