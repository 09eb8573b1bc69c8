/** The read-only registry over layouts: what a client of the distribution specification may count on. */
import { beforeAll, describe, expect, it } from "vitest";
import { readLayout, serveLayouts } from "../../../src/oci/mod.ts";
import { crypto, images, layoutFiles } from "./fixture_layouts.ts";
import { digest, OCI_INDEX, SIGNATURE } from "./fake_registry.ts";

const NAME = "kyverno/test-verify-image";
const signed = images.find(({ tag, repository }) => tag === "signed" && repository === `ghcr.io/${NAME}`);
const base = `http://127.0.0.1/v2/${NAME}`;

describe("serveLayouts()", () => {
  let handler: (request: Request) => Promise<Response>;
  let withoutApi: (request: Request) => Promise<Response>;
  beforeAll(async () => {
    const layout = await readLayout(layoutFiles("test-verify-image"), crypto);
    handler = serveLayouts(new Map([[NAME, layout]]));
    withoutApi = serveLayouts(new Map([[NAME, layout]]), { referrers: "absent" });
  });
  const get = (url: string, method = "GET") => handler(new Request(url, { method }));

  it("answers the probe", async () => {
    expect((await get("http://127.0.0.1/v2/")).status).toBe(200);
  });

  it.each(["signed", signed?.digest ?? ""])("serves the manifest %s, and HEAD says the same", async (name) => {
    const response = await get(`${base}/manifests/${name}`);
    const body = new Uint8Array(await response.arrayBuffer());
    expect(digest(body)).toBe(signed?.digest);
    const said = (answer: Response) =>
      ["content-type", "content-length", "docker-content-digest"].map((header) => answer.headers.get(header));
    expect(said(response)).toEqual([signed?.mediaType, String(signed?.size), signed?.digest]);
    const head = await get(`${base}/manifests/${name}`, "HEAD");
    expect(said(head)).toEqual(said(response));
    expect((await head.arrayBuffer()).byteLength).toBe(0);
  });

  it("takes a digest with an encoded colon", async () => {
    expect((await get(`${base}/manifests/${signed?.digest.replace(":", "%3A")}`)).status).toBe(200);
  });

  it("serves blobs under their digest", async () => {
    const manifest = await (await get(`${base}/manifests/signed`)).json();
    const response = await get(`${base}/blobs/${manifest.config.digest}`);
    expect(response.status).toBe(200);
    expect(digest(new Uint8Array(await response.arrayBuffer()))).toBe(manifest.config.digest);
  });

  it("lists referrers as an index, filtered where it is asked to", async () => {
    const response = await get(`${base}/referrers/${signed?.digest}`);
    expect(response.headers.get("content-type")).toBe(OCI_INDEX);
    const all = await response.json();
    expect(all.manifests.map((entry: { artifactType: string }) => entry.artifactType).sort()).toEqual([
      SIGNATURE,
      "sbom/cyclone-dx",
      "vulnerability-scan",
    ]);
    const filtered = await get(`${base}/referrers/${signed?.digest}?artifactType=${encodeURIComponent(SIGNATURE)}`);
    expect(filtered.headers.get("oci-filters-applied")).toBe("artifactType");
    expect((await filtered.json()).manifests).toHaveLength(1);
  });

  it("lists none for a subject without", async () => {
    const response = await get(`${base}/referrers/sha256:${"0".repeat(64)}`);
    expect([response.status, (await response.json()).manifests]).toEqual([200, []]);
  });

  it("has no referrers API where it is told so", async () => {
    const response = await withoutApi(new Request(`${base}/referrers/${signed?.digest}`));
    expect([response.status, await response.text()]).toEqual([404, "404 page not found\n"]);
  });

  it.each<[string, string, number, string]>([
    ["GET", `${base}/manifests/missing`, 404, "MANIFEST_UNKNOWN"],
    ["GET", `${base}/manifests/sha256:${"0".repeat(64)}`, 404, "MANIFEST_UNKNOWN"],
    ["GET", `${base}/blobs/sha256:${"0".repeat(64)}`, 404, "BLOB_UNKNOWN"],
    ["GET", `${base}/blobs/sha256:..%2f..%2findex.json`, 400, "DIGEST_INVALID"],
    ["GET", `${base}/blobs/%ff`, 400, "DIGEST_INVALID"],
    ["GET", `${base}/referrers/latest`, 400, "DIGEST_INVALID"],
    ["GET", "http://127.0.0.1/v2/other/manifests/signed", 404, "NAME_UNKNOWN"],
    ["PUT", `${base}/manifests/signed`, 405, "UNSUPPORTED"],
    ["DELETE", `${base}/manifests/signed`, 405, "UNSUPPORTED"],
    ["POST", `${base}/blobs/uploads/`, 405, "UNSUPPORTED"],
  ])("%s %s is %i %s", async (method, url, status, code) => {
    const response = await get(url, method);
    expect(response.status).toBe(status);
    expect((await response.json()).errors[0].code).toBe(code);
  });

  it.each(["http://127.0.0.1/", "http://127.0.0.1/v1/", `${base}/tags/list`, "http://127.0.0.1/etc/passwd"])(
    "%s is no page of it",
    async (url) => expect((await get(url)).status).toBe(404),
  );
});
