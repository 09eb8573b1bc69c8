/** `serve`: the admission webhook, until Ctrl-C. */
import {
  createApp,
  createReporter,
  createTokenDoor,
  type Door,
  MAX_MAX_IN_FLIGHT,
  openDoor,
  parseTokens,
  readMaxAge,
  readMaxRequests,
  readMessageStyle,
  readNoMatch,
} from "../../admission/mod.ts";
import { decodeUtf8 } from "../../encoding/mod.ts";
import { DEFAULT_MAX_REQUESTS, SERVER_REQUESTS_IN_FLIGHT } from "../../http/mod.ts";
import { expiringCertificates, MESSAGE_STYLES, NO_MATCH_ANSWERS } from "../../policy/mod.ts";
import type { Host, Listener, ServeOptions } from "../../ports.ts";
import { CACHE_FLAGS, openCache } from "../cache.ts";
import { CLUSTER_FLAGS, openCluster } from "../cluster.ts";
import { defineCommand } from "../command.ts";
import { clusterExceptions, countingExceptions, EXCEPTION_FLAGS } from "../exceptions.ts";
import { DEMO_POLICY, DEMO_REGISTRY, EXAMPLES, startDemoRegistry } from "../demo.ts";
import { count, list, text, toggle, usage } from "../flags.ts";
import { DEFAULT_ADDRESS, isLoopback, type ListenAddress, parseListenAddress } from "../listen.ts";
import { readPolicies } from "../policies.ts";
import { ADDRESS_FLAGS, openRegistries } from "../registry.ts";
import { renderStartup } from "../render/startup.ts";
import { warn } from "../report.ts";
import { readReports, REPORT_FLAGS } from "../reports.ts";
import { openRevocation, REVOCATION_HOST_FLAG } from "../revocation.ts";

/** Bytes of a token, certificate or key file at most. */
const MAX_SECRET_FILE_BYTES = 1024 * 1024;

