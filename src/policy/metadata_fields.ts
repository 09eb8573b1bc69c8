/** The load gate of `metadata`, as far as all kinds have it in common. */
import { describe, type FieldTable, ignored, type Reader } from "./schema.ts";

const SERVER_FIELD = "the API server's own bookkeeping";

/** What the API server writes, and what decides nothing. */
export const SERVER_FIELDS = {
  labels: ignored("they describe the policy and decide nothing"),
  generateName: ignored(SERVER_FIELD),
  uid: ignored(SERVER_FIELD),
  resourceVersion: ignored(SERVER_FIELD),
  generation: ignored(SERVER_FIELD),
  creationTimestamp: ignored(SERVER_FIELD),
  deletionTimestamp: ignored(SERVER_FIELD),
  deletionGracePeriodSeconds: ignored(SERVER_FIELD),
  managedFields: ignored(SERVER_FIELD),
  ownerReferences: ignored(SERVER_FIELD),
  finalizers: ignored(SERVER_FIELD),
  selfLink: ignored(SERVER_FIELD),
} satisfies FieldTable;

/**
 * A name of a Kubernetes object.
 *
 * @param longest Characters at most.
 */
export const objectName = (longest: number): Reader<string> => (value, path, gate) => {
  if (typeof value !== "string" || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(value)) {
    return void gate.refuse(path, `${describe(value)}, expected lower-case letters, digits, "-" and "."`);
  }
  if (value.length <= longest) return value;
  return void gate.refuse(path, `${value.length} characters, expected at most ${longest}`);
};
