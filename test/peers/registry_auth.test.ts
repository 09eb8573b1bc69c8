/**
 * Real registries that want to know who asks: distribution 2.8 and v3, with a file of passwords and with a token
 * server. The real oras pushes what is read, with the same credentials.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { peerPaths } from "../../scripts/peers.ts";
import {
  createPushClient,
  createRegistryClient,
  DEFAULT_REGISTRY_SETTINGS,
  parseReference,
} from "../../src/oci/mod.ts";
import type { Credential, FetchInit } from "../../src/ports.ts";
import { createNodePorts } from "../../src/runtime/node.ts";
import { describeIf } from "../run/requirements.ts";
import { ISSUER, SERVICE, startTokenServer, TOKEN_CERTIFICATE, type TokenServer } from "../run/token_server.ts";
import { type Registry, startRegistry } from "./registries.ts";
import { runTool } from "./tools.ts";

/** bcrypt of "s3cret". */
const HTPASSWD = "ada:$2y$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n";
const SECRET = "s3cret";
const source = "a test's credentials";
const ada: Credential = { type: "basic", username: "ada", secret: SECRET, source };
const call = () => ({ signal: AbortSignal.timeout(30_000) });

let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "edge-notary-auth-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Pushes an artifact with the real oras. */
async function push(host: string, repository: string): Promise<void> {
  const file = join(folder, "file.txt");
  writeFileSync(file, "content");
  const login = ["--username", "ada", "--password", SECRET];
  const { exitCode, stderr } = await runTool(
    peerPaths().oras,
    ["push", "--plain-http", "--disable-path-validation", ...login, `${host}/${repository}:1`, file],
    { environment: { HOME: folder, DOCKER_CONFIG: folder } },
  );
  expect(exitCode, stderr).toBe(0);
}

/** Ports that write down what is asked, and how it was answered: `401 /v2/…`. */
function watching(credential: Credential | undefined) {
  const ports = createNodePorts();
  const asked: string[] = [];
  const fetch = async (url: string, init: FetchInit): Promise<Response> => {
    const response = await ports.fetch(url, init);
    asked.push(`${response.status} ${init.method} ${new URL(url).pathname}`);
    return response;
  };
  return { asked, ports: { ...ports, fetch, credentials: () => Promise.resolve(credential) } };
}

