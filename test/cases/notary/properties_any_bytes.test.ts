/**
 * Whatever the bytes, every reader answers: a value or a typed error, within 50 ms per 100 kB. Texts in YAML, which the
 * operator writes and a library reads, have a bound of their own.
 */
import process from "node:process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCbor, parseJson, parsePem, parseYaml } from "../../../src/encoding/mod.ts";
import { EngineError } from "../../../src/errors.ts";
import { decodeEnvelope, parseBlobTrustPolicy, parseOciTrustPolicy } from "../../../src/notary/mod.ts";
import { decodeCrl, decodeOcspResponse } from "../../../src/revocation/mod.ts";
import { readTimestampToken } from "../../../src/timestamp/mod.ts";
import { formatName, parseCertificates } from "../../../src/x509/mod.ts";
import {
  CBOR_SHAPES,
  CERTIFICATE_SHAPES,
  DER_SHAPES,
  JSON_SHAPES,
  JWS_SHAPES,
  PEM_SHAPES,
  type Shape,
  TOKEN_SHAPES,
  TRUST_POLICY_SHAPES,
  YAML_SHAPES,
} from "./properties_adversarial.ts";

const SEED = 20_261;
const BOUND_MILLISECONDS = 50;
/**
 * The library makes an object of every token and an error, with its stack, of every mistake: shorter texts, more time.
 */
const YAML_BYTES = 10_000;
const YAML_BOUND_MILLISECONDS = 500;
/** What else runs on the machine takes time too: the best of a few counts, by the clock or by the processor's time. */
const ATTEMPTS = 6;

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

interface Reader {
  readonly name: string;
  readonly read: (bytes: Uint8Array) => unknown;
  readonly shapes: readonly Shape[];
  readonly bound?: number;
}

const READERS: readonly Reader[] = [
  { name: "JSON", read: (bytes) => parseJson(bytes), shapes: JSON_SHAPES },
  {
    name: "YAML",
    read: (bytes) => parseYaml(text(bytes.subarray(0, YAML_BYTES)), "f"),
    shapes: YAML_SHAPES,
    bound: YAML_BOUND_MILLISECONDS,
  },
  { name: "CBOR", read: (bytes) => decodeCbor(bytes), shapes: CBOR_SHAPES },
  { name: "PEM", read: (bytes) => parsePem(text(bytes)), shapes: PEM_SHAPES },
  {
    name: "JWS",
    read: (bytes) => decodeEnvelope({ mediaType: "application/jose+json", bytes }),
    shapes: JWS_SHAPES,
  },
  { name: "COSE", read: (bytes) => decodeEnvelope({ mediaType: "application/cose", bytes }), shapes: CBOR_SHAPES },
  {
    name: "certificates",
    read: (bytes) => parseCertificates(bytes).map(({ subject }) => formatName(subject)),
    shapes: [...CERTIFICATE_SHAPES, ...PEM_SHAPES],
  },
  { name: "CRLs", read: (bytes) => decodeCrl(bytes), shapes: DER_SHAPES },
  { name: "OCSP responses", read: (bytes) => decodeOcspResponse(bytes), shapes: DER_SHAPES },
  { name: "timestamp tokens", read: (bytes) => readTimestampToken(bytes), shapes: TOKEN_SHAPES },
  { name: "trust policies", read: (bytes) => parseOciTrustPolicy(bytes, "f"), shapes: TRUST_POLICY_SHAPES },
  { name: "trust policies about blobs", read: (bytes) => parseBlobTrustPolicy(bytes, "f"), shapes: JSON_SHAPES },
];

/** Reads, and passes on only what is no typed error. */
async function answer(read: Reader["read"], bytes: Uint8Array): Promise<void> {
  try {
    await read(bytes);
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    expect(thrown.code).toMatch(/^[A-Z_]+$/);
    expect(thrown.code).not.toBe("ERR_INTERNAL");
    expect(thrown.message.length).toBeLessThan(2000);
  }
}

describe.each(READERS)("the reader of $name", ({ read, shapes, bound = BOUND_MILLISECONDS }) => {
  it.each(shapes)("answers %s in time", async (_, make) => {
    const bytes = kept(make);
    const most = bound * Math.max(bytes.length / 100_000, 1);
    let best = Infinity;
    for (let attempt = 0; attempt < ATTEMPTS && best > most; attempt++) {
      const [started, used] = [performance.now(), process.cpuUsage()];
      await answer(read, bytes);
      const { user, system } = process.cpuUsage(used);
      best = Math.min(best, performance.now() - started, (user + system) / 1000);
    }
    expect(best).toBeLessThan(most);
  });

  it("answers any bytes", async () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      // A beginning that leads somewhere, and anything behind it.
      fc.tuple(fc.constantFrom(...shapes), fc.nat(200), fc.uint8Array({ maxLength: 16 })).map(([[, make], at, tail]) =>
        new Uint8Array([...kept(make).subarray(0, at), ...tail])
      ),
    );
    await fc.assert(fc.asyncProperty(noise, (bytes) => answer(read, bytes)), { seed: SEED, numRuns: 300 });
  });
});

const made = new Map<Shape[1], Uint8Array>();

/** Each input is made once. */
function kept(make: Shape[1]): Uint8Array {
  const bytes = made.get(make) ?? make();
  made.set(make, bytes);
  return bytes;
}
