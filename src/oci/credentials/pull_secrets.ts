/**
 * Kubernetes Secrets of the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`, together one source,
 * as the kubelet takes them. A Secret that is missing or cannot be read is left out, as the kubelet leaves it out, and
 * the reason is told when a registry asks in vain.
 */
import { decodeBase64, encodeUtf8, isJsonObject, printable } from "../../encoding/mod.ts";
import type { CredentialSource } from "../../ports.ts";
import { credentialOf } from "./docker_config.ts";
import {
  chooseEntryAsKubelet,
  MAX_CREDENTIALS_BYTES,
  parseCredentials,
  readRegistryEntries,
  type RegistryEntry,
} from "./registry_entries.ts";

/** A Secret as it was asked for. */
export interface PullSecret {
  readonly namespace: string;
  readonly name: string;
  /** The object; `undefined` where there is none; an error where it could not be read. */
  readonly object: unknown;
}

interface NamedEntry extends RegistryEntry {
  /** The Secret, for messages. */
  readonly source: string;
}

/** Makes one source of Secrets; of several entries that fit, the kubelet's first counts. */
export function createPullSecrets(secrets: readonly PullSecret[]): CredentialSource {
  const entries: NamedEntry[] = [];
  const notes: string[] = [];
  for (const secret of secrets) {
    const source = `Secret "${printable(`${secret.namespace}/${secret.name}`, 320)}"`;
    try {
      entries.push(...readPullSecret(secret.object).map((entry) => ({ ...entry, source })));
    } catch (thrown) {
      notes.push(`${source}: ${thrown instanceof Error ? printable(thrown.message) : "it cannot be read"}`);
    }
  }
  return (asked) => {
    const entry = chooseEntryAsKubelet(entries, asked) as NamedEntry | undefined;
    if (entry?.fault === undefined) {
      if (entry !== undefined) return Promise.resolve(credentialOf(entry, asked, entry.source));
      return Promise.resolve(notes.length === 0 ? undefined : { type: "anonymous", source: notes.join("; ") });
    }
    // One entry of a Secret counts as little as a Secret that is missing.
    const source = [...notes, `${entry.source}: ${entry.fault}`].join("; ");
    return Promise.resolve({ type: "anonymous", source });
  };
}

/** The entries of a Secret. @throws {Error} With the reason, in words for a note. */
function readPullSecret(object: unknown): readonly RegistryEntry[] {
  if (object instanceof Error) throw object;
  if (object === undefined) throw new Error("there is none");
  const secret = isJsonObject(object) ? object : {};
  const [member, wrapped] = secret["type"] === "kubernetes.io/dockercfg"
    ? [".dockercfg", false] as const
    : [".dockerconfigjson", true] as const;
  const text = textOf(secret, member);
  if (text === undefined) throw new Error(`it has no "${member}"`);
  if (text.length > MAX_CREDENTIALS_BYTES) throw new Error(`it has more than ${MAX_CREDENTIALS_BYTES} bytes`);
  const document = parseCredentials(text, "its data");
  if (!wrapped) return readRegistryEntries(document, "its data");
  const auths = document["auths"];
  return isJsonObject(auths) ? readRegistryEntries(auths, "its data") : [];
}

function textOf(secret: Readonly<Record<string, unknown>>, member: string): Uint8Array | undefined {
  const { data, stringData } = secret;
  // Only in files: an API server gives back data alone.
  const plain = isJsonObject(stringData) ? stringData[member] : undefined;
  if (typeof plain === "string") return encodeUtf8(plain);
  const encoded = isJsonObject(data) ? data[member] : undefined;
  if (typeof encoded !== "string") return undefined;
  try {
    return decodeBase64(encoded);
  } catch {
    throw new Error(`its "${member}" is no base64`);
  }
}
