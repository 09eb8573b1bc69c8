/** The body of a request, read within a bound. */
import { concatBytes, parseJson } from "../encoding/mod.ts";
import { MalformedError } from "../errors.ts";
import { MAX_REVIEW_BYTES, MAX_REVIEW_DEPTH } from "./review.ts";

/**
 * Reads a request's body as JSON.
 *
 * @throws {MalformedError} `ERR_TOO_LARGE` before more than {@link MAX_REVIEW_BYTES} are kept, `ERR_JSON` when it is
 * not one JSON document without duplicate names.
 */
export async function readJsonBody(request: Request): Promise<unknown> {
  const announced = request.headers.get("content-length");
  if (Number(announced ?? 0) > MAX_REVIEW_BYTES) throw tooLarge(Number(announced));
  // A length that is announced is one that HTTP holds the body to: it can be read at once, which costs much less.
  const bytes = announced !== null && /^[0-9]{1,8}$/.test(announced)
    ? new Uint8Array(await request.arrayBuffer())
    : await readBytes(request);
  return parseJson(bytes, { maxBytes: MAX_REVIEW_BYTES, maxDepth: MAX_REVIEW_DEPTH });
}

async function readBytes({ body }: Request): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  for (let total = 0;;) {
    const { done, value } = await reader.read();
    if (done) break;
    total += value.length;
    if (total > MAX_REVIEW_BYTES) {
      // The rest is not wanted; whether cancelling works is the client's affair.
      reader.cancel().catch(() => {});
      throw tooLarge(total);
    }
    chunks.push(value);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : concatBytes(...chunks);
}

function tooLarge(bytes: number): MalformedError {
  return new MalformedError(
    "ERR_TOO_LARGE",
    `Cannot read the request: ${bytes} bytes or more, at most ${MAX_REVIEW_BYTES}`,
  );
}
