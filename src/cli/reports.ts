/** Where `serve` reports its decisions to, as its flags say. */
import { createLogSink, type ReportOptions } from "../admission/mod.ts";
import { encodeUtf8 } from "../encoding/mod.ts";
import { REPORT_FORMATS } from "../policy/mod.ts";
import type { Host, ReportSink } from "../ports.ts";
import type { OpenedCluster } from "./cluster.ts";
import { text, toggle, usage } from "./flags.ts";

export const REPORT_FLAGS = {
  "report-cluster": toggle("write a policy report about each resource to the cluster of --kubeconfig or --in-cluster"),
  "report-file": text("append each decision to this file as a policy report, one JSON object a line", undefined, {
    value: "FILE",
  }),
  "report-format": text(`API group of policy reports: ${REPORT_FORMATS.join(", ")}`, REPORT_FORMATS[0], {
    value: "GROUP/VERSION",
  }),
  "report-log": toggle("log a line for each policy, rule and image of a decision"),
} as const;

/** The values of {@link REPORT_FLAGS}. */
export interface ReportFlags {
  readonly "report-cluster": boolean;
  readonly "report-file": string | undefined;
  readonly "report-format": string;
  readonly "report-log": boolean;
}

/**
 * The sinks that the flags name.
 *
 * @param cluster The one that policies ask.
 * @returns `undefined` when decisions are not reported.
 * @throws {ConfigurationError} `ERR_FILE` when the file cannot be written: better now than at the first decision.
 */
export async function readReports(
  flags: ReportFlags,
  cluster: OpenedCluster | undefined,
  host: Host,
): Promise<ReportOptions | undefined> {
  const format = REPORT_FORMATS.find((one) => one === flags["report-format"]);
  if (format === undefined) {
    throw usage(`--report-format is "${flags["report-format"]}", expected one of ${REPORT_FORMATS.join(", ")}`);
  }
  const path = flags["report-file"];
  const sinks: ReportSink[] = [];
  if (path !== undefined) {
    await host.appendFile(path, new Uint8Array());
    sinks.push((report) => host.appendFile(path, encodeUtf8(`${JSON.stringify(report)}\n`)));
  }
  if (flags["report-log"]) sinks.push(createLogSink(host.ports));
  const writer = flags["report-cluster"] ? cluster?.writer : undefined;
  if (writer === undefined && flags["report-cluster"]) {
    throw usage("--report-cluster needs an API server to write to: --kubeconfig FILE or --in-cluster");
  }
  if (writer !== undefined) return { format, sinks, cluster: writer };
  return sinks.length === 0 ? undefined : { format, sinks };
}
