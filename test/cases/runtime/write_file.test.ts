import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeFile } from "../../../src/runtime/files.ts";

const folder = mkdtempSync(join(tmpdir(), "edge-notary-write-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bytes = (text: string) => new TextEncoder().encode(text);

describe("writeFile()", () => {
  it("writes a file that is not there, whatever it may do with one that is", async () => {
    for (const replace of [true, false]) {
      const path = join(folder, `new-${replace}`);
      await writeFile(path, bytes("whole"), { replace });
      expect(readFileSync(path, "utf8")).toBe("whole");
    }
  });

  it("replaces a file only when it is told to, and then all of it", async () => {
    const path = join(folder, "there");
    writeFileSync(path, "longer than the other");
    await expect(writeFile(path, bytes("other"), { replace: false })).rejects.toMatchObject({
      code: "ERR_FILE",
      message: `Cannot write "${path}": it exists`,
    });
    expect(readFileSync(path, "utf8")).toBe("longer than the other");
    await writeFile(path, bytes("other"), { replace: true });
    expect(readFileSync(path, "utf8")).toBe("other");
  });

  it("writes what is private for this user alone, whoever might read the file before", async () => {
    const open = join(folder, "open");
    writeFileSync(open, "before");
    chmodSync(open, 0o644);
    for (const path of [open, join(folder, "made")]) {
      await writeFile(path, bytes("mine"), { replace: true, isPrivate: true });
      expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual(["mine", 0o600]);
    }
  });

  it.each([
    [join(folder, "none", "file"), "its folder does not exist"],
    [folder, "it is a folder, expected a file"],
  ])("says why %s cannot be written", async (path, reason) => {
    await expect(writeFile(path, bytes("x"), { replace: true })).rejects.toMatchObject({
      code: "ERR_FILE",
      message: `Cannot write "${path}": ${reason}`,
    });
  });
});
