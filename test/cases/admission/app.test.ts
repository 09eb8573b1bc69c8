/** The webhook's answers, over the committed fixtures. */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { createApp, createTokenDoor, MAX_REVIEW_BYTES } from "../../../src/admission/mod.ts";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { loadPolicies, MAX_IMAGES } from "../../../src/policy/mod.ts";
import type { LogLine, Ports } from "../../../src/ports.ts";
import { policyDocument } from "../policy/policies.ts";
import { examplePolicy, fixtureFetch, makeWebhook, podReview, SIGNED, UNSIGNED, type Webhook } from "./webhook.ts";

/** Digests that notation and oras gave the fixture images. */
const digests = new Map<string, string>(
  JSON.parse(readFileSync("test/fixtures/images.json", "utf8"))
    .map((
      image: { repository: string; tag: string; digest: string },
    ) => [`${image.repository}:${image.tag}`, image.digest]),
);

let registry: Ports["fetch"];
let webhook: Webhook;
beforeAll(async () => {
  registry = await fixtureFetch();
  webhook = makeWebhook(registry);
});

const noRegistry: Ports["fetch"] = () => Promise.reject(new Error("the network was asked"));
const read = async (response: Response) => {
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  const body = await response.json();
  expect(body).toMatchObject({ kind: "AdmissionReview", response: { uid: "uid-1" } });
  return body.response;
};
const patchOf = (response: { patch?: string }) =>
  JSON.parse(Buffer.from(response.patch ?? "", "base64").toString("utf8"));

describe("/mutate", () => {
  it("admits the signed image and pins its digest", async () => {
    const response = await read(await webhook.post("/mutate?timeout=10s", podReview([SIGNED])));
    const digest = digests.get(SIGNED);
    expect(response).toMatchObject({ allowed: true, patchType: "JSONPatch" });
    expect(patchOf(response)).toEqual([
      { op: "add", path: "/metadata/annotations", value: {} },
      {
        op: "add",
        path: "/metadata/annotations/kyverno.io~1verify-images",
        value: `{"ghcr.io/kyverno/test-verify-image@${digest}":"pass"}`,
      },
      { op: "replace", path: "/spec/containers/0/image", value: `${SIGNED}@${digest}` },
    ]);
  });

  it("blocks the unsigned image with the message of the seed", async () => {
    const response = await read(await webhook.post("/mutate?timeout=10s", podReview([UNSIGNED])));
    const image = `ghcr.io/kyverno/test-verify-image@${digests.get(UNSIGNED)}`;
    expect(response.allowed).toBe(false);
    expect(response.patch).toBeUndefined();
    expect(response.patchType).toBeUndefined();
    expect(response.status).toMatchObject({
      status: "Failure",
      message: `

resource Pod/default/test was blocked due to the following policies 

check-image-notary:
  verify-signature-notary: 'failed to verify image ghcr.io/kyverno/test-verify-image:unsigned:
    .attestors[0].entries[0]: failed to verify ${image}:
    no signature is associated with "${image}",
    make sure the image was signed successfully'
`,
    });
    expect(response.status.details.causes).toEqual([{
      reason: "SIGNATURE_MISSING",
      message: expect.stringMatching(
        /^denied; a retry does not help: Cannot find a signature of .*: looked in referrers-api .*; next: Sign /,
      ),
      field: "spec.containers[0].image",
    }]);
  });

  it("admits what no rule matches without patch and patchType", async () => {
    const response = await read(await makeWebhook(noRegistry).post("/mutate", podReview(["quay.io/other/image:1"])));
    expect(response).toEqual({ uid: "uid-1", allowed: true });
  });

  it("warns and annotates in Audit, and admits", async () => {
    const policies = await examplePolicy((text) =>
      text.replace("validationFailureAction: Enforce", "validationFailureAction: Audit")
        .replace("- type: Notary", "- type: Notary\n          mutateDigest: false")
    );
    const response = await read(await makeWebhook(registry, { policies }).post("/mutate", podReview([UNSIGNED])));
    expect(response.allowed).toBe(true);
    expect(response.warnings).toEqual([
      expect.stringMatching(/^policy check-image-notary\.verify-signature-notary: failed to verify image/),
    ]);
    expect(Object.keys(response.auditAnnotations ?? {})).toHaveLength(1);
  });
});

describe("/validate", () => {
  it("verifies what arrived by digest, and never patches", async () => {
    const pinned = `${SIGNED}@${digests.get(SIGNED)}`;
    expect(await read(await webhook.post("/validate", podReview([pinned])))).toEqual({ uid: "uid-1", allowed: true });
    const response = await read(await webhook.post("/validate", podReview([`${SIGNED}@${digests.get(UNSIGNED)}`])));
    expect(response.allowed).toBe(false);
  });
});

