/**
 * Whether Node's own `fetch` sends a request through a proxy: then the proxy resolves the name, and nobody here can
 * look at its addresses. Where Node's versions differ, or it is not clear, the answer is no: what is not known to go
 * through a proxy is checked.
 */

/** What Node decides by; the global `process` is one. */
export interface NodeProcess {
  /** `v24.1.0` */
  readonly version: string;
  /** The flags of `node` itself. */
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Makes the question. Which proxies there are is read once, as Node does when it starts; `NO_PROXY` for each URL.
 *
 * @returns Whether `fetch` of this URL goes through a proxy.
 */
export function createProxyQuestion({ version, execArgv, env }: NodeProcess): (url: string) => boolean {
  // The small letters win, even where they are empty.
  const http = env["http_proxy"] ?? env["HTTP_PROXY"] ?? "";
  const https = env["https_proxy"] ?? env["HTTPS_PROXY"] ?? "";
  const proxies = new Map([["http:", http], ["https:", https === "" ? http : https]]);
  if (!heedsProxies(version, execArgv, env)) return () => false;
  return (url) => {
    const target = new URL(url);
    if ((proxies.get(target.protocol) ?? "") === "") return false;
    const entries = (env["no_proxy"] ?? env["NO_PROXY"] ?? "").split(/[,\s]+/).filter((entry) => entry !== "");
    return !entries.some((entry) => names(entry, target));
  };
}

/** Node 22.21, and 24 and later, where they are told to. */
function heedsProxies(version: string, execArgv: readonly string[], env: NodeProcess["env"]): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  if (!(major >= 24 || (major === 22 && minor >= 21))) return false;
  const flags = [env["NODE_OPTIONS"] ?? "", ...execArgv].join(" ").replaceAll("_", "-");
  if (flags.includes("--no-use-env-proxy")) return false;
  return env["NODE_USE_ENV_PROXY"] === "1" || flags.includes("--use-env-proxy");
}

/**
 * Whether an entry of `NO_PROXY` is for a URL: `*`, a host and those below it, with a port or without. A star before a
 * name stands for any beginning.
 */
function names(entry: string, { protocol, hostname, port }: URL): boolean {
  const [, bracketed, plain, wanted] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  const own = port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
  if (wanted !== undefined && Number(wanted) !== 0 && Number(wanted) !== own) return false;
  const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const name = (bracketed ?? plain ?? entry).toLowerCase().replace(/(.)\.$/, "$1");
  if (name.startsWith("*") && host.endsWith(name.slice(1))) return true;
  const bare = name.replace(/^\*?\./, "");
  return host === bare || host.endsWith(`.${bare}`);
}
