/** Bearer tokens (RFC 6750, section 2.1). */
import { describe, expect, it } from "vitest";
import { createTokenDoor, openDoor, parseTokens } from "../../../src/admission/door.ts";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";

const token = "correct-horse-battery-staple";
const next = "the-token-that-comes-after-it";
const door = createTokenDoor([token, next], createWebCryptoProvider());
const ask = (authorization?: string) =>
  door(new Request("http://localhost/mutate", authorization === undefined ? {} : { headers: { authorization } }));

describe("createTokenDoor()", () => {
  it.each([`Bearer ${token}`, `Bearer ${next}`, `bearer ${token}`, `BEARER ${token}`])(
    "opens to %s",
    async (header) => {
      expect(await ask(header)).toBe(true);
    },
  );

  it.each([
    undefined,
    "",
    "Bearer",
    "Bearer ",
    `Basic ${token}`,
    token,
    `Bearer ${token}x`,
    `Bearer ${token.slice(1)}`,
    `Bearer ${token.toUpperCase()}`,
    `Bearer ${token} ${next}`,
    `Bearer ${token},Bearer ${token}`,
    `Bearer ${"a".repeat(10_000)}`,
  ])("stays shut to %s", async (header) => expect(await ask(header)).toBe(false));

  it("without tokens stays shut", async () => {
    const shut = createTokenDoor([], createWebCryptoProvider());
    expect(await shut(new Request("http://localhost/", { headers: { authorization: "Bearer " } }))).toBe(false);
  });
});

describe("openDoor()", () => {
  it("opens to everybody", async () => expect(await openDoor(new Request("http://localhost/"))).toBe(true));
});

describe("parseTokens()", () => {
  it("reads one token a line", () => {
    expect(parseTokens(`${token}\n`, "f")).toEqual([token]);
    expect(parseTokens(`${token}\r\n\n  ${next}\n`, "f")).toEqual([token, next]);
  });

  it.each([
    ["nothing", ""],
    ["empty lines", "\n \n"],
    ["a short token", "short"],
    ["a token with a space", "correct horse battery staple"],
    ["a token with a control character", `${token}\u0007`],
    ["too many tokens", `${token}\n`.repeat(9)],
    ["a good and a bad token", `${token}\nshort`],
  ])("refuses %s without showing it", (_, text) => {
    let message = "";
    try {
      parseTokens(text, "token.txt");
    } catch (error) {
      message = (error as Error).message;
      expect(error).toMatchObject({ code: "ERR_CONFIG" });
    }
    expect(message).toMatch(/^Cannot read tokens of "token.txt"/);
    expect(message).not.toMatch(/short|horse/);
  });
});
