/** `group/version/Kind/subresource` texts of `kinds`, and which requests they name. */
import { matchWildcard } from "./wildcard.ts";

/** A kind selector taken apart; each part is a wildcard pattern. */
export interface KindSelector {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** `""` selects the resource itself. */
  readonly subresource: string;
}

/** What a selector is compared with. */
export interface RequestKind {
  /** `""` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly subresource: string;
}

const VERSION = /^(?:v[0-9](?:(?:alpha|beta)[0-9])?|\*)$/;

/**
 * Takes a selector apart: `Kind`, `version/Kind`, `group/version/Kind`, each with `/subresource` or `.subresource`.
 *
 * @returns `undefined` when it has more parts than that.
 */
export function parseKindSelector(text: string): KindSelector | undefined {
  const parts = text.split("/");
  const [first = "", second = "", third = "", fourth = "", ...more] = [
    ...parts.slice(0, -1),
    ...(parts.at(-1) ?? "").split("."),
  ];
  if (more.length > 0) return undefined;
  switch (parts.length - 1 + (parts.at(-1) ?? "").split(".").length) {
    case 1:
      return { group: "*", version: "*", kind: first, subresource: "" };
    case 2:
      if (first === "*" && second === "*") return { group: "*", version: "*", kind: "*", subresource: "*" };
      // `*/scale` in lower case is a subresource of every kind, `*/Pod` a kind of every version.
      if (first === "*" && second === second.toLowerCase()) {
        return { group: "*", version: "*", kind: first, subresource: second };
      }
      if (VERSION.test(first)) return { group: "*", version: first, kind: second, subresource: "" };
      return { group: "*", version: "*", kind: first, subresource: second };
    case 3:
      if (VERSION.test(first)) return { group: "*", version: first, kind: second, subresource: third };
      return { group: first, version: second, kind: third, subresource: "" };
    default:
      return { group: first, version: second, kind: third, subresource: fourth };
  }
}

/**
 * Whether a selector names the request's resource. A selector of Pods takes in `pods/ephemeralcontainers`, through
 * which containers are added to a Pod.
 */
export function matchesKind(selector: KindSelector, request: RequestKind): boolean {
  const { group, version, kind, subresource } = request;
  if (!matchWildcard(selector.group, group) || !matchWildcard(selector.version, version)) return false;
  if (!matchWildcard(selector.kind, kind)) return false;
  return matchWildcard(selector.subresource, subresource) ||
    (group === "" && version === "v1" && kind === "Pod" && subresource === "ephemeralcontainers");
}

/** The kind a selector names, without group, version and subresource, as autogen compares it. */
export function plainKind(text: string): string {
  const selector = parseKindSelector(text);
  return selector === undefined ? text : selector.kind;
}
