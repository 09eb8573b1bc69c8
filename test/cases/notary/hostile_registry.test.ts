/**
 * A hostile or broken registry, asked over loopback through the client and through `verifyArtifact()`: each row with
 * the one right outcome. What was not an authoritative empty answer is never "no signature", and the canary is never
 * reached.
 */
import { describe, expect, it } from "vitest";
import { EngineError } from "../../../src/errors.ts";
import { createArtifactView, verifyArtifact } from "../../../src/notary/mod.ts";
import { createRegistryClient, OCI_MANIFEST, type Reference } from "../../../src/oci/mod.ts";
import { createNodePorts } from "../../../src/runtime/node.ts";
import { sleep } from "../../../src/runtime/web.ts";
import {
  type Act,
  descriptorOf,
  type HostileRegistry,
  IMAGE,
  makeWorld,
  REPOSITORY,
  startHostileRegistry,
} from "../../run/hostile_registry.ts";
import {
  CONTENT_ROWS,
  FAULT_ROWS,
  type HostileRow,
  REDIRECT_ROWS,
  REFERRERS_ROWS,
  row as makeRow,
  TAG_ROWS,
  TOKEN_ROWS,
} from "./hostile_rows.ts";
import { AT, crypto, signed, signer, TRUST } from "./verify/artifacts.ts";

const { bytes: ENVELOPE } = signed(signer, descriptorOf(IMAGE, OCI_MANIFEST));
const TIME_MILLISECONDS = 8_000;

interface Result {
  readonly code: string;
  /** Whether the refusal says that a retry helps; nothing where there is none. */
  readonly retry?: boolean | undefined;
  readonly message: string;
}

const ports = {
  ...createNodePorts(),
  crypto,
  now: () => AT,
  chance: () => 0.5,
  credentials: () => Promise.resolve(undefined),
  // Waiting between tries is not what is looked at here; waiting for others is.
  sleep: (milliseconds: number, signal: AbortSignal) => sleep(Math.min(milliseconds, 2), signal),
};

async function outcomeOf(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return { code: thrown.code, message: thrown.message, retry: thrown.refusal.retry };
  }
}

/** What verifying says. */
function verify(reference: Reference): Promise<Result> {
  return outcomeOf(async () => {
    const view = createArtifactView(
      { open: createRegistryClient(ports), crypto, now: ports.now },
      { signal: AbortSignal.timeout(TIME_MILLISECONDS) },
    );
    const { verdict, refusal: why } = await verifyArtifact(reference, TRUST, view);
    return verdict === "verified"
      ? { code: verdict, message: "" }
      : { code: `${why?.code}`, message: `${why?.message}`, retry: why?.retry };
  });
}

/** What the client says that asks for the same, step by step. */
function ask(reference: Reference): Promise<Result> {
  return outcomeOf(async () => {
    const options = { signal: AbortSignal.timeout(TIME_MILLISECONDS) };
    const repository = createRegistryClient(ports)(reference);
    const subject = await repository.resolve("signed", options);
    const artifactType = "application/vnd.cncf.notary.signature";
    const { referrers } = await repository.listReferrers(subject, { ...options, artifactType });
    const [first] = referrers;
    if (first === undefined) return { code: "SIGNATURE_MISSING", message: "" };
    const { layers: [layer] } = await repository.fetchManifest(first.descriptor, options);
    if (layer === undefined) return { code: "asked", message: "" };
    await repository.fetchBlob(layer, { ...options, maxBytes: 10_000_000 });
    return { code: "asked", message: "" };
  });
}

/** Of the signature's own making, which the client does not judge; a blob of such a signature is not even there. */
const NOT_OF_THE_CLIENT = new Set(["SIGNATURE_MANIFEST", "ERR_ENVELOPE_MEDIA_TYPE", "TARGET_ARTIFACT_MISMATCH"]);