describe("what needs no policy", () => {
  const old = podReview([UNSIGNED]).request.object;
  const deleted = {
    ...old,
    metadata: { ...old.metadata, deletionTimestamp: "2026-11-30T00:00:00Z", finalizers: ["a/b"] },
  };
  const cases: readonly (readonly [string, Record<string, unknown>])[] = [
    ["DELETE", { operation: "DELETE", object: null, oldObject: old }],
    ["DELETE without any object", { operation: "DELETE", object: null, oldObject: null }],
    ["taking a finalizer off", {
      operation: "UPDATE",
      object: { ...deleted, metadata: old.metadata },
      oldObject: deleted,
    }],
  ];

  it.each(cases)("%s is answered without the network", async (_, request) => {
    expect(await read(await makeWebhook(noRegistry).post("/mutate", podReview([UNSIGNED], request))))
      .toEqual({ uid: "uid-1", allowed: true });
  });

  it.each(cases)("%s passes while a policy is not loaded", async (_, request) => {
    const loaded = await loadPolicies(
      [{ source: "broken.yaml", text: "kind: ClusterPolicy" }],
      createWebCryptoProvider(),
    );
    const { allowed } = await read(await makeWebhook(noRegistry, loaded).post("/validate", podReview([], request)));
    expect(allowed).toBe(true);
  });
});

describe("a review that cannot be judged is answered with HTTP 200 and refused", () => {
  const review = podReview([SIGNED]);
  it.each([
    ["of v1beta1", { ...review, apiVersion: "admission.k8s.io/v1beta1" }, "ERR_ADMISSION_REVIEW"],
    ["without object", podReview([], { object: null }), "ERR_ADMISSION_REVIEW"],
    ["with a list as object", podReview([], { object: [1] }), "ERR_ADMISSION_REVIEW"],
    ["with an unknown operation", podReview([], { operation: "PATCH" }), "ERR_ADMISSION_REVIEW"],
    ["without kind", podReview([], { kind: null }), "ERR_ADMISSION_REVIEW"],
  ])("%s", async (_, body, code) => {
    const answer = await webhook.post("/mutate?timeout=10s", body);
    const parsed = await answer.clone().json();
    expect(parsed.apiVersion).toBe((body as { apiVersion: string }).apiVersion);
    const response = await read(answer);
    expect(response.allowed).toBe(false);
    expect(response.patch).toBeUndefined();
    expect(response.status.message).toContain(code);
  });

  it("while a policy is not loaded: it may be the one that would have refused", async () => {
    const text = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: broken}\nspec: {rules: 5}\n";
    const loaded = await loadPolicies([{ source: "broken.yaml", text }], createWebCryptoProvider());
    const broken = makeWebhook(registry, { ...loaded, policies: [...await examplePolicy(), ...loaded.policies] });
    const response = await read(await broken.post("/mutate", podReview([SIGNED])));
    expect(response.allowed).toBe(false);
    expect(response.status.message.replace(/\s+/g, " ")).toContain(
      "broken: document: 'policy is not loaded: broken.yaml:4:8: spec.rules: 5, expected a list'",
    );
    expect(response.status.details.causes).toMatchObject([{ reason: "ERR_POLICY" }]);
    const ready = await broken.fetch("/readyz");
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      policies: ["check-image-notary"],
      problems: [expect.stringMatching(/^broken\.yaml:\d+:\d+: spec/)],
    });
    expect(broken.lines[0]).toMatchObject({
      level: "error",
      event: "policy.problem",
      message: expect.stringMatching(/^broken\.yaml:\d+:\d+: spec/),
    });
  });

  it("unless only a certificate ends soon: /readyz and the log name it", async () => {
    const { policies } = await loadPolicies(
      [{ source: "p", text: JSON.stringify(policyDocument()) }],
      createWebCryptoProvider(),
    );
    const [{ notAfter } = { notAfter: new Date(0) }] = policies[0]?.certificates() ?? [];
    const lines: LogLine[] = [];
    let at = new Date(notAfter.getTime() - 31 * 86_400_000);
    const log = (line: LogLine) => lines.push(line);
    const ports = { now: () => at, log, crypto: createWebCryptoProvider(), open: () => expect.unreachable() };
    const app = createApp({ policies, problems: [], ports });
    const ready = async () => await (await app.request("/readyz")).json();
    expect(await ready()).toMatchObject({ status: "ready", expiring: [] });
    at = new Date(notAfter.getTime() - 86_400_000);
    const named = expect.stringMatching(/^check-image-notary: the certificate "CN=.*" is valid until 2/);
    expect(await ready()).toMatchObject({ status: "ready", expiring: [named] });
    await ready();
    expect(lines).toMatchObject([{ level: "warn", event: "policy.certificate", message: named }]);
  });

  it("but other policies go on judging what the one that is not loaded is not about", async () => {
    const text =
      "apiVersion: kyverno.io/v1\nkind: Policy\nmetadata: {name: broken, namespace: team}\nspec: {rules: 5}\n";
    const loaded = await loadPolicies([{ source: "broken.yaml", text }], createWebCryptoProvider());
    const broken = makeWebhook(registry, { ...loaded, policies: [...loaded.policies, ...await examplePolicy()] });
    expect((await read(await broken.post("/mutate", podReview([SIGNED])))).allowed).toBe(true);
    expect((await read(await broken.post("/mutate", podReview([UNSIGNED])))).status.message).not.toContain("broken");
    const inTeam = podReview([SIGNED], { namespace: "team" });
    expect((await read(await broken.post("/mutate", inTeam))).allowed).toBe(false);
  });

  it("when the engine itself fails, and without a stack", async () => {
    const broken = {
      ...(await examplePolicy())[0],
      evaluate: () => Promise.reject(new TypeError("x is not a function")),
    };
    const failing = makeWebhook(registry, { policies: [broken as never] });
    const response = await read(await failing.post("/mutate", podReview([SIGNED])));
    expect(response.allowed).toBe(false);
    expect(response.status.message).toContain("ERR_INTERNAL, unavailable");
    expect(JSON.stringify(response)).not.toMatch(/\bat .*\.ts|node:internal/);
    expect(failing.lines.at(-1)).toMatchObject({ level: "error", allowed: false, codes: "ERR_INTERNAL" });
  });
});

