/** What the real Kyverno CLI and this engine are asked about: a registry with the fixtures, policies, resources. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { clusterOf, clusterRoleBinding, namespaceWith, roleBinding } from "../cases/policy/clusters.ts";
import { loadLayout } from "./content.ts";
import { attestationCases } from "./kyverno_attestations.ts";
import {
  type FixtureCertificates,
  type FixtureImages,
  type Json,
  type KyvernoCase,
  kyvernoCases,
} from "./kyverno_cases.ts";
import { crowd, kyvernoDifferences } from "./kyverno_differences.ts";
import { gridCases } from "./kyverno_grids.ts";
import { matchCases } from "./kyverno_match.ts";
import type { OurQuestion } from "./kyverno_ours.ts";
import type { PeerQuestion } from "./kyverno_peer.ts";
import { selectionCases } from "./kyverno_selection.ts";
import { variableCases } from "./kyverno_variables.ts";
import { type Registry, startOlareg } from "./registries.ts";

const fixtures = "test/fixtures";
const readJson = (name: string) => JSON.parse(readFileSync(join(fixtures, name), "utf8"));
const pem = (name: string) => readFileSync(join(fixtures, "keys", `${name}.crt.pem`), "utf8");
/** One path per fixture repository in the one registry. */
const pathOf = (repository: string) => repository.slice(repository.indexOf("/") + 1);

const certificates: FixtureCertificates = {
  signer: pem("fixture-signer"),
  coseSigner: pem("rsa-2048-self"),
  chainRoot: pem("p-256-chain-root"),
  chainIntermediate: pem("p-256-chain-intermediate"),
  chainLeaf: pem("p-256-chain"),
  release: pem("release-root"),
  shortLived: pem("short-lived"),
  oddName: pem("odd-name"),
  stranger: pem("rsa-3072-self"),
};

/**
 * Every case, over a registry that holds the fixtures.
 *
 * @param host `host:port`; cases are made twice: once to name the tests, once the port is known.
 */
export function casesAt(host: string): readonly KyvernoCase[] {
  const images: FixtureImages = {
    signed: `${host}/kyverno/test-verify-image:signed`,
    unsigned: `${host}/kyverno/test-verify-image:unsigned`,
    cose: `${host}/algorithms:cose-rsa-2048-self`,
    chain: `${host}/algorithms:jws-p-256-chain`,
    several: `${host}/several:wrong-first`,
    wrongSigner: `${host}/wrong-signer:jws`,
    wrongSignerCose: `${host}/wrong-signer:cose`,
    expired: `${host}/expiry:jws-expired`,
    expiredCose: `${host}/expiry:cose-expired`,
    expiredCertificate: `${host}/expiry:jws-expired-certificate`,
    longExpiry: `${host}/expiry:jws-long`,
    metadata: `${host}/metadata:jws`,
    oddName: `${host}/metadata:jws-odd-name`,
    artifactTypeForm: `${host}/several:artifact-type-form`,
    brokenFirst: `${host}/several:broken-first`,
    tampered: (tag) => `${host}/tampered:${tag}`,
    indexSigned: `${host}/index:signed`,
    indexChildSigned: `${host}/index:child-only`,
    attested: `${host}/attested:signed`,
    attestations: (tag) => `${host}/attestations:${tag}`,
    fallbackSigned: `${host}/fallback:signed`,
    crowded: `${host}/crowded:jws`,
  };
  const known: readonly { repository: string; tag: string; digest: string }[] = readJson("images.json");
  const digest = (image: string) => {
    const found = known.find(({ repository, tag }) => `${host}/${pathOf(repository)}:${tag}` === image);
    if (found === undefined) throw new Error(`no fixture "${image}"`);
    return found.digest;
  };
  return [
    ...kyvernoCases(images, certificates, digest),
    ...kyvernoDifferences(images, certificates, digest),
    ...attestationCases(images, certificates),
    ...selectionCases(images),
    ...matchCases(images),
    ...variableCases(images, certificates),
    ...gridCases(images, certificates, digest),
  ];
}

