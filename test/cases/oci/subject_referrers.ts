/** A subject, what refers to it, and a registry that lists it as a test says. */
import { type ReferrerList } from "../../../src/oci/mod.ts";
import {
  type Document,
  entry,
  fakeRegistry,
  image,
  index,
  manifestRoutes,
  ok,
  referrersUrl,
  type Route,
  signal,
  SIGNATURE,
  signature,
  tagUrl,
} from "./fake_registry.ts";

export const subject = image("subject");
export const first = signature("first", subject.descriptor);
export const second = signature("second", subject.descriptor);
export const stranger = signature("stranger", image("another").descriptor);
export const sbom = image("sbom", { artifactType: "sbom/cyclone-dx", subject: subject.descriptor });
export const api = `GET ${referrersUrl(subject)}`;
export const tag = `GET ${tagUrl(subject)}`;
export const manifests = {
  ...manifestRoutes(first),
  ...manifestRoutes(second),
  ...manifestRoutes(stranger),
  ...manifestRoutes(sbom),
};

export const listed = (...children: readonly Document[]): Route => () =>
  ok(index(children.map((child) => entry(child, SIGNATURE))));
export const EMPTY: Route = () => ok(index([]));
export const digests = ({ referrers }: ReferrerList) => referrers.map(({ descriptor }) => descriptor.digest);
export const options = { signal };

export function list(routes: Record<string, Route>, more: { artifactType?: string; everywhere?: boolean } = {}) {
  const registry = fakeRegistry({ ...manifests, ...routes });
  return { registry, work: registry.open().listReferrers(subject.descriptor, { ...options, ...more }) };
}
