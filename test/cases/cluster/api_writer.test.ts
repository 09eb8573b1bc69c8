/** Objects are written by server-side apply: one request, which says whose the fields are. */
import { describe, expect, it } from "vitest";
import { MAX_WRITTEN_BYTES } from "../../../src/cluster/api_writer.ts";
import { createApiServerWriter } from "../../../src/cluster/mod.ts";
import { type FakeAnswer, type FakeApi, fakeApi, json, NOT_FOUND, status } from "./fake_api.ts";

const signal = AbortSignal.timeout(60_000);
const REPORT = {
  apiVersion: "wgpolicyk8s.io/v1alpha2",
  kind: "PolicyReport",
  metadata: { name: "edge-notary-u", namespace: "team-a" },
  results: [{ policy: "p", message: "ä" }],
};
const KINDS = {
  kind: "APIResourceList",
  resources: [
    { name: "policyreports", kind: "PolicyReport", namespaced: true },
    { name: "clusterpolicyreports", kind: "ClusterPolicyReport", namespaced: false },
  ],
};
const GROUP = "/apis/wgpolicyk8s.io/v1alpha2";
const PATH = `${GROUP}/namespaces/team-a/policyreports/edge-notary-u?fieldManager=edge-notary&force=true`;

/** An API server that knows reports. */
const serverOf = (answer: (index: number) => FakeAnswer): FakeApi => {
  let written = 0;
  return fakeApi((path) => path === GROUP ? json(KINDS) : answer(written++));
};
const write = ({ access, ports }: FakeApi, object: Parameters<ReturnType<typeof createApiServerWriter>["apply"]>[0]) =>
  createApiServerWriter(access, ports).apply(object, { signal });

describe("apply()", () => {
  it.each([[201, "makes"], [200, "replaces"]])("takes %s: the server %s it", async (code) => {
    const api = serverOf(() => json(REPORT, code));
    await write(api, REPORT);
    expect(api.asked).toEqual([GROUP, PATH]);
    const { method, headers, body } = api.requests[1]?.init ?? {};
    expect(method).toBe("PATCH");
    expect(headers).toEqual({
      accept: "application/json",
      authorization: "Bearer secret-token",
      "content-type": "application/apply-patch+yaml",
    });
    expect(JSON.parse(new TextDecoder().decode(body as Uint8Array))).toEqual(REPORT);
  });

  it("writes what is in no namespace beside all namespaces", async () => {
    const api = serverOf(() => json(REPORT));
    await write(api, { ...REPORT, kind: "ClusterPolicyReport", metadata: { name: "edge-notary-u" } });
    expect(api.asked[1]).toBe(`${GROUP}/clusterpolicyreports/edge-notary-u?fieldManager=edge-notary&force=true`);
  });

  it.each([409, 429, 503])("tries once more after %s, and the same", async (code) => {
    const once = serverOf((index) => index === 0 ? status(code, "Conflict", "try again") : json(REPORT));
    await write(once, REPORT);
    expect(once.asked).toEqual([GROUP, PATH, PATH]);
    const always = serverOf(() => status(code, "Conflict", "the object has been modified"));
    await expect(write(always, REPORT)).rejects.toMatchObject({
      code: "ERR_CLUSTER",
      message: 'Cannot write the PolicyReport "team-a/edge-notary-u": https://api.example:6443 answered with HTTP ' +
        `status ${code}: the object has been modified`,
    });
    expect(always.asked).toEqual([GROUP, PATH, PATH]);
  });

  it.each<[string, () => FakeAnswer, string]>([
    ["may not", () => status(403, "Forbidden", 'cannot patch resource "policyreports"'), "ERR_CLUSTER_FORBIDDEN"],
    ["is not known", () => status(401, "Unauthorized", "Unauthorized"), "ERR_CLUSTER_FORBIDDEN"],
    ["writes into no namespace there is", () => NOT_FOUND(), "ERR_CLUSTER_KIND"],
    ["asks what does not answer", () => Promise.reject(new TypeError("fetch failed")), "ERR_CLUSTER"],
    ["is led astray", () => new Response(null, { status: 302, headers: { location: "https://evil" } }), "ERR_CLUSTER"],
    ["asks what accepts and answers a page", () => new Response("<p>", { status: 200 }), "ERR_CLUSTER"],
  ])("throws when it %s", async (_, answer, code) => {
    await expect(write(serverOf(answer), REPORT)).rejects.toMatchObject({ code });
  });

  it("names a kind that the cluster does not have", async () => {
    const api = fakeApi(() => NOT_FOUND());
    await expect(write(api, REPORT)).rejects.toMatchObject({
      code: "ERR_CLUSTER_KIND",
      message: expect.stringContaining("https://api.example:6443 has no wgpolicyk8s.io/v1alpha2 PolicyReport"),
    });
    expect(api.asked).toEqual([GROUP]);
  });

  it.each([
    [{ ...REPORT, metadata: { ...REPORT.metadata, name: "../../secrets/a" } }, "ERR_CLUSTER_PATH"],
    [{ ...REPORT, metadata: { ...REPORT.metadata, namespace: "a/b" } }, "ERR_CLUSTER_PATH"],
    [{ ...REPORT, metadata: { name: "a" } }, "ERR_CLUSTER_PATH"],
    [{ ...REPORT, kind: "ClusterPolicyReport" }, "ERR_CLUSTER_PATH"],
    [{ ...REPORT, results: [{ message: "x".repeat(MAX_WRITTEN_BYTES) }] }, "ERR_TOO_LARGE"],
  ])("writes nothing of what has no place: %#", async (object, code) => {
    const api = serverOf(() => expect.unreachable());
    await expect(write(api, object)).rejects.toMatchObject({ code });
  });
});
