/** What a hostile or broken registry does, and what has to come of it; run by `hostile_registry.test.ts`. */
import { gzipSync } from "node:zlib";
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from "../../../src/oci/mod.ts";
import {
  type Act,
  bytesOf,
  descriptorOf,
  entryOf,
  IMAGE,
  listOf,
  type Misbehaviour,
  type Resource,
  type World,
} from "../../run/hostile_registry.ts";

/** One row. `expected` is `verified` or the code of the refusal. */
export interface HostileRow {
  readonly name: string;
  readonly expected: string;
  readonly does: (world: World, place: { readonly canary: () => string; readonly host: () => string }) => Misbehaviour;
  /** Whether the referrers tag lists the signature, too. */
  readonly tagged?: true;
  /** Spoils the signature manifest. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** What the message must say. */
  readonly says?: RegExp;
}

const answer = (status: number, body: unknown = "", headers: Record<string, string> = {}): Act => () => ({
  status,
  headers: { "content-type": "text/plain", ...headers },
  body: bytesOf(body),
});
const problem = (status: number, code: string): Act =>
  answer(status, { errors: [{ code, message: "no" }] }, { "content-type": "application/json" });
const typed = (type: string): Act => ({ normal }) => ({ headers: { ...normal.headers, "content-type": type } });
const digestHeader = (value: string): Act => ({ normal }) => ({
  headers: { ...normal.headers, "docker-content-digest": value },
});
const replaced = (bytes: Uint8Array): Act => () => ({ body: bytes });
const listing = (manifests: (world: World) => readonly unknown[]) => (world: World): Misbehaviour => ({
  referrers: () => ({ body: listOf(manifests(world)) }),
});
export const row = (
  name: string,
  expected: string,
  does: HostileRow["does"],
  more: Partial<HostileRow> = {},
): HostileRow => ({
  name,
  expected,
  does,
  ...more,
});
const resets: Act = ({ response }) => void response.destroy();
const breaksOff: Act = ({ response, normal }) => {
  response.writeHead(normal.status, { ...normal.headers, "content-length": String(normal.body.length) });
  response.write(normal.body.slice(0, 5));
  setTimeout(() => response.destroy(), 5);
};
const times = (count: number, act: Act): Act => (visit) => visit.before < count ? act(visit) : visit.normal;
const SUBJECT = descriptorOf(IMAGE, OCI_MANIFEST);

