/** Descriptors: what kind of bytes, how many, with which digest (OCI image specification, descriptor.md). */
import type { Digest } from "../crypto/mod.ts";

export type { Digest };

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
}

/** Platform of a child of an index (OCI image specification, image-index.md). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}
