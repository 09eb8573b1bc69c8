/** The page in a real Chromium: what is dropped is recognised, shown and verified, and nothing is sent or run. */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { bundles } from "../../../scripts/build/bundles.ts";
import { buildBundle } from "../../../scripts/build/sizes.ts";
import { serveAsset } from "../../../src/admission/assets.ts";
import type { Listener } from "../../../src/ports.ts";
import { serveNode } from "../../../src/runtime/node.ts";
import { chromiumPath, describeIf } from "../requirements.ts";

const FIXTURES = "test/fixtures/";

interface EnvelopeFixture {
  readonly file: string;
  readonly mediaType: string;
  readonly artifact: { readonly digest: string; readonly size: number };
  readonly verifications: readonly {
    readonly at: string;
    readonly verdict: string;
    readonly trustAnchors: readonly string[];
  }[];
}
const envelopes: readonly EnvelopeFixture[] = JSON.parse(readFileSync(`${FIXTURES}envelopes.json`, "utf8"));

describeIf("chromium", "the page", () => {
  let folder = "";
  let server: Listener;
  let browser: Browser;
  let page: Page;
  let problems: string[] = [];
  let requests: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "edge-notary-page-"));
    const bundle = bundles(folder).find(({ name }) => name === "page");
    if (bundle === undefined) throw new Error("there is no page bundle");
    const { result } = await buildBundle(bundle);
    const files = new Map(result.outputFiles.map(({ path, contents }) => [path.split("/").at(-1) ?? "", contents]));
    for (const name of ["index.html", "icon.svg"]) files.set(name, readFileSync(`src/page/${name}`));
    server = await serveNode(
      (request) => serveAsset(files, new URL(request.url).pathname) ?? new Response(null, { status: 404 }),
      { host: "127.0.0.1", port: 0 },
    );
    browser = await chromium.launch({
      executablePath: chromiumPath() as string,
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    page = await browser.newPage();
    [problems, requests] = [[], []];
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(`${server.url}/`);
  });
  afterEach(async () => {
    expect(problems).toEqual([]);
    // Nothing leaves the page: every request is for a file of the page itself.
    expect(requests.filter((url) => !url.startsWith(`${server.url}/`))).toEqual([]);
    await page.close();
  });

  const chooseEnvelope = (file: string | { name: string; mimeType: string; buffer: Buffer }) =>
    page.setInputFiles("#envelope-file", typeof file === "string" ? FIXTURES + file : file);
  const chooseCertificate = (...files: string[]) =>
    page.setInputFiles("#certificate-file", files.map((file) => FIXTURES + file));
  const file = (name: string, text: string) => ({ name, mimeType: "", buffer: Buffer.from(text) });
  const banner = () => page.locator(".banner");
  const verdict = () => banner().getAttribute("data-verdict");
  const statusOf = (type: string) => page.locator(`[data-validation=${type}]`).getAttribute("data-status");
  const fact = (label: string) => page.locator(`dt:text-is("${label}") + dd`).first().innerText();

  it("shows what inspect shows, and the verdict with all five validations", async () => {
    await chooseEnvelope("envelopes/metadata-jws.jws");
    await chooseCertificate("keys/fixture-signer.crt.pem");
    await expect.poll(verdict).toBe("verified");
    expect(await banner().innerText()).toContain("CN=test,O=Notary,L=Seattle,ST=WA,C=US");
    for (const type of ["integrity", "authenticity", "authenticTimestamp", "expiry", "revocation"]) {
      expect([type, await statusOf(type)]).toEqual([type, "passed"]);
    }
    const fixture = envelopes.find(({ file }) => file.endsWith("/metadata-jws.jws"));
    expect(await fact("digest")).toBe(fixture?.artifact.digest);
    expect(await fact("size")).toBe(`${fixture?.artifact.size} bytes`);
    expect(await fact("signature algorithm")).toBe("RSASSA-PSS-SHA-256");
    expect(await fact("signingScheme")).toBe("notary.x509");
    expect(await fact("buildId")).toBe("101");
    // Markup in user metadata is text, and stays it.
    expect(await fact("io.example/note")).toBe('a <b> & "c": d');
    expect(await page.locator("#result b").count()).toBe(0);
    const keys = JSON.parse(readFileSync(`${FIXTURES}keys.json`, "utf8"));
    const signer = keys.find(({ file }: { file: string }) => file.endsWith("fixture-signer.crt.pem"));
    expect(await fact("SHA256 fingerprint")).toBe(signer.fingerprint.replaceAll(":", "").toLowerCase());
    expect(await page.locator("#spoken").innerText()).toBe("Verified");
  });

  it("says of a signing authority's signature by which instant its certificates were judged", async () => {
    for (const format of ["jws", "cose"]) {
      await chooseEnvelope(`authorities/retired.${format}`);
      await chooseCertificate("authorities/retired-root.crt.pem");
      await expect.poll(verdict).toBe("verified");
      expect(await fact("signingScheme")).toBe("notary.x509.signingAuthority");
      const validation = await page.locator("[data-validation=authenticTimestamp]").innerText();
      expect(validation).toMatch(/were valid at .*2021.*, when its signing authority says it was made/);
    }
    await chooseEnvelope("authorities/too-late.jws");
    await chooseCertificate("authorities/too-late-root.crt.pem");
    await expect.poll(verdict).toBe("refused");
    expect(await banner().innerText()).toContain("the authentic signing time is 2022-01-01T00:00:01.000Z");
  });

  it("gives the verdict of the real notation on every fixture that is about its envelope alone", async () => {
    // Left out: those that are judged by a clock, by where they are stored, or by what they are attached to.
    const elsewhere = /expir|lying|fallback|artifact-type|transplanted|unknown-kind|mislabelled/;
    const judged = envelopes.filter(({ verifications, file }) => verifications.length === 1 && !elsewhere.test(file));
    expect(judged.length).toBeGreaterThan(50);
    const found: string[] = [];
    for (const { file, verifications } of judged) {
      const anchors = verifications[0]?.trustAnchors ?? [];
      await chooseCertificate(...anchors);
      await expect.poll(() => page.locator("#certificate-chosen").innerText()).toContain(anchors[0]?.split("/").at(-1));
      // So that what is read next is about this envelope.
      await page.evaluate(() => document.getElementById("result")?.replaceChildren());
      await chooseEnvelope(file);
      const shown = page.locator(".banner, #notice:not([hidden])");
      await expect.poll(() => shown.count()).toBeGreaterThan(0);
      found.push(
        `${file} ${(await shown.first().getAttribute("data-verdict")) === "verified" ? "verified" : "failed"}`,
      );
    }
    expect(found).toEqual(judged.map(({ file, verifications }) => `${file} ${verifications[0]?.verdict}`));
  });

  it("without a certificate says so, and proves nothing", async () => {
    await chooseEnvelope("envelopes/cose-p-256-chain.cose");
    await expect.poll(verdict).toBe("open");
    expect(await banner().innerText()).toContain("Not verified yet");
    expect(await statusOf("integrity")).toBe("passed");
    expect(await page.locator(".standing").innerText()).toContain("Nothing here is proven");
  });

  it("takes the other certificate for another verdict", async () => {
    await chooseEnvelope("envelopes/metadata-cose.cose");
    await chooseCertificate("keys/impostor.crt.pem");
    await expect.poll(verdict).toBe("refused");
    expect(await statusOf("authenticity")).toBe("failed");
    expect(await page.locator("[data-validation=authenticity] .next").innerText()).toContain(
      "SIGNER_NOT_TRUSTED, denied",
    );
    await chooseCertificate("keys/fixture-signer.crt.pem");
    await expect.poll(verdict).toBe("verified");
  });

  it("refuses a tampered payload, though its certificate is the trusted one", async () => {
    await chooseCertificate("keys/fixture-signer.crt.pem");
    await chooseEnvelope("envelopes/tampered-payload-jws.jws");
    await expect.poll(verdict).toBe("refused");
    expect(await statusOf("integrity")).toBe("failed");
    expect(await statusOf("authenticity")).toBe("skipped");
  });

  it("takes files dropped anywhere on the page, whichever they are", async () => {
    const dropped = ["envelopes/metadata-jws.jws", "keys/fixture-signer.crt.pem"].map((name) => ({
      name,
      bytes: [...readFileSync(FIXTURES + name)],
    }));
    await page.evaluate((files) => {
      const transfer = new DataTransfer();
      for (const { name, bytes } of files) transfer.items.add(new File([new Uint8Array(bytes)], name));
      for (const type of ["dragover", "drop"]) {
        document.querySelector("h1")?.dispatchEvent(
          new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }),
        );
      }
    }, dropped);
    await expect.poll(verdict).toBe("verified");
  });

  it.each([
    ["an empty file", file("a.jws", ""), "an empty file"],
    ["another JSON", file("a.jws", '{"kind":"Pod"}'), "a JSON document that is no signature envelope"],
    ["a private key", file("key.pem", "-----BEGIN PRIVATE KEY-----\n"), "PEM text with a PRIVATE KEY"],
    [
      "a picture",
      { name: "a.png", mimeType: "image/png", buffer: Buffer.from([0x89, 0x50, 0xff, 0xfe]) },
      "a binary file",
    ],
    ["a compact JWS", file("a.jws", "eyJhbGciOiJub25lIn0.e30."), "text that is no envelope"],
    [
      "text with a name of markup",
      file("<img src=x onerror=alert(1)>\u202e.jws", "hello"),
      "<img src=x onerror=alert(1)>",
    ],
  ])("says what %s looks like", async (_, given, text) => {
    await chooseEnvelope(given);
    await expect.poll(() => page.locator("#notice").innerText()).toContain(text);
    expect(await page.locator("#notice img").count()).toBe(0);
    expect(await page.locator("#notice").innerText()).not.toContain("\u202e");
    expect(await banner().count()).toBe(0);
  });

  it.each([
    ["a JWS with a member missing", file("a.jws", '{"payload":"","protected":"","signature":""}'), "ERR_"],
    ["a JWS with duplicate names", file("a.jws", '{"payload":"","payload":"","signature":""}'), "ERR_"],
    ["CBOR that is no COSE_Sign1", { name: "a.cose", mimeType: "", buffer: Buffer.from([0xd2, 0x84, 0xff]) }, "ERR_"],
  ])("refuses %s with code and next step", async (_, given, code) => {
    await chooseEnvelope(given);
    await expect.poll(verdict).toBe("refused");
    expect(await banner().innerText()).toContain("Not a valid signature envelope");
    expect(await page.locator(".unreadable .aside").innerText()).toMatch(new RegExp(`^Next: .*${code}`));
  });

  it("refuses a certificate that is none, and keeps the one before", async () => {
    await chooseEnvelope("envelopes/metadata-jws.jws");
    await chooseCertificate("keys/fixture-signer.crt.pem");
    await expect.poll(verdict).toBe("verified");
    await page.setInputFiles(
      "#certificate-file",
      file("bad.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    );
    await expect.poll(() => page.locator("#notice").innerText()).toContain("bad.pem");
    expect(await verdict()).toBe("verified");
  });

  it("works by keyboard alone", async () => {
    // Asked for before the first key: choosers are only reported once somebody waits for them.
    const chooser = page.waitForEvent("filechooser");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Skip to the result");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("envelope-file");
    await page.keyboard.press("Enter");
    await (await chooser).setFiles(`${FIXTURES}envelopes/metadata-jws.jws`);
    await expect.poll(verdict).toBe("open");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("certificate-file");
  });

  it.each([[360, "light"], [360, "dark"], [800, "dark"], [1440, "light"]] as const)(
    "fits %d px, %s, with the longest claims",
    async (width, colorScheme) => {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await chooseEnvelope("envelopes/metadata-jws-odd-name.jws");
      await chooseCertificate("keys/odd-name.crt.pem");
      await expect.poll(verdict).toBe("verified");
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    },
  );

  it("runs nothing that is injected: its policy and its markup forbid it", async () => {
    const answer = await page.request.get(`${server.url}/`);
    expect(answer.headers()["content-security-policy"]).toContain("require-trusted-types-for 'script'");
    const html = await answer.text();
    expect(html).not.toMatch(/<script(?![^>]*src=)/);
    expect(html).not.toMatch(/\son\w+=|style=/);
    const thrown = await page.evaluate(() => {
      try {
        document.body.innerHTML = "<b>no</b>";
        return "";
      } catch (error) {
        return String(error);
      }
    });
    expect(thrown).toMatch(/TrustedHTML/);
    problems = problems.filter((problem) => !/TrustedHTML/.test(problem));
  });

  it("loads one script, and the second provider never where WebCrypto is there", async () => {
    expect(requests.filter((url) => url.endsWith(".js"))).toEqual([`${server.url}/main.js`]);
    await chooseEnvelope("envelopes/jws-rsa-2048-self.jws");
    await expect.poll(verdict).toBe("open");
    expect(requests.filter((url) => url.endsWith(".js"))).toHaveLength(1);
  });

  it("verifies by the second provider where the browser withholds WebCrypto", async () => {
    const insecure = await browser.newPage();
    await insecure.addInitScript(() => Object.defineProperty(Crypto.prototype, "subtle", { value: undefined }));
    await insecure.goto(`${server.url}/`);
    for (
      const [envelope, anchor] of [
        ["jws-rsa-2048-self.jws", "rsa-2048-self.crt.pem"],
        ["cose-p-256-self.cose", "p-256-self.crt.pem"],
      ]
    ) {
      await insecure.setInputFiles("#envelope-file", `${FIXTURES}envelopes/${envelope}`);
      await insecure.setInputFiles("#certificate-file", `${FIXTURES}keys/${anchor}`);
      await expect.poll(() => insecure.locator(".banner").getAttribute("data-verdict"), { timeout: 10_000 }).toBe(
        "verified",
      );
    }
    await insecure.close();
  });
});
