import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { encodeUtf8 } from "../../../src/encoding/mod.ts";
import type { EngineError } from "../../../src/errors.ts";
import type { Credential, FetchInit } from "../../../src/ports.ts";
import {
  createRecorder,
  decodeRecording,
  encodeRecording,
  MAX_RECORDED_BODY_BYTES,
  MAX_RECORDING_BYTES,
  openReplay,
  type Recording,
  RECORDING_TYPE,
} from "../../../src/record/mod.ts";
import { createRegistryClient, DEFAULT_REGISTRY_SETTINGS, parseReference } from "../../../src/oci/mod.ts";
import { blob, image } from "../oci/fake_registry.ts";

const crypto = createWebCryptoProvider();
const { signal } = new AbortController();
const get = (accept = "*/*"): FetchInit => ({ method: "GET", headers: { accept }, redirect: "manual", signal });
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

type Answer = (url: URL, init: FetchInit) => Response;

const BASIC: Credential = { type: "basic", source: "a flag", username: "ada", secret: "SECRET-password" };

/** A recorder over a world that answers what the test says. */
function recorderOf(answer: Answer, credential: Credential = BASIC) {
  let time = Date.parse("2026-12-01T12:00:00Z");
  return createRecorder({
    fetch: (url, init) => Promise.resolve().then(() => answer(new URL(url), init)),
    now: () => new Date(time += 1000),
    credentials: () => Promise.resolve(credential),
    crypto,
  });
}

const LAYER = blob("an envelope");
const MANIFEST = image("app", { layers: [LAYER.descriptor] });

/** A registry with a token endpoint beside it, and storage behind signed addresses. */
const privateRegistry: Answer = (url, { headers }) => {
  if (url.host === "auth.registry.example") {
    expect(headers["authorization"]).toMatch(/^Basic /);
    return Response.json({ token: "SECRET-token" }, { headers: { "set-cookie": "SECRET-cookie=1" } });
  }
  if (url.host === "storage.example") {
    expect(headers["authorization"]).toBeUndefined();
    return url.search === "?signature=SECRET-signature&part=1"
      ? new Response(LAYER.bytes as BodyInit)
      : new Response("no", { status: 403 });
  }
  if (headers["authorization"] !== "Bearer SECRET-token") {
    const challenge = 'Bearer realm="https://auth.registry.example/token",service="registry.example"';
    return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
  }
  if (url.pathname.includes("/blobs/")) {
    const location = "https://storage.example/layer?signature=SECRET-signature&part=1";
    return new Response(null, { status: 307, headers: { location } });
  }
  return new Response(MANIFEST.bytes as BodyInit, { headers: { "content-type": MANIFEST.descriptor.mediaType } });
};

/** Fetches a manifest and its layer, as a verification does. */
async function fetchLayer(ports: Pick<ReturnType<typeof recorderOf>["ports"], "fetch" | "now" | "credentials">) {
  const sleep = () => Promise.resolve();
  const open = createRegistryClient({ ...ports, sleep, crypto }, DEFAULT_REGISTRY_SETTINGS);
  const repository = open(parseReference("registry.example/a/b:1"));
  const manifest = await repository.fetchManifest(MANIFEST.descriptor, { signal });
  const layer = await repository.fetchBlob(LAYER.descriptor, { signal, maxBytes: 1000 });
  return { manifest: textOf(manifest.bytes), layer: textOf(layer) };
}

