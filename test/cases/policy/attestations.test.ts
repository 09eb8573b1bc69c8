/** Attestations in policies: what has to be attested, by whom, and what it has to say; in Kyverno's words. */
import { describe, expect, it } from "vitest";
import { openLayout, readLayout } from "../../../src/oci/mod.ts";
import { all, askAbout, by, type Json, pinned, report, REPOSITORY, saying, SBOM, sbom, tagged } from "./attested.ts";
import { trusting } from "./policies.ts";
import { crypto, digestOf } from "./world.ts";

const LICENSES = "{{ components[].licenses[].expression }}";
const FREE = all(LICENSES, "AllNotIn", ["GPL-3.0"]);
const CRITICAL = "{{ report.Results[].Vulnerabilities[?Severity == 'CRITICAL'][].VulnerabilityID }}";

const failed = (error: string, verified = 0, required = 1): string =>
  `image attestations verification failed, verifiedCount: ${verified}, requiredCount: ${required}, error: ${error}`;
const ENTRY = ".attestations[0].attestors[0].entries[0]";
const notMet = (tag: string, message: string): string =>
  failed(`${ENTRY}: attestation checks failed for ${pinned(tag)} and predicate ${SBOM}: ${message}`);

type Row = readonly [name: string, tag: string, verify: Json, message: string];

const ADMITTED: readonly Row[] = [
  ["one type", "good", { attestations: [sbom()] }, `verified image attestations for ${pinned("good")}`],
  ["two types", "good", { attestations: [sbom(), report()] }, `verified image attestations for ${pinned("good")}`],
  [
    "an image nobody has to have signed",
    "unsigned-image",
    { attestors: undefined, attestations: [sbom()] },
    `verified image attestations for ${pinned("unsigned-image")}`,
  ],
  [
    "by the image's attestors, as it names none",
    "good",
    { attestations: [{ type: SBOM }] },
    `verified image attestations for ${pinned("good")}`,
  ],
  [
    "by the image's attestors, as its list is empty",
    "good",
    { attestations: [sbom({ attestors: [] })] },
    `verified image attestations for ${pinned("good")}`,
  ],
  [
    "under the older name of its type",
    "good",
    { attestations: [{ predicateType: SBOM, attestors: by("fixture-signer") }] },
    `verified image attestations for ${pinned("good")}`,
  ],
  ["conditions that hold", "good", { attestations: [sbom({ conditions: [FREE] })] }, expectedPass("good")],
  [
    "the second of its type signed",
    "second-signed",
    { attestations: [sbom()] },
    expectedPass("second-signed"),
  ],
  [
    "the second of its type meeting the conditions",
    "second-free",
    { attestations: [sbom({ conditions: [FREE] })] },
    expectedPass("second-free"),
  ],
  [
    "signed by both",
    "by-two",
    { attestations: [sbom({ attestors: by("fixture-signer", "release-root") })] },
    expectedPass("by-two"),
  ],
  [
    "signed by both, in two sets",
    "by-two",
    { attestations: [sbom({ attestors: [...by("fixture-signer"), ...by("release-root")] })] },
    expectedPass("by-two"),
  ],
  [
    "a nested set",
    "good",
    {
      attestations: [
        sbom({
          attestors: [{
            entries: [{ attestor: { count: 1, entries: [trusting("rsa-3072-self"), trusting("fixture-signer")] } }],
          }],
        }),
      ],
    },
    expectedPass("good"),
  ],
  [
    "a name the next attestation's conditions ask for",
    "good",
    {
      attestations: [
        sbom({ name: "sbom" }),
        report({ conditions: [all("{{ sbom.components[0].name }}", "Equals", "component-1")] }),
      ],
    },
    expectedPass("good"),
  ],
  [
    "validate.deny that does not hold",
    "good",
    {
      attestations: [report({ name: "report" })],
      validate: { message: "critical", deny: { conditions: all(CRITICAL, "AnyIn", ["CVE-2026-0001"]) } },
    },
    "verifyImages validation is passed in verify-signature-notary rule",
  ],
];

function expectedPass(tag: string): string {
  return `verified image attestations for ${pinned(tag)}`;
}

