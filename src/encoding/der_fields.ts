/** What structures of ASN.1 need when their fields are taken one by one: that there are no more, or just one. */
import { derChildren, type DerNode } from "./der.ts";
import { MalformedError } from "../errors.ts";

/** @throws {MalformedError} `ERR_DER` when fields are left over. */
export function refuseRest(rest: readonly DerNode[], what: string): void {
  if (rest.length > 0) {
    throw new MalformedError("ERR_DER", `Cannot read DER: "${what}" has ${rest.length} fields too many`);
  }
}

/** The value inside an explicit tag. @throws {MalformedError} `ERR_DER` when there are none or several. */
export function onlyChild(wrapper: DerNode, what: string): DerNode {
  const [child, ...rest] = derChildren(wrapper);
  if (child === undefined) throw new MalformedError("ERR_DER", `Cannot read DER: "${what}" is empty`);
  refuseRest(rest, what);
  return child;
}
