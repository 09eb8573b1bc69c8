/**
 * What kind of place a host name or address literal is, so that a registry cannot send us to places only we can reach.
 * Names are not resolved here: only literals and names that can never be public are told apart. Where a runtime
 * resolves names, it looks at each address in the same way ({@link addressKind}).
 */

/**
 * `special` is a name that no public registry has: one label, `.local`, `.internal`, a cluster's `.svc` and the like.
 */
export type HostKind = "public" | "loopback" | "private" | "link-local" | "metadata" | "special";

/**
 * Name endings of RFC 6761, RFC 6762, RFC 7686, RFC 8375 and RFC 9476, the one ICANN reserved for private use, and a
 * cluster's services.
 */
const SPECIAL_ENDINGS = [
  ".local",
  ".localdomain",
  ".onion",
  ".alt",
  ".internal",
  ".home.arpa",
  ".intranet",
  ".lan",
  ".corp",
  ".home",
  ".test",
  ".invalid",
  ".svc",
];

/** Addresses at which clouds hand out credentials, outside of the link-local block. */
const METADATA_ADDRESSES = new Set(["100.100.100.200", "168.63.129.16", "192.0.0.192"]);

type Block = readonly [network: number, prefix: number, kind: Exclude<HostKind, "special">];

const block = (a: number, b: number, c: number, prefix: number, kind: Exclude<HostKind, "special">): Block => [
  ((a << 24) | (b << 16) | (c << 8)) >>> 0,
  prefix,
  kind,
];

/**
 * IANA's special-purpose IPv4 blocks that are not globally reachable (RFC 6890), and multicast. Of 192.0.0.0/24 two
 * addresses are, which no registry has.
 */
const IPV4_BLOCKS: readonly Block[] = [
  block(0, 0, 0, 8, "private"),
  block(10, 0, 0, 8, "private"),
  block(100, 64, 0, 10, "private"),
  block(127, 0, 0, 8, "loopback"),
  block(169, 254, 0, 16, "link-local"),
  block(172, 16, 0, 12, "private"),
  block(192, 0, 0, 24, "private"),
  block(192, 0, 2, 24, "private"),
  block(192, 88, 99, 24, "private"),
  block(192, 168, 0, 16, "private"),
  block(198, 18, 0, 15, "private"),
  block(198, 51, 100, 24, "private"),
  block(203, 0, 113, 24, "private"),
  block(224, 0, 0, 3, "private"),
];

/**
 * Tells the kind of a host.
 *
 * @param hostname As `URL.hostname` gives it: lower case, IPv4 in dotted decimals, IPv6 in brackets.
 *
 * Spec: RFC 6890, RFC 4291, RFC 6052 (addresses inside addresses), RFC 6761.
 */
export function hostKind(hostname: string): HostKind {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (name.startsWith("[")) return ipv6Kind(name.slice(1, -1));
  const ipv4 = parseIpv4(name);
  if (ipv4 !== undefined) return ipv4Kind(ipv4);
  if (name === "localhost" || name.endsWith(".localhost")) return "loopback";
  if (!name.includes(".") || SPECIAL_ENDINGS.some((ending) => name.endsWith(ending))) return "special";
  return "public";
}

/**
 * Tells the kind of an address a name was resolved to.
 *
 * @param address As resolvers give it: dotted decimals, or IPv6 without brackets, with or without a zone.
 */
export function addressKind(address: string): Exclude<HostKind, "special"> {
  const ipv4 = parseIpv4(address);
  if (ipv4 !== undefined) return ipv4Kind(ipv4);
  // An address with a zone is of one link only.
  return address.includes("%") ? "link-local" : ipv6Kind(address.toLowerCase());
}

/** Each kind of place but the public ones, in words for messages. */
export const HOST_KIND_TEXT: Readonly<Record<Exclude<HostKind, "public">, string>> = {
  "loopback": "a loopback address",
  "private": "a private address",
  "link-local": "a link-local address",
  "metadata": "a cloud metadata address",
  "special": "a name of a private network",
};

/** A name was resolved to an address that only we could reach, so that nobody was asked. */
export class AddressError extends Error {
  readonly address: string;

  constructor(address: string, kind: Exclude<HostKind, "public">) {
    super(`resolves to ${address}, ${HOST_KIND_TEXT[kind]}`);
    this.name = "AddressError";
    this.address = address;
  }
}

