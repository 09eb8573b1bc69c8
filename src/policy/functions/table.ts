/** Every function a policy's JMESPath may call: those of the specification, and Kyverno's own (Kyverno, "JMESPath"). */
import { type FunctionTable, STANDARD_FUNCTIONS } from "../../expressions/mod.ts";
import type { Ports } from "../../ports.ts";
import { ADDRESS_FUNCTIONS } from "./addresses.ts";
import { ARITHMETIC_FUNCTIONS } from "./arithmetic.ts";
import { CERTIFICATE_FUNCTIONS } from "./certificates.ts";
import { ENCODING_FUNCTIONS } from "./encoding.ts";
import { OBJECT_FUNCTIONS } from "./objects.ts";
import { type Random, randomFunctions } from "./random.ts";
import { REGULAR_EXPRESSION_FUNCTIONS } from "./regular_expressions.ts";
import { TEXT_FUNCTIONS } from "./text.ts";
import { timeFunctions } from "./time.ts";

/** What functions need of the world; randomness is the runtime's unless it is given. */
export type FunctionPorts = Pick<Ports, "now"> & { readonly random?: Random };

/** The table. Of two functions with one name Kyverno's counts: `sum` adds quantities and durations, too. */
export function kyvernoFunctions(ports: FunctionPorts): FunctionTable {
  return new Map([
    ...STANDARD_FUNCTIONS,
    ...ADDRESS_FUNCTIONS,
    ...ARITHMETIC_FUNCTIONS,
    ...CERTIFICATE_FUNCTIONS,
    ...ENCODING_FUNCTIONS,
    ...OBJECT_FUNCTIONS,
    ...randomFunctions(ports.random),
    ...REGULAR_EXPRESSION_FUNCTIONS,
    ...TEXT_FUNCTIONS,
    ...timeFunctions(ports.now),
  ]);
}
