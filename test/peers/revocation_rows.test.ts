/** The reference implementation's revocation library about the same leaf, the same responses and the same CRLs. */
import { spawnSync } from "node:child_process";
import { beforeAll, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { createRevocationChecker } from "../../src/revocation/mod.ts";
import { readCertificate } from "../../src/x509/mod.ts";
import { issuerCertificate, leafCertificate } from "../cases/revocation/cast.ts";
import { CRL_ROWS } from "../cases/revocation/crl_rows.ts";
import { network } from "../cases/revocation/network.ts";
import { OCSP_ROWS } from "../cases/revocation/ocsp_rows.ts";
import { URL_ROWS } from "../cases/revocation/url_rows.ts";
import { ocspAt } from "../run/certificate_maker.ts";
import { describeIf } from "../run/requirements.ts";
import { crlDistributionPoints } from "../run/revocation_maker.ts";
import { deviations } from "./deviations.ts";

interface Question {
  readonly name: string;
  readonly chain: readonly Uint8Array[];
  /** What is behind each URL; anything else is 404. */
  readonly answers: Readonly<Record<string, Uint8Array>>;
  readonly signedAt?: Date;
  readonly reference?: { readonly status: string; readonly deviation: string };
}

interface Answer {
  readonly name: string;
  readonly status: string;
  readonly errors: readonly string[];
}

/** The reference has no clock but the machine's. */
const AT = new Date();
const OCSP = "http://ocsp.example.com/";
const CRL = "http://crl.example.com";
const crypto = createWebCryptoProvider();
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

function askReference(questions: readonly Question[]): ReadonlyMap<string, Answer> {
  const input = questions.map(({ name, chain, answers, signedAt }) => {
    const encoded = Object.fromEntries(Object.entries(answers).map(([url, bytes]) => [url, base64(bytes)]));
    return JSON.stringify({ name, chain: chain.map(base64), answers: encoded, signedAt: signedAt?.toISOString() });
  }).join("\n");
  const { stdout, stderr, status } = spawnSync(peerPaths().revocation, {
    input,
    encoding: "utf8",
    maxBuffer: 1 << 24,
    timeout: 60_000,
  });
  expect(status, stderr).toBe(0);
  const answers = stdout.trim().split("\n").map((line) => JSON.parse(line) as Answer);
  return new Map(answers.map((answer) => [answer.name, answer]));
}

async function askUs({ chain, answers, signedAt }: Question) {
  const { fetch, sleep } = network(answers);
  const checker = createRevocationChecker({ crypto, now: () => AT, fetch, sleep });
  const found = await checker.check(chain.map(readCertificate), signedAt === undefined ? {} : { signedAt });
  return found[0];
}

function compare(questions: readonly Question[]): void {
  let theirs: ReadonlyMap<string, Answer>;
  beforeAll(() => {
    theirs = askReference(questions);
  });

  it.each(questions)("$name: the same status, or a listed difference", async (question) => {
    const [ours, their] = [await askUs(question), theirs.get(question.name)];
    const shown = JSON.stringify({ asked: ours?.asked, errors: their?.errors });
    expect(their?.status, shown).toBe(question.reference?.status ?? ours?.status);
    if (question.reference === undefined) return;
    const { deviation } = question.reference;
    expect(deviations.map(({ id }) => id), `"${deviation}" is no entry of deviations.json`).toContain(deviation);
    expect(ours?.status, `listed as "${deviation}" but equal: remove the entry's use`).not.toBe(their?.status);
  });
}

const signed = (signedAt: ((at: Date) => Date) | undefined) => signedAt === undefined ? {} : { signedAt: signedAt(AT) };
const differing = (reference: Question["reference"]) => reference === undefined ? {} : { reference };

describeIf("revocation", "OCSP responses", () => {
  const chain = [leafCertificate(ocspAt(OCSP)), issuerCertificate];
  compare(OCSP_ROWS.map(({ name, make, signedAt, reference }) => ({
    name,
    chain,
    answers: { [OCSP]: make(AT) },
    ...signed(signedAt),
    ...differing(reference),
  })));
});

describeIf("revocation", "CRLs", () => {
  const point = crlDistributionPoints({ urls: [`${CRL}/base.crl`] });
  compare(CRL_ROWS.map(({ name, leaf, files, issuer = issuerCertificate, signedAt, reference }) => ({
    name,
    chain: [leafCertificate(...leaf?.(CRL) ?? [point]), issuer],
    answers: Object.fromEntries(Object.entries(files(AT, CRL)).map(([path, bytes]) => [CRL + path, bytes])),
    ...signed(signedAt),
    ...differing(reference),
  })));
});

describeIf("revocation", "places to ask", () => {
  compare(URL_ROWS.map(({ name, extensions, answers, reference }) => ({
    name,
    chain: [leafCertificate(...extensions), issuerCertificate],
    answers: answers(AT),
    ...differing(reference),
  })));
});