describe("what is no AdmissionReview gets a 4xx with a reason", () => {
  const json = { "content-type": "application/json" };
  it.each([
    ["no JSON", "{", json, 400, "ERR_JSON"],
    ["nothing", "", json, 400, "ERR_JSON"],
    ["two documents", "{}{}", json, 400, "ERR_JSON"],
    ["a duplicate name", '{"kind":"AdmissionReview","kind":"AdmissionReview"}', json, 400, "ERR_JSON"],
    ["deep JSON", "[".repeat(5_000) + "]".repeat(5_000), json, 400, "ERR_JSON"],
    ["a list", "[]", json, 400, "ERR_ADMISSION_REVIEW"],
    ["another kind", '{"kind":"Pod"}', json, 400, "ERR_ADMISSION_REVIEW"],
    ["no request", '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}', json, 400, "ERR_ADMISSION_REVIEW"],
    ["no uid", JSON.stringify(podReview([], { uid: "" })), json, 400, "ERR_ADMISSION_REVIEW"],
    ["text", "{}", { "content-type": "text/plain" }, 415, "ERR_ADMISSION_REVIEW"],
    ["no type", "{}", { "content-type": "" }, 415, "ERR_ADMISSION_REVIEW"],
    ["YAML", "{}", { "content-type": "application/yaml" }, 415, "ERR_ADMISSION_REVIEW"],
    ["a patch", "{}", { "content-type": "application/json-patch+json" }, 415, "ERR_ADMISSION_REVIEW"],
  ])("%s", async (_, body, headers, status, code) => {
    const answer = await webhook.post("/mutate", body, headers);
    expect(answer.status).toBe(status);
    const refused = await answer.json();
    expect(refused).toMatchObject({ code, message: expect.any(String), nextStep: expect.any(String) });
    expect(["denied", "misconfigured"]).toContain(refused.class);
    expect(refused.allowed).toBeUndefined();
  });

  it("a body of the announced size is refused before it is read", async () => {
    const headers = { ...json, "content-length": String(MAX_REVIEW_BYTES + 1) };
    const answer = await webhook.post("/mutate", "{}", headers);
    expect(answer.status).toBe(413);
    expect((await answer.json()).code).toBe("ERR_TOO_LARGE");
  });

  it("a body that goes on is cut off at its limit", async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1_000_000;
        controller.enqueue(new Uint8Array(1_000_000).fill(32));
      },
    });
    const answer = await webhook.fetch(
      "/mutate",
      { method: "POST", headers: json, body, duplex: "half" } as RequestInit,
    );
    expect(answer.status).toBe(413);
    expect(sent).toBeLessThan(MAX_REVIEW_BYTES + 3_000_000);
  });

  it("bytes that are no UTF-8", async () => {
    const body = Buffer.concat([Buffer.from('{"kind":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    const answer = await webhook.fetch("/mutate", { method: "POST", headers: json, body });
    expect(answer.status).toBe(400);
  });

  it("accepts a charset beside the type", async () => {
    const answer = await webhook.post("/mutate", podReview([SIGNED]), {
      "content-type": "application/json; charset=utf-8",
    });
    expect((await read(answer)).allowed).toBe(true);
  });

  it("other methods and other paths", async () => {
    const wrong = await webhook.fetch("/mutate");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await webhook.fetch("/mutate", { method: "PUT", body: "{}" })).status).toBe(405);
    expect((await webhook.fetch("/validate", { method: "OPTIONS" })).status).toBe(405);
    const nowhere = await webhook.fetch("/admin");
    expect(nowhere.status).toBe(404);
    expect(await nowhere.json()).toMatchObject({ code: "ERR_ROUTE", nextStep: expect.stringContaining("/mutate") });
    expect((await webhook.post("/mutate/../admin", {})).status).toBe(404);
  });
});

