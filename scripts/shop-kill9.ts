// `npm run shop-kill9 [-- --minutes N --seed S]`: do money, units, shipments and orders agree, whenever the shop dies? Runs `npm
// start` as a real process beside a bank that fails and hangs, orders from it over HTTP, and kills it with SIGKILL at random
// moments, also while it starts. Then checks the invariants of the shop over HTTP, against the bank's books and against every
// answer that a client was given, in a process that was killed once more.
//
// The last line printed is the result; everything else goes to standard error. Exit code 0: no violation, and there was enough
// load and there were enough kills for that to mean something.
import { prng } from "../packages/core/src/base/prng.ts";
import { killUntil } from "./kill9/killing.ts";
import { optionsFrom, type Options } from "./kill9/options.ts";
import { Kill9Error } from "./kill9/victim.ts";
import { reckon } from "./shop-kill9/reckoning.ts";
import { ShopProcess } from "./shop-kill9/shop-process.ts";
import { Shoppers } from "./shop-kill9/shoppers.ts";
import { VerifyError } from "./verify/shop.ts";

const run = { flag: "minutes", standard: 1, min: 0.05, max: 600 };
const shoppersAtOnce = 12;
/** Below these a minute of the run has shown nothing. */
const orderedPerMinuteMin = 60;
const killsPerMinuteMin = 4;

/** Sometimes right after it has recovered, mostly in full swing. */
function lifeMs(random: () => number): number {
  return random() < 0.3 ? 10 + random() * 290 : 500 + random() * 4_000;
}

async function shopKill9({ length: minutes, seed }: Options): Promise<number> {
  console.error(`seed ${seed}: again with npm run shop-kill9 -- --minutes ${minutes} --seed ${seed}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  try {
    const shop = await ShopProcess.open("shop-kill9");
    const { victim } = shop;
    const shoppers = new Shoppers({ up: () => victim.up, random: prng(seed + 1), run: `s${seed}` });
    const running = shoppers.run(shoppersAtOnce);
    const endMs = performance.now() + minutes * 60_000;
    const progress = (): string => `${shoppers.ordered} orders answered`;
    await Promise.race([running, killUntil({ endMs, victim, random: prng(seed), lifeMs, startMs: 2_000, progress })]);
    shoppers.stop();
    await running;
    await victim.kill();
    await victim.spawn();
    await victim.listening();
    const { ordered } = shoppers;
    const { confirmed, rejected, faults } = await reckon(shoppers, { shop: await victim.up, bank: shop.bank });
    await victim.stop();
    const enough = ordered >= minutes * orderedPerMinuteMin && victim.kills >= minutes * killsPerMinuteMin;
    if (!enough) console.error("too little happened for this to mean anything");
    console.log(
      `ordered ${ordered} · confirmed ${confirmed} · rejected ${rejected} · killed ${victim.kills} times · violations ${faults.length}`,
    );
    return enough && faults.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Kill9Error) && !(error instanceof VerifyError)) throw error;
    console.error(`shop-kill9: ${error.message}`);
    return 1;
  }
}

let options: Options | undefined;
try {
  options = optionsFrom(process.argv.slice(2), run);
} catch (error) {
  console.error(`shop-kill9: ${error instanceof Error ? error.message : String(error)}`);
}
// At once: where one shopper gave up, the others would go on.
process.exit(options ? await shopKill9(options) : 2);
