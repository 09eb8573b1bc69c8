/** A registry with one artifact, to sign it. */
import type { Handler } from "../../../src/ports.ts";
import { image, OCI_INDEX, OCI_MANIFEST } from "../oci/fake_registry.ts";

/** The artifact, of any repository. */
export const artifact = image("artifact");

/** A registry with the referrers API that takes whatever it is given. */
export function takingRegistry(): { readonly handler: Handler; readonly taken: Map<string, Uint8Array> } {
  const taken = new Map<string, Uint8Array>();
  const handler: Handler = async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method === "HEAD" && pathname.includes("/manifests/")) {
      const headers = {
        "content-type": OCI_MANIFEST,
        "content-length": String(artifact.bytes.length),
        "docker-content-digest": artifact.descriptor.digest,
      };
      return new Response(null, { headers });
    }
    if (request.method === "HEAD") return new Response(null, { status: 404 });
    if (request.method === "POST") return new Response(null, { status: 202, headers: { location: "/upload" } });
    if (request.method === "PUT") {
      taken.set(
        searchParams.get("digest") ?? pathname.split("/").at(-1) ?? "",
        new Uint8Array(await request.arrayBuffer()),
      );
      return new Response(null, { status: 201, headers: { "oci-subject": artifact.descriptor.digest } });
    }
    const manifests = [...taken.keys()].map((digest) => ({ mediaType: OCI_MANIFEST, digest, size: 1 }));
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    return Response.json(index, { headers: { "content-type": index.mediaType } });
  };
  return { handler, taken };
}
