/** The facts of verified signatures: what they are kept under, what ends them, and what is never kept. */
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryCache } from "../../../src/cache/mod.ts";
import { createWebCryptoProvider } from "../../../src/crypto/mod.ts";
import {
  type ArtifactOutcome,
  AUDIT,
  createArtifactView,
  createEvidenceStore,
  ENGINE_VERSION,
  type EvidenceSettings,
  MAX_EVIDENCE_AGE_SECONDS,
  PERMISSIVE,
  STRICT,
  type Trust,
  verifyArtifact,
  type ViewPorts,
} from "../../../src/notary/mod.ts";
import type { Cache, CryptoProvider } from "../../../src/ports.ts";
import type { CertificateRevocation } from "../../../src/revocation/mod.ts";
import { readCertificate } from "../../../src/x509/mod.ts";
import { fixtureKey, LEAF, makeCertificate, subject } from "../../run/certificate_maker.ts";
import { EXPIRY, type JwsChanges, makeJws, SCHEME, selfSigned, type Signer } from "../../run/envelope_maker.ts";
import { createFakeRepository, type FakeRepository } from "../../run/fake_repository.ts";

const AT = Date.parse("2026-06-01T00:00:00Z");
const HOUR = 3_600_000;
const NAME = { registry: "registry.example", repository: "app" };
const signer = selfSigned("p-256-self", "ES256", -7);
const impostor = selfSigned("release", "ES256", -7);
const real = createWebCryptoProvider();

const anchor = ({ chain }: Signer) => readCertificate(chain[0] ?? new Uint8Array());
const trusting = (by: Signer, more: Partial<Trust> = {}): Trust => ({
  name: "test",
  level: STRICT,
  trustAnchors: { ca: [anchor(by)], signingAuthority: [] },
  ...more,
});

/** A signer whose certificate ends then. */
function endingAt(instant: number): Signer {
  const key = fixtureKey("p-256-self");
  const notAfter = new Date(instant).toISOString().replace(/[-:T]|\.\d+/g, "");
  const chain = [makeCertificate({ subject: subject("p-256-self"), key, extensions: LEAF, notAfter })];
  return { ...signer, chain };
}

interface Options {
  readonly by?: Signer;
  readonly changes?: JwsChanges;
  readonly settings?: EvidenceSettings;
  readonly cache?: Cache;
  readonly ports?: Partial<ViewPorts>;
  /** A repository where the image is signed already. */
  readonly of?: FakeRepository;
}

/** A signed image, a clock, and requests that each begin with nothing but the cache. */
function scene({ by = signer, changes = {}, settings = {}, cache, ports = {}, of }: Options = {}) {
  const clock = { at: AT };
  const now = () => new Date(clock.at);
  const repository = of ?? createFakeRepository();
  const kept = cache ?? createMemoryCache({ now });
  const image = repository.artifact("v1");
  if (of === undefined) sign(repository, "v1", by, changes);
  const ask = async (trust: Trust = trusting(by), tag = "v1", without?: "without evidence") => {
    const counted = counting();
    const before = repository.asked.length;
    const evidence = createEvidenceStore(kept, { crypto: counted.crypto, now }, settings);
    const view = createArtifactView({
      open: () => repository,
      crypto: counted.crypto,
      now,
      ...(without === undefined ? { evidence } : {}),
      ...ports,
    }, { signal: new AbortController().signal });
    const outcome = await verifyArtifact({ ...NAME, tag }, trust, view);
    const blobs = repository.asked.slice(before).filter((line) => line.startsWith("blob")).length;
    return { outcome, verdict: outcome.verdict, primitives: counted.calls(), blobs, kept: keptSince(outcome) };
  };
  return { ask, clock, repository, image };
}

const keptSince = ({ outcomes }: ArtifactOutcome): string | undefined => outcomes.at(-1)?.keptSince;

function sign(repository: FakeRepository, tag: string, by: Signer, changes: JwsChanges = {}) {
  const image = repository.artifact(tag);
  const { mediaType, digest, size } = image;
  const payload = JSON.stringify({ targetArtifact: { mediaType, digest, size } });
  repository.sign(image, { mediaType: "application/jose+json", bytes: makeJws(by, { payload, ...changes }) });
  return image;
}

