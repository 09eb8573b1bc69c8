import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { readKubeconfig, readServiceAccount } from "../../../src/cluster/mod.ts";
import { createFiles } from "../cli/memory_files.ts";

const now = () => new Date("2026-11-24T00:00:00Z");
const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
const base64 = (text: string) => Buffer.from(text).toString("base64");

interface Parts {
  readonly cluster?: string;
  readonly user?: string;
  readonly context?: string;
  readonly more?: string;
}

/** A kubeconfig as kubectl writes them. */
const config = (
  { cluster = "server: https://10.0.0.1:6443", user = "token: abc", context = "cluster: dev, user: ada", more = "" }:
    Parts,
) =>
  `apiVersion: v1
kind: Config
preferences: {}
current-context: work
contexts:
- name: work
  context: {${context}}
- name: play
  context: {cluster: proxy, user: nobody}
clusters:
- name: dev
  cluster:
    ${cluster}
- name: proxy
  cluster: {server: "http://127.0.0.1:8001/"}
users:
- name: ada
  user:
    ${user}
- name: nobody
  user: {}
${more}`;

function read(text: string, context?: string, others: Readonly<Record<string, string>> = {}) {
  const files = createFiles({ "/home/ada/.kube/config": text, ...others });
  const options = { ports: { files, now }, ...(context === undefined ? {} : { context }) };
  return readKubeconfig("/home/ada/.kube/config", options);
}

describe("readKubeconfig()", () => {
  it("takes the current context, its server and its token", async () => {
    const access = await read(config({}));
    expect(access.server).toBe("https://10.0.0.1:6443");
    expect(access.account).toBe('user "ada" of context "work"');
    expect(access.tls).toEqual({});
    expect(await access.authorize()).toBe("Bearer abc");
    expect(await access.authorize("Bearer abc")).toBe("Bearer abc");
  });

  it("takes another context, of a server on this machine without credentials", async () => {
    const access = await read(config({}), "play");
    expect(access.server).toBe("http://127.0.0.1:8001");
    expect(await access.authorize()).toBeUndefined();
  });

  it("takes certificates that stand in it, and the server's name", async () => {
    const access = await read(config({
      cluster: `server: https://a.example/k8s/clusters/c-1/\n    certificate-authority-data: ${base64(PEM)}
    tls-server-name: kubernetes.default`,
      user: `client-certificate-data: ${base64(PEM)}\n    client-key-data: ${base64(KEY)}`,
    }));
    expect(access.server).toBe("https://a.example/k8s/clusters/c-1");
    expect(access.tls).toEqual({
      certificateAuthorities: PEM,
      clientCertificate: { certificate: PEM, key: KEY },
      serverName: "kubernetes.default",
    });
    expect(await access.authorize()).toBeUndefined();
  });

  it("takes files beside it and elsewhere; data goes before files", async () => {
    const access = await read(
      config({
        cluster: "server: https://a.example\n    certificate-authority: pki/ca.crt",
        user: `client-certificate: /etc/ada.crt\n    client-key: none\n    client-key-data: ${base64(KEY)}`,
      }),
      undefined,
      { "/home/ada/.kube/pki/ca.crt": PEM, "/etc/ada.crt": PEM },
    );
    expect(access.tls).toEqual({
      certificateAuthorities: PEM,
      clientCertificate: { certificate: PEM, key: KEY },
    });
  });

  it("takes a user name and a password", async () => {
    const access = await read(config({ user: "username: ada\n    password: grüße:1" }));
    const header = await access.authorize() ?? "";
    expect(Buffer.from(header.replace(/^Basic /, ""), "base64").toString("utf8")).toBe("ada:grüße:1");
  });

  it("reads a token file again after a minute, and when its token is refused", async () => {
    const contents: Record<string, string> = {
      config: config({ user: "tokenFile: token\n    token: ignored" }),
      token: "one\n",
    };
    let at = 0;
    const ports = { files: createFiles(contents), now: () => new Date(at) };
    const { authorize } = await readKubeconfig("config", { ports });
    contents["token"] = "two\n";
    expect(await authorize()).toBe("Bearer one");
    at = 59_999;
    expect(await authorize()).toBe("Bearer one");
    at = 60_000;
    expect(await authorize()).toBe("Bearer two");
    contents["token"] = "three\n";
    expect(await authorize("Bearer two")).toBe("Bearer three");
  });

  it.each<[string, Parts | string, string, string?]>([
    ["a plugin", { user: "exec: {command: aws}" }, '"exec" of the user asks a plugin for credentials'],
    ["an auth provider", { user: "auth-provider: {name: gcp}" }, '"auth-provider" of the user asks a plugin'],
    ["impersonation", { user: "token: a\n    as: root" }, '"as" of the user asks as somebody else'],
    [
      "a proxy",
      { cluster: "server: https://a\n    proxy-url: socks5://b" },
      '"proxy-url" of the cluster leads through',
    ],
    ["a member nobody knows", { user: "tokn: abc" }, '"tokn" of the user is not known'],
    [
      "a server nobody checks",
      { cluster: "server: https://a.example\n    insecure-skip-tls-verify: true" },
      "insecure-skip-tls-verify would believe any server",
    ],
    [
      "one with another word for it",
      { cluster: 'server: https://a.example\n    insecure-skip-tls-verify: "true"' },
      "insecure-skip-tls-verify would believe any server",
    ],
    ["plain http", { cluster: "server: http://10.0.0.1:8080" }, "expected https, or http to this machine"],
    ["no server", { cluster: "disable-compression: true" }, 'the server is ""'],
    ["a server that is no URL", { cluster: "server: 10.0.0.1:6443" }, "expected a URL"],
    ["a server with a user", { cluster: "server: https://a:b@c.example" }, "expected no user, query or fragment"],
    ["a server with a query", { cluster: "server: https://c.example/?a" }, "expected no user, query or fragment"],
    ["a key without certificate", { user: `client-key-data: ${base64(KEY)}` }, "must be given together"],
    ["a certificate that is no PEM", {
      user: `client-certificate-data: ${base64("x")}\n    client-key-data: ${base64(KEY)}`,
    }, "client-certificate-data is no PEM text"],
    [
      "a CA that is no base64",
      { cluster: "server: https://a\n    certificate-authority-data: '%%'" },
      "is no PEM text",
    ],
    ["a token with a line end", { user: 'token: "a\\nb"' }, "the token is empty or has characters"],
    ["a token and a user name", { user: "token: a\n    username: b" }, "both a token and a user name"],
    ["a user name with a colon", { user: 'username: "a:b"' }, "has a colon"],
    ["a token that is no text", { user: "token: 7" }, '"token" is no text'],
    ["no such context", {}, 'no context is named "none" in contexts', "none"],
    ["no such cluster", { context: "cluster: gone, user: ada" }, 'no cluster is named "gone" in clusters'],
    ["no such user", { context: "cluster: dev, user: gone" }, 'no user is named "gone" in users'],
    ["a name twice", { more: "- name: ada\n  user: {token: other}\n" }, '2 of users are named "ada"'],
    ["no current context", config({}).replace("current-context: work\n", ""), "has no current-context"],
    ["a list", "- 1\n", "expected one YAML document"],
    ["two documents", "a: 1\n---\na: 2\n", "expected one YAML document"],
    ["nothing", "", "expected one YAML document"],
  ])("refuses %s", async (_, given, message, context) => {
    const text = typeof given === "string" ? given : config(given);
    await expect(read(text, context)).rejects.toMatchObject({
      code: "ERR_KUBECONFIG",
      message: expect.stringContaining(message) as string,
    });
  });

  it("says at the start which file is missing", async () => {
    await expect(read(config({ user: "tokenFile: gone" }))).rejects.toMatchObject({ code: "ERR_FILE" });
    await expect(read(config({ cluster: "server: https://a\n    certificate-authority: gone" }))).rejects.toMatchObject(
      {
        code: "ERR_FILE",
        message: expect.stringContaining("/home/ada/.kube/gone") as string,
      },
    );
  });

  it("quotes no secret", async () => {
    const secret = "c2VjcmV0LWtleQ";
    for (
      const user of [`token: "${secret}\\n${secret}"`, `client-key-data: ${secret}\n    client-certificate-data: x`]
    ) {
      const error = await read(config({ user })).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).not.toContain(secret);
    }
  });
});

