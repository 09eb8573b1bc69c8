/** The component on Node, through `jco transpile`: Node knows core modules and no components. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { LentHost } from "../../src/runtime/wasm.ts";
import type { DecisionRecord } from "../component/evaluation.ts";
import type { InspectionRecord } from "../component/inspection.ts";
import type { EnvelopeRecord, RefusalRecord } from "../component/records.ts";
import type { TrustRecord } from "../component/trust.ts";
import type { SubjectRecord, VerificationRecord } from "../component/verification.ts";

/** Where `npm run build:wasm` puts it. */
export const BUILT: string = fileURLToPath(new URL("../../dist/wasm/", import.meta.url));

/** The interface `verifier`. Functions block; where the interface says `result`, the error is thrown with a `payload`. */
export interface BlockingVerifier {
  readonly inspect: (envelope: EnvelopeRecord) => InspectionRecord;
  readonly verify: (subject: SubjectRecord, trust: TrustRecord) => VerificationRecord;
  readonly evaluate: (
    policies: readonly { readonly source: string; readonly text: string }[],
    review: string,
    phase: "mutate" | "validate",
  ) => DecisionRecord;
}

/** Starts an instance with what it is lent. */
export type Instantiate = (lent: LentHost) => Promise<BlockingVerifier>;

interface Transpiled {
  readonly instantiate: (
    getCoreModule: (path: string) => Promise<WebAssembly.Module>,
    imports: Readonly<Record<string, unknown>>,
  ) => Promise<{ readonly verifier: BlockingVerifier }>;
}

/** Compiles the component, once for any number of instances. */
export async function compileComponent(folder: string = BUILT): Promise<Instantiate> {
  const { instantiate }: Transpiled = await import(pathToFileURL(join(folder, "edge-notary.js")).href);
  const modules = new Map<string, Promise<WebAssembly.Module>>();
  const compile = async (path: string) => await WebAssembly.compile(await readFile(join(folder, path)));
  const getCoreModule = (path: string): Promise<WebAssembly.Module> => {
    const module = modules.get(path) ?? compile(path);
    modules.set(path, module);
    return module;
  };
  return async (lent) => {
    const { verifier } = await instantiate(getCoreModule, { "edge-notary:core/host": lent });
    return verifier;
  };
}

/** The refusal of a question that could not be asked; `undefined` for a trap or a defect. */
export function refusalOf(thrown: unknown): RefusalRecord | undefined {
  if (typeof thrown !== "object" || thrown === null || !("payload" in thrown)) return undefined;
  return thrown.payload as RefusalRecord;
}
