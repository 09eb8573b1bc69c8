/** Trust policies and trust stores that the real notation and this program are asked to verify by. */
import { POLICY_ROWS } from "./trust_policy_rows.ts";
import {
  fixtureBytes,
  identities,
  level,
  type Members,
  override,
  policy,
  refused,
  RELEASE,
  scopes,
  SEED,
  statement,
  STORE,
  type TrustRow,
} from "./trust_row.ts";

const matching = (name: string, ...texts: readonly string[]): TrustRow => ({
  name,
  policy: policy(statement(identities(...texts))),
  stores: STORE,
  verdict: "verified",
});
const foreign = (name: string, ...texts: readonly string[]): TrustRow => ({
  ...matching(name, ...texts),
  verdict: "failed",
});

const MATCHES: readonly TrustRow[] = [
  matching("the whole subject", "x509.subject: CN=test,O=Notary,L=Seattle,ST=WA,C=US"),
  matching("part of the subject, in another order", "x509.subject:C=US,S=WA,O=Notary"),
  matching("semicolons and blanks", "x509.subject: C = US ; ST = WA ; O = Notary"),
  matching("escapes", "x509.subject:C=US,ST=WA,O=\\4e\\6Ft\\61ry"),
  matching("the second of two identities", "x509.subject:C=DE,ST=BY,O=Notary", "x509.subject:C=US,ST=WA,O=Notary"),
  matching("an empty attribute that the subject does not have", "x509.subject:C=US,ST=WA,O=Notary,OU="),
  foreign("another organisation", "x509.subject:C=US,ST=WA,O=notary"),
  foreign("an attribute the subject does not have", "x509.subject:C=US,ST=WA,O=Notary,OU=Release"),
  foreign("quotes are characters", 'x509.subject:C=US,ST=WA,O="Notary"'),
  foreign("an escaped blank at the end", "x509.subject:C=US,ST=WA,O=Notary\\ "),
  {
    ...foreign("only an identity of an unknown kind", "X509.subject:C=US,ST=WA,O=Notary"),
    deviation: "trust-policy-warned",
  },
  {
    ...matching("an identity of an unknown kind beside a good one", "email:a@b.c", "x509.subject:C=US,ST=WA,O=Notary"),
    deviation: "trust-policy-warned",
  },
  {
    name: "the identity of a leaf under a trusted root",
    image: "registry.example/several:two-signers",
    policy: policy(
      statement({ trustStores: ["ca:release"], ...identities("x509.subject:CN=release leaf,C=US,ST=WA,O=Notary") }),
    ),
    stores: RELEASE,
    verdict: "verified",
  },
  {
    name: "the identity of the root is not the leaf's",
    image: "registry.example/several:two-signers",
    policy: policy(
      statement({ trustStores: ["ca:release"], ...identities("x509.subject:CN=release root,C=US,ST=WA,O=Notary") }),
    ),
    stores: RELEASE,
    verdict: "failed",
  },
  {
    name: "a subject with an e-mail address, by *",
    image: "registry.example/metadata:jws-odd-name",
    policy: policy(statement()),
    stores: { "ca/seed/odd.crt": "keys/odd-name.crt.pem" },
    verdict: "verified",
  },
  {
    name: "a subject with an e-mail address, by name",
    image: "registry.example/metadata:jws-odd-name",
    policy: policy(statement(identities("x509.subject:C=DE,ST=Bayern,O=Müller\\, Söhne \\+ Co"))),
    stores: { "ca/seed/odd.crt": "keys/odd-name.crt.pem" },
    verdict: "failed",
  },
];

const AUDIT = policy(statement(level("audit")));
const STRANGER = { "ca/seed/stranger.crt": "keys/rsa-3072-self.crt.pem" } as const;
const SHORT = { "ca/seed/short.crt": "keys/short-lived.crt.pem" } as const;

