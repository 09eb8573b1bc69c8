/** Bodies of `node:http` as streams of the web. */
import type { IncomingMessage } from "node:http";

/**
 * The body as it arrives: nothing is read before somebody asks, so a refusal by the headers costs no memory.
 *
 * @param cancel What becomes of the rest when nobody wants it.
 */
export function toStream(incoming: IncomingMessage, cancel: () => void): ReadableStream<Uint8Array> {
  // Events and not the async iterator, which costs as much as the rest of a small request.
  incoming.pause();
  return new ReadableStream<Uint8Array>({
    start(controller) {
      incoming.on("data", (chunk: Uint8Array) => {
        incoming.pause();
        controller.enqueue(chunk);
      });
      incoming.once("end", () => controller.close());
      incoming.once("error", (error) => controller.error(error));
    },
    pull: () => void incoming.resume(),
    cancel,
  }, { highWaterMark: 0 });
}
