/** The API server of the cluster this program runs in, asked as its Pod's service account. */
import { printable } from "../encoding/mod.ts";
import type { Files, Host, Ports } from "../ports.ts";
import { type ClusterAccess, fault, parseServer, readTextFile, requirePem, tokenFile } from "./access.ts";

/** Where kubelets put the service account's token and the cluster's CA. */
export const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * Reads how the API server is reached from inside a Pod. The token is read again when it is replaced.
 *
 * @throws {ConfigurationError} `ERR_KUBECONFIG` outside of a Pod, `ERR_FILE` when its service account is not mounted.
 *
 * Spec: Kubernetes, "Accessing the Kubernetes API from a Pod".
 */
export async function readServiceAccount(
  { files, variable, now }: { readonly files: Files } & Pick<Host, "variable"> & Pick<Ports, "now">,
): Promise<ClusterAccess> {
  const action = "Cannot use the service account of this Pod";
  const host = variable("KUBERNETES_SERVICE_HOST") ?? "";
  const port = variable("KUBERNETES_SERVICE_PORT") ?? "";
  if (host === "" || port === "") {
    throw fault(action, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, as they are in every Pod");
  }
  if (!/^[A-Za-z0-9.:-]+$/.test(host) || !/^[0-9]{1,5}$/.test(port)) {
    throw fault(
      action,
      `KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are "${printable(host, 80)}" and ` +
        `"${printable(port, 80)}", expected an address and a port`,
    );
  }
  const authorize = tokenFile(`${SERVICE_ACCOUNT_FOLDER}/token`, action, { files, now });
  const authorities = await readTextFile(`${SERVICE_ACCOUNT_FOLDER}/ca.crt`, files);
  // Once now, so that a Pod without its account is told at its start.
  await authorize();
  return {
    server: parseServer(`https://${host.includes(":") ? `[${host}]` : host}:${port}`, action),
    account: "the service account of this Pod",
    tls: { certificateAuthorities: requirePem(authorities, "ca.crt", action) },
    authorize,
  };
}
