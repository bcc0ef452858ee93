import assert from "node:assert/strict";
import { test } from "node:test";
import { type Duration, milliseconds } from "./duration.ts";
import { Failure } from "./failure.ts";

test("duration: every unit is decoded to whole milliseconds", () => {
  const cases: readonly (readonly [Duration, number])[] = [
    ["1ms", 1],
    ["250ms", 250],
    ["10s", 10_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["1.5s", 1_500],
    ["0.25m", 15_000],
    ["0.5ms", 1],
    ["1.4ms", 1],
    ["24d", 2_073_600_000],
    ["2147483647ms", 2 ** 31 - 1],
  ];
  for (const [duration, ms] of cases) assert.equal(milliseconds(duration), ms, duration);
});

test("duration: what is not one, is not above 0, or would overflow a timer is an invalid definition that quotes it", () => {
  const wrong = [
    "",
    "1",
    "s",
    "10 s",
    " 10s",
    "10s ",
    "10S",
    "-1s",
    "+1s",
    "1e3s",
    ".5s",
    "1.s",
    "1,5s",
    "NaNs",
    "Infinityd",
    "1s\n",
    "1s2ms",
    "0s",
    "0.4ms",
    "25d",
    "2147483648ms",
    `${"9".repeat(400)}d`,
  ];
  for (const duration of wrong) {
    assert.throws(
      () => milliseconds(duration as Duration),
      (error) => error instanceof Failure && error.code === "INVALID_DEFINITION" && error.message.includes(`"${duration}"`),
      JSON.stringify(duration),
    );
  }
});
