/** `verify`: four levels × five failures × every override, with what is decided and what is said. */
import { describe, expect, it } from "vitest";
import { formatPem } from "../../../src/encoding/mod.ts";
import { type ErrorCode, kindOfRefusal, refusal } from "../../../src/errors.ts";
import type { Handler } from "../../../src/ports.ts";
import { makeJws } from "../../run/envelope_maker.ts";
import { withOcsp } from "../notary/verify/signers.ts";
import {
  BASE,
  blob,
  type Document,
  entry,
  image,
  index,
  ok,
  REPOSITORY,
  SIGNATURE,
  signature,
} from "../oci/fake_registry.ts";
import { createFixtureRegistry, fixtureText } from "./fixture_registry.ts";
import { ILLEGAL, TYPES, VARIANTS } from "./level_rows.ts";
import { runInMemory } from "./memory_host.ts";

const fixtures = await createFixtureRegistry();

const artifact = image("revocable");
const envelope = blob(new TextDecoder().decode(
  makeJws(withOcsp, { payload: JSON.stringify({ targetArtifact: artifact.descriptor }) }),
));
const manifest = signature("of the revocable", artifact.descriptor, envelope);
const documents = new Map<string, Document>([
  [`${BASE}/manifests/signed`, artifact],
  [`${BASE}/manifests/${artifact.descriptor.digest}`, artifact],
  [`${BASE}/manifests/${manifest.descriptor.digest}`, manifest],
  [`${BASE}/blobs/${envelope.descriptor.digest}`, envelope],
  [`${BASE}/referrers/${artifact.descriptor.digest}`, index([entry(manifest, SIGNATURE)])],
]);

/** The fixtures, an artifact whose signer names a responder, and a responder that is down. */
const registry: Handler = (request) => {
  const { hostname, pathname } = new URL(request.url);
  if (hostname === "ocsp.example") return new Response(null, { status: 503 });
  const found = documents.get(`https://${hostname}${pathname}`);
  return found === undefined ? fixtures(request) : ok(found);
};

interface Failure {
  readonly type: (typeof TYPES)[number];
  readonly image: string;
  readonly anchor: string;
  readonly code: ErrorCode;
  /** Notation's sentence; integrity is never only logged. */
  readonly sentence?: RegExp;
}

const FAILURES: readonly Failure[] = [
  {
    type: "integrity",
    image: "registry.example/tampered:payload-jws",
    anchor: fixtureText("keys/fixture-signer.crt.pem"),
    code: "SIGNATURE_MISMATCH",
  },
  {
    type: "authenticity",
    image: "ghcr.io/kyverno/test-verify-image:signed",
    anchor: fixtureText("keys/rsa-3072-self.crt.pem"),
    code: "SIGNER_NOT_TRUSTED",
    sentence: /^the signature's certificate chain does not contain any trusted certificate$/,
  },
  {
    type: "authenticTimestamp",
    image: "registry.example/expiry:jws-expired-certificate",
    anchor: fixtureText("keys/short-lived.crt.pem"),
    code: "CERTIFICATE_EXPIRED",
    sentence:
      /^verification time is after certificate "CN=short-lived,O=Notary,ST=WA,C=US" validity period, it was expired at "[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000"$/,
  },
  {
    type: "expiry",
    image: "registry.example/expiry:jws-expired",
    anchor: fixtureText("keys/fixture-signer.crt.pem"),
    code: "SIGNATURE_EXPIRED",
    sentence: /^digital signature has expired on "[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000"$/,
  },
  {
    type: "revocation",
    image: `${REPOSITORY}:signed`,
    anchor: formatPem("CERTIFICATE", withOcsp.chain.at(-1) as Uint8Array),
    code: "REVOCATION_UNKNOWN",
    sentence: /^signing certificate with subject "CN=leaf,O=Notary,ST=WA,C=US" revocation status is unknown$/,
  },
];

/** Verifies by a policy with this one statement. */
function verify({ image: reference, anchor }: Failure, verification: object, ...flags: readonly string[]) {
  const { level } = verification as { readonly level: string };
  const trust = level === "skip" ? {} : { trustStores: ["ca:s"], trustedIdentities: ["*"] };
  const statement = {
    name: "s",
    registryScopes: [reference.replace(/:[^:/]*$/, "")],
    signatureVerification: verification,
    ...trust,
  };
  return runInMemory(["verify", reference, ...flags], {
    registry,
    variables: { NOTATION_CONFIG: "/n" },
    files: {
      "/n/trustpolicy.json": JSON.stringify({ version: "1.0", trustPolicies: [statement] }),
      "/n/truststore/x509/ca/s/anchor.crt": anchor,
    },
  });
}

const warningsOf = (stderr: string) => stderr.split("\n").filter((line) => / was set to "/.test(line));

describe.each(FAILURES)("$type fails", (failure) => {
  const { type, code, sentence = /^$/ } = failure;
  it.each(VARIANTS)("$title", async ({ verification, actions }) => {
    const { status, stdout, stderr } = await verify(failure, verification);
    if ((verification as { readonly level: string }).level === "skip") {
      expect(status).toBe(0);
      expect(stdout).toMatch(
        /^Trust policy is configured to skip signature verification for \S+@sha256:[0-9a-f]{64}\n$/,
      );
      return expect(warningsOf(stderr)).toEqual([]);
    }
    if (actions[type] === "enforce") {
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/^Error: signature verification failed for all the signatures associated with /m);
      return expect(stderr).toContain(`\nCode: ${code} (${kindOfRefusal(refusal(code, ""))})\n`);
    }
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Successfully verified signature for \S+@sha256:[0-9a-f]{64}\n/);
    expect(stderr).not.toMatch(/^Error|^Code/m);
    const warnings = warningsOf(stderr);
    if (actions[type] === "skip") return expect(warnings).toEqual([]);
    expect(warnings).toHaveLength(1);
    const [, named, action, said = ""] = /^Warning: (\w+) was set to "(\w+)" and failed with error: (.*)$/.exec(
      warnings[0] ?? "",
    ) ?? [];
    expect([named, action]).toEqual([type, "log"]);
    expect(said).toMatch(sentence);
  });

  it("has the action and the result in JSON", async () => {
    const { stdout } = await verify(failure, { level: "audit" }, "-o", "json");
    const { signatures: [signature] } = JSON.parse(stdout);
    expect(signature.validations[type]).toMatchObject({
      action: type === "integrity" ? "enforce" : "log",
      status: type === "revocation" ? "inconclusive" : "failed",
      refusal: { code },
    });
  });
});

it("covers every legal override of every level", () => {
  expect(VARIANTS.map(({ title }) => title)).toHaveLength(3 * (1 + 2 + 2 + 2 + 3) + 1);
  expect(FAILURES.map(({ type }) => type)).toEqual(TYPES);
});

describe("an override that is not allowed", () => {
  it.each(ILLEGAL)("%s with %j", async (level, override, said) => {
    const { status, stdout, stderr, requests } = await verify(FAILURES[1] as Failure, { level, override });
    expect({ status, stdout, requests }).toEqual({ status: 1, stdout: "", requests: [] });
    const [first] = stderr.split("\n");
    expect(first).toBe(
      `Error: oci trust policy: trust policy statement "s" has invalid signatureVerification: ${said}`,
    );
    expect(stderr).toMatch(/^Code: ERR_TRUST_POLICY \(misconfigured; a retry does not help\)$/m);
  });
});
