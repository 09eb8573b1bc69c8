/** What `serve --demo` needs: it comes with the package, and its policy trusts the signer of the fixtures there are. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { trustInPolicy } from "../../../scripts/fixtures/policy.ts";
import { DEMO_LAYOUT, DEMO_POLICY, EXAMPLES } from "../../../src/cli/demo.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

describe("the package", () => {
  const { files } = JSON.parse(read("package.json")) as { readonly files: readonly string[] };

  it.each([DEMO_LAYOUT, DEMO_POLICY, EXAMPLES])("has %s", (path) => {
    expect(files.filter((packed) => `${path}/`.startsWith(`${packed}/`))).toHaveLength(1);
  });
});

describe("trustInPolicy()", () => {
  const policy = read(DEMO_POLICY);
  const signer = read("test/fixtures/keys/fixture-signer.crt.pem");

  it("changes nothing in the example policy: it trusts the fixtures' signer", () => {
    expect(trustInPolicy(policy, signer)).toBe(policy);
  });

  it("puts another certificate in the same place, and changes nothing else", () => {
    const impostor = read("test/fixtures/keys/impostor.crt.pem");
    const changed = trustInPolicy(policy, impostor);
    expect(changed).not.toBe(policy);
    expect(changed.replaceAll(/^ +/gm, "")).toContain(impostor.trim());
    expect(trustInPolicy(changed, signer)).toBe(policy);
  });

  it("refuses a policy without a certificate", () => {
    expect(() => trustInPolicy("kind: ClusterPolicy\n", signer)).toThrow("no certificate to replace");
  });
});
