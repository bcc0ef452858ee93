import assert from "node:assert/strict";
import { test } from "node:test";
import { environment } from "@atoll/core/runtime/node";
import { commandFor, originOf } from "./origin.ts";

const stackOf = (frame: string): string => `Error\n    at ${frame}\n    at Test.run (node:internal/test_runner/test:1409:7)`;

test("origin: the file is that of the first frame, however the frame is written", () => {
  assert.equal(originOf(stackOf("TestContext.<anonymous> (file:///srv/a%20b/shop.sim.test.ts:10:3)")).file, "/srv/a b/shop.sim.test.ts");
  assert.equal(originOf(stackOf("async file:///srv/shop.test.ts:10:3")).file, "/srv/shop.test.ts");
  assert.equal(originOf(stackOf("/srv/shop.test.js:10:3")).file, "/srv/shop.test.js");
  assert.equal(originOf(stackOf("Suite.run (node:internal/x:1:2)")).file, undefined);
  assert.equal(originOf("").file, undefined);
});

test("origin: a file below the working directory is named relative to it", { skip: environment()["PWD"] === undefined }, () => {
  assert.equal(originOf(stackOf(`f (file://${environment()["PWD"]}/test/shop.test.ts:10:3)`)).file, "test/shop.test.ts");
});

test("origin: the running test is found, and its name is quoted for shell and pattern", () => {
  assert.equal(originOf("").test, "origin: the running test is found, and its name is quoted for shell and pattern");
  assert.equal(
    commandFor({ file: "shop.test.ts", test: "it's (all) fine?" }, { seed: 7 }),
    String.raw`ATOLL_SEED=7 node --test --test-name-pattern='it.s \(all\) fine\?' shop.test.ts`,
  );
  assert.equal(commandFor({ file: undefined, test: undefined }, { seed: 7 }), "ATOLL_SEED=7 node --test FILE");
  assert.equal(commandFor({ file: "shop.test.ts", test: undefined }, { seed: 7 }), "ATOLL_SEED=7 node --test shop.test.ts");
  const schedule = [{ fault: "crash", step: 3, downMs: 0 }] as const;
  assert.equal(
    commandFor({ file: "hunt.ts", test: undefined }, { seed: 7, schedule }),
    `ATOLL_SEED=7 ATOLL_SCHEDULE='[{"fault":"crash","step":3,"downMs":0}]' node hunt.ts`,
  );
});
