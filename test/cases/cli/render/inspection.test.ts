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
    timestamp: { error: `of${ESCAPES}` },
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
      "error",
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

/** The golden of a timestamp: what notation 1.3.2 printed of a token by a local authority. */
describe("a timestamp that was opened", () => {
  const names = {
    signer: "CN=Example TSA Signer,O=Example TSA,C=US",
    root: "CN=Example TSA Root,O=Example TSA,C=US",
  };
  const certificate = (fingerprint: string, subject: string, notAfter: string) => ({
    fingerprint,
    subject,
    issuer: names.root,
    notBefore: new Date(0),
    notAfter: new Date(notAfter),
  });
  const timestamped: InspectedSignature = {
    ...hostile,
    claims: {
      ...hostile.claims,
      timestamp: {
        range: {
          genTime: new Date("2026-11-23T08:48:30Z"),
          genTimeCeiling: new Date("2026-11-23T08:48:30Z"),
          accuracySeconds: 1.5,
          earliest: new Date("2026-11-23T08:48:28.500Z"),
          latest: new Date("2026-11-23T08:48:31.500Z"),
          text: { earliest: "2026-11-23T08:48:28.5Z", latest: "2026-11-23T08:48:31.5Z" },
        },
        certificates: [
          certificate("41".repeat(32), names.signer, "2029-08-19T08:48:29Z"),
          certificate("22".repeat(32), names.root, "2036-11-20T08:48:29Z"),
        ],
      },
    },
  };

  it("is printed in the tree with both ends and its certificates", () => {
    const text = renderInspectionTree(`r.example/a@${digest}`, [timestamped], utcZone);
    expect(text).toContain(
      `        │   └── timestamp signature
        │       ├── timestamp: [Mon Nov 23 08:48:28 2026, Mon Nov 23 08:48:31 2026]
        │       └── certificates
        │           ├── SHA256 fingerprint: ${"41".repeat(32)}
        │           │   ├── issued to: CN=Example TSA Signer,O=Example TSA,C=US
        │           │   ├── issued by: CN=Example TSA Root,O=Example TSA,C=US
        │           │   └── expiry: Sun Aug 19 08:48:29 2029
        │           └── SHA256 fingerprint: ${"22".repeat(32)}
        │               ├── issued to: CN=Example TSA Root,O=Example TSA,C=US
        │               ├── issued by: CN=Example TSA Root,O=Example TSA,C=US
        │               └── expiry: Thu Nov 20 08:48:29 2036
`,
    );
  });

  it("is a member of the unsigned attributes in JSON", () => {
    const { Signatures: [signature] } = JSON.parse(renderInspectionJson(artifact, [timestamped], utcZone));
    expect(signature.unsignedAttributes.timestampSignature).toEqual({
      timestamp: "[2026-11-23T08:48:28Z, 2026-11-23T08:48:31Z]",
      certificates: [
        {
          SHA256Fingerprint: "41".repeat(32),
          issuedTo: names.signer,
          issuedBy: names.root,
          expiry: "2029-08-19T08:48:29Z",
        },
        {
          SHA256Fingerprint: "22".repeat(32),
          issuedTo: names.root,
          issuedBy: names.root,
          expiry: "2036-11-20T08:48:29Z",
        },
      ],
    });
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
        unsignedAttributes: {
          signingAgent: `agent${ESCAPES}`,
          timestampSignature: { error: expect.stringMatching(/^failed to parse timestamp countersignature: of/) },
        },
        signedArtifact: { mediaType: artifact.mediaType, digest, size: 561 },
      }],
    });
    expect(JSON.parse(text).Signatures[0].signedArtifact).not.toHaveProperty("annotations");
  });
});