const DENIED: readonly Row[] = [
  [
    "none of the type",
    "bare",
    { attestations: [sbom()] },
    failed(`no matching attestations found for image ${pinned("bare")} with type ${SBOM}`),
  ],
  [
    "none of the type, nobody has to have signed the image",
    "bare",
    { attestors: undefined, attestations: [sbom()] },
    failed(`no matching attestations found for image ${tagged("bare")} with type ${SBOM}`),
  ],
  [
    "a type that differs in capitals",
    "capital",
    { attestations: [sbom()] },
    failed(`no matching attestations found for image ${pinned("capital")} with type ${SBOM}`),
  ],
  ["conditions that do not hold", "gpl", { attestations: [sbom({ conditions: [FREE] })] }, notMet("gpl", "")],
  [
    "conditions that do not hold, with a message",
    "gpl",
    { attestations: [sbom({ conditions: [all(LICENSES, "AllNotIn", ["GPL-3.0"], `licenses ${LICENSES} bad`)] })] },
    notMet("gpl", 'licenses ["MIT","GPL-3.0"] bad'),
  ],
  [
    "conditions of a variable that is not there",
    "gpl",
    { attestations: [sbom({ conditions: [all("{{ nowhere }}", "Equals", "x")] })] },
    failed(
      `${ENTRY}: failed to check attestations: failed to substitute variables in attestation conditions: failed to ` +
        'resolve nowhere at path /0/all/0/key: JMESPath query failed: Unknown key "nowhere" in path',
    ),
  ],
  [
    "the members of the first in the conditions of the second",
    "good",
    { attestations: [sbom(), report({ conditions: [all("{{ bomFormat }}", "Equals", "CycloneDX")] })] },
    failed(
      ".attestations[1].attestors[0].entries[0]: failed to check attestations: failed to substitute variables in " +
        "attestation conditions: failed to resolve bomFormat at path /0/all/0/key: JMESPath query failed: Unknown key " +
        '"bomFormat" in path',
    ),
  ],
  [
    "validate.deny that holds",
    "critical",
    {
      attestations: [sbom({ name: "sbom" }), report({ name: "report" })],
      validate: {
        message: "{{ report.Results[0].Target }} is broken",
        deny: { conditions: all(CRITICAL, "AnyIn", ["CVE-2026-0001"], `found ${CRITICAL}`) },
      },
    },
    'validation in verifyImages failed: app is broken; found ["CVE-2026-0001"]',
  ],
  [
    "validate.deny that holds and says nothing",
    "critical",
    {
      attestations: [report({ name: "report" })],
      validate: { deny: { conditions: all(CRITICAL, "AnyIn", ["CVE-2026-0001"]) } },
    },
    "validation in verifyImages failed: validation error: imageVerify  failed",
  ],
  [
    "validate.deny over two attestations",
    "critical",
    {
      attestations: [sbom({ name: "sbom" }), report({ name: "report" })],
      validate: {
        message: "both",
        deny: {
          conditions: {
            all: [
              { key: "{{ sbom.bomFormat }}", operator: "Equals", value: "CycloneDX" },
              { key: "{{ report.SchemaVersion }}", operator: "Equals", value: 2 },
            ],
          },
        },
      },
    },
    "validation in verifyImages failed: both",
  ],
  [
    "validate.deny of a variable that is not there",
    "good",
    { attestations: [sbom()], validate: { message: "no", deny: { conditions: all("{{ sbom.x }}", "Equals", "x") } } },
    "validation in verifyImages failed: failed to check deny conditions: failed to substitute variables in condition " +
    'key: failed to resolve sbom.x at path : JMESPath query failed: Unknown key "sbom" in path',
  ],
  [
    "validate.deny without attestations",
    "good",
    { validate: { message: "no", deny: { conditions: all("{{ image.tag }}", "Equals", "good") } } },
    "validation in verifyImages failed: no",
  ],
  [
    "validate.deny and nobody who has to vouch for anything",
    "good",
    {
      attestors: undefined,
      validate: { message: "no", deny: { conditions: all("{{ image.tag }}", "Equals", "good") } },
    },
    "validation in verifyImages failed: no",
  ],
];

