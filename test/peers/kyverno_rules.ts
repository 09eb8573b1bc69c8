/** Asks the real Kyverno CLI about many rules at once: each answers for its preconditions. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peerPaths } from "../../scripts/peers.ts";
import { runTool } from "./tools.ts";

/** Parts of a rule: `context`, `preconditions`. */
export type RuleParts = Readonly<Record<string, unknown>>;

/** What the peer says of a rule. */
export interface RuleAnswer {
  readonly result: string;
  readonly message: string;
}

/** The Pod that rules are asked about; images are looked for by nobody. */
export const POD = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "test",
    namespace: "default",
    labels: { a: "b", braces: "{{ request.namespace }}" },
    annotations: { field: "namespace" },
  },
  spec: { containers: [{ name: "c0", image: "ghcr.io/kyverno/test-verify-image:signed" }] },
};

export interface AskOptions {
  readonly apiVersion?: string;
  readonly background?: boolean;
  readonly arguments?: readonly string[];
}

/** Rules that one run of the peer is asked about at most. */
const MAX_RULES = 2_000;

/**
 * @returns An answer for each rule, in their order; `pass` for one whose preconditions hold.
 * @throws {Error} When the peer does not take one of them.
 */
export async function askRules(rules: readonly RuleParts[], options: AskOptions = {}): Promise<readonly RuleAnswer[]> {
  const answers: RuleAnswer[] = [];
  for (let start = 0; start < rules.length; start += MAX_RULES) {
    const part = rules.slice(start, start + MAX_RULES);
    const { stdout, stderr } = await runKyverno(part, ["-p", "--output-format", "json"], options);
    const begin = stdout.indexOf("{");
    if (begin < 0 || /^Policies Skipped/m.test(stdout)) {
      throw new Error(`the peer takes no such rules: ${stdout}${stderr}`);
    }
    const results: readonly (RuleAnswer & { readonly rule: string })[] = JSON.parse(stdout.slice(begin)).results;
    const byName = new Map(results.map((result) => [result.rule, result]));
    for (const index of part.keys()) {
      const found = byName.get(`r${index}`);
      if (found === undefined) throw new Error(`the peer says nothing of rule ${start + index}`);
      answers.push({ result: found.result, message: found.message });
    }
  }
  return answers;
}

/** Why the peer does not take a rule; `undefined` when it does. */
export async function askRefusal(rule: RuleParts, options: AskOptions = {}): Promise<string | undefined> {
  const { stdout, stderr } = await runKyverno([rule], ["-v", "2"], options);
  // deno-lint-ignore no-control-regex
  const said = `${stdout}${stderr}`.replace(/\u001b\[\d+m/g, "");
  const reason = /policy validation error error=("(?:[^"\\]|\\.)*")/.exec(said)?.[1];
  if (reason !== undefined) return JSON.parse(reason) as string;
  return /^Policies Skipped|Non-fatal parsing error|Applying 0 policy/m.test(said) ? "not taken" : undefined;
}

async function runKyverno(rules: readonly RuleParts[], flags: readonly string[], options: AskOptions) {
  const { apiVersion = "kyverno.io/v1", background = false } = options;
  const folder = mkdtempSync(join(tmpdir(), "edge-notary-rules-"));
  try {
    const policy = {
      apiVersion,
      kind: "ClusterPolicy",
      metadata: { name: "p", annotations: { "pod-policies.kyverno.io/autogen-controllers": "none" } },
      spec: {
        background,
        validationFailureAction: "Audit",
        rules: rules.map((parts, index) => ({
          name: `r${index}`,
          match: { any: [{ resources: { kinds: ["Pod"] } }] },
          validate: { message: "-", deny: { conditions: { all: [{ key: "a", operator: "Equals", value: "b" }] } } },
          ...parts,
        })),
      },
    };
    const [policyFile, resourceFile] = [join(folder, "policy.yaml"), join(folder, "resource.yaml")];
    writeFileSync(policyFile, JSON.stringify(policy));
    writeFileSync(resourceFile, JSON.stringify(POD));
    const args = ["apply", policyFile, "-r", resourceFile, ...flags, ...options.arguments ?? []];
    return await runTool(peerPaths().kyverno, args, { environment: { HOME: folder } });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
