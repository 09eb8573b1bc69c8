/**
 * Decisions → PolicyReports: one result per policy, rule and image, for whoever reads reports and not admission
 * answers.
 */
import { isJsonObject, printable } from "../encoding/mod.ts";
import { kindOfRefusal } from "../errors.ts";
import type { ClusterObject } from "../ports.ts";
import type {
  CompiledPolicy,
  Decision,
  ImageResponse,
  KubernetesObject,
  Phase,
  PolicyRequest,
  RuleResponse,
  RuleStatus,
  WholeRuleResponse,
} from "./policy.ts";

/** The API groups that have reports, with the version that is written: the working group's, and its successor's. */
export const REPORT_FORMATS = ["wgpolicyk8s.io/v1alpha2", "openreports.io/v1alpha1"] as const;

export type ReportFormat = typeof REPORT_FORMATS[number];

/** What a result can be, in both groups. */
export type ReportStatus = "pass" | "fail" | "warn" | "error" | "skip";

/** One result; the members are those of both groups. */
export interface ReportResult {
  readonly source: string;
  /** `namespace/name` for a namespaced policy. */
  readonly policy: string;
  readonly rule: string;
  readonly category?: string;
  readonly severity?: string;
  readonly timestamp: { readonly seconds: number; readonly nanos: number };
  readonly result: ReportStatus;
  /** `false` where the policy says that it is not scored; then what fails warns. */
  readonly scored: boolean;
  readonly message: string;
  /** The rule's `reportProperties`, and what this engine adds: the image, the request, the code of a refusal. */
  readonly properties: Readonly<Record<string, string>>;
}

/** What a report is about. */
export interface Reported {
  readonly request: PolicyRequest;
  readonly phase: Phase;
  readonly decision: Decision;
  /** Those that were asked: their annotations say category, severity and whether they are scored. */
  readonly policies: readonly CompiledPolicy[];
  readonly at: Date;
}

/** Who says so, as Kyverno names itself: dashboards group by it. */
const REPORT_SOURCE = "kyverno";

/** Whose objects they are. Kyverno's own reports controller rewrites the report that is named by a uid alone. */
const REPORT_MANAGER = "edge-notary";

/** Characters kept of a message; Kubernetes takes objects of 1.5 MiB. */
export const MAX_REPORT_MESSAGE_CHARACTERS = 4_096;

/** Characters kept of a property, and of a name. */
export const MAX_REPORT_PROPERTY_CHARACTERS = 1_024;

const ANNOTATION_PREFIX = "policies.kyverno.io/";

/** As both groups list them; another word is left out. */
const SEVERITIES: readonly string[] = ["critical", "high", "medium", "low", "info"];

/**
 * The results of a decision, in the order of its rule responses and of the images in the resource.
 *
 * @returns Nothing for a dry run, of which nothing comes, and where no rule had anything to say.
 *
 * Spec: Kyverno, "Policy Reports"; wgpolicyk8s.io/v1alpha2 and openreports.io/v1alpha1, `results`.
 */
export function reportResults({ request, phase, decision, policies, at }: Reported): readonly ReportResult[] {
  if (request.dryRun) return [];
  const timestamp = { seconds: Math.floor(at.getTime() / 1_000), nanos: (at.getTime() % 1_000) * 1_000_000 };
  const ofRequest = {
    process: "admission review",
    phase,
    operation: request.operation,
    request: clip(request.uid),
    decision: decision.allowed ? "admitted" : "denied",
  };
  return decision.responses.flatMap((response) => {
    const { policy: name, policyNamespace: namespace, rule, reportProperties = new Map<string, string>() } = response;
    const policy = policies.find((one) => one.name === name && one.namespace === namespace);
    const annotation = (key: string) => policy?.annotations.get(`${ANNOTATION_PREFIX}${key}`);
    const category = annotation("category");
    const severity = annotation("severity");
    const scored = annotation("scored") !== "false";
    return answersOf(response).map(({ status, message, properties }) => ({
      source: REPORT_SOURCE,
      policy: namespace === "" ? name : `${namespace}/${name}`,
      rule,
      ...(category === undefined ? {} : { category: clip(category) }),
      ...(severity === undefined || !SEVERITIES.includes(severity) ? {} : { severity }),
      timestamp,
      result: status === "warning" || (status === "fail" && !scored) ? "warn" : status,
      scored,
      // It is safe to print, and its line ends are Kyverno's.
      message: message.slice(0, MAX_REPORT_MESSAGE_CHARACTERS),
      properties: { ...Object.fromEntries(reportProperties), ...ofRequest, ...properties },
    }));
  });
}

/**
 * A decision as an object of the API group: about one resource, in the resource's namespace.
 *
 * @returns `undefined` where there is nothing to report.
 */
export function policyReport(format: ReportFormat, reported: Reported): KubernetesObject | undefined {
  const results = reportResults(reported);
  return results.length === 0 ? undefined : reportOf(format, reported, results);
}

