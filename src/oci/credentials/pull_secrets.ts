/**
 * Kubernetes Secrets of the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`, together one source, as
 * the kubelet takes them. A Secret that is missing or cannot be read is left out, as the kubelet leaves it out, and the
 * reason is told when a registry asks in vain.
 */
import { decodeBase64, encodeUtf8, isJsonObject, printable } from "../../encoding/mod.ts";
import { digestHex, digestOf } from "../../crypto/mod.ts";
import type { CredentialSource, CryptoProvider } from "../../ports.ts";
import { credentialOf } from "./docker_config.ts";
import { ANONYMOUS_IDENTITY } from "./identity.ts";
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

/** What a list of Secrets amounts to. */
export interface PullSecrets {
  readonly credentials: CredentialSource;
  /** For keeping apart what was fetched with them: `anonymous` where they have nothing to show. */
  readonly identity: string;
}

interface NamedEntry extends RegistryEntry {
  /** The Secret, for messages. */
  readonly source: string;
}

/** Makes one source of Secrets. */
export async function createPullSecrets(
  secrets: readonly PullSecret[],
  crypto: Pick<CryptoProvider, "digest">,
): Promise<PullSecrets> {
  const entries: NamedEntry[] = [];
  const notes: string[] = [];
  for (const secret of secrets) {
    const source = `Secret "${printable(`${secret.namespace}/${secret.name}`, 320)}"`;
    try {
      entries.push(...readPullSecret(secret.object, source).map((entry) => ({ ...entry, source })));
    } catch (thrown) {
      notes.push(`${source}: ${thrown instanceof Error ? printable(thrown.message) : "it cannot be read"}`);
    }
  }
  const shown = entries.map(({ host, path, proof, fault }) => [host, path, proof, fault]);
  return {
    // Host and path are part of it: who may be somebody at one registry only is another than who may everywhere.
    identity: entries.length === 0 ? ANONYMOUS_IDENTITY : digestHex(
      await digestOf(crypto, encodeUtf8(JSON.stringify(shown))),
    ),
    credentials: (asked) => {
      const entry = chooseEntryAsKubelet(entries, asked) as NamedEntry | undefined;
      if (entry !== undefined) return Promise.resolve(credentialOf(entry, asked, entry.source));
      return Promise.resolve(notes.length === 0 ? undefined : { type: "anonymous", source: notes.join("; ") });
    },
  };
}

/** The entries of a Secret. @throws {Error} With the reason, in words for a note. */
function readPullSecret(object: unknown, source: string): readonly RegistryEntry[] {
  if (object instanceof Error) throw object;
  if (object === undefined) throw new Error("there is none");
  const secret = isJsonObject(object) ? object : {};
  const [member, wrapped] = secret["type"] === "kubernetes.io/dockercfg"
    ? [".dockercfg", false] as const
    : [".dockerconfigjson", true] as const;
  const text = textOf(secret, member);
  if (text === undefined) throw new Error(`it has no "${member}"`);
  if (text.length > MAX_CREDENTIALS_BYTES) throw new Error(`it has more than ${MAX_CREDENTIALS_BYTES} bytes`);
  const document = parseCredentials(text, source);
  if (!wrapped) return readRegistryEntries(document, source);
  const auths = document["auths"];
  return isJsonObject(auths) ? readRegistryEntries(auths, source) : [];
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