/** Odd answers to the question for referrers. */
export const REFERRERS_ROWS: readonly HostileRow[] = [
  row("404", "verified", () => ({ referrers: answer(404) }), { tagged: true }),
  row("404, and nothing under the tag", "SIGNATURE_MISSING", () => ({ referrers: answer(404) }), {
    says: /looked in referrers-api .* \(nothing there: .*404.*\), referrers-tag .* \(nothing there\)/,
  }),
  row("404, and a signature under the tag that is gone", "ERR_REGISTRY_NOT_FOUND", () => ({
    referrers: answer(404),
    signature: answer(404),
  }), { tagged: true }),
  row("a signature without a type that is gone", "ERR_REGISTRY_NOT_FOUND", (world) => ({
    referrers: () => ({ body: listOf([{ ...entryOf(world), artifactType: undefined }]) }),
    signature: answer(404),
  })),
  row("404 NAME_UNKNOWN", "verified", () => ({ referrers: problem(404, "NAME_UNKNOWN") }), { tagged: true }),
  row("400 UNSUPPORTED", "verified", () => ({ referrers: problem(400, "UNSUPPORTED") }), { tagged: true }),
  row("400 without a word", "verified", () => ({ referrers: answer(400) }), { tagged: true }),
  row("400 for another reason", "ERR_REGISTRY_RESPONSE", () => ({ referrers: problem(400, "DIGEST_INVALID") }), {
    tagged: true,
  }),
  row("405", "verified", () => ({ referrers: answer(405) }), { tagged: true }),
  row("406", "verified", () => ({ referrers: answer(406) }), { tagged: true }),
  row("401", "ERR_REGISTRY_UNAUTHORIZED", () => ({ referrers: answer(401) }), { tagged: true }),
  row("403", "ERR_REGISTRY_UNAUTHORIZED", () => ({ referrers: answer(403) }), { tagged: true }),
  row("429", "ERR_REGISTRY_LIMITED", () => ({ referrers: answer(429) }), { tagged: true }),
  row("500", "ERR_REGISTRY_UNAVAILABLE", () => ({ referrers: answer(500) }), { tagged: true }),
  row("503, twice", "verified", () => ({ referrers: times(2, answer(503)) })),
  row("an index with a charset", "verified", () => ({ referrers: typed(`${OCI_INDEX}; charset=utf-8`) })),
  row("an index called JSON", "verified", () => ({ referrers: typed("application/json") })),
  row(
    "JSON that is no index",
    "verified",
    () => ({ referrers: answer(200, {}, { "content-type": "application/json" }) }),
    { tagged: true },
  ),
  row("a login page", "verified", () => ({ referrers: answer(200, "<html>", { "content-type": "text/html" }) }), {
    tagged: true,
  }),
  row("a list without artifact types", "verified", listing((world) => [descriptorOf(world.signature, OCI_MANIFEST)])),
  row("an empty list, with the signature under the tag", "verified", listing(() => []), { tagged: true }),
  row("null for an empty list", "SIGNATURE_MISSING", () => ({
    referrers: () => ({ body: bytesOf({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: null }) }),
  })),
  row("an empty list, and 503 for the tag", "ERR_REGISTRY_UNAVAILABLE", (world) => ({
    ...listing(() => [])(world),
    referrersTag: answer(503),
  })),
  row("empty pages for ever", "ERR_REGISTRY_RESPONSE", () => ({
    referrers: ({ normal, before }) => ({
      headers: { ...normal.headers, link: `</v2/team/app/referrers/${SUBJECT.digest}?p=${before}>; rel="next"` },
      body: listOf([]),
    }),
  }), { tagged: true, says: /more than 50 pages/ }),
  row("a page that leads to itself", "ERR_REGISTRY_RESPONSE", () => ({
    referrers: ({ normal, request }) => ({ headers: { ...normal.headers, link: `<${request.url}>; rel=next` } }),
  }), { says: /again and again/ }),
  row("a next page elsewhere", "ERR_REGISTRY_RESPONSE", (_, { canary }) => ({
    referrers: ({ normal }) => ({ headers: { ...normal.headers, link: `<${canary()}/>; rel="next"` } }),
  })),
  row("a next page in a file", "ERR_REGISTRY_RESPONSE", () => ({
    referrers: ({ normal }) => ({ headers: { ...normal.headers, link: '<file:///etc/passwd>; rel="next"' } }),
  })),
  row("a second page that fails", "ERR_REGISTRY_UNAVAILABLE", () => ({
    referrers: ({ normal, request }) =>
      request.url?.includes("p=2") === true
        ? { status: 500, body: bytesOf("") }
        : { headers: { ...normal.headers, link: `<${request.url}&p=2>; rel="next"` } },
  })),
  row("filtered, it says, and is not", "verified", (world) => ({
    referrers: ({ normal }) => ({
      headers: { ...normal.headers, "oci-filters-applied": "artifactType" },
      body: listOf([{ ...descriptorOf(bytesOf("{}"), OCI_MANIFEST), artifactType: "sbom/x" }, entryOf(world)]),
    }),
  })),
];

