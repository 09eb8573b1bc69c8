/** The committed layouts, read with Node's own file system, and what the real tools said of them. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import {
  createRegistryClient,
  type Digest,
  type Layout,
  openLayout,
  type OpenRepository,
  readLayout,
  serveLayouts,
} from "../../../src/oci/mod.ts";

const FIXTURES = "test/fixtures";

/** One row of `repositories.json`. */
export interface FixtureRepository {
  readonly layout: string;
  readonly name: string;
  readonly referrersApi: boolean;
}

/** One row of `images.json`. */
export interface FixtureImage {
  readonly repository: string;
  readonly tag: string;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly envelopes: readonly string[];
}

/** One row of `envelopes.json`. */
export interface FixtureEnvelope {
  readonly name: string;
  readonly file: string;
  readonly mediaType: string;
  readonly signatureManifest: Digest;
}

/** What `oras discover --format json` prints. */
export interface OrasNode {
  readonly reference: string;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly referrers: readonly OrasNode[];
}

export const readFixture = (path: string): Uint8Array => new Uint8Array(readFileSync(join(FIXTURES, path)));
export const readFixtureJson = <T>(path: string): T => JSON.parse(readFileSync(join(FIXTURES, path), "utf8"));

export const repositories = readFixtureJson<readonly FixtureRepository[]>("repositories.json");
export const images = readFixtureJson<readonly FixtureImage[]>("images.json");
export const envelopes = readFixtureJson<readonly FixtureEnvelope[]>("envelopes.json");
export const outputs = readFixtureJson<readonly { readonly file: string; readonly command: readonly string[] }[]>(
  "outputs.json",
);

export const crypto = createWebCryptoProvider();

export function layoutFiles(layout: string): ReadonlyMap<string, Uint8Array> {
  const folder = join(FIXTURES, "layouts", layout);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(files.map(({ parentPath, name }) => {
    const path = join(parentPath, name);
    return [relative(folder, path), new Uint8Array(readFileSync(path))];
  }));
}

/** A repository's layout behind the two ways to reach it: as files, and served as a registry. */
export async function openFixture(repository: FixtureRepository): Promise<{
  readonly layout: Layout;
  readonly asFiles: OpenRepository;
  readonly asRegistry: OpenRepository;
}> {
  const layout = await readLayout(layoutFiles(repository.layout), crypto);
  const [host = "", ...path] = repository.name.split("/");
  const referrers = repository.referrersApi ? "api" : "absent";
  const handler = serveLayouts(new Map([[path.join("/"), layout]]), { referrers });
  const asRegistry = createRegistryClient({
    fetch: (url, { method, headers }) => handler(new Request(url, { method, headers })),
    now: () => new Date("2026-11-24T00:00:00Z"),
    sleep: () => Promise.resolve(),
    crypto,
    credentials: () => Promise.resolve(undefined),
  }, { mirrors: new Map([[host, "http://127.0.0.1:5000"]]), plainHttp: new Set(), redirect: "manual" });
  return { layout, asFiles: openLayout(layout, crypto), asRegistry };
}
