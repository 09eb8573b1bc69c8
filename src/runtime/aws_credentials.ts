/** Amazon's registries, by the variables of the environment that AWS' own programs read. */
import process from "node:process";
import { decodeUtf8 } from "../encoding/mod.ts";
import { type AwsIdentity, createEcrSource, type EcrOptions } from "../oci/mod.ts";
import type { CredentialSource } from "../ports.ts";
import { files } from "./files.ts";

/** Bytes of the token of a web identity at most. */
export const MAX_WEB_IDENTITY_BYTES = 16 * 1024;

/**
 * The source for ECR and ECR Public where the environment says whose account it is: `$AWS_ACCESS_KEY_ID` and
 * `$AWS_SECRET_ACCESS_KEY`, else `$AWS_WEB_IDENTITY_TOKEN_FILE`, `$AWS_ROLE_ARN` and `$AWS_REGION`.
 */
export function createAwsCredentials(
  ports: EcrOptions["ports"],
  variables: Readonly<Record<string, string | undefined>> = process.env,
): CredentialSource | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = variables;
  if (accessKeyId && secretAccessKey) {
    const keys = { accessKeyId, secretAccessKey, ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}) };
    return createEcrSource({ identity: { type: "keys", keys }, source: "$AWS_ACCESS_KEY_ID", ports });
  }
  const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: roleArn } = variables;
  const region = variables["AWS_REGION"] || variables["AWS_DEFAULT_REGION"] || "us-east-1";
  if (!file || !roleArn || !/^[a-z0-9-]{1,40}$/.test(region)) return undefined;
  const token = async () => decodeUtf8(await files.read(file, MAX_WEB_IDENTITY_BYTES));
  const identity: AwsIdentity = { type: "webIdentity", roleArn, token, region };
  return createEcrSource({ identity, source: "$AWS_ROLE_ARN", ports });
}