/** A registry with the fixtures' repositories, and one image with more referrers than Kyverno reads. */
export async function startFixtureRegistry(): Promise<Registry> {
  const registry = await startOlareg();
  for (const { layout, name } of readJson("repositories.json")) {
    await loadLayout(registry, pathOf(name), join(fixtures, "layouts", layout));
    if (pathOf(name) !== "metadata") continue;
    await loadLayout(registry, "crowded", join(fixtures, "layouts", layout));
    await crowd(registry, "crowded", "jws");
  }
  return registry;
}

/** Doors to a registry, each an address of its own. */
export interface Doors {
  readonly hosts: readonly string[];
  close(): void;
}

/** Opens as many doors to a registry as there are cases, so that no case's policy is about another's images. */
export async function openDoors(registry: Registry, count: number): Promise<Doors> {
  const port = Number(registry.host.split(":")[1]);
  const sockets = new Set<Socket>();
  const servers = Array.from({ length: count }, () =>
    createServer((near) => {
      const far = connect(port, "127.0.0.1");
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on("error", () => (near.destroy(), far.destroy())).on("close", () => sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    }).listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  return {
    hosts: servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`),
    close: () => {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/**
 * A case's policies, as JSON.
 *
 * @param mark Makes the names of the policies, and of the policies that exceptions are about, the case's own.
 */
export function policiesOf(test: KyvernoCase, host: string, mark: string): readonly string[] {
  return [{}, ...(test.beside ?? [])].map((own, at) => {
    const text = JSON.stringify(policyOf({ ...test, ...own }, host));
    return marked(text, at === 0 ? mark : `${mark}-beside-${at}`);
  });
}

/** Of a case, what both are asked. */
export function questionOf(test: KyvernoCase, host: string, mark: string): PeerQuestion & OurQuestion {
  const { resource, user, namespaceLabels, configMap } = test;
  const subject = { kind: "User", name: user?.username ?? "" };
  const policies = policiesOf(test, host, mark);
  return {
    policies,
    alone: !policies.every((policy) => patternsOf(policy).every((pattern) => pattern.startsWith(`${host}/`))),
    resource,
    exceptions: (test.exceptions ?? []).map((one) => JSON.parse(marked(JSON.stringify(one), mark))),
    ...(user === undefined ? {} : {
      user: {
        roles: user.roles,
        clusterRoles: user.clusterRoles,
        userInfo: { username: user.username, groups: user.groups },
      },
      userInfo: { username: user.username, groups: user.groups },
    }),
    ...(namespaceLabels === undefined ? {} : { namespaceLabels }),
    ...(configMap === undefined ? {} : {
      values: Object.fromEntries(Object.entries(configMap).map(([name, text]) => [`keys.data.${name}`, text])),
    }),
    cluster: clusterOf(
      namespaceWith("default", namespaceLabels),
      ...(user?.roles ?? []).map((role) => roleBinding(...role.split(":") as [string, string], subject)),
      ...(user?.clusterRoles ?? []).map((role) => clusterRoleBinding(role, subject)),
      ...(configMap === undefined ? [] : [{
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "keys", namespace: "default" },
        data: configMap,
      }]),
    ),
  };
}

/** What the policy's image references are. */
const patternsOf = (policy: string): readonly string[] =>
  JSON.parse(policy).spec.rules.flatMap(({ verifyImages }: Json) =>
    (verifyImages as readonly Json[]).flatMap(({ imageReferences }) => imageReferences as readonly string[])
  );

const marked = (text: string, mark: string) => text.replaceAll("check-image-notary", `check-image-notary-${mark}`);

function policyOf(test: KyvernoCase, host: string): Json {
  const entries = (test.certificates ?? [certificates.signer]).map((cert) => ({ certificates: { cert } }));
  return {
    apiVersion: test.apiVersion ?? "kyverno.io/v2beta1",
    kind: test.kind ?? "ClusterPolicy",
    metadata: { name: "check-image-notary", ...test.metadata },
    spec: {
      validationFailureAction: "Enforce",
      webhookTimeoutSeconds: 30,
      failurePolicy: "Fail",
      ...test.spec,
      rules: (test.rules ?? [{}]).map((own) => ({
        name: "verify-signature-notary",
        match: { any: [{ resources: { kinds: ["Pod"] } }] },
        ...test.rule,
        verifyImages: [{
          type: "Notary",
          imageReferences: [`${host}/*`],
          attestors: [{ count: 1, entries }],
          ...test.verify,
        }],
        ...own,
      })),
    },
  };
}