/** Lists and manifests that are not what they claim. */
export const CONTENT_ROWS: readonly HostileRow[] = [
  row(
    "the same referrer often, and the subject as its own",
    "verified",
    listing((world) => [
      { ...SUBJECT, artifactType: entryOf(world).artifactType },
      ...Array(20).fill(entryOf(world)),
    ]),
  ),
  row("twenty thousand referrers", "ERR_REGISTRY_RESPONSE", listing((world) => Array(20_000).fill(entryOf(world)))),
  row("more referrers than are counted, in pages", "ERR_TOO_LARGE", (world) => ({
    referrers: ({ normal, before }) => ({
      headers: { ...normal.headers, link: `</v2/team/app/referrers/${SUBJECT.digest}?p=${before}>; rel="next"` },
      body: listOf(Array(500).fill(entryOf(world))),
    }),
  })),
  row(
    "annotations for a terminal",
    "verified",
    listing((world) => [
      { ...entryOf(world), annotations: { "\u001b[2J": "\u202e".repeat(1000), "a\nb": "\u0000" } },
    ]),
  ),
  row(
    "an artifact type for a terminal, of another referrer",
    "verified",
    listing((world) => [
      { ...descriptorOf(bytesOf("x"), OCI_MANIFEST), artifactType: "\u001b]0;owned\u0007" },
      entryOf(world),
    ]),
  ),
  row("places to get content from, and content by the way", "verified", (world, { canary }) => ({
    referrers: () => ({ body: listOf([{ ...entryOf(world), urls: [`${canary()}/x`], data: "e30=" }]) }),
  })),
  ...([
    ["a negative size", { size: -1 }],
    ["half a byte", { size: 1.5 }],
    ["a size beyond all sizes", { size: 1e30 }],
    ["a size in words", { size: "12" }],
    ["no size", { size: undefined }],
    ["a digest in capitals", { digest: `SHA256:${"a".repeat(64)}` }],
    ["capital digits", { digest: `sha256:${"A".repeat(64)}` }],
    ["63 digits", { digest: `sha256:${"a".repeat(63)}` }],
    ["another algorithm", { digest: `md5:${"a".repeat(32)}` }],
    ["a path for a digest", { digest: "sha256:../../../v2/other" }],
  ] as const).map(([what, changes]) =>
    row(`a referrer with ${what}`, "ERR_REGISTRY_RESPONSE", listing((world) => [{ ...entryOf(world), ...changes }]))
  ),
  ...([
    ["a name twice", '{"schemaVersion":2,"manifests":[],"manifests":[]}'],
    ["a byte order mark", '\ufeff{"schemaVersion":2,"manifests":[]}'],
    ["something behind it", '{"schemaVersion":2,"manifests":[]} {}'],
    ["a thousand levels", `{"schemaVersion":2,"manifests":${"[".repeat(1000)}${"]".repeat(1000)}}`],
    ["no JSON", "<html>"],
    ["nothing", ""],
    ["a list", "[]"],
  ] as const).map(([what, text]) =>
    row(`a list of referrers with ${what}`, "ERR_REGISTRY_RESPONSE", () => ({ referrers: replaced(bytesOf(text)) }), {
      tagged: true,
    })
  ),
  row("a list of referrers that is no UTF-8", "ERR_REGISTRY_RESPONSE", () => ({
    referrers: replaced(Uint8Array.of(0x7b, 0xff, 0x7d)),
  })),
  row("a list with __proto__", "verified", (world) => ({
    referrers: replaced(
      bytesOf(
        `{"__proto__":{"manifests":[]},"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[${
          JSON.stringify(entryOf(world))
        }]}`,
      ),
    ),
  })),
  row("other bytes of the same length for the signature", "ERR_DIGEST_MISMATCH", (world) => ({
    signature: replaced(new Uint8Array(world.signature.length).fill(0x20)),
  })),
  row("more bytes for the signature", "ERR_DIGEST_MISMATCH", (world) => ({
    signature: replaced(new Uint8Array([...world.signature, 0x20])),
  })),
  row("fewer bytes for the envelope", "ERR_DIGEST_MISMATCH", (world) => ({
    envelope: replaced(world.envelope.slice(1)),
  })),
  row("another envelope of the same length", "ERR_DIGEST_MISMATCH", (world) => ({
    envelope: replaced(world.envelope.toReversed()),
  })),
  row("a length that is more than the envelope", "ERR_DIGEST_MISMATCH", () => ({
    envelope: ({ normal }) => ({ headers: { ...normal.headers, "content-length": "1000000" } }),
  })),
  row("a length that is less than the envelope", "ERR_DIGEST_MISMATCH", () => ({
    envelope: ({ normal }) => ({ headers: { ...normal.headers, "content-length": "5" } }),
  })),
  row("an envelope without end", "ERR_DIGEST_MISMATCH", () => ({
    envelope: ({ response }) => {
      response.writeHead(200);
      const more = setInterval(() => response.write(new Uint8Array(65_536)), 1);
      response.on("close", () => clearInterval(more));
    },
  })),
  row("a bomb for an envelope", "ERR_DIGEST_MISMATCH", () => ({
    envelope: () => ({ headers: { "content-encoding": "gzip" }, body: gzipSync(new Uint8Array(50_000_000)) }),
  })),
  row("an envelope sent compressed", "verified", (world) => ({
    envelope: () => ({ headers: { "content-encoding": "gzip" }, body: gzipSync(world.envelope) }),
  })),
  row("an envelope compressed by its type", "ERR_ENVELOPE_MEDIA_TYPE", () => ({}), {
    manifest: { layers: [descriptorOf(bytesOf("x"), "application/jose+json+gzip")] },
  }),
  row("a signature without layers", "SIGNATURE_MANIFEST", () => ({}), { manifest: { layers: [] } }),
  row("a signature with two layers", "SIGNATURE_MANIFEST", () => ({}), {
    manifest: { layers: Array(2).fill(descriptorOf(bytesOf("x"), "application/jose+json")) },
  }),
  row("a signature of another image", "SIGNATURE_MANIFEST", () => ({}), {
    manifest: { subject: descriptorOf(bytesOf("other"), OCI_MANIFEST) },
  }),
  row("a signature called a page", "ERR_REGISTRY_RESPONSE", () => ({ signature: typed("text/html") })),
  row("a signature called an index", "ERR_REGISTRY_RESPONSE", () => ({ signature: typed(OCI_INDEX) })),
  row("a manifest that calls itself an index", "ERR_MANIFEST", () => ({}), { manifest: { mediaType: OCI_INDEX } }),
  row("an envelope of 300 MB", "ERR_TOO_LARGE", () => ({}), {
    manifest: { layers: [{ ...descriptorOf(bytesOf("x"), "application/jose+json"), size: 300_000_000 }] },
  }),
  row("the subject under the tag", "SIGNATURE_MISSING", () => ({
    referrers: answer(404),
    referrersTag: () => ({ status: 200, headers: { "content-type": OCI_MANIFEST }, body: IMAGE }),
  }), { says: /not believed: the tag is the subject itself/ }),
  row("an image under the tag", "SIGNATURE_MISSING", (world) => ({
    referrers: answer(404),
    referrersTag: () => ({ status: 200, headers: { "content-type": OCI_MANIFEST }, body: world.signature }),
  }), { says: /not believed/ }),
];

