/**
 * A timestamp authority for tests: answers questions of RFC 3161 with tokens of the maker, in memory and on loopback.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { der, integer, octets, oid, sequence, text } from "./certificate_maker.ts";
import { type Authority, HASH, makeToken, type TokenChanges } from "./timestamp_maker.ts";

/** A question, read. */
export interface Question {
  readonly hash: keyof typeof HASH;
  readonly imprint: Uint8Array;
  /** Content octets of the INTEGER. */
  readonly nonce: Uint8Array;
}

/** The values inside a value: lengths up to 65535. */
function inside(encoded: Uint8Array): readonly { readonly whole: Uint8Array; readonly content: Uint8Array }[] {
  const values: { whole: Uint8Array; content: Uint8Array }[] = [];
  for (let at = 0; at < encoded.length;) {
    const first = encoded[at + 1] ?? 0;
    const size = first < 0x80 ? 0 : first & 0x7f;
    const length = size === 0
      ? first
      : Number(`0x${Buffer.from(encoded.subarray(at + 2, at + 2 + size)).toString("hex")}`);
    const start = at + 2 + size;
    values.push({ whole: encoded.subarray(at, start + length), content: encoded.subarray(start, start + length) });
    at = start + length;
  }
  return values;
}

/** Reads a TimeStampReq with version, imprint, nonce and certReq. */
export function readQuestion(query: Uint8Array): Question {
  const [version, imprint, nonce, certificates] = inside(inside(query)[0]?.content ?? octets());
  const [algorithm, hashed] = inside(imprint?.content ?? octets());
  const [id] = inside(algorithm?.content ?? octets());
  const found = Object.entries(HASH).find(([, dotted]) => Buffer.from(oid(dotted)).equals(id?.whole ?? octets()));
  const asked = version?.content[0] === 1 && certificates?.content[0] === 0xff;
  if (!asked || found === undefined || hashed === undefined || nonce === undefined) throw new Error("no question");
  return { hash: found[0] as keyof typeof HASH, imprint: hashed.content, nonce: nonce.content };
}

/** `YYYYMMDDhhmmssZ`. */
export const genTimeOf = (instant: Date) => instant.toISOString().replace(/[-:T]|\.\d+/g, "");

/** How an answer differs from the good one. */
export interface AnswerChanges extends TokenChanges {
  /** PKIStatus; 2 and more go without a token. */
  readonly status?: number;
  readonly nonce?: Uint8Array;
}

/** A TimeStampResp to a question, good unless changed. */
export function answerQuestion(query: Uint8Array, authority: Authority, at: Date, changes: AnswerChanges = {}) {
  const { hash, imprint, nonce } = readQuestion(query);
  const { status = 0, nonce: said = nonce, ...rest } = changes;
  if (status > 1) return sequence(sequence(integer(status), sequence(text("closed today"))));
  const token = makeToken(octets(), authority, {
    imprintHash: hash,
    imprint,
    genTime: genTimeOf(at),
    accuracy: { seconds: [1] },
    more: [der(0x02, said)],
    ...rest,
  });
  return sequence(sequence(integer(status)), token);
}

/** What an authority answers over HTTP. */
export const timestampReply = (bytes: Uint8Array) =>
  new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { "content-type": "application/timestamp-reply" } });

/** An HTTP server on loopback, closed by whoever opened it. */
export interface TimestampServer {
  readonly url: string;
  /** Number of questions so far. */
  readonly asked: () => number;
  readonly close: () => Promise<void>;
}

/** Serves answers under the right media type. */
export async function serveTimestamps(
  answer: (query: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): Promise<TimestampServer> {
  let asked = 0;
  const server: Server = createServer(async (request, response) => {
    asked++;
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part as Uint8Array);
    const type = request.headers["content-type"];
    if (request.method !== "POST" || type !== "application/timestamp-query") return void response.writeHead(400).end();
    const reply = await answer(new Uint8Array(Buffer.concat(parts)));
    response.writeHead(200, { "content-type": "application/timestamp-reply" }).end(reply);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    asked: () => asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