describe("a recording of a private registry", () => {
  it("has no secret in it, and answers the same", async () => {
    const recorder = recorderOf(privateRegistry);
    const live = await fetchLayer(recorder.ports);
    expect(live.layer).toBe("an envelope");
    const bytes = encodeRecording(recorder.recording());
    expect(textOf(bytes)).not.toContain("SECRET");
    const bodies = decodeRecording(bytes).answers.map((answer) => "body" in answer ? textOf(answer.body) : "");
    expect(bodies.join()).not.toContain("SECRET");
    expect(bodies.join()).toContain("an envelope");
    expect(await fetchLayer(openReplay(decodeRecording(bytes), { crypto }))).toEqual(live);
  });

  it.each<[string, Credential]>([
    ["an identity token", { type: "identityToken", source: "a flag", token: "SECRET-identity" }],
    ["a registry token", { type: "registryToken", source: "a flag", token: "SECRET-token" }],
  ])("says that there was %s, and asks the same way again", async (_, credential) => {
    const answer: Answer = (url, init) =>
      init.method === "POST" ? Response.json({ access_token: "SECRET-token" }) : privateRegistry(url, init);
    const recorder = recorderOf(answer, credential);
    const live = await fetchLayer(recorder.ports);
    const bytes = encodeRecording(recorder.recording());
    expect(textOf(bytes)).not.toContain("SECRET");
    expect(recorder.recording().credentials).toEqual([
      { host: "registry.example", repository: "a/b", type: credential.type, source: "a flag" },
    ]);
    expect(await fetchLayer(openReplay(decodeRecording(bytes), { crypto }))).toEqual(live);
  });

  it("refuses what was not asked", async () => {
    const recorder = recorderOf(privateRegistry);
    await fetchLayer(recorder.ports);
    const replay = openReplay(recorder.recording(), { crypto });
    await expect(replay.fetch("https://registry.example/v2/a/b/tags/list", get())).rejects.toMatchObject({
      code: "ERR_NOT_RECORDED",
      message: 'Cannot ask GET "https://registry.example/v2/a/b/tags/list": the recording has no answer to it',
    });
  });
});

describe("createRecorder()", () => {
  it("writes the same bytes whatever order the questions were asked in", async () => {
    const answer: Answer = (url) => new Response(url.pathname);
    const one = recorderOf(answer);
    const other = recorderOf(answer);
    for (const path of ["a", "b"]) await one.ports.fetch(`https://r.example/${path}`, get());
    for (const path of ["b", "a"]) await other.ports.fetch(`https://r.example/${path}`, get());
    expect(encodeRecording(one.recording())).toEqual(encodeRecording(other.recording()));
    expect(one.recording().answers).toHaveLength(2);
  });

  it("has one instant for the whole run, which the replay has too", () => {
    const { ports, recording } = recorderOf(() => new Response());
    const first = ports.now();
    expect(ports.now()).toEqual(first);
    const replay = openReplay(decodeRecording(encodeRecording(recording())), { crypto });
    expect(replay.now()).toEqual(first);
  });

  it("gives the answers to one question in their order, and the last of them again", async () => {
    let asked = 0;
    const recorder = recorderOf(() => new Response(String(++asked)));
    for (let count = 0; count < 2; count++) await recorder.ports.fetch("https://r.example/", get());
    const replay = openReplay(recorder.recording(), { crypto });
    const answers = [];
    for (let count = 0; count < 3; count++) {
      answers.push(await (await replay.fetch("https://r.example/", get())).text());
    }
    expect(answers).toEqual(["1", "2", "2"]);
  });

  it("tells questions apart by what is accepted and by what is sent", async () => {
    const recorder = recorderOf((_, { headers, body }) => new Response(`${headers["accept"]} ${body ?? ""}`));
    const post = (body: string): FetchInit => ({ ...get("ocsp"), method: "POST", body });
    for (const init of [get("a"), get("b"), post("1"), post("2")]) {
      await recorder.ports.fetch("https://r.example/", init);
    }
    const replay = openReplay(recorder.recording(), { crypto });
    for (const [init, expected] of [[post("2"), "ocsp 2"], [get("b"), "b "], [post("1"), "ocsp 1"]] as const) {
      expect(await (await replay.fetch("https://r.example/", init)).text()).toBe(expected);
    }
    await expect(replay.fetch("https://r.example/", post("3"))).rejects.toMatchObject({ code: "ERR_NOT_RECORDED" });
  });

  it("writes down why there was no answer, but not that the run was ended", async () => {
    const recorder = recorderOf(() => {
      throw new TypeError("fetch failed", { cause: new Error("connection refused") });
    });
    await expect(recorder.ports.fetch("https://r.example/", get())).rejects.toThrow("fetch failed");
    const ended = AbortSignal.abort(new Error("over"));
    await expect(recorder.ports.fetch("https://r.example/x", { ...get(), signal: ended })).rejects.toThrow();
    expect(recorder.recording().answers).toEqual([
      { method: "GET", url: "https://r.example/", accept: "*/*", failure: "connection refused" },
    ]);
    const replay = openReplay(recorder.recording(), { crypto });
    await expect(replay.fetch("https://r.example/", get())).rejects.toThrow("connection refused");
  });

  it("keeps answers without a body, and statuses", async () => {
    const recorder = recorderOf((_, { method }) =>
      method === "HEAD"
        ? new Response(null, { headers: { "content-length": "7" } })
        : new Response(null, { status: 204 })
    );
    const head: FetchInit = { ...get(), method: "HEAD" };
    for (const init of [head, get()]) await recorder.ports.fetch("https://r.example/", init);
    const replay = openReplay(decodeRecording(encodeRecording(recorder.recording())), { crypto });
    const answered = await replay.fetch("https://r.example/", head);
    expect([answered.status, answered.headers.get("content-length")]).toEqual([200, "7"]);
    expect((await replay.fetch("https://r.example/", get())).status).toBe(204);
  });

  it("refuses an answer that is larger than any the engine reads", async () => {
    const recorder = recorderOf(() => new Response(new Uint8Array(MAX_RECORDED_BODY_BYTES + 1)));
    await expect(recorder.ports.fetch("https://r.example/", get())).rejects.toMatchObject({ code: "ERR_TOO_LARGE" });
  });
});

