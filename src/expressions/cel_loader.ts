/** CEL, fetched when a policy first has an expression of it: most have none. */
import type { CelEnvironment, CelProgram } from "./cel.ts";

/**
 * Makes the compiler of an environment, which has Kubernetes' functions beside its own.
 *
 * The compiler throws {ConfigurationError} `ERR_EXPRESSION`, with line and column, for what is no expression there.
 */
export async function loadCel(environment: CelEnvironment): Promise<(expression: string) => CelProgram> {
  const { createCelCompiler } = await import("./cel.ts");
  return createCelCompiler(environment);
}
