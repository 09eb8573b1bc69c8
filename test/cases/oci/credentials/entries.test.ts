/** Which entry of a file of credentials is whose: Docker's rule, the kubelet's, and nobody else's. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDockerConfig } from "../../../../src/oci/credentials/docker_config.ts";
import {
  chooseEntry,
  chooseEntryAsKubelet,
  MAX_REGISTRY_ENTRIES,
  readRegistryEntries,
} from "../../../../src/oci/credentials/registry_entries.ts";
import { credentialFromAuths, programFor, serverOf } from "../../../../src/oci/mod.ts";
import { failure } from "../fake_registry.ts";

const auth = (text: string) => Buffer.from(text).toString("base64");
const entriesOf = (...keys: readonly string[]) =>
  readRegistryEntries(
    Object.fromEntries(keys.map((key) => [key, { auth: auth(`${key.replaceAll(":", "-")}:x`) }])),
    "",
  );
const chosen = (entry: ReturnType<typeof chooseEntry>) =>
  entry?.proof?.type === "basic" ? entry.proof.username : undefined;
const place = (text: string) => {
  const slash = text.indexOf("/");
  return { host: text.slice(0, slash), repository: text.slice(slash + 1) };
};
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

describe("chooseEntry()", () => {
  it.each<[string, readonly string[], string, string | undefined]>([
    ["the host", ["ghcr.io"], "ghcr.io/a/b", "ghcr.io"],
    ["a host of another case", ["GHCR.io"], "ghcr.io/a/b", "GHCR.io"],
    ["a host with its port", ["r.example:5000"], "r.example:5000/a", "r.example-5000"],
    ["no other port", ["r.example"], "r.example:5000/a", undefined],
    ["no host that contains it", ["evil-ghcr.io"], "ghcr.io/a", undefined],
    ["no host it contains", ["ghcr.io"], "evil-ghcr.io/a", undefined],
    ["no domain above", ["example"], "r.example/a", undefined],
    ["a URL", ["https://quay.io"], "quay.io/a", "https-//quay.io"],
    ["a URL with a version", ["https://r.example/v2/"], "r.example/a", "https-//r.example/v2/"],
    ["Docker Hub's own key", ["https://index.docker.io/v1/"], "docker.io/library/a", "https-//index.docker.io/v1/"],
    ["a path", ["quay.io", "quay.io/team"], "quay.io/team/app", "quay.io/team"],
    ["the longest path", ["quay.io/team/app", "quay.io/team", "quay.io"], "quay.io/team/app", "quay.io/team/app"],
    ["no path that is only the beginning of a name", ["quay.io/team"], "quay.io/teamwork/app", undefined],
    ["no pattern", ["*.example"], "r.example/a", undefined],
  ])(
    "takes %s",
    (_, keys, asked, expected) => expect(chosen(chooseEntry(entriesOf(...keys), place(asked)))).toBe(expected),
  );
});

/** Rows of the kubelet's documentation, "Interpretation of config.json", and of what its code does beside. */
describe("chooseEntryAsKubelet()", () => {
  it.each<[string, string, boolean]>([
    ["my-registry.example/images", "my-registry.example/images", true],
    ["my-registry.example/images", "my-registry.example/images/my-image", true],
    ["my-registry.example/images", "my-registry.example/images-of-others/x", true],
    ["*.my-registry.example/images", "sub.my-registry.example/images/my-image", true],
    ["*.my-registry.example", "my-registry.example/images", false],
    ["*.my-registry.example", "a.sub.my-registry.example/images", false],
    ["*.*.my-registry.example", "a.sub.my-registry.example/images", true],
    ["prefix.*.example", "prefix.sub.example/images", true],
    ["*-good.example", "prefix-good.example/images", true],
    ["*-good.example", "good.example/images", false],
    ["a*b*c.example", "aXbXc.example/i", true],
    ["a*b*c.example", "abc.example/i", true],
    ["a*b*c.example", "acb.example/i", false],
    ["a*a.example", "a.example/i", false],
    ["*.example:8080", "r.example:8080/i", true],
    ["*.example:80*", "r.example:8080/i", false],
    ["*.example", "r.example:8080/i", false],
    ["r.example:8080", "r.example/i", false],
    ["https://index.docker.io/v1/", "docker.io/library/nginx", true],
    ["docker.io", "docker.io/library/nginx", true],
    ["*.dkr.ecr.*.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app", true],
    ["*", "ghcr.io/app", false],
  ])("%s, asked for %s: %s", (key, asked, expected) => {
    expect(chooseEntryAsKubelet(entriesOf(key), place(asked)) !== undefined).toBe(expected);
  });

  it("takes a host that is named before a pattern, and the longest path", () => {
    const entries = entriesOf("*.example/team/app", "r.example", "r.example/team", "*.example");
    expect(chosen(chooseEntryAsKubelet(entries, place("r.example/team/app")))).toBe("r.example/team");
    expect(chosen(chooseEntryAsKubelet(entries, place("s.example/team/app")))).toBe("*.example/team/app");
    expect(chosen(chooseEntryAsKubelet(entries, place("s.example/other")))).toBe("*.example");
  });

  it("never takes an entry without a star for a host that is another", () => {
    const host = fc.domain();
    fc.assert(fc.property(host, host, (one, other) => {
      const found = chooseEntryAsKubelet(entriesOf(one), { host: other.toLowerCase(), repository: "a" });
      return (found !== undefined) === (one.toLowerCase() === other.toLowerCase());
    }));
  });

  it("looks at a pattern of stars once", () => {
    // Trying every way to spread the stars would take longer than anybody waits.
    const started = performance.now();
    chooseEntryAsKubelet(entriesOf(`${"*a".repeat(50_000)}b.example`), place(`${"a".repeat(200)}.example/x`));
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

describe("readDockerConfig()", () => {
  const question = { host: "r.example", repository: "a" };
  const read = (entry: unknown) =>
    credentialFromAuths(readDockerConfig(bytes({ auths: { "r.example": entry } }), "F"), question, "F");
  const source = '"auths" of F';

  it.each<[string, unknown, unknown]>([
    ["auth", { auth: auth("me:s3cret:with:colons") }, { type: "basic", username: "me", secret: "s3cret:with:colons" }],
    ["auth before user and password", { auth: auth("a:b"), username: "c", password: "d" }, {
      type: "basic",
      username: "a",
      secret: "b",
    }],
    ["user and password", { username: "c", password: "d" }, { type: "basic", username: "c", secret: "d" }],
    ["zeros at the end", { auth: auth("a:b\0\0") }, { type: "basic", username: "a", secret: "b" }],
    ["an identity token", { auth: auth("<token>:"), identitytoken: "x" }, { type: "identityToken", token: "x" }],
    ["an identity token of a user", { auth: auth("0000:"), identitytoken: "x" }, {
      type: "identityToken",
      token: "x",
      username: "0000",
    }],
    ["an identity token beside an auth that is broken", { auth: "*", identitytoken: "x" }, {
      type: "identityToken",
      token: "x",
    }],
    ["a registry token before all", { auth: auth("a:b"), identitytoken: "x", registrytoken: "y" }, {
      type: "registryToken",
      token: "y",
    }],
    ["the user <token>", { auth: auth("<token>:x") }, { type: "identityToken", token: "x" }],
  ])("reads %s", (_, entry, expected) => expect(read(entry)).toEqual({ ...(expected as object), source }));

  it.each([["nothing", {}], ["null", null], ["an empty auth", { auth: "" }], ["numbers", { auth: 1, username: 2 }]])(
    "finds nothing in %s",
    (_, entry) => expect(read(entry)).toBeUndefined(),
  );

  it.each<[string, unknown, string]>([
    ["an auth that is no base64", { auth: "***s3cret" }, 'its "auth" is no base64'],
    ["no colon", { auth: auth("s3cret") }, 'its "auth" has no colon'],
    ["a text", "s3cret", "it is no object"],
  ])("refuses %s for its own registry, and for no other", async (_, entry, words) => {
    const config = readDockerConfig(bytes({ auths: { "r.example": entry, "s.example": { auth: auth("a:b") } } }), "F");
    const { code, message } = await failure(Promise.resolve().then(() => credentialFromAuths(config, question, "F")));
    expect(code).toBe("ERR_CREDENTIALS");
    expect(message).toContain(words);
    expect(message).not.toContain("s3cret");
    expect(credentialFromAuths(config, { ...question, host: "s.example" }, "F")).toMatchObject({ username: "a" });
  });

  it.each<[string, unknown, string]>([
    ["text that is no JSON", '{"auths": s3cret', "it is no JSON"],
    ["a list", ["s3cret"], "it is no object"],
    ["a key twice", '{"auths": {}, "auths": {}}', "it is no JSON"],
    ["a depth", "[".repeat(10_000), "it is"],
    ["a program's name that is a path", { credsStore: "../evil" }, '"credsStore" names "../evil"'],
    ["a program's name that is a flag", { credsStore: "-x" }, '"credsStore" names "-x"'],
    ["a program's name that is a number", { credHelpers: { a: 1 } }, '"credHelpers" names something that is no text'],
    ["a program's name with a line break", { credHelpers: { a: "x\n" } }, '"credHelpers" names "x\\n"'],
    ["too many registries", {
      auths: Object.fromEntries(Array.from({ length: MAX_REGISTRY_ENTRIES + 1 }, (_, index) => [`r${index}`, {}])),
    }, "10001 registries"],
  ])("refuses %s", async (_, document, words) => {
    const { code, message } = await failure(Promise.resolve().then(() => readDockerConfig(bytes(document), "F")));
    expect(code).toBe("ERR_CREDENTIALS");
    expect(message).toContain(words);
    expect(message).not.toContain("s3cret");
  });

  it("takes any bytes, or refuses them", () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (given) => {
      try {
        readDockerConfig(given, "F");
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "ERR_CREDENTIALS" });
      }
    }));
  });

  it("knows which program is asked", () => {
    const config = readDockerConfig(
      bytes({ credHelpers: { "gcr.io": "gcloud", "https://index.docker.io/v1/": "hub" }, credsStore: "pass" }),
      "F",
    );
    expect(programFor(config, { host: "gcr.io", repository: "a" })).toEqual({ name: "gcloud", member: "credHelpers" });
    expect(programFor(config, { host: "ghcr.io", repository: "a" })).toEqual({ name: "pass", member: "credsStore" });
    expect(programFor(readDockerConfig(bytes({}), "F"), question)).toBeUndefined();
    expect([serverOf("docker.io"), serverOf("ghcr.io")]).toEqual(["https://index.docker.io/v1/", "ghcr.io"]);
  });
});
