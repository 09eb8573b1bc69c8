import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../../src/crypto/mod.ts";
import { UnavailableError, UnsupportedError } from "../../../../src/errors.ts";
import {
  checkTrustAnchors,
  createMemoryTrustStore,
  innerReferenceOf,
  parseOciTrustPolicy,
  readTrustStore,
  referenceOf,
  trustOfStatement,
  type TrustStoreFile,
  type TrustStoreType,
} from "../../../../src/notary/mod.ts";
import { readCertificate } from "../../../../src/x509/mod.ts";
import {
  basicConstraints,
  CA,
  ecKey,
  keyUsage,
  LEAF,
  makeCertificate,
  subject,
  USAGE,
} from "../../../run/certificate_maker.ts";
import { describeIf, sharedPath } from "../../../run/requirements.ts";
import { document, statement } from "./documents.ts";

const crypto = createWebCryptoProvider();
const fixture = (name: string) => new Uint8Array(readFileSync(`test/fixtures/keys/${name}.crt.pem`));
const failureOf = async (promise: Promise<unknown>) => {
  try {
    await promise;
  } catch (thrown) {
    return thrown as UnavailableError;
  }
  throw new Error("It was accepted");
};

const keys = { root: ecKey(), other: ecKey() };
const root = makeCertificate({ subject: subject("root"), key: keys.root, extensions: CA });
const intermediate = makeCertificate({
  subject: subject("middle"),
  issuer: subject("root"),
  key: keys.other,
  issuerKey: keys.root,
  extensions: CA,
});
const leaf = makeCertificate({
  subject: subject("leaf"),
  issuer: subject("root"),
  key: keys.other,
  issuerKey: keys.root,
  extensions: LEAF,
});
const own = makeCertificate({ subject: subject("own"), key: keys.root, extensions: LEAF });
/** Names itself as issuer, signed by another key. */
const pretended = makeCertificate({
  subject: subject("own"),
  key: keys.other,
  issuerKey: keys.root,
  extensions: LEAF,
});
const pretendedRoot = makeCertificate({
  subject: subject("root"),
  key: keys.other,
  issuerKey: keys.root,
  extensions: CA,
});
/** Signed by itself, under another name. */
const renamed = makeCertificate({ subject: subject("a"), issuer: subject("b"), key: keys.root, extensions: CA });
const bareRoot = makeCertificate({ subject: subject("root"), key: keys.root, extensions: [] });
const noCertSign = makeCertificate({
  subject: subject("root"),
  key: keys.root,
  extensions: [basicConstraints(true), keyUsage([USAGE.digitalSignature])],
});
const oldRoot = makeCertificate({ subject: subject("root"), key: keys.root, version: undefined as never });
const expired = makeCertificate({
  subject: subject("root"),
  key: keys.root,
  extensions: CA,
  notBefore: "20000101000000Z",
  notAfter: "20010101000000Z",
});

/** Certificate, and what each type of store says of it. */
const CHECKS: readonly (readonly [string, Uint8Array, true | RegExp, true | RegExp])[] = [
  ["a root", root, true, true],
  ["an expired root: the chain's own validity counts", expired, true, true],
  ["an intermediate", intermediate, true, /is not signed with its own key/],
  ["a leaf", leaf, /is neither a CA nor self-signed/, /is neither a CA nor self-signed/],
  ["a self-signed signing certificate", own, true, /may not issue certificates/],
  ["a certificate that only names itself as issuer", pretended, /neither a CA nor self-signed/, /neither a CA/],
  ["a root that only names itself as issuer", pretendedRoot, true, /is not signed with its own key/],
  ["a root that names another issuer", renamed, true, /has an issuer of another name/],
  ["a self-signed certificate without extensions", bareRoot, true, /may not issue certificates/],
  ["a root whose key usage lacks keyCertSign", noCertSign, true, /may not issue certificates/],
  ["a root of version 1", oldRoot, true, true],
];

