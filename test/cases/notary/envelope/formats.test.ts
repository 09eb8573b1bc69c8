import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EngineError, MalformedError, UnsupportedError } from "../../../../src/errors.ts";
import { decodeEnvelope, type Envelope, MAX_ENVELOPE_BYTES } from "../../../../src/notary/mod.ts";
import { makeCose, makeJws } from "../../../run/envelope_maker.ts";
import { COSE_ROWS, JWS_ROWS, type Row, signers } from "./rows.ts";

const FORMATS: readonly (readonly [string, readonly Row[]])[] = [
  ["application/jose+json", JWS_ROWS],
  ["application/cose", COSE_ROWS],
];

describe.each(FORMATS)("decodeEnvelope() of %s", (mediaType, rows) => {
  const accepted = rows.filter(([, expected]) => expected === undefined);
  const refused = rows.filter(([, expected]) => expected !== undefined);

  it.each(accepted)("accepts %s", (_name, _expected, make) => {
    const envelope = decodeEnvelope({ mediaType, bytes: make() });
    expect(envelope.mediaType).toBe(mediaType);
    expect(envelope.certificateChain).toHaveLength(1);
  });

  it.each(refused)("refuses %s with %s", (_name, expected, make) => {
    const bytes = make();
    let thrown: unknown;
    try {
      decodeEnvelope({ mediaType, bytes });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(EngineError);
    expect(thrown).toMatchObject({ code: expected });
    const { message } = thrown as EngineError;
    expect(message).toMatch(/^Cannot /);
    expect(message).not.toMatch(/\.$/);
    expect(message.length).toBeLessThan(1000);
  });

  it("decodes or refuses any bytes, and never fails in another way", () => {
    const original = mediaType === "application/cose" ? makeCose(signers.curve) : makeJws(signers.curve);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const bytes = original.slice();
          for (const [index, byte] of changes) bytes[index] = byte;
          try {
            expect(decodeEnvelope({ mediaType, bytes }).mediaType).toBe(mediaType);
          } catch (error) {
            if (!(error instanceof MalformedError || error instanceof UnsupportedError)) throw error;
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it("escapes what an envelope puts into a message", () => {
    const evil = "\u001b[31m\u202eevil\n";
    const bytes = mediaType === "application/cose"
      ? undefined
      : makeJws(signers.curve, { members: (all) => (all[evil] = 1) });
    const read = () =>
      decodeEnvelope(
        bytes === undefined ? { mediaType: `${mediaType}${evil}`, bytes: new Uint8Array(1) } : { mediaType, bytes },
      );
    expect(read).toThrow(expect.objectContaining({ message: expect.not.stringMatching(/\p{Cc}|\p{Cf}/u) }));
  });
});

describe("decodeEnvelope()", () => {
  it("gives both formats one normal form", () => {
    const form = ({ payload, signedAttributes, unsignedAttributes, signatureAlgorithm }: Envelope) => ({
      payload: new TextDecoder().decode(payload),
      scheme: signedAttributes.signingScheme,
      contentType: signedAttributes.contentType,
      signingTime: signedAttributes.signingTime?.instant.toISOString(),
      extended: signedAttributes.extended,
      agent: unsignedAttributes.signingAgent,
      signatureAlgorithm,
    });
    const jws = decodeEnvelope({ mediaType: "application/jose+json", bytes: makeJws(signers.rsa) });
    const cose = decodeEnvelope({ mediaType: "application/cose", bytes: makeCose(signers.rsa) });
    expect(form(jws)).toEqual(form(cose));
    expect(form(jws)).toMatchObject({
      scheme: "notary.x509",
      signingTime: "2026-01-01T00:00:00.000Z",
      agent: "test/1.0",
      signatureAlgorithm: "RSASSA-PSS-SHA-256",
    });
  });

  it("keeps the offset a JWS time was written with; COSE has none", () => {
    const bytes = makeJws(signers.curve, {
      protected: (header) => {
        header["io.cncf.notary.signingTime"] = "2026-01-01T09:30:00-03:30";
      },
    });
    const { signingTime } = decodeEnvelope({ mediaType: "application/jose+json", bytes }).signedAttributes;
    expect(signingTime).toEqual({ instant: new Date("2026-01-01T13:00:00Z"), offsetMinutes: -210 });
    const cose = decodeEnvelope({ mediaType: "application/cose", bytes: makeCose(signers.curve) });
    expect(cose.signedAttributes.signingTime).toEqual({ instant: new Date("2026-01-01T00:00:00Z") });
  });

  it("keeps extended attributes with their criticality", () => {
    const bytes = makeJws(signers.curve, {
      protected: (header) => {
        header["com.example.a"] = { b: [true] };
        header["com.example.c"] = "d";
        header["crit"] = [...header["crit"] as string[], "com.example.c"];
      },
    });
    expect(decodeEnvelope({ mediaType: "application/jose+json", bytes }).signedAttributes.extended).toEqual([
      { key: "com.example.a", critical: false, value: { b: [true] } },
      { key: "com.example.c", critical: true, value: "d" },
    ]);
  });

  it.each(FORMATS)("owns what it gives out of %s: the caller's buffer may change", (mediaType) => {
    const bytes = mediaType === "application/cose" ? makeCose(signers.curve) : makeJws(signers.curve);
    const before = decodeEnvelope({ mediaType, bytes: bytes.slice() });
    const after = decodeEnvelope({ mediaType, bytes });
    bytes.fill(0);
    for (const part of ["payload", "signedBytes", "signature"] as const) expect(after[part]).toEqual(before[part]);
  });

  it.each([
    "text/plain",
    "application/jose",
    "application/cose; cose-type=cose-sign1",
    "APPLICATION/COSE",
    "__proto__",
    "",
  ])(
    "refuses the media type %j",
    (mediaType) => {
      expect(() => decodeEnvelope({ mediaType, bytes: makeCose(signers.curve) })).toThrow(
        expect.objectContaining({ code: "ERR_ENVELOPE_MEDIA_TYPE" }),
      );
    },
  );

  it("refuses envelopes of the other format", () => {
    expect(() => decodeEnvelope({ mediaType: "application/cose", bytes: makeJws(signers.curve) })).toThrow(
      MalformedError,
    );
    expect(() => decodeEnvelope({ mediaType: "application/jose+json", bytes: makeCose(signers.curve) })).toThrow(
      MalformedError,
    );
  });

  it("refuses more bytes than the limit before reading them", () => {
    const bytes = new Uint8Array(MAX_ENVELOPE_BYTES + 1);
    expect(() => decodeEnvelope({ mediaType: "application/cose", bytes })).toThrow(
      expect.objectContaining({ code: "ERR_TOO_LARGE" }),
    );
  });
});
