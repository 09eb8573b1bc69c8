/** What oras printed of one repository on olareg 0.1.2: 1.3.6, on a pipe and on a terminal, and releases before it. */

/** `oras discover` 1.3.6; its annotations come in any order, here sorted. */
export const TREE =
  `127.0.0.1:5205/kyverno/test-verify-image@sha256:3b4d56f41cc8a9b8fe9bb1b314f4fe43e873431cbed9474044c70ceb20d73696
├── application/vnd.cncf.notary.signature
│   └── sha256:72ce6bcbecce0fd1d24ec2003fe06b0d21df4067871ab434962494edf898d23f
│       └── [annotations]
│           ├── io.cncf.notary.x509chain.thumbprint#S256: '["bbb349c929673a0728d4c21d63d1c5128b3c749e0d08af9b085a9c17db6d8952"]'
│           └── org.opencontainers.image.created: "2026-11-23T08:40:50Z"
├── vulnerability-scan
│   └── sha256:c337a3e0017446ea6bd9625d6c4c4b43d8dde4cc59a4343cbcdc62e30c67a5d3
│       ├── [annotations]
│       │   └── org.opencontainers.image.created: "2023-05-22T21:15:18Z"
│       └── application/vnd.cncf.notary.signature
│           └── sha256:86bf93b9a9c1a9e49e2ca51ea46be729f401cbcf7f5d71edace0eaf251f410da
│               └── [annotations]
│                   ├── io.cncf.notary.x509chain.thumbprint#S256: '["bbb349c929673a0728d4c21d63d1c5128b3c749e0d08af9b085a9c17db6d8952"]'
│                   └── org.opencontainers.image.created: "2026-11-23T08:40:50Z"
└── sbom/cyclone-dx
    └── sha256:6b6bbf5b221c0b94adf166bf4ca6ec8664ad00924a936f2c8ea1cf0aa52ec040
        ├── [annotations]
        │   └── org.opencontainers.image.created: "2026-11-23T08:40:50Z"
        └── application/vnd.cncf.notary.signature
            └── sha256:25f92e16c3658122fe635cf082ae988d0a3d0a190f695c24fe25ef1f75c1470d
                └── [annotations]
                    ├── io.cncf.notary.x509chain.thumbprint#S256: '["bbb349c929673a0728d4c21d63d1c5128b3c749e0d08af9b085a9c17db6d8952"]'
                    └── org.opencontainers.image.created: "2026-11-23T08:40:50Z"
`;

/** `oras discover -v=false` 1.3.6. */
export const TREE_PLAIN =
  `127.0.0.1:5205/kyverno/test-verify-image@sha256:3b4d56f41cc8a9b8fe9bb1b314f4fe43e873431cbed9474044c70ceb20d73696
├── application/vnd.cncf.notary.signature
│   └── sha256:72ce6bcbecce0fd1d24ec2003fe06b0d21df4067871ab434962494edf898d23f
├── vulnerability-scan
│   └── sha256:c337a3e0017446ea6bd9625d6c4c4b43d8dde4cc59a4343cbcdc62e30c67a5d3
│       └── application/vnd.cncf.notary.signature
│           └── sha256:86bf93b9a9c1a9e49e2ca51ea46be729f401cbcf7f5d71edace0eaf251f410da
└── sbom/cyclone-dx
    └── sha256:6b6bbf5b221c0b94adf166bf4ca6ec8664ad00924a936f2c8ea1cf0aa52ec040
        └── application/vnd.cncf.notary.signature
            └── sha256:25f92e16c3658122fe635cf082ae988d0a3d0a190f695c24fe25ef1f75c1470d
`;

/** `oras discover -o tree` 0.16.0; the two no-break spaces behind its bars are blanks here. */
export const TREE_016 = `127.0.0.1:5205/kyverno/test-verify-image:signed
├── application/vnd.cncf.notary.signature
│   └── sha256:72ce6bcbecce0fd1d24ec2003fe06b0d21df4067871ab434962494edf898d23f
├── vulnerability-scan
│   └── sha256:c337a3e0017446ea6bd9625d6c4c4b43d8dde4cc59a4343cbcdc62e30c67a5d3
│       └── application/vnd.cncf.notary.signature
│           └── sha256:86bf93b9a9c1a9e49e2ca51ea46be729f401cbcf7f5d71edace0eaf251f410da
└── sbom/cyclone-dx
    └── sha256:6b6bbf5b221c0b94adf166bf4ca6ec8664ad00924a936f2c8ea1cf0aa52ec040
        └── application/vnd.cncf.notary.signature
            └── sha256:25f92e16c3658122fe635cf082ae988d0a3d0a190f695c24fe25ef1f75c1470d
`;

