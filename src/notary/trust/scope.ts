/**
 * Registry scopes: which repositories a statement of a trust policy is about.
 *
 * The form is checked element by element in one pass. The expression of the reference implementation, linear in its own
 * language, takes time exponential in the length of a scope here.
 */
import { quoteText } from "../../x509/mod.ts";

/** The scope of a statement for everything that no other statement is about. */
export const ANY_SCOPE = "*";

/** Characters of a scope at most: as many as a reference has. */
export const MAX_SCOPE_LENGTH = 1024;

/** Why a text is no registry scope. */
export interface ScopeFault {
  readonly rule: string;
  /** The reference implementation's sentence. */
  readonly reference: string;
}

const LABEL = /^[A-Za-z0-9-]+$/;
const PORT = /^[0-9]+$/;
const PATH_ELEMENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;

/**
 * Tells why a text is not `registry/repository`, or that it is.
 *
 * @returns `undefined` for a registry scope without wildcard.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Registry Scopes Constraints"; grammar of distribution/reference.
 */
export function scopeFault(scope: string): ScopeFault | undefined {
  const advice =
    "make sure it is a fully qualified repository without the scheme, protocol or tag. For example domain.com/my/" +
    "repository or a local scope like local/myOCILayout";
  const fault = (rule: string, wildcard = ""): ScopeFault => ({
    rule,
    reference: `registry scope ${quoteText(scope)}${wildcard} is not valid, ${advice}`,
  });
  if (scope.length > MAX_SCOPE_LENGTH) {
    return fault(`${scope.length} characters, expected at most ${MAX_SCOPE_LENGTH}`);
  }
  if (scope.length > 1 && scope.includes("*")) {
    return fault('"*" stands for all repositories and only alone, expected registry/repository', " with wild card(s)");
  }
  const slash = scope.indexOf("/");
  if (slash < 0) return fault("it names no repository, expected registry/repository");
  const [domain, path] = [scope.slice(0, slash), scope.slice(slash + 1)];
  if (!isDomain(domain)) {
    return fault("what stands before the first / is no registry, expected a host with an optional :port");
  }
  const wrong = path.split("/").some((element) => !PATH_ELEMENT.test(element));
  if (!wrong) return undefined;
  return fault(
    "what stands behind the first / is no repository, expected lower-case letters and digits, separated by " +
      '".", "_", "__", dashes or "/", without tag or digest',
  );
}

function isDomain(domain: string): boolean {
  const colon = domain.indexOf(":");
  if (colon >= 0 && !PORT.test(domain.slice(colon + 1))) return false;
  const host = colon < 0 ? domain : domain.slice(0, colon);
  return host.split(".").every((label) => LABEL.test(label) && !label.startsWith("-") && !label.endsWith("-"));
}