describe("a Pod of many containers", () => {
  it("of 200 is refused with the limit, and no registry is asked", async () => {
    const response = await read(
      await makeWebhook(noRegistry).post("/mutate?timeout=20s", podReview(new Array(200).fill(SIGNED))),
    );
    expect(response.allowed).toBe(false);
    expect(response.status.message).toContain(`200 images, expected at most ${MAX_IMAGES}`);
  });

  it("of as many as the limit names every one that fails", async () => {
    const images = Array.from({ length: MAX_IMAGES }, (_, index) => index % 2 === 0 ? SIGNED : UNSIGNED);
    const response = await read(await webhook.post("/mutate?timeout=20s", podReview(images)));
    expect(response.allowed).toBe(false);
    expect(response.status.details.causes).toHaveLength(MAX_IMAGES / 2);
    expect(response.status.details.causes[0].field).toBe("spec.containers[1].image");
  });
});

describe("the door", () => {
  const token = "correct-horse-battery-staple";
  const json = { "content-type": "application/json" };

  it("answers 401 without the token, whatever the body, and says nothing about what is loaded", async () => {
    const locked = makeWebhook(noRegistry, { door: createTokenDoor([token], createWebCryptoProvider()) });
    for (const headers of [json, { ...json, authorization: "Bearer wrong-wrong-wrong" }]) {
      for (const path of ["/mutate", "/validate"]) {
        const answer = await locked.post(path, podReview([SIGNED]), headers);
        expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
        expect(await answer.json()).toMatchObject({ code: "ERR_UNAUTHENTICATED", class: "misconfigured" });
      }
    }
    expect(await (await locked.fetch("/readyz")).json()).toEqual({ status: "ready" });
  });

  it("opens to the token", async () => {
    const locked = makeWebhook(registry, { door: createTokenDoor([token], createWebCryptoProvider()) });
    const headers = { ...json, authorization: `Bearer ${token}` };
    expect((await read(await locked.post("/mutate", podReview([SIGNED]), headers))).allowed).toBe(true);
    expect(await (await locked.fetch("/readyz", { headers })).json())
      .toEqual({ status: "ready", policies: ["check-image-notary"], problems: [], expiring: [] });
  });
});

describe("what a person sees", () => {
  it("/healthz lives, /readyz names what is loaded", async () => {
    expect((await webhook.fetch("/healthz")).status).toBe(200);
    expect((await webhook.fetch("/readyz")).status).toBe(200);
  });

  it("serves the page under a policy that runs nothing else, and nothing beside its files", async () => {
    const page = new Map([["index.html", Buffer.from("<!doctype html>")], ["main.js", Buffer.from("1")]]);
    const served = makeWebhook(noRegistry, { page });
    const answer = await served.fetch("/");
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).toMatch(/default-src 'none'; script-src 'self'/);
    expect(answer.headers.get("content-security-policy")).not.toMatch(/unsafe|\*/);
    expect((await served.fetch("/main.js")).headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    for (const path of ["/../package.json", "/%2e%2e/package.json", "/main.js/..%2f", "/constructor", "/index"]) {
      expect((await served.fetch(path)).status).toBe(404);
    }
  });

  it("says how to build a page that was not built, and serves none where none is wanted", async () => {
    expect(await (await makeWebhook(noRegistry, { page: new Map() }).fetch("/")).text()).toContain("npm run build");
    expect((await webhook.fetch("/")).status).toBe(404);
  });
});

describe("the log", () => {
  it("has one line per decision, without anything raw", async () => {
    const logged = makeWebhook(registry);
    const object = { ...podReview([UNSIGNED]).request.object, metadata: { name: "a\u001b[2Jb" } };
    await logged.post("/mutate", podReview([], { object, name: "a\u001b[2Jb" }));
    expect(logged.lines).toHaveLength(1);
    expect(logged.lines[0]).toMatchObject({
      event: "admission.decision",
      uid: "uid-1",
      phase: "mutate",
      allowed: false,
      name: "a\\x1b[2Jb",
      images: 1,
      codes: "SIGNATURE_MISSING",
    });
  });
});
