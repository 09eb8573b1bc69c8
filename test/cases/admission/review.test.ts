/** AdmissionReviews read and written (Kubernetes API, admission.k8s.io/v1). */
import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { refusal } from "../../../src/errors.ts";
import { formatField } from "../../../src/admission/causes.ts";
import {
  MAX_UID_CHARACTERS,
  readAdmissionReview,
  readReviewHeader,
  writeAdmissionReview,
  writeRefusal,
} from "../../../src/admission/review.ts";
import type { Decision } from "../../../src/policy/policy.ts";

const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "test" }, spec: { containers: [] } };

/** As kube-apiserver v1.34 sends it for `kubectl run`. */
const request = {
  uid: "5b3f1c5e-0d3c-4a0c-8b1e-2f4f1d0f6d11",
  kind: { group: "", version: "v1", kind: "Pod" },
  resource: { group: "", version: "v1", resource: "pods" },
  requestKind: { group: "", version: "v1", kind: "Pod" },
  requestResource: { group: "", version: "v1", resource: "pods" },
  name: "test",
  namespace: "default",
  operation: "CREATE",
  userInfo: { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] },
  object: pod,
  oldObject: null,
  dryRun: false,
  options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
};
const review = { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request };

const withRequest = (change: Record<string, unknown>) => ({ ...review, request: { ...request, ...change } });

describe("readAdmissionReview()", () => {
  it("reads what an API server sends, and leaves unknown fields alone", () => {
    expect(readAdmissionReview({ ...review, futureField: 1, request: { ...request, futureField: [] } })).toEqual({
      uid: request.uid,
      operation: "CREATE",
      group: "",
      version: "v1",
      kind: "Pod",
      subresource: "",
      namespace: "default",
      name: "test",
      object: pod,
      dryRun: false,
      userInfo: { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] },
      admissionRequest: Object.fromEntries(Object.entries(request).filter(([name]) => !/^(?:oldO|o)bject$/.test(name))),
    });
  });

  it("keeps for variables what Kubernetes defines of a request, and nothing else", () => {
    const { admissionRequest } = readAdmissionReview(
      withRequest({ roles: ["default:admin"], clusterRoles: ["admin"] }),
    );
    expect(Object.keys(admissionRequest ?? {})).not.toContain("roles");
    expect(Object.keys(admissionRequest ?? {})).not.toContain("clusterRoles");
    expect(admissionRequest).toMatchObject({ options: request.options, userInfo: request.userInfo });
  });

  it("reads a DELETE without object", () => {
    const read = readAdmissionReview(withRequest({ operation: "DELETE", object: null, oldObject: pod }));
    expect(read.object).toBeUndefined();
    expect(read.oldObject).toEqual(pod);
  });

  it("leaves out the object of a DELETE: there is none to judge", () => {
    expect(readAdmissionReview(withRequest({ operation: "DELETE" })).object).toBeUndefined();
  });

  it("reads a subresource and a dry run", () => {
    const read = readAdmissionReview(
      withRequest({ subResource: "ephemeralcontainers", operation: "UPDATE", dryRun: true }),
    );
    expect(read.subresource).toBe("ephemeralcontainers");
    expect(read.dryRun).toBe(true);
  });

  it.each([
    ["v1beta1", { ...review, apiVersion: "admission.k8s.io/v1beta1" }, /"admission.k8s.io\/v1beta1", expected .*v1"/],
    ["an unknown version", { ...review, apiVersion: "admission.k8s.io/v2" }, /expected "admission.k8s.io\/v1"/],
    ["no object", withRequest({ object: undefined }), /"request.object" is missing/],
    ["a null object", withRequest({ object: null }), /"request.object" is missing/],
    ["a list as object", withRequest({ object: [] }), /"request.object" is a list/],
    ["text as object", withRequest({ object: "pod" }), /"request.object" is "pod"/],
    ["a list as oldObject", withRequest({ oldObject: [] }), /"request.oldObject" is a list/],
    ["an unknown operation", withRequest({ operation: "create" }), /"request.operation" is "create"/],
    ["no operation", withRequest({ operation: undefined }), /"request.operation" is missing/],
    ["no kind", withRequest({ kind: undefined }), /"request.kind" is missing/],
    ["a kind as text", withRequest({ kind: "Pod" }), /"request.kind" is "Pod"/],
    ["a kind without kind", withRequest({ kind: { group: "", version: "v1" } }), /"request.kind.kind" is missing/],
    ["a kind with an empty version", withRequest({ kind: { version: "", kind: "Pod" } }), /"request.kind.version"/],
    ["a number as namespace", withRequest({ namespace: 5 }), /"request.namespace" is 5/],
    ["a name of 2000 characters", withRequest({ name: "a".repeat(2_000) }), /has 2000 characters, at most 1024/],
    ["text as dryRun", withRequest({ dryRun: "true" }), /"request.dryRun" is "true"/],
    ["groups as text", withRequest({ userInfo: { username: "a", groups: "b" } }), /"request.userInfo.groups"/],
    ["a group that is no text", withRequest({ userInfo: { username: "a", groups: [1] } }), /"request.userInfo.groups"/],
    ["userInfo as list", withRequest({ userInfo: [] }), /"request.userInfo" is a list/],
  ])("refuses %s", (_, body, message) => {
    expect(() => readAdmissionReview(body)).toThrowError(message);
    expect(() => readAdmissionReview(body)).toThrowError(expect.objectContaining({ code: "ERR_ADMISSION_REVIEW" }));
    // Its uid can be read all the same, so that the answer can be an AdmissionReview.
    expect(readReviewHeader(body).uid).toBe(request.uid);
  });

  it("escapes what it quotes", () => {
    expect(() => readAdmissionReview(withRequest({ operation: "\u001b[2J\u202e" })))
      .toThrowError('is "\\x1b[2J\\u202e"');
  });
});

