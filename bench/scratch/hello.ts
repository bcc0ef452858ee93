import { contract, entity, service, start, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import * as z from "zod";
const Counter = contract("counter", { version: 1, key: z.string(), access: { add: ["gateway"], total: "any" },
  commands: { add: { in: z.object({ by: z.int().positive() }), out: z.object({ total: z.int() }) } },
  queries: { total: { out: z.object({ total: z.int() }) } } });
const counter = entity(Counter, {
  state: z.object({ total: z.int() }), initial: { total: 0 },
  events: { Added: z.object({ by: z.int() }) },
  decide: { add: (_, { by }, turn) => turn.emit("Added", { by }).reply((after) => after) },
  evolve: { Added: (s, { by }) => ({ total: s.total + by }) },
  queries: { total: (s) => s },
});
const hello = system("hello", { services: [service("counter", [counter])], gateway: gateway([
  route("POST /counters/:id", Counter.add, { key: (r) => r.params.id }),
  route("GET /counters/:id", Counter.total, { key: (r) => r.params.id }),
]) });
const t = performance.now();
const r = await start(hello, { data: "/tmp/hello/data", port: 8099 });
console.log(r.url, "start ms", (performance.now() - t).toFixed(0), "since process start", performance.now().toFixed(0));
process.on("SIGTERM", () => void r.stop());
