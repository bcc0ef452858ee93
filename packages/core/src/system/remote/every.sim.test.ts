// Calls to every instance of a service while these crash, stop, leave and are cut off (test/sim/every-world.ts, E1 to E3).
import { test } from "node:test";
import { everyRun } from "../../../test/sim/every-world.ts";
import { eachSeed } from "../../../test/sim/seeds.ts";

const name = "every: whatever becomes of the instances, each that was named has one entry, which says what that one did";
const marks = [
  "answered",
  "mark UNAVAILABLE",
  "mark UNKNOWN_OUTCOME",
  "mark DEADLINE",
  "look UNAVAILABLE",
  "query again",
  "replaced",
  "unknown and taken",
  "unknown and not taken",
  "crash process",
  "crash machine",
  "stop",
  "leave",
  "cut both",
  "cut there",
];

test(name, () => eachSeed(name, 60, marks, everyRun));
