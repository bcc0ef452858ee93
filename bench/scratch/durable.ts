import * as z from "zod";
import { contract, entity, service, start, system } from "@atoll/core";
import * as fs from "node:fs";
const Counter = contract("counter", { version: 1, key: z.string(), commands: { add: { in: z.object({ by: z.int().positive() }), out: z.object({ total: z.int() }) } }, queries: { total: { out: z.object({ total: z.int() }) } } });
const counter = entity(Counter, { state: z.object({ total: z.int() }), initial: { total: 0 }, events: { Added: z.object({ by: z.int() }) },
  decide: { add: (_, { by }, turn) => turn.emit("Added", { by }).reply((after) => after) }, evolve: { Added: (s, { by }) => ({ total: s.total + by }) }, queries: { total: (s) => s } });
const dir = fs.mkdtempSync("/tmp/durable-");
const r = await start(system("b", { services: [service("counter", [counter])] }), { data: dir, mode: "production" });
async function run(name: string, writers: number, keys: number, ms: number) {
  let n = 0; const end = performance.now() + ms; const t = performance.now(); const lat: number[] = [];
  await Promise.all(Array.from({ length: writers }, async (_, w) => { let i = w; while (performance.now() < end) { const s = performance.now(); await r.at(Counter, `k${(i = (i * 1103515245 + 12345) % 2147483647) % keys}`).add({ by: 1 }); lat.push(performance.now() - s); n++; } }));
  lat.sort((a, b) => a - b);
  console.log(name, ((n / (performance.now() - t)) * 1000) | 0, "/s p50", lat[lat.length >> 1]!.toFixed(2), "p99", lat[(lat.length * 0.99) | 0]!.toFixed(2));
}
const bare = () => { const fd = fs.openSync(dir + "/bare", "w"); const b = Buffer.alloc(4096); let n = 0; const t = performance.now(); while (performance.now() - t < 1500) { fs.writeSync(fd, b); fs.fdatasyncSync(fd); n++; } console.log("bare fdatasync", ((n / (performance.now() - t)) * 1000) | 0); };
for (let i = 0; i < 2; i++) {
bare(); await run("1 writer", 1, 1, 1500);
await run("100 writers many", 100, 100000, 4000);
await run("1000 writers many", 1000, 100000, 3000);
await run("100 writers one key", 100, 1, 3000);
}
await r.stop(); fs.rmSync(dir, { recursive: true });
