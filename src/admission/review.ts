/** AdmissionReview ⇄ policy values (Kubernetes API, admission.k8s.io/v1). */
import { encodeBase64, encodeUtf8, printable } from "../encoding/mod.ts";
import { kindOfRefusal, MalformedError, type Refusal } from "../errors.ts";
import type { Decision, KubernetesObject, Operation, PolicyRequest } from "../policy/mod.ts";
import { causeOf, causesOf, type StatusCause } from "./causes.ts";

/** Size of an AdmissionReview at most: an UPDATE carries two objects, and etcd holds none above 1.5 MiB by default. */
export const MAX_REVIEW_BYTES = 7 * 1024 * 1024;

/** Nesting of an AdmissionReview at most; a CustomResourceDefinition is the deepest that Kubernetes itself has. */
export const MAX_REVIEW_DEPTH = 256;

/** Characters of a uid at most. */
export const MAX_UID_CHARACTERS = 253;

/** Characters of a name, namespace, group, kind or user in an AdmissionReview at most. */
export const MAX_NAME_CHARACTERS = 1_024;

/** Characters kept of a refusal's message that no policy wrote. */
export const MAX_MESSAGE_CHARACTERS = 4_096;

/** Groups of the requesting user at most. */
export const MAX_GROUPS = 10_000;

/** The one version that is read. */
const API_VERSION = "admission.k8s.io/v1";

const OPERATIONS: readonly Operation[] = ["CREATE", "UPDATE", "DELETE", "CONNECT"];

/** What must be known of an AdmissionReview so that it can be answered at all. */
export interface ReviewHeader {
  /** As received: the answer names the same. */
  readonly apiVersion: string;
  readonly uid: string;
}

/** The answer's body. */
export interface AdmissionReview {
  readonly apiVersion: string;
  readonly kind: "AdmissionReview";
  readonly response: AdmissionResponse;
}

export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: ReviewStatus;
  /** Set exactly when `patch` is. */
  readonly patchType?: "JSONPatch";
  /** Base64 of a JSON Patch (RFC 6902). */
  readonly patch?: string;
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/**
 * The part of `metav1.Status` that is written. Without code and reason, as Kyverno's: the message is shown as it is.
 */
export interface ReviewStatus {
  readonly status: "Failure";
  readonly message: string;
  readonly details?: { readonly causes: readonly StatusCause[] };
}

/**
 * Reads what is needed to answer: from here on every answer is an AdmissionReview with HTTP status 200.
 *
 * @param body Any JSON value.
 * @throws {MalformedError} `ERR_ADMISSION_REVIEW` when it is no AdmissionReview or has no usable `request.uid`.
 */
export function readReviewHeader(body: unknown): ReviewHeader {
  if (!isObject(body)) throw malformed("it is not an object");
  const { kind, apiVersion, request } = body;
  if (kind !== "AdmissionReview") throw malformed(`"kind" is ${show(kind)}, expected "AdmissionReview"`);
  if (typeof apiVersion !== "string" || !/^admission\.k8s\.io\/v[0-9a-z]{1,20}$/.test(apiVersion)) {
    throw malformed(`"apiVersion" is ${show(apiVersion)}, expected "${API_VERSION}"`);
  }
  if (!isObject(request)) throw malformed(`"request" is ${show(request)}, expected an object`);
  const { uid } = request;
  // It stands in the answer as it is, so nothing that moves a cursor or changes a colour may be in it.
  if (typeof uid !== "string" || uid.length > MAX_UID_CHARACTERS || !/^[\x20-\x7e]+$/.test(uid)) {
    throw malformed(`"request.uid" is ${show(uid)}, expected 1 to ${MAX_UID_CHARACTERS} printable ASCII characters`);
  }
  return { apiVersion, uid };
}

/**
 * Reads an AdmissionReview into the request a policy is asked. Fields it does not know are left alone.
 *
 * @param body Any JSON value.
 * @throws {MalformedError} `ERR_ADMISSION_REVIEW` when it is none of `admission.k8s.io/v1`, or a field is missing or
 * has another type: nothing is guessed.
 *
 * Spec: Kubernetes API, admission.k8s.io/v1, AdmissionRequest.
 */
export function readAdmissionReview(body: unknown): PolicyRequest {
  const { apiVersion, uid } = readReviewHeader(body);
  if (apiVersion !== API_VERSION) {
    throw malformed(
      `"apiVersion" is "${apiVersion}", expected "${API_VERSION}": set admissionReviewVersions to ["v1"]`,
    );
  }
  const request = (body as { readonly request: JsonObject }).request;
  const operation = OPERATIONS.find((known) => known === request["operation"]);
  if (operation === undefined) {
    throw malformed(`"request.operation" is ${show(request["operation"])}, expected one of ${OPERATIONS.join(", ")}`);
  }
  const kind = request["kind"];
  if (!isObject(kind)) throw malformed(`"request.kind" is ${show(kind)}, expected an object`);
  const object = readObject(request, "object");
  const oldObject = readObject(request, "oldObject");
  if (object === undefined && operation !== "DELETE") {
    throw malformed(`"request.object" is missing, expected the object of a ${operation}`);
  }
  return {
    uid,
    operation,
    group: readText(kind, "group", "request.kind.group"),
    version: readText(kind, "version", "request.kind.version", "required"),
    kind: readText(kind, "kind", "request.kind.kind", "required"),
    subresource: readText(request, "subResource", "request.subResource"),
    namespace: readText(request, "namespace", "request.namespace"),
    name: readText(request, "name", "request.name"),
    ...(object === undefined || operation === "DELETE" ? {} : { object }),
    ...(oldObject === undefined ? {} : { oldObject }),
    dryRun: readBoolean(request, "dryRun"),
    userInfo: readUserInfo(request["userInfo"]),
    admissionRequest: admissionRequest(request),
  };
}

