// `npm run chaos [-- --minutes N --seed S]`: does the shop keep its word while everything that may happen to its processes happens? Runs
// it as a process for each service and one for the gateway, beside a bank that fails and hangs, orders from it over HTTP, and meanwhile
// kills a random process every two seconds, stops others for 20 s and continues them, restarts services node by node, scales `stock` and
// `orders` to three nodes and back, and moves their partitions. Then lets everything run, and checks the invariants of the shop,
// the bank's books, every answer that was given, that every request had one within its deadline, and that no process is left.
//
// The last line printed is the result; everything else goes to standard error. The same seed gives the same schedule. Exit code 0: no
// violation, and enough happened for that to mean something.
import { prng } from "../packages/core/src/base/prng.ts";
import { Answers } from "./chaos/answers.ts";
import { AtollCommand } from "./chaos/atoll-command.ts";
import { Nodes } from "./chaos/nodes.ts";
import { scheduleOf, type ActKind } from "./chaos/schedule.ts";
import { Tormentor } from "./chaos/tormentor.ts";
import { optionsFrom, type Options } from "./kill9/options.ts";
import { Kill9Error } from "./kill9/victim.ts";
import { reckon } from "./shop-kill9/reckoning.ts";
import { ShopProcess } from "./shop-kill9/shop-process.ts";
import { Shoppers } from "./shop-kill9/shoppers.ts";
import { VerifyError } from "./verify/shop.ts";

const run = { flag: "minutes", standard: 1, min: 0.1, max: 600 };
const shoppersAtOnce = 12;
const gateway = "gateway";
const scaled = ["stock", "orders"];
/** Below these a minute of the run has shown nothing. A machine that does much else starts processes for most of the time. */
const orderedPerMinuteMin = 10;
const killsPerMinuteMin = 15;

async function chaos({ length: minutes, seed }: Options): Promise<number> {
  console.error(`seed ${seed}: again with npm run chaos -- --minutes ${minutes} --seed ${seed}`);
  const answers = new Answers();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  try {
    const shop = await ShopProcess.open("chaos");
    const command = new AtollCommand(shop.data);
    const nodes = new Nodes(command);
    process.once("exit", () => command.destroy());
    const { victim } = shop;
    const services = (await nodes.list()).map(({ service }) => service).filter((service) => service !== gateway);
    const lengthMs = minutes * 60_000;
    const schedule = scheduleOf({ random: prng(seed), lengthMs, services, gateway, scaled });
    const shoppers = new Shoppers({
      up: () => victim.up,
      random: prng(seed + 1),
      run: `s${seed}`,
      attempted: (attempt) => answers.take(attempt),
    });
    const tormentor = new Tormentor({ command, nodes, answers, gateway });
    const shopping = shoppers.run(shoppersAtOnce);
    await Promise.race([shopping, tormentor.run(schedule, lengthMs)]);
    await nodes.healed();
    shoppers.stop();
    await shopping;
    const reckoning = await reckon(shoppers, { shop: await victim.up, bank: shop.bank });
    await nodes.list();
    await victim.stop();
    const left = await nodes.leftBehind();
    const faults = [...answers.faults, ...left.map((pid) => `process ${pid} was left behind`)];
    for (const fault of faults.slice(0, 20)) console.error(fault);
    console.error(
      `${answers.answered} answers; ${answers.cut} requests met a gateway that was not there; ${tormentor.refused} acts were refused`,
    );

    const { done, unknown, gatewayKills } = tormentor;
    const undone = (Object.keys(done) as ActKind[]).filter((kind) => done[kind] === 0 && !unknown.has(kind));
    const enough =
      shoppers.ordered >= minutes * orderedPerMinuteMin && done.kill >= minutes * killsPerMinuteMin && (minutes < 1 || undone.length === 0);
    if (!enough) console.error(`too little happened for this to mean anything${undone.length > 0 ? `: no ${undone.join(", no ")}` : ""}`);
    const violations = answers.violations + left.length + reckoning.faults.length;
    const parts = [
      `ordered ${shoppers.ordered}`,
      `confirmed ${reckoning.confirmed}`,
      `rejected ${reckoning.rejected}`,
      `killed ${done.kill} (gateway ${gatewayKills})`,
      `paused ${done.pause}`,
      `restarted ${done.restart}`,
      `scaled ${done.scale}`,
      `moved ${done.move}`,
      ...(unknown.size > 0 ? [`without ${[...unknown].join(" and ")}`] : []),
      `late ${answers.late}`,
      `violations ${violations}`,
    ];
    console.log(parts.join(" · "));
    return enough && violations === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Kill9Error) && !(error instanceof VerifyError)) throw error;
    console.error(`chaos: ${error.message}`);
    return 1;
  }
}

let options: Options | undefined;
try {
  options = optionsFrom(process.argv.slice(2), run);
} catch (error) {
  console.error(`chaos: ${error instanceof Error ? error.message : String(error)}`);
}
// At once: where one shopper gave up, the others would go on.
process.exit(options ? await chaos(options) : 2);