/** A provider of its own, so that nothing another one proved is known to it. */
function counting(): { readonly crypto: CryptoProvider; readonly calls: () => number } {
  let calls = 0;
  const crypto: CryptoProvider = {
    name: "counting",
    digest: (algorithm, data) => real.digest(algorithm, data),
    verify: (...question) => (calls++, real.verify(...question)),
  };
  return { crypto, calls: () => calls };
}

const expiring = (instant: number): JwsChanges => ({
  protected: (header) => {
    header["crit"] = [SCHEME, EXPIRY];
    header[EXPIRY] = new Date(instant).toISOString().replace(".000", "");
  },
});

const ANSWER = { thisUpdate: new Date(AT - HOUR), nextUpdate: new Date(AT + HOUR / 2) };
const status = (answer: Partial<CertificateRevocation>) => ({
  check: (chain: readonly CertificateRevocation["certificate"][]) =>
    Promise.resolve(
      chain.map((certificate): CertificateRevocation => ({
        certificate,
        status: "ok",
        asked: [],
        anybodyAsked: true,
        ...answer,
      })),
    ),
});
const OK = status({ status: "ok", answer: { status: "ok", ...ANSWER } as CertificateRevocation["answer"] & object });

describe("evidence", () => {
  it("is of the version this package has", () => {
    expect(ENGINE_VERSION).toBe(JSON.parse(readFileSync("package.json", "utf8")).version);
  });

  it("is what it is asked for who asks: without it nobody wants to know", async () => {
    const { repository } = scene();
    let asked = 0;
    const principal = () => (asked++, Promise.resolve("ada"));
    const { ask } = scene({ of: { ...repository, principal } });
    expect([(await ask(trusting(signer), "v1", "without evidence")).verdict, asked]).toEqual(["verified", 0]);
    expect([(await ask()).verdict, asked]).toEqual(["verified", 1]);
  });

  it("saves the envelope and the signature primitive, and says since when it is kept", async () => {
    const { ask, clock } = scene();
    const cold = await ask();
    expect(cold).toMatchObject({ verdict: "verified", blobs: 1, kept: undefined });
    expect(cold.primitives).toBeGreaterThan(0);
    clock.at += 1_000;
    const warm = await ask();
    expect(warm).toMatchObject({ verdict: "verified", primitives: 0, blobs: 0, kept: new Date(AT).toISOString() });
    const { keptSince: _, ...facts } = warm.outcome.outcomes[0]!;
    expect({ ...warm.outcome, outcomes: [facts] }).toEqual(cold.outcome);
  });

  describe("ends", () => {
    const nearly = AT + HOUR / 2;
    it.each<[name: string, options: Options, end: number, verdict: string]>([
      ["with its age, an hour", {}, AT + MAX_EVIDENCE_AGE_SECONDS * 1_000, "verified"],
      ["with the age that is set", { settings: { maxAgeSeconds: 90 } }, AT + 90_000, "verified"],
      ["with the certificate", { by: endingAt(nearly) }, nearly, "verified"],
      ["with the signature's expiry", { changes: expiring(nearly) }, nearly, "failed"],
      ["with what was learned about revocation", { ports: { revocation: OK } }, nearly, "verified"],
    ])("%s", async (_, options, end, verdict) => {
      const { ask, clock } = scene(options);
      expect((await ask()).verdict).toBe("verified");
      clock.at = end - 1;
      expect(await ask()).toMatchObject({ verdict: "verified", primitives: 0 });
      clock.at = end;
      const anew = await ask();
      expect(anew.primitives).toBeGreaterThan(0);
      // A certificate is valid in the second of its end.
      expect(anew.verdict).toBe(verdict);
      clock.at = end + 1_000;
      const [later, without] = [await ask(), await ask(undefined, "v1", "without evidence")];
      expect(later.verdict).toBe(without.verdict);
    });

    it("with the certificate, also where it ends while the signature is judged", async () => {
      const by = endingAt(AT);
      const late = scene({
        by,
        ports: {
          revocation: {
            check: (chain) => {
              late.clock.at += 2_000;
              return OK.check(chain);
            },
          },
        },
      });
      // Judged when the certificate had not ended yet; now it has.
      expect((await late.ask()).verdict).toBe("verified");
      expect((await late.ask(undefined, "v1")).verdict).toBe("failed");
    });

    it("where the clock is set back before it was found", async () => {
      const { ask, clock } = scene();
      await ask();
      clock.at -= 1;
      expect((await ask()).primitives).toBeGreaterThan(0);
    });

    it("with the age of whoever asks, where another one keeps longer", async () => {
      const cache = createMemoryCache({ now: () => new Date(AT) });
      const patient = scene({ cache, settings: { maxAgeSeconds: 3_000 } });
      expect((await patient.ask()).verdict).toBe("verified");
      const hasty = scene({ cache, of: patient.repository, settings: { maxAgeSeconds: 60 } });
      hasty.clock.at += 59_000;
      expect((await hasty.ask()).primitives).toBe(0);
      hasty.clock.at += 1_000;
      expect((await hasty.ask()).primitives).toBeGreaterThan(0);
    });
  });

  describe("is not found", () => {
    let used: ReturnType<typeof scene>;
    beforeEach(async () => {
      used = scene();
      await used.ask();
    });

    it.each<[name: string, trust: Trust, verdict: string]>([
      ["for other certificates", trusting(impostor), "failed"],
      [
        "for more certificates",
        trusting(signer, { trustAnchors: { ca: [anchor(signer), anchor(impostor)], signingAuthority: [] } }),
        "verified",
      ],
      [
        "for another store",
        trusting(signer, { trustAnchors: { ca: [], signingAuthority: [anchor(signer)] } }),
        "failed",
      ],
      ["for another level", trusting(signer, { level: PERMISSIVE }), "verified"],
      ["for other identities", trusting(signer, { trustedIdentities: [] }), "failed"],
      [
        "where timestamps count",
        trusting(signer, { trustAnchors: { ca: [anchor(signer)], signingAuthority: [], tsa: [anchor(signer)] } }),
        "failed",
      ],
      [
        "where a store cannot be used",
        trusting(signer, { unusableStores: { ca: { code: "ERR_TRUST_STORE", message: "Cannot", evidence: {} } } }),
        "failed",
      ],
      ["for trust of another name, which reports have", trusting(signer, { name: "other" }), "verified"],
    ])("%s", async (_, trust, verdict) => {
      expect(await used.ask(trust)).toMatchObject({ verdict, kept: undefined });
    });

    it("for another image that this envelope is attached to", async () => {
      const { repository, ask } = used;
      const signed = { mediaType: used.image.mediaType, digest: used.image.digest, size: used.image.size };
      const other = repository.artifact("other");
      repository.sign(other, {
        mediaType: "application/jose+json",
        bytes: makeJws(signer, { payload: JSON.stringify({ targetArtifact: signed }) }),
      });
      expect((await ask(undefined, "other")).verdict).toBe("failed");
    });

    it("once its tag names another image", async () => {
      const { repository, ask } = used;
      repository.tag("v1", repository.artifact("unsigned"));
      const moved = await ask();
      expect(moved).toMatchObject({ verdict: "failed", outcome: { refusal: { code: "SIGNATURE_MISSING" } } });
      repository.tag("v1", used.image);
      expect(await ask()).toMatchObject({ verdict: "verified", primitives: 0 });
    });

    it("once the registry lists no signature any more", async () => {
      const { ask, repository } = used;
      repository.listReferrers = () => Promise.resolve({ referrers: [], asked: [] });
      expect((await ask()).outcome.refusal?.code).toBe("SIGNATURE_MISSING");
    });
  });

  describe("is not kept", () => {
    it.each<[name: string, options: Options, trust: Trust | undefined]>([
      ["of a refusal", {}, trusting(impostor)],
      ["of what is only logged", { changes: expiring(AT - 1_000) }, trusting(signer, { level: PERMISSIVE })],
      ["of a stranger under audit", {}, trusting(impostor, { level: AUDIT })],
      [
        "of a doubt about revocation that is only logged",
        { ports: { revocation: status({ status: "unknown" }) } },
        trusting(signer, { level: { name: "custom", actions: { ...STRICT.actions, revocation: "log" } } }),
      ],
      [
        "of a revocation that is only logged",
        { ports: { revocation: status({ status: "revoked" }) } },
        trusting(signer, { level: { name: "custom", actions: { ...STRICT.actions, revocation: "log" } } }),
      ],
      ["for no time at all", { settings: { maxAgeSeconds: 0 } }, undefined],
      ["for the chain doctor, who wants to see every chain", { ports: { diagnose: "every" } }, undefined],
    ])("%s", async (_, options, trust) => {
      const { ask } = scene(options);
      const first = await ask(trust);
      const second = await ask(trust);
      expect(second.primitives).toBe(first.primitives);
      expect(second.primitives).toBeGreaterThan(0);
      expect(second.outcome).toEqual(first.outcome);
    });
  });

  it("survives JSON: metadata that is named like a prototype is an own member again", async () => {
    const annotations = `{"__proto__":"x","constructor":"y","":"z","\\u2028":"é"}`;
    const { ask, repository } = scene();
    const { mediaType, digest, size } = repository.artifact("noted");
    sign(repository, "noted", signer, {
      payload:
        `{"targetArtifact":{"mediaType":"${mediaType}","digest":"${digest}","size":${size},"annotations":${annotations}}}`,
    });
    const cold = (await ask(undefined, "noted")).outcome.outcomes[0]!;
    const warm = (await ask(undefined, "noted")).outcome.outcomes[0]!;
    expect(warm.keptSince).toBeDefined();
    expect(Object.entries(warm.userMetadata)).toEqual(Object.entries(cold.userMetadata));
    expect(Object.keys(warm.userMetadata)).toContain("__proto__");
  });

  describe("in a cache", () => {
    const store = () => {
      const entries = new Map<string, Uint8Array>();
      const cache: Cache = {
        get: (key) => Promise.resolve(entries.get(key)),
        set: (key, bytes) => Promise.resolve(void entries.set(key, bytes)),
      };
      return { entries, cache };
    };

    it("that cannot be read or written: everything is proven, and the verdict is the same", async () => {
      const broken: Cache = {
        get: () => Promise.reject(new Error("down")),
        set: () => Promise.reject(new Error("down")),
      };
      const { ask } = scene({ cache: broken });
      expect(await ask()).toMatchObject({ verdict: "verified", kept: undefined });
      expect((await ask(trusting(impostor))).verdict).toBe("failed");
    });

    it("that keeps longer than it was told: they end all the same", async () => {
      const { ask, clock } = scene({ cache: store().cache });
      await ask();
      clock.at += MAX_EVIDENCE_AGE_SECONDS * 1_000;
      expect((await ask()).primitives).toBeGreaterThan(0);
    });

    const text = (value: unknown) =>
      new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
    const times = { since: AT, until: AT + HOUR };
    it.each<[name: string, written: (kept: Record<string, unknown>) => Uint8Array]>([
      ["nothing", () => new Uint8Array()],
      ["no JSON", () => text("{")],
      ["no text", () => Uint8Array.of(0xff)],
      ["a list", () => text([])],
      ["no outcome", () => text(times)],
      ["an outcome without validations", () => text({ ...times, outcome: {} })],
      ["an outcome with some validations", () => text({ ...times, outcome: { validations: {}, targetArtifact: {} } })],
      ["an outcome that refuses", (kept) => text(JSON.stringify(kept).replaceAll("passed", "failed"))],
      ["times that are none", (kept) => text({ ...kept, since: "0", until: "9" })],
    ])("that gives %s: it is as if there were nothing", async (_, written) => {
      const { entries, cache } = store();
      const { ask } = scene({ cache });
      await ask();
      for (const [key, bytes] of entries) {
        entries.set(key, written(JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>));
      }
      expect(await ask()).toMatchObject({ verdict: "verified", kept: undefined });
    });
  });
});
