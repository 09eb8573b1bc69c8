/** Hosts: which places only we could reach, and which hosts belong together. */
import { describe, expect, it } from "vitest";
import { addressKind, hostKind, isSameSite } from "../../../src/http/mod.ts";
import { endpointOf, type RegistrySettings } from "../../../src/oci/settings.ts";

describe("addressKind()", () => {
  it.each([
    ["127.0.0.1", "loopback"],
    ["::1", "loopback"],
    ["::FFFF:127.0.0.1", "loopback"],
    ["64:ff9b::10.0.0.1", "private"],
    ["fe80::1%eth0", "link-local"],
    ["2606:4700::1111%1", "link-local"],
    ["169.254.169.254", "link-local"],
    ["fd00:ec2::254", "metadata"],
    ["2606:4700::1111", "public"],
    ["8.8.8.8", "public"],
    ["", "private"],
    ["no address", "private"],
    ["8.8.8.8.8", "private"],
  ])("%s is %s", (address, kind) => expect(addressKind(address)).toBe(kind));
});

describe("hostKind()", () => {
  it.each([
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["localhost", "loopback"],
    ["LOCALHOST", "loopback"],
    ["localhost.", "loopback"],
    ["a.localhost", "loopback"],
    ["[::1]", "loopback"],
    ["[::ffff:7f00:1]", "loopback"],
    ["[::ffff:127.0.0.1]", "loopback"],
    ["[64:ff9b::7f00:1]", "loopback"],
    ["[2002:7f00:1::]", "loopback"],
    ["[::7f00:1]", "loopback"],
    ["0.0.0.0", "private"],
    ["[::]", "private"],
    ["10.1.2.3", "private"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.168.1.1", "private"],
    ["100.64.0.1", "private"],
    ["198.18.0.1", "private"],
    ["224.0.0.1", "private"],
    ["255.255.255.255", "private"],
    ["[fc00::1]", "private"],
    ["[fd12:3456::1]", "private"],
    ["[fec0::1]", "private"],
    ["[ff02::1]", "private"],
    ["[64:ff9b:1::1]", "private"],
    ["[::ffff:a00:1]", "private"],
    ["169.254.1.1", "link-local"],
    ["169.254.169.254", "link-local"],
    ["[fe80::1]", "link-local"],
    ["[::ffff:a9fe:a9fe]", "link-local"],
    ["100.100.100.200", "metadata"],
    ["168.63.129.16", "metadata"],
    ["192.0.0.192", "metadata"],
    ["[fd00:ec2::254]", "metadata"],
    ["metadata.google.internal", "special"],
    ["printer.local", "special"],
    ["registry", "special"],
    ["harbor.corp", "special"],
    ["vault.default.svc", "special"],
    ["192.0.2.1", "private"],
    ["192.88.99.1", "private"],
    ["198.51.100.1", "private"],
    ["203.0.113.255", "private"],
    ["240.0.0.1", "private"],
    ["[100::1]", "private"],
    ["[100:0:0:1::1]", "private"],
    ["[2001::1]", "private"],
    ["[2001:2::1]", "private"],
    ["[2001:1ff:ffff::1]", "private"],
    ["[2001:db8::1]", "private"],
    ["[3fff:fff::1]", "private"],
    ["[5f00::1]", "private"],
    ["[4000::1]", "private"],
    ["[fec0::1]", "private"],
    ["a.onion", "special"],
    ["a.alt", "special"],
    ["a.localdomain", "special"],
    ["192.0.1.1", "public"],
    ["192.0.3.1", "public"],
    ["198.51.99.1", "public"],
    ["203.0.114.1", "public"],
    ["[2001:200::1]", "public"],
    ["[2001:db7::1]", "public"],
    ["[3fff:1000::1]", "public"],
    ["172.15.255.255", "public"],
    ["172.32.0.1", "public"],
    ["126.255.255.255", "public"],
    ["128.0.0.1", "public"],
    ["11.0.0.1", "public"],
    ["223.255.255.255", "public"],
    ["8.8.8.8", "public"],
    ["[2606:4700::1111]", "public"],
    ["[2002:808:808::]", "public"],
    ["[::ffff:808:808]", "public"],
    ["ghcr.io", "public"],
    ["local.example.com", "public"],
    ["internal.example", "public"],
    // A name of digits and dots that is no address is a name; URL parsers refuse it anyway.
    ["1.2.3.4.5", "public"],
  ])("%s is %s", (hostname, kind) => {
    expect(hostKind(hostname)).toBe(kind);
  });

  it("knows every spelling of loopback that a URL parser takes", () => {
    for (
      const spelling of ["127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "[::FFFF:127.0.0.1]", "①②⑦.1"]
    ) {
      expect(hostKind(new URL(`http://${spelling}/`).hostname)).toBe("loopback");
    }
  });
});

describe("isSameSite()", () => {
  it.each([
    ["ghcr.io", "ghcr.io", true],
    ["registry-1.docker.io", "auth.docker.io", true],
    ["registry.gitlab.com", "gitlab.com", true],
    ["quay.io", "cdn.quay.io", true],
    ["a.registry.example.com", "b.registry.example.com", true],
    ["ghcr.io", "quay.io", false],
    ["registry.example.com", "registry.example.org", false],
    ["registry.co.uk", "evil.co.uk", false],
    ["notdocker.io", "docker.io", false],
    ["mine.azurecr.io", "evil.azurecr.io", false],
    ["example.com", "com", false],
    ["10.0.0.1", "11.0.0.1", false],
    ["1.2.3.4", "5.2.3.4", false],
    ["a.localhost", "b.localhost", false],
  ])("%s and %s: %s", (a, b, same) => {
    expect(isSameSite(a, b)).toBe(same);
    expect(isSameSite(b, a)).toBe(same);
  });
});

describe("endpointOf()", () => {
  const settings = (change: Partial<RegistrySettings> = {}): RegistrySettings => ({
    mirrors: new Map(),
    plainHttp: new Set(),
    redirect: "manual",
    ...change,
  });
  const plain = settings();

  it.each([
    ["ghcr.io", "https://ghcr.io", "ghcr.io"],
    ["GHCR.io", "https://ghcr.io", "ghcr.io"],
    ["ghcr.io:443", "https://ghcr.io", "ghcr.io:443"],
    ["docker.io", "https://registry-1.docker.io", "docker.io"],
    ["registry-1.docker.io", "https://registry-1.docker.io", "registry-1.docker.io"],
    ["registry.example:5000", "https://registry.example:5000", "registry.example:5000"],
    ["localhost", "http://localhost", "localhost"],
    ["localhost:5000", "http://localhost:5000", "localhost:5000"],
    ["127.0.0.1:5000", "http://127.0.0.1:5000", "127.0.0.1:5000"],
    ["[::1]:5000", "http://[::1]:5000", "[::1]:5000"],
    ["10.0.0.5:5000", "https://10.0.0.5:5000", "10.0.0.5:5000"],
  ])("%s is asked at %s with the credentials of %s", (registry, base, credentialHost) => {
    expect(endpointOf(registry, plain)).toMatchObject({ base, credentialHost });
  });

  it("speaks plain HTTP where it is told to", () => {
    expect(endpointOf("10.0.0.5:5000", settings({ plainHttp: new Set(["10.0.0.5:5000"]) })).base).toBe(
      "http://10.0.0.5:5000",
    );
    expect(endpointOf("10.0.0.5:5001", settings({ plainHttp: new Set(["10.0.0.5:5000"]) })).base).toBe(
      "https://10.0.0.5:5001",
    );
    expect(endpointOf("ghcr.io", settings({ plainHttp: "all" })).base).toBe("http://ghcr.io");
  });

  it("asks the mirror, with the credentials of the mirror", () => {
    const mirrored = settings({ mirrors: new Map([["GHCR.io", "http://127.0.0.1:5000/proxy/"]]) });
    const endpoint = endpointOf("ghcr.io", mirrored);
    expect(endpoint).toMatchObject({ base: "http://127.0.0.1:5000/proxy", credentialHost: "127.0.0.1:5000" });
    expect(endpoint.label).toContain("ghcr.io");
    expect(endpointOf("quay.io", mirrored).base).toBe("https://quay.io");
  });

  it.each(["127.1", "0x7f.0.0.1", "0177.0.0.1", "1.2.3.256", "ghcr.io:99999"])(
    "refuses %s, which a URL parser reads otherwise",
    (registry) => expect(() => endpointOf(registry, plain)).toThrow(expect.objectContaining({ code: "ERR_REFERENCE" })),
  );

  it.each(["ghcr.io", "ftp://a", "http://u:p@a", "http://a?x", "http://a#x", ""])("refuses the mirror %j", (mirror) => {
    const mirrored = settings({ mirrors: new Map([["ghcr.io", mirror]]) });
    expect(() => endpointOf("ghcr.io", mirrored)).toThrow(expect.objectContaining({ code: "ERR_CONFIG" }));
  });
});
