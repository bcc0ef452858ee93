import assert from "node:assert/strict";
import { test } from "node:test";
import { answerMsMax, type Attempt } from "../shop-kill9/shoppers.ts";
import { Answers } from "./answers.ts";

const attempt = (startedMs: number, endedMs: number, end: Attempt["end"]): Attempt => ({ what: "POST /orders", startedMs, endedMs, end });

test("chaos: a request that was answered within its deadline is no violation, one that took longer is, whatever its end", () => {
  const answers = new Answers();
  answers.take(attempt(0, answerMsMax, "answered"));
  assert.deepEqual([answers.violations, answers.answered], [0, 1]);
  answers.take(attempt(0, answerMsMax + 1, "answered"));
  answers.take(attempt(0, answerMsMax, "late"));
  answers.gatewayKilled(5);
  answers.take(attempt(0, answerMsMax + 1, "cut"));
  assert.deepEqual([answers.violations, answers.late], [3, 3]);
  assert.match(answers.faults[0] ?? "", /^POST \/orders had no answer within 15000 ms$/);
});

test("chaos: a request that is cut off while the gateway is there is a violation, also before its kill and once it has answered again", () => {
  const answers = new Answers();
  answers.take(attempt(0, 10, "cut"));
  assert.deepEqual([answers.violations, answers.dropped], [1, 1]);
  answers.gatewayKilled(100);
  answers.take(attempt(120, 500, "answered"));
  answers.take(attempt(501, 502, "cut"));
  answers.take(attempt(50, 99, "cut"));
  assert.deepEqual([answers.violations, answers.dropped, answers.cut], [3, 3, 0]);
  assert.match(answers.faults[2] ?? "", /cut off after 49 ms, although the gateway was there$/);
});

test("chaos: a request that meets a killed gateway before it is back is no violation; an answer that was on its way when it was killed does not make it be back", () => {
  const answers = new Answers();
  answers.gatewayKilled(100);
  answers.take(attempt(90, 101, "answered"));
  answers.take(attempt(50, 101, "cut"));
  answers.take(attempt(150, 151, "cut"));
  answers.gatewayKilled(200);
  answers.take(attempt(210, 211, "cut"));
  answers.take(attempt(300, 400, "answered"));
  answers.take(attempt(390, 395, "cut"));
  assert.deepEqual([answers.violations, answers.cut], [0, 4]);
});

test("chaos: of many faults the first hundred are told and all are counted", () => {
  const answers = new Answers();
  for (let n = 0; n < 150; n++) answers.take(attempt(n, n + 1, "cut"));
  assert.deepEqual([answers.violations, answers.faults.length], [150, 100]);
});
