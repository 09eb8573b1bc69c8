/** What every rule's variables see of a request (Kyverno, "Pre-defined Variables"). */
import type { FunctionTable, StepMeter } from "../expressions/mod.ts";
import type { ClusterFacts } from "./cluster_facts.ts";
import { type ImageExtractors, imagesOfRule } from "./extractors.ts";
import type { ImageInfo } from "./images.ts";
import type { KubernetesObject, PolicyRequest } from "./policy.ts";
import { createScope, type VariableScope } from "./scope.ts";
import type { UserRoles } from "./user_info.ts";

/** Names whose values whoever asks has a say in. */
export const REQUEST_NAMES = ["images", "request", "serviceAccountName", "serviceAccountNamespace"] as const;

/** What the API server calls a service account. */
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]*):([^:]*)$/;

/**
 * The scope of a request: `request`, `images`, `serviceAccountName`, `serviceAccountNamespace`.
 *
 * @param functions What expressions may call.
 * @param facts Tells the user's roles, which are asked for only where an expression names them.
 * @param extractors The rule's own ways to images.
 * @param meter Is told of every step of an evaluation.
 */
export function requestScope(
  request: PolicyRequest,
  functions: FunctionTable,
  facts: Pick<ClusterFacts, "roles">,
  extractors?: ImageExtractors,
  meter?: StepMeter,
): VariableScope {
  let images: Promise<KubernetesObject> | undefined;
  const account = (part: 1 | 2) => SERVICE_ACCOUNT.exec(request.userInfo.username)?.[part] ?? "";
  return createScope({}, functions, {
    request: async (expression) => {
      const plain = admissionRequest(request);
      return /roles/i.test(expression) ? { ...plain, ...rolesAsVariables(await facts.roles()) } : plain;
    },
    serviceAccountNamespace: () => Promise.resolve(account(1)),
    serviceAccountName: () => Promise.resolve(account(2)),
    images: () => images ??= Promise.resolve(imagesOf(request, extractors, functions, meter)),
  }, meter);
}

/** Roles that nobody has are no members, as for Kyverno. */
function rolesAsVariables({ roles, clusterRoles }: UserRoles): KubernetesObject {
  return {
    ...(roles.length === 0 ? {} : { roles }),
    ...(clusterRoles.length === 0 ? {} : { clusterRoles }),
  };
}

/** The AdmissionRequest as variables see it. */
function admissionRequest(request: PolicyRequest): KubernetesObject {
  const { uid, operation, group, version, kind, subresource, namespace, name, object, oldObject, dryRun, userInfo } =
    request;
  const given = request.admissionRequest ?? {
    uid,
    kind: { group, version, kind },
    ...(subresource === "" ? {} : { subResource: subresource }),
    ...(name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    operation,
    userInfo,
    dryRun,
    options: null,
  };
  // Variables see the very objects that are judged; of what is deleted, the one that was.
  const old = oldObject ?? null;
  return { ...given, object: operation === "DELETE" ? old : object ?? null, oldObject: old };
}

/** `images.containers.NAME.registry` and its siblings; a list of containers that has no image is not there. */
function imagesOf(
  request: PolicyRequest,
  extractors: ImageExtractors | undefined,
  functions: FunctionTable,
  meter: StepMeter | undefined,
): KubernetesObject {
  const lists: Record<string, Record<string, KubernetesObject>> = Object.create(null);
  for (const image of imagesOfRule(request, extractors, functions, meter).images) {
    (lists[image.list] ??= Object.create(null))[image.container] = listedImage(image);
  }
  return lists;
}

/** An image as `images` shows it: what it does not have is not there. */
function listedImage(image: ImageInfo): KubernetesObject {
  const { tag, digest, ...shown } = imageVariables(image);
  return { ...shown, ...(tag === "" ? {} : { tag }), ...(digest === "" ? {} : { digest }), jsonPointer: image.pointer };
}

/** An image as `image` shows it to the conditions of its attestations: what it does not have is empty. */
export function imageVariables({ name, tag, digest, image }: ImageInfo): KubernetesObject {
  const slash = name.indexOf("/");
  const path = name.slice(slash + 1);
  return {
    registry: name.slice(0, slash),
    path,
    name: path.slice(path.lastIndexOf("/") + 1),
    tag: tag ?? "",
    digest: digest ?? "",
    reference: image,
    referenceWithTag: `${name}:${tag ?? ""}`,
  };
}
