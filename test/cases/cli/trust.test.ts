/** Which certificates may vouch: the same answer wherever they are given. */
import { describe, expect, it } from "vitest";
import { createMemoryTrustStore } from "../../../src/notary/mod.ts";
import { loadPolicies } from "../../../src/policy/mod.ts";
import {
  basicConstraints,
  CA,
  ecKey,
  keyUsage,
  LEAF,
  makeCertificate,
  rsaKey,
  subject,
  USAGE,
} from "../../run/certificate_maker.ts";
import { policyDocument } from "../policy/policies.ts";
import { crypto } from "../policy/world.ts";
import { createFixtureRegistry } from "./fixture_registry.ts";
import { runInMemory } from "./memory_host.ts";

const registry = await createFixtureRegistry();
const SIGNED = "ghcr.io/kyverno/test-verify-image:signed";

const [rootKey, otherKey, rsa] = [ecKey(), ecKey(), rsaKey(2048)];
const issued = { issuer: subject("root"), key: otherKey, issuerKey: rootKey };
const make = {
  root: makeCertificate({ subject: subject("root"), key: rootKey, extensions: CA }),
  intermediate: makeCertificate({ ...issued, subject: subject("middle"), extensions: CA }),
  leaf: makeCertificate({ ...issued, subject: subject("leaf"), extensions: LEAF }),
  own: makeCertificate({ subject: subject("own"), key: rootKey, extensions: LEAF }),
  ownRsa: makeCertificate({ subject: subject("own"), key: rsa, extensions: LEAF }),
  pretended: makeCertificate({ subject: subject("own"), key: otherKey, issuerKey: rootKey, extensions: LEAF }),
  renamed: makeCertificate({ subject: subject("a"), issuer: subject("b"), key: rootKey, extensions: LEAF }),
  noAuthority: makeCertificate({
    ...issued,
    subject: subject("leaf"),
    extensions: [basicConstraints(false), keyUsage([USAGE.digitalSignature])],
  }),
  expired: makeCertificate({
    subject: subject("root"),
    key: rootKey,
    extensions: CA,
    notBefore: "20000101000000Z",
    notAfter: "20010101000000Z",
  }),
} as const;

const pem = (...certificates: readonly Uint8Array[]): string =>
  certificates.map((der) => {
    const lines = btoa(String.fromCharCode(...der)).replace(/.{64}/g, "$&\n");
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  }).join("");

/** Content, and who in it may not vouch: notation's truststore package takes the rest. */
const ROWS: readonly (readonly [string, string | Uint8Array, string | undefined])[] = [
  ["a root", pem(make.root), undefined],
  ["a root, DER", make.root, undefined],
  ["an intermediate", pem(make.intermediate), undefined],
  ["an expired root", pem(make.expired), undefined],
  ["a self-signed signing certificate", pem(make.own), undefined],
  ["a self-signed signing certificate, RSA and DER", make.ownRsa, undefined],
  ["a self-signed signing certificate of two names", pem(make.renamed), undefined],
  ["several", pem(make.root, make.own, make.intermediate), undefined],
  ["several, DER", new Uint8Array([...make.root, ...make.own]), undefined],
  ["a leaf", pem(make.leaf), "leaf"],
  ["a leaf, DER", make.leaf, "leaf"],
  ["a leaf that says it is no CA", pem(make.noAuthority), "leaf"],
  ["a leaf behind its root", pem(make.root, make.leaf), "leaf"],
  ["a leaf behind its root, DER", new Uint8Array([...make.root, ...make.leaf]), "leaf"],
  ["a certificate that only names itself as issuer", pem(make.pretended), "own"],
];

/** Way → what it says of the content: `undefined` when it takes it. */
const WAYS = {
  "notation's folder": async (content: string | Uint8Array) => {
    const statement = {
      name: "s",
      registryScopes: ["*"],
      signatureVerification: { level: "strict" },
      trustStores: ["ca:s"],
      trustedIdentities: ["*"],
    };
    const { status, stderr } = await runInMemory(["verify", SIGNED], {
      registry,
      variables: { NOTATION_CONFIG: "/n" },
      files: {
        "/n/trustpolicy.json": JSON.stringify({ version: "1.0", trustPolicies: [statement] }),
        "/n/truststore/x509/ca/s/a": content,
      },
    });
    // Nobody here signed the image: what is taken is only not enough.
    expect(status).toBe(1);
    return /^Code: SIGNER_NOT_TRUSTED /m.test(stderr) ? undefined : stderr;
  },
  "--cert": async (content: string | Uint8Array) => {
    const { status, stderr } = await runInMemory(["verify", SIGNED, "--cert", "a"], {
      registry,
      files: { a: content },
    });
    expect(status).toBe(1);
    return /^Code: SIGNER_NOT_TRUSTED /m.test(stderr) ? undefined : stderr;
  },
  memory: async (content: string | Uint8Array) => {
    const store = createMemoryTrustStore({ "ca:s": content }, crypto);
    return await store({ type: "ca", name: "s" }).then(() => undefined, ({ code, message }) => `${message} ${code}`);
  },
  "a policy": async (content: string | Uint8Array) => {
    const entries = [{ certificates: { cert: content } }];
    const text = JSON.stringify(policyDocument({ verify: { attestors: [{ entries }] } }));
    const { problems: [problem] } = await loadPolicies([{ source: "p", text }], crypto);
    return problem === undefined ? undefined : `${problem.reason} ${problem.code}`;
  },
} as const;

describe.each(Object.entries(WAYS))("certificates from %s", (way, ask) => {
  // YAML has text only.
  const rows = way === "a policy" ? ROWS.filter(([, content]) => typeof content === "string") : ROWS;
  it.each(rows)("%s", async (_, content, refused) => {
    const said = await ask(content);
    if (refused === undefined) return expect(said).toBeUndefined();
    expect(said).toMatch(/neither a CA nor self-signed/);
    expect(said).toContain(`CN=${refused}`);
    expect(said).toContain("ERR_TRUST_STORE");
  });
});

it("verify says of --cert that a leaf may not vouch, before any registry is asked, as JSON too", async () => {
  const ran = await runInMemory(["verify", SIGNED, "--cert", "leaf.crt", "-o", "json"], {
    registry,
    files: { "leaf.crt": pem(make.leaf) },
  });
  expect(ran).toMatchObject({ status: 1, requests: [] });
  expect(JSON.parse(ran.stdout)).toMatchObject({
    reference: SIGNED,
    refusal: { code: "ERR_TRUST_STORE", class: "misconfigured", retry: false },
  });
  expect(ran.stderr).toMatch(
    /^Error: Cannot trust the certificates of "leaf\.crt": "CN=leaf,.*" is neither a CA nor self-signed, expected a CA or a self-signed signing certificate\nCode: ERR_TRUST_STORE \(misconfigured; a retry does not help\)\nNext: /,
  );
});
