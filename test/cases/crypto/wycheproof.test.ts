/**
 * Wycheproof decides, for every provider. Every file of the folder is named here with how many of its tests must fit,
 * so that none is left out in silence.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  createNobleProvider,
  createWebCryptoProvider,
  readPublicKey,
  type UnsupportedKey,
} from "../../../src/crypto/mod.ts";
import { decodeHex, readDer, writeBitString, writeNull, writeOid, writeSequence } from "../../../src/encoding/mod.ts";
import type { CryptoProvider, PublicKey, SignatureAlgorithm } from "../../../src/ports.ts";
import { createNodeCryptoProvider } from "../../../src/runtime/node_crypto.ts";
import { describeIf, sharedPath } from "../../run/requirements.ts";

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly msg: string;
  readonly sig: string;
  readonly result: "valid" | "invalid" | "acceptable";
}

interface VectorFile {
  readonly testGroups: readonly {
    readonly publicKeyDer?: string;
    readonly publicKeyAsn?: string;
    readonly tests: readonly Vector[];
  }[];
}

interface Expectation {
  readonly algorithm: SignatureAlgorithm;
  /**
   * Whether a signature the file calls so must fit. `acceptable` is RSASSA-PKCS1-v1_5 without NULL: not DER, refused.
   */
  readonly fits: (vector: Vector) => boolean;
  readonly fitting: number;
}

const valid = ({ result }: Vector) => result === "valid";

const FILES: Readonly<Record<string, Expectation>> = {
  "ecdsa_secp256r1_sha256_p1363_test.json": { algorithm: "ECDSA-SHA-256", fits: valid, fitting: 173 },
  "ecdsa_secp521r1_sha512_p1363_test.json": { algorithm: "ECDSA-SHA-512", fits: valid, fitting: 231 },
  // The salt is as long as the hash here (RFC 7518, section 3.5): of the signatures in a file for salts of no length,
  // the one fits that the file calls invalid because its salt has 32 bytes.
  "rsa_pss_2048_sha256_mgf1_0_test.json": {
    algorithm: "RSASSA-PSS-SHA-256",
    fits: ({ comment }) => comment === "s_len changed to 32",
    fitting: 1,
  },
  "rsa_pss_2048_sha256_mgf1_32_test.json": { algorithm: "RSASSA-PSS-SHA-256", fits: valid, fitting: 63 },
  "rsa_pss_4096_sha512_mgf1_64_test.json": { algorithm: "RSASSA-PSS-SHA-512", fits: valid, fitting: 132 },
  "rsa_signature_2048_sha256_test.json": { algorithm: "RSASSA-PKCS1-v1_5-SHA-256", fits: valid, fitting: 9 },
};

const RSA_OID = "1.2.840.113549.1.1.1";

function keyOf(group: VectorFile["testGroups"][number]): PublicKey {
  const spki = group.publicKeyDer !== undefined ? decodeHex(group.publicKeyDer) : writeSequence(
    writeSequence(writeOid(RSA_OID), writeNull()),
    writeBitString(decodeHex(group.publicKeyAsn ?? "")),
  );
  const key: PublicKey | UnsupportedKey = readPublicKey(readDer(spki));
  if (key.type === "unsupported") throw new Error(`unsupported key ${key.oid}`);
  return key;
}

const PROVIDERS: readonly CryptoProvider[] = [
  createWebCryptoProvider(),
  createNobleProvider(),
  createNodeCryptoProvider(createWebCryptoProvider()),
];

describeIf("shared", "Wycheproof", () => {
  it("has no file that is not judged here", () => {
    expect(readdirSync(sharedPath("vectors/wycheproof")).sort()).toEqual(Object.keys(FILES).sort());
  });

  describe.each(PROVIDERS.map((provider) => [provider.name, provider] as const))("%s", (_, provider) => {
    it.each(Object.entries(FILES))("%s", { timeout: 120_000 }, async (file, { algorithm, fits, fitting }) => {
      const { testGroups }: VectorFile = JSON.parse(readFileSync(sharedPath("vectors/wycheproof", file), "utf8"));
      const wrong: string[] = [];
      let counted = 0;
      for (const group of testGroups) {
        const key = keyOf(group);
        for (const vector of group.tests) {
          const answer = await provider.verify(algorithm, key, decodeHex(vector.sig), decodeHex(vector.msg));
          if (answer) counted++;
          if (answer !== fits(vector)) wrong.push(`${vector.tcId} ${vector.result} ${vector.flags}: ${vector.comment}`);
        }
      }
      expect(wrong).toEqual([]);
      expect(counted).toBe(fitting);
    });
  });
});
