// What is flooded, and who must not notice. `press` has a capacity that is known, because its work is waiting: so many at a time, so long
// each. `ledger` keeps state. `watch` asks `ledger` from a process of its own and says how long that took.
import { contract, entity, handlers, service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";

const workMs = 40;
const workAtOnce = 8;
/** Requests a second that `press` can carry out. */
export const capacity = (workAtOnce * 1_000) / workMs;

const Press = contract("press", {
  version: 1,
  access: { print: "any" },
  commands: { print: { in: z.object({ sheet: z.int() }), out: z.object({ sheet: z.int() }) } },
});
const press = handlers(Press, {
  handle: {
    print: async ({ sheet }) => {
      await pause(workMs);
      return { sheet };
    },
  },
});

const Ledger = contract("ledger", {
  version: 1,
  key: z.string(),
  access: { book: "any" },
  commands: { book: { out: z.object({ count: z.int() }) } },
});
const ledger = entity(Ledger, {
  state: z.object({ count: z.int() }),
  initial: { count: 0 },
  events: { Booked: z.object({}) },
  decide: { book: (_, __, turn) => turn.emit("Booked", {}).reply((after) => after) },
  evolve: { Booked: ({ count }) => ({ count: count + 1 }) },
});

const Watch = contract("watch", {
  version: 1,
  access: { look: "any" },
  commands: { look: { in: z.object({ ms: z.int() }), out: z.object({ tookMs: z.array(z.number()) }) } },
});
const watch = handlers(Watch, {
  handle: {
    look: async ({ ms }, cx) => {
      const tookMs: number[] = [];
      for (const endMs = performance.now() + ms; performance.now() < endMs; await pause(10)) {
        const startedMs = performance.now();
        await cx.at(Ledger, `l${tookMs.length % 64}`).book({});
        tookMs.push(performance.now() - startedMs);
      }
      return { tookMs };
    },
  },
});

export const flooded = system("flooded", {
  services: [
    service("press", [press], { limits: { handlers: { concurrency: workAtOnce } } }),
    service("ledger", [ledger]),
    service("watch", [watch]),
  ],
  gateway: gateway([
    route("POST /sheets", Press.print),
    route("POST /books/:id", Ledger.book, { key: (r) => r.params.id }),
    route("POST /looks", Watch.look),
  ]),
});
