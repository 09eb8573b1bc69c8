/** What people read when they are refused: every message, in every style, as kept in test/fixtures/messages. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { refusal } from "../../../src/errors.ts";
import { decide, type ImageResponse, MESSAGE_STYLES, type RuleResponse } from "../../../src/policy/mod.ts";
import { EXPLAINED_WIDTH, MAX_DENIAL_CHARACTERS } from "../../../src/policy/explained.ts";
import { clusterOf, configMap } from "./cluster.ts";
import { DENIALS, type DenialScene } from "./denial_scenes.ts";
import { load, type PolicyChanges, policyDocument, trusting } from "./policies.ts";
import { createRequest, podWith } from "./requests.ts";
import { ask, createWorld, crypto, digestOf, NOW } from "./world.ts";

/** Set to write the files anew; then look at what changed. */
const WRITES = process.env["EDGE_NOTARY_WRITE_MESSAGES"] === "1";
const FRAME = "\n\nresource Pod/default/test was blocked due to the following policies \n\n";

async function deny(
  { image, changes = {}, phase = "mutate", change, revocation, open, keys, now = NOW }: DenialScene,
  style: number,
) {
  const policies = await load(policyDocument(changes));
  const world = await createWorld(change);
  const checker = revocation === undefined ? {} : { revocation };
  const cluster = clusterOf(keys === undefined ? {} : { "ConfigMap trust/keys": configMap(keys) });
  const ports = { open: open?.() ?? world.open, crypto, now: () => now, cluster, ...checker };
  const messageStyle = MESSAGE_STYLES[style] ?? "kyverno";
  return await ask(world, policies, createRequest({ object: podWith([image]) }), { ports, phase, messageStyle });
}

/** Kyverno's sentence as a pattern. */
function patternOf({ sentence, image }: DenialScene): RegExp {
  const escaped = sentence.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const [name] = image.split(/:[^/]*$/);
  return new RegExp(
    `^${
      escaped.replaceAll("%R", () => `${name?.replaceAll(".", "\\.")}@${digestOf(image)}`)
        .replaceAll("%S", "sha256:[0-9a-f]{64}")
        .replaceAll("%C", 'CN=[^"]+')
        .replaceAll("%T", "[A-Z][a-z]{2}, \\d{2} [A-Z][a-z]{2} \\d{4} \\d{2}:\\d{2}:\\d{2} \\+0000")
    }$`,
  );
}

