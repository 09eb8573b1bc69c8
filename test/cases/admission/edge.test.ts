import { describe, expect, it } from "vitest";
import { createWorker } from "../../../src/admission/edge.ts";
import type { LogLine, Ports } from "../../../src/ports.ts";
import { POLICY_BY_CONFIG_MAP } from "../../run/config_map_policy.ts";
import { podReview, SIGNED } from "./webhook.ts";
import { createWebPorts } from "../../../src/runtime/web.ts";

const TOKEN = "0123456789abcdef";

/** A worker with these variables, what it logged, and its answer to `GET /readyz`. */
async function ready(variables: Parameters<typeof createWorker>[0]) {
  const logged: LogLine[] = [];
  const ports: Ports = { ...createWebPorts({ write: () => {} }), log: (line) => void logged.push(line) };
  const response = await createWorker(variables, ports)(new Request("https://worker.example/readyz"));
  return { status: response.status, body: await response.json(), logged };
}

describe("a worker", () => {
  it("without policies in its variable is ready, and says nothing to who has no token", async () => {
    expect(await ready({ TOKEN, POLICIES: "", MIRRORS: "ghcr.io=https://m.example, docker.io=https://n.example" }))
      .toEqual({ status: 200, body: { status: "ready" }, logged: [] });
  });

  it.each([
    ["no token", { POLICIES: "" }, 'the variable "TOKEN" is missing'],
    ["a short token", { POLICIES: "", TOKEN: "short" }, "token 1 has 5 characters"],
    ["no policies", { TOKEN }, 'the variable "POLICIES" is missing'],
    ["a mirror without a URL", { TOKEN, POLICIES: "", MIRRORS: "ghcr.io" }, 'variable "MIRRORS": "ghcr.io": expected'],
    ["two mirrors for one host", { TOKEN, POLICIES: "", MIRRORS: "a=https://m a=https://n" }, "a host is named twice"],
    ["registries that are no JSON", { TOKEN, POLICIES: "", REGISTRIES: "{" }, 'variable "REGISTRIES": Cannot'],
    ["a CA, which the platform has no place for", {
      TOKEN,
      POLICIES: "",
      REGISTRIES: '{"r.example": {"certificateAuthority": "ca.pem"}}',
    }, '"r.example" has a "certificateAuthority", expected none'],
    ["a tenant without a store", { TOKEN, POLICIES: "", CACHE_TENANT: "blue" }, 'variable "CACHE" is missing'],
    ["an age that is none", { TOKEN, POLICIES: "", EVIDENCE_MAX_AGE: "soon" }, 'EVIDENCE_MAX_AGE is "soon"'],
    [
      "requests that are no number",
      { TOKEN, POLICIES: "", MAX_REQUESTS: "0" },
      'MAX_REQUESTS is "0", expected a whole',
    ],
    [
      "a style that is none",
      { TOKEN, POLICIES: "", MESSAGE_STYLE: "loud" },
      'MESSAGE_STYLE is "loud", expected one of',
    ],
    ["an answer that is none", { TOKEN, POLICIES: "", NO_MATCH: "refuse" }, 'NO_MATCH is "refuse", expected one of'],
    ["a mirror with a password", { TOKEN, POLICIES: "", MIRRORS: "a=https://u:p@m" }, "the URL has credentials"],
  ])("with %s answers 503 with the reason, and logs it", async (_, variables, reason) => {
    const { status, body, logged } = await ready(variables);
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: "ERR_CONFIG", message: expect.stringContaining(reason) });
    expect(logged).toMatchObject([{ event: "worker.configuration", code: "ERR_CONFIG" }]);
  });

  it("with resources that are none answers 503 with the line", async () => {
    const { status, body } = await ready({ TOKEN, POLICIES: "", RESOURCES: "a: 1\n" });
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: "ERR_RESOURCES", message: expect.stringContaining("RESOURCES:1:1") });
  });

  it("writes denials in the style it is told", async () => {
    const ports = createWebPorts({ write: () => {} });
    const variables = { TOKEN, POLICIES: POLICY_BY_CONFIG_MAP, RESOURCES: "", MESSAGE_STYLE: "explained" };
    const response = await createWorker(variables, ports)(
      new Request("https://worker.example/mutate", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify(podReview([SIGNED])),
      }),
    );
    const { response: answer } = await response.json() as { response: { status: { message: string } } };
    expect(answer.status.message).toContain("\n    answer      ERR_VARIABLE, misconfigured; a retry does not help\n");
  });

  it("refuses images that no rule is about, where it is told to", async () => {
    const ask = async (variables: Parameters<typeof createWorker>[0]) => {
      const all = { TOKEN, POLICIES: POLICY_BY_CONFIG_MAP, ...variables };
      const response = await createWorker(all, createWebPorts({ write: () => {} }))(
        new Request("https://worker.example/mutate", {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
          body: JSON.stringify(podReview(["docker.io/other:1"])),
        }),
      );
      return (await response.json() as { response: { allowed: boolean } }).response.allowed;
    };
    expect([await ask({}), await ask({ NO_MATCH: "deny" })]).toEqual([true, false]);
  });

  it("lets policies read its resources", async () => {
    const resources = "{apiVersion: v1, kind: ConfigMap, metadata: {name: other, namespace: trust}}";
    const variables = { TOKEN, POLICIES: POLICY_BY_CONFIG_MAP };
    const ask = async (more: Parameters<typeof createWorker>[0]) => {
      const ports = createWebPorts({ write: () => {} });
      const response = await createWorker({ ...variables, ...more }, ports)(
        new Request("https://worker.example/mutate", {
          method: "POST",
          headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
          body: JSON.stringify(podReview([SIGNED])),
        }),
      );
      return (await response.text()).replace(/(?:\s|\\n)+/g, " ");
    };
    expect(await ask({ RESOURCES: resources })).toContain('configmaps \\"keys\\" not found');
    expect(await ask({})).toContain("no cluster is known here");
  });

  describe("with PolicyExceptions", () => {
    const exception = JSON.stringify({
      apiVersion: "kyverno.io/v2",
      kind: "PolicyException",
      metadata: { name: "legacy", namespace: "exceptions" },
      spec: {
        match: { any: [{ resources: { kinds: ["Pod"] } }] },
        exceptions: [{ policyName: "check-image-notary", ruleNames: ["*"] }],
      },
    });
    const ask = async (variables: Parameters<typeof createWorker>[0]) => {
      const logged: LogLine[] = [];
      const ports: Ports = { ...createWebPorts({ write: () => {} }), log: (line) => void logged.push(line) };
      const request = new Request("https://worker.example/mutate", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify(podReview([SIGNED])),
      });
      const all = { TOKEN, POLICIES: POLICY_BY_CONFIG_MAP, ...variables };
      const { response } = await (await createWorker(all, ports)(request)).json() as { response: { allowed: boolean } };
      return { allowed: response.allowed, ignored: logged.filter(({ event }) => event === "exception.ignored") };
    };

    it.each(["exceptions", "*"])("heeds those of namespace %s, wherever they stand", async (namespace) => {
      const heeded = { EXCEPTION_NAMESPACE: namespace };
      expect(await ask({ ...heeded, EXCEPTIONS: exception })).toEqual({ allowed: true, ignored: [] });
      expect(await ask({ ...heeded, RESOURCES: exception })).toEqual({ allowed: true, ignored: [] });
      const together = `${POLICY_BY_CONFIG_MAP}\n---\n${exception}`;
      expect(await ask({ ...heeded, POLICIES: together })).toEqual({ allowed: true, ignored: [] });
    });

    it("heeds none without a namespace, or with another, and says so", async () => {
      for (const more of [{}, { EXCEPTION_NAMESPACE: "other" }]) {
        const { allowed, ignored } = await ask({ ...more, EXCEPTIONS: exception });
        expect(allowed).toBe(false);
        expect(ignored).toMatchObject([{ message: expect.stringContaining("EXCEPTIONS: legacy: ") }]);
        expect((await ask({ ...more, RESOURCES: exception })).allowed).toBe(false);
      }
    });
  });

  it("never shows a token, not even a wrong one", async () => {
    expect(JSON.stringify(await ready({ POLICIES: "", TOKEN: "hunter2" }))).not.toContain("hunter2");
  });
});
