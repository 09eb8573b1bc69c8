/**
 * Requests signed for AWS.
 *
 * Spec: AWS Signature Version 4, "Create a signed AWS API request".
 */
import { createMacKey } from "../../crypto/mod.ts";
import { encodeHex, encodeUtf8 } from "../../encoding/mod.ts";
import type { CryptoProvider } from "../../ports.ts";

/** Keys of an AWS principal. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of keys that end. */
  readonly sessionToken?: string;
}

/** A POST to an AWS service. */
export interface AwsRequest {
  readonly host: string;
  readonly path: string;
  /** Signed too, by lower-case names; `host` and the date are added. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly region: string;
  readonly service: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

type Hasher = Pick<CryptoProvider, "digest">;

/**
 * Signs a request.
 *
 * @param at Now; the service takes it for some minutes.
 * @returns The headers to send, `authorization` among them, without `host`.
 */
export async function signRequest(
  request: AwsRequest,
  keys: AwsKeys,
  at: Date,
  crypto: Hasher,
): Promise<Readonly<Record<string, string>>> {
  const { host, path, body, region, service } = request;
  // 20150830T123600Z
  const time = at.toISOString().replace(/[-:]|\.\d+/g, "");
  const day = time.slice(0, 8);
  const token = keys.sessionToken === undefined ? {} : { "x-amz-security-token": keys.sessionToken };
  const headers: Readonly<Record<string, string>> = { ...request.headers, ...token, "x-amz-date": time };
  const signed = Object.entries({ ...headers, host }).sort(([one], [other]) => one < other ? -1 : 1);
  const names = signed.map(([name]) => name).join(";");
  const hash = async (text: string) => encodeHex(await crypto.digest("sha256", encodeUtf8(text)));
  const lines = signed.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, " ")}\n`).join("");
  const canonical = ["POST", path, "", lines, names, await hash(body)].join("\n");
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = [ALGORITHM, time, scope, await hash(canonical)].join("\n");
  let key: Uint8Array = encodeUtf8(`AWS4${keys.secretAccessKey}`);
  for (const part of [day, region, service, "aws4_request"]) key = await createMacKey(key).tag(encodeUtf8(part));
  const signature = encodeHex(await createMacKey(key).tag(encodeUtf8(toSign)));
  const authorization = `${ALGORITHM} Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names}, ` +
    `Signature=${signature}`;
  return { ...headers, authorization };
}
