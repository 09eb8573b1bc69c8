/** One budget per request. Timers are vitest's own, so that no test waits. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { budgetOf, MAX_TIMEOUT_MILLISECONDS, parseGoDuration, startDeadline } from "../../../src/admission/deadline.ts";

describe("parseGoDuration()", () => {
  // Values of Go's time.ParseDuration.
  it.each([
    ["10s", 10_000],
    ["30s", 30_000],
    ["1m0s", 60_000],
    ["1.5s", 1_500],
    ["1h15m30.918s", 4_530_918],
    ["500ms", 500],
    ["100us", 0.1],
    ["100µs", 0.1],
    ["0s", 0],
  ])("%s is %d ms", (text, milliseconds) => expect(parseGoDuration(text)).toBeCloseTo(milliseconds, 6));

  it.each(["", "10", "s", "-1s", "10 s", "10S", "1e3s", "10s;", "ten", ".s", "1m ", "9".repeat(60) + "s"])(
    "refuses %s",
    (text) => expect(parseGoDuration(text)).toBeUndefined(),
  );
});

describe("budgetOf()", () => {
  it.each([
    ["10s", 10_000],
    ["1s", 1_000],
    ["1m", MAX_TIMEOUT_MILLISECONDS],
    ["0s", 10_000],
    ["soon", 10_000],
    [undefined, 7_000],
  ])("%s is %d ms", (timeout, milliseconds) => expect(budgetOf(timeout, 7_000)).toBe(milliseconds));
});

describe("startDeadline()", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const never = new Promise<string>(() => {});
  const outcome = (work: Promise<unknown>) => work.then(() => "answered", (error: { code?: string }) => error.code);

  it("stops the work before the end of the budget, and waits a little longer for what it says", async () => {
    const deadline = startDeadline(10_000);
    const late = new Promise<string>((resolve) => {
      deadline.signal.addEventListener("abort", () => resolve("stopped"));
    });
    const answer = deadline.wait(late, "asking");
    await vi.advanceTimersByTimeAsync(9_499);
    expect(deadline.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(deadline.signal.aborted).toBe(true);
    expect(await answer).toBe("stopped");
  });

  it("does not wait for work that ignores the signal", async () => {
    const answer = outcome(startDeadline(10_000).wait(never, "asking the registry"));
    await vi.advanceTimersByTimeAsync(9_749);
    expect(await Promise.race([answer, Promise.resolve("waiting")])).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect(await answer).toBe("ERR_DEADLINE");
  });

  it("says at what it ran out of time", async () => {
    const answer = startDeadline(1_000).wait(never, "evaluating 2 policies").catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await answer).toBe("Cannot decide: ran out of time at evaluating 2 policies, of 1 s in all");
  });

  it("keeps three quarters of a short budget for the work", async () => {
    const { signal } = startDeadline(1_000);
    await vi.advanceTimersByTimeAsync(749);
    expect(signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(signal.aborted).toBe(true);
  });

  it("stops when the client has gone", () => {
    const client = new AbortController();
    const deadline = startDeadline(10_000, client.signal);
    client.abort(new Error("gone"));
    expect(deadline.signal.aborted).toBe(true);
    expect(startDeadline(10_000, client.signal).signal.aborted).toBe(true);
  });

  it("leaves no timer behind", () => {
    const before = vi.getTimerCount();
    startDeadline(10_000).end();
    expect(vi.getTimerCount()).toBe(before);
  });
});
