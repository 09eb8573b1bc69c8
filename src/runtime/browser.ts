/** The ports of a browser page: anonymous requests, redirects followed by the browser itself. */
import type { Ports } from "../ports.ts";
import { createWebPorts } from "./web.ts";

/**
 * Makes the ports of a page.
 *
 * Registries must be opened with `redirect: "follow"`: a page is not shown where a redirect leads.
 */
export function createBrowserPorts(): Ports {
  return createWebPorts({
    write: (line) => console.log(line),
    fetch: (url, init) => fetch(url, { ...init, credentials: "omit", referrerPolicy: "no-referrer" }),
  });
}
