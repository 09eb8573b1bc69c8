import { readdirSync } from "node:fs";
import { expect, it } from "vitest";

/** What may stand at the top; everything else has a folder it belongs to. */
const ALLOWED = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "SECURITY.md",
  "deno.json",
  "docs",
  "examples",
  "package-lock.json",
  "package.json",
  "scripts",
  "src",
  "test",
  "wasm-host",
];

/** Made by tools and never committed. */
const MADE = ["coverage", "dist", "node_modules"];

it("the top level holds what it is meant to hold, and dotfiles", () => {
  const found = readdirSync(".").filter((name) => !name.startsWith(".") && !MADE.includes(name.replace(/\..*$/, "")));
  expect(found.filter((name) => !ALLOWED.includes(name))).toEqual([]);
});