const LEVELS: readonly TrustRow[] = [
  {
    name: "strict, expired",
    image: "registry.example/expiry:jws-expired",
    policy: policy(statement()),
    stores: STORE,
    verdict: "failed",
  },
  ...["permissive", "audit"].map((name): TrustRow => ({
    name: `${name}, expired`,
    image: "registry.example/expiry:jws-expired",
    policy: policy(statement(level(name))),
    stores: STORE,
    verdict: "verified",
  })),
  {
    name: "permissive, an expired certificate",
    image: "registry.example/expiry:cose-expired-certificate",
    policy: policy(statement(level("permissive"))),
    stores: SHORT,
    verdict: "verified",
  },
  {
    name: "permissive, a stranger",
    policy: policy(statement(level("permissive"))),
    stores: STRANGER,
    verdict: "failed",
  },
  { name: "audit, a stranger", policy: AUDIT, stores: STRANGER, verdict: "verified" },
  { name: "audit, a trust store that is missing", policy: AUDIT, verdict: "verified" },
  {
    name: "audit, another identity",
    policy: policy(statement({ ...level("audit"), ...identities("x509.subject:C=DE,ST=BY,O=x") })),
    stores: STORE,
    verdict: "verified",
    deviation: "identities-as-written",
  },
  {
    name: "audit, a stranger and another identity",
    policy: policy(statement({ ...level("audit"), ...identities("x509.subject:C=DE,ST=BY,O=x") })),
    stores: STRANGER,
    verdict: "verified",
    deviation: "anchor-before-identity",
  },
  {
    name: "audit, a tampered payload",
    image: "registry.example/tampered:payload-jws",
    policy: AUDIT,
    stores: STORE,
    verdict: "failed",
  },
  {
    name: "audit, a signature of another artifact",
    image: "registry.example/tampered:transplanted-jws",
    policy: AUDIT,
    stores: STORE,
    verdict: "failed",
  },
  {
    name: "audit, no signature",
    image: "ghcr.io/kyverno/test-verify-image:unsigned",
    policy: AUDIT,
    stores: STORE,
    verdict: "failed",
  },
  {
    name: "strict, expiry overridden to log",
    image: "registry.example/expiry:jws-expired",
    policy: policy(statement(override("strict", { expiry: "log" }))),
    stores: STORE,
    verdict: "verified",
  },
  {
    name: "audit, expiry overridden to enforce",
    image: "registry.example/expiry:jws-expired",
    policy: policy(statement(override("audit", { expiry: "enforce" }))),
    stores: STORE,
    verdict: "failed",
  },
  {
    name: "permissive, authenticity overridden to log, a stranger",
    policy: policy(statement(override("permissive", { authenticity: "log" }))),
    stores: STRANGER,
    verdict: "verified",
  },
  {
    name: "strict, revocation skipped",
    policy: policy(statement(override("strict", { revocation: "skip" }))),
    stores: STORE,
    verdict: "verified",
  },
  ...["signed", "unsigned"].map((tag): TrustRow => ({
    name: `skip for one repository, ${tag}`,
    image: `ghcr.io/kyverno/test-verify-image:${tag}`,
    policy: policy({ name: "skip", ...scopes("HOST/kyverno/test-verify-image"), ...level("skip") }),
    verdict: "skipped",
  })),
  refused("skip for every registry", policy({ name: "skip", ...scopes("*"), ...level("skip") }), {
    verdictDeviation: "skip-everywhere",
  }),
];

const SELECTION: readonly TrustRow[] = [
  {
    name: "the exact scope goes before *",
    policy: policy(
      statement({ trustStores: ["ca:stranger"] }),
      statement({ name: "exact", ...scopes("HOST/kyverno/test-verify-image") }),
    ),
    stores: { ...STORE, "ca/stranger/stranger.crt": "keys/rsa-3072-self.crt.pem" },
    verdict: "verified",
  },
  {
    name: "the exact scope goes before *, also to its harm",
    policy: policy(
      statement({ name: "exact", trustStores: ["ca:stranger"], ...scopes("HOST/kyverno/test-verify-image") }),
      statement(),
    ),
    stores: { ...STORE, "ca/stranger/stranger.crt": "keys/rsa-3072-self.crt.pem" },
    verdict: "failed",
  },
  {
    name: "no statement for the repository",
    policy: policy(statement(scopes("HOST/kyverno"))),
    stores: STORE,
    verdict: "failed",
  },
  {
    name: "the scope of another registry",
    policy: policy(statement(scopes("ghcr.io/kyverno/test-verify-image"))),
    stores: STORE,
    verdict: "failed",
  },
];

const bundle = (...files: readonly string[]) =>
  new TextEncoder().encode(files.map((file) => new TextDecoder().decode(fixtureBytes(file))).join(""));
const der = (file: string) => {
  const text = new TextDecoder().decode(fixtureBytes(file)).replace(/-----[^-]+-----|\s/g, "");
  return new Uint8Array(Buffer.from(text, "base64"));
};
const stored = (
  name: string,
  verdict: TrustRow["verdict"],
  stores: TrustRow["stores"],
  more: Partial<TrustRow> = {},
): TrustRow => ({
  name,
  policy: policy(statement()),
  ...(stores === undefined ? {} : { stores }),
  verdict,
  ...more,
});

