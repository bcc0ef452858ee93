// Tells under crashes at every journal operation of publisher, subscriber and teller, with failing and ambiguous commits: each
// published message reaches each of its targets once and in order, or is parked. The production code, unchanged.
import { test } from "node:test";
import { checkIndex, checkLog, placedRecords } from "@atoll/core/journal/simulated";
import { eachSeed } from "./seeds.ts";
import { checkTold } from "./told-laws.ts";
import { poisoned } from "./tells.ts";
import { TellsWorld } from "./tells-world.ts";

const sinks = ["a", "b", "c", "d", "e", poisoned];
const services = ["sources", "sinks", "desk"];

function check({ disk, world }: TellsWorld): void {
  try {
    for (const service of services) {
      const log = placedRecords(disk.rows(service));
      const image = disk.image(service);
      checkLog(log);
      if (image) checkIndex(log, image);
    }
    checkTold(disk);
    for (const { error } of world.failures) throw error;
  } catch (error) {
    if (error instanceof Error) error.message += ` (seed ${world.seed})\n${world.trace.last(60)}`;
    throw error;
  }
}

test("tells: after crashes at any journal operation of any side, each target has heard what was published for it once and in order, or it is parked", async () => {
  const marks = [
    ...["append", "index", "takeOver", "cursors", "moveCursors", "deadLetters"].map((operation) => `crashed in sinks.${operation}`),
    ...["append", "read", "takeOver"].map((operation) => `crashed in sources.${operation}`),
    ...["append", "moveCursors", "cursors"].map((operation) => `crashed in desk.${operation}`),
    "crashed in sinks.park",
    "tell.parked",
    "tell.rejected",
    "tell.failed",
    "journal.commit_ambiguous",
    "entity.quarantined",
  ];
  await eachSeed("tells", 200, marks, async (seed) => {
    const tells = new TellsWorld(seed);
    const { world, disk } = tells;
    const { random } = world;
    const some = (): readonly string[] => sinks.filter(() => random.next() < 0.35);
    await world.runUntil(
      (async () => {
        if (random.next() < 0.5) disk.faults = { ...disk.faults, failed: 0.03, ambiguous: 0.03, late: 0.03, slow: 0.1 };
        let left = Math.floor(random.next() * 7);
        // Close together they fall into recoveries, far apart into the second in which cursors and indexes are written.
        const callsBetween = random.next() < 0.5 ? 80 : 1_000;
        let next = 1 + Math.floor(random.next() * callsBetween);
        tells.onJournalCall = (call, service, operation) => {
          // Operations that come seldom draw the crash to them.
          const drawn = operation === "moveCursors" || operation === "index" ? 0.2 : operation === "park" ? 0.02 : 0;
          if (left === 0 || (call < next && random.next() >= drawn)) return;
          left -= 1;
          next = call + 1 + Math.floor(random.next() * callsBetween);
          world.reach(`crashed in ${service}.${operation}`);
          const wasUp = tells.up;
          tells.crash();
          if (wasUp) void tells.pause(random.next() * 500).then(() => tells.start()); // else whoever starts it starts it again
        };
        await tells.start();
        let n = 0;
        await Promise.all(
          ["s1", "s2", "s3", "desk", "desk"].map(async (from) => {
            for (let i = 0; i < 8; i++) {
              await tells.say(from, (n += 1), [...some(), ...some()]);
              if (random.next() < 0.3) await tells.pause(random.next() * 3_000); // lets the cursors catch up, or not
            }
          }),
        );
        left = 0;
        disk.faults = { ...disk.faults, failed: 0, ambiguous: 0, late: 0, slow: 0 };
        while (!tells.up) await tells.pause(100);
        await tells.settle();
        await tells.stop();
      })(),
    );
    check(tells);
    return world.trace.marks;
  });
});
