/** `evaluate`: Kyverno policies and an AdmissionReview → a decision. */
import { MAX_REVIEW_BYTES, MAX_REVIEW_DEPTH, readAdmissionReview } from "../../src/admission/mod.ts";
import { parseJson } from "../../src/encoding/mod.ts";
import { ConfigurationError } from "../../src/errors.ts";
import {
  type CompiledPolicy,
  type Decision,
  evaluate,
  type ImageResponse,
  loadPolicies,
  type Phase,
  type PolicyFile,
  type PolicyPorts,
} from "../../src/policy/mod.ts";
import type { CryptoProvider } from "../../src/ports.ts";
import { optionalRefusal, type RefusalRecord } from "./records.ts";

export interface ImageRecord extends Pick<ImageResponse, "image" | "pointer" | "message" | "status"> {
  readonly policy: string;
  readonly rule: string;
  readonly digest: string | undefined;
  readonly refusal: RefusalRecord | undefined;
}

export interface DecisionRecord extends Pick<Decision, "allowed" | "message" | "warnings"> {
  readonly patches: string;
  readonly images: readonly ImageRecord[];
}

/** Policies ready to be asked. */
export type Compile = (files: readonly PolicyFile[]) => Promise<readonly CompiledPolicy[]>;

/** Compiles policies, and keeps the last it compiled: a host asks with the same ones again. */
export function createCompiler(crypto: CryptoProvider): Compile {
  let kept: { readonly of: string; readonly policies: readonly CompiledPolicy[] } | undefined;
  return async (files) => {
    const of = JSON.stringify(files.map(({ source, text }) => [source, text]));
    if (kept?.of === of) return kept.policies;
    const { policies, problems } = await loadPolicies(files, crypto);
    const [first, ...others] = problems;
    if (first !== undefined) {
      const { file, line, column, code, reason } = first;
      const more = others.length === 0 ? "" : `; and ${others.length} more problems`;
      throw new ConfigurationError(code, `Cannot use policies: ${file}:${line}:${column}: ${reason}${more}`);
    }
    kept = { of, policies };
    return policies;
  };
}

/**
 * Asks the policies about a review.
 *
 * @throws {MalformedError} `ERR_JSON`, `ERR_TOO_LARGE`, `ERR_ADMISSION_REVIEW`
 */
export async function evaluateReview(
  policies: readonly CompiledPolicy[],
  review: string,
  phase: Phase,
  ports: PolicyPorts,
  signal: AbortSignal,
): Promise<DecisionRecord> {
  const request = readAdmissionReview(parseJson(review, { maxBytes: MAX_REVIEW_BYTES, maxDepth: MAX_REVIEW_DEPTH }));
  const { allowed, message, warnings, patches, responses } = await evaluate(policies, request, {
    ports,
    phase,
    signal,
  });
  return {
    allowed,
    message,
    warnings,
    patches: JSON.stringify(patches),
    images: responses.flatMap(({ policy, rule, images, whole }) =>
      whole === undefined
        ? images.map(({ image, pointer, status, message, digest, refusal }) => ({
          policy,
          rule,
          image,
          pointer,
          status,
          message,
          digest,
          refusal: optionalRefusal(refusal),
        }))
        : [{
          policy,
          rule,
          image: "",
          pointer: "",
          status: whole.status,
          message: whole.message,
          digest: undefined,
          refusal: optionalRefusal(whole.refusal),
        }]
    ),
  };
}
