/** What `serve` says when it has started: where it listens, what it enforces, what to try. */
import { printable } from "../../encoding/mod.ts";
import {
  type CompiledPolicy,
  type ExpiringCertificate,
  EXPIRY_WARNING_DAYS,
  type PolicyException,
  type PolicyProblem,
} from "../../policy/mod.ts";

/** What there is to say. */
export interface Startup {
  /** Where the webhook is reached, without a slash at the end. */
  readonly url: string;
  readonly policies: readonly CompiledPolicy[];
  /** Those that count; none when left out. */
  readonly exceptions?: readonly PolicyException[];
  readonly problems: readonly PolicyProblem[];
  /** Certificates of the policies that end soon. */
  readonly expiring?: readonly ExpiringCertificate[];
  /** Folder with the example AdmissionReviews. */
  readonly examples: string;
  /** The registry of the demo, where it runs. */
  readonly registry?: { readonly name: string; readonly url: string };
  /** What policies ask of the cluster is asked here. */
  readonly cluster?: string;
  /** A store behind this process's memory. */
  readonly store?: string;
  readonly tokenFile?: string;
  readonly tlsCertificateFile?: string;
}

/** Writes it, ending with how to stop. */
export function renderStartup(startup: Startup): string {
  const { url, registry, cluster, store } = startup;
  return [
    `Listening on ${url}`,
    `  webhook   ${url}/mutate and ${url}/validate`,
    `  page      ${url}/`,
    ...(registry === undefined ? [] : [`  registry  ${registry.url} in place of ${registry.name}`]),
    ...(cluster === undefined ? [] : [`  cluster   ${printable(cluster)}`]),
    ...(store === undefined ? [] : [`  cache     memory, then ${printable(store)}`]),
    "",
    ...policyLines(startup),
    "",
    "Try:",
    ...curlLines(startup).map((line) => `  ${line}`),
    "",
    "Press Ctrl-C to stop.",
    "",
  ].join("\n");
}

function policyLines({ policies, exceptions = [], problems, expiring = [], cluster }: Startup): readonly string[] {
  const broken = problems.map(({ file, line, column, path, reason, code }) =>
    `  ${printable(file)}:${line}:${column}: ${printable(path)}: ${printable(reason)} (${code})`
  );
  const loaded = policies.filter((policy) => policy.problems.length === 0);
  return [
    `Policies loaded: ${loaded.length}`,
    ...loaded.flatMap((policy) => [...loadedLines(policy), ...needLines(policy, cluster)]),
    ...(exceptions.length === 0 ? [] : [`Exceptions heeded: ${exceptions.length}`]),
    ...exceptions.flatMap(loadedLines),
    ...(expiring.length === 0 ? [] : [`Certificates that end within ${EXPIRY_WARNING_DAYS} days: ${expiring.length}`]),
    ...expiring.map(({ policy, subject, notAfter }) =>
      `  ${printable(policy)}: ${printable(subject)} is valid until ${notAfter.toISOString()}`
    ),
    ...(broken.length === 0 ? [] : [
      `Problems in policies: ${broken.length}; until they are corrected /readyz answers 503, and what such a policy may`,
      "be about is refused by its failure policy",
      ...broken,
    ]),
  ];
}

function loadedLines({ name, namespace, source, ignored }: CompiledPolicy | PolicyException): readonly string[] {
  return [
    `  ${printable(namespace === "" ? name : `${namespace}/${name}`)} (${printable(source)})`,
    ...ignored.map(({ path, reason }) => `    ignored  ${printable(path)}: ${printable(reason)}`),
  ];
}

/** What a policy asks of the cluster; without one its rules are errors wherever they need the answer. */
function needLines({ needs }: CompiledPolicy, cluster: string | undefined): readonly string[] {
  if (needs.length === 0) return [];
  const asked = `    asks     the cluster to ${needs.join(", ")}`;
  return [cluster === undefined ? `${asked}: none is given, so what depends on it is an error` : asked];
}

/** Three requests: the signed Pod, the unsigned Pod, and whether the webhook is ready. */
export function curlLines({ url, examples, tokenFile, tlsCertificateFile }: Startup): readonly string[] {
  const trust = tlsCertificateFile === undefined ? "" : ` --cacert ${quoted(tlsCertificateFile)}`;
  const token = tokenFile === undefined ? "" : ` -H "authorization: Bearer $(head -n 1 ${quoted(tokenFile)})"`;
  // An answer ends without a line end, and the prompt would stand beside it.
  const curl = `curl -sSw '\\n'${trust}${token}`;
  const post = (file: string): string =>
    `${curl} -H 'content-type: application/json' ` +
    `--data-binary @${quoted(`${examples}/${file}`)} ${quoted(`${url}/mutate?timeout=10s`)}`;
  return [post("signed-pod.json"), post("unsigned-pod.json"), `${curl} ${quoted(`${url}/readyz`)}`];
}

/** A word of the shell. */
function quoted(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
