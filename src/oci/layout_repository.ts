/** A layout behind the same `Repository` as a registry. */
import { isDigest, matchDigest } from "../crypto/mod.ts";
import { printable } from "../encoding/mod.ts";
import { MalformedError, UnavailableError } from "../errors.ts";
import type { CryptoProvider } from "../ports.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Layout } from "./layout.ts";
import { repositoryName } from "./reference.ts";
import type { OpenRepository, ReferrerList } from "./repository.ts";
import { requireTagOrDigest } from "./resolve.ts";

/**
 * Opens every reference as this layout: a layout does not know its name, so the reference's is taken.
 *
 * What a layout leaves out is `ERR_REGISTRY_NOT_FOUND`, as with a registry.
 */
export function openLayout(layout: Layout, crypto: Pick<CryptoProvider, "digest">): OpenRepository {
  return (reference) => {
    const name = repositoryName(reference);
    const cannot = (task: string) => `Cannot ${task} of "${printable(name)}"`;
    return {
      name,

      resolve(tagOrDigest) {
        return Promise.resolve().then(() => {
          requireTagOrDigest(tagOrDigest);
          return find(layout, tagOrDigest, cannot(`resolve "${tagOrDigest}"`));
        });
      },

      fetchManifest(descriptor) {
        return Promise.resolve().then(() => {
          const action = cannot(`fetch manifest "${descriptor.digest}"`);
          const found = layout.manifests.get(descriptor.digest);
          if (found === undefined) throw missing(action, "manifest");
          const { mediaType, size } = found.descriptor;
          if (mediaType !== descriptor.mediaType || size !== descriptor.size) {
            throw new MalformedError(
              "ERR_DIGEST_MISMATCH",
              `${action}: it is "${printable(mediaType, 120)}" of ${size} bytes, ` +
                `expected "${printable(descriptor.mediaType, 120)}" of ${descriptor.size} bytes`,
            );
          }
          return found.manifest;
        });
      },

      async fetchBlob(descriptor, { maxBytes }) {
        const { digest, size } = descriptor;
        const action = cannot(`fetch blob "${digest}"`);
        if (size > maxBytes) {
          throw new MalformedError("ERR_TOO_LARGE", `${action}: ${size} bytes, expected at most ${maxBytes} bytes`);
        }
        const bytes = await layout.readBlob(digest, maxBytes);
        if (bytes === undefined) throw missing(action, "blob");
        if (bytes.length !== size) {
          const found = `${bytes.length} bytes`;
          throw new MalformedError("ERR_DIGEST_MISMATCH", `${action}: the file has ${found}, expected ${size} bytes`);
        }
        if (!await matchDigest(crypto, bytes, digest)) {
          throw new MalformedError("ERR_DIGEST_MISMATCH", `${action}: the file's bytes have another digest`);
        }
        return bytes;
      },

      listReferrers({ digest }, { artifactType }) {
        const referrers = layout.referrersOf(digest)
          .filter((descriptor) => artifactType === undefined || descriptor.artifactType === artifactType)
          .map((descriptor) => ({ descriptor, ways: ["layout"] as const }));
        return Promise.resolve<ReferrerList>({ referrers, asked: [asked(layout)] });
      },
    };
  };
}

function find(layout: Layout, tagOrDigest: string, action: string): Descriptor {
  if (isDigest(tagOrDigest)) {
    const found = layout.manifests.get(tagOrDigest);
    if (found === undefined) throw missing(action, "manifest");
    return found.descriptor;
  }
  const [first, ...others] = layout.tags.get(tagOrDigest) ?? [];
  if (first === undefined) throw missing(action, "tag");
  if (others.length > 0) {
    throw new MalformedError(
      "ERR_REFERENCE",
      `${action}: the layout has ${others.length + 1} images with this tag, expected a digest to choose one`,
    );
  }
  return first;
}

function missing(action: string, what: string): UnavailableError {
  return new UnavailableError("ERR_REGISTRY_NOT_FOUND", `${action}: the image layout has no such ${what}`);
}

function asked({ manifests, unreadable }: Layout): ReferrerList["asked"][number] {
  const place = `the ${manifests.size} manifests of the image layout`;
  const [first] = unreadable;
  const reason = first === undefined ? {} : { reason: `${unreadable.length} cannot be read: ${first}` };
  return { way: "layout", place, result: "found", ...reason };
}
