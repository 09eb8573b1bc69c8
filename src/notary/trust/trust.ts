/** `Trust`: who is trusted and how strictly, whatever document it came from. */
import type { Certificate } from "../../x509/mod.ts";
import type { VerificationLevel } from "./level.ts";

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
  /** When a timestamp counts, given `tsa` anchors: for every signature (default), or once a certificate has expired. */
  readonly verifyTimestamp?: "always" | "afterCertExpiry";
}
