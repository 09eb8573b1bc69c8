/** What was answered is kept, for as long as it may be. */
import { describe, expect, it } from "vitest";
import { createKeptAnswers, MAX_KEPT_SECONDS } from "../../../src/revocation/kept.ts";
import { readCertificate } from "../../../src/x509/mod.ts";
import { ocspAt } from "../../run/certificate_maker.ts";
import { freshestCrl } from "../../run/revocation_maker.ts";
import { after, DAY, HOUR, issuerCertificate, responderCertificate, statusOf } from "./cast.ts";
import { AT, CRL, crl, CRL_ONLY, listed, OCSP, OCSP_ONLY, response, world } from "./world.ts";

describe("what was answered is kept", () => {
  it("and not asked again", async () => {
    const { outcome, asked } = world({ [OCSP]: response(), [CRL]: crl() });
    expect([await outcome(OCSP_ONLY), await outcome(OCSP_ONLY)]).toEqual(["ok", "ok"]);
    expect([await outcome(CRL_ONLY), await outcome(CRL_ONLY)]).toEqual(["ok", "ok"]);
    expect(asked()).toEqual([OCSP, CRL]);
  });

  it("no longer than its own next update", async () => {
    const soon = { statuses: [statusOf(AT, { nextUpdate: after(AT, 60_000) })] };
    const { outcome, asked, at } = world({ [OCSP]: response(soon), [CRL]: crl({ nextUpdate: after(AT, 60_000) }) });
    await outcome(OCSP_ONLY);
    await outcome(CRL_ONLY);
    at(after(AT, 59_000));
    expect([await outcome(OCSP_ONLY), await outcome(CRL_ONLY), asked().length]).toEqual(["ok", "ok", 2]);
    at(after(AT, 60_000));
    expect([await outcome(OCSP_ONLY), await outcome(CRL_ONLY), asked().length]).toEqual(["expired", "expired", 4]);
  });

  it("no longer than an hour, so that a revocation is seen", async () => {
    let answer = crl();
    const { outcome, asked, at } = world({ [CRL]: () => new Response(answer as BodyInit) });
    expect(await outcome(CRL_ONLY)).toBe("ok");
    answer = crl(listed);
    at(after(AT, MAX_KEPT_SECONDS * 1000 - 1));
    expect(await outcome(CRL_ONLY)).toBe("ok");
    at(after(AT, MAX_KEPT_SECONDS * 1000));
    expect([await outcome(CRL_ONLY), asked().length]).toEqual(["revoked", 2]);
  });

  it("not when it says nothing", async () => {
    const { outcome, asked } = world({ [OCSP]: response({ error: 3 }), [CRL]: crl({ forged: true }) });
    await outcome();
    await outcome();
    expect(asked()).toEqual([OCSP, CRL, OCSP, CRL]);
  });

  it("for one certificate, not for another of the same responder", async () => {
    const { outcome, asked } = world({ [OCSP]: response() });
    await outcome(OCSP_ONLY);
    const other = [responderCertificate({ extensions: [ocspAt(OCSP)] }), issuerCertificate];
    expect(await outcome(other.map((bytes) => readCertificate(bytes)))).toBe("other-certificate");
    expect(asked()).toEqual([OCSP, OCSP]);
  });

  it("unless a delta has left it behind: then it is fetched again", async () => {
    const DELTA = "http://crl.example.com/delta.crl";
    const freshest = freshestCrl({ urls: [DELTA] });
    let number = 5;
    const delta = () => crl({ number: number + 1, baseNumber: number, nextUpdate: after(AT, number * HOUR / 10) });
    const { outcome, asked, at } = world({
      [CRL]: () => new Response(crl({ number, extensions: [freshest] }) as BodyInit),
      [DELTA]: () => new Response(delta() as BodyInit),
    });
    expect([await outcome(CRL_ONLY), await outcome(CRL_ONLY)]).toEqual(["ok", "ok"]);
    expect(asked()).toEqual([CRL, DELTA]);
    number = 7;
    at(after(AT, HOUR / 2));
    expect(await outcome(CRL_ONLY)).toBe("ok");
    // The delta is over; the new one starts from a list that is newer than the one kept.
    expect(asked().slice(2)).toEqual([DELTA, CRL, DELTA]);
  });
});

describe("createKeptAnswers()", () => {
  const later = after(AT, DAY);
  const filled = (...keys: readonly string[]) => {
    const kept = createKeptAnswers<string>(3000);
    for (const key of keys) kept.put(key, key, 400, AT, later);
    return kept;
  };

  it("drops what was not asked for longest once the bytes are too many", () => {
    const kept = filled("a", "b", "c");
    expect(kept.get("a", AT)).toBe("a");
    kept.put("d", "d", 400, AT, later);
    expect(["a", "b", "c", "d"].map((key) => kept.get(key, AT))).toEqual(["a", undefined, "c", "d"]);
  });

  it("counts an answer that is put again once, and small answers too", () => {
    const kept = filled("a", "a", "a", "b", "c");
    expect(["a", "b", "c"].map((key) => kept.get(key, AT))).toEqual(["a", "b", "c"]);
    for (let index = 0; index < 1000; index++) kept.put(String(index), "tiny", 0, AT, later);
    const left = Array.from({ length: 1000 }, (_, index) => kept.get(String(index), AT)).filter(Boolean);
    expect(left.length).toBeLessThanOrEqual(3000 / 400);
  });

  it("keeps nothing that is larger than all of it, and drops nothing for that", () => {
    const kept = filled("a");
    kept.put("b", "b", 3000, AT, later);
    expect(["a", "b"].map((key) => kept.get(key, AT))).toEqual(["a", undefined]);
  });

  it("keeps nothing that is over, and gives nothing away before it was kept", () => {
    const kept = filled("a");
    kept.put("b", "b", 400, AT, AT);
    expect(kept.get("b", AT)).toBeUndefined();
    expect(kept.get("a", after(AT, -1))).toBeUndefined();
  });
});
