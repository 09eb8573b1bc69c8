/** How many requests a cold verification costs, and how many of them wait for another: counted before real registries. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { createWebCryptoProvider } from "../../src/crypto/mod.ts";
import { createArtifactView, STRICT, verifyArtifact } from "../../src/notary/mod.ts";
import { createRegistryClient, type OpenRepository, parseReference } from "../../src/oci/mod.ts";
import { createNodeHost } from "../../src/runtime/node.ts";
import { parseCertificates } from "../../src/x509/mod.ts";
import { describeIf } from "../run/requirements.ts";
import { loadLayout } from "./content.ts";
import { type CountingProxy, countRounds, startCountingProxy } from "./counting_proxy.ts";
import { type Registry, type RegistryKind, startRegistry } from "./registries.ts";
import { mustRun } from "./tools.ts";

const REPOSITORY = "kyverno/test-verify-image";
/** A repository of several images by the same signer. */
const OTHER = "metadata";
const OTHER_TAG = "jws";
const certificateFile = "test/fixtures/keys/fixture-signer.crt.pem";
const trust = {
  name: "fixture signer",
  level: STRICT,
  trustAnchors: { ca: parseCertificates(new Uint8Array(readFileSync(certificateFile))), signingAuthority: [] },
};

/** A client that has seen nothing yet verifies one reference. */
async function verifyCold(text: string): Promise<string> {
  return await verifyWith(createClient(), text);
}

const crypto = createWebCryptoProvider();
const { ports } = createNodeHost();
const createClient = (): OpenRepository => createRegistryClient({ ...ports, crypto });

async function verifyWith(open: OpenRepository, text: string): Promise<string> {
  const signal = AbortSignal.timeout(20_000);
  const view = createArtifactView({ open, crypto, now: ports.now }, { signal });
  const outcome = await verifyArtifact(parseReference(text), trust, view, {});
  return outcome.verdict;
}

describeIf("peers", "rounds and requests of a cold verification", () => {
  const running: { registry: Registry; proxy: CountingProxy }[] = [];
  const proxies = new Map<RegistryKind, CountingProxy>();
  let digest: string;
  let otherDigest: string;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "edge-notary-rounds-"));
    for (const kind of ["olareg", "distribution"] as const) {
      const registry = await startRegistry(kind);
      await loadLayout(registry, REPOSITORY, "test/fixtures/layouts/test-verify-image");
      await loadLayout(registry, OTHER, "test/fixtures/layouts/metadata");
      const proxy = await startCountingProxy(Number(registry.host.split(":")[1]));
      running.push({ registry, proxy });
      proxies.set(kind, proxy);
    }
    const images: readonly { repository: string; tag: string; digest: string }[] = JSON.parse(
      readFileSync("test/fixtures/images.json", "utf8"),
    );
    const digestOf = (name: string) => images.find((row) => `${row.repository}:${row.tag}` === name)?.digest ?? "";
    digest = digestOf(`ghcr.io/${REPOSITORY}:signed`);
    otherDigest = digestOf(`registry.example/${OTHER}:${OTHER_TAG}`);
  });
  afterAll(async () => {
    for (const { registry, proxy } of running) {
      await proxy.close();
      await registry.stop();
    }
    rmSync(folder, { recursive: true, force: true });
  });

  // While it is unknown whether the registry has the referrers API, its tag is asked beside it: one request more, no round.
  it.each(
    [
      { kind: "olareg", form: "digest", rounds: 3, requests: 5 },
      { kind: "olareg", form: "tag", rounds: 4, requests: 5 },
      { kind: "distribution", form: "digest", rounds: 3, requests: 5 },
      { kind: "distribution", form: "tag", rounds: 4, requests: 5 },
    ] as const,
  )("$kind, by $form: $rounds rounds, $requests requests", async ({ kind, form, rounds, requests }) => {
    const proxy = proxies.get(kind) as CountingProxy;
    proxy.reset();
    const suffix = form === "tag" ? ":signed" : `@${digest}`;
    expect(await verifyCold(`${proxy.host}/${REPOSITORY}${suffix}`)).toBe("verified");
    const seen = proxy.requests.map(({ method, path, status }) => `${method} ${path} ${status}`);
    expect(seen, seen.join("\n")).toHaveLength(requests);
    expect(countRounds(proxy.requests), seen.join("\n")).toBe(rounds);
  });

  it.each(
    [
      { kind: "olareg", form: "digest", rounds: 3 },
      { kind: "olareg", form: "tag", rounds: 4 },
      { kind: "distribution", form: "digest", rounds: 3 },
      { kind: "distribution", form: "tag", rounds: 4 },
    ] as const,
  )("$kind, by $form, once it is known whether there is a referrers API: $rounds rounds, 4 requests", async (row) => {
    const proxy = proxies.get(row.kind) as CountingProxy;
    const open = createClient();
    // The client has seen another image of this repository, and nothing of the one it is asked about.
    expect(await verifyWith(open, `${proxy.host}/${OTHER}:cose`)).toBe("verified");
    proxy.reset();
    const suffix = row.form === "tag" ? `:${OTHER_TAG}` : `@${otherDigest}`;
    expect(await verifyWith(open, `${proxy.host}/${OTHER}${suffix}`)).toBe("verified");
    const seen = proxy.requests.map(({ method, path, status }) => `${method} ${path} ${status}`);
    expect(seen, seen.join("\n")).toHaveLength(4);
    expect(countRounds(proxy.requests), seen.join("\n")).toBe(row.rounds);
  });

  it("is fewer rounds than the real notation's", async () => {
    const proxy = proxies.get("olareg") as CountingProxy;
    const config = join(folder, "notation");
    mkdirSync(join(config, "truststore/x509/ca/fixture"), { recursive: true });
    writeFileSync(join(config, "truststore/x509/ca/fixture/signer.pem"), readFileSync(certificateFile));
    writeFileSync(
      join(config, "trustpolicy.json"),
      JSON.stringify({
        version: "1.0",
        trustPolicies: [{
          name: "fixture",
          registryScopes: ["*"],
          signatureVerification: { level: "strict" },
          trustStores: ["ca:fixture"],
          trustedIdentities: ["*"],
        }],
      }),
    );
    proxy.reset();
    const reference = `${proxy.host}/${REPOSITORY}@${digest}`;
    const environment = { NOTATION_CONFIG: config, HOME: folder };
    const said = await mustRun(peerPaths().notation, ["verify", "--insecure-registry", reference], { environment });
    expect(said).toContain("Successfully verified signature");
    expect(countRounds(proxy.requests)).toBe(5);
  });
});
