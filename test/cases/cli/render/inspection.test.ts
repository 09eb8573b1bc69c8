import { describe, expect, it } from "vitest";
import {
  type InspectedSignature,
  renderInspectionJson,
  renderInspectionTree,
} from "../../../../src/cli/render/inspection.ts";
import { utcZone } from "../../../../src/cli/render/time.ts";
import type { Descriptor, Digest } from "../../../../src/oci/mod.ts";

const digest: Digest = `sha256:${"0".repeat(64)}`;
const artifact: Descriptor = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 561 };
const ESCAPES = "\u001b[2J\u001b]0;owned\u0007\n└── fake\u009b31m\u202e";

/** What an envelope may claim that the fixtures' signers do not: every text in it is the attacker's. */
const hostile: InspectedSignature = {
  manifest: { mediaType: artifact.mediaType, digest, size: 1 },
  claims: {
    mediaType: "application/jose+json",
    signatureAlgorithm: "ECDSA-SHA-256",
    signedAttributes: {
      contentType: "application/vnd.cncf.notary.payload.v1+json",
      signingScheme: "notary.x509.signingAuthority",
      authenticSigningTime: { instant: new Date("2026-11-23T08:40:51Z"), offsetMinutes: 540 },
      expiry: { instant: new Date("2027-01-02T03:04:05Z") },
      extended: [
        { key: `k${ESCAPES}`, critical: true, value: `v${ESCAPES}` },
        { key: 7, critical: false, value: { list: [1, 10n, ESCAPES] } },
      ],
    },
    unsignedAttributes: { signingAgent: `agent${ESCAPES}`, timestampSignature: new Uint8Array(3) },
    certificates: [{
      fingerprint: "ab".repeat(32),
      subject: `CN=${ESCAPES}`,
      issuer: `CN=${ESCAPES}`,
      notBefore: new Date(0),
      notAfter: new Date("2031-11-22T08:38:42Z"),
    }],
    targetArtifact: { ...artifact, annotations: { [`u${ESCAPES}`]: ESCAPES } },
  },
};

describe("renderInspectionTree()", () => {
  const text = renderInspectionTree(`r.example/a@${digest}`, [hostile], utcZone);

  it("prints nothing of an envelope raw, each claim on its own line", () => {
    // deno-lint-ignore no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    const labels = text.split("\n").map((line) => line.replace(/^[│├└─ ]*/, "").split(/: |\\x1b/)[0]);
    expect(labels).toEqual([
      "Inspecting all signatures for signed artifact",
      `r.example/a@${digest}`,
      "application/vnd.cncf.notary.signature",
      digest,
      "media type",
      "signature algorithm",
      "signed attributes",
      "7",
      "expiry",
      "k",
      "signingScheme",
      "signingTime",
      "user defined attributes",
      "u",
      "unsigned attributes",
      "signingAgent",
      "timestamp signature",
      "present, not evaluated",
      "certificates",
      "SHA256 fingerprint",
      "issued to",
      "issued by",
      "expiry",
      "signed artifact",
      "media type",
      "digest",
      "size",
      "",
    ]);
  });

  it("names the authority's time as notation names it, in the offset it was written with", () => {
    expect(text).toContain("signingTime: Mon Nov 23 17:40:51 2026\n");
    expect(text).toContain("expiry: Sat Jan  2 03:04:05 2027\n");
  });
});

describe("renderInspectionJson()", () => {
  it("carries the same claims as data", () => {
    const text = renderInspectionJson(artifact, [hostile], utcZone);
    // deno-lint-ignore no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(JSON.parse(text)).toMatchObject({
      mediaType: artifact.mediaType,
      Signatures: [{
        digest,
        signedAttributes: {
          signingScheme: "notary.x509.signingAuthority",
          signingTime: "2026-11-23T17:40:51+09:00",
          expiry: "2027-01-02T03:04:05Z",
          [`k${ESCAPES}`]: `v${ESCAPES}`,
        },
        userDefinedAttributes: { [`u${ESCAPES}`]: ESCAPES },
        unsignedAttributes: { signingAgent: `agent${ESCAPES}` },
        signedArtifact: { mediaType: artifact.mediaType, digest, size: 561 },
      }],
    });
    expect(JSON.parse(text).Signatures[0].signedArtifact).not.toHaveProperty("annotations");
  });
});
