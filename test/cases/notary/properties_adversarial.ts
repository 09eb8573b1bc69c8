/** Inputs made to cost a reader more than their size: about 100 kB each, deep, long, or of many small parts. */
import {
  der,
  ecKey,
  extension,
  fixtureKey,
  integer,
  LEAF,
  makeCertificate,
  name,
  octets,
  oid,
  sequence,
  subject,
} from "../../run/certificate_maker.ts";

/** Bytes of each input, about. */
export const SIZE = 100_000;

export type Shape = readonly [name: string, make: () => Uint8Array];

const utf8 = (value: string) => new TextEncoder().encode(value);
const fill = (unit: string, before = "", after = "") =>
  utf8(before + unit.repeat(Math.floor((SIZE - before.length - after.length) / unit.length)) + after);
const numbered = (make: (at: number) => string, before = "", after = "", between = "") => {
  const parts: string[] = [];
  for (let length = before.length + after.length; length < SIZE;) {
    const part = make(parts.length);
    parts.push(part);
    length += part.length + between.length;
  }
  return utf8(before + parts.join(between) + after);
};
const bytes = (octet: number, before: readonly number[] = []) => {
  const made = new Uint8Array(SIZE).fill(octet);
  made.set(before);
  return made;
};

/** A DER value of any length; the certificate maker's stop at 64 kB. */
export function wide(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  if (content.length < 0x10000) return der(tag, content);
  return new Uint8Array(
    Buffer.concat([Uint8Array.of(tag, 0x83, content.length >> 16, content.length >> 8, content.length), content]),
  );
}
const times = (count: number, part: Uint8Array) => Array.from({ length: count }, () => part);
const many = (part: Uint8Array) => times(Math.floor(SIZE / part.length), part);

export const JSON_SHAPES: readonly Shape[] = [
  ["arrays in arrays", () => fill("[")],
  ["closed arrays in arrays", () => utf8("[".repeat(SIZE / 2) + "]".repeat(SIZE / 2))],
  ["objects in objects", () => fill('{"a":')],
  ["a long number", () => fill("9")],
  ["a long fraction", () => fill("9", "0.")],
  ["a long exponent", () => fill("9", "1e")],
  ["a long string", () => fill("a", '"', '"')],
  ["a string of escapes", () => fill("\\u0041", '"', '"')],
  ["a string of backslashes", () => fill("\\\\", '"', '"')],
  ["a string without end", () => fill("a", '"')],
  ["many numbers", () => fill("0,", "[", "0]")],
  ["many empty arrays", () => fill("[],", "[", "[]]")],
  ["many members", () => numbered((at) => `"${at}":0`, "{", "}", ",")],
  ["one member many times", () => fill('"a":0,', "{", '"a":0}')],
  ["members with one beginning", () => numbered((at) => `"${"a".repeat(200)}${at}":0`, "{", "}", ",")],
  ["white space", () => fill(" ")],
  ["white space in an array", () => fill(" \n\t", "[", "]")],
  ["zeros", () => bytes(0)],
  ["no UTF-8", () => bytes(0xff)],
  ["replacement characters", () => fill("\ufffd", '"', '"')],
];

export const YAML_SHAPES: readonly Shape[] = [
  ...JSON_SHAPES,
  ["sequences in sequences", () => fill("- ")],
  ["mappings in mappings", () => fill("a: ")],
  ["mappings in flow", () => fill("{a: ")],
  ["complex keys", () => fill("? ")],
  ["many documents", () => fill("---\n")],
  ["many documents with something", () => fill("---\na\n")],
  ["many items", () => fill("- a\n")],
  ["many entries", () => numbered((at) => `k${at}: v\n`)],
  ["many comments", () => fill("# a\n")],
  ["one comment", () => fill("#")],
  ["many anchors", () => numbered((at) => `- &a${at} x\n`)],
  ["many aliases", () => fill("- *a\n", "- &a x\n")],
  ["aliases that multiply", () => numbered((at) => `a${at}: &a${at} [${`*a${at - 1},`.repeat(at === 0 ? 0 : 9)}]\n`)],
  ["many merges", () => fill("- {<<: *a}\n", "- &a {b: c}\n")],
  ["a plain scalar of lines", () => fill("a\n")],
  ["a plain scalar of words", () => fill("a ")],
  ["a folded scalar", () => fill("  a\n", "a: >\n")],
  ["a literal of blank lines", () => fill("\n", "a: |\n  b\n")],
  ["a quoted scalar of lines", () => fill("a\n ", '"', '"')],
  ["a quoted scalar without end", () => fill("a\n ", '"')],
  ["single quotes", () => fill("'")],
  ["double quotes", () => fill('"')],
  ["colons", () => fill(":")],
  ["tags", () => fill("!")],
  ["many tags", () => fill("- !a b\n")],
  ["directives", () => fill("%A b\n")],
  ["commas in flow", () => fill(",", "[")],
  ["braces", () => fill("}")],
  ["stars", () => fill("*")],
  ["tabs", () => fill("\t")],
  ["carriage returns", () => fill("\r")],
  ["deeper and deeper", () => numbered((at) => `${" ".repeat(at)}a:\n`)],
];

