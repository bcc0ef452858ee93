import { contract, entity, service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import * as z from "zod";
export const Counter = contract("counter", { version: 1, key: z.string(), access: { add: ["gateway"], total: "any" },
  commands: { add: { in: z.object({ by: z.int().positive() }), out: z.object({ total: z.int() }) } },
  queries: { total: { out: z.object({ total: z.int() }) } } });

export const counter = entity(Counter, {
  state: z.object({ total: z.int() }), initial: { total: 0 },
  events: { Added: z.object({ by: z.int() }) },
  decide: { add: (_, { by }, turn) => turn.emit("Added", { by }).reply((after) => after) }, // the reply leaves after the event is on disk
  evolve: { Added: (s, { by }) => ({ total: s.total + by }) },
  queries: { total: (s) => s },
});

export const hello = system("hello", { services: [service("counter", [counter])], gateway: gateway([
  route("POST /counters/:id", Counter.add, { key: (r) => r.params.id }),
  route("GET /counters/:id", Counter.total, { key: (r) => r.params.id }),
]) });
