/**
 * Scopes of tokens: `repository:a/b:pull,push` and whatever else a registry names in its challenge.
 *
 * Spec: distribution, "Token Scope Documentation"; RFC 6749, section 3.3.
 */

/** Longest scope of a challenge that is passed on. */
export const MAX_SCOPE_LENGTH = 1024;

/** What is to be done in a repository. */
export interface RepositoryRights {
  readonly repository: string;
  /** With `pull,push` one token serves for both. */
  readonly actions: "pull" | "pull,push";
}

/** The scope of these rights. */
export const scopeOf = ({ repository, actions }: RepositoryRights): string => `repository:${repository}:${actions}`;

/**
 * The scopes to ask for after a challenge: the challenge's own first, as some token endpoints look at no other, and in
 * its repository whatever is going to be done there, too. The first request of a push only reads.
 *
 * @param asked The challenge's `scope`; what cannot be a list of scopes counts as none.
 */
export function scopesFor(asked: string | undefined, rights: RepositoryRights): readonly string[] {
  const own = scopeOf(rights);
  // Visible characters, and blanks between the scopes.
  const usable = asked !== undefined && asked.length <= MAX_SCOPE_LENGTH &&
    /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(asked);
  if (!usable) return [own];
  const scopes = asked.split(" ");
  const isOwn = (scope: string) => scope.startsWith(`repository:${rights.repository}:`);
  return mergeScopes(scopes.some(isOwn) ? [...scopes, own] : scopes);
}

/**
 * Whether one of the scopes is about the repository: others, such as `aws` of ECR Public, serve for all of a registry.
 */
export const areAbout = (scopes: readonly string[], repository: string): boolean =>
  scopes.some((scope) => scope.includes(`:${repository}:`));

/**
 * Each resource once, where it was named first, with every action named of it: sorted, and `*` in place of all others.
 */
export function mergeScopes(scopes: readonly string[]): readonly string[] {
  const merged = new Map<string, Set<string> | undefined>();
  for (const scope of scopes) {
    const colon = scope.lastIndexOf(":");
    // Without a type and a name it is no scope of resources: it stays as it is.
    if (colon <= scope.indexOf(":")) {
      merged.set(scope, undefined);
      continue;
    }
    const resource = scope.slice(0, colon);
    const actions = merged.get(resource) ?? new Set<string>();
    for (const action of scope.slice(colon + 1).split(",")) if (action !== "") actions.add(action);
    merged.set(resource, actions);
  }
  return [...merged].map(([resource, actions]) => {
    if (actions === undefined) return resource;
    return `${resource}:${actions.has("*") ? "*" : [...actions].sort().join(",")}`;
  });
}
