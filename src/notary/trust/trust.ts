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
  };
}
