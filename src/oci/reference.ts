/** `registry/repository:tag@digest` text ⇄ `Reference`. */
import type { Digest } from "./descriptor.ts";

/** An address of an artifact. */
export interface Reference {
  /** Host and port, such as `ghcr.io` or `127.0.0.1:5000`. */
  readonly registry: string;
  /** Path, such as `kyverno/test-verify-image`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}
