/** Which PolicyExceptions count, as the flags of `serve` say. */
import { printable } from "../encoding/mod.ts";
import {
  createClusterExceptions,
  exceptionsIn,
  type ExceptionSource,
  ignoredException,
  type PolicyException,
} from "../policy/mod.ts";
import type { Cluster, Host } from "../ports.ts";
import { text, toggle } from "./flags.ts";
import { warn } from "./report.ts";

/** Both are needed, as in Kyverno: whoever may write exceptions may leave rules out. */
export const EXCEPTION_FLAGS = {
  "enable-policy-exceptions": toggle("heed PolicyExceptions, of the namespace that --exception-namespace names"),
  "exception-namespace": text("namespace whose PolicyExceptions are heeded; * for every namespace", "", {
    value: "NAME",
  }),
} as const;

/** The values of {@link EXCEPTION_FLAGS}. */
export interface ExceptionFlags {
  readonly "enable-policy-exceptions": boolean;
  readonly "exception-namespace": string;
}

/** The exceptions that count; of each other one it says why not. */
export function countingExceptions(
  exceptions: readonly PolicyException[],
  flags: ExceptionFlags,
  host: Host,
): readonly PolicyException[] {
  const enabled = flags["enable-policy-exceptions"];
  const namespace = flags["exception-namespace"];
  const counting = enabled ? exceptionsIn(exceptions, namespace) : [];
  for (const exception of exceptions) {
    if (counting.includes(exception)) continue;
    const { name, source } = exception;
    warn(host, `exception ${printable(name)} (${printable(source)}): ${ignoredException({ enabled, namespace })}`);
  }
  return counting;
}

/** Those that stand in the cluster; nothing without a cluster, or where the flags heed none. */
export function clusterExceptions(
  cluster: Cluster | undefined,
  flags: ExceptionFlags,
  { ports }: Host,
): ExceptionSource | undefined {
  const namespace = flags["exception-namespace"];
  if (cluster === undefined || !flags["enable-policy-exceptions"] || namespace === "") return undefined;
  return createClusterExceptions(cluster, namespace, ports);
}
