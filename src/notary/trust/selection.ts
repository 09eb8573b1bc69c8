/** Which statement of a trust policy is about an artifact or a file. */
import { printable } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import { quoteText } from "../../x509/mod.ts";
import type { ReferenceCause } from "../envelope/refuse.ts";
import { TRUST_POLICY_LINK } from "./document.ts";
import type { BlobStatement, OciStatement, TrustPolicy } from "./policy.ts";
import { ANY_SCOPE, scopeFault } from "./scope.ts";

/**
 * The statement for an artifact: the one that names its repository, else the one for `*`. Names compare as they are
 * written, the registry's included.
 *
 * @param artifact `registry/repository@digest`.
 * @throws {ConfigurationError} `TRUST_POLICY_NOT_APPLICABLE` when no statement is about it, or it names no repository
 * that a scope could name.
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Selecting a Trust Policy Based on Artifact URI".
 */
export function statementForArtifact(policy: TrustPolicy<OciStatement>, artifact: string): OciStatement {
  const refuse = (reason: string, reference: string): ConfigurationError =>
    new ConfigurationError(
      "TRUST_POLICY_NOT_APPLICABLE",
      `Cannot choose a statement of trust policy "${printable(policy.source)}" for "${printable(artifact)}": ${reason}`,
      { cause: { reference } satisfies ReferenceCause },
    );
  const at = artifact.lastIndexOf("@");
  if (at < 0) {
    throw refuse(
      "it has no digest, expected registry/repository@digest",
      `artifact URI ${quoteText(artifact)} could not be parsed, make sure it is the fully qualified oci artifact URI ` +
        "without the scheme/protocol. e.g domain.com:80/my/repository@sha256:digest",
    );
  }
  const repository = artifact.slice(0, at);
  const fault = scopeFault(repository);
  if (fault !== undefined) throw refuse(`no scope can name it: ${fault.rule}`, fault.reference);
  const named = (scope: string) => policy.statements.find(({ registryScopes }) => registryScopes.includes(scope));
  const statement = named(repository) ?? named(ANY_SCOPE);
  if (statement !== undefined) return statement;
  throw refuse(
    `none of its ${policy.statements.length} statements has "${printable(repository)}" or "*" in "registryScopes"`,
    `artifact ${quoteText(artifact)} has no applicable oci trust policy statement. Trust policy applicability for a ` +
      `given artifact is determined by registryScopes. To create a trust policy, see: ${TRUST_POLICY_LINK}`,
  );
}

/**
 * The statement for a file: the one of this name, or the global one.
 *
 * @param name `undefined` for the global statement.
 * @throws {ConfigurationError} `TRUST_POLICY_NOT_APPLICABLE`
 *
 * Spec: Notary Project, trust-store-trust-policy.md, "Blob Trust Policy".
 */
export function statementForBlob(policy: TrustPolicy<BlobStatement>, name?: string): BlobStatement {
  const statement = name === undefined
    ? policy.statements.find(({ globalPolicy }) => globalPolicy)
    : policy.statements.find((candidate) => candidate.name === name);
  if (statement !== undefined) return statement;
  const [reason, reference] = name === undefined
    ? ['no statement has "globalPolicy": true, and none was named', "no global blob trust policy"]
    : name === ""
    ? ["the name is empty", "policy name cannot be empty"]
    : [
      `no statement is named "${printable(name)}"`,
      `no applicable blob trust policy with name ${quoteText(name)}`,
    ];
  throw new ConfigurationError(
    "TRUST_POLICY_NOT_APPLICABLE",
    `Cannot choose a statement of trust policy "${printable(policy.source)}": ${reason}`,
    { cause: { reference } satisfies ReferenceCause },
  );
}