async function run({ does, tagged, manifest }: HostileRow, work: (reference: Reference) => Promise<Result>) {
  const world = makeWorld(ENVELOPE, manifest, tagged === true);
  // Places are known only once the registry runs: a row asks for them with each answer.
  const place = { canary: () => registry.canary, host: () => registry.host };
  const registry: HostileRegistry = await startHostileRegistry(world, lazily(() => does(world, place)));
  try {
    const result = await work({ registry: registry.host, repository: REPOSITORY, tag: "signed" });
    return { ...result, canarySaw: registry.canarySaw(), asked: registry.asked };
  } finally {
    await registry.close();
  }
}

/** A misbehaviour made with each question. */
function lazily(make: () => ReturnType<HostileRow["does"]>): ReturnType<HostileRow["does"]> {
  return new Proxy({}, { get: (_, resource) => make()[resource as keyof ReturnType<typeof make>] });
}

describe.each([
  ["the question for referrers is answered with", REFERRERS_ROWS],
  ["content is", CONTENT_ROWS],
  ["the tag is answered with", TAG_ROWS],
  ["requests are redirected", REDIRECT_ROWS],
  ["authorization is asked for with", TOKEN_ROWS],
  ["the network fails", FAULT_ROWS],
])("where %s", (_, rows) => {
  it.each(rows)("$name: $expected", async (row) => {
    const { code, message, retry, canarySaw } = await run(row, verify);
    expect({ code, canarySaw, message }).toEqual({ code: row.expected, canarySaw: 0, message: expect.any(String) });
    if (row.says !== undefined) expect(message).toMatch(row.says);
    // What went wrong is told, without anything that a terminal would take for more than text.
    // deno-lint-ignore no-control-regex
    if (code !== "verified") expect(message).toMatch(/^Cannot [^\u0000-\u001f\u007f-\u009f\u202a-\u202e]+$/);
    const client = await run(row, ask);
    if (rows === FAULT_ROWS) {
      const helps = code === "verified" ? undefined : true;
      expect([retry, client.retry]).toEqual([helps, helps]);
    }
    const found = code === "verified" ? "asked" : NOT_OF_THE_CLIENT.has(code) ? client.code : code;
    expect([client.code, client.canarySaw]).toEqual([found, 0]);
  });
});

describe("a byte a second", () => {
  it.each(["referrers", "signature", "envelope"] as const)("of the %s is given up, and told", async (resource) => {
    const slow = makeRow("slow", "ERR_REGISTRY_UNAVAILABLE", () => ({
      [resource]: (({ response, normal }) => {
        response.writeHead(200, { ...normal.headers });
        const more = setInterval(() => response.write(" "), 1_000);
        response.on("close", () => clearInterval(more));
      }) satisfies Act,
    }));
    const { code, message, asked } = await run(slow, verify);
    expect(code).toBe("ERR_REGISTRY_UNAVAILABLE");
    expect(message).toContain("fewer than 1024 bytes came in 3 s");
    expect(asked.filter((one) => one.resource === resource)).toHaveLength(1);
  }, 15_000);
});

it("a tag is asked for once, so that the second answer cannot be another", async () => {
  const cloaking = TAG_ROWS.find(({ name }) => name === "another image the second time");
  const { code, asked } = await run(cloaking!, verify);
  expect([code, asked.filter(({ resource }) => resource === "tag").length]).toEqual(["verified", 1]);
});

it("only what is an authoritative empty answer is called no signature", () => {
  const rows = [REFERRERS_ROWS, CONTENT_ROWS, TAG_ROWS, REDIRECT_ROWS, TOKEN_ROWS, FAULT_ROWS].flat();
  const missing = rows.filter(({ expected }) => expected === "SIGNATURE_MISSING").map(({ name }) => name);
  expect(missing).toEqual([
    "404, and nothing under the tag",
    "null for an empty list",
    "the subject under the tag",
    "an image under the tag",
    "a list of Docker's",
  ]);
  expect(rows.length).toBeGreaterThan(130);
});
