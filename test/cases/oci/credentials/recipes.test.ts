/** The recipes for clouds: each for its own registries, and the page shows what is tested here. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { azureCredentials, googleCredentials } from "../../../../examples/cloud_credentials.ts";
import { failure } from "../fake_registry.ts";

const signal = AbortSignal.timeout(10_000);
const ask = (source: ReturnType<typeof googleCredentials>, host: string) =>
  source({ host, repository: "a/b" }, { signal });

it("are on the page as they are tested", () => {
  const code = readFileSync("examples/cloud_credentials.ts", "utf8").replace("../src/mod.ts", "edge-notary");
  expect(readFileSync("docs/registries.md", "utf8")).toContain(`\`\`\`ts\n${code}\`\`\``);
});

it.each([
  ["europe-docker.pkg.dev", true],
  ["gcr.io", true],
  ["eu.gcr.io", true],
  ["gcr.io.example.org", false],
  ["evilgcr.io", false],
  ["x.pkg.dev.example.org", false],
])("googleCredentials() for %s: %s", async (host, expected) => {
  let asked = 0;
  const found = await ask(googleCredentials(() => Promise.resolve(`token${++asked}`)), host);
  expect(found).toEqual(
    expected
      ? { type: "basic", username: "oauth2accesstoken", secret: "token1", source: "Google's access token" }
      : undefined,
  );
  expect(asked).toBe(expected ? 1 : 0);
});

it("azureCredentials() exchanges the token at the registry, and nowhere else", async () => {
  const sent: string[] = [];
  const send = ((url: string, init: RequestInit) => {
    sent.push(`${init.method} ${url} ${init.body}`);
    return Promise.resolve(Response.json({ refresh_token: "r1" }));
  }) as typeof fetch;
  const source = azureCredentials("tenant", () => Promise.resolve("entra"), send);
  expect(await ask(source, "team.azurecr.io")).toMatchObject({ type: "identityToken", token: "r1" });
  for (const other of ["team.azurecr.io.example.org", "ghcr.io"]) expect(await ask(source, other)).toBeUndefined();
  expect(sent).toEqual([
    "POST https://team.azurecr.io/oauth2/exchange " +
    "grant_type=access_token&service=team.azurecr.io&tenant=tenant&access_token=entra",
  ]);
});

it("azureCredentials() says when the registry does not take the token", async () => {
  const send = (() => Promise.resolve(new Response("entra", { status: 401 }))) as unknown as typeof fetch;
  const { message } = await failure(ask(azureCredentials("t", () => Promise.resolve("entra"), send), "a.azurecr.io"));
  expect(message).toBe("Cannot exchange the token at a.azurecr.io: it answered 401");
});
