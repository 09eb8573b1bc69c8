/** What the real notation 1.3.2 and oras 1.3.6 printed about the fixtures, byte for byte. */
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localZone } from "../../../src/cli/render/time.ts";
import type { Handler } from "../../../src/ports.ts";
import { createFixtureRegistry, fixturePath, fixtureText } from "./fixture_registry.ts";
import { runInMemory } from "./memory_host.ts";

interface OutputRow {
  readonly name: string;
  readonly file: string;
  readonly tool: "notation" | "oras";
  readonly repository: string;
  readonly tag: string;
  readonly command: readonly string[];
  readonly exitCode: number;
  readonly stderr: string;
}

const rows = JSON.parse(fixtureText("outputs.json")) as readonly OutputRow[];

let registry: Handler;
beforeAll(async () => {
  registry = await createFixtureRegistry();
});

function ask({ command: [, verb = "", ...args] }: Pick<OutputRow, "command">) {
  const trust = verb === "verify" ? ["--cert", fixturePath("keys/fixture-signer.crt.pem")] : [];
  return runInMemory([verb, ...args, ...trust], { registry });
}

/** Why an envelope could not be read is said in other words. */
const comparable = (line: string): string => line.replace(/ because of error: .*$/, " because of error: …");

/** Where we differ: the registry's own list names a signature whose subject is another image (deviation, oci). */
const STRICTER = ["notation-lying-list-foreign-and-own", "oras-lying-discover-foreign-and-own-v-false"];
/** `-o tree` is the form of oras before 1.0. */
const OLDER_FORM = "oras-test-verify-image-discover-signed-o-tree";

describe("the program prints what notation and oras print", () => {
  it.each(rows.filter(({ name }) => name !== OLDER_FORM && !STRICTER.includes(name)))("$name", async (row) => {
    const { status, stdout, stderr } = await ask(row);
    expect(stdout).toBe(fixtureText(row.file));
    expect(status).toBe(row.exitCode);
    const theirs = row.stderr.split("\n").slice(0, -1).map(comparable);
    const ours = stderr.split("\n").slice(0, -1).map(comparable);
    // After an error we go on: reason, code, next step.
    expect(ours.slice(0, theirs.length)).toEqual(theirs);
    if (row.exitCode === 0) expect(ours).toHaveLength(theirs.length);
  });

  it("has a row for each exception", () => {
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining([OLDER_FORM, ...STRICTER]));
  });

  it.each(rows.filter(({ name }) => STRICTER.includes(name)))("$name, less what is not the image's", async (row) => {
    const { stdout } = await ask(row);
    const digests = (text: string) => text.match(/sha256:[0-9a-f]{64}/g) ?? [];
    const [image, foreign, own] = digests(fixtureText(row.file));
    expect(digests(stdout)).toEqual([image, own]);
    expect(subjectOf(own)).toBe(image);
    expect(subjectOf(foreign)).not.toBe(image);
  });

  it("-o tree: the reference as typed, no annotations, no remark", async () => {
    const row = rows.find(({ name }) => name === OLDER_FORM);
    const plain = rows.find(({ name }) => name === "oras-test-verify-image-discover-signed-v-false");
    if (row === undefined || plain === undefined) throw new Error("the rows are gone");
    const { status, stdout, stderr } = await ask(row);
    const [, ...lines] = fixtureText(plain.file).split("\n");
    expect(stdout).toBe(["ghcr.io/kyverno/test-verify-image:signed", ...lines].join("\n"));
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });
});

describe("times in the reader's zone", () => {
  const inspect = (tag: string, ...args: readonly string[]) =>
    runInMemory(["inspect", `registry.example/metadata:${tag}`, ...args], { registry, zone: localZone });
  let zone: string | undefined;
  beforeAll(() => {
    zone = process.env["TZ"];
    process.env["TZ"] = "America/New_York";
  });
  afterAll(() => {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  });

  it("are those of COSE envelopes, which have no offset; JWS keeps its signer's, certificates are in UTC", async () => {
    const [cose, jws] = ["cose-zoned", "jws-zoned"].map((tag) => `outputs/notation-metadata-inspect-${tag}.txt`);
    const signed = /signingTime: (.*)/.exec(fixtureText(cose ?? ""))?.[1] ?? "";
    // The recorded run was in UTC.
    const shown = ansicInNewYork(new Date(`${signed} UTC`));
    expect(shown).not.toBe(signed);
    expect((await inspect("cose-zoned")).stdout).toBe(fixtureText(cose ?? "").replace(signed, shown));
    expect((await inspect("jws-zoned")).stdout).toBe(fixtureText(jws ?? ""));
  });

  it("carry the offset in JSON", async () => {
    const { stdout } = await inspect("cose-zoned", "-o", "json");
    const time = /"signingTime": "(.*)"/.exec(stdout)?.[1] ?? "";
    const recorded = /"signingTime": "(.*)"/.exec(
      fixtureText("outputs/notation-metadata-inspect-cose-zoned-o-json.txt"),
    )?.[1];
    expect(time).toMatch(/-0[45]:00$/);
    expect(new Date(time)).toEqual(new Date(recorded ?? ""));
  });
});

/** By the runtime's own calendar: `Mon Nov 23 03:40:51 2026`. */
function ansicInNewYork(instant: Date): string {
  const numeric = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: "America/New_York",
    weekday: "short",
    month: "short",
    day: "numeric",
    year: "numeric",
    ...numeric,
  });
  const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const day = (part["day"] ?? "").padStart(2);
  return `${part["weekday"]} ${part["month"]} ${day} ${part["hour"]}:${part["minute"]}:${part["second"]} ${
    part["year"]
  }`;
}

function subjectOf(digest: string | undefined): string {
  const manifest = JSON.parse(fixtureText(`layouts/lying/blobs/${digest?.replace(":", "/")}`)) as {
    readonly subject: { readonly digest: string };
  };
  return manifest.subject.digest;
}
