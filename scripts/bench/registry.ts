/**
 * Times what nothing is known of: one image by tag and a Pod of ten images of one repository, through a proxy that
 * holds every answer, before a real registry; and the real notation beside it. Prints one line of JSON.
 *
 * `npx tsx scripts/bench/registry.ts`; needs the built `dist/` and, for registry and notation, Go (`npm run peers`).
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createColdWebhook, pushSignedImages, SIGNER_CERTIFICATE, verifyCold } from "../../test/peers/cold.ts";
import { type CountingProxy, countRounds, startCountingProxy } from "../../test/peers/counting_proxy.ts";
import { startRegistry } from "../../test/peers/registries.ts";
import { mustRun } from "../../test/peers/tools.ts";
import { peerPaths } from "../peers.ts";

/** How long the proxy holds every answer. */
const HOLD_MILLISECONDS = 50;
/** Times each question is asked, in turn; the median counts. */
const RUNS = 11;
/** Times each is asked before, without holding anything, so that the program runs as it does after a while. */
const WARM_UP_RUNS = 10;
const REPOSITORY = "ten";

/** What one question costs. */
interface Cost {
  readonly milliseconds: number;
  readonly rounds: number;
  readonly requests: number;
}

type Question = (host: string) => Promise<void>;

const folder = mkdtempSync(join(tmpdir(), "edge-notary-bench-"));
const registry = await startRegistry("olareg");
const proxies: CountingProxy[] = [];
try {
  const images = await pushSignedImages(registry, REPOSITORY, 10);
  const port = Number(registry.host.split(":")[1]);
  const environment = notationEnvironment();

  const questions: Readonly<Record<string, Question>> = {
    one: async (host) => expect(await verifyCold(`${host}/${REPOSITORY}:1`) === "verified"),
    pod: async (host) => {
      const { allowed, message } = await createColdWebhook()(images.map(({ tag }) => `${host}/${REPOSITORY}:${tag}`));
      expect(allowed, message);
    },
    ourCommand: async (host) => {
      const args = ["dist/edge-notary.js", "verify", "--insecure-registry", "--cert", SIGNER_CERTIFICATE];
      await mustRun(process.execPath, [...args, `${host}/${REPOSITORY}:1`], { environment });
    },
    notation: async (host) => {
      await mustRun(peerPaths().notation, ["verify", "--insecure-registry", `${host}/${REPOSITORY}:1`], {
        environment,
      });
    },
  };

  const open = async (holdMilliseconds: number) => {
    const proxy = await startCountingProxy(port, { holdMilliseconds });
    proxies.push(proxy);
    return proxy;
  };
  const unheld = await open(0);
  for (const name of ["one", "pod"]) {
    for (let run = 0; run < WARM_UP_RUNS; run++) await questions[name]?.(unheld.host);
  }
  const costs: Record<string, Cost[]> = {};
  for (let run = 0; run < RUNS; run++) {
    for (const [name, ask] of Object.entries(questions)) {
      // A port of its own: not even a connection is there yet.
      const proxy = await open(HOLD_MILLISECONDS);
      const started = performance.now();
      await ask(proxy.host);
      const milliseconds = performance.now() - started;
      const { requests } = proxy;
      (costs[name] ??= []).push({ milliseconds, rounds: countRounds(requests), requests: requests.length });
    }
  }
  const figures = Object.fromEntries(Object.entries(costs).map(([name, all]) => [name, medianCost(all)]));
  console.log(JSON.stringify({ holdMilliseconds: HOLD_MILLISECONDS, ...figures }));
} finally {
  for (const proxy of proxies) await proxy.close();
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
}

function expect(holds: boolean, why = "expected the image to verify"): void {
  if (!holds) throw new Error(why);
}

/** The run in the middle, by its time. */
function medianCost(costs: readonly Cost[]): Cost | undefined {
  return [...costs].sort((one, other) => one.milliseconds - other.milliseconds)[Math.floor(costs.length / 2)];
}

/** Nobody's home, and a notation configuration that trusts the signer. */
function notationEnvironment(): Readonly<Record<string, string>> {
  const store = join(folder, "truststore", "x509", "ca", "fixtures");
  mkdirSync(store, { recursive: true });
  cpSync(SIGNER_CERTIFICATE, join(store, "signer.pem"));
  const statement = {
    name: "fixtures",
    registryScopes: ["*"],
    signatureVerification: { level: "strict" },
    trustStores: ["ca:fixtures"],
    trustedIdentities: ["*"],
  };
  writeFileSync(join(folder, "trustpolicy.json"), JSON.stringify({ version: "1.0", trustPolicies: [statement] }));
  return { HOME: folder, XDG_CONFIG_HOME: folder, DOCKER_CONFIG: folder, NOTATION_CONFIG: folder };
}