/** `oras discover -o tree -v` 1.0.1; annotations sorted. */
export const TREE_101_VERBOSE =
  `127.0.0.1:5205/kyverno/test-verify-image@sha256:3b4d56f41cc8a9b8fe9bb1b314f4fe43e873431cbed9474044c70ceb20d73696
├── application/vnd.cncf.notary.signature
│   └── sha256:72ce6bcbecce0fd1d24ec2003fe06b0d21df4067871ab434962494edf898d23f
│       ├── io.cncf.notary.x509chain.thumbprint#S256: '["bbb349c929673a0728d4c21d63d1c5128b3c749e0d08af9b085a9c17db6d8952"]'
│       └── org.opencontainers.image.created: "2026-11-23T08:40:50Z"
├── vulnerability-scan
│   └── sha256:c337a3e0017446ea6bd9625d6c4c4b43d8dde4cc59a4343cbcdc62e30c67a5d3
│       ├── org.opencontainers.image.created: "2023-05-22T21:15:18Z"
│       └── application/vnd.cncf.notary.signature
│           └── sha256:86bf93b9a9c1a9e49e2ca51ea46be729f401cbcf7f5d71edace0eaf251f410da
│               ├── io.cncf.notary.x509chain.thumbprint#S256: '["bbb349c929673a0728d4c21d63d1c5128b3c749e0d08af9b085a9c17db6d8952"]'
│               └── org.opencontainers.image.created: "2026-11-23T08:40:50Z"
└── sbom/cyclone-dx
    └── sha256:6b6bbf5b221c0b94adf166bf4ca6ec8664ad00924a936f2c8ea1cf0aa52ec040
        ├── org.opencontainers.image.created: "2026-11-23T08:40:50Z"
        └── application/vnd.cncf.notary.signature
            └── sha256:25f92e16c3658122fe635cf082ae988d0a3d0a190f695c24fe25ef1f75c1470d
                ├── io.cncf.notary.x509chain.thumbprint#S256: '["bbb349c929673a0728d4c21d63d1c5128b3c749e0d08af9b085a9c17db6d8952"]'
                └── org.opencontainers.image.created: "2026-11-23T08:40:50Z"
`;

/** `oras discover` 0.16.0 and `oras discover --format table -v=false` 1.3.6. */
export const TABLE_016 = `Discovered 3 artifacts referencing 127.0.0.1:5205/kyverno/test-verify-image:signed
Digest: sha256:3b4d56f41cc8a9b8fe9bb1b314f4fe43e873431cbed9474044c70ceb20d73696

Artifact Type                           Digest
application/vnd.cncf.notary.signature   sha256:72ce6bcbecce0fd1d24ec2003fe06b0d21df4067871ab434962494edf898d23f
vulnerability-scan                      sha256:c337a3e0017446ea6bd9625d6c4c4b43d8dde4cc59a4343cbcdc62e30c67a5d3
sbom/cyclone-dx                         sha256:6b6bbf5b221c0b94adf166bf4ca6ec8664ad00924a936f2c8ea1cf0aa52ec040
`;

/** `oras discover` 1.3.6 on a terminal. */
export const TERMINAL =
  `\u001b[32m127.0.0.1:5205/kyverno/test-verify-image@sha256:3b4d56f41cc8a9b8fe9bb1b314f4fe43e873431cbed9474044c70ceb20d73696\u001b[0m
├── \u001b[93mapplication/vnd.cncf.notary.signature\u001b[0m
│   └── \u001b[32msha256:72ce6bcbecce0fd1d24ec2003fe06b0d21df4067871ab434962494edf898d23f\u001b[0m
│       └── \u001b[90m[annotations]\u001b[0m
│           ├── io.cncf.notary.x509chain.thumbprint#S256: '["bbb349c929673a0728d4c21d63d1c5128b3c749e0d08af9b085a9c17db6d8952"]'
│           └── org.opencontainers.image.created: "2026-11-23T08:40:50Z"
├── \u001b[93mvulnerability-scan\u001b[0m
│   └── \u001b[32msha256:c337a3e0017446ea6bd9625d6c4c4b43d8dde4cc59a4343cbcdc62e30c67a5d3\u001b[0m
│       ├── \u001b[90m[annotations]\u001b[0m
│       │   └── org.opencontainers.image.created: "2023-05-22T21:15:18Z"
│       └── \u001b[93mapplication/vnd.cncf.notary.signature\u001b[0m
│           └── \u001b[32msha256:86bf93b9a9c1a9e49e2ca51ea46be729f401cbcf7f5d71edace0eaf251f410da\u001b[0m
│               └── \u001b[90m[annotations]\u001b[0m
│                   ├── io.cncf.notary.x509chain.thumbprint#S256: '["bbb349c929673a0728d4c21d63d1c5128b3c749e0d08af9b085a9c17db6d8952"]'
│                   └── org.opencontainers.image.created: "2026-11-23T08:40:50Z"
└── \u001b[93msbom/cyclone-dx\u001b[0m
    └── \u001b[32msha256:6b6bbf5b221c0b94adf166bf4ca6ec8664ad00924a936f2c8ea1cf0aa52ec040\u001b[0m
        ├── \u001b[90m[annotations]\u001b[0m
        │   └── org.opencontainers.image.created: "2026-11-23T08:40:50Z"
        └── \u001b[93mapplication/vnd.cncf.notary.signature\u001b[0m
            └── \u001b[32msha256:25f92e16c3658122fe635cf082ae988d0a3d0a190f695c24fe25ef1f75c1470d\u001b[0m
                └── \u001b[90m[annotations]\u001b[0m
                    ├── io.cncf.notary.x509chain.thumbprint#S256: '["bbb349c929673a0728d4c21d63d1c5128b3c749e0d08af9b085a9c17db6d8952"]'
                    └── org.opencontainers.image.created: "2026-11-23T08:40:50Z"
`;
