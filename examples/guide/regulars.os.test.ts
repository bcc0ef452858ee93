import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "@atoll/core";
import { given, simulate } from "@atoll/testkit";
import { Lounge, lounge } from "./lounge.ts";
import { airportWithRegulars, enterAndLook, Regulars, regulars } from "./regulars.ts";

test("regulars: a session sees in the list what it did a moment ago, every time", async (t) => {
  const data = await mkdtemp(join(tmpdir(), "atoll-guide-"));
  t.after(() => rm(data, { recursive: true, force: true }));
  await using running = await start(airportWithRegulars, { data, logger: { log: () => undefined } });
  for (let visits = 1; visits <= 20; visits++) {
    assert.deepEqual(await enterAndLook(running, "ann"), [{ guest: "ann", visits }]);
    await running.at(Lounge, "east").leave({ guest: "ann" });
  }
});

// #region given
test("regulars: visits to all lounges count, and whoever comes most often is first", async () => {
  const visited = given(regulars)
    .had(lounge, "east", "Entered", { guest: "ann" })
    .had(lounge, "west", "Entered", { guest: "ben" })
    .had(lounge, "west", "Entered", { guest: "ann" });
  await visited.asked("top", { size: 1 }).replies([{ guest: "ann", visits: 2 }]);
});
// #endregion

// #region test
test("regulars: every visit is counted once, whatever crashes", async () => {
  await simulate(airportWithRegulars, { seeds: 20, faults: ["crash", "duplicate", "slow-disk"] }, async ({ at, settle }) => {
    for (let visit = 0; visit < 3; visit++) {
      await at(Lounge, "east").enter({ guest: "ann" }, { within: "1m" });
      await at(Lounge, "east").leave({ guest: "ann" }, { within: "1m" });
    }
    await settle();
    assert.deepEqual(await at(Regulars).top({ size: 10 }), [{ guest: "ann", visits: 3 }]);
  });
});
// #endregion
