/** The reference implementation's timestamp libraries about the same tokens: verdict, interval and sentence. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { MalformedError } from "../../src/errors.ts";
import { referenceOf } from "../../src/notary/mod.ts";
import { readTimestampToken, verifyTimestamp } from "../../src/timestamp/mod.ts";
import { parseCertificates, readCertificate } from "../../src/x509/mod.ts";
import { MESSAGE, TOKEN_ROWS } from "../cases/timestamp/rows.ts";
import { describeIf, sharedPath } from "../run/requirements.ts";
import { expectSame } from "./deviations.ts";

interface Question {
  readonly name: string;
  readonly token: Uint8Array;
  readonly message: Uint8Array;
  readonly roots: readonly Uint8Array[];
  readonly deviation?: string;
}

interface Answer {
  readonly trusted: boolean;
  readonly range: string;
  readonly error: string;
}

const crypto = createWebCryptoProvider();
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

function askReference(questions: readonly Question[]): ReadonlyMap<string, Answer> {
  const input = questions.map(({ name, token, message, roots }) =>
    JSON.stringify({ name, token: base64(token), message: base64(message), roots: roots.map(base64) })
  ).join("\n");
  const { stdout, status } = spawnSync(peerPaths().timestamps, { input, encoding: "utf8", maxBuffer: 1 << 24 });
  expect(status).toBe(0);
  const answers = stdout.trim().split("\n").map((line) => JSON.parse(line) as Answer & { readonly name: string });
  return new Map(answers.map((answer) => [answer.name, answer]));
}

/** Our answer; the error is the reference's sentence where we know it. */
async function askUs({ token, message, roots }: Question): Promise<Answer & { readonly known: boolean }> {
  try {
    const decoded = readTimestampToken(token);
    const verdict = await verifyTimestamp(decoded, message, roots.map(readCertificate), crypto);
    if (!verdict.trusted) {
      return { trusted: false, range: "", error: verdict.reference ?? "", known: verdict.reference !== undefined };
    }
    const { earliest, latest } = verdict.range.text;
    return { trusted: true, range: `[${earliest}, ${latest}]`, error: "", known: true };
  } catch (thrown) {
    if (!(thrown instanceof MalformedError)) throw thrown;
    const reference = referenceOf(thrown);
    const error = reference === undefined ? "" : `failed to parse timestamp countersignature with error: ${reference}`;
    return { trusted: false, range: "", error, known: reference !== undefined };
  }
}

function compare(questions: readonly Question[]): void {
  let theirs: ReadonlyMap<string, Answer>;
  beforeAll(() => {
    theirs = askReference(questions);
  });

  it.each(questions)("$name: the same verdict, interval and sentence", async (question) => {
    const [ours, their] = [await askUs(question), theirs.get(question.name)];
    if (their === undefined) return expect(their, "the reference answered").toBeDefined();
    expectSame(ours.trusted, their.trusted, question.deviation, `${question.name}: ${their.error}`);
    if (ours.trusted && their.trusted) expect(ours.range).toBe(their.range);
    if (ours.known && !ours.trusted) expect(ours.error).toBe(their.error);
  });
}

describeIf("timestamps", "made tokens", () => {
  compare(TOKEN_ROWS.map((row) => ({ ...row, message: MESSAGE })));
});

/** The signer's identifier is not signed, and the reference does not compare it: see the entry. */
const PUBLISHED_DEVIATIONS: Readonly<Record<string, string>> = {
  "cms-TimeStampTokenWithUnknownSignerIssuer.p7s": "timestamp-signer-identifier",
};

describeIf("timestamps", "published tokens", () => {
  const folder = sharedPath("vectors", "timestamp");
  const read = (file: string) => new Uint8Array(readFileSync(`${folder}/${file}`));
  const root = parseCertificates(read("GlobalSignRootCA.crt"))[0]!.der;
  const files = readdirSync(folder).filter((file) => file.endsWith(".p7s"));
  compare(files.map((name) => {
    const deviation = PUBLISHED_DEVIATIONS[name];
    const question = { name, token: read(name), message: new TextEncoder().encode("notation"), roots: [root] };
    return deviation === undefined ? question : { ...question, deviation };
  }));
});
