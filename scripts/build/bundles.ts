/** What is bundled from what, and how large it may be. */
import { type BuildOptions, type Metafile } from "esbuild";
import { fileURLToPath } from "node:url";

/** The checkout's folder. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** What a page needs to decode an envelope and verify it: the budget of the engine itself. */
export const VERIFY_ENTRY = `
export { decodeEnvelope, readPayload, verdict, verifySignature } from "./src/notary/mod.ts";
export { parseCertificates } from "./src/x509/mod.ts";
export { createNobleProvider, createWebCryptoProvider, withFallback } from "./src/crypto/mod.ts";
`;

/** Bytes after gzip of what loads on demand, at most: the second crypto provider. */
export const ON_DEMAND_BUDGETS: Readonly<Record<string, number>> = { verify: 50_000, page: 50_000 };

/**
 * Bytes after gzip of what loads first, at most. The worker is one file, so that one upload is all of it: the readers
 * of YAML, JMESPath, CEL and Go's regular expressions are in it, half of its size. Platforms take 3 MB.
 */
export const BUDGETS: Readonly<Record<string, number>> = {
  verify: 80_000,
  page: 100_000,
  worker: 400_000,
};

const shared = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  logLevel: "silent",
  metafile: true,
  write: false,
} as const satisfies BuildOptions;

/** A bundle: its name in the table, its options, and the output that is loaded first. */
export interface Bundle {
  readonly name: string;
  readonly options: BuildOptions & { readonly metafile: true; readonly write: false };
  /** Below the output folder. */
  readonly entry: string;
  readonly budget?: number;
  readonly onDemandBudget?: number;
}

/**
 * Every bundle of a build.
 *
 * @param out The output folder, absolute.
 */
export function bundles(out: string): readonly Bundle[] {
  const library = {
    ...shared,
    // An application has its own copies of the libraries, or shares ours through its package manager.
    packages: "external",
    platform: "neutral",
    splitting: true,
    outdir: out,
    chunkNames: "chunks/[name]-[hash]",
    entryPoints: { mod: "src/mod.ts", policy: "src/policy/mod.ts", admission: "src/admission/mod.ts" },
  } as const;
  return [
    ...["mod", "policy", "admission"].map((name) => ({
      name: `library: ${name}`,
      options: library,
      entry: `${name}.js`,
    })),
    {
      name: "worker",
      options: {
        ...shared,
        minify: true,
        platform: "neutral",
        mainFields: ["module", "main"],
        outfile: `${out}/worker.js`,
        entryPoints: ["src/admission/worker.ts"],
      },
      entry: "worker.js",
      budget: BUDGETS["worker"] as number,
    },
    {
      name: "command line",
      options: {
        ...shared,
        // Libraries in their form for every runtime: the one for Node may ask for `require`.
        platform: "neutral",
        mainFields: ["module", "main"],
        // Redis is for who wants it: its client, 500 kB, is not carried along.
        external: ["node:*", "@redis/client"],
        target: "node20",
        splitting: true,
        outdir: out,
        chunkNames: "cli/[name]-[hash]",
        entryPoints: { "edge-notary": "src/cli/main.ts" },
      },
      entry: "edge-notary.js",
    },
    {
      name: "page",
      options: {
        ...shared,
        minify: true,
        platform: "browser",
        splitting: true,
        outdir: `${out}/page`,
        chunkNames: "[name]-[hash]",
        entryPoints: { main: "src/page/main.ts", style: "src/page/style.css" },
        loader: { ".html": "copy" },
      },
      entry: "page/main.js",
      budget: BUDGETS["page"] as number,
      onDemandBudget: ON_DEMAND_BUDGETS["page"] as number,
    },
    verifyBundle(`${out}/verify`),
  ];
}

/** The bundle whose size is budgeted and that is not kept. */
export function verifyBundle(out: string): Bundle {
  return {
    name: "verify",
    options: {
      ...shared,
      minify: true,
      platform: "browser",
      splitting: true,
      outdir: out,
      stdin: { contents: VERIFY_ENTRY, resolveDir: ROOT, sourcefile: "verify.ts", loader: "ts" },
    },
    entry: "verify/stdin.js",
    budget: BUDGETS["verify"] as number,
    onDemandBudget: ON_DEMAND_BUDGETS["verify"] as number,
  };
}

/** The outputs that load with an output: itself and what it imports statically. */
export function firstLoad(metafile: Metafile, output: string): readonly string[] {
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind, external } of metafile.outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && external !== true) visit(next);
    }
  };
  visit(output);
  return [...loaded];
}
