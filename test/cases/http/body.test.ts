/** readBody(): how much is read, and how slowly it may come. */
import { describe, expect, it } from "vitest";
import { readBody, StalledBody } from "../../../src/http/mod.ts";

const WINDOW = 40;
const never = new AbortController().signal;

/**
 * A body that brings `size` bytes every `pause` milliseconds, `times` times; then it ends, or says nothing any more.
 */
function body(size: number, pause: number, times: number, ends = true) {
  let left = times;
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (left-- > 0) return controller.enqueue(new Uint8Array(size));
      if (ends) return controller.close();
      await new Promise(() => {});
    },
    cancel: () => void (cancelled = true),
  }, { highWaterMark: 0 });
  return { response: new Response(stream), wasCancelled: () => cancelled };
}

describe("readBody()", () => {
  it.each([
    ["a byte now and then", 1, 5, 1000],
    ["just too little in each window", 100, WINDOW / 4, 1000],
  ])("gives up on %s", async (_, size, pause, times) => {
    const { response, wasCancelled } = body(size, pause, times);
    await expect(readBody(response, 1_000_000, never, WINDOW)).rejects.toThrow(StalledBody);
    expect(wasCancelled()).toBe(true);
  });

  it("gives up on a body that begins and then says nothing", async () => {
    const { response } = body(5_000, 1, 1, false);
    await expect(readBody(response, 1_000_000, never, WINDOW)).rejects.toThrow(
      "fewer than 1024 bytes came in 0.04 s",
    );
  });

  it.each([
    // Windows that a busy machine keeps.
    ["a short body that is soon there", 1, 1, 3, 5_000],
    ["a long one that keeps coming, for longer than a window", 2_048, 100, 6, 500],
  ])("reads %s", async (_, size, pause, times, window) => {
    const { bytes, exceeded } = await readBody(body(size, pause, times).response, 1_000_000, never, window);
    expect([bytes.length, exceeded]).toEqual([size * times, false]);
  });

  it("ends with the signal, whatever comes", async () => {
    const late = AbortSignal.timeout(10);
    await expect(readBody(body(2_048, 5, 1000).response, 1_000_000_000, late, 60_000)).rejects.toThrow(/timeout/);
  });
});