export const CBOR_SHAPES: readonly Shape[] = [
  ["arrays in arrays", () => bytes(0x81)],
  ["maps in maps", () => fill("\u0000", "").map((_, at) => (at % 2 === 0 ? 0xa1 : 0x01))],
  ["tags on tags", () => bytes(0xc1)],
  ["many integers", () => bytes(0x01, [0x9a, 0x00, 0x01, 0x86, 0x9b])],
  ["many empty arrays", () => bytes(0x80, [0x9a, 0x00, 0x01, 0x86, 0x9b])],
  ["an array longer than the bytes", () => bytes(0x01, [0x9b, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ["a string longer than the bytes", () => bytes(0x61, [0x7b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ["a long text", () => bytes(0x61, [0x7a, 0x00, 0x01, 0x86, 0x9b])],
  ["a long byte string", () => bytes(0x61, [0x5a, 0x00, 0x01, 0x86, 0x9b])],
  ["an indefinite length", () => bytes(0x01, [0x9f])],
  ["zeros", () => bytes(0)],
  ["breaks", () => bytes(0xff)],
];

const nested = (tag: number) => {
  let made = der(0x05);
  for (let level = 0; level < 2000; level++) made = der(tag, made);
  return wide(0x30, ...times(10, made));
};

export const DER_SHAPES: readonly Shape[] = [
  ["sequences in sequences", () => nested(0x30)],
  ["explicit tags in explicit tags", () => nested(0xa0)],
  ["headers without content", () => bytes(0x30)],
  ["many NULLs", () => wide(0x30, ...many(der(0x05)))],
  ["many empty sequences", () => wide(0x30, ...many(der(0x30)))],
  ["a long integer", () => wide(0x30, wide(0x02, bytes(0x7f)))],
  ["a long object identifier", () => wide(0x30, wide(0x06, bytes(0x7f)))],
  ["an object identifier of one number", () => wide(0x30, wide(0x06, bytes(0x81)))],
  ["a long BIT STRING", () => wide(0x30, wide(0x03, bytes(0)))],
  ["a long UTF8String", () => wide(0x30, wide(0x0c, bytes(0x61)))],
  ["a length of four octets that lies", () => bytes(0x30, [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff])],
  ["an indefinite length", () => bytes(0x30, [0x30, 0x80])],
  ["zeros", () => bytes(0)],
];

/** A value in strings in strings: a reader that looks into strings meets it all the same. */
const hidden = (tag: number, prefix: readonly number[], levels: number, value: Uint8Array) => {
  let made = value;
  for (let level = 0; level < levels; level++) made = wide(tag, octets(...prefix), made);
  return wide(0x30, made);
};

/** What a general ASN.1 library might look for. */
export const TOKEN_SHAPES: readonly Shape[] = [
  ...DER_SHAPES,
  ["OCTET STRINGs in OCTET STRINGs", () => hidden(0x04, [], 3000, der(0x05))],
  ["BIT STRINGs in BIT STRINGs", () => hidden(0x03, [0], 3000, der(0x05))],
  ["an object identifier in an OCTET STRING", () => hidden(0x04, [], 1, wide(0x06, bytes(0x7f)))],
  ["an object identifier in a BIT STRING", () => hidden(0x03, [0], 1, wide(0x06, bytes(0x7f)))],
  ["a relative object identifier", () => wide(0x30, wide(0x0d, bytes(0x7f)))],
  ["many values in an OCTET STRING", () => hidden(0x04, [], 1, wide(0x30, ...many(der(0x05))))],
  ["a long UniversalString", () => wide(0x30, wide(0x1c, bytes(0)))],
  ["a long BMPString", () => wide(0x30, wide(0x1e, bytes(0)))],
  ["a long UTCTime", () => wide(0x30, wide(0x17, bytes(0x30)))],
  ["a long REAL", () => wide(0x30, wide(0x09, bytes(0x30)))],
];

const key = ecKey();
const inside = (fields: Partial<Parameters<typeof makeCertificate>[0]>) =>
  makeCertificate({ subject: subject("leaf"), key, extensions: LEAF, ...fields });

/** Near the 64 kB that a certificate may have, and beyond. */
export const CERTIFICATE_SHAPES: readonly Shape[] = [
  ...DER_SHAPES,
  [
    "many attributes in the subject",
    () => inside({ subject: Array.from({ length: 4000 }, () => ["CN", "a"] as const) }),
  ],
  ["a long attribute in the subject", () => inside({ subject: [["CN", "a".repeat(60_000)]] })],
  ["a long attribute that needs escapes", () => inside({ subject: [["CN", ",".repeat(60_000)]] })],
  ["a name of spaces", () => inside({ subject: [["CN", " ".repeat(60_000)]] })],
  [
    "many extensions",
    () => inside({ extensions: Array.from({ length: 3000 }, (_, at) => extension(`1.2.3.${at}`, false, der(0x05))) }),
  ],
  ["one extension many times", () => inside({ extensions: times(3000, LEAF[0] as Uint8Array) })],
  [
    "many purposes",
    () => inside({ extensions: [...LEAF, extension("2.5.29.37", false, sequence(...times(5000, oid("1.2.3.4.5"))))] }),
  ],
  ["a long serial number", () => inside({ serialNumber: Array.from({ length: 60_000 }, () => 0x11) })],
  ["a long key", () => {
    const { publicKey } = fixtureKey("rsa-2048-self");
    const spki = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
    const algorithm = spki.slice(4, 19);
    const modulus = wide(0x02, bytes(0x7f).slice(0, 60_000));
    return sequence(sequence(algorithm, der(0x03, octets(0), sequence(modulus, integer(1, 0, 1)))), name(subject("x")));
  }],
];

const PEM_LINE = `${"QUJD".repeat(16)}\n`;
export const PEM_SHAPES: readonly Shape[] = [
  ["many blocks", () => fill("-----BEGIN A-----\nQUJD\n-----END A-----\n")],
  ["one block of many lines", () => fill(PEM_LINE, "-----BEGIN A-----\n", "-----END A-----\n")],
  ["one line", () => fill("QUJD", "-----BEGIN A-----\n", "\n-----END A-----\n")],
  ["a character on each line", () => fill("Q\n", "-----BEGIN A-----\n", "-----END A-----\n")],
  ["a label without end", () => fill("A ", "-----BEGIN ", "-----\n")],
  ["a label of hyphens", () => fill("A-", "-----BEGIN ")],
  ["BEGIN in BEGIN", () => fill("-----BEGIN A-----\n")],
  ["hyphens", () => fill("-")],
  ["spaces", () => fill(" ")],
  ["spaces around a word", () => fill(" ", "a", "a")],
  ["spaces in a block", () => fill(" ", "-----BEGIN A-----\n", "\n-----END A-----\n")],
  ["blank lines", () => fill("\n")],
  ["equals signs", () => fill("=", "-----BEGIN A-----\n", "\n-----END A-----\n")],
];

const jws = (members: Record<string, unknown>) => utf8(JSON.stringify(members));
const part = (value: string) => Buffer.from(value).toString("base64url");
const certificate = Buffer.from(inside({})).toString("base64");
const HEADER = {
  alg: "ES256",
  crit: ["io.cncf.notary.signingScheme"],
  cty: "application/vnd.cncf.notary.payload.v1+json",
  "io.cncf.notary.signingScheme": "notary.x509",
  "io.cncf.notary.signingTime": "2026-01-01T00:00:00Z",
};
const envelope = (header: Record<string, unknown>, unprotected: Record<string, unknown> = { x5c: [certificate] }) =>
  jws({
    payload: part("{}"),
    protected: part(JSON.stringify(header)),
    header: unprotected,
    signature: part("x".repeat(64)),
  });

export const JWS_SHAPES: readonly Shape[] = [
  ...JSON_SHAPES,
  ["a long payload", () => jws({ payload: "e30".repeat(30_000), protected: "", header: {}, signature: "" })],
  ["a payload of equals signs", () => jws({ payload: "=".repeat(SIZE), protected: "", header: {}, signature: "" })],
  [
    "a protected header in a depth",
    () => jws({ payload: "e30", protected: part("[".repeat(70_000)), header: {}, signature: "" }),
  ],
  ["many certificates", () => envelope(HEADER, { x5c: times(200, octets(0)).map(() => certificate) })],
  ["many empty certificates", () => envelope(HEADER, { x5c: times(30_000, octets(0)).map(() => "") })],
  ["many critical attributes", () => envelope({ ...HEADER, crit: Array.from({ length: 8000 }, (_, at) => `a${at}`) })],
  ["one critical attribute many times", () => envelope({ ...HEADER, crit: times(15_000, octets(0)).map(() => "a") })],
  [
    "many attributes",
    () => envelope({ ...HEADER, ...Object.fromEntries(Array.from({ length: 7000 }, (_, at) => [`a${at}`, at])) }),
  ],
  [
    "a long signing time",
    () => envelope({ ...HEADER, "io.cncf.notary.signingTime": `2026-01-01T00:00:00.${"0".repeat(70_000)}Z` }),
  ],
  ["a long media type", () => envelope({ ...HEADER, cty: "application/".repeat(6000) })],
];

const statement = (fields: Record<string, unknown>) => ({
  name: "a",
  registryScopes: ["*"],
  signatureVerification: { level: "strict" },
  trustStores: ["ca:a"],
  trustedIdentities: ["*"],
  ...fields,
});
const policy = (...statements: readonly unknown[]) => jws({ version: "1.0", trustPolicies: statements });
const list = (count: number, make: (at: number) => unknown) => Array.from({ length: count }, (_, at) => make(at));

export const TRUST_POLICY_SHAPES: readonly Shape[] = [
  ...JSON_SHAPES,
  [
    "many statements",
    () => policy(...list(600, (at) => statement({ name: `s${at}`, registryScopes: [`r.example/a${at}`] }))),
  ],
  ["many statements of one name", () => policy(...list(600, () => statement({})))],
  ["many scopes", () => policy(statement({ registryScopes: list(5000, (at) => `r.example/a${at}`) }))],
  ["one scope many times", () => policy(statement({ registryScopes: list(6000, () => "r.example/a") }))],
  ["a long scope", () => policy(statement({ registryScopes: [`r.example/${"a/".repeat(45_000)}a`] }))],
  ["a scope of hyphens", () => policy(statement({ registryScopes: [`r.example/a${"-".repeat(95_000)}!`] }))],
  ["a host of labels", () => policy(statement({ registryScopes: [`${"a.".repeat(45_000)}!/a`] }))],
  [
    "many identities",
    () => policy(statement({ trustedIdentities: list(2000, (at) => `x509.subject: C=US,ST=WA,O=a${at}`) })),
  ],
  [
    "an identity of many attributes",
    () => policy(statement({ trustedIdentities: [`x509.subject: ${"A=b,".repeat(20_000)}C=US`] })),
  ],
  [
    "an identity of different attributes",
    () => policy(statement({ trustedIdentities: [`x509.subject: ${list(10_000, (at) => `A${at}=b`).join(",")}`] })),
  ],
  [
    "an identity of spaces",
    () => policy(statement({ trustedIdentities: [`x509.subject: C=${" ".repeat(90_000)}US`] })),
  ],
  [
    "an identity of backslashes",
    () => policy(statement({ trustedIdentities: [`x509.subject: C=${"\\\\".repeat(40_000)}`] })),
  ],
  ["an identity of commas", () => policy(statement({ trustedIdentities: [`x509.subject: ${",".repeat(90_000)}`] }))],
  ["many trust stores", () => policy(statement({ trustStores: list(8000, (at) => `ca:a${at}`) }))],
  ["a long store name", () => policy(statement({ trustStores: [`ca:${"a".repeat(90_000)}/`] }))],
  [
    "many overrides",
    () =>
      policy(
        statement({
          signatureVerification: {
            level: "strict",
            override: Object.fromEntries(list(8000, (at) => [`o${at}`, "log"]) as [string, string][]),
          },
        }),
      ),
  ],
];
