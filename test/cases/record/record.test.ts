import { describe, expect, it } from "vitest";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { encodeUtf8 } from "../../../src/encoding/mod.ts";
import { ConfigurationError, type EngineError } from "../../../src/errors.ts";
import { AddressError, StalledBody } from "../../../src/http/mod.ts";
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
    // As Go's http.Redirect does.
    return new Response(`<a href="${location}">Temporary Redirect</a>.`, { status: 307, headers: { location } });
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

  it.each([400, 401])("has nothing of a token endpoint's answer %i but its status", async (status) => {
    const answer: Answer = (url, init) =>
      url.host === "auth.registry.example"
        ? Response.json({ errors: [{ code: "DENIED", message: "not by SECRET-password" }] }, {
          status,
          headers: { "www-authenticate": 'Bearer error="SECRET-password"', "warning": '299 - "SECRET-password"' },
        })
        : privateRegistry(url, init);
    const recorder = recorderOf(answer);
    const live = await fetchLayer(recorder.ports).catch((thrown: EngineError) => thrown.code);
    const recording = recorder.recording();
    expect(recording.answers.find(({ url }) => url.startsWith("https://auth."))).toEqual({
      method: "GET",
      url: expect.stringContaining("scope="),
      accept: "application/json",
      status,
      headers: {},
      body: new Uint8Array(0),
    });
    expect(live).toBe(status === 401 ? "ERR_REGISTRY_UNAUTHORIZED" : "ERR_REGISTRY_RESPONSE");
    const replayed = await fetchLayer(openReplay(recording, { crypto })).catch((thrown: EngineError) => thrown.code);
    expect(replayed).toBe(live);
  });

  it("has no error of the storage it was sent on to", async () => {
    const answer: Answer = (url, init) =>
      url.host === "storage.example"
        ? new Response("<StringToSign>SECRET-signature</StringToSign>", { status: 403 })
        : privateRegistry(url, init);
    const recorder = recorderOf(answer);
    await expect(fetchLayer(recorder.ports)).rejects.toMatchObject({ code: "ERR_REGISTRY_UNAUTHORIZED" });
    const { answers } = recorder.recording();
    expect(answers.find(({ url }) => url.startsWith("https://storage."))).toMatchObject({
      status: 403,
      body: new Uint8Array(0),
    });
  });

  it.each([
    ["https://SECRET-user:SECRET-word@storage.example/layer", "https://redacted:redacted@storage.example/layer"],
    ["https://storage.example/layer#SECRET", "https://storage.example/layer"],
    ["https://storage.example:none/?SECRET", "https://storage.example:none/"],
    ["/layer", "/layer"],
  ])("says of %s only %s", async (location, written) => {
    const recorder = recorderOf(() => new Response(null, { status: 307, headers: { location } }));
    await recorder.ports.fetch("https://registry.example/v2/", get());
    expect(recorder.recording().answers).toMatchObject([{ headers: { location: written } }]);
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
      {
        method: "GET",
        url: "https://r.example/",
        accept: "*/*",
        failure: { kind: "network", reason: "connection refused" },
      },
    ]);
    const replay = openReplay(recorder.recording(), { crypto });
    await expect(replay.fetch("https://r.example/", get())).rejects.toThrow("connection refused");
  });

  /** Asks for the manifest alone: what it fails with, in the engine's words. */
  const failureWith = async (ports: ReturnType<typeof recorderOf>["ports"]) => {
    const open = createRegistryClient({ ...ports, sleep: () => Promise.resolve(), crypto }, DEFAULT_REGISTRY_SETTINGS);
    const work = open(parseReference("registry.example/a/b:1")).fetchManifest(MANIFEST.descriptor, { signal });
    const { code, message } = await work.then(() => undefined, (thrown: EngineError) => thrown) ?? {};
    return { code, message };
  };
  const broken = (thrown: Error) =>
    new Response(new ReadableStream({ start: (controller) => controller.error(thrown) }), {
      headers: { "content-type": MANIFEST.descriptor.mediaType },
    });
  const ofTls = Object.assign(new Error("certificate has expired"), { code: "CERT_HAS_EXPIRED" });

  it.each<[string, () => Response, string, string]>([
    [
      "of TLS",
      () => {
        throw new TypeError("fetch failed", { cause: ofTls });
      },
      "ERR_REGISTRY_TLS",
      "over TLS: certificate has expired",
    ],
    [
      "of TLS, in Deno's words",
      () => {
        throw new TypeError("error sending request for url (https://r/): invalid peer certificate: Expired");
      },
      "ERR_REGISTRY_TLS",
      "over TLS: invalid peer certificate: Expired",
    ],
    [
      "of an address",
      () => {
        throw new TypeError("fetch failed", { cause: new AddressError("169.254.169.254", "link-local") });
      },
      "ERR_REGISTRY_REFUSED",
      "points to a host that resolves to 169.254.169.254, a link-local address",
    ],
    [
      "of the network",
      () => {
        throw new TypeError("fetch failed", { cause: new Error("connection refused") });
      },
      "ERR_REGISTRY_UNAVAILABLE",
      "did not answer: connection refused",
    ],
    [
      "in the middle of a body",
      () => broken(new Error("reset")),
      "ERR_REGISTRY_UNAVAILABLE",
      "broke off its answer: reset",
    ],
    [
      "of a body that comes too slowly",
      () => broken(new StalledBody()),
      "ERR_REGISTRY_UNAVAILABLE",
      "bytes came in 3 s",
    ],
  ])("replays a failure %s as what it was", async (_, answer, code, words) => {
    let asked = 0;
    const world = recorderOf(() => (++asked, answer()));
    const live = await failureWith(world.ports);
    expect(live).toEqual({ code, message: expect.stringContaining(words) });
    let replayed = 0;
    const replay = openReplay(decodeRecording(encodeRecording(world.recording())), { crypto });
    const counted = { ...replay, fetch: (url: string, init: FetchInit) => (++replayed, replay.fetch(url, init)) };
    expect(await failureWith(counted)).toEqual(live);
    // What is tried again then is tried again now.
    expect(replayed).toBe(asked);
  });

  it("writes no signed query that a runtime's words have", async () => {
    const recorder = recorderOf((url) => {
      if (url.host === "storage.example") throw new TypeError(`error sending request for url (${url}): refused`);
      return new Response(null, { status: 307, headers: { location: "https://storage.example/?a=SECRET" } });
    });
    await recorder.ports.fetch("https://r.example/", get());
    await expect(recorder.ports.fetch("https://storage.example/?a=SECRET", get())).rejects.toThrow("SECRET");
    const [, failed] = recorder.recording().answers;
    expect(failed).toMatchObject({
      failure: { reason: expect.stringMatching(/url \(.*\?redacted=[0-9a-f]{16}\): refused/) },
    });
  });

  it("writes nothing where nobody was asked", async () => {
    const recorder = recorderOf(() => {
      throw new ConfigurationError("ERR_OFFLINE", "Cannot ask");
    });
    await expect(recorder.ports.fetch("https://r.example/", get())).rejects.toThrow("Cannot ask");
    expect(recorder.recording().answers).toEqual([]);
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
    ["a failure without a kind", changed({ failure: "reset" }), 'answer 1: "failure" is no failure, expected a "kind"'],
    ["a failure of no kind", changed({ failure: { kind: "x", reason: "reset" } }), '"failure" is no failure'],
    ["a failure without words", changed({ failure: { kind: "tls" } }), '"failure" is no failure'],
    ["an address that is none", changed({ failure: { kind: "address", address: 1 } }), '"failure" is no failure'],
    ["a wrong end", changed({ brokenOff: { kind: "network" } }), '"brokenOff" is no failure'],
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
