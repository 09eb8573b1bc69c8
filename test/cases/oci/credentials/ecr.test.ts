/** Amazon's registries: signatures against AWS' own test suite and a second implementation, and what AWS may answer. */
import { createHash, createHmac } from "node:crypto";
import { webcrypto } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import { createRequestBudget } from "../../../../src/http/mod.ts";
import { type AwsIdentity, createEcrSource, ecrPlaceOf } from "../../../../src/oci/credentials/ecr.ts";
import { signRequest } from "../../../../src/oci/credentials/sigv4.ts";
import type { CredentialOptions, FetchInit } from "../../../../src/ports.ts";
import { createAwsCredentials } from "../../../../src/runtime/aws_credentials.ts";
import { sleep } from "../../../../src/runtime/web.ts";
import { failure } from "../fake_registry.ts";

const crypto = createWebCryptoProvider(webcrypto.subtle as SubtleCrypto);

/** Requests of the AWS Signature Version 4 test suite that are POSTs, with the signatures it names. */
describe("signRequest()", () => {
  const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
  const at = new Date("2015-08-30T12:36:00Z");
  const vanilla = {
    host: "example.amazonaws.com",
    path: "/",
    headers: {},
    body: "",
    region: "us-east-1",
    service: "service",
  };
  it.each<[string, Record<string, string>, string, string, string]>([
    ["post-vanilla", {}, "", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
    [
      "post-header-key-sort",
      { "my-header1": "value1" },
      "",
      "host;my-header1;x-amz-date",
      "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ],
    [
      "post-x-www-form-urlencoded",
      { "content-type": "application/x-www-form-urlencoded" },
      "Param1=value1",
      "content-type;host;x-amz-date",
      "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ],
  ])("signs %s", async (_, headers, body, signedHeaders, signature) => {
    const signed = await signRequest({ ...vanilla, headers, body }, keys, at, crypto);
    expect(signed["authorization"]).toBe(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, " +
        `SignedHeaders=${signedHeaders}, Signature=${signature}`,
    );
    expect(signed).toMatchObject({ "x-amz-date": "20150830T123600Z", ...headers });
  });
});

describe("ecrPlaceOf()", () => {
  it.each<[string, string | undefined]>([
    ["123456789012.dkr.ecr.eu-west-1.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com"],
    ["123456789012.dkr.ecr.us-gov-west-1.amazonaws.com", "api.ecr.us-gov-west-1.amazonaws.com"],
    ["123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "ecr-fips.us-east-1.amazonaws.com"],
    ["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "api.ecr.cn-north-1.amazonaws.com.cn"],
    ["public.ecr.aws", "api.ecr-public.us-east-1.amazonaws.com"],
    ["ghcr.io", undefined],
    ["123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.org", undefined],
    ["evil-123456789012.dkr.ecr.eu-west-1.amazonaws.com", undefined],
    ["12345678901.dkr.ecr.eu-west-1.amazonaws.com", undefined],
    ["123456789012.dkr.ecr.evil.example/x.amazonaws.com", undefined],
    ["123456789012.dkr.ecr.eu-west-1.amazonaws.com:8443", undefined],
  ])("of %s is %s", (host, expected) => expect(ecrPlaceOf(host)?.host).toBe(expected));
});

const HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const KEYS = { accessKeyId: "AKID", secretAccessKey: "s3cret" };
const token = (text: string) => Buffer.from(text).toString("base64");

/** The signature of a request to ECR, computed without the engine. */
function signatureOf(init: FetchInit, secret: string): string {
  const { authorization = "", ...headers } = init.headers;
  const [, scope = "", names = ""] = /Credential=\w+\/(\S+), SignedHeaders=(\S+),/.exec(authorization) ?? [];
  const host = "api.ecr.eu-west-1.amazonaws.com";
  const values: Record<string, string> = { ...headers, host };
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  const lines = names.split(";").map((name) => `${name}:${values[name]}\n`).join("");
  const canonical = `POST\n/\n\n${lines}\n${names}\n${hash(String(init.body))}`;
  const toSign = `AWS4-HMAC-SHA256\n${headers["x-amz-date"]}\n${scope}\n${hash(canonical)}`;
  const key = scope.split("/").reduce<string | Buffer>(
    (last, part) => createHmac("sha256", last).update(part).digest(),
    `AWS4${secret}`,
  );
  return createHmac("sha256", key).update(toSign).digest("hex");
}

/** AWS, as a function; the clock is the test's. */
function scene(identity: AwsIdentity, answer: (url: string, init: FetchInit) => Response | Promise<Response>) {
  const asked: { readonly url: string; readonly init: FetchInit }[] = [];
  const clock: { time: number; patience?: number } = { time: Date.parse("2026-12-01T00:00:00Z") };
  const ports = {
    fetch: async (url: string, init: FetchInit) => {
      asked.push({ url, init });
      return await answer(url, init);
    },
    now: () => new Date(clock.time),
    sleep: (milliseconds: number, signal: AbortSignal) => sleep(clock.patience ?? milliseconds, signal),
    crypto,
  };
  const source = createEcrSource({ identity, source: "$AWS", ports });
  const ask = (host = HOST, more: Pick<CredentialOptions, "budget"> = {}) =>
    source({ host, repository: "app" }, { signal: AbortSignal.timeout(5_000), ...more });
  return { ask, asked, clock };
}

const password = (secret: string, endsAt: number) =>
  Response.json({ authorizationData: [{ authorizationToken: token(`AWS:${secret}`), expiresAt: endsAt / 1000 }] });

describe("createEcrSource()", () => {
  const keys: AwsIdentity = { type: "keys", keys: KEYS };

  it("asks ECR with a signature it can check", async () => {
    const { ask, asked, clock } = scene(keys, () => password("pw:1", clock.time + 1000));
    expect(await ask()).toEqual({
      type: "basic",
      username: "AWS",
      secret: "pw:1",
      source: "the password api.ecr.eu-west-1.amazonaws.com gave for $AWS",
    });
    const [{ url, init }] = asked as [typeof asked[number]];
    expect(url).toBe("https://api.ecr.eu-west-1.amazonaws.com/");
    expect(init).toMatchObject({ method: "POST", redirect: "manual", body: "{}" });
    expect(init.headers["authorization"]).toContain(`Signature=${signatureOf(init, KEYS.secretAccessKey)}`);
    expect(JSON.stringify(init)).not.toContain(KEYS.secretAccessKey);
  });

  it("knows no other registries", async () => {
    const { ask, asked } = scene(keys, () => new Response());
    expect(await ask("ghcr.io")).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it("keeps a password to 0.8 of its life, for each region, and asks once for all", async () => {
    let given = 0;
    const { ask, asked, clock } = scene(keys, () => password(`p${++given}`, clock.time + 100_000));
    const secrets = await Promise.all([ask(), ask(), ask()]);
    expect(secrets.map((found) => found?.type === "basic" && found.secret)).toEqual(["p1", "p1", "p1"]);
    clock.time += 79_999;
    expect(await ask()).toMatchObject({ secret: "p1" });
    clock.time += 1;
    expect((await Promise.all([ask(), ask()])).map((found) => found?.type === "basic" && found.secret))
      .toEqual(["p2", "p2"]);
    await ask(HOST.replace("eu-west-1", "eu-west-2"));
    expect(asked).toHaveLength(3);
  });

  it("asks anew where a request never ends", async () => {
    const answers = [() => new Promise<Response>(() => {}), () => password("p2", clock.time + 1000)];
    const { ask, asked, clock } = scene(keys, () => answers.shift()?.() ?? new Response(null, { status: 500 }));
    clock.patience = 20;
    void ask();
    await expect.poll(() => asked.length).toBe(1);
    expect(await ask()).toMatchObject({ secret: "p2" });
    expect(asked).toHaveLength(2);
  });

  it("sends and is given secrets, which nobody writes down, and takes each request from the decision's", async () => {
    const { ask, asked, clock } = scene(keys, () => password("p", clock.time + 1000));
    const budget = createRequestBudget({ maxRequests: 1, maxInFlight: 1 });
    await ask(HOST, { budget });
    expect(asked[0]?.init.confidential).toBe(true);
    const { code, message } = await failure(ask(HOST.replace("west-1", "west-2"), { budget }));
    expect(code).toBe("ERR_REQUEST_BUDGET");
    expect(message).toContain("Cannot get credentials for $AWS from api.ecr.eu-west-2.amazonaws.com");
    expect(asked).toHaveLength(1);
  });

  it("exchanges a web identity for keys, reads it anew each time, and sends the session token", async () => {
    let read = 0;
    const web: AwsIdentity = {
      type: "webIdentity",
      roleArn: "arn:aws:iam::123456789012:role/reader",
      token: () => Promise.resolve(`jwt${++read}\n`),
      region: "eu-west-1",
    };
    const { ask, asked, clock } = scene(web, (url) => {
      if (!url.startsWith("https://sts.")) return password("pw", clock.time + 100_000);
      const Credentials = {
        AccessKeyId: "ASIA",
        SecretAccessKey: "assumed",
        SessionToken: "session",
        Expiration: (clock.time + 50_000) / 1000,
      };
      return Response.json({ AssumeRoleWithWebIdentityResponse: { AssumeRoleWithWebIdentityResult: { Credentials } } });
    });
    expect(await ask()).toMatchObject({ secret: "pw" });
    const [sts, ecr] = asked as [typeof asked[number], typeof asked[number]];
    expect(sts.url).toBe("https://sts.eu-west-1.amazonaws.com/");
    expect(Object.fromEntries(new URLSearchParams(String(sts.init.body)))).toMatchObject({
      Action: "AssumeRoleWithWebIdentity",
      RoleArn: web.roleArn,
      WebIdentityToken: "jwt1",
    });
    expect(sts.init.headers["authorization"]).toBeUndefined();
    expect(ecr.init.headers["x-amz-security-token"]).toBe("session");
    expect(ecr.init.headers["authorization"]).toContain(`Signature=${signatureOf(ecr.init, "assumed")}`);
    clock.time += 80_000;
    await ask();
    expect(asked).toHaveLength(4);
    expect(String(asked[2]?.init.body)).toContain("WebIdentityToken=jwt2");
  });

  it.each<[string, () => Response | Promise<Response>, string, string]>([
    [
      "refuses",
      () => Response.json({ __type: "UnrecognizedClientException", message: "s3cret" }, { status: 400 }),
      "ERR_CREDENTIALS",
      "400 UnrecognizedClientException",
    ],
    ["refuses with a page", () => new Response("<s3cret>", { status: 403 }), "ERR_CREDENTIALS", "it answered 403"],
    [
      "is throttled",
      () => Response.json({ __type: "ThrottlingException" }, { status: 400 }),
      "ERR_CREDENTIALS_UNAVAILABLE",
      "400 ThrottlingException",
    ],
    ["fails", () => new Response("s3cret", { status: 503 }), "ERR_CREDENTIALS_UNAVAILABLE", "it answered 503"],
    [
      "redirects",
      () => new Response(null, { status: 307, headers: { location: "https://evil.example" } }),
      "ERR_CREDENTIALS",
      "it answered 307",
    ],
    [
      "is not there",
      () => Promise.reject(new TypeError("fetch failed")),
      "ERR_CREDENTIALS_UNAVAILABLE",
      "fetch failed",
    ],
    ["gives no password", () => Response.json({}), "ERR_CREDENTIALS_UNAVAILABLE", "it has no password"],
    [
      "gives a password without an end",
      () => Response.json({ authorizationData: [{ authorizationToken: token("AWS:x") }] }),
      "ERR_CREDENTIALS_UNAVAILABLE",
      "its end",
    ],
    [
      "gives no base64",
      () => Response.json({ authorizationData: [{ authorizationToken: "*", expiresAt: 1 }] }),
      "ERR_CREDENTIALS_UNAVAILABLE",
      "it has no password",
    ],
  ])("says so when AWS %s, and asks again the next time", async (_, answer, code, words) => {
    const { ask, asked } = scene(keys, answer);
    const error = await failure(ask());
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.message).not.toContain("s3cret");
    await failure(ask());
    expect(asked).toHaveLength(2);
  });
});

describe("createAwsCredentials()", () => {
  const ports = { fetch: () => Promise.reject(new TypeError("none")), sleep, now: () => new Date(), crypto };
  it.each<[string, Record<string, string>, boolean]>([
    ["nothing", {}, false],
    ["keys", { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" }, true],
    ["half of the keys", { AWS_ACCESS_KEY_ID: "a" }, false],
    ["a web identity", { AWS_WEB_IDENTITY_TOKEN_FILE: "/f", AWS_ROLE_ARN: "arn" }, true],
    ["a web identity without a role", { AWS_WEB_IDENTITY_TOKEN_FILE: "/f" }, false],
    [
      "a region that is none",
      { AWS_WEB_IDENTITY_TOKEN_FILE: "/f", AWS_ROLE_ARN: "arn", AWS_REGION: "evil.example/" },
      false,
    ],
  ])("of %s", (_, variables, expected) => {
    expect(createAwsCredentials(ports, variables) !== undefined).toBe(expected);
  });
});
