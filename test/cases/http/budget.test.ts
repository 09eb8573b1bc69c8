/** createRequestBudget(): how many requests, and how many at the same time. */
import { describe, expect, it } from "vitest";
import { createRequestBudget, MAX_REQUESTS_IN_FLIGHT } from "../../../src/http/mod.ts";

const never = new AbortController().signal;

describe("createRequestBudget()", () => {
  it("refuses the request after the last, and says how many were made", async () => {
    const budget = createRequestBudget({ maxRequests: 2 });
    for (const _ of [1, 2]) (await budget.take("Cannot ask", never))();
    await expect(budget.take("Cannot ask again", never)).rejects.toMatchObject({
      code: "ERR_REQUEST_BUDGET",
      message: "Cannot ask again: the 2 requests this decision may make were made",
      refusal: { class: "unavailable", retry: true },
    });
  });

  it("lets so many at a time and no more, in the order in which they came", async () => {
    const budget = createRequestBudget();
    const order: number[] = [];
    let open = 0;
    let most = 0;
    await Promise.all(Array.from({ length: 20 }, async (_, index) => {
      const giveBack = await budget.take("Cannot ask", never);
      order.push(index);
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 1));
      open--;
      giveBack();
    }));
    expect(most).toBe(MAX_REQUESTS_IN_FLIGHT);
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it("takes a place that is given back twice for one", async () => {
    const budget = createRequestBudget({ maxInFlight: 1 });
    const first = await budget.take("Cannot ask", never);
    first();
    first();
    await budget.take("Cannot ask", never);
    const third = budget.take("Cannot ask", never).then(() => "entered");
    expect(await Promise.race([third, new Promise((resolve) => setTimeout(resolve, 5, "waits"))])).toBe("waits");
  });

  it("rejects with the signal's reason while it waits, and leaves the queue", async () => {
    const budget = createRequestBudget({ maxInFlight: 1 });
    const giveBack = await budget.take("Cannot ask", never);
    const late = new AbortController();
    const waiting = budget.take("Cannot ask", late.signal);
    const behind = budget.take("Cannot ask", never);
    late.abort(new Error("too late"));
    await expect(waiting).rejects.toThrow("too late");
    giveBack();
    expect(typeof await behind).toBe("function");
    await expect(budget.take("Cannot ask", late.signal)).rejects.toThrow("too late");
  });
});
