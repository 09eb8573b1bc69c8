/** References: the table of what `docker pull` and Kyverno make of a text, and what no text may become. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EngineError } from "../../../src/errors.ts";
import { formatReference, parseImageText, parseReference, type Reference } from "../../../src/oci/mod.ts";

const hex64 = "0123456789abcdef".repeat(4);
const sha256 = `sha256:${hex64}` as const;
const sha512 = `sha512:${hex64}${hex64}` as const;

/** Read by distribution/reference 0.6.0 and by Kyverno 1.16 with a Go harness; errors as a part of our message. */
const TABLE: readonly {
  readonly input: string;
  readonly docker: Reference | string;
  /** `registry, path, tag or digest`, without Kyverno's default tag; the same refusal as `docker` when left out. */
  readonly kyverno?: readonly [registry: string, path: string, tagOrDigest?: string];
}[] = [
  row("nginx", ["docker.io", "library/nginx"], ["docker.io", "nginx"]),
  row("nginx:1.25", ["docker.io", "library/nginx", "1.25"], ["docker.io", "nginx", "1.25"]),
  row("library/nginx", ["docker.io", "library/nginx"], ["docker.io", "library/nginx"]),
  row("docker.io/nginx", ["docker.io", "library/nginx"], ["docker.io", "nginx"]),
  row("index.docker.io/nginx", ["docker.io", "library/nginx"], ["index.docker.io", "nginx"]),
  row("registry-1.docker.io/library/nginx", ["registry-1.docker.io", "library/nginx"], [
    "registry-1.docker.io",
    "library/nginx",
  ]),
  row("kyverno/test", ["docker.io", "kyverno/test"], ["docker.io", "kyverno/test"]),
  row("localhost/foo", ["localhost", "foo"], ["localhost", "foo"]),
  row("localhost:5000", ["docker.io", "library/localhost", "5000"], ["docker.io", "localhost", "5000"]),
  row("localhost:5000/foo:bar", ["localhost:5000", "foo", "bar"], ["localhost:5000", "foo", "bar"]),
  row("example.com", ["docker.io", "library/example.com"], ["docker.io", "example.com"]),
  row("Example.COM/foo", ["Example.COM", "foo"], ["Example.COM", "foo"]),
  row("Foo/bar", ["Foo", "bar"], ["Foo", "bar"]),
  row("ghcr.io/k/t:Signed", ["ghcr.io", "k/t", "Signed"], ["ghcr.io", "k/t", "Signed"]),
  row(`ghcr.io/k/t@${sha512}`, ["ghcr.io", "k/t", undefined, sha512], ["ghcr.io", "k/t", sha512]),
  row(`ghcr.io/k/t:x@${sha256}`, ["ghcr.io", "k/t", "x", sha256], ["ghcr.io", "k/t", sha256]),
  row(sha256, ["docker.io", "library/sha256", hex64], ["docker.io", "sha256", hex64]),
  row("[::1]:5000/foo", ["[::1]:5000", "foo"], ["[::1]:5000", "foo"]),
  row("[2001:db8::1]/foo:1", ["[2001:db8::1]", "foo", "1"], ["[2001:db8::1]", "foo", "1"]),
  row("10.0.0.5/foo", ["10.0.0.5", "foo"], ["10.0.0.5", "foo"]),
  row("my_registry/foo", ["docker.io", "my_registry/foo"], ["docker.io", "my_registry/foo"]),
  row("xn--bcher-kva.example/foo", ["xn--bcher-kva.example", "foo"], ["xn--bcher-kva.example", "foo"]),
  row(`ghcr.io/k/t:${"t".repeat(128)}`, ["ghcr.io", "k/t", "t".repeat(128)], ["ghcr.io", "k/t", "t".repeat(128)]),
  row(`ghcr.io/${"p".repeat(255)}`, ["ghcr.io", "p".repeat(255)], ["ghcr.io", "p".repeat(255)]),
  row("x", ["docker.io", "library/x"], ["docker.io", "x"]),
  row("docker.io/a", ["docker.io", "library/a"], ["docker.io", "a"]),
  row("ghcr.io:99999/a", ["ghcr.io:99999", "a"], ["ghcr.io:99999", "a"]),
  // A bare identifier is refused by docker alone.
  { input: hex64, docker: "bare 64-digit identifier", kyverno: ["docker.io", hex64] },
  refused("", "is not an element of a repository name"),
  refused("FOO", "upper-case letters"),
  refused("ghcr.io/Kyverno/test", "upper-case letters"),
  refused("ghcr.io/k/t:", "is not a tag"),
  refused("ghcr.io/k/t@", "digest"),
  refused(`ghcr.io/k/t@sha256:${hex64.toUpperCase()}`, "digest"),
  refused(`ghcr.io/k/t@SHA256:${hex64}`, "digest"),
  refused(`ghcr.io/k/t@sha256:${hex64.slice(0, 34)}`, "digest"),
  refused(`ghcr.io/k/t@sha256:${hex64.slice(0, 63)}`, "digest"),
  refused(`ghcr.io/k/t@md5:${hex64.slice(0, 32)}`, "digest"),
  refused(`foo@${sha256}:x`, "digest"),
  refused("foo:a:b", '"a:b" is not a tag'),
  refused("[fe80::1%25eth0]/foo", "is not a registry"),
  refused("my_registry:5000/foo", "is not a registry"),
  refused("a..b/foo", "is not a registry"),
  refused("-a.b/foo", "is not a registry"),
  refused("ghcr.io./a/b", "is not a registry"),
  refused("ghcr.io:/a/b", "is not a registry"),
  refused("foo___bar", '"foo___bar" is not an element'),
  refused("foo._bar", '"foo._bar" is not an element'),
  refused("_foo", '"_foo" is not an element'),
  refused("foo-/bar", '"foo-" is not an element'),
  refused("foo/bar/", '"" is not an element'),
  refused("/foo", '"" is not an element'),
  refused("foo//bar", '"" is not an element'),
  refused("ghcr.io/a/../b", '".." is not an element'),
  refused("ghcr.io/a/./b", '"." is not an element'),
  refused("ghcr.io/a/%2e%2e/b", '"%2e%2e" is not an element'),
  refused("https://ghcr.io/a/b", '"https:" is not a registry'),
  refused("oci://ghcr.io/a/b", '"oci:" is not a registry'),
  refused("user@ghcr.io/a/b", '"user@ghcr.io" is not a registry'),
  refused("ghcr.io/a/b?x", '"b?x" is not an element'),
  refused("ghcr.io/a/b#x", '"b#x" is not an element'),
  refused(" ghcr.io/a/b", '" ghcr.io" is not a registry'),
  refused("ghcr.io/a b", '"a b" is not an element'),
  refused("ghcr.io/a/b\n", '"b\\n" is not an element'),
  refused("bücher.example/foo", "is not a registry"),
  refused("ghcr.io/ſ/foo", '"ſ" is not an element'),
  refused("ghcr.io／a/b", "is not a registry"),
  refused(`ghcr.io/k/t:${"t".repeat(129)}`, "is not a tag"),
  refused("ghcr.io/k/t:.x", '".x" is not a tag'),
  refused("ghcr.io/k/t:-x", '"-x" is not a tag'),
  refused(`ghcr.io/${"p".repeat(256)}`, "has 256 characters, expected at most 255"),
  refused("a".repeat(300), "has 308 characters, expected at most 255", "has 300 characters, expected at most 255"),
  refused(`ghcr.io/${"p/".repeat(600)}x`, "expected at most 1024"),
];

