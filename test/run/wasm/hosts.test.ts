/** The component's hosts in other languages, each by its one command. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { expect, it } from "vitest";
import { everyCase } from "../../../wasm-host/node/ask.ts";
import { readCases } from "../../../wasm-host/node/cases.ts";
import { type HostName, HOSTS } from "../../../scripts/wasm/hosts.ts";
import { describeIf, type Need } from "../requirements.ts";

const NEEDS: Readonly<Record<HostName, Need>> = { node: "component", python: "python", rust: "rust" };

for (const host of HOSTS) {
  describeIf(NEEDS[host], `npm run wasm -- ${host}`, () => {
    it("has every answer as expected", () => {
      const args = ["--import", "tsx", "scripts/wasm/hosts.ts", host];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      expect(stderr).not.toContain("expected");
      expect(stdout).toContain(`${host}: ${everyCase(readCases()).length} passed, 0 failed`);
      expect(status).toBe(0);
    });
  });
}