/** `edge-notary serve`. */
export const serve = defineCommand({
  name: "serve",
  use: "[flags]",
  short: "Serve the admission webhook and the inspection page",
  long: "Serve the admission webhook and the inspection page, until Ctrl-C\n\n" +
    "On any address but loopback it starts only with --token-file and without --demo.",
  examples: [
    { what: "Try it: fixture images in place of ghcr.io, the example policy", line: "edge-notary serve --demo" },
    {
      what: "Enforce the policies of a folder",
      line: "edge-notary serve --policy policies/ --listen 127.0.0.1:9443",
    },
    {
      what: "Serve a cluster",
      line: "edge-notary serve --policy policies/ --listen 0.0.0.0:9443 --tls-cert tls.crt --tls-key tls.key " +
        "--token-file token",
    },
  ],
  flags: {
    ...ADDRESS_FLAGS,
    ...REVOCATION_HOST_FLAG,
    ...CLUSTER_FLAGS,
    ...EXCEPTION_FLAGS,
    ...REPORT_FLAGS,
    ...CACHE_FLAGS,
    demo: toggle("serve the fixture images in place of ghcr.io and load the example policy"),
    "evidence-max-age": text("how long the facts of a verified signature are kept; 0 keeps none", "1h", {
      value: "DURATION",
    }),
    listen: text("where to listen", DEFAULT_ADDRESS, { value: "HOST:PORT" }),
    "max-in-flight": text("how many of these requests at the same time", `${SERVER_REQUESTS_IN_FLIGHT}`, {
      value: "N",
    }),
    "max-requests": text(
      "requests to registries and about revocation one decision may make",
      `${DEFAULT_MAX_REQUESTS}`,
      {
        value: "N",
      },
    ),
    "message-style": text(`how denials are written: ${MESSAGE_STYLES.join(", ")}`, "kyverno", { value: "STYLE" }),
    "no-match": text(`what becomes of images no rule is about: ${NO_MATCH_ANSWERS.join(", ")}`, "allow", {
      value: "ANSWER",
    }),
    policy: list("load this file, or every .yaml, .yml and .json file of this folder; may be repeated", {
      value: "FILE|DIR",
    }),
    port: count("listen on this port, whatever --listen says; 0 takes a free one", undefined),
    "tls-cert": text("certificate chain of the server, PEM", undefined, { value: "FILE" }),
    "tls-key": text("key of the server, PEM", undefined, { value: "FILE" }),
    "token-file": text("file of bearer tokens that may ask, one a line", undefined, { value: "FILE" }),
  },
  work: async ({ flags, operands }, { host }) => {
    if (operands.length > 0) throw usage(`${operands.length} arguments, expected none: policies are given by --policy`);
    const address = listenAddress(flags);
    requireSafe(address, flags);
    const messageStyle = readMessageStyle(flags["message-style"], "--message-style");
    const maxRequests = readMaxRequests(flags["max-requests"], "--max-requests");
    const maxInFlight = readMaxRequests(flags["max-in-flight"], "--max-in-flight", MAX_MAX_IN_FLIGHT);
    const noMatch = readNoMatch(flags["no-match"], "--no-match");
    const evidence = {
      maxAgeSeconds: readMaxAge(flags["evidence-max-age"], "--evidence-max-age"),
      settings: JSON.stringify([...flags["revocation-host"]].sort()),
    };
    if (!flags.demo && flags.policy.length === 0) throw usage("missing --policy FILE|DIR, or --demo to try it");
    const root = await host.packageFolder();
    const paths = flags.demo ? [`${root}/${DEMO_POLICY}`, ...flags.policy] : flags.policy;
    const { policies, problems, ...loaded } = await readPolicies(paths, host);
    const exceptions = countingExceptions(loaded.exceptions, flags, host);
    const cluster = await openCluster(flags, host);
    const exceptionSource = clusterExceptions(cluster?.port, flags, host);
    const tls = await readTls(flags["tls-cert"], flags["tls-key"], host);
    if (!isLoopback(address.host) && tls === undefined) {
      warn(host, "no --tls-cert: tokens and AdmissionReviews travel in the clear, and API servers ask only over HTTPS");
    }
    const door = await readDoor(flags["token-file"], host);
    const reports = await readReports(flags, cluster, host);
    const listeners: Pick<Listener, "close">[] = [];
    try {
      const registry = flags.demo ? await startDemoRegistry(host) : undefined;
      if (registry !== undefined) listeners.push(registry);
      const demoMirror = registry === undefined ? [] : [`${DEMO_REGISTRY}=${registry.url}`];
      const open = await openRegistries({ ...flags, mirror: [...demoMirror, ...flags.mirror] }, host);
      const revocation = await openRevocation(flags, host);
      const cache = await openCache(flags, host);
      listeners.push(cache);
      const ports = { ...host.ports, open, revocation, ...(cluster === undefined ? {} : { cluster: cluster.port }) };
      const app = createApp({
        policies,
        exceptions,
        ...(exceptionSource === undefined ? {} : { exceptionSource }),
        problems,
        ports,
        door,
        evidence,
        cache: cache.options,
        messageStyle,
        noMatch,
        maxRequests,
        maxInFlight,
        ...(reports === undefined ? {} : { report: createReporter(reports, host.ports) }),
        page: await host.page(),
      });
      const stop = host.interruption();
      const webhook = await host.serve((request) => app.fetch(request), {
        ...address,
        ...(tls === undefined ? {} : { tls }),
      });
      listeners.push(webhook);
      host.writeOut(renderStartup({
        url: webhook.url,
        policies,
        exceptions,
        problems,
        expiring: expiringCertificates(policies, host.ports.now()),
        examples: `${root}/${EXAMPLES}`,
        ...(cluster === undefined ? {} : { cluster: cluster.name }),
        ...(cache.store === undefined ? {} : { store: cache.store }),
        ...(registry === undefined ? {} : { registry: { name: DEMO_REGISTRY, url: registry.url } }),
        ...(flags["token-file"] === undefined ? {} : { tokenFile: flags["token-file"] }),
        ...(flags["tls-cert"] === undefined ? {} : { tlsCertificateFile: flags["tls-cert"] }),
      }));
      await aborted(stop);
      host.writeOut("Stopping: requests under way are answered first.\n");
      return 0;
    } finally {
      await Promise.all(listeners.map((listener) => listener.close()));
    }
  },
});

function listenAddress(
  { listen, port }: { readonly listen: string; readonly port: number | undefined },
): ListenAddress {
  const address = parseListenAddress(listen);
  if (port === undefined) return address;
  if (port < 0 || port > 65_535) throw usage(`port value ${port} must be between 0 and 65535`);
  return { ...address, port };
}

/** What other machines reach must not trust the demo's key, which is nobody's, nor answer to everyone. */
function requireSafe(
  { host }: ListenAddress,
  flags: { readonly demo: boolean; readonly "token-file": string | undefined },
): void {
  if (isLoopback(host)) return;
  const refuse = (what: string) => usage(`refusing to listen on "${host}", which other machines reach, ${what}`);
  if (flags.demo) throw refuse("with --demo: its policy trusts the fixtures' signer; give --policy");
  if (flags["token-file"] === undefined) throw refuse("without --token-file: anyone could ask");
}

async function readTls(
  certificate: string | undefined,
  key: string | undefined,
  host: Host,
): Promise<ServeOptions["tls"]> {
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate === undefined || key === undefined) throw usage("--tls-cert and --tls-key must be given together");
  return { certificate: await readText(certificate, host), key: await readText(key, host) };
}

async function readDoor(tokenFile: string | undefined, host: Host): Promise<Door> {
  if (tokenFile === undefined) return openDoor;
  return createTokenDoor(parseTokens(await readText(tokenFile, host), tokenFile), host.ports.crypto);
}

async function readText(path: string, { files }: Host): Promise<string> {
  return decodeUtf8(await files.read(path, MAX_SECRET_FILE_BYTES), "ERR_FILE");
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
