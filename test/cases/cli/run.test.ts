import { describe, expect, it } from "vitest";
import { runInMemory } from "./memory_host.ts";

const COMMANDS = ["discover", "inspect", "list", "serve", "verify", "version"];

describe("help", () => {
  it.each([[[]], [["--help"]], [["-h"]], [["help"]]])("%j lists every command", async (argv) => {
    const { status, stdout, stderr } = await runInMemory(argv);
    expect(status).toBe(0);
    expect(stderr).toBe("");
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} +\\w`, "m"));
  });

  it.each(COMMANDS)("%s --help shows usage and flags and asks nothing", async (command) => {
    for (const argv of [[command, "--help"], ["help", command], [command, "anything", "-h"]]) {
      const { status, stdout, requests } = await runInMemory(argv);
      expect(status).toBe(0);
      expect(requests).toEqual([]);
      expect(stdout).toContain(`Usage:\n  edge-notary ${command} `);
      expect(stdout).toMatch(new RegExp(`^  -h, --help +help for ${command}$`, "m"));
    }
  });

  it("lists flags by name, with letters, values and initial values", async () => {
    const { stdout } = await runInMemory(["inspect", "--help"]);
    const flags = stdout.slice(stdout.indexOf("Flags:")).match(/--[a-z-]+/g) ?? [];
    expect(flags).toEqual([...flags].sort());
    expect(stdout).toMatch(
      /^ {2}-o, --output string +output format, options: 'json', 'tree', 'text' \(default "tree"\)$/m,
    );
    expect(stdout).toMatch(/^ {6}--max-signatures int +.* \(default 100\)$/m);
  });

  it("knows list as ls too", async () => {
    expect((await runInMemory(["ls", "--help"])).stdout).toContain("Aliases:\n  list, ls\n");
  });
});

describe("version", () => {
  it.each([["version"], ["--version"]])("%s names version, runtime and crypto", async (word) => {
    const { status, stdout } = await runInMemory([word]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Version: {5}\d+\.\d+\.\d+$/m);
    expect(stdout).toMatch(/^Runtime: {5}memory 1\.0$/m);
    expect(stdout).toMatch(/^Crypto: {6}\S/m);
  });
});

describe("a wrong command line exits with 1, says why, and asks nobody", () => {
  it.each([
    [["frobnicate"], 'Error: unknown command "frobnicate" for "edge-notary"', "ERR_USAGE"],
    [["\u001b[31m"], 'Error: unknown command "\\x1b[31m" for "edge-notary"', "ERR_USAGE"],
    [["--frob"], "Error: unknown flag: --frob", "ERR_USAGE"],
    [["help", "nope"], 'Error: unknown help topic "nope"', "ERR_USAGE"],
    [["version", "x"], 'Error: unknown argument "x" for "edge-notary version"', "ERR_USAGE"],
    [["inspect"], "Error: missing reference to the artifact: use `edge-notary inspect --help` to see", "ERR_USAGE"],
    [["list"], "Error: missing reference to the artifact: use `edge-notary list --help` to see", "ERR_USAGE"],
    [["verify"], "Error: missing reference to the artifact: use `edge-notary verify --help` to see", "ERR_USAGE"],
    [["inspect", "r.example/a:1", "r.example/b:1"], "Error: 2 references, expected 1", "ERR_USAGE"],
    [["inspect", "-o", "yaml", "r.example/a:1"], "Error: unrecognized output format yaml", "ERR_USAGE"],
    [["verify", "-o", "tree", "r.example/a:1"], "Error: unrecognized output format tree", "ERR_USAGE"],
    [["verify", "r.example/a:1"], "Error: trust policy is not present.", "ERR_TRUST_POLICY_MISSING"],
    [
      ["inspect", "--max-signatures", "0", "r.example/a:1"],
      "Error: max-signatures value 0 must be a positive number",
      "ERR_USAGE",
    ],
    [["inspect", "--timeout", "0", "r.example/a:1"], "Error: timeout value 0 must be between 1 and", "ERR_USAGE"],
    [["inspect", "--mirror", "x", "r.example/a:1"], 'Error: invalid argument "x" for "--mirror" flag', "ERR_USAGE"],
    [["inspect", "--config", "nowhere.json", "r.example/a:1"], 'Error: Cannot read "nowhere.json"', "ERR_FILE"],
    [["inspect", "--oci-layout-path", "nowhere", "r.example/a:1"], "Error: Cannot read", "ERR_"],
    [["discover"], 'Error: "edge-notary discover" requires exactly 1 argument but got 0', "ERR_USAGE"],
    [["discover", "a", "b"], 'Error: "edge-notary discover" requires exactly 1 argument but got 2', "ERR_USAGE"],
    [["discover", "--depth", "0", "r.example/a:1"], "Error: depth value should be at least 1", "ERR_USAGE"],
    [
      ["discover", "--format", "tree", "-o", "json", "r.example/a:1"],
      "Error: --format, --output cannot be used at the same time",
      "ERR_USAGE",
    ],
    [["discover", "--format", "yaml", "r.example/a:1"], 'Error: invalid format type: "yaml"', "ERR_USAGE"],
    [
      ["discover", "--format", "go-template={{.x}}", "r.example/a:1"],
      'Error: format "go-template" is not available',
      "ERR_USAGE",
    ],
    [
      ["discover", "--distribution-spec", "v1.0", "r.example/a:1"],
      'Error: invalid argument "v1.0" for "--distribution-spec" flag',
      "ERR_USAGE",
    ],
    [["serve"], "Error: missing --policy FILE|DIR", "ERR_USAGE"],
    [["serve", "policy.yaml"], "Error: 1 arguments, expected none", "ERR_USAGE"],
    [
      ["serve", "--listen", "nonsense", "--demo"],
      'Error: invalid argument "nonsense" for "--listen" flag',
      "ERR_USAGE",
    ],
    [["serve", "--port", "70000", "--demo"], "Error: port value 70000 must be between 0 and 65535", "ERR_USAGE"],
    [["serve", "--tls-cert", "a", "--demo"], "Error: --tls-cert and --tls-key must be given together", "ERR_USAGE"],
    [["serve", "--policy", "nowhere.yaml"], 'Error: Cannot read "nowhere.yaml"', "ERR_FILE"],
  ])("%j", async (argv, line, code) => {
    const { status, stdout, stderr, requests } = await runInMemory(argv);
    expect(status).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain(line);
    expect(stderr).toMatch(new RegExp(`^Code: ${code}\\w* \\(misconfigured; a retry does not help\\)$`, "m"));
    expect(stderr).toMatch(/^Next: \S/m);
    expect(requests).toEqual([]);
  });
});

describe("a wrong reference exits with 1, in the words of the tool, and asks nobody", () => {
  const long = `r.example/${"a".repeat(300)}:1`;
  const references = [
    "",
    "net-monitor:v1",
    "r.example/a",
    "r.example/a:",
    "r.example/Capitals:1",
    "r.example/a/../b:1",
    "r.example//a:1",
    "r.example/a%2fb:1",
    long,
    `r.example/a:${"t".repeat(129)}`,
    "r.example/a:b c",
    "r.example/a@sha256:00",
    `r.example/a@md5:${"0".repeat(32)}`,
    `r.example/a@sha256:${"A".repeat(64)}`,
    "r.example/a:\u001b[2J",
    "r.example/\u202egnp:1",
    `r.example/a:${"x".repeat(5000)}`,
  ];
  it.each(references.flatMap((reference) => ["inspect", "list", "discover"].map((verb) => [verb, reference] as const)))(
    "%s %j",
    async (verb, reference) => {
      const { status, stdout, stderr, requests } = await runInMemory([verb, reference]);
      expect(status).toBe(1);
      expect(stdout).toBe("");
      expect(requests).toEqual([]);
      expect(stderr).toMatch(/^Error: ".*": (?:invalid reference|no tag or digest specified)/);
      expect(stderr).toMatch(/^Code: ERR_REFERENCE /m);
      // deno-lint-ignore no-control-regex
      expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    },
  );
});

// Verbatim of notation 1.3.2 and oras 1.3.6, with their program's name in place of ours.
describe("an incomplete reference is reported as the tools report it", () => {
  const notation = "Expecting <registry>/<repository>:<tag> or <registry>/<repository>@<digest>";
  it.each([
    ["inspect", "net-monitor:v1", [
      `Error: "net-monitor:v1": invalid reference: missing registry or repository. ${notation}`,
    ]],
    ["inspect", "r.example/a", [`Error: "r.example/a": invalid reference: no tag or digest. ${notation}`]],
    ["list", "r.example/a", [`Error: "r.example/a": invalid reference: no tag or digest. ${notation}`]],
    ["discover", "test-verify-image:signed", [
      'Error: "test-verify-image:signed": invalid reference: missing registry or repository',
      "Please make sure the provided reference is in the form of <registry>/<repo>[:tag|@digest]",
    ]],
    ["discover", "r.example/a", [
      'Error: "r.example/a": no tag or digest specified',
      "Usage: edge-notary discover [flags] <name>{:<tag>|@<digest>}",
      'Please specify a reference in the form of "<name>:<tag>" or "<name>@<digest>". ' +
      'Run "edge-notary discover -h" for more options and examples',
    ]],
  ])("%s %s", async (verb, reference, lines) => {
    const { stderr } = await runInMemory([verb, reference]);
    expect(stderr.split("\n").slice(0, lines.length)).toEqual(lines);
    expect(stderr.split("\n").slice(lines.length)).toEqual([
      "Code: ERR_REFERENCE (misconfigured; a retry does not help)",
      "Next: Give a reference as registry/repository:tag or registry/repository@digest",
      "",
    ]);
  });
});
