/** IP addresses and networks in CEL, as Kubernetes has them (Kubernetes, "Kubernetes IP address library"). */
import type { CelFunction } from "./cel_functions.ts";
import { celError, type CelOpaque, type CelValue } from "./cel_values.ts";

/** An address: 4 or 16 bytes. */
type Address = readonly number[];

interface Network {
  readonly address: Address;
  readonly length: number;
}

function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): Address | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte < 256) ? bytes : undefined;
}

/** IPv4 inside IPv6 and zones are not taken, as Kubernetes does not take them. */
function parseV6(text: string): Address | undefined {
  const halves = text.split("::");
  if (halves.length > 2 || /[.%]/.test(text)) return undefined;
  const [head = [], tail = []] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return undefined;
  const bytes = groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]);
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return mapped ? undefined : bytes;
}

/** RFC 5952. */
function showAddress(address: Address): string {
  if (address.length === 4) return address.join(".");
  const groups = Array.from({ length: 8 }, (_, at) => ((address[2 * at] ?? 0) << 8) + (address[2 * at + 1] ?? 0));
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const show = (list: readonly number[]): string => list.map((group) => group.toString(16)).join(":");
  if (best.length === 1) return show(groups);
  return `${show(groups.slice(0, best.start))}::${show(groups.slice(best.start + best.length))}`;
}

function parseNetwork(text: string): Network | undefined {
  const [, base = "", digits = ""] = /^([^/]*)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const address = parseAddress(base);
  const length = Number(digits);
  return digits === "" || address === undefined || length > address.length * 8 ? undefined : { address, length };
}

function mask({ address, length }: Network): Address {
  return address.map((byte, at) => byte & (0xff << Math.max(0, Math.min(8, 8 * (at + 1) - length))) & 0xff);
}

const ipOf = (value: Address): CelValue => ({ type: "net.IP", text: showAddress(value), value });

const cidrOf = (value: Network): CelValue => ({
  type: "net.CIDR",
  text: `${showAddress(value.address)}/${value.length}`,
  value,
});

const addressOf = ({ value }: CelOpaque): Address => value as Address;
const networkOf = ({ value }: CelOpaque): Network => value as Network;

function readAddress(text: string): Address {
  const found = parseAddress(text);
  if (found === undefined) throw celError("IP Address parse error during conversion from string");
  return found;
}

function readNetwork(text: string): Network {
  const found = parseNetwork(text);
  if (found === undefined) throw celError("network address parse error during conversion from string");
  return found;
}

function containsAddress(network: Network, address: Address): boolean {
  if (network.address.length !== address.length) return false;
  const base = mask(network);
  return mask({ address, length: network.length }).every((byte, at) => byte === base[at]);
}

const on = (signature: string, evaluate: (...values: never[]) => CelValue): CelFunction => ({
  signature,
  evaluate: (values) => evaluate(...values as never[]),
});

const starts = (address: Address, first: readonly number[]): boolean => first.every((byte, at) => address[at] === byte);

const isLinkLocal = (address: Address): boolean =>
  address.length === 4 ? starts(address, [169, 254]) : address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80;

const isLinkLocalMulticast = (address: Address): boolean =>
  address.length === 4 ? starts(address, [224, 0, 0]) : address[0] === 0xff && ((address[1] ?? 0) & 0x0f) === 2;

const isMulticast = (address: Address): boolean =>
  address.length === 4 ? ((address[0] ?? 0) & 0xf0) === 224 : address[0] === 0xff;

const isLoopback = (address: Address): boolean =>
  address.length === 4 ? address[0] === 127 : showAddress(address) === "::1";

const isUnspecified = (address: Address): boolean => address.every((byte) => byte === 0);

const isGlobalUnicast = (address: Address): boolean =>
  !isUnspecified(address) && !isLoopback(address) && !isMulticast(address) && !isLinkLocal(address) &&
  !(address.length === 4 && address.every((byte) => byte === 255));

const TESTS: readonly (readonly [string, (address: Address) => boolean])[] = [
  ["isUnspecified", isUnspecified],
  ["isLoopback", isLoopback],
  ["isLinkLocalMulticast", isLinkLocalMulticast],
  ["isLinkLocalUnicast", isLinkLocal],
  ["isGlobalUnicast", isGlobalUnicast],
];

/** Kubernetes' functions for addresses and networks. */
export const ADDRESS_CEL_FUNCTIONS: readonly CelFunction[] = [
  on("isIP(string): bool", (text: string) => parseAddress(text) !== undefined),
  on("ip(string): net.IP", (text: string) => ipOf(readAddress(text))),
  on("string(net.IP): string", ({ text }: CelOpaque) => text),
  on("net.IP.family(): int", (ip: CelOpaque) => addressOf(ip).length === 4 ? 4n : 6n),
  ...TESTS.map(([name, test]) => on(`net.IP.${name}(): bool`, (ip: CelOpaque) => test(addressOf(ip)))),
  on("isCIDR(string): bool", (text: string) => parseNetwork(text) !== undefined),
  on("cidr(string): net.CIDR", (text: string) => cidrOf(readNetwork(text))),
  on("string(net.CIDR): string", ({ text }: CelOpaque) => text),
  on("net.CIDR.ip(): net.IP", (cidr: CelOpaque) => ipOf(networkOf(cidr).address)),
  on("net.CIDR.prefixLength(): int", (cidr: CelOpaque) => BigInt(networkOf(cidr).length)),
  on("net.CIDR.masked(): net.CIDR", (cidr: CelOpaque) => {
    const network = networkOf(cidr);
    return cidrOf({ address: mask(network), length: network.length });
  }),
  on(
    "net.CIDR.containsIP(net.IP): bool",
    (cidr: CelOpaque, ip: CelOpaque) => containsAddress(networkOf(cidr), addressOf(ip)),
  ),
  on(
    "net.CIDR.containsIP(string): bool",
    (cidr: CelOpaque, text: string) => containsAddress(networkOf(cidr), readAddress(text)),
  ),
  on(
    "net.CIDR.containsCIDR(net.CIDR): bool",
    (cidr: CelOpaque, other: CelOpaque) => containsNetwork(networkOf(cidr), networkOf(other)),
  ),
  on(
    "net.CIDR.containsCIDR(string): bool",
    (cidr: CelOpaque, text: string) => containsNetwork(networkOf(cidr), readNetwork(text)),
  ),
];

function containsNetwork(network: Network, other: Network): boolean {
  return network.length <= other.length && containsAddress(network, mask(other));
}
