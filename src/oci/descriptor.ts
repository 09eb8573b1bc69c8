/** Descriptors: what kind of bytes, how many, with which digest (OCI image specification, descriptor.md). */

/** `sha256:…` in the form of the OCI image specification: a known algorithm and lower-case hex of its exact length. */
export type Digest = `${"sha256" | "sha384" | "sha512"}:${string}`;

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
