/**
 * Kyverno's command line is asked every expression of `test/vectors/kyverno_jmespath.json`: it answers what is
 * recorded, and we answer the same, or otherwise as the closed list says.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import {
  type Answer,
  answer,
  jmespathInput,
  type JmespathRow,
  jmespathRows,
  KYVERNO_TEXT,
} from "../run/jmespath_rows.ts";
import { describeIf } from "../run/requirements.ts";
import { deviations } from "./deviations.ts";
import { runTool } from "./tools.ts";

/** Expressions that one run of the program is asked. */
const BATCH = 50;

/** Runs at a time. */
const AT_ONCE = 3;

/** Differences by what an error says, not by whether there is one. */
const TEXTS = "jmespath-error-texts";

const LISTED = [
  "jmespath-binary-text",
  "jmespath-compare-number",
  "jmespath-duplicate-names",
  "jmespath-grammar",
  "jmespath-items-list",
  "jmespath-label-objects",
  "jmespath-last-line",
  "jmespath-name-constraints",
  "jmespath-quantity-range",
  "jmespath-stray-reference",
];

const failing = jmespathRows.filter((row) => "error" in row);
const answering = jmespathRows.filter((row) => "value" in row);

describeIf("kyverno", "jp query", () => {
  let folder = "";
  const answers = new Map<string, Answer>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "edge-notary-jmespath-"));
    writeFileSync(join(folder, "input.json"), JSON.stringify(jmespathInput));
    const batches: (readonly JmespathRow[])[] = failing.map((row) => [row]);
    for (let at = 0; at < answering.length; at += BATCH) batches.push(answering.slice(at, at + BATCH));
    const workers = Array.from({ length: AT_ONCE }, async () => {
      for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) await ask(batch);
    });
    await Promise.all(workers);
  }, 180_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function ask(batch: readonly JmespathRow[]): Promise<void> {
    const expressions = batch.map(({ expression }) => expression);
    const args = ["jp", "query", "--compact", "--input", join(folder, "input.json"), "--", ...expressions];
    const { stdout, stderr, exitCode } = await runTool(peerPaths().kyverno, args, { environment: { HOME: folder } });
    const [only] = expressions;
    if (exitCode !== 0 && expressions.length === 1 && only !== undefined) {
      answers.set(only, { error: errorText(stderr) });
      return;
    }
    expect(exitCode, stderr).toBe(0);
    let rest = stdout;
    for (const expression of expressions) {
      const title = `# ${expression}\n`;
      expect(rest.startsWith(title), `${title} in ${rest.slice(0, 200)}`).toBe(true);
      const end = rest.indexOf("\n", title.length);
      answers.set(expression, { value: JSON.parse(rest.slice(title.length, end)) });
      rest = rest.slice(end + 1);
    }
  }

  it("has rows enough, of them errors", () => {
    expect(jmespathRows.length).toBeGreaterThan(1_000);
    expect(failing.length).toBeGreaterThan(300);
  });

  it.each(jmespathRows)("$expression", (row) => {
    const theirs = answers.get(row.expression) as Answer;
    expect(theirs).toEqual("error" in row ? { error: row.error } : { value: row.value });
    const ours = answer(row.expression);
    if (row.deviation === undefined) {
      if ("value" in theirs) expect(ours).toEqual(theirs);
      else expect(ours).toEqual({ error: KYVERNO_TEXT.test(theirs.error) ? theirs.error : expect.any(String) });
      return;
    }
    expect(LISTED).toContain(row.deviation);
    expect(ours).not.toEqual(theirs);
    expect(ours).toEqual(row.ours !== undefined && "value" in row.ours ? row.ours : { error: expect.any(String) });
  });
});

describe("the differences of JMESPath", () => {
  it("are those of the closed list, each in a row", () => {
    const listed = deviations.filter(({ id, test }) => test === "test/peers/jmespath.test.ts" && id !== TEXTS);
    expect(listed.map(({ id }) => id).sort()).toEqual(LISTED);
    expect([...new Set(jmespathRows.flatMap(({ deviation }) => deviation ?? []))].sort()).toEqual(LISTED);
  });

  it("are in the words of errors only where they are the parser's, of arguments or of readers", () => {
    const other = failing.filter((row) => row.ours === undefined && "error" in row && !KYVERNO_TEXT.test(row.error));
    const differing = other.filter((row) =>
      "error" in row && JSON.stringify(answer(row.expression)) !== JSON.stringify({ error: row.error })
    );
    expect(differing.length).toBeGreaterThan(100);
    expect(deviations.map(({ id }) => id)).toContain(TEXTS);
  });
});

/** The reason, without what the program says it was doing; `panic` when it died. */
function errorText(stderr: string): string {
  const text = stderr.trim();
  if (text.startsWith("panic")) return "panic";
  const compiled = /^Error: failed to compile JMESPath: [^]*?, error: ([^]*)$/.exec(text)?.[1];
  return compiled ??
    text.replace(/^Error: (?:error evaluating JMESPath expression: |error marshalling result to JSON: )?/, "");
}
