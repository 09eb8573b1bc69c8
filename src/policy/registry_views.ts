/**
 * With whose credentials the registries are asked about one request: those the rule names, else those of the Pod, else
 * the endpoint's own. Credentials decide who may read, never what is found there: an image is looked at once for each
 * of them.
 */
import { isJsonObject, printable } from "../encoding/mod.ts";
import { ConfigurationError, EngineError } from "../errors.ts";
import type { CallOptions } from "../http/mod.ts";
import { type ArtifactView, createArtifactView } from "../notary/mod.ts";
import { createPullSecrets, firstOf, type OpenOptions, type PullSecret } from "../oci/mod.ts";
import type { Cluster, CredentialSource } from "../ports.ts";
import { podSpecOf } from "./images.ts";
import type { PolicyPorts, PolicyRequest } from "./policy.ts";

/**
 * Secrets of one Pod, or of one rule, at most; the kubelet's users have one or two. A rule with more is refused; of a
 * Pod's the others are not read, and a refusal by the registry says so.
 */
export const MAX_PULL_SECRETS = 20;

/** A Secret of the cluster. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** What a rule says of credentials: these Secrets, and the endpoint's own only where it is among the providers. */
export interface RegistryCredentials {
  readonly secrets: readonly SecretName[];
  readonly own: boolean;
}

/** One request's views of the registries, each asked with other credentials. */
export type RegistryViews = (credentials: RegistryCredentials | undefined) => ArtifactView;

/**
 * Opens the views of a request. Secrets are read once, when it first has to be known who asks.
 *
 * @param ports `cluster` answers each question once.
 */
export function openRegistryViews(request: PolicyRequest, ports: PolicyPorts, call: CallOptions): RegistryViews {
  const views = new Map<string, ArtifactView>();
  const open = (options: OpenOptions | undefined) =>
    createArtifactView(
      options === undefined ? ports : { ...ports, open: (reference) => ports.open(reference, options) },
      call,
    );
  return (credentials) => {
    const key = JSON.stringify(credentials ?? null);
    const known = views.get(key);
    if (known !== undefined) return known;
    const view = open(credentials === undefined ? ofPod(request, ports) : ofRule(credentials, ports));
    views.set(key, view);
    return view;
  };
}

function ofRule({ secrets, own }: RegistryCredentials, { cluster }: PolicyPorts): OpenOptions {
  const named = fromSecrets(() => Promise.resolve(secrets), cluster);
  return { credentials: (known) => own ? firstOf([named, known]) : named };
}

/**
 * A Pod's own, and where it names none, those of its service account: so does the API server before a Pod gets here,
 * which is why only a controller's template has to be looked up.
 *
 * Spec: Kubernetes, "Configure Service Accounts for Pods", "Add ImagePullSecrets to a service account".
 */
function ofPod(request: PolicyRequest, { cluster }: PolicyPorts): OpenOptions | undefined {
  const pod = podSpecOf(request);
  if (cluster === undefined || pod === undefined || request.namespace === "") return undefined;
  const own = readNames(pod["imagePullSecrets"], request.namespace);
  if (own.length === 0 && request.kind === "Pod") return undefined;
  const account = typeof pod["serviceAccountName"] === "string" ? pod["serviceAccountName"] : "";
  const names = async (signal: AbortSignal) =>
    own.length > 0 ? own : await namesOfAccount(cluster, request.namespace, account || "default", signal);
  const named = fromSecrets(names, cluster);
  return { credentials: (known) => firstOf([named, known]) };
}

async function namesOfAccount(
  cluster: Cluster,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<readonly SecretName[]> {
  const address = { apiVersion: "v1", kind: "ServiceAccount", namespace, name };
  const account = await unlessForbidden(cluster.get(address, { signal }));
  return isJsonObject(account) ? readNames(account["imagePullSecrets"], namespace) : [];
}

/** What the cluster keeps from this endpoint is as if it were not there: whoever is then nobody is told why. */
async function unlessForbidden(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (thrown) {
    const kept = thrown instanceof EngineError && ["ERR_CLUSTER_FORBIDDEN", "ERR_CLUSTER_PATH"].includes(thrown.code);
    if (kept) return thrown;
    throw thrown;
  }
}

/** Names as a Pod has them: `[{ name: regcred }]`; what is no name names nothing. */
function readNames(list: unknown, namespace: string): readonly SecretName[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown) => {
    const name = isJsonObject(entry) ? entry["name"] : undefined;
    return typeof name === "string" && name !== "" ? [{ namespace, name }] : [];
  });
}

/**
 * A source of Secrets, read when it is first asked.
 *
 * @throws {UnavailableError} From the source, `ERR_CLUSTER`: a cluster that does not answer is not one that has no
 * Secret.
 */
function fromSecrets(
  names: (signal: AbortSignal) => Promise<readonly SecretName[]>,
  cluster: Cluster | undefined,
): CredentialSource {
  let source: Promise<CredentialSource> | undefined;
  const load = async (signal: AbortSignal): Promise<CredentialSource> => {
    const named = await names(signal);
    const read = async (secret: SecretName): Promise<PullSecret> => ({
      ...secret,
      object: cluster === undefined ? unknownCluster(secret) : await unlessForbidden(
        cluster.get({ apiVersion: "v1", kind: "Secret", ...secret }, { signal }),
      ),
    });
    const secrets = await Promise.all(named.slice(0, MAX_PULL_SECRETS).map(read));
    return createPullSecrets([...unreadOf(named), ...secrets]);
  };
  return async (asked, options) => await (await (source ??= load(options.signal)))(asked, options);
}

/** The first beyond the bound stands for all of them, and goes first, so that a long refusal is not cut before it. */
function unreadOf(named: readonly SecretName[]): readonly PullSecret[] {
  return named.slice(MAX_PULL_SECRETS, MAX_PULL_SECRETS + 1).map((secret) => ({
    ...secret,
    object: new Error(`it is not read: ${named.length} Secrets are named, of which the first ${MAX_PULL_SECRETS} are`),
  }));
}

const unknownCluster = ({ namespace, name }: SecretName) =>
  new ConfigurationError(
    "ERR_CLUSTER_MISSING",
    `Cannot read Secret "${printable(`${namespace}/${name}`)}": no cluster is known here`,
  );
