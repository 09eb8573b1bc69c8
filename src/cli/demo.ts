/**
 * The demo: the fixtures' image layout served as a registry on loopback in place of `ghcr.io`, and the seed's policy.
 */
import { readLayout, serveLayouts } from "../oci/mod.ts";
import type { Host, Listener } from "../ports.ts";

/** The registry the demo stands in for. */
export const DEMO_REGISTRY = "ghcr.io";

/** The repository it has. */
export const DEMO_REPOSITORY = "kyverno/test-verify-image";

/** Below the package's folder. */
export const DEMO_LAYOUT = "test/fixtures/layouts/test-verify-image";

/** The seed's policy with the fixture signer's certificate, below the package's folder. */
export const DEMO_POLICY = "examples/check-image-notary.yaml";

/** The example AdmissionReviews and policies, below the package's folder. */
export const EXAMPLES = "examples";

/**
 * Starts the demo's registry.
 *
 * @returns A listener; close it when done.
 * @throws {ConfigurationError} `ERR_LAYOUT`, `ERR_FILE` when this package came without its fixtures.
 */
export async function startDemoRegistry(host: Host): Promise<Listener> {
  const folder = `${await host.packageFolder()}/${DEMO_LAYOUT}`;
  const layout = await readLayout({ files: host.files, folder }, host.ports.crypto);
  return await host.serve(serveLayouts(new Map([[DEMO_REPOSITORY, layout]])), { host: "127.0.0.1", port: 0 });
}
