/** The checker: whom it asks, in which order and how often, and what is supplied in their place. */
import { describe, expect, it } from "vitest";
import { createNobleProvider, createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import { ConfigurationError } from "../../../src/errors.ts";
import { createRevocationChecker, type RevocationSettings } from "../../../src/revocation/mod.ts";
import { MAX_ASKED_PER_CERTIFICATE } from "../../../src/revocation/inquiry.ts";
import { der, extension } from "../../run/certificate_maker.ts";
import { crlDistributionPoints, freshestCrl, issuingDistributionPoint, nonce } from "../../run/revocation_maker.ts";
import { after, HOUR, ISSUER, keys, responderCertificate, statusOf } from "./cast.ts";
import { network, outcomeOf } from "./network.ts";
import { ocspAtEach } from "./url_rows.ts";
import {
  AT,
  BOTH,
  chainOf,
  CRL,
  crl,
  CRL_ONLY,
  crypto,
  listed,
  OCSP,
  OCSP_ONLY,
  response,
  revoked,
  world,
} from "./world.ts";

describe("a checker asks", () => {
  it("OCSP by POST, and nobody else when that tells", async () => {
    const { outcome, requests } = world({ [OCSP]: response(), [CRL]: crl(listed) });
    expect(await outcome()).toBe("ok");
    expect(requests.map(({ url, init }) => [url, init.method, init.headers["content-type"], init.redirect])).toEqual([
      [OCSP, "POST", "application/ocsp-request", "manual"],
    ]);
  });

  it.each([
    ["is away", {}, "ok"],
    ["does not know the certificate", { [OCSP]: response({ statuses: [statusOf(AT, { status: "unknown" })] }) }, "ok"],
    ["answers with HTML", { [OCSP]: new TextEncoder().encode("<html>") }, "ok"],
    ["says that it is revoked", { [OCSP]: response({ statuses: [statusOf(AT, revoked)] }) }, "revoked"],
  ])("the CRL when the responder %s", async (_, answers, expected) => {
    expect(await world({ ...answers, [CRL]: crl() }).outcome()).toBe(expected);
  });

  it("one responder after the other until one tells", async () => {
    const urls = ["http://one.example.com/", "http://two.example.com/", "http://three.example.com/"] as const;
    const { outcome, asked } = world({ [urls[1]]: response(), [urls[2]]: response() });
    expect(await outcome(chainOf(ocspAtEach(...urls)))).toBe("ok");
    expect(asked()).toEqual(urls.slice(0, 2));
  });

  it("no further responder once one does not know the certificate", async () => {
    const urls = ["http://one.example.com/", "http://two.example.com/"] as const;
    const { outcome, asked } = world({ [urls[0]]: response({ statuses: [statusOf(AT, { status: "unknown" })] }) });
    expect(await outcome(chainOf(ocspAtEach(...urls)))).toBe("certificate-unknown");
    expect(asked()).toEqual([urls[0]]);
  });

  it("a bounded number of places", async () => {
    const urls = Array.from({ length: MAX_ASKED_PER_CERTIFICATE + 3 }, (_, index) => `http://r${index}.example.com/`);
    const { leaf, asked } = world({});
    const found = await leaf(chainOf(ocspAtEach(...urls)));
    expect(found?.status).toBe("unknown");
    expect(asked()).toHaveLength(MAX_ASKED_PER_CERTIFICATE);
  });

  it("nobody where nobody can be asked: the status is unknown, never ok", async () => {
    const checker = createRevocationChecker({ crypto, now: () => AT });
    const [leaf] = await checker.check(BOTH);
    expect(leaf?.status).toBe("unknown");
    expect(leaf?.asked.map(({ answer }) => answer.status === "unknown" && [answer.problem, answer.message])).toEqual([
      ["not-asked", "is not checked here: nobody can be asked from here"],
      ["not-asked", "is not checked here: nobody can be asked from here"],
    ]);
  });

  it("about every certificate but the root", async () => {
    const { outcome, asked } = world({});
    expect(await outcome([CRL_ONLY[1] as never])).toBe("nonRevokable");
    expect(asked()).toEqual([]);
  });

  it("and takes an extension it cannot read for a place it cannot ask", async () => {
    const junk = (id: string) => chainOf(extension(id, false, Uint8Array.of(0x30, 0x03, 1)));
    for (const id of ["1.3.6.1.5.5.7.1.1", "2.5.29.31"]) {
      expect(await world({}).outcome(junk(id))).toBe("malformed");
    }
  });

  it("and computes nothing it cannot: that is unknown too", async () => {
    const noSubtle = createWebCryptoProvider({} as SubtleCrypto);
    const { asked: _, ...ports } = network({ [CRL]: crl() });
    const checker = createRevocationChecker({ crypto: noSubtle, now: () => AT, ...ports });
    expect(outcomeOf((await checker.check(CRL_ONLY))[0])).toBe("not-computed");
  });

  it("in plain JavaScript too", async () => {
    const { asked: _, ...ports } = network({ [OCSP]: response() });
    const checker = createRevocationChecker({ crypto: createNobleProvider(), now: () => AT, ...ports });
    expect(outcomeOf((await checker.check(OCSP_ONLY))[0])).toBe("ok");
  });
});

describe("a responder without id-pkix-ocsp-nocheck", () => {
  const by = (...extensions: readonly Uint8Array[]) =>
    response({ signer: keys.responder, certificates: [responderCertificate({ noCheck: false, extensions })] });
  const pointing = crlDistributionPoints({ urls: [CRL] });

  it.each([
    ["has a CRL that does not list it", { [OCSP]: by(pointing), [CRL]: crl() }, "ok"],
    [
      "is on its CRL",
      {
        [OCSP]: by(pointing),
        [CRL]: crl({ entries: [{ serialNumber: [0x5a, 0x01], revokedAt: AT, reason: 1 }] }),
      },
      "responder-not-authorized",
    ],
    ["has a CRL that is away", { [OCSP]: by(pointing) }, "responder-unchecked"],
    ["names no CRL", { [OCSP]: by() }, "responder-unchecked"],
  ])("%s", async (_, answers, expected) => {
    expect(await world(answers).outcome(OCSP_ONLY)).toBe(expected);
  });

  it("is believed where the host says so, unless it is revoked", async () => {
    const settings = { acceptUncheckedResponders: true };
    expect(await world({ [OCSP]: by() }, settings).outcome(OCSP_ONLY)).toBe("ok");
    const gone = crl({ entries: [{ serialNumber: [0x5a, 0x01], revokedAt: AT, reason: 1 }] });
    expect(await world({ [OCSP]: by(pointing), [CRL]: gone }, settings).outcome(OCSP_ONLY)).toBe(
      "responder-not-authorized",
    );
  });
});

describe("a nonce", () => {
  const createNonce = () => new Uint8Array(32).fill(9);

  it("is sent where one is made, and its echo is compared", async () => {
    const echoing = world({ [OCSP]: response({ extensions: [nonce(createNonce())] }) }, { createNonce });
    expect(await echoing.outcome(OCSP_ONLY)).toBe("ok");
    const sent = Buffer.from(echoing.requests[0]?.init.body as Uint8Array);
    expect(sent.includes(Buffer.concat([der(0x04, createNonce())]))).toBe(true);
    const other = world({ [OCSP]: response({ extensions: [nonce(new Uint8Array(32))] }) }, { createNonce });
    expect(await other.outcome(OCSP_ONLY)).toBe("nonce");
  });
});

describe("what is supplied", () => {
  const some = (...reasons: readonly number[]) => issuingDistributionPoint({ reasons });
  const offline = (supplied: NonNullable<RevocationSettings["supplied"]>, chain = BOTH) =>
    createRevocationChecker({ crypto, now: () => AT }, { supplied }).check(chain).then(([leaf]) => leaf);

  it.each([
    ["an OCSP response", { ocspResponses: [response()] }, BOTH, "ok"],
    [
      "an OCSP response that says revoked",
      { ocspResponses: [response({ statuses: [statusOf(AT, revoked)] })] },
      BOTH,
      "revoked",
    ],
    ["a CRL", { crls: [crl()] }, BOTH, "ok"],
    ["a CRL that lists it", { crls: [crl(listed)] }, BOTH, "revoked"],
    ["an expired CRL", { crls: [crl({ nextUpdate: after(AT, -HOUR) })] }, CRL_ONLY, "not-asked"],
    [
      "two OCSP responses, of which the worse counts",
      { ocspResponses: [response(), response({ statuses: [statusOf(AT, revoked)] })] },
      BOTH,
      "revoked",
    ],
    ["two CRLs, of which the worse counts", { crls: [crl(), crl({ number: 6, ...listed })] }, CRL_ONLY, "revoked"],
    ["a CRL about some reasons", { crls: [crl({ extensions: [some(1, 2)] })] }, CRL_ONLY, "reasons"],
    [
      "two CRLs, each about some reasons",
      { crls: [crl({ extensions: [some(1, 2)] }), crl({ extensions: [some(3, 4, 5, 6, 7, 8)] })] },
      CRL_ONLY,
      "ok",
    ],
    ["a stranger's CRL", { crls: [crl({ key: keys.stranger })] }, CRL_ONLY, "not-asked"],
    ["a CRL that lists a certificate naming none", { crls: [crl(listed)] }, chainOf(), "revoked"],
    ["a CRL that does not", { crls: [crl()] }, chainOf(), "ok"],
    ["another issuer's CRL", { crls: [crl({ issuer: [["CN", "other"]] })] }, chainOf(), "nonRevokable"],
    [
      "a CRL and its delta",
      {
        crls: [
          crl({ number: 6, baseNumber: 5, ...listed }),
          crl({ extensions: [freshestCrl({ urls: ["http://crl.example.com/delta.crl"] })] }),
        ],
      },
      CRL_ONLY,
      "revoked",
    ],
    [
      "a CRL without its delta",
      { crls: [crl({ extensions: [freshestCrl({ urls: ["http://crl.example.com/delta.crl"] })] })] },
      CRL_ONLY,
      "not-asked",
    ],
  ])("tells without asking anybody: %s", async (_, supplied, chain, expected) => {
    expect(outcomeOf(await offline(supplied, chain))).toBe(expected);
  });

  it("is looked at before anybody is asked", async () => {
    const { outcome, asked } = world({ [OCSP]: response(), [CRL]: crl() }, {
      supplied: { ocspResponses: [response({ statuses: [statusOf(AT, { serialNumber: [9] })] }), response()] },
    });
    expect([await outcome(), asked()]).toEqual(["ok", []]);
  });

  it("tells why it is not believed, where it is about the certificate", async () => {
    const unmade = [responderCertificate({ purposes: [] })];
    const ocspResponses = [response({ signer: keys.responder, certificates: unmade }), response({ forged: true })];
    const leaf = await offline({ ocspResponses, crls: [crl({ nextUpdate: after(AT, -HOUR) })] });
    expect(leaf?.asked.map(({ source, answer }) => [source, answer.status === "unknown" && answer.problem])).toEqual([
      ["supplied OCSP response", "responder-not-authorized"],
      ["supplied OCSP response", "signature"],
      [OCSP, "not-asked"],
      ["supplied CRL", "expired"],
      [CRL, "not-asked"],
    ]);
  });

  it("does not turn a point without a URL into none", async () => {
    const other = crl({ issuer: [["CN", "other"]] });
    const nowhere = chainOf(crlDistributionPoints({ crlIssuer: ISSUER }));
    expect(outcomeOf(await offline({ crls: [other] }, nowhere))).toBe("source-refused");
  });

  it("is refused at once when it is no CRL", () => {
    const make = () => createRevocationChecker({ crypto, now: () => AT }, { supplied: { crls: [crl(), response()] } });
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow("Cannot use supplied CRL 2: ");
  });
});
