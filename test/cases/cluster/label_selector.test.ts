import { describe, expect, it } from "vitest";
import { parseLabelSelector, selectsLabels } from "../../../src/cluster/label_selector.ts";

const labels = { environment: "production", tier: "frontend", "app.kubernetes.io/name": "web", size: "10", empty: "" };

/** Kubernetes, "Labels and Selectors": equality-based and set-based requirements, and its table of comparisons. */
describe("a selector", () => {
  it.each([
    ["", true],
    ["environment=production", true],
    ["environment==production", true],
    ["environment = production", true],
    ["environment=staging", false],
    ["environment!=staging", true],
    ["environment!=production", false],
    ["none!=production", true],
    ["environment=production,tier!=frontend", false],
    ["environment in (production, qa)", true],
    ["environment in (qa)", false],
    ["none in (qa)", false],
    ["tier notin (frontend, backend)", false],
    ["none notin (frontend)", true],
    ["environment in (production),tier in (frontend)", true],
    ["app.kubernetes.io/name=web", true],
    ["tier", true],
    ["none", false],
    ["!tier", false],
    ["! none", true],
    ["toString", false],
    ["!toString", true],
    ["empty=", true],
    ["tier=", false],
    ["size>9", true],
    ["size>10", false],
    ["size<11", true],
    ["tier>1", false],
    ["none<1", false],
  ])("%j selects: %s", (text, expected) => {
    expect(selectsLabels(parseLabelSelector(text), labels)).toBe(expected);
  });

  it.each([
    "=a",
    "a=b=c",
    "a,",
    ",a",
    "a in",
    "a in (b",
    "a in b)",
    "in (a)",
    "a in ((b))",
    "-a",
    "a=-b",
    "a/b/c=d",
    "A/b=c",
    "a=b c",
    "a>b",
    "a>",
    "!a=b",
    `${"a".repeat(64)}=b`,
    `a=${"b".repeat(64)}`,
    "a=b&limit=1",
    "a\u0000=b",
  ])("%j is refused", (text) => {
    expect(() => parseLabelSelector(text)).toThrowError(
      expect.objectContaining({ code: "ERR_CLUSTER_PATH" }) as Error,
    );
  });

  it.each([",", "(", "a,", "(,", "!"])("of 20 000 characters %j is refused in no time", (part) => {
    const from = performance.now();
    expect(() => parseLabelSelector(part.repeat(16_000 / part.length))).toThrowError();
    expect(() => parseLabelSelector(part.repeat(20_000))).toThrowError(/characters, expected at most/);
    expect(performance.now() - from).toBeLessThan(1_000);
  });
});