describe("attestations", () => {
  it.each(ADMITTED)("are found: %s", async (_, tag, verify, message) => {
    const { response, decision } = await askAbout(tag, verify);
    expect({ status: response.status, message: response.message }).toEqual({ status: "pass", message });
    expect(response.digest).toBe(digestOf(tagged(tag)));
    expect(decision.allowed).toBe(true);
    expect(decision.patches.find(({ path }) => path === response.pointer)?.value).toBe(
      `${tagged(tag)}@${digestOf(tagged(tag))}`,
    );
  });

  it.each(DENIED)("are refused: %s", async (_, tag, verify, message) => {
    const { response, decision } = await askAbout(tag, verify);
    expect({ status: response.status, message: response.message }).toEqual({ status: "fail", message });
    expect(response.refusal).toMatchObject({ class: expect.stringMatching(/^(denied|misconfigured)$/), retry: false });
    expect(response.pin).toBeUndefined();
    expect(decision).toMatchObject({ allowed: false, patches: [] });
  });

  it("names the attestation's manifest where nobody trusted has signed it", async () => {
    const unsigned = await askAbout("not-signed", { attestations: [sbom()] });
    expect(unsigned.response.message).toMatch(
      /^image attestations verification failed, verifiedCount: 0, requiredCount: 1, error: no signature is associated with "registry\.example\/attestations@sha256:[0-9a-f]{64}", make sure the image was signed successfully$/,
    );
    expect(unsigned.response.message).not.toContain(digestOf(tagged("not-signed")));
    const foreign = await askAbout("by-impostor", { attestations: [sbom()] });
    expect(foreign.response.message).toMatch(
      /error: signature verification failed\nfailed to verify signature with digest sha256:[0-9a-f]{64}, the signature's certificate chain does not contain any trusted certificate$/,
    );
    expect(foreign.response.refusal?.code).toBe("SIGNER_NOT_TRUSTED");
  });

  it("asks for one that is all at once: two of which each is half do not add up", async () => {
    const both = { attestations: [sbom({ attestors: [...by("fixture-signer"), ...by("release-root")] })] };
    expect((await askAbout("one-by-each", both)).response.status).toBe("fail");
    const two = { attestations: [sbom({ attestors: by("fixture-signer", "release-root") })] };
    expect((await askAbout("one-by-each", two)).response.message).toContain("verifiedCount: 1, requiredCount: 2");
    const either = { attestations: [sbom({ attestors: [{ count: 1, entries: [trusting("release-root")] }] })] };
    expect((await askAbout("one-by-each", either)).response.status).toBe("pass");
  });

  it("names the reasons of all of the type", async () => {
    const gpl = { attestations: [sbom({ conditions: [all(LICENSES, "AnyIn", ["BSD"], `has ${LICENSES}`)] })] };
    const { message } = (await askAbout("second-free", gpl)).response;
    expect(message).toContain('has ["GPL-3.0"]; ');
    expect(message).toContain('has ["MIT"]');
  });

  it("verifies the image's signatures first, and asks for nothing more where they fail", async () => {
    const { response, asked } = await askAbout("unsigned-image", { attestations: [sbom()] });
    expect(response.message).toMatch(/^failed to verify image registry\.example\/attestations:unsigned-image: /);
    expect(asked.some((line) => line.startsWith("blob"))).toBe(false);
  });

  it("keeps what was found about the image and about each attestation", async () => {
    const { response } = await askAbout("good", { attestations: [sbom(), report()] });
    expect(response.outcomes.map(({ verdict }) => verdict)).toEqual(["verified", "verified", "verified"]);
    const [image, ...attestations] = response.outcomes;
    expect(image?.descriptor.digest).toBe(digestOf(tagged("good")));
    expect(new Set(attestations.map(({ descriptor }) => descriptor.digest)).size).toBe(2);
  });

  it("asks once for what several conditions are about", async () => {
    const once = await askAbout("good", { attestations: [sbom({ conditions: [FREE] })] });
    const more = await askAbout("good", {
      attestations: [
        sbom({ name: "one", conditions: [FREE] }),
        sbom({ name: "two", conditions: [all("{{ one.bomFormat }}", "Equals", "{{ bomFormat }}")] }),
      ],
      validate: { deny: { conditions: all("{{ one.bomFormat }}", "NotEquals", "{{ two.bomFormat }}") } },
    });
    expect(more.response.status).toBe("pass");
    expect([...more.asked].sort()).toEqual([...once.asked].sort());
    expect(new Set(once.asked.filter((line) => !line.startsWith("referrers"))).size).toBe(
      once.asked.filter((line) => !line.startsWith("referrers")).length,
    );
    // The image: HEAD, its signatures, manifest, envelope. The SBOM: its list, HEAD, signatures, manifest, envelope;
    // its own manifest and content.
    expect(once.asked).toHaveLength(11);
  });
});

