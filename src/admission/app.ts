/**
 * The webhook's HTTP routes: `/mutate` and `/validate` for API servers, `/healthz` and `/readyz` for whoever runs it,
 * `/` for people.
 */
import { Hono } from "hono";
import { encodeUtf8, printable } from "../encoding/mod.ts";
import { type ErrorCode, type Refusal, refusal, toEngineError } from "../errors.ts";
import { createRequestBudget } from "../http/mod.ts";
import {
  type CompiledPolicy,
  evaluate,
  type ExceptionSource,
  expiringCertificates,
  type MessageStyle,
  type NoMatch,
  type Phase,
  type PolicyException,
  type PolicyPorts,
  type PolicyProblem,
} from "../policy/mod.ts";
import type { Ports } from "../ports.ts";
import { serveAsset } from "./assets.ts";
import { readJsonBody } from "./body.ts";
import {
  budgetOf,
  type Deadline,
  DEFAULT_TIMEOUT_MILLISECONDS,
  MAX_TIMEOUT_MILLISECONDS,
  startDeadline,
} from "./deadline.ts";
import { type Door, openDoor } from "./door.ts";
import { formatExpiring, formatProblem, logDecision, logExpiring, logProblems } from "./log.ts";
import { keepBetweenRequests, type KeepingOptions } from "./keep.ts";
import type { Reporter } from "./reports.ts";
import {
  type AdmissionReview,
  MAX_MESSAGE_CHARACTERS,
  readAdmissionReview,
  readReviewHeader,
  type ReviewHeader,
  writeAdmissionReview,
  writeRefusal,
} from "./review.ts";

export interface AppOptions extends KeepingOptions {
  readonly policies: readonly CompiledPolicy[];
  /** Exceptions that count; none when left out. */
  readonly exceptions?: readonly PolicyException[];
  /** Where more of them are. */
  readonly exceptionSource?: ExceptionSource;
  /**
   * What is wrong with policies and exceptions. While there is anything, the webhook is not ready and says why; what a
   * policy that was not taken may have been about is refused by what stands in for it.
   */
  readonly problems: readonly PolicyProblem[];
  readonly ports: PolicyPorts & Pick<Ports, "log">;
  /** Who may ask `/mutate` and `/validate`; everybody when left out. */
  readonly door?: Door;
  /** The built inspection page, file name → bytes; without it no page is served. */
  readonly page?: ReadonlyMap<string, Uint8Array>;
  /** How a denial is written; "kyverno" when left out. */
  readonly messageStyle?: MessageStyle;
  /** What becomes of images that no rule is about; "allow" when left out, as in Kyverno. */
  readonly noMatch?: NoMatch;
  /** Requests to registries and about revocation one decision may make; `DEFAULT_MAX_REQUESTS` when left out. */
  readonly maxRequests?: number;
  /** How many of them at the same time; `MAX_REQUESTS_IN_FLIGHT` when left out. */
  readonly maxInFlight?: number;
  /** Takes every decision, to be reported; nobody is told when left out. */
  readonly report?: Reporter;
}

/**
 * Makes the webhook.
 *
 * Once the uid of an AdmissionReview is read, every answer is an AdmissionReview with HTTP status 200; before, it is a
 * 4xx with `code`, `class`, `message` and `nextStep` as JSON. Nothing that goes wrong admits.
 *
 * @returns An application whose `fetch` is a {@link Handler}.
 */
export function createApp(options: AppOptions): Hono {
  const { policies, problems, door = openDoor, page } = options;
  const ports = keepBetweenRequests(options.ports, options);
  const webhook = { ...options, ports };
  logProblems(ports, problems);
  const expiring = watchExpiring(policies, ports);
  expiring();
  const app = new Hono();
  app.post("/mutate", (context) => review(context.req.raw, "mutate", door, webhook));
  app.post("/validate", (context) => review(context.req.raw, "validate", door, webhook));
  app.on(["GET", "PUT", "PATCH", "DELETE", "OPTIONS"], ["/mutate", "/validate"], () => methodRefused("POST"));
  app.get("/healthz", () => writeJson(200, { status: "ok" }));
  app.get("/readyz", async ({ req }) => {
    const ready = problems.length === 0;
    // What is loaded is told only to those who may ask about it.
    const detail = await door(req.raw)
      ? {
        policies: policies.filter(isLoaded).map(policyName),
        problems: problems.map(formatProblem),
        expiring: expiring(),
      }
      : {};
    return writeJson(ready ? 200 : 503, { status: ready ? "ready" : "not ready", ...detail });
  });
  if (page !== undefined) {
    app.get("*", ({ req }) => serveAsset(page, req.path) ?? notFound());
  }
  app.notFound(notFound);
  app.onError((error) => writeRefusedRequest(500, toEngineError(error, "Cannot answer").refusal));
  return app;
}