describe("decodeRecording()", () => {
  const good = {
    mediaType: RECORDING_TYPE,
    time: "2026-12-01T12:00:00.000Z",
    credentials: [{ host: "registry.example", repository: "a/b", type: "basic", source: "a flag" }],
    answers: [{
      method: "GET",
      url: "https://r.example/",
      status: 200,
      headers: { "content-type": "a/b" },
      body: "YQ==",
    }],
  };
  const [answer] = good.answers;
  const changed = (change: object) => ({ ...good, answers: [{ ...answer, ...change }] });

  it("takes what encodeRecording() writes", () => {
    const recording: Recording = decodeRecording(encodeUtf8(JSON.stringify(good)));
    expect(decodeRecording(encodeRecording(recording))).toEqual(recording);
  });

  it.each([
    ["no JSON", "<html>", "Cannot parse JSON"],
    ["a list", [], "it is no JSON object"],
    ["another document", {}, '"mediaType" is missing'],
    ["another version", { ...good, mediaType: "x/y" }, `"mediaType" is "x/y", expected "${RECORDING_TYPE}"`],
    ["a time that is none", { ...good, time: "yesterday" }, '"time" is no instant'],
    ["credentials that are no list", { ...good, credentials: {} }, '"credentials" is no list'],
    ["credentials that are none", { ...good, credentials: ["registry.example"] }, "credential 1: it is no object"],
    ["credentials of no kind", { ...good, credentials: [{ type: "x" }] }, 'credential 1: "type" is none of basic'],
    ["credentials for nothing", { ...good, credentials: [{ type: "basic" }] }, 'credential 1: "host", "repository" or'],
    ["answers that are no list", { ...good, answers: {} }, '"answers" is no list'],
    ["too many answers", { ...good, answers: Array(10_001).fill(answer) }, "10001 answers, expected at most 10000"],
    ["an answer that is none", { ...good, answers: [1] }, "answer 1: it is no object"],
    ["a method that nobody uses", changed({ method: "DELETE" }), 'answer 1: "method" is none of'],
    ["no URL", changed({ url: 1 }), 'answer 1: "url" is no text'],
    ["a status that is none", changed({ status: 99 }), 'answer 1: "status" is no status from 200 to 599'],
    ["a body that is no base64", changed({ body: "%" }), 'answer 1: "body" is no base64'],
    ["a body that is no text", changed({ body: 1 }), 'answer 1: "body" is no text'],
    ["headers that are none", changed({ headers: 1 }), 'answer 1: "headers" is no object'],
    ["a header over two lines", changed({ headers: { a: "b\nc: d" } }), 'answer 1: "headers" has a name or value'],
  ])("refuses %s", (_, document, says) => {
    const bytes = encodeUtf8(typeof document === "string" ? document : JSON.stringify(document));
    let refused: EngineError | undefined;
    try {
      decodeRecording(bytes);
    } catch (thrown) {
      refused = thrown as EngineError;
    }
    expect(refused?.code).toBe("ERR_RECORDING");
    expect(refused?.message).toContain(says);
  });

  it("refuses too many bytes before it reads them", () => {
    expect(() => decodeRecording(new Uint8Array(MAX_RECORDING_BYTES + 1))).toThrow("expected at most");
  });
});
