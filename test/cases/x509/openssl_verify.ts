/** `openssl verify` as a judge: strict, at an instant, with nothing trusted but what it is given. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface OpensslQuestion {
  /** DER, as all others. */
  readonly leaf: Uint8Array;
  readonly others: readonly Uint8Array[];
  readonly anchors: readonly Uint8Array[];
  readonly at: string;
  readonly purpose: "any" | "timestampsign";
  readonly options?: readonly string[];
}

const pem = (certificates: readonly Uint8Array[]) =>
  certificates.map((der) => {
    const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g) ?? [];
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  }).join("");

/** @returns 0 where it accepts, the X509_V_ERR number it stops at, or `unreadable`. */
export function opensslVerdict(question: OpensslQuestion): number | "unreadable" {
  const { leaf, others, anchors, at, purpose, options = [] } = question;
  const folder = mkdtempSync(join(tmpdir(), "paths-"));
  const file = (name: string, certificates: readonly Uint8Array[]) => {
    const path = join(folder, name);
    writeFileSync(path, pem(certificates));
    return path;
  };
  try {
    const { status, stdout, stderr } = spawnSync("openssl", [
      "verify",
      ...["-x509_strict", "-purpose", purpose, "-attime", `${Date.parse(at) / 1000}`],
      ...options,
      ...(anchors.length === 0
        ? ["-no-CAfile", "-no-CApath", "-no-CAstore"]
        : ["-trusted", file("trusted.pem", anchors)]),
      ...(others.length === 0 ? [] : ["-untrusted", file("untrusted.pem", others)]),
      file("leaf.pem", [leaf]),
    ], { encoding: "utf8" });
    if (status === 0 && stdout.includes(": OK")) return 0;
    const number = /^error (\d+) at/m.exec(stderr)?.[1];
    return number === undefined ? "unreadable" : Number(number);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
