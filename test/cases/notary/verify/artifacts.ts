/** What the tests of `verifyArtifact()` share: signers, and a view of a repository in memory. */
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import { createArtifactView, STRICT, type Trust } from "../../../../src/notary/mod.ts";
import type { Descriptor, Reference } from "../../../../src/oci/mod.ts";
import { readCertificate } from "../../../../src/x509/mod.ts";
import { makeJws, selfSigned, type Signer } from "../../../run/envelope_maker.ts";
import type { FakeRepository } from "../../../run/fake_repository.ts";

export const crypto = createWebCryptoProvider();
export const signer = selfSigned("p-256-self", "ES256", -7);
export const impostor = selfSigned("release", "ES256", -7);
export const AT = new Date("2026-06-01T00:00:00Z");
export const NAME = { registry: "registry.example", repository: "app" };

export const trusting = (...signers: readonly Signer[]): Trust => ({
  name: "test",
  level: STRICT,
  trustAnchors: { ca: signers.map(({ chain }) => readCertificate(chain[0]!)), signingAuthority: [] },
});
export const TRUST = trusting(signer);

/** An envelope that signs an artifact. */
export const signed = (by: Signer, { mediaType, digest, size }: Descriptor) => ({
  mediaType: "application/jose+json",
  bytes: makeJws(by, { payload: JSON.stringify({ targetArtifact: { mediaType, digest, size } }) }),
});
export const viewOf = (repository: FakeRepository, { provider = crypto, signal = new AbortController().signal } = {}) =>
  createArtifactView({ open: () => repository, crypto: provider, now: () => AT }, { signal });
export const digestReference = ({ digest }: Descriptor): Reference => ({ ...NAME, digest });