type DockerRow = readonly [registry: string, repository: string, tag?: string | undefined, digest?: typeof sha256];

function row(
  input: string,
  [registry, repository, tag, digest]: DockerRow | readonly [string, string, string | undefined, typeof sha512],
  kyverno: readonly [string, string, string?],
) {
  const docker = {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
  return { input, docker, kyverno };
}

/** Refused by both readers, which differ where one of them puts `library/` before the path. */
function refused(input: string, docker: string, kyverno: string = docker) {
  return { input, docker, refusal: kyverno };
}

describe("parseReference()", () => {
  it.each(TABLE)("$input", ({ input, docker }) => {
    if (typeof docker !== "string") return expect(parseReference(input)).toEqual(docker);
    const error = thrownBy(() => parseReference(input));
    expect(error.code).toBe("ERR_REFERENCE");
    expect(error.message).toContain(docker);
  });

  it("never prints what it refuses raw", () => {
    const { message } = thrownBy(() => parseReference("ghcr.io/a/\u001b[31mb\u202e"));
    expect(message).toContain("\\x1b[31m");
    // deno-lint-ignore no-control-regex
    expect(message).not.toMatch(/[\u0000-\u001f\u202e]/);
  });
});

describe("parseImageText()", () => {
  it.each(TABLE.filter(({ kyverno }) => kyverno !== undefined))("$input", ({ input, kyverno = ["", ""] }) => {
    const { registry, path, name, tag, digest } = parseImageText(input);
    expect([registry, path, digest ?? tag]).toEqual([kyverno[0], kyverno[1], kyverno[2]]);
    expect(name).toBe(kyverno[1].split("/").at(-1));
  });

  it.each(TABLE.filter(({ kyverno }) => kyverno === undefined))("refuses $input", (refusal) => {
    const error = thrownBy(() => parseImageText(refusal.input));
    expect(error.code).toBe("ERR_REFERENCE");
    expect(error.message).toContain("refusal" in refusal ? refusal.refusal : refusal.docker);
  });

  it("keeps tag and digest side by side", () => {
    expect(parseImageText(`ghcr.io/k/t:x@${sha256}`)).toMatchObject({ tag: "x", digest: sha256, name: "t" });
  });

  it("fills in the registry it is given, and says so", () => {
    expect(parseImageText("team/app", "registry.example:5000")).toEqual({
      registry: "registry.example:5000",
      registryGiven: false,
      path: "team/app",
      name: "app",
    });
    expect(parseImageText("ghcr.io/app").registryGiven).toBe(true);
  });
});

describe("formatReference()", () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const element = fc.array(word, { minLength: 1, maxLength: 3 }).chain((words) =>
    fc.array(fc.constantFrom(".", "_", "__", "-", "---"), { minLength: words.length, maxLength: words.length })
      .map((separators) => words.map((part, at) => at === 0 ? part : separators[at] + part).join(""))
  );
  const references = fc.record({
    registry: fc.constantFrom("ghcr.io", "docker.io", "localhost", "127.0.0.1:5000", "[::1]:80", "Registry.EXAMPLE"),
    path: fc.array(element, { minLength: 2, maxLength: 4 }),
    tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/), { nil: undefined }),
    digest: fc.constantFrom(undefined, sha256, sha512),
  });

  it("is undone by parseReference()", () => {
    fc.assert(fc.property(references, ({ registry, path, tag, digest }) => {
      const reference = row("", [registry, path.join("/"), tag, digest as typeof sha256], ["", ""]).docker;
      expect(parseReference(formatReference(reference))).toEqual(reference);
    }));
  });

  it("gives text that reads as itself, and a path that no URL parser rewrites", () => {
    const pieces = fc.constantFrom(
      "a",
      "b.c",
      "..",
      ".",
      "/",
      "//",
      ":",
      "@",
      "%2e",
      "%2F",
      "\\",
      "?",
      "#",
      sha256,
      "A",
    );
    fc.assert(fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
      let reference: Reference;
      try {
        reference = parseReference(parts.join(""));
      } catch (thrown) {
        expect((thrown as EngineError).code).toBe("ERR_REFERENCE");
        return;
      }
      expect(parseReference(formatReference(reference))).toEqual(reference);
      const path = `/v2/${reference.repository}/manifests/x`;
      expect(new URL(`https://registry.example${path}`).pathname).toBe(path);
    }));
  });
});

function thrownBy(work: () => unknown): EngineError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}
