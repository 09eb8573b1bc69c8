/**
 * `npm run demo`: the story as a transcript. A signed image is inspected, its referrers discovered, its Pod admitted
 * and pinned; an unsigned image's Pod is blocked. Every step is the built program's, asked as a user or an API server
 * asks it; the exit code is 0 only if all of it came true.
 */
import { strict as assert } from "node:assert";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const program = `${root}dist/edge-notary.js`;

/** One command, and the whole story, end by then. */
const COMMAND_TIMEOUT_MILLISECONDS = 20_000;
const STORY_TIMEOUT_MILLISECONDS = 55_000;

const REPOSITORY = "ghcr.io/kyverno/test-verify-image";

interface Server {
  readonly url: string;
  readonly registry: string;
  readonly child: ChildProcess;
}

interface Operation {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

interface Answer {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { readonly message: string };
  readonly patchType?: string;
  readonly patch?: string;
}

/** What the webhook logged: shown when the story does not come true. */
let log = "";

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Starts the webhook on a free port and reads from its greeting where it and the demo's registry listen. */
function startServer(...flags: readonly string[]): Promise<Server> {
  const child = spawn(process.execPath, [program, "serve", "--demo", "--port", "0", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => log += chunk);
  let greeting = "";
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error("the webhook did not start in time"));
    }, COMMAND_TIMEOUT_MILLISECONDS);
    child.once("exit", (code) => {
      clearTimeout(patience);
      reject(new Error(`the webhook ended with ${code} before it listened: ${log}`));
    });
    const read = (chunk: string) => {
      greeting += chunk;
      const url = /^Listening on (\S+)$/m.exec(greeting)?.[1];
      const registry = /^ {2}registry {2}(\S+) in place of ghcr\.io$/m.exec(greeting)?.[1];
      if (url === undefined || registry === undefined || !greeting.includes("Ctrl-C")) return;
      clearTimeout(patience);
      child.stdout.off("data", read).resume();
      say(`$ ${["edge-notary", "serve", "--demo", ...flags].join(" ").replaceAll(root, "")}\n${greeting}`);
      resolve({ url, registry, child });
    };
    child.stdout.setEncoding("utf8").on("data", read);
  });
}

/** Ends the webhook as Ctrl-C does and waits for it. */
async function stopServer({ child }: Pick<Server, "child">): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  // Not by `child.kill`: Deno then says that the signal ended the child, whatever the child made of it.
  if (child.pid !== undefined) process.kill(child.pid, "SIGINT");
  return await ended;
}

/** Runs the program as a user does; shows command and output. */
async function edgeNotary({ registry }: Server, ...args: readonly string[]): Promise<string> {
  const command = [...args, "--mirror", `ghcr.io=${registry}`];
  say(`$ edge-notary ${command.join(" ")}`);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...command], {
    timeout: COMMAND_TIMEOUT_MILLISECONDS,
  });
  process.stdout.write(`${stdout}${stderr}\n`);
  return stdout;
}

/** Sends an AdmissionReview as an API server does. */
async function admit({ url }: Server, path: "mutate" | "validate", review: unknown): Promise<Answer> {
  const response = await fetch(`${url}/${path}?timeout=10s`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(review),
    signal: AbortSignal.timeout(COMMAND_TIMEOUT_MILLISECONDS),
  });
  assert.equal(response.status, 200);
  return (await response.json() as { readonly response: Answer }).response;
}

async function readReview(name: string) {
  const text = await readFile(`${root}examples/${name}`, "utf8");
  return JSON.parse(text) as { readonly request: { readonly uid: string; readonly object: Record<string, unknown> } };
}

/** Applies the operations an admission webhook sends (RFC 6902): `add` and `replace` below existing parents. */
function applyPatch(document: unknown, operations: readonly Operation[]): unknown {
  const patched: unknown = structuredClone(document);
  for (const { op, path, value } of operations) {
    assert.notEqual(op, "remove");
    const tokens = path.split("/").slice(1).map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
    let parent = patched as Record<string, unknown>;
    for (const token of tokens.slice(0, -1)) parent = parent[token] as Record<string, unknown>;
    parent[tokens.at(-1) ?? ""] = value;
  }
  return patched;
}

async function inspectSigned(server: Server): Promise<string> {
  say("# A signed image: what its signature claims");
  const output = await edgeNotary(server, "inspect", `${REPOSITORY}:signed`);
  const digest = new RegExp(`^${REPOSITORY}@(sha256:[0-9a-f]{64})$`, "m").exec(output)?.[1];
  assert.ok(digest !== undefined, "inspect names the digest the tag stands for");
  for (
    const label of [
      "Inspecting all signatures for signed artifact",
      "media type: application/jose+json",
      "signature algorithm: RSASSA-PSS-SHA-256",
      "signingScheme: notary.x509",
      "issued to: CN=test,O=Notary,L=Seattle,ST=WA,C=US",
      `digest: ${digest}`,
    ]
  ) assert.ok(output.includes(label), `inspect shows "${label}"`);
  return digest;
}

