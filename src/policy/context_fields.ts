/** The load gate of `context`. */
import { type ContextEntry, MAX_CONTEXT_ENTRIES } from "./context.ts";
import { apiCallEntry } from "./context/api_call.ts";
import { configMapEntry } from "./context/config_map.ts";
import { imageDataEntry } from "./context/image_data.ts";
import { variableEntry } from "./context/variable.ts";
import { CONTEXT_REFUSALS } from "./message.ts";
import { REQUEST_NAMES } from "./request_scope.ts";
import { enforced, type FieldTable, isRecord, listOf, type Reader, readFields, refused, text } from "./schema.ts";

/** What an entry can be; exactly one of them. */
const TYPES = ["configMap", "apiCall", "imageRegistry", "variable", "globalReference"] as const;

/** Names that mean something already; nothing below them may be named either. */
const TAKEN = [...REQUEST_NAMES, "element", "elementIndex"];

/** Characters of an entry's name at most. */
export const MAX_ENTRY_NAME_CHARACTERS = 253;

/**
 * Reads a rule's context entries.
 *
 * @param namespace Of the policy; `""` for a ClusterPolicy.
 */
export function contextEntries(namespace: string): Reader<readonly ContextEntry[]> {
  const table = {
    name: enforced(text),
    configMap: enforced(configMapEntry(namespace)),
    apiCall: enforced(apiCallEntry(namespace)),
    imageRegistry: enforced(imageDataEntry),
    variable: enforced(variableEntry),
    globalReference: refused("global context entries are kept by Kyverno's own controllers, which are not asked here"),
  } satisfies FieldTable;
  const entry: Reader<ContextEntry> = (value, path, gate) => {
    const name = isRecord(value) && typeof value["name"] === "string" ? value["name"] : "";
    if (isRecord(value)) {
      if (name === "") gate.refuse(path, CONTEXT_REFUSALS.entryName);
      const taken = TAKEN.find((one) => name === one || name.startsWith(`${one}.`));
      if (taken !== undefined) gate.refuse([...path, "name"], CONTEXT_REFUSALS.takenName(name, taken));
      if (name.length > MAX_ENTRY_NAME_CHARACTERS) {
        const limit = `expected at most ${MAX_ENTRY_NAME_CHARACTERS}`;
        gate.refuse([...path, "name"], `${name.length} characters, ${limit}`);
      }
      if (TYPES.filter((type) => (value[type] ?? null) !== null).length !== 1) {
        return void gate.refuse(path, CONTEXT_REFUSALS.oneType);
      }
    }
    const fields = readFields(value, path, table, gate);
    const load = fields?.configMap ?? fields?.apiCall ?? fields?.imageRegistry ?? fields?.variable;
    return load === undefined ? undefined : { name, load: load(name) };
  };
  return (value, path, gate) => {
    if (Array.isArray(value) && value.length > MAX_CONTEXT_ENTRIES) {
      return void gate.refuse(path, `${value.length} entries, expected at most ${MAX_CONTEXT_ENTRIES}`);
    }
    return listOf(entry)(value, path, gate);
  };
}
