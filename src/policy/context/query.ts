/** `jmesPath` of context entries: an expression, which may hold variables. */
import { printable } from "../../encoding/mod.ts";
import { EngineError } from "../../errors.ts";
import { compileQuery } from "../../expressions/mod.ts";
import { type Reader, text } from "../schema.ts";
import { hasVariable } from "../variables.ts";

/** Reads an expression; one that holds no variable has to be one now. */
export const queryText: Reader<string> = (value, path, gate) => {
  const found = text(value, path, gate);
  if (found === undefined || found === "" || hasVariable(found)) return found;
  try {
    compileQuery(found);
    return found;
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return void gate.refuse(path, `failed to parse JMESPath ${printable(found, 400)}: ${thrown.message}`, thrown.code);
  }
};
