/** The fixtures' image layouts as one registry in memory, each with or without the referrers API as it was recorded. */
import { readFileSync } from "node:fs";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { readLayout, serveLayouts } from "../../../src/oci/mod.ts";
import type { Handler } from "../../../src/ports.ts";
import { files } from "../../../src/runtime/files.ts";

const FIXTURES = new URL("../../fixtures/", import.meta.url);

interface RepositoryRow {
  readonly layout: string;
  /** `registry/repository`. */
  readonly name: string;
  readonly referrersApi: boolean;
}

/** A file of the fixtures as text. */
export function fixtureText(path: string): string {
  return readFileSync(new URL(path, FIXTURES), "utf8");
}

/** The path of a file of the fixtures. */
export function fixturePath(path: string): string {
  return new URL(path, FIXTURES).pathname;
}

/** Serves every layout of the fixtures. */
export async function createFixtureRegistry(): Promise<Handler> {
  const rows = JSON.parse(fixtureText("repositories.json")) as readonly RepositoryRow[];
  const handlers = new Map<string, Handler>();
  for (const { layout, name, referrersApi } of rows) {
    const repository = name.slice(name.indexOf("/") + 1);
    const read = await readLayout({ files, folder: fixturePath(`layouts/${layout}`) }, createWebCryptoProvider());
    handlers.set(
      repository,
      serveLayouts(new Map([[repository, read]]), { referrers: referrersApi ? "api" : "absent" }),
    );
  }
  return (request) => {
    const repository = /^\/v2\/(.+)\/(?:manifests|blobs|referrers)\//.exec(new URL(request.url).pathname)?.[1] ?? "";
    return handlers.get(repository)?.(request) ?? new Response("404 page not found\n", { status: 404 });
  };
}