/** What the tag is answered with. */
export const TAG_ROWS: readonly HostileRow[] = [
  row("a digest in no form", "ERR_REGISTRY_RESPONSE", () => ({ tag: digestHeader("sha256:x") })),
  row("two digests", "ERR_REGISTRY_RESPONSE", () => ({ tag: digestHeader(`${SUBJECT.digest}, ${SUBJECT.digest}`) })),
  row(
    "no digest",
    "verified",
    () => ({ tag: ({ normal }) => ({ headers: { "content-type": OCI_MANIFEST }, body: normal.body }) }),
  ),
  row("no length", "verified", () => ({
    tag: ({ normal }) => ({ headers: { ...normal.headers, "transfer-encoding": "chunked" } }),
  })),
  row("405 for HEAD", "verified", () => ({
    tag: ({ normal, request }) => request.method === "HEAD" ? { status: 405 } : normal,
  })),
  row("a digest of other bytes, and no HEAD", "ERR_DIGEST_MISMATCH", () => ({
    tag: ({ normal, request }) =>
      request.method === "HEAD"
        ? { status: 405 }
        : { headers: { ...normal.headers, "docker-content-digest": `sha256:${"0".repeat(64)}` } },
  })),
  // A list under a tag is an artifact of its own: no signature of one of its images is taken for one of it.
  row("a list of Docker's", "SIGNATURE_MISSING", () => ({
    tag: () => {
      const list = bytesOf({ schemaVersion: 2, mediaType: DOCKER_LIST, manifests: [SUBJECT] });
      const { digest } = descriptorOf(list, DOCKER_LIST);
      return { headers: { "content-type": DOCKER_LIST, "docker-content-digest": digest }, body: list };
    },
  }), { says: /looked in referrers-api .* \(nothing there/ }),
  row("an image called a list of Docker's", "TARGET_ARTIFACT_MISMATCH", () => ({ tag: typed(DOCKER_LIST) })),
  row("a login page", "ERR_MANIFEST", () => ({ tag: answer(200, "<html>", { "content-type": "text/html" }) })),
  row("another image the second time", "verified", () => ({
    tag: ({ normal, before }) => {
      if (before === 0) return normal;
      const other = bytesOf({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: SUBJECT, layers: [] });
      return {
        headers: { ...normal.headers, "docker-content-digest": descriptorOf(other, OCI_MANIFEST).digest },
        body: other,
      };
    },
  })),
];

/** Where requests are sent instead; `http` after `https` needs a registry with TLS: test/cases/oci/request.test.ts. */
const ELSEWHERE: readonly (readonly [string, (canary: string) => string, string])[] = [
  ["another port of loopback", (canary) => canary, "ERR_REGISTRY_REFUSED"],
  ["another name of loopback", (canary) => canary.replace("127.0.0.1", "localhost"), "ERR_REGISTRY_REFUSED"],
  ["another notation of loopback", (canary) => canary.replace("127.0.0.1", "2130706433"), "ERR_REGISTRY_REFUSED"],
  ["loopback by IPv6", (canary) => canary.replace("127.0.0.1", "[::ffff:127.0.0.1]"), "ERR_REGISTRY_REFUSED"],
  ["every address", (canary) => canary.replace("127.0.0.1", "0.0.0.0"), "ERR_REGISTRY_REFUSED"],
  ["a cloud's metadata", () => "http://169.254.169.254/latest/", "ERR_REGISTRY_REFUSED"],
  ["a private network", () => "http://10.0.0.1/", "ERR_REGISTRY_REFUSED"],
  ["a file", () => "file:///etc/passwd", "ERR_REGISTRY_REFUSED"],
  ["data", () => "data:application/json,{}", "ERR_REGISTRY_REFUSED"],
  ["somebody's password", (canary) => canary.replace("//", "//user:pass@"), "ERR_REGISTRY_REFUSED"],
  ["no place at all", () => "http://[", "ERR_REGISTRY_RESPONSE"],
];
const ALL: readonly Resource[] = ["tag", "referrers", "signature", "envelope"];

export const REDIRECT_ROWS: readonly HostileRow[] = [
  ...ELSEWHERE.flatMap(([where, location, expected]) =>
    ALL.map((resource) =>
      row(`${resource}: to ${where}`, expected, (_, { canary }) => ({
        [resource]: answer(307, "", { location: location(canary()) }) satisfies Act,
      }))
    )
  ),
  ...ALL.map((resource) =>
    row(`${resource}: in a circle`, "ERR_REGISTRY_RESPONSE", () => ({
      [resource]: (({ request }) => ({ status: 302, headers: { location: request.url ?? "/" } })) satisfies Act,
    }), { says: /redirects more than 5 times/ })
  ),
  ...ALL.map((resource) =>
    row(`${resource}: to a place that leads back`, "ERR_REGISTRY_RESPONSE", () => {
      const there: Act = ({ request }) => ({ status: 307, headers: { location: `/elsewhere?${request.url}` } });
      const back: Act = ({ request }) => ({ status: 307, headers: { location: request.url?.split("?")[1] ?? "/" } });
      return { [resource]: there, other: back };
    }, { says: /redirects more than 5 times/ })
  ),
];

const challenge = (realm: string): Act =>
  answer(401, "", { "www-authenticate": `Bearer realm="${realm}",service="s"` });

/** Challenges and token endpoints. */
export const TOKEN_ROWS: readonly HostileRow[] = [
  row("a token that is wanted, and given", "verified", (_, { host }) => ({ tag: guarded(host) })),
  row("a token that is never enough", "ERR_REGISTRY_UNAUTHORIZED", (_, { host }) => ({
    tag: (visit) => challenge(`http://${host()}/token`)(visit),
  })),
  row("another token endpoint each time", "ERR_REGISTRY_UNAUTHORIZED", (_, { host }) => ({
    tag: (visit) => challenge(`http://${host()}/token?n=${visit.before}`)(visit),
  })),
  row("a token endpoint on another port", "ERR_REGISTRY_REFUSED", (_, { canary }) => ({
    tag: (visit) => challenge(`${canary()}/token`)(visit),
  })),
  row("a token endpoint at a cloud's metadata", "ERR_REGISTRY_REFUSED", () => ({
    tag: challenge("http://169.254.169.254/token"),
  })),
  row("a token endpoint in a file", "ERR_REGISTRY_REFUSED", () => ({ tag: challenge("file:///etc/passwd") })),
  row("a token endpoint that leads elsewhere", "ERR_REGISTRY_REFUSED", (_, { canary, host }) => ({
    tag: guarded(host),
    token: (visit) => answer(302, "", { location: canary() })(visit),
  })),
  row("a token without end", "ERR_REGISTRY_RESPONSE", (_, { host }) => ({
    tag: guarded(host),
    token: () => ({ body: bytesOf({ token: "t".repeat(100_000) }) }),
  })),
  row("a token for a header of its own", "ERR_REGISTRY_RESPONSE", (_, { host }) => ({
    tag: guarded(host),
    token: () => ({ body: bytesOf({ token: "t\r\nx: y" }) }),
  })),
  row("a page for a token", "ERR_REGISTRY_RESPONSE", (_, { host }) => ({
    tag: guarded(host),
    token: answer(200, "<html>"),
  })),
  row("a token that ends midway", "verified", (_, { host }) => ({
    tag: guarded(host, "t1"),
    referrers: guarded(host, "t2"),
    signature: guarded(host, "t2"),
    envelope: guarded(host, "t3"),
    token: ({ before }) => ({ body: bytesOf({ token: `t${before + 1}` }) }),
  })),
];

function guarded(host: () => string, token = "t"): Act {
  return (visit) =>
    visit.request.headers.authorization === `Bearer ${token}`
      ? visit.normal
      : challenge(`http://${host()}/token`)(visit);
}

/** Networks that fail, at each step. */
export const FAULT_ROWS: readonly HostileRow[] = [
  ...ALL.flatMap((resource) => [
    row(`${resource}: the connection is reset`, "ERR_REGISTRY_UNAVAILABLE", () => ({ [resource]: resets }), {
      says: /^Cannot |Cannot (resolve|list|fetch)/,
    }),
    row(`${resource}: the connection is reset once`, "verified", () => ({ [resource]: times(1, resets) })),
    row(`${resource}: 429 without end`, "ERR_REGISTRY_LIMITED", () => ({ [resource]: answer(429) })),
    row(`${resource}: 429 twice`, "verified", () => ({ [resource]: times(2, answer(429)) })),
    row(`${resource}: 429, to be asked again tomorrow`, "ERR_REGISTRY_LIMITED", () => ({
      [resource]: answer(429, "", { "retry-after": "86400" }),
    }), { says: /to be asked again after "86400"/ }),
    row(`${resource}: 429, to be asked again yesterday`, "ERR_REGISTRY_LIMITED", () => ({
      [resource]: answer(429, "", { "retry-after": "-1" }),
    })),
    row(`${resource}: 502`, "ERR_REGISTRY_UNAVAILABLE", () => ({ [resource]: answer(502) })),
  ]),
  ...(["referrers", "signature", "envelope"] as const).flatMap((resource) => [
    row(`${resource}: the answer breaks off`, "ERR_REGISTRY_UNAVAILABLE", () => ({ [resource]: breaksOff }), {
      says: /broke off its answer/,
    }),
    row(`${resource}: the answer breaks off once`, "verified", () => ({ [resource]: times(1, breaksOff) })),
  ]),
  row("token: the connection is reset", "ERR_REGISTRY_UNAVAILABLE", (_, { host }) => ({
    tag: guarded(host),
    token: resets,
  })),
  row("token: the connection is reset once", "verified", (_, { host }) => ({
    tag: guarded(host),
    token: times(1, resets),
  })),
  row("referrersTag: the connection is reset", "ERR_REGISTRY_UNAVAILABLE", () => ({
    referrers: answer(404),
    referrersTag: resets,
  }), { tagged: true }),
  row("referrersTag: the connection is reset once", "verified", () => ({
    referrers: answer(404),
    referrersTag: times(1, resets),
  }), { tagged: true }),
  row("all: 429 without end", "ERR_REGISTRY_LIMITED", () => Object.fromEntries(ALL.map((one) => [one, answer(429)]))),
];
