/** Manifests and indexes: unknown JSON → checked records (OCI image specification; Docker image manifest v2). */
import type { Descriptor } from "./descriptor.ts";

/** A manifest or an index, with the bytes it was read from. */
export interface Manifest {
  readonly mediaType: string;
  readonly kind: "manifest" | "index";
  readonly artifactType?: string;
  readonly config?: Descriptor;
  /** Layers of a manifest, `blobs` of the retired artifact manifest; empty for an index. */
  readonly layers: readonly Descriptor[];
  /** Children of an index; empty for a manifest. */
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The bytes as received; their digest was compared. */
  readonly bytes: Uint8Array;
}
