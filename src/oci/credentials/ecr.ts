/**
 * Credentials of Amazon ECR and ECR Public: AWS keys, or a web identity in exchange for such keys, become a password
 * for the registry, over `fetch` alone.
 *
 * ```ts
 * const credentials = firstOf([createEcrSource({ keys, ports }), ports.credentials]);
 * ```
 *
 * Spec: Amazon ECR API, `GetAuthorizationToken`; AWS STS API, `AssumeRoleWithWebIdentity`.
 */
import { decodeBase64, decodeUtf8, isJsonObject, parseJson, printable } from "../../encoding/mod.ts";
import { ConfigurationError, EngineError, UnavailableError } from "../../errors.ts";
import { networkReason, orAbort, readBody } from "../../http/mod.ts";
import type { Credential, CredentialOptions, CredentialSource, FetchInit, Ports } from "../../ports.ts";
import { createFlights } from "../in_flight.ts";
import { type AwsKeys, signRequest } from "./sigv4.ts";

/** Bytes of an answer of AWS at most. */
export const MAX_AWS_ANSWER_BYTES = 64 * 1024;

/** How long AWS may take for one answer. */
export const MAX_AWS_MILLISECONDS = 10_000;

/** Part of a password's, or of keys', life after which new ones are fetched. */
const LIFE = 0.8;

/** Whose AWS account it is: keys, or a role that a token of a web identity may take on. */
export type AwsIdentity =
  | { readonly type: "keys"; readonly keys: AwsKeys }
  | {
    readonly type: "webIdentity";
    readonly roleArn: string;
    /** Read anew whenever keys are fetched: Kubernetes replaces it. */
    readonly token: () => Promise<string>;
    /** Of the endpoint of STS: `eu-west-1`. */
    readonly region: string;
  };

/** What an ECR source needs. */
export interface EcrOptions {
  readonly identity: AwsIdentity;
  /** Words for messages: `$AWS_ACCESS_KEY_ID`. */
  readonly source: string;
  readonly ports: Pick<Ports, "fetch" | "now" | "sleep" | "crypto">;
}

/** For whom AWS is asked, and whose requests that takes. */
type Asker = Pick<EcrOptions, "source" | "ports"> & Pick<CredentialOptions, "budget">;

interface EcrPlace {
  readonly host: string;
  readonly region: string;
  readonly service: "ecr" | "ecr-public";
  readonly target: string;
}

/** Where passwords for a registry host are given; `undefined` for hosts that are not Amazon's. */
export function ecrPlaceOf(registryHost: string): EcrPlace | undefined {
  if (registryHost === "public.ecr.aws") {
    const target = "SpencerFrontendService.GetAuthorizationToken";
    return { host: "api.ecr-public.us-east-1.amazonaws.com", region: "us-east-1", service: "ecr-public", target };
  }
  const match = /^\d{12}\.dkr\.ecr(-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.(amazonaws\.com(?:\.cn)?)$/.exec(registryHost);
  if (match === null) return undefined;
  const [, fips, region = "", domain = ""] = match;
  const host = fips === undefined ? `api.ecr.${region}.${domain}` : `ecr-fips.${region}.${domain}`;
  return { host, region, service: "ecr", target: "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken" };
}

/**
 * Makes a source for Amazon's registries; it knows no others. A password is kept for 0.8 of its life, for each region.
 *
 * @throws {ConfigurationError} From the source: `ERR_CREDENTIALS` when AWS refuses.
 * @throws {UnavailableError} From the source: `ERR_CREDENTIALS_UNAVAILABLE` when AWS does not answer.
 */
export function createEcrSource({ identity, source, ports }: EcrOptions): CredentialSource {
  const passwords = createKept<Credential>(ports);
  const assumed = createKept<AwsKeys>(ports);
  return async ({ host }, options) => {
    const place = ecrPlaceOf(host);
    if (place === undefined) return undefined;
    const asker: Asker = { source, ports, ...options };
    const keysOf = async (): Promise<AwsKeys> =>
      identity.type === "keys" ? identity.keys : await assumed("", options, () => assumeRole(identity, asker));
    return await passwords(place.host, options, async () => await fetchPassword(place, await keysOf(), asker));
  };
}

interface Lasting<T> {
  readonly value: T;
  readonly endsAt: number;
}

/** Keeps values to 0.8 of their life, and asks once for all who wait. A failure is not kept. */
function createKept<T>(ports: Pick<Ports, "now" | "sleep">) {
  const now = () => ports.now().getTime();
  const kept = new Map<string, Lasting<T>>();
  const flights = createFlights<Lasting<T>>(ports);
  return async (key: string, options: CredentialOptions, ask: () => Promise<Lasting<T>>): Promise<T> => {
    const before = kept.get(key);
    if (before !== undefined && now() < before.endsAt) return before.value;
    const { value } = await flights.share(key, options, async () => {
      const startedAt = now();
      const { value, endsAt } = await ask();
      const lasting = { value, endsAt: startedAt + (endsAt - startedAt) * LIFE };
      kept.set(key, lasting);
      return lasting;
    });
    return value;
  };
}

async function fetchPassword(
  place: EcrPlace,
  keys: AwsKeys,
  asker: Asker,
): Promise<Lasting<Credential>> {
  const { source, ports } = asker;
  const body = "{}";
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": place.target };
  const signed = await signRequest({ ...place, path: "/", headers, body }, keys, ports.now(), ports.crypto);
  const answer = await ask(`https://${place.host}/`, signed, body, asker);
  const data = isJsonObject(answer) ? answer["authorizationData"] : undefined;
  const entry: unknown = Array.isArray(data) ? data[0] : data;
  const { authorizationToken, expiresAt } = isJsonObject(entry) ? entry : {};
  const endsAt = instantOf(expiresAt);
  const text = typeof authorizationToken === "string" ? textOf(authorizationToken) : "";
  const colon = text.indexOf(":");
  if (colon < 1 || endsAt === undefined) throw odd(place.host, "no password and its end");
  const [username, secret] = [text.slice(0, colon), text.slice(colon + 1)];
  return {
    value: { type: "basic", username, secret, source: `the password ${place.host} gave for ${source}` },
    endsAt,
  };
}

async function assumeRole(
  { roleArn, token, region }: Extract<AwsIdentity, { readonly type: "webIdentity" }>,
  asker: Asker,
): Promise<Lasting<AwsKeys>> {
  const host = `sts.${region}.${region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com"}`;
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: roleArn,
    RoleSessionName: "edge-notary",
    WebIdentityToken: (await token()).trim(),
  }).toString();
  const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  const answer = await ask(`https://${host}/`, headers, body, asker);
  const found = ["AssumeRoleWithWebIdentityResponse", "AssumeRoleWithWebIdentityResult", "Credentials"]
    .reduce<unknown>((value, name) => isJsonObject(value) ? value[name] : undefined, answer);
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = isJsonObject(found) ? found : {};
  const endsAt = instantOf(Expiration);
  if (
    typeof AccessKeyId !== "string" || typeof SecretAccessKey !== "string" || typeof SessionToken !== "string" ||
    endsAt === undefined
  ) throw odd(host, "no keys and their end");
  return {
    value: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
    endsAt,
  };
}

