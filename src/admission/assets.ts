/** The inspection page as the webhook serves it: files from memory, under a content policy that runs nothing else. */

/**
 * What a browser may do with the page: run its own script and style, and nothing else. It sends nothing anywhere.
 *
 * Spec: W3C, Content Security Policy Level 3; Trusted Types.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>edge-notary</title>
<h1>edge-notary is running</h1>
<p>The inspection page has not been built. Run <code>npm run build</code>, then start the server again.</p>
</html>
`;

/**
 * Answers for the page.
 *
 * @param files File name → bytes; empty when the page was not built.
 * @param path Path of the URL, such as `/` or `/main.js`.
 * @returns `undefined` when there is no such file.
 */
export function serveAsset(files: ReadonlyMap<string, Uint8Array>, path: string): Response | undefined {
  const name = path === "/" ? "index.html" : path.slice(1);
  const bytes = files.get(name);
  if (bytes === undefined && path !== "/") return undefined;
  return new Response((bytes ?? NOT_BUILT) as BodyInit, {
    headers: {
      "content-type": MEDIA_TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream",
      "content-security-policy": CONTENT_SECURITY_POLICY,
      "cross-origin-opener-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "cache-control": "no-cache",
    },
  });
}
