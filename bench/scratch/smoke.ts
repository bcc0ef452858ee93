import * as z from "zod";
import { contract } from "@atoll/core/contract"; import { entity } from "@atoll/core/entity"; import { handlers } from "../../packages/core/src/handlers/index.ts"; import { service, system } from "../../packages/core/src/system/definition.ts";
import { boot } from "../../packages/core/src/system/boot.ts";
import { nodeRuntime } from "@atoll/core/runtime/node";
import { SimulatedDisk, SimulatedJournalStore } from "@atoll/core/journal";
export const Counter = contract("counter", { version: 1, key: z.string(), access: { add: ["gateway"], total: "any" },
  commands: { add: { in: z.object({ by: z.int().positive() }), out: z.object({ total: z.int() }) } },
  queries: { total: { out: z.object({ total: z.int() }) } } });
const counter = entity(Counter, {
  state: z.object({ total: z.int() }), initial: { total: 0 },
  events: { Added: z.object({ by: z.int() }) },
  decide: { add: (_, { by }, turn) => turn.emit("Added", { by }).reply((after) => after) },
  evolve: { Added: (s, { by }) => ({ total: s.total + by }) },
  queries: { total: (s) => s },
});
const Echo = contract("echo", { version: 1, commands: { say: { in: z.object({ by: z.int().positive() }), out: z.object({ total: z.int() }) } }, access: { say: "any" } });
const echo = handlers(Echo, { handle: { say: async (c) => ({ total: c.by }) } });
const sys = system("smoke", { services: [service("counter", [counter]), service("echo", [echo])] });
const mode = (process.argv[2] ?? "production") as "production";
const runtime = nodeRuntime({ mode });
const alive = runtime.hold(); const disk = new SimulatedDisk(runtime);
const booted = await boot(sys, { runtime, journals: new SimulatedJournalStore(disk, runtime, { process: "p" }), config: {} });
console.log(await booted.at(Counter, "a").add({ by: 2 }), await booted.at(Counter, "a").total());
const N = 1_000_000, C = 100;
async function rate(name: string, f: (i: number) => Promise<unknown>) {
  for (let r = 0; r < 3; r++) {
    const t = performance.now(); let n = 0;
    await Promise.all(Array.from({ length: C }, async (_, w) => { for (let i = 0; i < N / C; i++) { await f(w); n++; } }));
    console.log(name, (n / (performance.now() - t) / 1000).toFixed(2), "M/s");
  }
}
for (let i = 0; i < 100; i++) await booted.at(Counter, `k${i}`).add({ by: 1 });
await rate("query many", (w) => booted.at(Counter, `k${w}`).total());
const refs = Array.from({ length: C }, (_, i) => booted.at(Counter, `k${i}`));
await rate("query refs", (w) => refs[w]!.total());
const e = booted.at(Echo);
await rate("handlers", () => e.say({ by: 1 }));
await booted.stop(1000); alive[Symbol.dispose]();
