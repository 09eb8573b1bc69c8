/** Files in memory. */
import { encodeUtf8 } from "../../../src/encoding/mod.ts";
import { ConfigurationError } from "../../../src/errors.ts";
import { rangesOf } from "../../../src/oci/mod.ts";
import type { Files } from "../../../src/ports.ts";

/** Files with these contents and no others. */
export function createFiles(contents: Readonly<Record<string, string | Uint8Array>>): Files {
  return {
    ranges: (path) => {
      const content = contents[path];
      if (content === undefined) {
        return Promise.reject(new ConfigurationError("ERR_FILE", `Cannot read "${path}": it does not exist`));
      }
      return Promise.resolve(rangesOf(typeof content === "string" ? encodeUtf8(content) : content));
    },
    read: (path, maxBytes) => {
      const content = contents[path];
      if (content === undefined) {
        return Promise.reject(new ConfigurationError("ERR_FILE", `Cannot read "${path}": it does not exist`));
      }
      const bytes = typeof content === "string" ? encodeUtf8(content) : content;
      if (bytes.length > maxBytes) {
        return Promise.reject(new ConfigurationError("ERR_FILE", `Cannot read "${path}": it is too large`));
      }
      return Promise.resolve(bytes);
    },
    list: (folder) =>
      Promise.resolve(
        Object.keys(contents).filter((path) => path.startsWith(`${folder}/`)).map((path) =>
          path.slice(folder.length + 1)
        )
          .sort(),
      ),
    entries: (folder) => {
      const below = Object.keys(contents).filter((path) => path.startsWith(`${folder}/`)).map((path) =>
        path.slice(folder.length + 1)
      );
      if (below.length === 0) return Promise.resolve(undefined);
      const names = [...new Set(below.map((path) => path.split("/")[0] ?? ""))].sort();
      return Promise.resolve(
        names.map((name) => ({ name, kind: below.includes(name) ? "file" as const : "folder" as const })),
      );
    },
    kind: (path) => {
      if (Object.hasOwn(contents, path)) return Promise.resolve("file");
      return Promise.resolve(Object.keys(contents).some((name) => name.startsWith(`${path}/`)) ? "folder" : undefined);
    },
  };
}