const STORES: readonly TrustRow[] = [
  stored("no folder of trust stores", "failed", undefined),
  stored("another trust store", "failed", { "ca/other/signer.crt": SEED }),
  stored("a trust store of another type", "failed", { "signingAuthority/seed/signer.crt": SEED }),
  stored("DER", "verified", { "ca/seed/signer.der": der(SEED) }),
  stored("two certificates in PEM", "verified", { "ca/seed/b": bundle("keys/rsa-3072-self.crt.pem", SEED) }),
  stored("two certificates in DER", "verified", {
    "ca/seed/b": new Uint8Array([...der("keys/rsa-3072-self.crt.pem"), ...der(SEED)]),
  }),
  stored("two files, any name", "verified", { "ca/seed/.hidden": SEED, "ca/seed/a.txt": "keys/release-root.crt.pem" }),
  stored("a namesake", "failed", { "ca/seed/signer.crt": "keys/impostor.crt.pem" }),
  stored("no file", "failed", { "ca/seed": { folder: true } }),
  stored("a link to a certificate", "failed", { "ca/seed/signer.crt": { link: SEED } }, {
    deviation: "nil-inner-error",
  }),
  stored("a link to a folder", "failed", { "ca/seed": { link: "keys" } }, { deviation: "nil-inner-error" }),
  stored("a file in place of the folder", "failed", { "ca/seed": SEED }, { deviation: "nil-inner-error" }),
  stored("a folder beside the certificate", "verified", { ...STORE, "ca/seed/sub": { folder: true } }, {
    verdictDeviation: "trust-store-folders",
  }),
  stored("a file that is no certificate", "failed", {
    ...STORE,
    "ca/seed/README": new TextEncoder().encode("read me"),
  }),
  stored("an empty file", "failed", { ...STORE, "ca/seed/empty": new Uint8Array() }),
  stored("a key", "failed", { "ca/seed/key": "keys/fixture-signer.test-only.key.pem" }, {
    deviation: "certificate-error-text",
  }),
  stored("text around the PEM", "failed", {
    "ca/seed/signer.crt": new Uint8Array([...new TextEncoder().encode("subject=test\n"), ...fixtureBytes(SEED)]),
  }, { verdictDeviation: "trust-store-surroundings" }),
  stored("a leaf", "failed", { "ca/seed/leaf.crt": "keys/release.crt.pem" }, {
    image: "registry.example/several:two-signers",
  }),
  stored("a leaf behind its root", "failed", {
    "ca/seed/chain.crt": bundle("keys/release-root.crt.pem", "keys/release.crt.pem"),
  }, { image: "registry.example/several:two-signers" }),
  stored("an intermediate", "verified", { "ca/seed/ca.crt": "keys/release-intermediate.crt.pem" }, {
    image: "registry.example/several:two-signers",
  }),
  stored("a good store and one that is missing", "failed", STORE, {
    policy: policy(statement({ trustStores: ["ca:seed", "ca:missing"] })),
  }),
  stored("a good store and a broken one of another type", "verified", {
    ...STORE,
    "signingAuthority/broken/x": new TextEncoder().encode("x"),
  }, { policy: policy(statement({ trustStores: ["ca:seed", "signingAuthority:broken"] })) }),
  stored("only a store of signing authorities", "failed", { "signingAuthority/seed/signer.crt": SEED }, {
    policy: policy(statement({ trustStores: ["signingAuthority:seed"] })),
  }),
  stored("a store named twice", "verified", STORE, {
    policy: policy(statement({ trustStores: ["ca:seed", "ca:seed"] })),
  }),
  stored("a broken store and no signature", "failed", undefined, {
    image: "ghcr.io/kyverno/test-verify-image:unsigned",
  }),
  stored("a broken store and a tampered signature", "failed", undefined, {
    image: "registry.example/tampered:payload-jws",
  }),
];

const TSA = { ...STORE, "tsa/roots/root.crt": "keys/release-root.crt.pem" } as const;
const stamped = (changes: Members) => policy(statement({ trustStores: ["ca:seed", "tsa:roots"], ...changes }));

/** Signatures without timestamps under policies that ask for some. */
const TIMESTAMPS: readonly TrustRow[] = [
  stored("a store of timestamp authorities", "failed", TSA, { policy: stamped({}) }),
  stored("always", "failed", TSA, { policy: stamped(level("strict", { verifyTimestamp: "always" })) }),
  stored("after expiry, before it", "verified", TSA, {
    policy: stamped(level("strict", { verifyTimestamp: "afterCertExpiry" })),
  }),
  stored("after expiry, with a store that is missing", "verified", STORE, {
    policy: stamped(level("strict", { verifyTimestamp: "afterCertExpiry" })),
  }),
  stored("after expiry, after it", "failed", { ...TSA, "ca/seed/short.crt": "keys/short-lived.crt.pem" }, {
    image: "registry.example/expiry:jws-expired-certificate",
    policy: stamped(level("strict", { verifyTimestamp: "afterCertExpiry" })),
  }),
  stored("permissive without a timestamp", "verified", TSA, { policy: stamped(level("permissive")) }),
  stored("permissive with a store that is missing", "verified", STORE, { policy: stamped(level("permissive")) }),
  stored("only a store of timestamp authorities", "failed", TSA, {
    policy: policy(statement({ trustStores: ["tsa:roots"] })),
    deviation: "trust-policy-warned",
  }),
];

const FILES: readonly TrustRow[] = [
  stored("members that mean nothing", "verified", STORE, {
    policy: { $schema: "x", ...policy(statement({ description: "y" })) },
    deviation: "trust-policy-warned",
  }),
  stored("names in other cases", "verified", STORE, {
    policy: JSON.stringify(policy(statement())).replace('"version"', '"VERSION"').replace("trustStores", "TrustStores"),
  }),
  stored("the name of notation after 1.3", "verified", STORE, {
    file: "trustpolicy.oci.json",
    verdictDeviation: "trust-policy-file",
  }),
];

/** Every row. */
export const TRUST_ROWS: readonly TrustRow[] = [
  ...POLICY_ROWS,
  ...MATCHES,
  ...LEVELS,
  ...SELECTION,
  ...STORES,
  ...TIMESTAMPS,
  ...FILES,
];
