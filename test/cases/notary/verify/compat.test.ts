import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import {
  decodeEnvelope,
  firstRefusal,
  type ReadOptions,
  type Trust,
  verdict,
  verifyEnvelopeBytes,
  verifySignature,
} from "../../../../src/notary/mod.ts";
import { readCertificate } from "../../../../src/x509/mod.ts";
import { makeJws } from "../../../run/envelope_maker.ts";
import { makeAuthority, makeToken, type TokenChanges, unknownExtension } from "../../../run/timestamp_maker.ts";
import { signers } from "../envelope/rows.ts";
import { artifact, AT, critical, trusting } from "./refusals.ts";

const ports = { crypto: createWebCryptoProvider(), now: () => AT };
const mediaType = "application/jose+json";
const authority = makeAuthority();
const TIMESTAMP = "io.cncf.notary.timestampSignature";

const trust: Trust = trusting(signers.curve, {
  trustAnchors: { ...trusting(signers.curve).trustAnchors, tsa: [readCertificate(authority.root)] },
});

function timestamped(changes: TokenChanges): Uint8Array {
  return makeJws(signers.curve, {
    members: (envelope) => {
      const signature = new Uint8Array(Buffer.from(String(envelope["signature"]), "base64url"));
      const token = makeToken(signature, authority, changes);
      (envelope["header"] as Record<string, unknown>)[TIMESTAMP] = Buffer.from(token).toString("base64");
    },
  });
}

describe("compat in a verification", () => {
  const judge = (bytes: Uint8Array, options?: ReadOptions) =>
    verifyEnvelopeBytes({ mediaType, bytes }, artifact, trust, ports, options);

  it("reaches the timestamp, and tells which of its rules was passed over", async () => {
    const bytes = timestamped({ more: [unknownExtension(true)] });
    expect(firstRefusal(await judge(bytes))?.code).toBe("TIMESTAMP_INVALID");
    const outcome = await judge(bytes, { compat: true });
    expect(verdict(outcome)).toBe("verified");
    expect(outcome.relaxed).toEqual(["timestamp-critical-extension"]);
  });

  it("refuses with the timestamp what the reference refuses too", async () => {
    const outcome = await judge(timestamped({ imprint: new Uint8Array(32) }), { compat: true });
    expect(firstRefusal(outcome)?.code).toBe("TIMESTAMP_MISMATCH");
  });

  it("stays with the envelope that was read with it", async () => {
    const bytes = makeJws(signers.curve, { protected: critical("com.example", 1) });
    const plain = trusting(signers.curve);
    const verify = (options?: ReadOptions) =>
      verifySignature(decodeEnvelope({ mediaType, bytes }, options), artifact, plain, ports);
    expect((await verify({ compat: true })).relaxed).toEqual(["critical-attribute"]);
    // The same bytes, certificates and provider: nothing of the first answer is left.
    const outcome = await verify();
    expect(firstRefusal(outcome)?.code).toBe("CRITICAL_ATTRIBUTE_UNKNOWN");
    expect(outcome).not.toHaveProperty("relaxed");
  });

  it("says of what cannot be decoded that it was asked", async () => {
    const outcome = await judge(new Uint8Array(3), { compat: true });
    expect([verdict(outcome), outcome.relaxed]).toEqual(["failed", []]);
  });
});