/** Whoever asks, reading what oras pushed. */
function reader(registry: Registry, credential: Credential | undefined, tokenHost?: string) {
  const { asked, ports } = watching(credential);
  const settings = {
    ...DEFAULT_REGISTRY_SETTINGS,
    ...(tokenHost === undefined ? {} : { allowedHosts: new Set([tokenHost]) }),
  };
  const open = createRegistryClient(ports, settings);
  const pushing = createPushClient(ports, settings);
  const at = (repository: string) => parseReference(`${registry.host}/${repository}:1`);
  return {
    asked,
    read: async (repository: string) => (await open(at(repository)).resolve("1", call())).digest,
    refusal: async (repository: string) => {
      const thrown: unknown = await open(at(repository)).resolve("1", call()).then(() => undefined, (error) => error);
      const { code = "", message = "" } = (thrown ?? {}) as { readonly code?: string; readonly message?: string };
      expect(message).not.toContain(SECRET);
      return { code, message };
    },
    attach: async (repository: string) => {
      const opened = pushing(at(repository));
      const subject = await opened.resolve("1", call());
      const layers = [{ mediaType: "text/plain", bytes: new TextEncoder().encode("about it") }];
      return await opened.attach({ artifactType: "text/x-note", layers, subject, annotations: {} }, call());
    },
  };
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

describe.each(["docker-registry", "distribution"] as const)("%s", (kind) => {
  describeIf("registries", "with a file of passwords", () => {
    let registry: Registry;
    beforeAll(async () => {
      const path = join(folder, "htpasswd");
      writeFileSync(path, HTPASSWD);
      registry = await startRegistry(kind, { auth: { htpasswd: { realm: "loopback", path } } });
      await push(registry.host, "private/app");
    });
    afterAll(() => registry?.stop());

    it("lets in who is known, and is asked without credentials once", async () => {
      const { read, asked } = reader(registry, ada);
      expect(await read("private/app")).toMatch(DIGEST);
      expect(await read("private/app")).toMatch(DIGEST);
      expect(asked.map((line) => line.slice(0, 8))).toEqual(["401 HEAD", "200 HEAD", "200 HEAD"]);
    });

    it("takes what is pushed", async () => {
      const { attach } = reader(registry, ada);
      expect((await attach("private/app")).listedBy).toBe("referrers-tag");
    });

    it.each<[string, Credential | undefined, string]>([
      ["a wrong password", { ...ada, secret: "other" }, `asked with ${source}, for "127.0.0.1:`],
      ["nobody", undefined, "asked anonymously, there are no credentials for"],
      ["a token", { type: "registryToken", token: "t0k", source }, "it is a token"],
    ])("refuses %s", async (_, credential, words) => {
      const { code, message } = await reader(registry, credential).refusal("private/app");
      expect(code).toBe("ERR_REGISTRY_UNAUTHORIZED");
      expect(message).toContain(words);
    });
  });

  describeIf("registries", "with a token server", () => {
    let registry: Registry;
    let server: TokenServer;
    beforeAll(async () => {
      server = await startTokenServer({
        "": { may: { "open/app": ["pull"] } },
        ada: {
          password: SECRET,
          identityToken: "ada's",
          may: { "open/app": ["pull", "push"], "private/app": ["pull", "push"] },
        },
        bob: { password: SECRET, may: { "private/app": ["pull"] } },
      });
      registry = await startRegistry(kind, {
        auth: {
          token: { realm: server.realm, service: SERVICE, issuer: ISSUER, rootcertbundle: TOKEN_CERTIFICATE },
        },
      });
      for (const repository of ["open/app", "private/app"]) await push(registry.host, repository);
    });
    afterAll(async () => {
      await registry?.stop();
      await server?.close();
    });
    const issuedFor = async (work: () => Promise<unknown>) => {
      const before = server.issued.length;
      await work();
      return server.issued.slice(before);
    };

    it.each<[string, Credential | undefined, string, string]>([
      ["anybody to what is open", undefined, "open/app", ""],
      ["user and password", ada, "private/app", "ada"],
      ["an identity token", { type: "identityToken", token: "ada's", source }, "private/app", "ada"],
    ])("lets in %s", async (_, credential, repository, user) => {
      const { read, asked } = reader(registry, credential, server.host);
      const issued = await issuedFor(async () => {
        expect(await read(repository)).toMatch(DIGEST);
        expect(await read(repository)).toMatch(DIGEST);
      });
      const method = credential?.type === "identityToken" ? "POST" : "GET";
      expect(issued).toEqual([{ method, user, scopes: [`repository:${repository}:pull`] }]);
      expect(asked.map((line) => line.slice(0, 3))).toEqual(["401", "200", "200", "200"]);
    });

    it("lets in a token that was fetched by somebody else", async () => {
      const asking = `${server.realm}?service=${encodeURIComponent(SERVICE)}&scope=repository:private/app:pull`;
      const headers = { authorization: `Basic ${Buffer.from(`ada:${SECRET}`).toString("base64")}` };
      const { token } = await (await fetch(asking, { headers })).json() as { readonly token: string };
      const { read } = reader(registry, { type: "registryToken", token, source }, server.host);
      expect(await issuedFor(() => read("private/app"))).toEqual([]);
    });

    it("takes what is pushed, for one token that may do both", async () => {
      const { attach } = reader(registry, ada, server.host);
      const issued = await issuedFor(() => attach("private/app"));
      expect(issued.map(({ scopes }) => scopes)).toEqual([["repository:private/app:pull,push"]]);
    });

    it.each<[string, Credential | undefined, string]>([
      ["nobody where it is private", undefined, "anonymously, there are no credentials for"],
      ["a wrong password", { ...ada, secret: "other" }, `with ${source}, for "127.0.0.1:`],
      ["an unknown identity token", { type: "identityToken", token: "eve's", source }, `with ${source}, for`],
      ["a token that is none", { type: "registryToken", token: "t0k", source }, `with ${source}, for`],
    ])("refuses %s, and the message names source and scope", async (_, credential, words) => {
      const { code, message } = await reader(registry, credential, server.host).refusal("private/app");
      expect(code).toBe("ERR_REGISTRY_UNAUTHORIZED");
      expect(message).toContain(words);
      expect(message).toContain('scope "repository:private/app:pull"');
    });

    it("refuses a push of who may only pull", async () => {
      const { attach } = reader(registry, { ...ada, username: "bob" }, server.host);
      await expect(attach("private/app")).rejects.toMatchObject({ code: "ERR_REGISTRY_UNAUTHORIZED" });
    });

    it("is asked for a new token once, where one ended before it said", async () => {
      const { read, asked } = reader(registry, ada, server.host);
      // Distribution takes a token for 60 s more; this one ended just before that, and says 300 s.
      server.life = -58;
      try {
        expect(await read("private/app")).toMatch(DIGEST);
        await new Promise((resolve) => setTimeout(resolve, 3_500));
        server.life = 300;
        const issued = await issuedFor(async () => expect(await read("private/app")).toMatch(DIGEST));
        expect(issued).toHaveLength(1);
        expect(asked.map((line) => line.slice(0, 3))).toEqual(["401", "200", "200", "401", "200", "200"]);
      } finally {
        server.life = 300;
      }
    });

    it("that gives tokens which ended is an error, not a loop", async () => {
      server.life = -120;
      try {
        const { refusal, asked } = reader(registry, ada, server.host);
        expect(await refusal("private/app")).toMatchObject({ code: "ERR_REGISTRY_UNAUTHORIZED" });
        expect(asked.length).toBeLessThanOrEqual(4);
      } finally {
        server.life = 300;
      }
    });
  });
});
