/** CAs of registries: a `fetch` for each host that has its own, and the runtime's for all others. */
import { decodeUtf8 } from "../encoding/mod.ts";
import type { RegistryConfiguration } from "../oci/mod.ts";
import type { Host, Ports } from "../ports.ts";

/** Bytes of a file of CAs at most. */
export const MAX_CA_FILE_BYTES = 1024 * 1024;

/**
 * Makes a `fetch` that believes more CAs.
 *
 * @param caFile CAs for every host, beside those the runtime trusts.
 * @param registries Those with a `certificateAuthority` have it beside the others, for their own host only.
 * @param folder What the names of those files are relative to.
 * @throws {ConfigurationError} `ERR_FILE` when a file cannot be read, `ERR_CONFIG` when it holds no certificates or
 * this runtime has no place for them.
 */
export async function openRegistryFetch(
  caFile: string | undefined,
  registries: ReadonlyMap<string, RegistryConfiguration>,
  folder: string,
  host: Pick<Host, "files" | "openTls" | "ports">,
): Promise<Ports["fetch"]> {
  const read = async (path: string) => decodeUtf8(await host.files.read(path, MAX_CA_FILE_BYTES));
  const open = (certificateAuthorities: string) => host.openTls({ certificateAuthorities, besideDefaults: true });
  const everybody = caFile === undefined ? undefined : await read(caFile);
  const others = everybody === undefined ? host.ports.fetch : open(everybody);
  const byHost = new Map<string, Ports["fetch"]>();
  for (const [name, { certificateAuthority }] of registries) {
    if (certificateAuthority === undefined) continue;
    const path = certificateAuthority.startsWith("/") ? certificateAuthority : `${folder}${certificateAuthority}`;
    const own = await read(path);
    byHost.set(new URL(`https://${name}`).host, open(everybody === undefined ? own : `${everybody}\n${own}`));
  }
  if (everybody === undefined && byHost.size === 0) return others;
  return (url, init) => {
    const { protocol, host: asked } = new URL(url);
    if (protocol !== "https:") return host.ports.fetch(url, init);
    return (byHost.get(asked) ?? others)(url, init);
  };
}