/**
 * Members of an AdmissionRequest, which a policy's variables may name; both objects are added where they are judged.
 */
const REQUEST_MEMBERS = [
  "uid",
  "kind",
  "resource",
  "subResource",
  "requestKind",
  "requestResource",
  "requestSubResource",
  "name",
  "namespace",
  "operation",
  "userInfo",
  "dryRun",
  "options",
] as const;

/** The members that Kubernetes defines: what else a review carries is nobody's word on anything. */
function admissionRequest(request: JsonObject): KubernetesObject {
  const members = REQUEST_MEMBERS.filter((name) => Object.hasOwn(request, name));
  return { options: null, ...Object.fromEntries(members.map((name) => [name, request[name]])) };
}

/**
 * Writes the answer to an AdmissionReview.
 *
 * @param header Of the AdmissionReview that is answered.
 * @param decision Patches are written only when it allows and has some; a refusal carries its message as it is, and
 * all that is known of each refusal as `status.details.causes`.
 */
export function writeAdmissionReview({ apiVersion, uid }: ReviewHeader, decision: Decision): AdmissionReview {
  const { allowed, message, patches, warnings, auditAnnotations } = decision;
  const response: AdmissionResponse = {
    uid,
    allowed,
    ...(allowed ? {} : { status: { status: "Failure", message, ...details(decision) } }),
    ...(allowed && patches.length > 0
      ? { patchType: "JSONPatch", patch: encodeBase64(encodeUtf8(JSON.stringify(patches))) }
      : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(Object.keys(auditAnnotations).length > 0 ? { auditAnnotations } : {}),
  };
  return { apiVersion, kind: "AdmissionReview", response };
}

/**
 * Writes the answer to an AdmissionReview that no policy could be asked about: refused.
 *
 * @param why All that is known of it stands in the text that people see.
 */
export function writeRefusal({ apiVersion, uid }: ReviewHeader, why: Refusal): AdmissionReview {
  const { code, nextStep } = why;
  const message = `${printable(why.message, MAX_MESSAGE_CHARACTERS)} (${code}, ${kindOfRefusal(why)}): ${nextStep}`;
  const details = { causes: [causeOf(why)] };
  return {
    apiVersion,
    kind: "AdmissionReview",
    response: { uid, allowed: false, status: { status: "Failure", message, details } },
  };
}

function details({ responses }: Decision): { readonly details?: ReviewStatus["details"] & object } {
  const causes = causesOf(responses);
  return causes.length === 0 ? {} : { details: { causes } };
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readObject(request: JsonObject, name: "object" | "oldObject"): KubernetesObject | undefined {
  const value = request[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw malformed(`"request.${name}" is ${show(value)}, expected an object`);
  return value;
}

function readText(parent: JsonObject, name: string, path: string, required?: "required"): string {
  const value = parent[name];
  if (value === undefined && required === undefined) return "";
  if (typeof value !== "string" || (required !== undefined && value === "")) {
    throw malformed(`"${path}" is ${show(value)}, expected text`);
  }
  if (value.length > MAX_NAME_CHARACTERS) {
    throw malformed(`"${path}" has ${value.length} characters, at most ${MAX_NAME_CHARACTERS}`);
  }
  return value;
}

function readBoolean(request: JsonObject, name: string): boolean {
  const value = request[name];
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw malformed(`"request.${name}" is ${show(value)}, expected true or false`);
  return value;
}

function readUserInfo(value: unknown): PolicyRequest["userInfo"] {
  if (value === undefined || value === null) return { username: "", groups: [] };
  if (!isObject(value)) throw malformed(`"request.userInfo" is ${show(value)}, expected an object`);
  const groups = value["groups"] ?? [];
  if (!Array.isArray(groups) || groups.length > MAX_GROUPS || groups.some((group) => typeof group !== "string")) {
    throw malformed(`"request.userInfo.groups" is no list of at most ${MAX_GROUPS} texts`);
  }
  return { username: readText(value, "username", "request.userInfo.username"), groups };
}

/** A value of the request as it may stand in a message. */
function show(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "string") return `"${printable(value, 80)}"`;
  if (value === null || typeof value !== "object") return String(value);
  return Array.isArray(value) ? "a list" : "an object";
}

function malformed(detail: string): MalformedError {
  return new MalformedError("ERR_ADMISSION_REVIEW", `Cannot read AdmissionReview: ${detail}`);
}
