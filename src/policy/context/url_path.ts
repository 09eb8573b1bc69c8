/** `urlPath` of an API call: what its author wrote, and names that come out of variables, which stay names. */
import { printable } from "../../encoding/mod.ts";
import { ConfigurationError } from "../../errors.ts";
import { compileQuery } from "../../expressions/mod.ts";
import { REQUEST_NAMES } from "../request_scope.ts";
import type { VariableScope } from "../scope.ts";
import { parseTemplate, substituteInPlace } from "../variables.ts";

/** Characters of a path at most, once its variables are put in. */
export const MAX_PATH_CHARACTERS = 4_096;

/** What a value may be between two slashes: what names are made of anywhere in the API. */
const NAME = /^[A-Za-z0-9._:~@+-]{1,253}$/;

/**
 * What a value may be behind `?`: part of a label's or field's name or value, of one requirement and no further one.
 */
const SELECTED = /^[A-Za-z0-9._:/-]{0,317}$/;

/**
 * Puts values in for the variables of a path. What a Pod's author writes into one must lead to no other resource than
 * the policy's author chose: a value is one name, and in the query part of one selector. Only a path that is a single
 * variable out of the rule's own context is taken as it is.
 *
 * @throws {ConfigurationError} `ERR_CLUSTER_PATH` when a value would be more than that.
 * @throws {EngineError} The code of a variable that could not be resolved.
 */
export async function fillPath(address: string, scope: VariableScope): Promise<string> {
  const whole = isOwnPath(address);
  return await substituteInPlace(address, scope, "/urlPath", (value, before) => {
    if (whole || (before.includes("?") ? SELECTED : NAME).test(value)) return;
    const expected = before.includes("?") ? "part of one selector" : "one name";
    throw new ConfigurationError(
      "ERR_CLUSTER_PATH",
      `a variable of the path is "${printable(value, 200)}", expected ${expected}`,
    );
  });
}

/** Whether a path is one variable and nothing else, which reads nothing of the request itself. */
function isOwnPath(address: string): boolean {
  const [only, ...rest] = parseTemplate(address);
  if (only === undefined || typeof only === "string" || rest.length > 0) return false;
  const [expression, ...inner] = only.variable;
  if (typeof expression !== "string" || inner.length > 0) return false;
  const { roots } = compileQuery(expression.trim().replace(/^-/, ""));
  return roots !== undefined && !REQUEST_NAMES.some((name) => roots.has(name));
}

/**
 * What is wrong with a path. Steps up are, in every spelling that a URL knows; for a namespaced policy every other
 * namespace is, and what is in none.
 *
 * @param own Namespace of the policy; `""` for a ClusterPolicy.
 */
export function faultOfPath(path: string, own: string): string | undefined {
  if (path.length > MAX_PATH_CHARACTERS) return `${path.length} characters, expected at most ${MAX_PATH_CHARACTERS}`;
  if (!/^\/[\x21-\x7e]*$/.test(path) || /[\\#]/.test(path)) {
    return 'it is no path of the API, expected "/" and printable ASCII without "#" and "\\"';
  }
  const [plain = ""] = path.split("?");
  const steps = plain.split("/").slice(1).map((step) => step.replace(/%2e/gi, "."));
  if (steps.some((step) => step === "." || step === "..")) return 'it has a step "." or "..", expected none';
  const place = steps[0] === "api" ? 2 : 3;
  if (own === "" || (steps[place] === "namespaces" && steps[place + 1] === own)) return undefined;
  return `it is outside of the policy's namespace, expected .../namespaces/${own}/...`;
}
