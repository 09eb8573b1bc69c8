/** Authentic signing times to the nanosecond: envelopes may be finer than the instants of this language. */
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import { type Envelope, type Trust, verifySignature } from "../../../../src/notary/mod.ts";
import { ecKey, LEAF, makeCertificate, subject } from "../../../run/certificate_maker.ts";
import {
  AUTHENTIC_TIME,
  cborArray,
  cborFloat,
  cborTag,
  cborText,
  SCHEME,
  setHeader,
  type Signer,
  SIGNING_TIME,
} from "../../../run/envelope_maker.ts";
import { artifact, authority, byAuthority, cose, jws } from "./refusals.ts";

const crypto = createWebCryptoProvider();
const key = ecKey();
/** Valid for three seconds, the first and the last included. */
const by: Signer = {
  key,
  chain: [
    makeCertificate({
      subject: subject("leaf"),
      key,
      extensions: LEAF,
      notBefore: "20260601115958Z",
      notAfter: "20260601120000Z",
    }),
  ],
  jws: "ES256",
  cose: -7,
};
const trust: Trust = byAuthority(by);
const LAST = Date.parse("2026-06-01T12:00:00Z") / 1000;

const inJws = (time: string) => () =>
  jws(by, {
    protected: (header) => {
      authority(header);
      header[AUTHENTIC_TIME] = time;
    },
  });
const inCose = (seconds: number) => () =>
  cose(by, {
    protected: (entries) => {
      setHeader(entries, SIGNING_TIME, undefined);
      setHeader(entries, SCHEME, cborText("notary.x509.signingAuthority"));
      setHeader(entries, AUTHENTIC_TIME, cborTag(1, cborFloat(seconds)));
      setHeader(entries, 2, cborArray(cborText(SCHEME), cborText(AUTHENTIC_TIME)));
    },
  });

async function judge(envelope: Envelope) {
  const ports = { crypto, now: () => new Date("2030-01-01T00:00:00Z") };
  return (await verifySignature(envelope, artifact, trust, ports)).validations.authenticTimestamp.result;
}

describe("an authentic signing time finer than a millisecond", () => {
  it.each<readonly [string, () => Envelope, string]>([
    ["the last second, JWS", inJws("2026-06-01T12:00:00Z"), "passed"],
    ["the last second with zeros, JWS", inJws("2026-06-01T12:00:00.000000000Z"), "passed"],
    ["half a second before it, JWS", inJws("2026-06-01T11:59:59.5Z"), "passed"],
    ["half a millisecond before it, JWS", inJws("2026-06-01T11:59:59.9995Z"), "passed"],
    ["half a second after it, JWS", inJws("2026-06-01T12:00:00.5Z"), "CERTIFICATE_EXPIRED"],
    ["half a millisecond after it, JWS", inJws("2026-06-01T12:00:00.0005Z"), "CERTIFICATE_EXPIRED"],
    ["a nanosecond after it, JWS", inJws("2026-06-01T14:00:00.000000001+02:00"), "CERTIFICATE_EXPIRED"],
    ["a nanosecond before the first, JWS", inJws("2026-06-01T11:59:57.999999999Z"), "CERTIFICATE_NOT_YET_VALID"],
    ["the last second, COSE", inCose(LAST), "passed"],
    ["a quarter of a millisecond before it, COSE", inCose(LAST - 2 ** -12), "passed"],
    ["a quarter of a millisecond after it, COSE", inCose(LAST + 2 ** -12), "CERTIFICATE_EXPIRED"],
  ])("%s: %s", async (_, make, expected) => {
    const result = await judge(make());
    expect("refusal" in result ? result.refusal.code : result.status).toBe(expected);
  });

  it("is said to be finer", async () => {
    expect(await judge(inCose(LAST + 2 ** -12)())).toMatchObject({
      refusal: {
        message: 'Cannot rely on certificate "CN=leaf,O=Notary,ST=WA,C=US": it was valid until ' +
          "2026-06-01T12:00:00.000Z, the authentic signing time is 2026-06-01T12:00:00.000Z and a fraction of a millisecond",
      },
    });
  });
});
