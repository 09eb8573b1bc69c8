/** Where decisions are reported to, without anybody waiting for it: a bounded queue before each sink. */
import { printable } from "../encoding/mod.ts";
import { toEngineError } from "../errors.ts";
import { policyReport, type Reported, type ReportFormat, type ReportResult, resourceReport } from "../policy/mod.ts";
import type { ClusterWriter, Ports, ReportSink } from "../ports.ts";

/** How decisions are reported. */
export interface ReportOptions {
  /** Which API group's objects are written. */
  readonly format: ReportFormat;
  /** Take every decision. */
  readonly sinks: readonly ReportSink[];
  /** Takes the report about each resource as it is stored, which replaces the one before it. */
  readonly cluster?: ClusterWriter;
}

/** Reports that wait for one sink; those that come while so many wait are dropped, and counted. */
export const MAX_WAITING_REPORTS = 1_000;

/** How long one sink may take for one report. */
export const REPORT_TIMEOUT_MILLISECONDS = 10_000;

/** Takes a decision to be reported; it never throws and nobody waits for it. */
export type Reporter = (reported: Reported) => void;

/**
 * Makes what reports decisions: in their order, one at a time to each sink. What a sink does not take in time, or
 * throws at, is lost and logged: a report never changes or delays a decision.
 */
export function createReporter(
  { format, sinks, cluster }: ReportOptions,
  ports: Pick<Ports, "log" | "sleep">,
): Reporter {
  const queues = sinks.map((sink) => openQueue(sink, ports));
  const stored = cluster === undefined ? undefined : openQueue(cluster.apply, ports);
  return (reported) => {
    try {
      const report = policyReport(format, reported);
      if (report !== undefined) { for (const put of queues) put(report); }
      const ofResource = stored === undefined ? undefined : resourceReport(format, reported);
      if (ofResource !== undefined) stored?.(ofResource);
    } catch (thrown) {
      logLost(ports, thrown);
    }
  };
}

/** Takes a report, or throws. */
type Sink<T> = (report: T, options: { readonly signal: AbortSignal }) => Promise<void>;

function openQueue<T>(sink: Sink<T>, ports: Pick<Ports, "log" | "sleep">): (report: T) => void {
  const waiting: T[] = [];
  let isWorking = false;
  let dropped = 0;
  const work = async (): Promise<void> => {
    for (let report = waiting.shift(); report !== undefined; report = waiting.shift()) {
      try {
        await inTime(sink, report, ports);
      } catch (thrown) {
        logLost(ports, thrown);
      }
    }
    isWorking = false;
    if (dropped > 0) ports.log({ level: "error", event: "report.dropped", reports: dropped });
    dropped = 0;
  };
  return (report) => {
    if (waiting.length >= MAX_WAITING_REPORTS) {
      dropped++;
      return;
    }
    waiting.push(report);
    if (isWorking) return;
    isWorking = true;
    void work();
  };
}

/** The sink is told when its time is over, and not waited for any longer. */
async function inTime<T>(sink: Sink<T>, report: T, { sleep }: Pick<Ports, "sleep">): Promise<void> {
  const over = new AbortController();
  const done = new AbortController();
  const late = sleep(REPORT_TIMEOUT_MILLISECONDS, done.signal).then(
    () => Promise.reject(new Error(`it was not taken within ${REPORT_TIMEOUT_MILLISECONDS} ms`)),
    // Nobody waits any more.
    () => new Promise<never>(() => {}),
  );
  try {
    await Promise.race([sink(report, { signal: over.signal }), late]);
  } finally {
    done.abort();
    over.abort();
  }
}

function logLost({ log }: Pick<Ports, "log">, thrown: unknown): void {
  const message = thrown instanceof Error ? thrown.message : "";
  const { code } = toEngineError(thrown, "Cannot write a report").refusal;
  log({ level: "error", event: "report.lost", code, message: printable(message) });
}

/** A sink of log lines: one for each result. */
export function createLogSink({ log }: Pick<Ports, "log">): ReportSink {
  return (report) => {
    const { results } = report as { readonly results: readonly ReportResult[] };
    for (const { policy, rule, result, message, properties } of results) {
      const { image, digest, code, request, phase, decision } = properties;
      log({
        level: "info",
        event: "policy.result",
        policy,
        rule,
        result,
        message: printable(message),
        image,
        digest,
        code,
        uid: request,
        phase,
        decision,
      });
    }
    return Promise.resolve();
  };
}
