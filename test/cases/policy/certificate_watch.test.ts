import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createResourcesCluster, expiringCertificates, EXPIRY_WARNING_DAYS } from "../../../src/policy/mod.ts";
import { renderStartup } from "../../../src/cli/render/startup.ts";
import { certificate, load, type PolicyChanges, policyDocument, trusting } from "./policies.ts";
import { createRequest } from "./requests.ts";
import { ask, createWorld, crypto, NOW } from "./world.ts";

/** When a certificate of the fixtures ends, as Node reads it. */
const endOf = (name: string) => new Date(new X509Certificate(certificate(name)).validTo);
const daysBefore = (end: Date, days: number) => new Date(end.getTime() - days * 86_400_000);
const attestors = (...entries: readonly unknown[]): PolicyChanges => ({ verify: { attestors: [{ entries }] } });

const END = endOf("fixture-signer");

describe("expiringCertificates()", () => {
  it.each([
    [EXPIRY_WARNING_DAYS + 1, 0],
    [EXPIRY_WARNING_DAYS, 1],
    [0, 1],
    [-400, 1],
  ])("%i days before the end of a certificate names %i", async (days, count) => {
    const policies = await load(policyDocument());
    expect(expiringCertificates(policies, daysBefore(END, days))).toEqual(
      count === 0 ? [] : [{ policy: "check-image-notary", subject: expect.stringContaining("CN="), notAfter: END }],
    );
  });

  it("finds those of nested attestors, chains and attestations, each once, the first to end first", async () => {
    const nested = { attestor: { entries: [trusting("p-256-self"), trusting("p-384-self")] } };
    const chain = { certificates: { certChain: certificate("release-root") + certificate("release-intermediate") } };
    const attestations = [{
      type: "sbom/x",
      attestors: [{ entries: [trusting("rsa-2048-self"), trusting("p-256-self")] }],
    }];
    const changes = { verify: { attestors: [{ entries: [nested, chain] }], attestations } };
    const policies = await load(policyDocument(changes));
    const found = expiringCertificates(policies, new Date("2999-01-01T00:00:00Z"));
    const names = ["p-256-self", "p-384-self", "release-root", "release-intermediate", "rsa-2048-self"];
    const ends = names.map(endOf).sort((one, other) => one.getTime() - other.getTime());
    expect(found.map(({ notAfter }) => notAfter)).toEqual(ends);
  });

  it("finds those of a ConfigMap once they were read", async () => {
    const context = [{ name: "keys", configMap: { name: "keys", namespace: "default" } }];
    const entry = { certificates: { cert: "{{ keys.data.certificate }}" } };
    const policies = await load(policyDocument({
      ...attestors(entry),
      rule: {
        context,
        verifyImages: [{
          type: "Notary",
          imageReferences: ["ghcr.io/kyverno/test-verify-image*"],
          attestors: [{ entries: [entry] }],
        }],
      },
    }));
    const at = daysBefore(END, 1);
    expect(expiringCertificates(policies, at)).toEqual([]);
    const keys = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "keys", namespace: "default" } };
    const text = JSON.stringify({ ...keys, data: { certificate: certificate("fixture-signer") } });
    const world = await createWorld();
    const ports = {
      open: world.open,
      crypto,
      now: () => NOW,
      cluster: createResourcesCluster([{ source: "k", text }]),
    };
    expect((await ask(world, policies, createRequest(), { ports })).allowed).toBe(true);
    expect(expiringCertificates(policies, at)).toMatchObject([{ notAfter: END }]);
  });

  it("names a namespaced policy with its namespace", async () => {
    const policy = { apiVersion: "kyverno.io/v1", kind: "Policy", metadata: { namespace: "team" } };
    expect(expiringCertificates(await load(policyDocument(policy)), END)[0]?.policy).toBe("team/check-image-notary");
  });
});

describe("renderStartup()", () => {
  const start = { url: "http://127.0.0.1:9443", problems: [], examples: "examples" };
  it("names certificates that end soon, and says nothing where none does", async () => {
    const policies = await load(policyDocument());
    const said = renderStartup({ ...start, policies, expiring: expiringCertificates(policies, daysBefore(END, 3)) });
    expect(said).toContain("Certificates that end within 30 days: 1\n  check-image-notary: CN=");
    expect(said).toContain(` is valid until ${END.toISOString()}\n`);
    expect(renderStartup({ ...start, policies, expiring: [] })).not.toContain("Certificates that end");
  });
});
