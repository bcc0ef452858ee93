// `npm run bug-hunt`: the simulator looks for the leak, shows what it found, and then what cures it. `--trace FILE` keeps the whole
// trace. Exit code 0: found, and the cure holds.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { FailingSeed, simulate } from "@atoll/testkit";
import { faults, invariants, marketDay } from "./market-day.ts";
import { curedShop, leakyShop } from "./shop.ts";

const seeds = 1_000;
const curedSeeds = 100;

const { trace } = parseArgs({ options: { trace: { type: "string" } } }).values;
const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`;

async function hunt(): Promise<FailingSeed | undefined> {
  try {
    await simulate(leakyShop, { seeds, faults, invariants }, marketDay);
    return undefined;
  } catch (error) {
    if (error instanceof FailingSeed) return error;
    throw error;
  }
}

const huntedMs = performance.now();
const found = await hunt();
if (!found) {
  console.log(`not found in ${seeds} seeds (${seconds(huntedMs)})`);
  process.exit(1);
}
console.log(found.message);
if (trace !== undefined) writeFileSync(trace, `${found.story.join("\n")}\n`);
console.log(`
Found and shrunk in ${seconds(huntedMs)}: seed ${found.seed}, ${found.schedule.length} ${found.schedule.length === 1 ? "fault" : "faults"}.

Why: the reservation is on disk, and the process dies before the order is; the code that would have released it died with it, and the
customer, who heard nothing, does not ask again.
Cure: make the two steps those of a saga (checkout in examples/bug-hunt/shop.ts), which is journalled and goes on after the crash.
`);
const curedMs = performance.now();
await simulate(curedShop, { seeds: curedSeeds, faults, invariants }, marketDay);
await simulate(curedShop, { seed: found.seed, schedule: found.schedule, invariants }, marketDay);
console.log(`With the saga ${curedSeeds} seeds, and the schedule above, pass the same invariants (${seconds(curedMs)}).`);
