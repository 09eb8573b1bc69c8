/** Values at which readers go wrong: the ends of ranges, the forms nobody writes, and what is forbidden. */

const words = (text: string) => text.trim().split(/\s+/);
const utf8 = (text: string) => new TextEncoder().encode(text);
const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** Content octets of INTEGER. */
export const INTEGERS: readonly Uint8Array[] = [
  ...words(`
    00 01 02 03 7f 80 ff 0080 00ff 0000 ff80 0100 7fff 8000 7fffffff 0080000000 00ffffffff 7fffffffffffffff
    008000000000000000
  `),
  "",
  "00".repeat(20),
  `01${"00".repeat(20)}`,
  `7f${"ff".repeat(255)}`,
  `00${"ff".repeat(64)}`,
].map(hex);

/** Content octets of UTCTime and GeneralizedTime, as text. */
export const TIMES: readonly string[] = [
  ...words(`
    240101000000Z 260601120000Z 491231235959Z 500101000000Z 991231235959Z 000101000000Z 240229000000Z
    230229000000Z 241301000000Z 240100000000Z 240101240000Z 240101006000Z 240101000060Z 2401010000Z
    240101000000+0100 240101000000 20240101000000Z 20260601120000Z 20260701000000Z 20280101000000Z
    20991231235959Z 99991231235959Z 00000101000000Z 00010101000000Z 19491231235959Z 20500101000000Z
    20240230000000Z 20240101000000.5Z 20240101000000.50Z 20240101000000.123456789Z 20240101000000,5Z
    20240101000000+0000 2024010100Z 20240101000000z -0240101000000Z
  `),
  "",
  "2024010100000\u0660Z",
  "20240101 00000Z",
];

/** Content octets of OBJECT IDENTIFIER. */
export const OIDS: readonly Uint8Array[] = [
  ...words(`
    00 80 2a 2a80 2a8001 ffffffffffffffffff7f 2a864886f70d010701 2a864886f70d010702 2a864886f70d0109100104
    2a864886f70d010903 2a864886f70d010904 2a864886f70d010905 2a864886f70d010910020c 2a864886f70d010910022f
    608648016503040201 608648016503040202 608648016503040203 2b0e03021a 2a864886f70d0205 2a864886f70d010101
    2a864886f70d01010b 2a864886f70d01010a 2a864886f70d010105 2a8648ce3d0201 2a8648ce3d030107 2b81040022
    2b81040023 2b8104000a 2a8648ce3d040302 2a8648ce3d040303 2a8648ce3d0401 2b6570 551d0e 551d0f 551d11 551d13
    551d14 551d15 551d18 551d1b 551d1c 551d1e 551d1f 551d20 551d23 551d24 551d25 551d2500 551d2e
    2b06010505070301 2b06010505070303 2b06010505070308 2b06010505070309 2b06010505073001 2b0601050507300101
    2b0601050507300102 2b0601050507300105 2b06010505070101 550403 550406 55040a 0992268993f22c640119
  `),
  "",
  "2a".repeat(80),
].map(hex);

/** Identifier octets. */
export const TAGS: readonly number[] = words(`
  00 01 02 03 04 05 06 0a 0c 13 14 16 17 18 1e 1f 23 24 30 31 80 81 82 86 a0 a1 a2 a3 a4 60 ff
`).map((octet) => Number.parseInt(octet, 16));

/** Text, as it stands in names, URLs and headers. */
export const TEXTS: readonly string[] = [
  ...words(`
    * __proto__ constructor toString notary.x509 notary.x509.signingAuthority NOTARY.X509
    io.cncf.notary.signingScheme io.cncf.notary.signingTime io.cncf.notary.expiry
    io.cncf.notary.authenticSigningTime io.cncf.notary.verificationPlugin
    io.cncf.notary.verificationPluginMinVersion io.cncf.notary.unknown io.cncf.notary.timestampSignature alg
    crit cty x5c x5chain b64 none HS256 RS256 ES256 ES384 ES512 PS256 PS384 PS512
    application/vnd.cncf.notary.payload.v1+json 2026-01-01T00:00:00Z 2026-01-01T00:00:00+23:59
    2026-02-30T00:00:00Z 0001-01-01T00:00:00Z 9999-12-31T23:59:59Z 2025-01-01T00:00:00Z
    2026-01-01T00:00:00.123456789Z 2026-01-01t00:00:00z sha256: http://127.0.0.1/ file:///etc/passwd
    ldap://host/cn=x CN=a,O=b = #04
  `),
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\n",
  "\u001b[31m",
  "\u202egpj.exe",
  "\ufeff",
  "\ud7ff\ue000",
  "\u{1f600}",
  "a".repeat(300),
  `sha256:${"0".repeat(64)}`,
  `sha512:${"ab".repeat(64)}`,
];

/** The same as bytes, and bytes that are no UTF-8. */
export const TEXT_BYTES: readonly Uint8Array[] = [
  ...TEXTS.map(utf8),
  hex("ff"),
  hex("c080"),
  hex("eda080"),
  hex("f4908080"),
];

/** JSON as written. */
export const JSON_VALUES: readonly string[] = [
  ...words(`
    null true false 0 -0 1 -1 1e400 1E2 0.5 9007199254740993 {} [] [[]] 01 NaN 'a' [1,]
  `),
  "1".repeat(400),
  '""',
  '{"":0}',
  '"\\u0000"',
  '"\\ud800"',
  '{"__proto__":{}}',
];

/** Integers, as in CBOR. */
export const NUMBERS: readonly bigint[] = words(`
  0 1 2 3 4 18 23 24 33 255 256 65535 65536 4294967295 4294967296 9007199254740993 18446744073709551615 -1 -7
  -8 -24 -35 -36 -37 -38 -39 -257 -18446744073709551616 1767225600 253402300799 253402300800 -62135596800
  -62167219201
`).map(BigInt);
