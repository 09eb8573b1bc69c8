import { describe, expect, it } from "vitest";
import type { Descriptor, Digest } from "../../../../src/oci/mod.ts";
import { ANSI, PLAIN } from "../../../../src/cli/render/colours.ts";
import {
  type ReferrerTree,
  renderReferrerJson,
  renderReferrerTable,
  renderReferrerTree,
} from "../../../../src/cli/render/referrers.ts";
import { TABLE_016, TERMINAL, TREE, TREE_016, TREE_101_VERBOSE, TREE_PLAIN } from "./oras_outputs.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const NOTATION = "application/vnd.cncf.notary.signature";
const PATH = "127.0.0.1:5205/kyverno/test-verify-image";
const THUMBPRINT = {
  "io.cncf.notary.x509chain.thumbprint#S256": '["bbb349c929673a0728d4c21d63d1c5128b3c749e0d08af9b085a9c17db6d8952"]',
};
const created = (at: string) => ({ "org.opencontainers.image.created": at });

function referrer(
  artifactType: string,
  digest: string,
  annotations: Readonly<Record<string, string>>,
  referrers: readonly ReferrerTree[] = [],
): ReferrerTree {
  const descriptor = {
    mediaType: MANIFEST,
    digest: `sha256:${digest}` as Digest,
    size: 793,
    artifactType,
    annotations,
  };
  return { descriptor, referrers };
}

const signature = (digest: string) => referrer(NOTATION, digest, { ...created("2026-11-23T08:40:50Z"), ...THUMBPRINT });

const root: Descriptor = {
  mediaType: "application/vnd.docker.distribution.manifest.v2+json",
  digest: "sha256:3b4d56f41cc8a9b8fe9bb1b314f4fe43e873431cbed9474044c70ceb20d73696",
  size: 422,
};
const tree: ReferrerTree = {
  descriptor: root,
  referrers: [
    signature("72ce6bcbecce0fd1d24ec2003fe06b0d21df4067871ab434962494edf898d23f"),
    referrer(
      "vulnerability-scan",
      "c337a3e0017446ea6bd9625d6c4c4b43d8dde4cc59a4343cbcdc62e30c67a5d3",
      created("2023-05-22T21:15:18Z"),
      [
        signature("86bf93b9a9c1a9e49e2ca51ea46be729f401cbcf7f5d71edace0eaf251f410da"),
      ],
    ),
    referrer(
      "sbom/cyclone-dx",
      "6b6bbf5b221c0b94adf166bf4ca6ec8664ad00924a936f2c8ea1cf0aa52ec040",
      created("2026-11-23T08:40:50Z"),
      [
        signature("25f92e16c3658122fe635cf082ae988d0a3d0a190f695c24fe25ef1f75c1470d"),
      ],
    ),
  ],
};

describe("renderReferrerTree() prints what oras prints", () => {
  const resolved = `${PATH}@${root.digest}`;
  it.each(
    [
      ["1.3.6", { root: resolved, annotations: "titled", palette: PLAIN }, TREE],
      ["1.3.6 with -v=false", { root: resolved, annotations: "hidden", palette: PLAIN }, TREE_PLAIN],
      ["1.3.6 on a terminal", { root: resolved, annotations: "titled", palette: ANSI }, TERMINAL],
      ["0.16.0, the seed's form", { root: `${PATH}:signed`, annotations: "hidden", palette: PLAIN }, TREE_016],
      ["1.0.1 with -v", { root: resolved, annotations: "bare", palette: PLAIN }, TREE_101_VERBOSE],
    ] as const,
  )("%s", (_, options, expected) => {
    expect(renderReferrerTree(tree, options)).toBe(expected);
  });

  it("gathers one type where it comes first and calls a missing type <unknown>", () => {
    const { referrers: [first, second] } = tree;
    const mixed = {
      descriptor: root,
      referrers: [
        referrer("dup/type", "1".repeat(64), { n: "1" }),
        referrer("", "2".repeat(64), {}),
        referrer("dup/type", "3".repeat(64), { n: "2" }),
      ],
    };
    expect(first).toBeDefined();
    expect(second).toBeDefined();
    expect(renderReferrerTree(mixed, { root: "r", annotations: "titled", palette: PLAIN })).toBe(
      `r
├── dup/type
│   ├── sha256:${"1".repeat(64)}
│   │   └── [annotations]
│   │       └── 'n': "1"
│   └── sha256:${"3".repeat(64)}
│       └── [annotations]
│           └── 'n': "2"
└── <unknown>
    └── sha256:${"2".repeat(64)}
`,
    );
  });

  it("never prints an artifact type or an annotation raw", () => {
    const hostile = {
      descriptor: root,
      referrers: [referrer("a/b\u001b]0;x\u0007\n└── fake", "1".repeat(64), { "k\u001b[2J": "v\u202e\nw" })],
    };
    const text = renderReferrerTree(hostile, { root: "r", annotations: "titled", palette: PLAIN });
    expect(text.split("\n")).toHaveLength(6);
    // deno-lint-ignore no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});

describe("renderReferrerJson()", () => {
  it("prints the members in oras's order, annotations sorted, leaves with an empty list", () => {
    const direct = { descriptor: root, referrers: tree.referrers.slice(0, 1) };
    expect(renderReferrerJson(direct, PATH)).toBe(`{
  "reference": "${PATH}@${root.digest}",
  "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
  "digest": "${root.digest}",
  "size": 422,
  "referrers": [
    {
      "reference": "${PATH}@sha256:72ce6bcbecce0fd1d24ec2003fe06b0d21df4067871ab434962494edf898d23f",
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "sha256:72ce6bcbecce0fd1d24ec2003fe06b0d21df4067871ab434962494edf898d23f",
      "size": 793,
      "annotations": {
        "io.cncf.notary.x509chain.thumbprint#S256": "[\\"bbb349c929673a0728d4c21d63d1c5128b3c749e0d08af9b085a9c17db6d8952\\"]",
        "org.opencontainers.image.created": "2026-11-23T08:40:50Z"
      },
      "artifactType": "application/vnd.cncf.notary.signature",
      "referrers": []
    }
  ]
}
`);
  });
});

describe("renderReferrerTable()", () => {
  it("prints oras's columns", () => {
    expect(renderReferrerTable(tree, `${PATH}:signed`, false)).toBe(TABLE_016);
  });

  it("counts one artifact in the singular and none without columns", () => {
    const one = { descriptor: root, referrers: tree.referrers.slice(2) };
    expect(renderReferrerTable(one, "r:t", false)).toBe(
      `Discovered 1 artifact referencing r:t\nDigest: ${root.digest}\n\n` +
        `Artifact Type     Digest\nsbom/cyclone-dx   ${tree.referrers[2]?.descriptor.digest}\n`,
    );
    expect(renderReferrerTable({ descriptor: root, referrers: [] }, "r:t", true)).toBe(
      `Discovered 0 artifacts referencing r:t\nDigest: ${root.digest}\n`,
    );
  });
});
