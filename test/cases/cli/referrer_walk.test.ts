import { describe, expect, it } from "vitest";
import { collectReferrers, MAX_TREE_DEPTH, MAX_TREE_REFERRERS } from "../../../src/cli/referrer_walk.ts";
import type { ReferrerTree } from "../../../src/cli/render/referrers.ts";
import type { Descriptor, Digest, ReferrerList, Repository } from "../../../src/oci/mod.ts";

const digest = (name: string | number): Digest => `sha256:${String(name).padStart(64, "0")}`;
const descriptor = (name: string | number): Descriptor => ({ mediaType: "m", digest: digest(name), size: 1 });

/** A repository in which only referrers can be asked for, and which remembers for what they were. */
function repository(
  referrersOf: (name: string) => readonly (string | number)[],
  asked: ReferrerList["asked"] = [],
): { readonly repository: Repository; readonly questions: string[] } {
  const questions: string[] = [];
  const refuse = () => Promise.reject(new Error("not asked here"));
  return {
    questions,
    repository: {
      name: "r.example/a",
      resolve: refuse,
      fetchManifest: refuse,
      fetchBlob: refuse,
      listReferrers: ({ digest: subject }) => {
        const name = subject.slice(7).replace(/^0+/, "");
        questions.push(name);
        return Promise.resolve({
          referrers: referrersOf(name).map((child) => ({
            descriptor: descriptor(child),
            ways: [String(child).startsWith("2") ? "referrers-tag" as const : "referrers-api" as const],
          })),
          asked,
        });
      },
    },
  };
}

const signal = new AbortController().signal;
const everything = { artifactType: undefined, way: undefined, depth: Number.POSITIVE_INFINITY, call: { signal } };

function shape({ descriptor: { digest: name }, referrers }: ReferrerTree): unknown {
  return { [name.slice(7).replace(/^0+/, "")]: referrers.map(shape) };
}

describe("collectReferrers()", () => {
  it("keeps the registry's order, and asks level by level", async () => {
    const { repository: source, questions } = repository((name) => ({ "1": [12, 11], "12": [121] })[name] ?? []);
    expect(shape(await collectReferrers(descriptor(1), { ...everything, repository: source }))).toEqual({
      "1": [{ "12": [{ "121": [] }] }, { "11": [] }],
    });
    expect(questions).toEqual(["1", "12", "11", "121"]);
  });

  it("shows what closes a cycle once more and goes no further", async () => {
    const { repository: source, questions } = repository((name) => ({ "1": [11], "11": [1] })[name] ?? []);
    expect(shape(await collectReferrers(descriptor(1), { ...everything, repository: source }))).toEqual({
      "1": [{ "11": [{ "1": [] }] }],
    });
    expect(questions).toEqual(["1", "11"]);
  });

  it("asks about a level at once, six at a time, and about each artifact once", async () => {
    let now = 0;
    let most = 0;
    let rounds = 0;
    const level = (length: number) => Array.from({ length: 9 }, (_, at) => `1${"0".repeat(length)}${at + 1}`);
    const { repository: source, questions } = repository((name) =>
      name === "1" ? level(1) : name.length === 3 ? level(2) : []
    );
    const slow: Repository = {
      ...source,
      listReferrers: async (...asked) => {
        most = Math.max(most, ++now);
        if (now === 1) rounds++;
        await new Promise((resolve) => setTimeout(resolve, 1));
        now--;
        return await source.listReferrers(...asked);
      },
    };
    const tree = await collectReferrers(descriptor(1), { ...everything, repository: slow });
    // What comes again is shown again, and expanded where it came first.
    expect(tree.referrers.map(({ referrers }) => referrers.length)).toEqual(Array(9).fill(9));
    expect(questions.length).toBe(1 + 9 + 9);
    expect(new Set(questions).size).toBe(questions.length);
    expect(most).toBe(6);
    expect(rounds).toBeLessThanOrEqual(5);
  });

  it("prints what depth first prints where one artifact is reached by paths of several lengths", async () => {
    // 13 is reached from 12 on level 3 before it comes on level 2: it is expanded there.
    const { repository: source } = repository((name) => ({ "1": [12, 13], "12": [13], "13": [14] })[name] ?? []);
    expect(shape(await collectReferrers(descriptor(1), { ...everything, repository: source }))).toEqual({
      "1": [{ "12": [{ "13": [{ "14": [] }] }] }, { "13": [] }],
    });
    expect(shape(await collectReferrers(descriptor(1), { ...everything, repository: source, depth: 2 }))).toEqual({
      "1": [{ "12": [{ "13": [] }] }, { "13": [{ "14": [] }] }],
    });
  });

  it("stops at the depth asked for without asking on", async () => {
    const { repository: source, questions } = repository((name) => [`${name}1`]);
    expect(shape(await collectReferrers(descriptor(1), { ...everything, repository: source, depth: 2 }))).toEqual({
      "1": [{ "11": [{ "111": [] }] }],
    });
    expect(questions).toEqual(["1", "11"]);
  });

  it("takes one way alone", async () => {
    const { repository: source } = repository((name) => name === "1" ? [11, 2] : []);
    const tree = (way: "referrers-api" | "referrers-tag") =>
      collectReferrers(descriptor(1), { ...everything, repository: source, way });
    expect(shape(await tree("referrers-api"))).toEqual({ "1": [{ "11": [] }] });
    expect(shape(await tree("referrers-tag"))).toEqual({ "1": [{ "2": [] }] });
  });

  it("says so when only the referrers API may be asked and there is none", async () => {
    const { repository: source } = repository(() => [], [{ way: "referrers-api", place: "/v2/…", result: "absent" }]);
    await expect(collectReferrers(descriptor(1), { ...everything, repository: source, way: "referrers-api" })).rejects
      .toMatchObject({ code: "ERR_REGISTRY_RESPONSE", message: "failed to query referrers API: unsupported" });
  });

  it("refuses a chain without end and a tree without bound", async () => {
    const chain = repository((name) => [Number(name) + 1]);
    await expect(collectReferrers(descriptor(1), { ...everything, repository: chain.repository })).rejects
      .toMatchObject({
        code: "ERR_TOO_LARGE",
      });
    expect(chain.questions.length).toBeLessThanOrEqual(MAX_TREE_DEPTH + 1);
    const wide = repository((name) => Array.from({ length: 200 }, (_, index) => `${name}${index + 100}`));
    await expect(collectReferrers(descriptor(1), { ...everything, repository: wide.repository })).rejects.toMatchObject(
      {
        code: "ERR_TOO_LARGE",
      },
    );
    expect(wide.questions.length).toBeLessThanOrEqual(MAX_TREE_REFERRERS / 200 + MAX_TREE_DEPTH);
  });
});