describe.each(DENIALS)("$name", (scene) => {
  it("is denied in Kyverno's sentence", async () => {
    const { allowed, responses: [response] } = await deny(scene, 0);
    expect(allowed).toBe(false);
    const answer = response?.whole ?? response?.images[0];
    expect(answer?.message).toMatch(patternOf(scene));
    expect(answer?.status).toBe(scene.status ?? "fail");
  });

  it.each(["kyverno", "kyverno-1.19", "explained"].map((style, index) => [style, index] as const))(
    "%s",
    async (style, index) => {
      const { message } = await deny(scene, index);
      const file = new URL(`../../fixtures/messages/${scene.name}.${style}.txt`, import.meta.url);
      if (WRITES) writeFileSync(file, message);
      expect(existsSync(file), file.pathname).toBe(true);
      expect(message).toBe(readFileSync(file, "utf8"));
      expect(message.startsWith(FRAME)).toBe(true);
      const body = message.slice(FRAME.length);
      // deno-lint-ignore no-control-regex
      expect(body).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      if (style === "explained") {
        const long = body.split("\n").filter((line) => line.length > EXPLAINED_WIDTH);
        // What is longer than a line is one word behind its label.
        expect(long.filter((line) => line.slice(16).trim().includes(" "))).toEqual([]);
        expect(body).toMatch(/^ {4}next {8}\S/m);
        expect(body).toMatch(/^ {4}help {8}docs\/refusals\.md#[a-z_]+$/m);
        expect(body).toMatch(
          /^ {4}answer {6}[A-Z_]+, (denied|unavailable|misconfigured); a retry (may help|does not help)$/m,
        );
      } else {
        // Another YAML parser reads Kyverno's sentence out of it.
        const read = parse(body) as Record<string, Record<string, string>>;
        expect(read["check-image-notary"]?.["verify-signature-notary"]).toMatch(patternOf(scene));
      }
    },
  );
});

describe("what is denied, when a policy only audits and ignores outages", () => {
  it("is admitted with Kyverno's warnings", async () => {
    const told: string[] = [];
    for (const scene of DENIALS.filter(({ pins }) => pins !== true)) {
      const changes = scene.changes ?? {};
      const spec = { ...changes.spec, validationFailureAction: "Audit", failurePolicy: "Ignore" };
      const verify = { ...changes.verify, mutateDigest: false };
      const { allowed, warnings, responses: [response] } = await deny({
        ...scene,
        changes: { ...changes, spec, verify },
      }, 0);
      const answer = response?.whole ?? response?.images[0];
      expect(allowed, scene.name).toBe(true);
      expect(warnings, scene.name).toEqual([`policy check-image-notary.verify-signature-notary: ${answer?.message}`]);
      told.push(`${scene.name}\n${warnings.join("\n")}\n`);
    }
    const file = new URL("../../fixtures/messages/warnings.txt", import.meta.url);
    if (WRITES) writeFileSync(file, told.join("\n"));
    expect(told.join("\n")).toBe(readFileSync(file, "utf8"));
  });
});

/** A Pod of the example policy's image, asked about under several policies. */
async function askSeveral(
  image: string,
  changes: readonly PolicyChanges[],
  messageStyle: typeof MESSAGE_STYLES[number] = "kyverno",
) {
  const policies = await load(...changes.map(policyDocument));
  return await ask(await createWorld(), policies, createRequest({ object: podWith([image]) }), { messageStyle });
}

describe("what two policies deny", () => {
  const image = "ghcr.io/kyverno/test-verify-image:unsigned";
  const later = { metadata: { name: "second" }, rule: { name: "impostors" } };
  const changes = [{ ...later, verify: { attestors: [{ entries: [trusting("impostor")] }] } }, {}];

  it.each(MESSAGE_STYLES)("is told in one message, the policies by their names: %s", async (style) => {
    const { allowed, message } = await askSeveral(image, changes, style);
    const file = new URL(`../../fixtures/messages/two-policies.${style}.txt`, import.meta.url);
    if (WRITES) writeFileSync(file, message);
    expect(allowed).toBe(false);
    expect(message).toBe(readFileSync(file, "utf8"));
    expect(message.startsWith(FRAME)).toBe(true);
    expect(message.split("blocked due to")).toHaveLength(2);
    if (style === "explained") return;
    const read = parse(message.slice(FRAME.length)) as Record<string, Record<string, string>>;
    expect(Object.entries(read).map(([policy, rules]) => [policy, Object.keys(rules)])).toEqual([
      ["check-image-notary", ["verify-signature-notary"]],
      ["second", ["impostors"]],
    ]);
  });
});

describe("an image that is left out", () => {
  it("is told of in a warning, in Kyverno's sentence", async () => {
    const image = "ghcr.io/kyverno/test-verify-image:unsigned";
    const { allowed, warnings } = await askSeveral(image, [{ verify: { skipImageReferences: ["*:unsigned"] } }]);
    expect(allowed).toBe(true);
    const file = new URL("../../fixtures/messages/skipped-image.warning.txt", import.meta.url);
    if (WRITES) writeFileSync(file, `${warnings.join("\n")}\n`);
    expect(`${warnings.join("\n")}\n`).toBe(readFileSync(file, "utf8"));
    expect(warnings).toEqual([
      "policy check-image-notary.verify-signature-notary: " +
      `skipping image reference image ${image}, policy check-image-notary ruleName verify-signature-notary`,
    ]);
  });
});

describe("docs/cli.md", () => {
  it("shows an explained denial as it is", () => {
    const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
    const shown = read("test/fixtures/messages/expired-signature.explained.txt").slice(FRAME.length);
    expect(read("docs/cli.md")).toContain("```\n" + shown + "```\n");
  });
});

describe("every style", () => {
  const image = (at: number, more: Partial<ImageResponse> = {}): ImageResponse => ({
    image: `registry.example/${at}:1`,
    pointer: `/spec/containers/${at}/image`,
    container: `c${at}`,
    status: "fail",
    message: `it is number ${at}`,
    refusal: refusal("SIGNATURE_MISSING", `Cannot find number ${at}`),
    outcomes: [],
    ...more,
  });
  const rule = (images: readonly ImageResponse[]): RuleResponse => ({
    policy: "p",
    policyNamespace: "",
    rule: "r",
    action: "Enforce",
    failurePolicy: "Fail",
    images,
  });

  it.each(MESSAGE_STYLES)("names every failing image, in order: %s", (style) => {
    const images = Array.from({ length: 12 }, (_, at) => image(at, at === 5 ? { status: "pass" } : {}));
    const { message } = decide([rule(images)], createRequest(), "mutate", style);
    const found = [...message.matchAll(style === "explained" ? /registry\.example\/(\d+):1/g : /it is number (\d+)/g)];
    expect(found.map(([, number]) => Number(number))).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]);
  });

  it("explained is bounded: images are named with their code alone, and then counted", () => {
    const few = decide(
      [rule(Array.from({ length: 100 }, (_, at) => image(at)))],
      createRequest(),
      "mutate",
      "explained",
    );
    expect(few.message).toContain("\n  registry.example/99:1 SIGNATURE_MISSING; denied; a retry does not help\n");
    const many = decide(
      [rule(Array.from({ length: 2_000 }, (_, at) => image(at)))],
      createRequest(),
      "mutate",
      "explained",
    );
    expect(many.message.length).toBeLessThan(MAX_DENIAL_CHARACTERS + 200);
    expect(many.message).toMatch(/\n… and \d+ more\n$/);
  });

  it("explained prints nothing that moves a cursor", () => {
    const hostile = "\u001b[2J\r\u202e\u0007";
    const odd = image(0, {
      image: hostile,
      container: hostile,
      pointer: `/a/${hostile}`,
      refusal: refusal("SIGNATURE_MISSING", hostile),
    });
    const { message } = decide(
      [{ ...rule([odd]), policy: hostile, rule: hostile, extensions: [hostile] }],
      createRequest(),
      "mutate",
      "explained",
    );
    // deno-lint-ignore no-control-regex
    expect(message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});
