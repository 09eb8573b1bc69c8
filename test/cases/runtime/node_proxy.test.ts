/** Which requests Node's `fetch` sends through a proxy: those alone are spared the look at the addresses of a name. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AddressError } from "../../../src/http/mod.ts";
import type { FetchInit } from "../../../src/ports.ts";
import { createNodePorts } from "../../../src/runtime/node.ts";
import { createProxyQuestion, type NodeProcess } from "../../../src/runtime/node_proxy.ts";

const PROXY = "http://proxy.example:3128";
const ON = { NODE_USE_ENV_PROXY: "1" };
const BOTH = { ...ON, HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY };
const around = (env: NodeProcess["env"], more: Partial<NodeProcess> = {}): NodeProcess => ({
  version: "v24.11.0",
  execArgv: [],
  env,
  ...more,
});
const HTTP = "http://ocsp.example/x";
const HTTPS = "https://ocsp.example/x";

describe("createProxyQuestion()", () => {
  it.each([
    ["both schemes", BOTH, true, true],
    ["https alone", { ...ON, HTTPS_PROXY: PROXY }, false, true],
    ["https alone, in small letters", { ...ON, https_proxy: PROXY }, false, true],
    ["http, which is for https too", { ...ON, HTTP_PROXY: PROXY }, true, true],
    ["http, but small letters that are empty", { ...ON, HTTP_PROXY: PROXY, http_proxy: "" }, false, false],
    ["no scheme", ON, false, false],
    ["both, without being told", { HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY }, false, false],
    ["both, told in other words", { ...BOTH, NODE_USE_ENV_PROXY: "yes" }, false, false],
  ])("with a proxy for %s", (_, env, http, https) => {
    const isProxied = createProxyQuestion(around(env));
    expect([isProxied(HTTP), isProxied(HTTPS)]).toEqual([http, https]);
  });

  it.each([
    ["v20.20.2", false],
    ["v22.20.0", false],
    ["v22.21.0", true],
    ["v23.11.0", false],
    ["v24.0.0", true],
    ["v26.1.0", true],
  ])("of Node %s: %s", (version, expected) => {
    expect(createProxyQuestion(around(BOTH, { version }))(HTTPS)).toBe(expected);
  });

  it.each([
    ["a flag", { HTTPS_PROXY: PROXY }, ["--use-env-proxy"], true],
    ["an option", { HTTPS_PROXY: PROXY, NODE_OPTIONS: "--use-env-proxy" }, [], true],
    ["a flag against the variable", BOTH, ["--no-use-env-proxy"], false],
    ["a flag against the variable, by underscores", BOTH, ["--no_use_env_proxy"], false],
    ["an option against the variable", { ...BOTH, NODE_OPTIONS: "--no-use-env-proxy" }, [], false],
  ])("heeds %s", (_, env, execArgv, expected) => {
    expect(createProxyQuestion(around(env, { execArgv }))(HTTPS)).toBe(expected);
  });

  it.each([
    ["", HTTPS, true],
    ["*", HTTPS, false],
    ["other.example, *", HTTPS, false],
    ["ocsp.example", HTTPS, false],
    ["OCSP.Example.", HTTPS, false],
    ["other.example,ocsp.example", HTTPS, false],
    ["other.example ocsp.example", HTTPS, false],
    ["other.example", HTTPS, true],
    ["example", HTTPS, false],
    [".example", HTTPS, false],
    ["*.example", HTTPS, false],
    ["*p.example", HTTPS, false],
    ["sp.example", HTTPS, true],
    ["cdn.ocsp.example", HTTPS, true],
    ["ocsp.example:443", HTTPS, false],
    ["ocsp.example:443", HTTP, true],
    ["ocsp.example:80", HTTP, false],
    ["ocsp.example:8443", "https://ocsp.example:8443/", false],
    ["ocsp.example:8443", HTTPS, true],
    ["ocsp.example", "https://ocsp.example./", false],
    ["192.0.2.1", "http://192.0.2.1/", false],
    ["2001:db8::1", "http://[2001:db8::1]/", false],
    ["[2001:db8::1]", "http://[2001:db8::1]/", false],
    ["[2001:db8::1]:8080", "http://[2001:db8::1]:8080/", false],
    ["[2001:db8::1]:8080", "http://[2001:db8::1]/", true],
  ])("with NO_PROXY=%j, %s: %s", (list, url, expected) => {
    expect(createProxyQuestion(around({ ...BOTH, NO_PROXY: list }))(url)).toBe(expected);
    expect(createProxyQuestion(around({ ...BOTH, no_proxy: list, NO_PROXY: "else.example" }))(url)).toBe(expected);
  });
});

describe("the ports of Node", () => {
  const signal = AbortSignal.timeout(30_000);
  const GET: FetchInit = { method: "GET", headers: {}, redirect: "manual", signal, reach: "public" };
  let canary: Server;
  let url = "";
  beforeAll(async () => {
    canary = createServer((_, response) => response.end("reached"));
    await new Promise<void>((resolve) => canary.listen(0, "127.0.0.1", resolve));
    url = `http://localhost:${(canary.address() as AddressInfo).port}/`;
  });
  afterAll(() => {
    canary.closeAllConnections();
    canary.close();
  });

  it.each([
    ["of a proxy for https alone", { ...ON, HTTPS_PROXY: PROXY }],
    ["that NO_PROXY sends directly", { ...BOTH, NO_PROXY: "*" }],
    ["whose host NO_PROXY names", { ...BOTH, NO_PROXY: "localhost" }],
  ])("look at the address of an http URL %s", async (_, env) => {
    await expect(createNodePorts(around(env)).fetch(url, GET)).rejects.toThrow(AddressError);
  });

  it("leave what goes through a proxy to `fetch`", async () => {
    // This process has no proxy, so that `fetch` shows by getting there that it was asked.
    expect(await (await createNodePorts(around(BOTH)).fetch(url, GET)).text()).toBe("reached");
  });
});
