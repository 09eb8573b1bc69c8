/** The load gate of `imageRegistryCredentials`. */
import { printable } from "../encoding/mod.ts";
import { MAX_PULL_SECRETS, type RegistryCredentials, type SecretName } from "./registry_views.ts";
import { enforced, type FieldTable, ignored, listOf, oneOf, type Reader, readFields, text } from "./schema.ts";

/** Where a Secret is that a policy names without a namespace: where Kyverno keeps its own. */
export const KYVERNO_NAMESPACE = "kyverno";

const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

const secretOf = (own: string): Reader<SecretName> => (value, path, gate) => {
  const given = text(value, path, gate);
  if (given === undefined) return undefined;
  const slash = given.indexOf("/");
  const namespace = slash < 0 ? KYVERNO_NAMESPACE : given.slice(0, slash);
  const name = given.slice(slash + 1);
  if (own !== "" && namespace !== own) {
    return void gate.refuse(path, `a Policy reads the Secrets of its own namespace alone, expected ${own}/name`);
  }
  if (NAME.test(namespace) && NAME.test(name)) return { namespace, name };
  return void gate.refuse(path, `"${printable(given, 80)}" names no Secret, expected name or namespace/name`);
};

const fieldsOf = (own: string) => ({
  allowInsecureRegistry: ignored("how registries are reached is this endpoint's own configuration"),
  providers: enforced(listOf(oneOf("default", "amazon", "azure", "google", "github"))),
  secrets: enforced(listOf(secretOf(own))),
} satisfies FieldTable);

/**
 * Reads `imageRegistryCredentials`. Every provider stands for the endpoint's own credentials, clouds' included.
 *
 * @param own Namespace of a Policy, whose author may not read the Secrets of others; `""` for a ClusterPolicy.
 */
export const registryCredentials = (own: string): Reader<RegistryCredentials | undefined> => (value, path, gate) => {
  const fields = readFields(value, path, fieldsOf(own), gate);
  if (fields === undefined) return undefined;
  const { secrets = [], providers = [] } = fields;
  if (secrets.length > MAX_PULL_SECRETS) {
    return void gate.refuse([...path, "secrets"], `${secrets.length} secrets, expected at most ${MAX_PULL_SECRETS}`);
  }
  return secrets.length + providers.length === 0 ? undefined : { secrets, own: providers.length > 0 };
};
