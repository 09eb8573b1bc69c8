/** `Trust`: who is trusted and how strictly, whatever document it came from. */
import type { Certificate } from "../../x509/mod.ts";
import type { ErrorCode } from "../../errors.ts";
import type { TrustedIdentities } from "./identity.ts";
import type { VerificationLevel } from "./level.ts";

/** What the certificates of a store vouch for: signatures by scheme, or timestamps. */
export type TrustStoreType = "ca" | "signingAuthority" | "tsa";

export interface Trust {
  /** Names the document in messages: a trust policy statement, an attestor of a rule, `--cert`. */
  readonly name: string;
  readonly level: VerificationLevel;
  /** By trust store type; a signature is judged by the store its signing scheme names and by no other. */
  readonly trustAnchors: {
    readonly ca: readonly Certificate[];
    readonly signingAuthority: readonly Certificate[];
    /** Roots of timestamp authorities; without any, no timestamp is evaluated. */
    readonly tsa?: readonly Certificate[];
  };
  /**
   * Where anchors are from, such as the store `ca:wabbit-networks.io` or a file; for reports, nothing is judged by it.
   */
  readonly anchorOrigins?: ReadonlyMap<Certificate, string>;
  /** When a timestamp counts, given `tsa` anchors: for every signature (default), or once a certificate has expired. */
  readonly verifyTimestamp?: "always" | "afterCertExpiry";
  /** Whose signing certificates count, among those an anchor vouches for; everyone's where it is left out. */
  readonly trustedIdentities?: TrustedIdentities;
  /** Stores that are named and cannot be used, by type: a validation that needs one fails for this reason. */
  readonly unusableStores?: Readonly<Partial<Record<TrustStoreType, UnusableStore>>>;
}

/** Why a trust store cannot be used. */
export interface UnusableStore {
  readonly code: ErrorCode;
  /** Safe to print. */
  readonly message: string;
  readonly evidence: Readonly<Record<string, string>>;
}