describe("checkTrustAnchors()", () => {
  const rows = CHECKS.flatMap(([name, der, signing, timestamping]) =>
    (["ca", "signingAuthority", "tsa"] as const).map((type) => ({
      name,
      type,
      der,
      expected: type === "tsa" ? timestamping : signing,
    }))
  );
  it.each(rows)("$type: $name", async ({ type, der, expected }) => {
    const checking = checkTrustAnchors({ type, name: "s" }, [readCertificate(der)], crypto, "a.crt");
    if (expected === true) return await expect(checking).resolves.toBeUndefined();
    const failure = await failureOf(checking);
    expect(failure.code).toBe("ERR_TRUST_STORE");
    expect(failure.message).toMatch(new RegExp(`^Cannot use trust store "${type}:s": file "a\\.crt": "CN=`));
    expect(failure.message).toMatch(expected);
    expect(referenceOf(failure)).toMatch(/trusted certificate a\.crt in trust store s of type /);
    expect(innerReferenceOf(failure)).toMatch(/^certificate with subject "CN=/);
  });

  it("says what it cannot compute, and not that a certificate is wrong", async () => {
    const lacking = {
      verify: () => Promise.reject(new UnsupportedError("ERR_CRYPTO_UNAVAILABLE", "Cannot verify: no such algorithm")),
    };
    const failure = await failureOf(checkTrustAnchors({ type: "ca", name: "s" }, [readCertificate(own)], lacking));
    expect(failure.code).toBe("ERR_CRYPTO_UNAVAILABLE");
  });
});

describe("readTrustStore()", () => {
  const read = (...files: readonly TrustStoreFile[]) => readTrustStore({ type: "ca", name: "s" }, files, crypto);
  const pem = fixture("release-root");

  it.each<[string, readonly TrustStoreFile[], number]>([
    ["PEM", [{ name: "a", content: pem }], 1],
    ["PEM as text", [{ name: "a", content: new TextDecoder().decode(pem) }], 1],
    ["DER", [{ name: "a", content: root }], 1],
    ["several in one PEM", [{ name: "a", content: new Uint8Array([...pem, ...fixture("fixture-signer")]) }], 2],
    ["several in one DER", [{ name: "a", content: new Uint8Array([...root, ...intermediate]) }], 2],
    ["several files", [{ name: "a", content: pem }, { name: "b", content: own }], 2],
  ])("reads %s", async (_, files, count) => expect(await read(...files)).toHaveLength(count));

  it.each<[string, readonly TrustStoreFile[], string, RegExp]>([
    ["no file", [], "ERR_TRUST_STORE_EMPTY", /it holds no certificate/],
    ["an empty file", [{ name: "a", content: "" }], "ERR_TRUST_STORE", /file "a": it is empty/],
    ["white space", [{ name: "a", content: " \n" }], "ERR_TRUST_STORE", /found 0/],
    ["text", [{ name: "a\u001b", content: "hello" }], "ERR_TRUST_STORE", /file "a\\x1b": .*ERR_PEM/],
    ["half a certificate", [{ name: "a", content: root.slice(0, 100) }], "ERR_TRUST_STORE", /file "a": /],
    [
      "a good file and a bad one",
      [{ name: "a", content: pem }, { name: "b", content: leaf }],
      "ERR_TRUST_STORE",
      /file "b"/,
    ],
    [
      "a leaf behind its root",
      [{ name: "a", content: new Uint8Array([...root, ...leaf]) }],
      "ERR_TRUST_STORE",
      /CN=leaf/,
    ],
  ])("refuses %s", async (_, files, code, message) => {
    const failure = await failureOf(read(...files));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
  });
});

describe("createMemoryTrustStore()", () => {
  it("gives what it keeps, checked, and nothing else", async () => {
    const store = createMemoryTrustStore({
      "ca:release": fixture("release-root"),
      "tsa:release": [{ name: "inter", content: intermediate }],
    }, crypto);
    expect(await store({ type: "ca", name: "release" })).toHaveLength(1);
    expect((await failureOf(store({ type: "tsa", name: "release" }))).code).toBe("ERR_TRUST_STORE");
    expect((await failureOf(store({ type: "signingAuthority", name: "release" }))).code).toBe("ERR_TRUST_STORE_EMPTY");
  });

  it.each(["release", "CA:release", "ca:", "ca:a/b", "ca:.."])('refuses the name "%s"', (name) => {
    expect(() => createMemoryTrustStore({ [name]: "" }, crypto)).toThrow(
      expect.objectContaining({ code: "ERR_CONFIG" }),
    );
  });
});

describe("trustOfStatement()", () => {
  const stores = createMemoryTrustStore({
    "ca:one": fixture("release-root"),
    "ca:two": fixture("fixture-signer"),
    "tsa:good": root,
    "tsa:bad": own,
  }, crypto);
  const trust = (trustStores: readonly string[]) => {
    const [read] = parseOciTrustPolicy(document(statement({ trustStores })), "p").statements;
    if (read === undefined) throw new Error("no statement");
    return trustOfStatement(read, stores);
  };
  const counts = async (names: readonly string[]) => {
    const { trustAnchors: { ca, signingAuthority, tsa }, unusableStores = {} } = await trust(names);
    return [ca.length, signingAuthority.length, tsa?.length, Object.keys(unusableStores)];
  };

  it.each<[string, readonly string[], readonly unknown[]]>([
    ["one store", ["ca:one"], [1, 0, undefined, []]],
    ["two stores", ["ca:one", "ca:two"], [2, 0, undefined, []]],
    ["one store twice", ["ca:one", "ca:one"], [1, 0, undefined, []]],
    ["timestamp authorities too", ["ca:one", "tsa:good"], [1, 0, 1, []]],
    ["none of a type with a store that is missing", ["ca:one", "ca:none"], [0, 0, undefined, ["ca"]]],
    ["none of a type with a broken store", ["ca:one", "tsa:good", "tsa:bad"], [1, 0, 0, ["tsa"]]],
  ])("takes %s", async (_, names, expected) => expect(await counts(names)).toEqual(expected));

  it("keeps the first reason of a type, with the reference's sentences", async () => {
    const { unusableStores } = await trust(["ca:none", "ca:nothing", "tsa:bad"]);
    expect(unusableStores?.ca).toMatchObject({
      code: "ERR_TRUST_STORE_EMPTY",
      message: 'Cannot use trust store "ca:none": it does not exist',
      evidence: { trustStore: "ca:none", reference: 'the trust store "none" of type "ca" does not exist' },
    });
    expect(unusableStores?.tsa).toMatchObject({ code: "ERR_TRUST_STORE" });
    expect(unusableStores?.tsa?.evidence["referenceCause"]).toMatch(/is not a root CA certificate/);
  });

  it("passes on what is no fault of the store", async () => {
    const [read] = parseOciTrustPolicy(document(statement()), "p").statements;
    const away = () => Promise.reject(new UnavailableError("ERR_DEADLINE", "Cannot read: ran out of time"));
    expect((await failureOf(trustOfStatement(read!, away))).code).toBe("ERR_DEADLINE");
  });
});

describeIf("shared", "trust stores published by the Notary Project", () => {
  /** What notation-go's own tests say of each. */
  const STORES: readonly (readonly [TrustStoreType, string, number | RegExp])[] = [
    ["ca", "valid-trust-store", 6],
    ["ca", "valid-trust-store-2", 2],
    ["ca", "valid-trust-store-self-signed", 1],
    ["ca", "trust-store-with-leaf-certs", /neither a CA nor self-signed/],
    ["ca", "trust-store-with-leaf-certs-in-single-file", /neither a CA nor self-signed/],
    ["ca", "trust-store-with-invalid-certs", /file "invalid"/],
    ["signingAuthority", "valid-trust-store", 3],
    ["signingAuthority", "valid-trust-store-2", 2],
    ["tsa", "test-timestamp", 1],
    ["tsa", "test-mismatch", 1],
    ["tsa", "test-nonCA", /may not issue certificates|neither a CA/],
    ["tsa", "test-nonSelfIssued", /has an issuer of another name/],
  ];
  it.each(STORES)("%s/%s", async (type, name, expected) => {
    const folder = sharedPath("vectors", "truststore", "x509", type, name);
    const files = readdirSync(folder).sort().map((file) => ({
      name: file,
      content: new Uint8Array(readFileSync(`${folder}/${file}`)),
    }));
    const reading = readTrustStore({ type, name }, files, crypto);
    if (typeof expected === "number") expect(await reading).toHaveLength(expected);
    else expect((await failureOf(reading)).message).toMatch(expected);
  });
});
