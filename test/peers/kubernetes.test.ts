/** Kubernetes' own libraries about the same label selectors, kinds and kubeconfigs. */
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import { guessPlural, KINDS } from "../../src/cluster/kinds.ts";
import { parseLabelSelector, selectsLabels } from "../../src/cluster/label_selector.ts";
import { readKubeconfig } from "../../src/cluster/mod.ts";
import { createFiles } from "../cases/cli/memory_files.ts";
import { describeIf } from "../run/requirements.ts";
import { makeTlsFamily } from "../run/tls.ts";
import { expectSame } from "./deviations.ts";

interface Answer {
  readonly error?: string;
  readonly selected?: boolean;
  readonly plural?: string;
  readonly server?: string;
  readonly authorization?: string;
  readonly authorities?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly serverName?: string;
}

function askKubernetes(questions: readonly unknown[]): readonly Answer[] {
  const { stdout, stderr, status } = spawnSync(peerPaths().kubernetes, {
    input: questions.map((question) => JSON.stringify(question)).join("\n"),
    encoding: "utf8",
    maxBuffer: 1 << 26,
    timeout: 60_000,
  });
  expect(status, stderr).toBe(0);
  return stdout.trim().split("\n").map((line) => JSON.parse(line) as Answer);
}

/** "refused", or whether the labels are selected. */
function select(selector: string, labels: Readonly<Record<string, string>>): boolean | "refused" {
  try {
    return selectsLabels(parseLabelSelector(selector), labels);
  } catch {
    return "refused";
  }
}

describeIf("kubernetes", "label selectors", () => {
  const key = fc.constantFrom("app", "tier", "a.b/c", "size", "in", "notin", "exists", "x_y", "A", "A/b", "-a", "a/");
  const value = fc.constantFrom("web", "db", "1", "10", "-1", "007", "", "a.b", "in", "x-", "ü", "9".repeat(18));
  const space = fc.constantFrom("", "", " ", "  ", "\t");
  const operator = fc.constantFrom("=", "==", "!=", ">", "<", " in ", " notin ", "in", "notin", "=>", "!");
  const set = fc.array(fc.tuple(space, value, space).map((parts) => parts.join("")), { maxLength: 3 })
    .map((values) => `(${values.join(",")})`);
  const part = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(space, key, space, operator, space, fc.oneof(value, set), space) },
    { weight: 2, arbitrary: fc.tuple(space, fc.constantFrom("", "!"), space, key, space) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom("(", ")", ",", "!", "=", "<", "a", " ", "in"), { maxLength: 6 }) },
  ).map((parts) => (parts as readonly string[]).join(""));
  const selector = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(","));
  const labels = fc.dictionary(
    fc.constantFrom("app", "tier", "a.b/c", "size", "in", "x_y"),
    fc.constantFrom("web", "db", "1", "10", "007", ""),
  );

  it("mean the same, and are refused alike, in 5000 cases", () => {
    const cases = fc.sample(fc.record({ selector, labels }), { numRuns: 5_000, seed: 6 });
    const theirs = askKubernetes(cases);
    const ours = cases.map((one) => select(one.selector, one.labels));
    const differences = cases.flatMap((one, index) => {
      const { error, selected = false } = theirs[index] ?? {};
      const their = error === undefined ? selected : "refused";
      // Listed as "selector-empty-values", below.
      if (/,\s*,\s*\)/.test(one.selector)) return [];
      return ours[index] === their ? [] : [{ ...one, ours: ours[index], their, error }];
    });
    expect(differences.slice(0, 20)).toEqual([]);
    // The sample has something of everything.
    for (const found of [true, false, "refused"] as const) {
      expect(ours.filter((one) => one === found).length).toBeGreaterThan(200);
    }
  });

  it.each([
    ["size>1234567890123456788", "selector-by-size"],
    ["size in (1,,)", "selector-empty-values"],
    ["size in (1,,,)", undefined],
  ])("differ where it is listed: %s", (text, deviation) => {
    const labels = { size: "1234567890123456789" };
    const [their] = askKubernetes([{ selector: text, labels }]);
    const theirs = their?.error === undefined ? their?.selected ?? false : "refused";
    expectSame(select(text, labels), theirs, deviation, text);
  });
});

describeIf("kubernetes", "what kinds are called in paths", () => {
  it("is guessed alike", () => {
    const kinds = [
      ...new Set(KINDS.map(({ kind }) => kind)),
      "Ox",
      "PolicyException",
      "Gateway",
      "Policy",
      "Alias",
      "Box",
    ];
    const theirs = askKubernetes(kinds.map((kind) => ({ kind })));
    expect(kinds.map(guessPlural)).toEqual(theirs.map(({ plural }) => plural));
  });
});

