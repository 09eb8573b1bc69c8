import { describe, expect, it } from "vitest";
import { renderColumns, wrap } from "../../../../src/cli/render/columns.ts";

describe("renderColumns()", () => {
  it("prints notation's table of user metadata", () => {
    expect(renderColumns([["KEY", "VALUE"], ["io.wabbit-networks.buildId", "123"], ["team", "alpha"]])).toBe(
      "KEY                          VALUE   \n" +
        "io.wabbit-networks.buildId   123     \n" +
        "team                         alpha   \n",
    );
  });

  it("counts characters, not bytes", () => {
    expect(renderColumns([["KEY", "VALUE"], ["größe", "☃"]])).toBe("KEY     VALUE   \ngröße   ☃       \n");
  });
});

describe("wrap()", () => {
  it.each([
    ["at blanks", "the quick brown fox", 10, ["the quick", "brown fox"]],
    ["behind a comma", "CN=test,O=Notary,L=Seattle", 12, ["CN=test,", "O=Notary,", "L=Seattle"]],
    ["behind a slash", "ghcr.io/kyverno/test", 10, ["ghcr.io/", "kyverno/", "test"]],
    ["anywhere", "0123456789", 4, ["0123", "4567", "89"]],
    ["not at all", "short", 80, ["short"]],
    ["nothing", "", 80, [""]],
  ])("breaks %s", (_, text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
  });

  it("keeps a digest and what it stands in whole", () => {
    const reference = `"ghcr.io/a@sha256:${"0".repeat(64)}"`;
    expect(wrap(`signature of ${reference}: none`, 20)).toEqual(["signature of", `${reference}:`, "none"]);
  });
});