describe("in the validating webhook", () => {
  it.each<[name: string, tag: string, verify: Json, allowed: boolean]>([
    ["good", "good", { attestations: [sbom({ conditions: [FREE] })] }, true],
    ["not to be found", "bare", { attestations: [sbom()] }, false],
    ["bad", "gpl", { attestations: [sbom({ conditions: [FREE] })] }, false],
    ["good, the image's attestors left out", "good", { attestors: undefined, attestations: [sbom()] }, true],
    ["bad, the image's attestors left out", "gpl", {
      attestors: undefined,
      attestations: [sbom({ conditions: [FREE] })],
    }, false],
    ["denied", "critical", {
      attestations: [report({ name: "report" })],
      validate: { deny: { conditions: all(CRITICAL, "AnyIn", ["CVE-2026-0001"]) } },
    }, false],
  ])("attestations are verified again: %s", async (_, tag, verify, allowed) => {
    const { decision, response } = await askAbout(tag, verify, { phase: "validate", image: pinned(tag) });
    expect(decision.allowed).toBe(allowed);
    expect(response.message).toBe(allowed ? "image verified" : `unverified image ${pinned(tag)}`);
  });
});

describe("what an attestation says", () => {
  it('does not change what the request and the rule call theirs: "attestation-root-names"', async () => {
    const hostile = JSON.stringify({
      request: { namespace: "trusted", object: { metadata: { name: "trusted" } } },
      image: { tag: "trusted" },
      images: {},
      serviceAccountName: "trusted",
      first: "trusted",
    });
    const conditions = [
      all("{{ request.namespace }}", "Equals", "default"),
      all("{{ request.object.metadata.name }}", "Equals", "test"),
      all("{{ image.tag }}", "Equals", "good"),
      all("{{ serviceAccountName }}", "Equals", ""),
      all("{{ first.Results[0].Target }}", "Equals", "app"),
      all("{{ sbom.request.namespace }}", "Equals", "trusted"),
    ];
    const attestations = [report({ name: "first" }), sbom({ name: "sbom", conditions })];
    const { response } = await askAbout("good", { attestations }, {
      changes: { spec: { background: false } },
      change: saying(hostile),
    });
    expect(response.message).toBe(expectedPass("good"));
  });

  it.each([
    ["__proto__", '{"__proto__":{"polluted":"yes"},"bomFormat":"x"}'],
    ["constructor", '{"constructor":{"prototype":{"polluted":"yes"}},"bomFormat":"x"}'],
    ["toString", '{"toString":"x","hasOwnProperty":"x","bomFormat":"x"}'],
  ])("may have any name for a member: %s", async (_, content) => {
    const attestations = [sbom({ name: "sbom", conditions: [all("{{ bomFormat }}", "Equals", "x")] })];
    const { response } = await askAbout("good", { attestations }, { change: saying(content) });
    expect(response.status).toBe("pass");
    expect("polluted" in {}).toBe(false);
  });

  it("is text like any other in a message: no variable, no control character", async () => {
    const content = JSON.stringify({ bomFormat: "{{ request.object.metadata.name }}\n\u001b[31mred" });
    const conditions = [all("{{ bomFormat }}", "Equals", "CycloneDX", "got {{ bomFormat }}")];
    const { response } = await askAbout("good", { attestations: [sbom({ conditions })] }, { change: saying(content) });
    expect(response.message).toBe(notMet("good", "got {{ request.object.metadata.name }}\\n\\x1b[31mred"));
  });

  it('is asked of the image it is about: "attestation-foreign-subject"', async () => {
    const folder = new URL("../../fixtures/layouts/attestations", import.meta.url).pathname;
    const { files } = await import("../../../src/runtime/files.ts");
    const open = openLayout(await readLayout({ files, folder }, crypto), crypto);
    const honest = open({ registry: "registry.example", repository: "attestations" });
    const [, good] = [0, digestOf(tagged("good"))];
    const { response } = await askAbout("bare", { attestations: [sbom()] }, {
      change: (repository) => ({
        listReferrers: (subject, options) =>
          options.artifactType === SBOM && subject.digest === digestOf(tagged("bare"))
            ? honest.listReferrers({ digest: good as typeof subject.digest }, options)
            : repository.listReferrers(subject, options),
      }),
    });
    expect(response.message).toMatch(
      new RegExp(
        `Cannot use attestation "sha256:[0-9a-f]{64}": its subject is "${good}", expected "${
          digestOf(tagged("bare"))
        }"$`,
      ),
    );
    expect(response.refusal?.code).toBe("ERR_ATTESTATION");
    expect(REPOSITORY).toBe(honest.name);
  });
});
