// Installs the locked packages when they are missing or older than the lockfile, so that `npm test` and `npm start`
// each work alone on a fresh clone. Plain JavaScript: it runs before anything is installed.
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import process from "node:process";

const major = Number(process.versions.node.split(".")[0]);
if (major < 20) {
  console.error(`edge-notary needs Node 20 or newer: this is ${process.versions.node}`);
  process.exit(1);
}

const lockfile = JSON.parse(readFileSync("package-lock.json", "utf8"));
const wanted = Object.keys(lockfile.packages).length > 1;

function installed() {
  try {
    return statSync("node_modules/.package-lock.json").mtimeMs >= statSync("package-lock.json").mtimeMs;
  } catch {
    return false;
  }
}

if (wanted && !installed()) {
  console.error("Installing packages from package-lock.json …");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status } = spawnSync(npm, ["ci", "--no-fund", "--no-audit", "--loglevel=error"], { stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}
