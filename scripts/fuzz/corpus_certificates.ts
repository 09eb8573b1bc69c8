/** Certificates that mutants are made of, with the keys that sign them again. The same bytes in every run. */
import {
  basicConstraints,
  boolean,
  CA,
  type CertificateFields,
  crlAt,
  der,
  extension,
  extKeyUsage,
  keyUsage,
  LEAF,
  makeCertificate,
  type NameParts,
  ocspAt,
  octets,
  oid,
  PURPOSE,
  sequence,
  subject,
  text,
  USAGE,
} from "../../test/run/certificate_maker.ts";
import { AUTHORITY, authorityName } from "../../test/run/timestamp_maker.ts";
import { noCheck } from "../../test/run/revocation_maker.ts";
import { type DerTree, readTree } from "./der_tree.ts";
import { type NamedKey, namedKey, signAlike } from "./keys.ts";
import { resignList } from "./resign.ts";

/** A certificate with its key and, where another signed it, that one's. */
export interface MadeCertificate {
  readonly der: Uint8Array;
  readonly tree: DerTree;
  readonly key: NamedKey;
  readonly issuerKey: NamedKey;
}

/** The instant at which everything is judged. */
export const NOW = new Date("2026-07-01T00:00:00Z");
/** When the signer whose envelopes are timestamped has a certificate no longer. */
export const LATER = new Date("2028-07-01T00:00:00Z");

type Fields = Omit<CertificateFields, "key" | "issuerKey"> & { readonly key: NamedKey; readonly issuerKey?: NamedKey };

/** A certificate that is the same each time. */
export function certificate(fields: Fields): MadeCertificate {
  const issuerKey = fields.issuerKey ?? fields.key;
  const tree = resignList(treeOf(makeCertificate(fields)), issuerKey, signAlike) as DerTree;
  return { der: tree.bytes, tree, key: fields.key, issuerKey };
}

/** The tree of DER that was made here. */
export function treeOf(bytes: Uint8Array): DerTree {
  const tree = readTree(bytes);
  if (tree === undefined) throw new Error("Cannot make the corpus: what was made is not DER");
  return tree;
}

const [rootName, issuerName] = [subject("fuzz root"), subject("fuzz intermediate")];
const CA_WITH_CRL = [basicConstraints(true), keyUsage([USAGE.keyCertSign, USAGE.cRLSign])];

export const root = certificate({
  subject: rootName,
  key: namedKey("root"),
  extensions: CA_WITH_CRL,
  serialNumber: [0x11],
});
export const intermediate = certificate({
  subject: issuerName,
  issuer: rootName,
  key: namedKey("intermediate"),
  issuerKey: root.key,
  extensions: [basicConstraints(true, { pathLength: 0 }), keyUsage([USAGE.keyCertSign, USAGE.cRLSign])],
  serialNumber: [0x12],
});

const issued = (name: string, fields: Partial<Fields>) =>
  certificate({
    subject: subject(`fuzz ${name}`),
    issuer: issuerName,
    key: namedKey(name),
    issuerKey: intermediate.key,
    extensions: LEAF,
    ...fields,
  });

export const signer = issued("signer", {
  serialNumber: [0x21],
  extensions: [...LEAF, extKeyUsage(PURPOSE.codeSigning)],
});
/** Its certificate ends before {@link LATER}. */
export const timestampedSigner = issued("timestamped signer", { serialNumber: [0x22], notAfter: "20270101000000Z" });
/** Two that CRLs and OCSP responses are about: one is revoked, the other is not. */
export const revoked = issued("revoked", {
  serialNumber: [0x31],
  extensions: [...LEAF, crlAt("http://crl.example/a.crl")],
});
export const unrevoked = issued("unrevoked", {
  serialNumber: [0x32],
  extensions: [...LEAF, crlAt("http://crl.example/a.crl")],
});
export const responder = issued("responder", {
  serialNumber: [0x33],
  extensions: [keyUsage([USAGE.digitalSignature]), extKeyUsage(PURPOSE.ocspSigning), noCheck],
});

const oddName: NameParts = [["C", "US"], ["ST", "WÄ", 0x0c], ["O", 'A, "B"; <C>'], ["CN", " #x\\+=", 0x0c], [
  "OU",
  "",
  0x0c,
]];

const rich = issued("rich", {
  subject: oddName,
  serialNumber: [0x7f, ...Array.from({ length: 19 }, () => 0x5a)],
  extensions: [
    ...LEAF,
    basicConstraints(false, { critical: false }),
    extKeyUsage(PURPOSE.codeSigning),
    ocspAt("http://ocsp.example/"),
    crlAt("http://crl.example/b.crl"),
    extension("2.5.29.14", false, der(0x04, octets(1, 2, 3, 4))),
    extension("2.5.29.35", false, sequence(der(0x80, octets(1, 2, 3, 4)))),
    extension("2.5.29.17", false, sequence(text("a@example.org", 0x81), text("example.org", 0x82))),
    extension("2.5.29.32", false, sequence(sequence(oid("1.2.3.4")))),
    extension("1.2.3.4.5", false, sequence(boolean(true))),
  ],
});

export const selfSigned = certificate({
  subject: subject("fuzz self-signed"),
  key: namedKey("self-signed"),
  extensions: [...LEAF, extKeyUsage(PURPOSE.codeSigning)],
});

const [tsaRootName, tsaName] = [authorityName("fuzz tsa root"), authorityName("fuzz tsa")];
export const tsaRoot = certificate({
  subject: tsaRootName,
  key: namedKey("tsa root"),
  extensions: CA,
  serialNumber: [0x41],
});
export const tsa = certificate({
  subject: tsaName,
  issuer: tsaRootName,
  key: namedKey("tsa"),
  issuerKey: tsaRoot.key,
  extensions: AUTHORITY,
  serialNumber: [0x42],
});

/** Names, as makers take them. */
export const NAMES = { issuer: issuerName, tsaRoot: tsaRootName } as const;

/** Chains that meet every rule, leaf first. */
export const CHAINS: readonly (readonly MadeCertificate[])[] = [
  [signer, intermediate, root],
  [rich, intermediate, root],
  [selfSigned],
];

/** Chains for timestamps. */
export const TSA_CHAIN: readonly MadeCertificate[] = [tsa, tsaRoot];

/** Every certificate there is. */
export const ALL_CERTIFICATES: readonly MadeCertificate[] = [
  root,
  intermediate,
  signer,
  timestampedSigner,
  revoked,
  unrevoked,
  responder,
  rich,
  selfSigned,
  tsaRoot,
  tsa,
];