/** A POST and the JSON it is answered with. Nothing of a refusal but its kind is printed: it may hold what was sent. */
async function ask(
  url: string,
  headers: FetchInit["headers"],
  body: string,
  { source, ports, budget }: Asker,
): Promise<unknown> {
  const { host } = new URL(url);
  const action = `Cannot get credentials for ${source} from ${host}`;
  const signal = AbortSignal.timeout(MAX_AWS_MILLISECONDS);
  const init: FetchInit = { method: "POST", headers, body, redirect: "manual", signal, confidential: true };
  let status: number;
  let bytes: Uint8Array;
  let giveBack: (() => void) | undefined;
  try {
    giveBack = await budget?.take(action, signal);
    const response = await orAbort(ports.fetch(url, init), signal);
    status = response.status;
    bytes = (await readBody(response, MAX_AWS_ANSWER_BYTES, signal)).bytes;
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    const reason = signal.aborted
      ? `it did not answer within ${MAX_AWS_MILLISECONDS / 1000} s`
      : printable(networkReason(thrown), 200);
    throw new UnavailableError("ERR_CREDENTIALS_UNAVAILABLE", `${action}: ${reason}`, { cause: thrown });
  } finally {
    giveBack?.();
  }
  const answer = jsonOf(bytes);
  if (status === 200) return answer;
  const kind = kindOf(answer);
  const words = `${action}: it answered ${status}${kind === undefined ? "" : ` ${printable(kind, 80)}`}`;
  if (status === 429 || status >= 500 || kind === "ThrottlingException") {
    throw new UnavailableError("ERR_CREDENTIALS_UNAVAILABLE", words);
  }
  throw new ConfigurationError("ERR_CREDENTIALS", words);
}

const odd = (host: string, what: string) =>
  new UnavailableError("ERR_CREDENTIALS_UNAVAILABLE", `Cannot read the answer of ${host}: it has ${what}`);

/** Seconds since 1970, or a date as text; in milliseconds. */
function instantOf(value: unknown): number | undefined {
  const instant = typeof value === "number" ? value * 1000 : typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isFinite(instant) ? instant : undefined;
}

/** `UnrecognizedClientException`, wherever the two services write it. */
function kindOf(answer: unknown): string | undefined {
  if (!isJsonObject(answer)) return undefined;
  const error = answer["Error"];
  const kind = answer["__type"] ?? (isJsonObject(error) ? error["Code"] : undefined);
  return typeof kind === "string" && /^[\w.#:]+$/.test(kind) ? kind : undefined;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch {
    return undefined;
  }
}

function textOf(token: string): string {
  try {
    return decodeUtf8(decodeBase64(token));
  } catch {
    return "";
  }
}
