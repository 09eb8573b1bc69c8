/** Attestations that both the real Kyverno CLI and this engine are asked for. */
import { type FixtureCertificates, type FixtureImages, type Json, type KyvernoCase, pod } from "./kyverno_cases.ts";

const SBOM = "sbom/cyclone-dx";
const REPORT = "trivy/vulnerability";

const all = (key: unknown, operator: string, value: unknown, message?: string): Json => ({
  all: [{ key, operator, value, ...(message === undefined ? {} : { message }) }],
});

/** No component under GPL-3.0, as Kyverno's page asks. */
const LICENSES = "{{ components[].licenses[].expression }}";
const FREE = all(LICENSES, "AllNotIn", ["GPL-3.0"]);
const CRITICAL = "{{ report.Results[].Vulnerabilities[?Severity == 'CRITICAL'][].VulnerabilityID }}";

/**
 * Every case about attestations.
 *
 * @param images References `host/repository:tag` in the registry both ask.
 * @param certificates PEM texts.
 */
export function attestationCases(
  images: FixtureImages,
  certificates: FixtureCertificates,
): readonly KyvernoCase[] {
  const entry = (cert: string): Json => ({ certificates: { cert } });
  const by = (...certs: readonly string[]): readonly Json[] => [{ entries: certs.map(entry) }];
  const own = by(certificates.signer);
  const foreign = by(certificates.stranger);
  const sbom = (more: Json = {}): Json => ({ type: SBOM, attestors: own, ...more });
  const report = (more: Json = {}): Json => ({ type: REPORT, attestors: own, ...more });
  const one = (
    name: string,
    tag: string,
    expect: KyvernoCase["expect"],
    verify: Json,
    more: Partial<KyvernoCase> = {},
  ): KyvernoCase => ({
    name: `attestations: ${name}`,
    expect,
    verify,
    resource: pod([images.attestations(tag)]),
    ...more,
  });
  const asking = (...attestations: readonly Json[]): Json => ({ attestations });
  const conditions = (...blocks: readonly Json[]): Json => asking(sbom({ conditions: blocks }));
  const deny = (validate: Json, ...attestations: readonly Json[]): Json => ({
    attestations: attestations.length > 0 ? attestations : [sbom({ name: "sbom" }), report({ name: "report" })],
    validate,
  });
  return [
    one("signed", "good", "admitted", asking(sbom())),
    one("an SBOM without components", "", "admitted", conditions(FREE), { resource: pod([images.attested]) }),
    one("a type that is no media type", "", "admitted", asking(sbom({ type: "vulnerability-scan" })), {
      resource: pod([images.attested]),
    }),
    one("two types", "good", "admitted", asking(sbom(), report())),
    one("without attestors of the image", "good", "admitted", { attestors: undefined, ...asking(sbom()) }),
    one("of an image that is not signed, no attestors", "unsigned-image", "admitted", {
      attestors: undefined,
      ...asking(sbom()),
    }),
    one("of an image that is not signed", "unsigned-image", "denied", asking(sbom())),
    one("predicateType", "good", "admitted", asking({ predicateType: SBOM, attestors: own })),
    one("predicateType beside type", "good", "admitted", asking(sbom({ predicateType: REPORT }))),
    one("none of the type", "bare", "denied", asking(sbom()), { deviation: "attestation-none-text" }),
    one("none of the second type", "gpl", "denied", asking(sbom(), report()), { deviation: "attestation-none-text" }),
    one("a type in capitals", "capital", "denied", asking(sbom()), { deviation: "attestation-none-text" }),
    one("the type in capitals", "capital", "admitted", asking(sbom({ type: "SBOM/cyclone-dx" }))),
    one("type with a wildcard", "good", "denied", asking(sbom({ type: "sbom/*" })), {
      deviation: "attestation-none-text",
    }),
    one("not signed", "not-signed", "denied", asking(sbom())),
    one("signed by another", "by-impostor", "denied", asking(sbom())),
    one("another trusted", "good", "denied", asking(sbom({ attestors: foreign }))),
    one("another trusted for the second", "good", "denied", asking(sbom(), report({ attestors: foreign }))),
    one(
      "count 1 of two, second signed",
      "good",
      "admitted",
      asking(
        sbom({ attestors: [{ count: 1, entries: [entry(certificates.stranger), entry(certificates.signer)] }] }),
      ),
    ),
    one(
      "count 1 of two, neither signed",
      "good",
      "denied",
      asking(
        sbom({ attestors: [{ count: 1, entries: [entry(certificates.stranger), entry(certificates.oddName)] }] }),
      ),
    ),
    one(
      "both of two, one signed",
      "good",
      "denied",
      asking(
        sbom({ attestors: by(certificates.signer, certificates.stranger) }),
      ),
    ),
    one(
      "both of two, both signed",
      "by-two",
      "admitted",
      asking(
        sbom({ attestors: by(certificates.signer, certificates.release) }),
      ),
    ),
    one(
      "two sets, both signed",
      "by-two",
      "admitted",
      asking(
        sbom({ attestors: [...own, ...by(certificates.release)] }),
      ),
    ),
    one(
      "two sets, the second not signed",
      "good",
      "denied",
      asking(
        sbom({ attestors: [...own, ...by(certificates.release)] }),
      ),
    ),
    one(
      "two sets, the first not signed",
      "good",
      "denied",
      asking(
        sbom({ attestors: [...by(certificates.release), ...own] }),
      ),
    ),
    one(
      "two sets, one SBOM by each",
      "one-by-each",
      "denied",
      asking(
        sbom({ attestors: [...own, ...by(certificates.release)] }),
      ),
      { deviation: "attestation-all-referrers" },
    ),
    one("the second of a type signed", "second-signed", "denied", asking(sbom()), {
      deviation: "attestation-all-referrers",
      ours: "admitted",
    }),
    one("the second of a type meets the conditions", "second-free", "denied", conditions(FREE), {
      deviation: "attestation-all-referrers",
      ours: "admitted",
    }),
    ...["no-layer", "two-layers", "json-list", "no-json"].map((tag) =>
      one(`content: ${tag}`, tag, "denied", asking(sbom()), { deviation: "attestation-content-text" })
    ),
    one("content: name-twice", "name-twice", "admitted", asking(sbom()), {
      deviation: "attestation-json-strict",
      ours: "denied",
    }),
    one("content: gzip", "gzip", "admitted", asking(sbom()), { deviation: "attestation-gzip", ours: "denied" }),
    one("conditions hold", "good", "admitted", conditions(FREE)),
    one("conditions do not hold", "gpl", "denied", conditions(FREE)),
    one(
      "conditions do not hold, with a message",
      "gpl",
      "denied",
      conditions(
        all(LICENSES, "AllNotIn", ["GPL-3.0"], "no GPL here"),
      ),
    ),
    one(
      "a message with a list in it",
      "gpl",
      "denied",
      conditions(
        all(LICENSES, "AllNotIn", ["GPL-3.0"], `licenses ${LICENSES} are bad`),
      ),
    ),
    one(
      "a message with an object in it",
      "gpl",
      "denied",
      conditions(
        all(LICENSES, "AllNotIn", ["GPL-3.0"], "metadata {{ metadata }}, version {{ specVersion }}"),
      ),
    ),
    one(
      "a message with an unknown variable",
      "gpl",
      "denied",
      conditions(
        all(LICENSES, "AllNotIn", ["GPL-3.0"], "see {{ nowhere }}"),
      ),
    ),
    one(
      "several messages",
      "gpl",
      "denied",
      conditions({
        any: [
          { key: "{{ bomFormat }}", operator: "Equals", value: "SPDX", message: "not SPDX" },
          { key: "{{ specVersion }}", operator: "Equals", value: "1.0", message: "not 1.0" },
        ],
        all: [{ key: "{{ specVersion }}", operator: "Equals", value: "1.4", message: "not 1.4" }],
      }),
    ),
    one(
      "two blocks, the second does not hold",
      "gpl",
      "denied",
      conditions(
        all("{{ bomFormat }}", "Equals", "CycloneDX", "a CycloneDX document"),
        all(LICENSES, "AllNotIn", ["GPL-3.0"], "no GPL here"),
      ),
    ),
    one(
      "any of two holds",
      "gpl",
      "admitted",
      conditions({
        any: [
          { key: "{{ bomFormat }}", operator: "Equals", value: "SPDX" },
          { key: "{{ bomFormat }}", operator: "Equals", value: "CycloneDX" },
        ],
      }),
    ),
    one("an unknown variable", "good", "denied", conditions(all("{{ nowhere }}", "Equals", "x"))),
    one(
      "an unknown variable where nothing hangs on it",
      "good",
      "denied",
      conditions({
        any: [
          { key: "{{ bomFormat }}", operator: "Equals", value: "CycloneDX" },
          { key: "{{ nowhere }}", operator: "Equals", value: "x" },
        ],
      }),
    ),
    one(
      "an unknown variable with a default",
      "good",
      "admitted",
      conditions(
        all("{{ nowhere || 'none' }}", "Equals", "none"),
      ),
    ),
    one("a broken expression", "good", "denied", conditions(all("{{ components[ }}", "Equals", "x")), {
      deviation: "attestation-expression-text",
    }),
    one(
      "under its name",
      "good",
      "admitted",
      asking(
        sbom({ name: "sbom", conditions: [all("{{ sbom.bomFormat }}", "Equals", "CycloneDX")] }),
      ),
    ),
    one(
      "the request and the image beside it",
      "good",
      "admitted",
      conditions(
        all("{{ request.object.metadata.name }}", "Equals", "test"),
        all("{{ image.tag }}", "Equals", "good"),
      ),
    ),
    one(
      "a name in the next attestation",
      "good",
      "admitted",
      asking(
        sbom({ name: "sbom" }),
        report({ conditions: [all("{{ sbom.components[0].name }}", "Equals", "component-1")] }),
      ),
    ),
    ...(["admitted", "denied"] as const).map((told): KyvernoCase => {
      // Kyverno keeps a name for the entries that follow: another image's SBOM answers for this one.
      const [first, second] = [images.attestations("good"), images.attestations("gpl")];
      const asked = { type: "Notary", attestors: own };
      const wanted = told === "admitted" ? "component-1" : "else";
      const named = sbom({ conditions: [all("{{ sbom.components[0].name }}", "Equals", wanted)] });
      return {
        name: `attestations: ${told} by a name of the entry before, of another image`,
        expect: told,
        rules: [{
          verifyImages: [
            { ...asked, imageReferences: [first], attestations: [sbom({ name: "sbom" })] },
            { ...asked, imageReferences: [second], attestations: [named] },
          ],
        }],
        resource: pod([first, second]),
        deviation: "attestation-name-within-entry",
        ours: "denied",
      };
    }),
    one(
      "a name in the next attestation, which it contradicts",
      "good",
      "denied",
      asking(
        sbom({ name: "sbom" }),
        report({ conditions: [all("{{ sbom.components[0].name }}", "Equals", "else", "another component")] }),
      ),
      { deviation: "attestation-entry-index" },
    ),
    one(
      "members of the first in the second",
      "good",
      "denied",
      asking(
        sbom(),
        report({ conditions: [all("{{ bomFormat }}", "Equals", "CycloneDX")] }),
      ),
      { deviation: "attestation-entry-index" },
    ),
    one(
      "the second's conditions, of two entries",
      "critical",
      "denied",
      asking(
        sbom(),
        report({ conditions: [all("{{ Results[0].Vulnerabilities[0].Severity }}", "NotEquals", "CRITICAL")] }),
      ),
      { deviation: "attestation-entry-index" },
    ),
    one(
      "deny does not hold",
      "good",
      "admitted",
      deny({
        message: "critical findings",
        deny: { conditions: all(CRITICAL, "AnyIn", ["CVE-2026-0001"]) },
      }),
    ),
    one(
      "deny holds",
      "critical",
      "denied",
      deny({
        message: "critical findings",
        deny: { conditions: all(CRITICAL, "AnyIn", ["CVE-2026-0001"]) },
      }),
    ),
    one(
      "deny holds, both messages",
      "critical",
      "denied",
      deny({
        message: "critical findings",
        deny: { conditions: all(CRITICAL, "AnyIn", ["CVE-2026-0001"], `found ${CRITICAL}`) },
      }),
    ),
    one(
      "deny holds, variables in the message",
      "critical",
      "denied",
      deny({
        message: "found {{ report.Results[0].Target }}",
        deny: { conditions: all(CRITICAL, "AnyIn", ["CVE-2026-0001"], "critical") },
      }),
      { deviation: "deny-message-resolved-later" },
    ),
    one(
      "deny holds, no message",
      "critical",
      "denied",
      deny({
        deny: { conditions: all(CRITICAL, "AnyIn", ["CVE-2026-0001"]) },
      }),
    ),
    one(
      "deny holds, the message of its condition alone",
      "critical",
      "denied",
      deny({
        deny: { conditions: all(CRITICAL, "AnyIn", ["CVE-2026-0001"], "critical") },
      }),
    ),
    one(
      "deny holds, the older list",
      "critical",
      "denied",
      deny({
        message: "critical findings",
        deny: { conditions: [{ key: CRITICAL, operator: "AnyIn", value: ["CVE-2026-0001"] }] },
      }),
    ),
    one(
      "deny holds over two attestations",
      "critical",
      "denied",
      deny({
        message: "both are there",
        deny: {
          conditions: {
            all: [
              { key: "{{ sbom.bomFormat }}", operator: "Equals", value: "CycloneDX" },
              { key: "{{ report.SchemaVersion }}", operator: "Equals", value: 2 },
            ],
          },
        },
      }),
    ),
    one("deny without attestations", "good", "admitted", {
      validate: { message: "no", deny: { conditions: all("{{ request.object.metadata.name }}", "Equals", "test") } },
    }, { deviation: "deny-without-attestations", ours: "denied" }),
    one("deny without attestations, which does not hold", "good", "admitted", {
      validate: { message: "no", deny: { conditions: all("{{ request.object.metadata.name }}", "Equals", "other") } },
    }, { deviation: "deny-without-attestations" }),
  ];
}
