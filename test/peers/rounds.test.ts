/**
 * How many requests a cold verification costs, and how many of them wait for another: counted before real registries.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { SERVER_REQUESTS_IN_FLIGHT } from "../../src/http/mod.ts";
import { describeIf } from "../run/requirements.ts";
import {
  createClient,
  createColdWebhook,
  pushSignedImages,
  type SignedImage,
  SIGNER_CERTIFICATE,
  verifyCold,
  verifyWith,
} from "./cold.ts";
import { loadLayout } from "./content.ts";
import { type CountingProxy, countRounds, type ProxyOptions, startCountingProxy } from "./counting_proxy.ts";
import { ALL_REGISTRY_KINDS, type Registry, type RegistryKind, startRegistry } from "./registries.ts";
import { mustRun } from "./tools.ts";

const REPOSITORY = "kyverno/test-verify-image";
/** A repository of several images by the same signer. */
const OTHER = "metadata";
const OTHER_TAG = "jws";
/** Ten images of one repository. */
const TEN = "ten";
/**
 * Where ten are on their way at once, what a registry and a busy machine take must not add up to another round; four
 * such rounds must end while the tags are believed, which is 2 s.
 */
const LONG_HOLD_MILLISECONDS = 400;

describeIf("registries", "rounds and requests of a cold verification", () => {
  const registries: Registry[] = [];
  const opened: CountingProxy[] = [];
  const proxies = new Map<RegistryKind, CountingProxy>();
  let digest: string;
  let otherDigest: string;
  let folder: string;
  const ten = new Map<RegistryKind, readonly SignedImage[]>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "edge-notary-rounds-"));
    for (const kind of ALL_REGISTRY_KINDS) {
      const registry = await startRegistry(kind);
      await loadLayout(registry, REPOSITORY, "test/fixtures/layouts/test-verify-image");
      await loadLayout(registry, OTHER, "test/fixtures/layouts/metadata");
      ten.set(kind, await pushSignedImages(registry, TEN, 10));
      registries.push(registry);
      proxies.set(kind, await openProxy(kind));
    }
    const images: readonly { repository: string; tag: string; digest: string }[] = JSON.parse(
      readFileSync("test/fixtures/images.json", "utf8"),
    );
    const digestOf = (name: string) => images.find((row) => `${row.repository}:${row.tag}` === name)?.digest ?? "";
    digest = digestOf(`ghcr.io/${REPOSITORY}:signed`);
    otherDigest = digestOf(`registry.example/${OTHER}:${OTHER_TAG}`);
  });
  afterAll(async () => {
    for (const proxy of opened) await proxy.close();
    for (const registry of registries) await registry.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function openProxy(kind: RegistryKind, options: ProxyOptions = {}): Promise<CountingProxy> {
    const { host } = registries.find((registry) => registry.kind === kind) as Registry;
    const proxy = await startCountingProxy(Number(host.split(":")[1]), options);
    opened.push(proxy);
    return proxy;
  }

  // While it is unknown whether the registry has the referrers API, its tag is asked beside it: one request more, no
  // round.
  it.each(
    [
      { kind: "olareg", form: "digest", rounds: 3, requests: 5 },
      { kind: "olareg", form: "tag", rounds: 4, requests: 5 },
      { kind: "distribution", form: "digest", rounds: 3, requests: 5 },
      { kind: "distribution", form: "tag", rounds: 4, requests: 5 },
      { kind: "docker-registry", form: "digest", rounds: 3, requests: 5 },
      { kind: "docker-registry", form: "tag", rounds: 4, requests: 5 },
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
      { kind: "docker-registry", form: "digest", rounds: 3 },
      { kind: "docker-registry", form: "tag", rounds: 4 },
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

  it.each(ALL_REGISTRY_KINDS.flatMap((kind) => [{ kind, form: "tag" }, { kind, form: "digest" }] as const))(
    "$kind, by $form: a Pod of ten images of one repository takes no more rounds than one, and none at once again",
    async ({ kind, form }) => {
      const proxy = await openProxy(kind, { holdMilliseconds: LONG_HOLD_MILLISECONDS });
      const admit = createColdWebhook();
      const pod = (ten.get(kind) ?? []).map((image) =>
        `${proxy.host}/${TEN}${form === "tag" ? `:${image.tag}` : `@${image.digest}`}`
      );
      expect(await admit(pod)).toEqual({ allowed: true, message: "" });
      const seen = proxy.requests.map(({ method, path, status }) => `${method} ${path} ${status}`);
      expect(countRounds(proxy.requests), seen.join("\n")).toBeLessThanOrEqual(4);
      // Nothing is asked twice; as with one image, one request of the five is for what is not known of the registry.
      expect([seen.length, new Set(seen).size]).toEqual([50, 50]);
      expect(proxy.mostAtOnce).toBeLessThanOrEqual(SERVER_REQUESTS_IN_FLIGHT);
      // The API server validates what was mutated right afterwards: everything is known by then.
      proxy.reset();
      expect(await admit(pod)).toEqual({ allowed: true, message: "" });
      expect(proxy.requests).toEqual([]);
    },
  );

  it.each(
    [
      { form: "digest", rounds: 5 },
      { form: "tag", rounds: 6 },
    ] as const,
  )("an anonymous token, by $form: two rounds more, once for the repository", async ({ form, rounds }) => {
    const proxy = await openProxy("olareg", { bearer: true });
    const open = createClient();
    const [first, second] = ten.get("olareg") ?? [];
    const name = (image: SignedImage | undefined) =>
      `${proxy.host}/${TEN}${form === "tag" ? `:${image?.tag}` : `@${image?.digest}`}`;
    expect(await verifyWith(open, name(first))).toBe("verified");
    const tokens = () => proxy.requests.filter(({ path }) => path.startsWith("/token"));
    expect([countRounds(proxy.requests), tokens().length]).toEqual([rounds, 1]);
    proxy.reset();
    expect(await verifyWith(open, name(second))).toBe("verified");
    expect([countRounds(proxy.requests), proxy.requests.length, tokens().length]).toEqual([rounds - 2, 4, 0]);
  });

  it("one anonymous token does for a Pod of ten images", async () => {
    const proxy = await openProxy("olareg", { bearer: true, holdMilliseconds: LONG_HOLD_MILLISECONDS });
    const pod = (ten.get("olareg") ?? []).map(({ tag }) => `${proxy.host}/${TEN}:${tag}`);
    expect(await createColdWebhook()(pod)).toEqual({ allowed: true, message: "" });
    expect(proxy.requests.filter(({ path }) => path.startsWith("/token"))).toHaveLength(1);
    expect(countRounds(proxy.requests)).toBeLessThanOrEqual(6);
  });

  it("is fewer rounds than the real notation's", async () => {
    const proxy = proxies.get("olareg") as CountingProxy;
    const config = join(folder, "notation");
    mkdirSync(join(config, "truststore/x509/ca/fixture"), { recursive: true });
    writeFileSync(join(config, "truststore/x509/ca/fixture/signer.pem"), readFileSync(SIGNER_CERTIFICATE));
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