describe("readReviewHeader()", () => {
  it("keeps the version as received: the answer names the same", () => {
    expect(readReviewHeader({ ...review, apiVersion: "admission.k8s.io/v1beta1" }).apiVersion)
      .toBe("admission.k8s.io/v1beta1");
  });

  it.each([
    ["null", null],
    ["a list", [review]],
    ["a text", "AdmissionReview"],
    ["another kind", { ...review, kind: "Pod" }],
    ["no kind", { ...review, kind: undefined }],
    ["another group", { ...review, apiVersion: "v1" }],
    ["another group ending alike", { ...review, apiVersion: "evil.admission.k8s.io/v1" }],
    ["a version with a line end", { ...review, apiVersion: "admission.k8s.io/v1\n" }],
    ["no request", { ...review, request: undefined }],
    ["a list as request", { ...review, request: [] }],
    ["no uid", withRequest({ uid: undefined })],
    ["an empty uid", withRequest({ uid: "" })],
    ["a number as uid", withRequest({ uid: 7 })],
    ["a uid with an escape sequence", withRequest({ uid: "5b3f\u001b[31m" })],
    ["a uid with a line end", withRequest({ uid: "5b3f\n" })],
    ["a uid that turns the direction of writing", withRequest({ uid: "5b3f\u202e" })],
    ["a uid too long", withRequest({ uid: "u".repeat(MAX_UID_CHARACTERS + 1) })],
    ["only a response", { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", response: { uid: "1" } }],
  ])("refuses %s", (_, body) => {
    expect(() => readReviewHeader(body)).toThrowError(expect.objectContaining({ code: "ERR_ADMISSION_REVIEW" }));
  });
});

describe("writeAdmissionReview()", () => {
  const header = { apiVersion: "admission.k8s.io/v1", uid: request.uid };
  const allowed: Decision = {
    allowed: true,
    message: "",
    patches: [],
    warnings: [],
    auditAnnotations: {},
    responses: [],
    unmatched: [],
  };
  const patch = { op: "replace", path: "/spec/containers/0/image", value: "größe@sha256:00" } as const;

  it("allows without patch, patchType, status, warnings and annotations when there are none", () => {
    expect(writeAdmissionReview(header, allowed)).toEqual({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: { uid: request.uid, allowed: true },
    });
  });

  it("writes patches as base64 of a JSON Patch in UTF-8", () => {
    const { response } = writeAdmissionReview(header, { ...allowed, patches: [patch] });
    expect(response.patchType).toBe("JSONPatch");
    expect(JSON.parse(Buffer.from(response.patch ?? "", "base64").toString("utf8"))).toEqual([patch]);
  });

  it("never patches what it denies, and carries the message as it is", () => {
    const message = "\n\nresource Pod/default/test was blocked due to the following policies \n\na:\n  b: c\n";
    const { response } = writeAdmissionReview(header, { ...allowed, allowed: false, message, patches: [patch] });
    expect(response).toEqual({ uid: request.uid, allowed: false, status: { status: "Failure", message } });
  });

  it("names each refusal's code, class, whether a retry helps, what was found, next step and field for programs", () => {
    const image = {
      image: "ghcr.io/a/b:1",
      pointer: "/spec/initContainers/1/image",
      container: "init",
      status: "fail",
      message: "no",
      refusal: refusal("SIGNATURE_MISSING", "No signature"),
      outcomes: [],
    } as const;
    const response = { policy: "p", policyNamespace: "", rule: "r", action: "Enforce", failurePolicy: "Fail" } as const;
    const denied: Decision = {
      ...allowed,
      allowed: false,
      message: "blocked",
      responses: [{ ...response, images: [image] }],
    };
    expect(writeAdmissionReview(header, denied).response.status?.details?.causes).toEqual([{
      reason: "SIGNATURE_MISSING",
      message: expect.stringMatching(/^denied; a retry does not help: No signature; next: Sign the artifact/),
      field: "spec.initContainers[1].image",
    }]);
  });

  it("passes warnings and audit annotations on", () => {
    const decision = { ...allowed, warnings: ["policy a.b: c"], auditAnnotations: { "a.b": "fail" } };
    expect(writeAdmissionReview(header, decision).response).toEqual({
      uid: request.uid,
      allowed: true,
      warnings: ["policy a.b: c"],
      auditAnnotations: { "a.b": "fail" },
    });
  });
});

describe("writeRefusal()", () => {
  it("denies with message, code, class and next step, nothing printed raw", () => {
    const header = { apiVersion: "admission.k8s.io/v1", uid: "u" };
    const { response } = writeRefusal(header, refusal("ERR_DEADLINE", "Cannot decide: \u001b[31mran out of time"));
    expect(response.allowed).toBe(false);
    expect(response.status?.message).toMatch(
      /^Cannot decide: \\x1b\[31mran out of time \(ERR_DEADLINE, unavailable; a retry may help\): Try again/,
    );
    expect(response.status?.details?.causes[0]?.reason).toBe("ERR_DEADLINE");
  });
});

describe("formatField()", () => {
  it.each([
    ["/spec/containers/0/image", "spec.containers[0].image"],
    ["/metadata/annotations/kyverno.io~1verify-images", "metadata.annotations.kyverno.io/verify-images"],
    ["/a~0b", "a~b"],
    ["", ""],
  ])("%s is %s", (pointer, field) => expect(formatField(pointer)).toBe(field));
});
