/** Asks the real Kyverno CLI many questions, as many at once as pays, and gives each its own answer. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { peerPaths } from "../../scripts/peers.ts";
import type { Json } from "./kyverno_cases.ts";
import { runTool } from "./tools.ts";

/** A line of Kyverno's policy report. */
export interface PeerResult {
  readonly policy: string;
  readonly rule: string;
  readonly result: string;
  readonly message: string;
  /** As the report has it: `namespace/name` for a policy with a namespace. */
  readonly reportedPolicy?: string;
  readonly source?: string;
  readonly category?: string;
  readonly severity?: string;
  readonly scored?: boolean;
  readonly properties?: Readonly<Record<string, string>>;
}

/** What the peer is asked about one resource. */
export interface PeerQuestion {
  /** As JSON; no other question has policies of these names. */
  readonly policies: readonly string[];
  readonly resource: Json;
  readonly exceptions?: readonly Json[];
  /** What variables stand for, rule by rule, as a values file says it of the question's policies. */
  readonly values?: Json;
  /** Who asks: `userInfo`, `roles`, `clusterRoles`. */
  readonly user?: Json;
  /** Whether a policy is about images of other questions, too. */
  readonly alone?: boolean;
  /** Of the resource's namespace. */
  readonly namespaceLabels?: Json;
}

/** Every policy of a run is read for every resource of it: so many that another process costs less. */
const MAX_QUESTIONS = 30;

/** Processes at a time. */
const MAX_RUNS = 2;

const CLI_API = "cli.kyverno.io/v1alpha1";

/**
 * Asks in runs of many questions. Within a run the peer hands a resource from policy to policy, digests written: no
 * policy of a question may be about images of another's resource, or `alone` says that it is.
 *
 * @param folder Files for the peer are written below it; it is the peer's home.
 * @param flags More of them.
 * @returns The answers in the questions' order: the lines about a question's policies and its resource.
 * @throws {Error} When the peer does not take one of the policies, or says nothing that can be read.
 */
export async function askKyverno(
  folder: string,
  questions: readonly PeerQuestion[],
  flags: readonly string[] = ["--audit-warn"],
): Promise<readonly (readonly PeerResult[])[]> {
  const answers = new Map<PeerQuestion, readonly PeerResult[]>();
  const waiting = runsOf(questions).entries();
  await Promise.all(Array.from({ length: MAX_RUNS }, async () => {
    for (const [number, run] of waiting) {
      const home = join(folder, `run-${number}`);
      mkdirSync(home, { recursive: true });
      for (const [question, answer] of await answersOf(home, run, flags)) answers.set(question, answer);
    }
  }));
  return questions.map((question) => answers.get(question) ?? []);
}

/** Questions of one asker together: who asks is said once for a process. */
function runsOf(questions: readonly PeerQuestion[]): readonly (readonly PeerQuestion[])[] {
  const together = new Map<string, PeerQuestion[]>();
  const runs: PeerQuestion[][] = [];
  for (const question of questions) {
    const setting = JSON.stringify([question.user, question.namespaceLabels]);
    let run = question.alone ? undefined : together.get(setting);
    if (run === undefined || run.length === MAX_QUESTIONS) {
      run = [];
      runs.push(run);
      if (!question.alone) together.set(setting, run);
    }
    run.push(question);
  }
  return runs;
}