describe("readServiceAccount()", () => {
  const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";
  const variables: Readonly<Record<string, string>> = {
    KUBERNETES_SERVICE_HOST: "10.96.0.1",
    KUBERNETES_SERVICE_PORT: "443",
  };
  const mounted = { [`${FOLDER}/token`]: "first", [`${FOLDER}/ca.crt`]: PEM };
  const open = (contents: Readonly<Record<string, string>>, given = variables, clock = now) =>
    readServiceAccount({ files: createFiles(contents), variable: (name) => given[name], now: clock });

  it("is what a Pod has", async () => {
    const access = await open(mounted);
    expect(access.server).toBe("https://10.96.0.1");
    expect(access.tls).toEqual({ certificateAuthorities: PEM });
    expect(await access.authorize()).toBe("Bearer first");
  });

  it("takes an IPv6 address and another port", async () => {
    const access = await open(mounted, { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "6443" });
    expect(access.server).toBe("https://[fd00::1]:6443");
  });

  it("follows the token when the kubelet replaces it", async () => {
    const contents: Record<string, string> = { ...mounted };
    let at = 0;
    const { authorize } = await open(contents, variables, () => new Date(at));
    contents[`${FOLDER}/token`] = "second";
    expect(await authorize()).toBe("Bearer first");
    at = 61_000;
    expect(await authorize()).toBe("Bearer second");
  });

  it.each([
    ["outside of a Pod", mounted, {}, "ERR_KUBECONFIG"],
    ["with a host that is none", mounted, { ...variables, KUBERNETES_SERVICE_HOST: "a/b" }, "ERR_KUBECONFIG"],
    ["with an empty CA", { ...mounted, [`${FOLDER}/ca.crt`]: "" }, variables, "ERR_KUBECONFIG"],
    ["with an empty token", { ...mounted, [`${FOLDER}/token`]: "\n" }, variables, "ERR_KUBECONFIG"],
    ["without its account", {}, variables, "ERR_FILE"],
  ])("fails %s", async (_, contents, given, code) => {
    await expect(open(contents, given)).rejects.toMatchObject({ code });
  });
});
