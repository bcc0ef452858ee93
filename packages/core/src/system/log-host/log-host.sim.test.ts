// One log and three nodes under crashes of the host, pauses, cuts and a network that loses and repeats (test/sim/log-host-world.ts, L1 to L5).
import { test } from "node:test";
import { logHostRun } from "../../../test/sim/log-host-world.ts";
import { eachSeed } from "../../../test/sim/seeds.ts";

const name = "log host: whoever hosts the log, and however its host ends, what is acknowledged is in it, in order, and once";
const marks = [
  "acknowledged",
  "denied",
  "open",
  "crash host process",
  "crash host machine",
  "crash node process",
  "pause",
  "killed while paused",
  "cut",
  "next host",
  "rows unannounced",
  "confirmed",
  "not confirmed",
  "not current",
];

test(name, () => eachSeed(name, 40, marks, logHostRun));
