import { describe, expect, it } from "vitest";
import { MAX_DURATION_NANOSECONDS, parseDuration } from "../../../src/encoding/go_duration.ts";

const SECOND = 1_000_000_000n;

// Rows of Go's own table of time.ParseDuration, and what it refuses.
describe("parseDuration()", () => {
  it.each<[string, bigint]>([
    ["0", 0n],
    ["5s", 5n * SECOND],
    ["30s", 30n * SECOND],
    ["1478s", 1478n * SECOND],
    ["-5s", -5n * SECOND],
    ["+5s", 5n * SECOND],
    ["-0", 0n],
    ["+0", 0n],
    ["5.0s", 5n * SECOND],
    ["5.6s", 5_600_000_000n],
    ["5.s", 5n * SECOND],
    [".5s", 500_000_000n],
    ["1.004s", 1_004_000_000n],
    ["100.00100s", 100_001_000_000n],
    ["10ns", 10n],
    ["11us", 11_000n],
    ["12µs", 12_000n],
    ["12μs", 12_000n],
    ["13ms", 13_000_000n],
    ["15m", 900n * SECOND],
    ["16h", 57_600n * SECOND],
    ["3h30m", 12_600n * SECOND],
    ["10.5s4m", 250_500_000_000n],
    ["-2m3.4s", -123_400_000_000n],
    ["1h2m3s4ms5us6ns", 3_723_004_005_006n],
    ["39h9m14.425s", 140_954_425_000_000n],
    ["9007199254.740993ms", 9_007_199_254_740_993n],
    ["9223372036854775807ns", MAX_DURATION_NANOSECONDS],
  ])("reads %s", (text, nanoseconds) => {
    expect(parseDuration(text)).toEqual({ nanoseconds });
  });

  it.each([
    ["", 'time: invalid duration ""'],
    ["3", 'time: missing unit in duration "3"'],
    ["-", 'time: invalid duration "-"'],
    ["s", 'time: invalid duration "s"'],
    [".", 'time: invalid duration "."'],
    ["-.", 'time: invalid duration "-."'],
    [".s", 'time: invalid duration ".s"'],
    ["+.s", 'time: invalid duration "+.s"'],
    ["1d", 'time: unknown unit "d" in duration "1d"'],
    ["1h 2m", 'time: unknown unit "h " in duration "1h 2m"'],
    ["toString", 'time: invalid duration "toString"'],
    ["1toString", 'time: unknown unit "toString" in duration "1toString"'],
    ["3000000h", 'time: invalid duration "3000000h"'],
    ["9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'],
    ["9223372036s854775808ns", 'time: invalid duration "9223372036s854775808ns"'],
    ["1".repeat(200), `time: invalid duration "${"1".repeat(200)}"`],
  ])("refuses %s", (text, fault) => {
    expect(parseDuration(text)).toEqual({ fault });
  });
});