async function discoverSigned(server: Server): Promise<void> {
  say("# What refers to it: its signature, a vulnerability scan and an SBOM, both signed too");
  const output = await edgeNotary(server, "discover", "-o", "tree", `${REPOSITORY}:signed`);
  const lines = output.split("\n");
  assert.equal(lines[0], `${REPOSITORY}:signed`);
  for (const type of ["application/vnd.cncf.notary.signature", "vulnerability-scan", "sbom/cyclone-dx"]) {
    assert.ok(lines.some((line) => /^[├└]── /.test(line) && line.endsWith(` ${type}`)), `discover shows ${type}`);
  }
  const nested = lines.filter((line) => /^[│ ] {7}└── application\/vnd\.cncf\.notary\.signature$/.test(line));
  assert.equal(nested.length, 2, "the scan and the SBOM are signed");
}

async function admitSigned(server: Server, digest: string): Promise<void> {
  say("# Its Pod, as the API server sends it to the webhook");
  const review = await readReview("signed-pod.json");
  const answer = await admit(server, "mutate", review);
  assert.equal(answer.uid, review.request.uid);
  assert.equal(answer.allowed, true, answer.status?.message);
  assert.equal(answer.patchType, "JSONPatch");
  const operations = JSON.parse(atob(answer.patch ?? "")) as readonly Operation[];
  const pod = applyPatch(review.request.object, operations) as {
    readonly spec: { readonly containers: readonly { readonly image: string }[] };
  };
  const image = pod.spec.containers[0]?.image;
  say(`admitted\n  image: ${image}\n`);
  assert.equal(image, `${REPOSITORY}:signed@${digest}`);
  const stored = { ...review, request: { ...review.request, object: pod } };
  const validated = await admit(server, "validate", stored);
  assert.equal(validated.allowed, true, validated.status?.message);
}

async function blockUnsigned(server: Server): Promise<void> {
  say("# The Pod of an unsigned image");
  const review = await readReview("unsigned-pod.json");
  const answer = await admit(server, "mutate", review);
  assert.equal(answer.uid, review.request.uid);
  assert.equal(answer.allowed, false);
  assert.equal(answer.patch, undefined);
  const message = answer.status?.message ?? "";
  say(`blocked${message}`);
  const words = message.replace(/\s+/g, " ");
  assert.ok(message.startsWith("\n\nresource Pod/default/test was blocked due to the following policies \n\n"));
  assert.ok(
    words.includes("check-image-notary: verify-signature-notary: 'failed to verify image"),
    "it names the rule",
  );
  assert.match(
    words,
    /no signature is associated with "ghcr\.io\/kyverno\/test-verify-image@sha256:[0-9a-f]{64}", make sure the image was signed successfully' $/,
  );
}

/**
 * The page's last section: a policy that asks for a signed SBOM, and what is in it, beside the one about signatures.
 */
async function demandAttestation(server: Server, digest: string): Promise<void> {
  say("# With a policy that asks for a signed SBOM without GPL-3.0, too: the signed image has one");
  await admitSigned(server, digest);
  say("# The unsigned image has none");
  const answer = await admit(server, "mutate", await readReview("unsigned-pod.json"));
  assert.equal(answer.allowed, false);
  const message = answer.status?.message ?? "";
  say(`blocked${message}`);
  const words = message.replace(/\s+/g, " ");
  assert.ok(
    words.includes(`check-image-attestation: verify-attestation-notary: 'image attestations verification failed`),
  );
  assert.ok(
    words.includes(`no matching attestations found for image ${REPOSITORY}:unsigned with type sbom/cyclone-dx'`),
    "it says which attestation is missing",
  );
}

/** The page's tip: the certificate stands in a ConfigMap. */
async function trustConfigMap(server: Server, digest: string): Promise<void> {
  say("# With a policy whose certificate stands in a ConfigMap, too: the signed image");
  await admitSigned(server, digest);
  say("# The unsigned image");
  const answer = await admit(server, "mutate", await readReview("unsigned-pod.json"));
  assert.equal(answer.allowed, false);
  const message = answer.status?.message ?? "";
  say(`blocked${message}`);
  assert.ok(
    message.replace(/\s+/g, " ").includes("check-image-configmap: verify-signature-configmap: 'failed to verify image"),
    "it names the rule",
  );
}

async function tellStory(server: Server): Promise<string> {
  const digest = await inspectSigned(server);
  await discoverSigned(server);
  await admitSigned(server, digest);
  await blockUnsigned(server);
  return digest;
}

/** Runs a part of the story with a webhook of its own. */
async function withServer<T>(flags: readonly string[], tell: (server: Server) => Promise<T>): Promise<T> {
  const server = await startServer(...flags);
  const patience = setTimeout(() => {
    say("The story took too long");
    server.child.kill("SIGKILL");
    process.exit(1);
  }, STORY_TIMEOUT_MILLISECONDS);
  try {
    return await tell(server);
  } catch (error) {
    process.stderr.write(log);
    throw error;
  } finally {
    const status = await stopServer(server);
    clearTimeout(patience);
    assert.equal(status, 0, "the webhook ends well at Ctrl-C");
  }
}

const digest = await withServer([], tellStory);
await withServer(
  ["--policy", `${root}examples/check-image-attestation.yaml`],
  (server) => demandAttestation(server, digest),
);
await withServer(
  ["--policy", `${root}examples/check-image-configmap.yaml`, "--resources", `${root}examples/keys.yaml`],
  (server) => trustConfigMap(server, digest),
);
say("All of it came true.");
