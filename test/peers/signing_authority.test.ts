/**
 * Signatures of the scheme `notary.x509.signingAuthority`: the real notation and this program verify and show them
 * alike, whichever type of trust store holds the authority's root, but for what is on the closed list.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  askNotation,
  type AuthorityRecord,
  pushSigned,
  STORE_TYPES,
  writeTrust,
} from "../../scripts/fixtures/authorities.ts";
import { describeIf } from "../run/requirements.ts";
import { expectSame } from "./deviations.ts";
import { openSideBySide, type SideBySide, sortUnordered } from "./side_by_side.ts";

const folder = resolve("test/fixtures/authorities");
const read = (file: string) => new Uint8Array(readFileSync(join(folder, file)));
const records: readonly AuthorityRecord[] = JSON.parse(readFileSync(join(folder, "authorities.json"), "utf8"));

/** In COSE notation takes the other scheme's time beside the scheme's own. */
const ONE_TIME = "cose-one-time";
const LAXER: readonly string[] = ["signing-time-too-cose", "both-under-x509-cose"];

/** A timestamp that is none is said to be so in each decoder's own words; the lines around it come in any order. */
const masked = (text: string) =>
  text.includes(BROKEN)
    ? text.split("\n").map((line) => line.replace(/^[│├└─ ]*/, "").replace(/(?<=countersignature: )[^"]*/, "…")).sort()
    : text;
const BROKEN = "failed to parse timestamp countersignature";

let side: SideBySide;
let home: string;

describeIf("tools", "signatures by signing authorities", () => {
  const addresses = new Map<string, string>();
  beforeAll(async () => {
    side = await openSideBySide("olareg");
    home = mkdtempSync(join(tmpdir(), "edge-notary-authorities-"));
    for (const { name, file, mediaType } of records) {
      addresses.set(name, await pushSigned(side.registry, `authorities/${name}`, mediaType, read(file)));
    }
  });
  afterAll(async () => {
    await side?.close();
    rmSync(home, { recursive: true, force: true });
  });

  it.each(records.flatMap((record) => STORE_TYPES.map((type) => ({ ...record, type }))))(
    "$name is verified alike by a store of type $type",
    async ({ name, root, type, notation }) => {
      const configuration = join(home, `${name}-${type}`);
      writeTrust(configuration, { [type]: read(root) });
      const address = addresses.get(name) ?? "";
      const args = ["verify", "--insecure-registry", address];
      const [ours, theirs, reason] = await Promise.all([
        side.ours(args, { configuration }),
        side.notation(args, { configuration }),
        askNotation(address, configuration),
      ]);
      expect(reason).toEqual(notation[type]);
      const accepted = notation[type].exitCode === 0;
      const deviation = LAXER.includes(name) && accepted ? ONE_TIME : undefined;
      expectSame(ours.exitCode, theirs.exitCode, deviation, `${ours.stderr}\n${theirs.stderr}`);
      if (deviation !== undefined) return;
      expect(ours.stdout).toBe(theirs.stdout);
      if (ours.exitCode !== 0) {
        const error = (text: string) => /^Error: .*$/m.exec(text)?.[0];
        expect(error(ours.stderr)).toBe(error(theirs.stderr));
      }
    },
  );

  it.each(records)("$name is shown alike", async ({ name }) => {
    const laxer = LAXER.includes(name) ? ONE_TIME : undefined;
    for (const format of [[], ["-o", "json"]]) {
      const args = ["inspect", ...format, "--insecure-registry", addresses.get(name) ?? ""];
      const [ours, theirs] = await Promise.all([side.ours(args), side.notation(args)]);
      const [said, wanted] = [masked(ours.stdout), masked(sortUnordered(theirs.stdout))];
      expectSame(said, wanted, laxer, name);
      if (name.startsWith("stamped")) expectSame(ours.stdout, theirs.stdout, "undecodable-reason", name);
      expectSame(ours.exitCode, theirs.exitCode, laxer, theirs.stderr);
    }
  });

  it("says in --explain by which instant the certificates were judged, and whose store counts", async () => {
    const explain = async (name: string, type: "ca" | "signingAuthority") => {
      const record = records.find((candidate) => candidate.name === name);
      const configuration = join(home, `explain-${name}-${type}`);
      writeTrust(configuration, { [type]: read(record?.root ?? "") });
      const args = ["verify", "--explain", "--insecure-registry", addresses.get(name) ?? ""];
      const { stdout, stderr } = await side.ours(args, { configuration });
      return `${stdout}${stderr}`;
    };
    const verified = await explain("retired-cose", "signingAuthority");
    expect(verified).toContain("basis: authentic signing time");
    expect(verified).toContain("instant: 2021-06-01T00:00:00.000Z");
    expect(verified).toContain("store: signingAuthority");
    const refused = await explain("p-256-jws", "ca");
    expect(refused).toContain("TRUST_ANCHOR_MISSING");
    expect(refused.replaceAll(/\s+/g, " ")).toContain("trusts no certificate of type signingAuthority, which");
    const late = await explain("too-late-jws", "signingAuthority");
    expect(late.replaceAll(/\s+/g, " ")).toContain("the authentic signing time is 2022-01-01T00:00:01.000Z");
  });
});