async function review(request: Request, phase: Phase, door: Door, options: AppOptions): Promise<Response> {
  const timeout = new URL(request.url).searchParams.get("timeout") ?? undefined;
  const deadline = startDeadline(budgetOf(timeout, longestTimeout(options.policies)), request.signal);
  try {
    if (!await door(request)) {
      const response = writeRefusedRequest(401, refusal("ERR_UNAUTHENTICATED", "Cannot answer: no valid bearer token"));
      response.headers.set("www-authenticate", "Bearer");
      return response;
    }
    const read = await readRequest(request, deadline);
    if ("refused" in read) return read.refused;
    return writeJson(200, await decide(read, phase, deadline, options));
  } finally {
    deadline.end();
  }
}

/** A request whose uid is known. */
interface ReadRequest {
  readonly header: ReviewHeader;
  readonly body: unknown;
}

async function readRequest(
  request: Request,
  deadline: Deadline,
): Promise<ReadRequest | { readonly refused: Response }> {
  const type = (request.headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    const message = `Cannot read the request: its type is "${printable(type ?? "", 80)}", expected "application/json"`;
    return { refused: writeRefusedRequest(415, refusal("ERR_ADMISSION_REVIEW", message)) };
  }
  try {
    const body = await deadline.wait(readJsonBody(request), "reading the request");
    return { header: readReviewHeader(body), body };
  } catch (error) {
    const why = toEngineError(error, "Cannot read the request").refusal;
    return { refused: writeRefusedRequest(STATUS_OF_CODE[why.code] ?? 400, why) };
  }
}

const STATUS_OF_CODE: Partial<Record<ErrorCode, number>> = { ERR_TOO_LARGE: 413, ERR_DEADLINE: 408 };

async function decide(
  { header, body }: ReadRequest,
  phase: Phase,
  deadline: Deadline,
  options: AppOptions,
): Promise<AdmissionReview> {
  const { policies, exceptions = [], exceptionSource, ports, messageStyle, noMatch, report } = options;
  const { maxRequests, maxInFlight } = options;
  const from = ports.now();
  try {
    const asked = readAdmissionReview(body);
    const decision = await deadline.wait(
      evaluate(policies, asked, {
        ports,
        phase,
        signal: deadline.signal,
        budget: createRequestBudget({
          endsAt: new Date(from.getTime() + deadline.workMilliseconds),
          ...(maxRequests === undefined ? {} : { maxRequests }),
          ...(maxInFlight === undefined ? {} : { maxInFlight }),
        }),
        exceptions,
        ...(exceptionSource === undefined ? {} : { exceptionSource }),
        ...(messageStyle === undefined ? {} : { messageStyle }),
        ...(noMatch === undefined ? {} : { noMatch }),
      }),
      `evaluating ${policies.length} policies`,
    );
    logDecision(ports, { phase, request: asked, from, allowed: decision.allowed, decision });
    report?.({ request: asked, phase, decision, policies, at: ports.now() });
    return writeAdmissionReview(header, decision);
  } catch (error) {
    const why = toEngineError(error, "Cannot decide").refusal;
    logDecision(ports, { phase, uid: header.uid, from, allowed: false, refusal: why });
    return writeRefusal(header, why);
  }
}

/** What a request gets that names no timeout: what the most patient policy asks for. */
function longestTimeout(policies: readonly CompiledPolicy[]): number {
  const longest = Math.max(0, ...policies.map(({ timeoutSeconds }) => timeoutSeconds * 1_000));
  return longest === 0 ? DEFAULT_TIMEOUT_MILLISECONDS : Math.min(longest, MAX_TIMEOUT_MILLISECONDS);
}

function policyName({ namespace, name }: CompiledPolicy): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** Makes what names the certificates that end soon; of each the log says so once. */
function watchExpiring(
  policies: readonly CompiledPolicy[],
  ports: Pick<Ports, "log"> & Pick<PolicyPorts, "now">,
): () => readonly string[] {
  let logged: ReadonlySet<string> = new Set();
  return () => {
    const expiring = expiringCertificates(policies, ports.now());
    logExpiring(ports, expiring.filter((one) => !logged.has(formatExpiring(one))));
    logged = new Set(expiring.map(formatExpiring));
    return [...logged];
  };
}

/** What stands in for a policy is not that policy. */
const isLoaded = ({ problems }: CompiledPolicy): boolean => problems.length === 0;

function notFound(): Response {
  return writeRefusedRequest(404, refusal("ERR_ROUTE", "Cannot answer: nothing is served at this path"));
}

function methodRefused(allowed: string): Response {
  const response = writeRefusedRequest(405, refusal("ERR_ROUTE", `Cannot answer: expected the method ${allowed}`));
  response.headers.set("allow", allowed);
  return response;
}

/** A request that is no AdmissionReview, refused. */
function writeRefusedRequest(status: number, why: Refusal): Response {
  return writeJson(status, { ...why, message: printable(why.message, MAX_MESSAGE_CHARACTERS) });
}

function writeJson(status: number, body: unknown): Response {
  const bytes = encodeUtf8(JSON.stringify(body));
  return new Response(bytes, {
    status,
    headers: {
      "content-type": "application/json",
      "content-length": String(bytes.length),
      "x-content-type-options": "nosniff",
    },
  });
}
