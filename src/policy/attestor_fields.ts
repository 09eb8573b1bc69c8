/** The load gate of `attestors`: what Kyverno's admission would refuse, in its words, and what only Cosign knows. */
import { findAnchorFault } from "../notary/mod.ts";
import { type Certificate, parseCertificates } from "../x509/mod.ts";
import { type AttestorEntry, type AttestorSet, MAX_ATTESTOR_DEPTH, trustOf } from "./attestors.ts";
import { POLICY_REFUSALS } from "./message.ts";
import {
  attempt,
  enforced,
  type FieldTable,
  formatPath,
  ignored,
  isRecord,
  listOf,
  mapOfTexts,
  type Proof,
  type ProofPorts,
  type Reader,
  readFields,
  refused,
  text,
  wholeNumber,
} from "./schema.ts";

const TRANSPARENCY = "transparency logs belong to Cosign: a Notary Project signature has no entry in one";

const certificates: Reader<readonly Certificate[]> = (value, path, gate) => {
  const pem = text(value, path, gate);
  if (pem === undefined) return undefined;
  if (pem === "") return [];
  const found = attempt(path, gate, () => parseCertificates(pem));
  if (found !== undefined) gate.prove(path, (crypto) => proveAnchors(found, crypto));
  return found;
};

/** Certificates in a policy are a trust store written on the spot: what a folder may not hold, they may not be. */
const proveAnchors = async (found: readonly Certificate[], crypto: ProofPorts): ReturnType<Proof> => {
  const fault = await findAnchorFault("ca", found, crypto);
  return fault === undefined ? undefined : { reason: `certificate ${fault.what}`, code: "ERR_TRUST_STORE" };
};

const CERTIFICATES = {
  cert: enforced(certificates),
  certChain: enforced(certificates),
  rekor: refused(TRANSPARENCY),
  ctlog: refused(TRANSPARENCY),
} satisfies FieldTable;

const certificateAttestor: Reader<readonly Certificate[]> = (value, path, gate) => {
  const before = gate.problems.length;
  const fields = readFields(value, path, CERTIFICATES, gate);
  if (fields === undefined || gate.problems.length > before) return undefined;
  const found = [...fields.cert ?? [], ...fields.certChain ?? []];
  return found.length > 0 ? found : void gate.refuse(path, POLICY_REFUSALS.noCertificate);
};

const count: Reader<number> = (value, path, gate) => {
  const found = wholeNumber(value, path, gate);
  if (found !== undefined && found < 0) return void gate.refuse(path, `${found}, expected 1 or more`);
  return found;
};

/** What Kyverno calls an attestor has one of these, and only one. */
const ATTESTOR_KINDS = ["keys", "certificates", "keyless", "attestor"] as const;

const annotations: Reader<undefined> = (value, path, gate) => {
  const found = mapOfTexts("expected text")(value, path, gate);
  if (found !== undefined && found.size > 0) {
    gate.refuse(path, "annotations of the payload are not compared for type Notary: nothing would check them");
  }
  return undefined;
};

function entryAt(depth: number, policy: string): Reader<AttestorEntry> {
  return (value, path, gate) => {
    const table = {
      certificates: enforced(certificateAttestor),
      attestor: enforced(attestorSetAt(depth + 1, policy)),
      keys: refused(POLICY_REFUSALS.keysForNotary),
      keyless: refused(POLICY_REFUSALS.keylessForNotary),
      annotations: enforced(annotations),
      repository: ignored("signatures are looked for beside the image, as Kyverno does for type Notary"),
      signatureAlgorithm: ignored("the certificate's key decides the algorithm of a Notary Project signature"),
    } satisfies FieldTable;
    if (isRecord(value) && ATTESTOR_KINDS.filter((kind) => (value[kind] ?? null) !== null).length !== 1) {
      return void gate.refuse(path, POLICY_REFUSALS.attestorKind);
    }
    const fields = readFields(value, path, table, gate);
    if (fields?.attestor !== undefined) return { kind: "attestor", set: fields.attestor };
    if (fields?.certificates === undefined) return undefined;
    return { kind: "certificates", trust: trustOf(fields.certificates, `${policy} ${formatPath(path)}`) };
  };
}

/**
 * Reads an attestor set, with the sets nested in it.
 *
 * @param policy Names the policy in the names of trust.
 */
export function attestorSet(policy: string): Reader<AttestorSet> {
  return attestorSetAt(1, policy);
}

function attestorSetAt(depth: number, policy: string): Reader<AttestorSet> {
  return (value, path, gate) => {
    if (depth > MAX_ATTESTOR_DEPTH) {
      return void gate.refuse(path, `more than ${MAX_ATTESTOR_DEPTH} levels of nested attestors`);
    }
    const table = {
      count: enforced(count),
      entries: enforced(listOf(entryAt(depth, policy))),
    } satisfies FieldTable;
    const before = gate.problems.length;
    const fields = readFields(value, path, table, gate);
    const given = countEntries(value);
    if (given === 0) return void gate.refuse(path, POLICY_REFUSALS.noEntry);
    const wanted = fields?.count ?? 0;
    if (wanted > given) {
      return void gate.refuse([...path, "count"], `${POLICY_REFUSALS.countExceedsEntries} (${wanted} of ${given})`);
    }
    if (fields === undefined || gate.problems.length > before) return undefined;
    const entries = fields.entries ?? [];
    return { count: wanted === 0 ? entries.length : wanted, entries };
  };
}

function countEntries(value: unknown): number {
  const entries = isRecord(value) ? value["entries"] : undefined;
  return Array.isArray(entries) ? entries.length : 0;
}

/** Why attestors that are named and not there are refused. */
export const NO_ATTESTORS = "0 attestor sets, expected 1 or more: leave the field out to pin digests without verifying";

/** `attestors` of a rule: an empty list is a slip of the pen, since leaving the field out says the same. */
export function attestorSets(policy: string): Reader<readonly AttestorSet[]> {
  return (value, path, gate) => {
    const sets = listOf(attestorSet(policy))(value, path, gate);
    if (Array.isArray(value) && value.length === 0) return void gate.refuse(path, NO_ATTESTORS);
    return sets;
  };
}
