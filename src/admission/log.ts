/** One log line per decision. */
import { printable } from "../encoding/mod.ts";
import type { Refusal } from "../errors.ts";
import { type ChainFindingId, nearestMiss } from "../notary/mod.ts";
import type {
  Decision,
  ExpiringCertificate,
  ImageResponse,
  Phase,
  PolicyProblem,
  PolicyRequest,
} from "../policy/mod.ts";
import type { Ports } from "../ports.ts";

/** Writes one line for each thing that is wrong with policies and exceptions. */
export function logProblems(ports: Pick<Ports, "log">, problems: readonly PolicyProblem[]): void {
  for (const problem of problems) {
    ports.log({ level: "error", event: "policy.problem", code: problem.code, message: formatProblem(problem) });
  }
}

/** Writes one line for each certificate that ends soon. */
export function logExpiring(ports: Pick<Ports, "log">, expiring: readonly ExpiringCertificate[]): void {
  for (const one of expiring) {
    ports.log({
      level: "warn",
      event: "policy.certificate",
      policy: printable(one.policy),
      message: formatExpiring(one),
    });
  }
}

/** A certificate as `POLICY: "SUBJECT" is valid until INSTANT`. */
export function formatExpiring({ policy, subject, notAfter }: ExpiringCertificate): string {
  return printable(`${policy}: the certificate "${subject}" is valid until ${notAfter.toISOString()}`);
}

/** A problem as `FILE:LINE:COLUMN: PATH: REASON`. */
export function formatProblem({ file, line, column, path, reason }: PolicyProblem): string {
  return printable(`${file}:${line}:${column}: ${path}: ${reason}`);
}

/** What is known of a decision when it is logged. */
export interface LoggedDecision {
  readonly phase: Phase;
  readonly from: Date;
  readonly allowed: boolean;
  /** The request, where it could be read; else its uid. */
  readonly request?: PolicyRequest;
  readonly uid?: string;
  readonly decision?: Decision;
  /** Why no policy was asked. */
  readonly refusal?: Refusal;
}

/**
 * Writes one structured line: what was asked, what was answered, why, and how long it took.
 *
 * Names come from whoever sent the object and have not been validated yet when a mutating webhook sees them.
 */
export function logDecision(ports: Pick<Ports, "log" | "now">, logged: LoggedDecision): void {
  const { phase, from, allowed, request, decision, refusal } = logged;
  const images = decision?.responses.flatMap((response) => response.images) ?? [];
  const codes = [...new Set(images.flatMap((image) => image.refusal?.code ?? []))];
  const extensions = [...new Set(decision?.responses.flatMap((response) => response.extensions ?? []))];
  const nearest = [...new Set(images.filter(({ refusal }) => refusal !== undefined).flatMap(nearestMisses))];
  ports.log({
    level: refusal === undefined ? "info" : "error",
    event: "admission.decision",
    phase,
    uid: printable(request?.uid ?? logged.uid ?? ""),
    allowed,
    ...(request === undefined ? {} : {
      operation: request.operation,
      kind: printable(request.kind),
      namespace: printable(request.namespace),
      name: printable(request.name),
      dryRun: request.dryRun,
    }),
    ...(decision === undefined ? {} : { images: images.length, patches: decision.patches.length }),
    ...(decision === undefined || decision.unmatched.length === 0
      ? {}
      : { unmatched: decision.unmatched.map((image) => printable(image)).join(",") }),
    ...(codes.length === 0 ? {} : { codes: codes.join(",") }),
    ...(extensions.length === 0 ? {} : { extensions: extensions.join(", ") }),
    ...(nearest.length === 0 ? {} : { chains: nearest.join(",") }),
    ...(refusal === undefined ? {} : { codes: refusal.code, message: printable(refusal.message) }),
    milliseconds: ports.now().getTime() - from.getTime(),
  });
}

/** What the chain doctor found nearest to trust in each of an image's signatures: its stable ids. */
function nearestMisses({ outcomes }: ImageResponse): readonly ChainFindingId[] {
  return outcomes.flatMap((artifact) => artifact.outcomes).flatMap((outcome) => nearestMiss(outcome)?.id ?? []);
}