async function answersOf(
  folder: string,
  questions: readonly PeerQuestion[],
  flags: readonly string[],
): Promise<readonly (readonly [PeerQuestion, readonly PeerResult[]])[]> {
  const write = (name: string, documents: readonly string[]): string => {
    writeFileSync(join(folder, name), documents.join("\n---\n"));
    return join(folder, name);
  };
  // The report says whose line it is by the resource's identifier.
  const withUid = ({ resource }: PeerQuestion, at: number): string =>
    JSON.stringify({ ...resource, metadata: { ...resource["metadata"] as Json, uid: `question-${at}` } });
  const [first] = questions;
  const exceptions = questions.flatMap((question) => question.exceptions ?? []).map((one) => JSON.stringify(one));
  const namespaces = questions.map(({ resource }) =>
    (resource["metadata"] as { namespace?: string }).namespace ?? "default"
  );
  const values = {
    apiVersion: CLI_API,
    kind: "Values",
    policies: questions.flatMap(({ policies, values }) => values === undefined ? [] : policies.map(valuesOf(values))),
    ...(first?.namespaceLabels === undefined
      ? {}
      : { namespaceSelector: [...new Set(namespaces)].map((name) => ({ name, labels: first.namespaceLabels })) }),
  };
  const { stdout, stderr } = await runTool(peerPaths().kyverno, [
    ...["apply", write("policies.yaml", questions.flatMap(({ policies }) => policies))],
    ...["-r", write("resources.yaml", questions.map(withUid)), ...flags, "--registry"],
    ...(exceptions.length === 0 ? [] : ["-e", write("exceptions.yaml", exceptions)]),
    ...(first?.user === undefined
      ? []
      : ["--userinfo", write("user.yaml", [JSON.stringify({ apiVersion: CLI_API, kind: "UserInfo", ...first.user })])]),
    ...["--values-file", write("values.yaml", [JSON.stringify(values)])],
    ...["-p", "--output-format", "json"],
  ], { environment: { HOME: folder } });
  const lines = reportLines(stdout, stderr);
  return questions.map((question, at) => {
    const uid = `question-${at}`;
    const names = new Set(question.policies.map(nameOf));
    return [question, lines.filter((line) => line.resources[0]?.uid === uid && names.has(line.policy))] as const;
  });
}

const nameOf = (policy: string): string => JSON.parse(policy).metadata.name;

const valuesOf = (values: Json) => (policy: string) => {
  const { metadata, spec } = JSON.parse(policy);
  return { name: metadata.name, rules: spec.rules.map(({ name }: { name: string }) => ({ name, values })) };
};

type ReportLine = PeerResult & { readonly resources: readonly { readonly uid?: string }[] };

function reportLines(stdout: string, stderr: string): readonly ReportLine[] {
  const start = stdout.indexOf("{");
  if (/^Policies Skipped/m.test(stdout)) throw new Error(`the peer refused: ${stdout.slice(0, start)}${stderr}`);
  if (start < 0) {
    // Without any result the CLI prints no report.
    if (stderr.trim() !== "") throw new Error(`the peer failed: ${stdout}${stderr}`);
    return [];
  }
  // A report for each namespace of policies, whole for each phase.
  const lines: readonly ReportLine[] = stdout.slice(start).split(/^---$/m)
    .flatMap((report) => JSON.parse(report).results ?? []);
  // Of a policy with a namespace reports say that, too.
  return lines.map((line) => ({
    ...line,
    policy: line.policy.slice(line.policy.indexOf("/") + 1),
    reportedPolicy: line.policy,
  }));
}

/** What Kyverno's second phase says of images the first phase has judged already. */
const SECOND_PHASE = /^(missing digest for |unverified image |image is not verified|image verified|image skipped)/;

/** What both of Kyverno's phases say of a rule as a whole. */
const OF_THE_RULE =
  /^(preconditions not met|failed to evaluate preconditions: |rule is skipped due to policy exceptions|failed to instantiate handler: )/;

/** What the first phase says. */
export function firstPhase(results: readonly PeerResult[]): readonly PeerResult[] {
  return results.filter(({ rule, message }, index) =>
    !SECOND_PHASE.test(message) &&
    !(OF_THE_RULE.test(message) &&
      results.slice(0, index).some((other) => other.rule === rule && other.message === message))
  );
}

/** What the second phase says, of images. */
export function secondPhase(results: readonly PeerResult[]): readonly PeerResult[] {
  return results.filter(({ message }) => SECOND_PHASE.test(message));
}

/** Why the peer does not take a policy; nothing when it does. */
export async function askRefusal(folder: string, policy: string, resource: Json): Promise<readonly string[]> {
  const [policyFile, resourceFile] = [join(folder, "policy.yaml"), join(folder, "resource.yaml")];
  writeFileSync(policyFile, policy);
  writeFileSync(resourceFile, JSON.stringify(resource));
  const { stdout, stderr } = await runTool(peerPaths().kyverno, ["apply", policyFile, "-r", resourceFile, "-v", "2"], {
    environment: { HOME: folder },
  });
  // deno-lint-ignore no-control-regex
  const said = `${stdout}${stderr}`.replace(/\u001b\[\d+m/g, "");
  return [...said.matchAll(/policy validation error error=("(?:[^"\\]|\\.)*")/g)].map(([, text = ""]) =>
    JSON.parse(text)
  );
}
