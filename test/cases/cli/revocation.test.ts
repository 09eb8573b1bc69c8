/** The flags of revocation, tried with files: who is asked, what is supplied, what is said. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { formatPem } from "../../../src/encoding/mod.ts";
import { sleep } from "../../../src/runtime/web.ts";
import { crlAt, LEAF, makeCertificate, ocspAt, subject } from "../../run/certificate_maker.ts";
import { makeJws, type Signer } from "../../run/envelope_maker.ts";
import { makeCrl, makeOcspResponse } from "../../run/revocation_maker.ts";
import {
  after,
  DAY,
  HOUR,
  ISSUER,
  issuerCertificate,
  keys,
  LEAF_SERIAL,
  responderCertificate,
  statusOf,
} from "../revocation/cast.ts";
import { runInMemory } from "./memory_host.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const OCSP = "http://ocsp.example.com/";
const CRL = "http://127.0.0.1:8888/issuer.crl";
const BLOB = "hello world!\n";

function signerNaming(extension: Uint8Array): Signer {
  const leaf = makeCertificate({
    subject: subject("leaf"),
    issuer: ISSUER,
    key: keys.leaf,
    issuerKey: keys.issuer,
    serialNumber: LEAF_SERIAL,
    extensions: [...LEAF, extension],
  });
  return { key: keys.leaf, chain: [leaf, issuerCertificate], jws: "ES256", cose: -7 };
}
const signature = (signer: Signer) =>
  makeJws(signer, {
    payload: JSON.stringify({
      targetArtifact: {
        mediaType: "application/octet-stream",
        digest: `sha256:${createHash("sha256").update(BLOB).digest("hex")}`,
        size: BLOB.length,
      },
    }),
  });

const ocsp = (status: "good" | "revoked" = "good") =>
  makeOcspResponse({
    producedAt: after(NOW, -HOUR),
    signer: keys.issuer,
    statuses: [statusOf(NOW, { status, revokedAt: after(NOW, -DAY), reason: 1 })],
  });
const crl = (listed = false) =>
  makeCrl({
    issuer: ISSUER,
    key: keys.issuer,
    thisUpdate: after(NOW, -HOUR),
    nextUpdate: after(NOW, DAY),
    entries: listed ? [{ serialNumber: LEAF_SERIAL, revokedAt: after(NOW, -DAY), reason: 1 }] : [],
  });

const files = {
  "root.pem": formatPem("CERTIFICATE", issuerCertificate),
  "data.bin": BLOB,
  "ocsp.jws.sig": signature(signerNaming(ocspAt(OCSP))),
  "crl.jws.sig": signature(signerNaming(crlAt(CRL))),
  "good.ocsp": ocsp(),
  "revoked.ocsp": ocsp("revoked"),
  "good.crl": crl(),
  "listed.pem": formatPem("X509 CRL", crl(true)),
  "empty.pem": formatPem("CERTIFICATE", issuerCertificate),
};
const verify = (
  signatureFile: string,
  flags: readonly string[],
  answers: Readonly<Record<string, Uint8Array>> = {},
  more: Readonly<Record<string, Uint8Array>> = {},
) =>
  runInMemory(["blob", "verify", "--cert", "root.pem", "--signature", signatureFile, ...flags, "data.bin"], {
    now: NOW,
    sleep,
    files: { ...files, ...more },
    registry: ({ url }) => {
      const answer = answers[url];
      return answer === undefined ? new Response(null, { status: 503 }) : new Response(answer as BodyInit);
    },
  });

const SUBJECT = '"CN=leaf,O=Notary,ST=WA,C=US"';
const verified = { status: 0, stdout: "Successfully verified signature for data.bin\n", stderr: "" };

describe("blob verify asks about revocation", () => {
  it("at the place the certificate names", async () => {
    expect(await verify("ocsp.jws.sig", [], { [OCSP]: ocsp() })).toMatchObject({
      ...verified,
      requests: [`POST ${OCSP}`],
    });
  });

  it("and refuses what is revoked, with what to do", async () => {
    const { status, stderr } = await verify("ocsp.jws.sig", [], { [OCSP]: ocsp("revoked") });
    expect(status).toBe(1);
    expect(stderr).toContain(
      `Error: signature verification failed: signing certificate with subject ${SUBJECT} is revoked\n`,
    );
    expect(stderr).toContain("Code: CERTIFICATE_REVOKED (denied; a retry does not help)\n");
  });

  it("and refuses what nobody tells, for now", async () => {
    const { status, stderr } = await verify("ocsp.jws.sig", []);
    expect(status).toBe(1);
    expect(stderr).toContain(`signing certificate with subject ${SUBJECT} revocation status is unknown\n`);
    expect(stderr).toContain("Code: REVOCATION_UNKNOWN (unavailable; a retry may help)\n");
  });

  it("at a private place only where that is allowed", async () => {
    const refused = await verify("crl.jws.sig", [], { [CRL]: crl() });
    expect(refused).toMatchObject({ status: 1, requests: [] });
    expect(refused.stderr).toContain("Code: REVOCATION_NOT_CHECKED (unavailable; a retry does not help)\n");
    expect(refused.stderr).toContain("is at a loopback address, which is not allowed here");
    expect(refused.stderr).toContain("allow the host that is named");
    for (const host of ["127.0.0.1:8888", "127.0.0.1"]) {
      const allowed = await verify("crl.jws.sig", ["--revocation-host", host], { [CRL]: crl() });
      expect(allowed).toMatchObject({ ...verified, requests: [`GET ${CRL}`] });
    }
  });
});

describe("blob verify says what is wrong with an answer", () => {
  const told = (bytes: Uint8Array) => ({ [OCSP]: bytes });
  const by = (certificate: Uint8Array) =>
    makeOcspResponse({
      producedAt: after(NOW, -HOUR),
      signer: keys.responder,
      statuses: [statusOf(NOW)],
      certificates: [certificate],
    });
  const RESPONDER = 'is signed by "CN=responder,O=Notary,ST=WA,C=US", ';

  it.each<readonly [string, Readonly<Record<string, Uint8Array>>, string]>([
    ["nobody there", {}, "answered with HTTP status 503, expected 200"],
    ["HTML", told(new TextEncoder().encode("<html>")), "is no OCSP response: "],
    [
      "another certificate",
      told(makeOcspResponse({
        producedAt: after(NOW, -HOUR),
        signer: keys.issuer,
        statuses: [statusOf(NOW, { serialNumber: [9] })],
      })),
      "is about other certificates than the one asked",
    ],
    [
      "an expired response",
      told(makeOcspResponse({
        producedAt: after(NOW, -DAY),
        signer: keys.issuer,
        statuses: [statusOf(NOW, { thisUpdate: after(NOW, -DAY), nextUpdate: after(NOW, -HOUR) })],
      })),
      "expired at 2026-06-01T11:00:00.000Z, asked at 2026-06-01T12:00:00.000Z",
    ],
    [
      "an expired responder",
      told(by(responderCertificate({ notAfter: after(NOW, -HOUR) }))),
      `${RESPONDER}which is valid from 2024-01-01T00:00:00.000Z to 2026-06-01T11:00:00.000Z`,
    ],
    [
      "a foreign responder",
      told(by(responderCertificate({ issuerKey: keys.stranger }))),
      `${RESPONDER}which the issuer of the certificate in question did not issue`,
    ],
    [
      "a responder that is not made for it",
      told(by(responderCertificate({ purposes: [] }))),
      `${RESPONDER}which is not made for OCSP: its extKeyUsage has no OCSPSigning`,
    ],
    [
      "too much",
      told(new Uint8Array(1 << 20)),
      "answered with more than 20480 bytes",
    ],
  ])("%s", async (_, answers, reason) => {
    const { status, stderr } = await verify("ocsp.jws.sig", [], answers);
    expect(status).toBe(1);
    expect(stderr).toContain(`Reason: Cannot tell whether certificate ${SUBJECT} is revoked: ocsp "${OCSP}" ${reason}`);
    expect(stderr).toContain("Code: REVOCATION_UNKNOWN (unavailable; a retry may help)\n");
  });

  it.each([
    ["file:///etc/issuer.crl", 'is a URL of scheme "file", expected http or https'],
    ["ldap://directory.example.com/cn=issuer", 'is a URL of scheme "ldap", expected http or https'],
    ["http://10.0.0.1/issuer.crl", "is at a private address, which is not allowed here"],
    ["http://[::ffff:192.168.0.1]/issuer.crl", "is at a private address, which is not allowed here"],
    ["http://169.254.169.254/issuer.crl", "is at a link-local address, which is not allowed here"],
    ["http://vault.default.svc/issuer.crl", "is at a name of a private network, which is not allowed here"],
  ])("nothing, as it is not asked: %s", async (url, reason) => {
    const named = { "named.jws.sig": signature(signerNaming(crlAt(url))) };
    const { status, stderr, requests } = await verify("named.jws.sig", [], {}, named);
    expect({ status, requests }).toEqual({ status: 1, requests: [] });
    expect(stderr).toContain(`crl "${url}" ${reason}\n`);
    expect(stderr).toContain("Code: REVOCATION_NOT_CHECKED (unavailable; a retry does not help)\n");
  });
});

describe("blob verify looks at what is supplied", () => {
  it.each([
    [["--ocsp-response", "good.ocsp"], "ocsp.jws.sig", 0],
    [["--ocsp-response", "revoked.ocsp"], "ocsp.jws.sig", 1],
    [["--crl", "good.crl"], "crl.jws.sig", 0],
    [["--crl", "good.crl"], "ocsp.jws.sig", 0],
    [["--crl", "listed.pem"], "crl.jws.sig", 1],
    [[], "crl.jws.sig", 1],
  ])("%j with --offline-revocation, for %s: %i", async (flags, file, status) => {
    const ran = await verify(file, [...flags, "--offline-revocation"], { [OCSP]: ocsp(), [CRL]: crl() });
    expect(ran).toMatchObject({ status, requests: [] });
  });

  it("and says that nobody was asked, where that tells nothing", async () => {
    const { stderr } = await verify("ocsp.jws.sig", ["--offline-revocation"]);
    expect(stderr).toContain(`ocsp "${OCSP}" is not checked here: nobody can be asked from here\n`);
    expect(stderr).toContain("Code: REVOCATION_NOT_CHECKED (unavailable; a retry does not help)\n");
  });

  it("and with --offline names the request that is not made", async () => {
    const ran = await verify("ocsp.jws.sig", ["--offline"], { [OCSP]: ocsp(), [CRL]: crl() });
    expect(ran).toMatchObject({ status: 1, requests: [] });
    expect(ran.stderr).toContain(`could not be asked: Cannot ask POST "${OCSP}": --offline allows no request`);
    expect(await verify("crl.jws.sig", ["--offline", "--crl", "good.crl"])).toMatchObject({ status: 0, requests: [] });
  });

  it("and reads no file that is longer than a CRL may be", async () => {
    const { status, stderr } = await verify("crl.jws.sig", ["--crl", "huge.crl"], {}, {
      "huge.crl": new Uint8Array(200 * 1024 * 1024),
    });
    expect(status).toBe(1);
    expect(stderr).toContain("Code: ERR_FILE");
    expect(stderr).toContain('Cannot read "huge.crl"');
  });

  it.each([
    [["--crl", "none.crl"], "ERR_FILE", "none.crl"],
    [["--crl", "good.ocsp"], "ERR_CONFIG", 'Cannot read CRL of "good.ocsp"'],
    [["--crl", "empty.pem"], "ERR_CONFIG", "it holds no CRL, expected 1 or more"],
    [["--crl", "data.bin"], "ERR_CONFIG", 'Cannot read CRL of "data.bin"'],
    [["--ocsp-response", "good.crl"], "ERR_CONFIG", 'Cannot read OCSP response of "good.crl"'],
    [["--revocation-host", "http://127.0.0.1"], "ERR_CONFIG", 'Cannot allow "http://127.0.0.1" for revocation'],
    [["--revocation-host", "a/b"], "ERR_CONFIG", "expected a host, or a host and a port"],
    [["--revocation-host", "user@host"], "ERR_CONFIG", "expected a host, or a host and a port"],
  ])("and refuses %j", async (flags, code, message) => {
    const { status, stderr, requests } = await verify("ocsp.jws.sig", flags);
    expect({ status, requests }).toEqual({ status: 1, requests: [] });
    expect(stderr).toContain(message);
    expect(stderr).toContain(`Code: ${code}`);
  });
});