function reportOf(
  format: ReportFormat,
  { request, phase }: Reported,
  results: readonly ReportResult[],
): KubernetesObject {
  const { namespace } = request;
  return {
    apiVersion: format,
    kind: `${namespace === "" ? "Cluster" : ""}${format === "wgpolicyk8s.io/v1alpha2" ? "PolicyReport" : "Report"}`,
    metadata: {
      name: `${REPORT_MANAGER}-${phase}-${request.uid.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 64)}`
        .replace(/-+$/, ""),
      ...(namespace === "" ? {} : { namespace }),
      labels: { "app.kubernetes.io/managed-by": REPORT_MANAGER },
    },
    // Only openreports.io has it; the API server of the other group would refuse it.
    ...(format === "openreports.io/v1alpha1" ? { source: REPORT_SOURCE } : {}),
    scope: scopeOf(request),
    summary: summaryOf(results),
    results,
  };
}

/**
 * The report about a resource as it is stored: one object, owned by the resource, named by its uid, which every later
 * decision about the resource replaces. An update to images that no rule is about replaces it by one without results.
 *
 * @returns `undefined` where there is nothing to report; where nothing is stored because of the decision: it denies, or
 * is about a part of the resource, or is the mutating webhook's, after which others change and refuse; and where the
 * resource has no uid.
 *
 * Spec: Kyverno, "Policy Reports", of admission requests.
 */
export function resourceReport(format: ReportFormat, reported: Reported): ClusterObject | undefined {
  const { request, phase, decision } = reported;
  if (phase !== "validate" || !decision.allowed || request.dryRun || request.subresource !== "") return undefined;
  const results = reportResults(reported);
  // Where nobody had to be asked, what was reported before is still true.
  const replaces = request.operation === "UPDATE" && decision.unmatched.length > 0;
  if (results.length === 0 && !replaces) return undefined;
  const report = reportOf(format, reported, results);
  const scope = scopeOf(request);
  // The API server gives every object its uid: whoever creates one cannot choose it.
  const { uid = metadataOf(request.object)["uid"], apiVersion, kind, name } = scope;
  if (typeof name !== "string" || typeof uid !== "string" || !UID.test(uid)) return undefined;
  const { namespace } = request;
  return {
    ...report,
    apiVersion: format,
    kind: String(report["kind"]),
    metadata: {
      name: `${REPORT_MANAGER}-${uid}`,
      ...(namespace === "" ? {} : { namespace }),
      labels: { "app.kubernetes.io/managed-by": REPORT_MANAGER },
      // Kubernetes takes the report away with the resource.
      ownerReferences: [{ apiVersion, kind, name, uid }],
    },
    scope: { ...scope, uid },
  } as ClusterObject;
}

const UID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The resource, as an ObjectReference of Kubernetes. */
function scopeOf({ group, version, kind, namespace, name, object, oldObject }: PolicyRequest): KubernetesObject {
  // What is stored has its name and uid from the API server; a new object says what it wants.
  const ownName = name === "" ? metadataOf(object)["name"] : name;
  const uid = metadataOf(oldObject)["uid"];
  return {
    apiVersion: group === "" ? version : `${group}/${version}`,
    kind,
    ...(namespace === "" ? {} : { namespace }),
    ...(typeof ownName === "string" && ownName !== "" ? { name: clip(ownName) } : {}),
    ...(typeof uid === "string" ? { uid: clip(uid) } : {}),
  };
}

function metadataOf(object: KubernetesObject | undefined): KubernetesObject {
  const metadata = object?.["metadata"];
  return isJsonObject(metadata) ? metadata : {};
}

function summaryOf(results: readonly ReportResult[]): Readonly<Record<ReportStatus, number>> {
  const count = (status: ReportStatus) => results.filter(({ result }) => result === status).length;
  return { pass: count("pass"), fail: count("fail"), warn: count("warn"), error: count("error"), skip: count("skip") };
}

/** What a rule says of one image, or as a whole. */
interface Answer {
  readonly status: RuleStatus;
  readonly message: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** Several entries may have looked at one image: together they are one answer, and the worst of them counts. */
function answersOf({ images, whole }: RuleResponse): readonly Answer[] {
  if (whole !== undefined) return [{ ...whole, properties: propertiesOfRefusal(whole) }];
  const places = [...new Set(images.map(({ pointer }) => pointer))];
  return places.map((place) => {
    const answers = images.filter(({ pointer }) => pointer === place);
    const status = WORST_FIRST.find((one) => answers.some((answer) => answer.status === one)) ?? "error";
    const counting = answers.filter((answer) => answer.status === status);
    const [first] = counting as [ImageResponse, ...ImageResponse[]];
    const digest = answers.find((answer) => answer.digest !== undefined)?.digest;
    return {
      status,
      message: [...new Set(counting.map(({ message }) => message))].join("; "),
      properties: {
        image: clip(first.image),
        ...(digest === undefined ? {} : { digest }),
        ...(first.container === "" ? {} : { container: clip(first.container) }),
        pointer: clip(first.pointer),
        ...propertiesOfRefusal(first),
      },
    };
  });
}

const WORST_FIRST: readonly RuleStatus[] = ["error", "fail", "warning", "pass", "skip"];

function propertiesOfRefusal({ refusal }: Pick<WholeRuleResponse, "refusal">): Readonly<Record<string, string>> {
  if (refusal === undefined) return {};
  return { code: refusal.code, kind: kindOfRefusal(refusal), nextStep: refusal.nextStep };
}

const clip = (text: string): string => printable(text, MAX_REPORT_PROPERTY_CHARACTERS);
