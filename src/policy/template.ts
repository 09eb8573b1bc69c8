/** Fields that hold variables: checked as far as they can be when they are loaded, read whole at each request. */
import { isJsonObject } from "../encoding/mod.ts";
import { ConfigurationError } from "../errors.ts";
import { openGate, type Path, type ProofPorts, type Reader } from "./schema.ts";
import type { VariableScope } from "./scope.ts";
import { hasVariable, substitute } from "./variables.ts";

/** What is read of a rule: once where it holds no variable, else for each request. */
export interface Template<T> {
  /**
   * @throws {EngineError} The code of a variable that could not be resolved; `ERR_POLICY_FIELD` when what comes of them
   * is not what the field takes.
   */
  readonly read: (scope: VariableScope, crypto: ProofPorts) => Promise<T>;
  /** What is read every time, where it holds no variable. */
  readonly known?: T;
}

/** Readings kept per field: to parse the same certificates at each request would cost more than anything else. */
export const MAX_KEPT_READINGS = 32;

/**
 * The reader of a field that may hold variables. What is wrong with it and holds none is refused at once; the rest is
 * judged at each request, with the values put in.
 *
 * @param at Where the field stands in its rule: `/verifyImages`.
 * @param isLater Whether what stands at a place keeps its variables, because they are resolved later, with more to see.
 */
export function template<T>(
  read: Reader<T>,
  at: string,
  isLater: (place: string) => boolean = () => false,
): Reader<Template<T>> {
  return (value, path, gate) => {
    if (!holdsVariable(value, at, isLater)) {
      const found = read(value, path, gate);
      return found === undefined ? undefined : { read: () => Promise.resolve(found), known: found };
    }
    const before = gate.problems.length;
    read(
      value,
      path,
      gate.tolerating((refused) => {
        const inside = refused.slice(path.length);
        return holdsVariable(valueAt(value, inside), placeOf(at, inside), isLater);
      }),
    );
    return gate.problems.length > before ? undefined : { read: readingOf(value, read, path, at, isLater) };
  };
}

function readingOf<T>(
  value: unknown,
  read: Reader<T>,
  path: Path,
  at: string,
  isLater: (place: string) => boolean,
): Template<T>["read"] {
  const kept = new Map<string, T>();
  return async (scope, crypto) => {
    const substituted = await substitute(value, scope, at, isLater);
    const key = JSON.stringify(substituted);
    const known = kept.get(key);
    if (known !== undefined) return known;
    const gate = openGate("", () => ({ line: 1, column: 1 }));
    const found = read(substituted, path, gate);
    await gate.settle(crypto);
    const [problem] = gate.problems;
    if (problem !== undefined || found === undefined) {
      const { path: place = "", reason = "it cannot be read" } = problem ?? {};
      throw new ConfigurationError("ERR_POLICY_FIELD", `${place}: ${reason}`);
    }
    if (kept.size >= MAX_KEPT_READINGS) kept.delete(kept.keys().next().value ?? "");
    kept.set(key, found);
    return found;
  };
}

/** Whether a text or a member's name in a value holds a variable that is resolved now. */
function holdsVariable(value: unknown, place: string, isLater: (place: string) => boolean): boolean {
  if (typeof value === "string") return hasVariable(value);
  if (isLater(place)) return false;
  if (Array.isArray(value)) return value.some((item, index) => holdsVariable(item, `${place}/${index}`, isLater));
  if (!isJsonObject(value)) return false;
  return Object.entries(value).some(([name, member]) =>
    hasVariable(name) || holdsVariable(member, placeOf(place, [name]), isLater)
  );
}

const placeOf = (place: string, steps: Path): string =>
  steps.reduce<string>((text, step) => `${text}/${String(step).replaceAll("/", "\\/")}`, place);

function valueAt(value: unknown, [step, ...others]: Path): unknown {
  if (step === undefined) return value;
  if (Array.isArray(value)) return typeof step === "number" ? valueAt(value[step], others) : undefined;
  return isJsonObject(value) && Object.hasOwn(value, step) ? valueAt(value[String(step)], others) : undefined;
}
