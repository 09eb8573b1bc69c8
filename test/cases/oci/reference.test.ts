/** References: the table of what `docker pull` and Kyverno make of a text, and what no text may become. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EngineError } from "../../../src/errors.ts";
import {
  DEFAULT_REGISTRY_SETTINGS,
  formatReference,
  parseImageText,
  parseReference,
  type Reference,
} from "../../../src/oci/mod.ts";
import { endpointOf } from "../../../src/oci/settings.ts";
import vectors from "../../vectors/references.json" with { type: "json" };

const hex64 = "0123456789abcdef".repeat(4);
const sha256 = `sha256:${hex64}` as const;
const sha512 = `sha512:${hex64}${hex64}` as const;

interface Row {
  readonly input: string;
  readonly docker: Reference | null;
  readonly kyverno: {
    readonly registry: string;
    readonly path: string;
    readonly tag?: string;
    readonly digest?: string;
  } | null;
  readonly dialled: string | null;
}

/** What the libraries of docker and Kyverno make of a text; `test/peers/references.test.ts` asks them again. */
const ROWS = vectors.rows as readonly Row[];

/** Why a text is refused, as a part of the message; of Kyverno's reader where that sees another path. */
const REASONS: readonly [input: string, docker: string, kyverno?: string][] = [
  ["", "is not an element of a repository name"],
  ["FOO", "upper-case letters"],
  ["ghcr.io/Kyverno/test", "upper-case letters"],
  ["ghcr.io/k/t:", "is not a tag"],
  ["ghcr.io/k/t@", "digest"],
  [`ghcr.io/k/t@sha256:${hex64.toUpperCase()}`, "digest"],
  [`ghcr.io/k/t@SHA256:${hex64}`, "digest"],
  [`ghcr.io/k/t@sha256:${hex64.slice(0, 34)}`, "digest"],
  [`ghcr.io/k/t@sha256:${hex64.slice(0, 63)}`, "digest"],
  [`ghcr.io/k/t@md5:${hex64.slice(0, 32)}`, "digest"],
  [`foo@${sha256}:x`, "digest"],
  ["foo:a:b", '"a:b" is not a tag'],
  ["[fe80::1%25eth0]/foo", "is not a registry"],
  ["my_registry:5000/foo", "is not a registry"],
  ["a..b/foo", "is not a registry"],
  ["-a.b/foo", "is not a registry"],
  ["ghcr.io./a/b", "is not a registry"],
  ["ghcr.io:/a/b", "is not a registry"],
  ["foo___bar", '"foo___bar" is not an element'],
  ["foo._bar", '"foo._bar" is not an element'],
  ["_foo", '"_foo" is not an element'],
  ["foo-/bar", '"foo-" is not an element'],
  ["foo/bar/", '"" is not an element'],
  ["/foo", '"" is not an element'],
  ["foo//bar", '"" is not an element'],
  ["ghcr.io/a/../b", '".." is not an element'],
  ["ghcr.io/a/./b", '"." is not an element'],
  ["ghcr.io/a/%2e%2e/b", '"%2e%2e" is not an element'],
  ["https://ghcr.io/a/b", '"https:" is not a registry'],
  ["oci://ghcr.io/a/b", '"oci:" is not a registry'],
  ["user@ghcr.io/a/b", '"user@ghcr.io" is not a registry'],
  ["ghcr.io/a/b?x", '"b?x" is not an element'],
  ["ghcr.io/a/b#x", '"b#x" is not an element'],
  [" ghcr.io/a/b", '" ghcr.io" is not a registry'],
  ["ghcr.io/a b", '"a b" is not an element'],
  ["ghcr.io/a/b\n", '"b\\n" is not an element'],
  ["bücher.example/foo", "is not a registry"],
  ["ghcr.io/ſ/foo", '"ſ" is not an element'],
  ["ghcr.io／a/b", "is not a registry"],
  [`ghcr.io/k/t:${"t".repeat(129)}`, "is not a tag"],
  ["ghcr.io/k/t:.x", '".x" is not a tag'],
  ["ghcr.io/k/t:-x", '"-x" is not a tag'],
  [`ghcr.io/${"p".repeat(256)}`, "has 256 characters, expected at most 255"],
  ["a".repeat(300), "has 308 characters, expected at most 255", "has 300 characters, expected at most 255"],
  [`ghcr.io/${"p/".repeat(600)}x`, "expected at most 1024"],
];

describe("parseReference()", () => {
  it.each(ROWS)("$input", ({ input, docker }) => {
    if (docker !== null) return expect(parseReference(input)).toEqual(docker);
    expect(thrownBy(() => parseReference(input)).code).toBe("ERR_REFERENCE");
  });

  it.each([...REASONS])("says why it refuses %j", (input, reason) => {
    const error = thrownBy(() => parseReference(input));
    expect(error.code).toBe("ERR_REFERENCE");
    expect(error.message).toContain(reason);
  });

  it("never prints what it refuses raw", () => {
    const { message } = thrownBy(() => parseReference("ghcr.io/a/\u001b[31mb\u202e"));
    expect(message).toContain("\\x1b[31m");
    // deno-lint-ignore no-control-regex
    expect(message).not.toMatch(/[\u0000-\u001f\u202e]/);
  });
});

describe("parseImageText()", () => {
  it.each(ROWS)("$input", ({ input, kyverno }) => {
    if (kyverno === null) return expect(thrownBy(() => parseImageText(input)).code).toBe("ERR_REFERENCE");
    const { registryGiven: _, name, ...read } = parseImageText(input);
    expect(read).toEqual(kyverno);
    expect(name).toBe(kyverno.path.split("/").at(-1));
  });

  it.each([...REASONS])("says why it refuses %j", (input, docker, kyverno = docker) => {
    const error = thrownBy(() => parseImageText(input));
    expect(error.code).toBe("ERR_REFERENCE");
    expect(error.message).toContain(kyverno);
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

describe("endpointOf()", () => {
  it.each(ROWS.filter(({ docker }) => docker !== null))("$input is asked at $dialled", ({ input, dialled }) => {
    const ask = () => endpointOf(parseReference(input).registry, DEFAULT_REGISTRY_SETTINGS).base;
    if (dialled === null) expect(thrownBy(ask).code).toBe("ERR_REFERENCE");
    else expect(ask()).toBe(dialled);
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
      const parts = { ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
      const reference: Reference = { registry, repository: path.join("/"), ...parts };
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