/** The {@link AddressError} a failed `fetch` failed with, however the runtime wrapped it. */
export function addressErrorOf(thrown: unknown): AddressError | undefined {
  let error: unknown = thrown;
  for (let depth = 0; depth < 5 && error instanceof Error; depth++) {
    if (error instanceof AddressError) return error;
    error = error.cause;
  }
  return undefined;
}

function isLiteral(hostname: string): boolean {
  return hostname.startsWith("[") || parseIpv4(hostname) !== undefined;
}

function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const parts = match.slice(1).map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((value, part) => value * 256 + part, 0);
}

function ipv4Kind(address: number): Exclude<HostKind, "special"> {
  const text = [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
  if (METADATA_ADDRESSES.has(text)) return "metadata";
  const found = IPV4_BLOCKS.find(([network, prefix]) => (address ^ network) >>> (32 - prefix) === 0);
  return found?.[2] ?? "public";
}

/** The eight groups of an IPv6 address; a dotted IPv4 ending is read too, though URLs never keep one. */
function parseIpv6(text: string): readonly number[] | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const ipv4 = parseIpv4(dotted[2] ?? "");
    if (ipv4 === undefined) return undefined;
    return parseIpv6(`${dotted[1]}${(ipv4 >>> 16).toString(16)}:${(ipv4 & 0xffff).toString(16)}`);
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16));
}

function ipv6Kind(text: string): Exclude<HostKind, "special"> {
  const groups = parseIpv6(text);
  // What cannot be read is not known to be public.
  if (groups === undefined) return "private";
  const [g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0] = groups;
  const leading = (count: number) => groups.slice(0, count).every((group) => group === 0);
  if (leading(7) && g7 === 1) return "loopback";
  if (leading(8)) return "private";
  // IPv4 inside: mapped ::ffff:0:0/96, compatible ::/96, translated 64:ff9b::/96, 6to4 2002::/16
  if (leading(5) && (g5 === 0xffff || g5 === 0)) return ipv4Kind(g6 * 65536 + g7);
  if (g0 === 0x64 && g1 === 0xff9b) {
    return g2 === 0 && g3 === 0 && g4 === 0 && g5 === 0 ? ipv4Kind(g6 * 65536 + g7) : "private";
  }
  if (g0 === 0x2002) return ipv4Kind(g1 * 65536 + g2);
  if (g0 === 0xfd00 && g1 === 0xec2) return "metadata";
  if ((g0 & 0xffc0) === 0xfe80) return "link-local";
  // Only 2000::/3 is handed out for the internet (RFC 4291), and of it not: 2001::/23 with Teredo, 2001:db8::/32,
  // 3fff::/20.
  const isHandedOut = (g0 & 0xe000) === 0x2000;
  const isSpecial = (g0 === 0x2001 && (g1 < 0x0200 || g1 === 0x0db8)) || (g0 === 0x3fff && g1 < 0x1000);
  return isHandedOut && !isSpecial ? "public" : "private";
}

/**
 * Whether two hosts belong to one operator, as far as names tell: the same, one below the other, or siblings below a
 * common name that is not itself a public ending.
 *
 * Registries ask for tokens at such neighbours: `registry-1.docker.io` at `auth.docker.io`, `registry.gitlab.com` at
 * `gitlab.com`. Without the list of public endings the rule errs on the strict side: a sibling counts only where the
 * common name's first label has more than three letters, so that `co.uk` or `com.br` never joins two strangers.
 *
 * @param a Host name without port, as `URL.hostname` gives it.
 * @param b Likewise.
 */
export function isSameSite(a: string, b: string): boolean {
  if (a === b) return true;
  if (![a, b].every((name) => hostKind(name) === "public" && !isLiteral(name))) return false;
  if (a.endsWith(`.${b}`)) return isOwnName(b);
  if (b.endsWith(`.${a}`)) return isOwnName(a);
  const parent = (name: string) => name.slice(name.indexOf(".") + 1);
  return parent(a) === parent(b) && isOwnName(parent(a)) && !SHARED_PARENTS.has(parent(a));
}

/** Names below which each customer of a registry service has a host of their own. */
const SHARED_PARENTS = new Set(["azurecr.io", "jfrog.io", "pkg.dev", "cloudsmith.io", "scr.kr-west.scw.cloud"]);

function isOwnName(name: string): boolean {
  const labels = name.split(".");
  return labels.length > 2 || (labels.length === 2 && (labels[0] ?? "").length > 3);
}
