/** The ports of Cloudflare Workers (workerd): anonymous at registries, log lines on the console. */
import type { Ports } from "../ports.ts";
import { createWebPorts } from "./web.ts";

/** A service binding of the platform: something with a `fetch` of its own. */
export interface ServiceBinding {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/**
 * Makes the ports of a worker.
 *
 * @param registry A service binding to ask instead of the network, such as a registry in another worker.
 */
export function createWorkerPorts(registry?: ServiceBinding): Ports {
  return createWebPorts({
    write: (line) => console.log(line),
    // Called as a method: the platform's bindings refuse to be called without their object.
    ...(registry === undefined ? {} : { fetch: (url: string, init: RequestInit) => registry.fetch(url, init) }),
  });
}