const { authority, client } = makeTlsFamily();
const base64 = (text: string) => Buffer.from(text).toString("base64");
const certificate = {
  "client-certificate-data": base64(client.certificate),
  "client-key-data": base64(client.key),
};

interface Row {
  readonly name: string;
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: string;
  readonly change?: object;
  readonly deviation?: string;
}

const ROWS: readonly Row[] = [
  { name: "a token", user: { token: "abc" } },
  { name: "a password", user: { username: "ada", password: "p:w" } },
  { name: "a client certificate", user: certificate },
  { name: "a client certificate and a token", user: { ...certificate, token: "abc" } },
  { name: "nobody", user: {} },
  { name: "a CA", cluster: { "certificate-authority-data": base64(authority) }, user: { token: "abc" } },
  { name: "a name for TLS", cluster: { "tls-server-name": "kubernetes" }, user: { token: "abc" } },
  { name: "a path of the server", cluster: { server: "https://a.example/k8s/clusters/c-1" }, user: { token: "abc" } },
  { name: "another context", context: "play" },
  { name: "a context that is not there", context: "none" },
  { name: "a user that is not there", change: { users: [] }, deviation: "kubeconfig-user-missing" },
  { name: "a cluster that is not there", change: { clusters: [] } },
  { name: "a certificate without key", user: { "client-certificate-data": certificate["client-certificate-data"] } },
  { name: "a token and a password", user: { token: "abc", username: "ada" } },
  {
    name: "a server nobody checks",
    cluster: { "insecure-skip-tls-verify": true },
    user: { token: "abc" },
    deviation: "kubeconfig-unchecked-server",
  },
  { name: "a server that may be checked", cluster: { "insecure-skip-tls-verify": false }, user: { token: "abc" } },
  {
    name: "plain http",
    cluster: { server: "http://10.0.0.1" },
    user: { token: "a" },
    deviation: "kubeconfig-plain-http",
  },
  { name: "kubectl proxy", cluster: { server: "http://127.0.0.1:8001" }, user: {} },
  {
    name: "a plugin",
    user: { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "true", interactiveMode: "Never" } },
    deviation: "kubeconfig-plugin",
  },
  { name: "another account", user: { token: "abc", as: "root" }, deviation: "kubeconfig-other-account" },
  { name: "a member nobody knows", user: { tokn: "abc" }, deviation: "kubeconfig-member-unknown" },
];

const textOf = ({ cluster = {}, user = {}, change = {} }: Row) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "work",
    contexts: [
      { name: "work", context: { cluster: "dev", user: "ada" } },
      { name: "play", context: { cluster: "dev", user: "bob" } },
    ],
    clusters: [{ name: "dev", cluster: { server: "https://10.0.0.1:6443", ...cluster } }],
    users: [{ name: "ada", user }, { name: "bob", user: { token: "bobs" } }],
    ...change,
  });

describeIf("kubernetes", "kubeconfigs", () => {
  const theirs = () => askKubernetes(ROWS.map((row) => ({ kubeconfig: textOf(row), context: row.context ?? "" })));

  it.each(ROWS.map((row, index) => ({ ...row, index })))(
    "$name: the same access, or a listed difference",
    async (row) => {
      const { error, ...their } = theirs()[row.index] ?? {};
      const ours = await read(row).catch(() => "refused");
      expectSame<unknown>(ours, error === undefined ? their : "refused", row.deviation, `${row.name} (${error})`);
    },
  );

  async function read(row: Row): Promise<Answer> {
    const ports = { files: createFiles({ config: textOf(row) }), now: () => new Date(0) };
    const options = { ports, ...(row.context === undefined ? {} : { context: row.context }) };
    const { server, tls, authorize } = await readKubeconfig("config", options);
    const header = await authorize() ?? "";
    const authorization = header.startsWith("Basic ")
      ? `basic ${Buffer.from(header.slice("Basic ".length), "base64").toString("utf8")}`
      : header.replace(/^Bearer /, "bearer ");
    const given = {
      server,
      authorization,
      authorities: tls.certificateAuthorities ?? "",
      certificate: tls.clientCertificate?.certificate ?? "",
      key: tls.clientCertificate?.key ?? "",
      serverName: tls.serverName ?? "",
    };
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
  }
});
