import { defineConfig } from "vitest/config";

/** The suites: `cases` needs Node alone; the others need the tools that `.ci/run` installs. */
const suite = (name: string, include: string[], timeoutMilliseconds: number) => ({
  test: { name, include, testTimeout: timeoutMilliseconds, hookTimeout: timeoutMilliseconds, pool: "forks" as const },
});

export default defineConfig({
  test: {
    projects: [
      suite("cases", ["test/cases/**/*.test.ts"], 20_000),
      suite("peers", ["test/peers/**/*.test.ts"], 120_000),
      suite("browser", ["test/run/browser/**/*.test.ts"], 120_000),
      suite("wasm", ["test/run/wasm/**/*.test.ts"], 900_000),
      suite("runtimes", ["test/run/runtimes/**/*.test.ts"], 120_000),
    ],
  },
});
