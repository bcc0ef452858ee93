// Counters whose code can no longer apply one of the events it once wrote: while ATOLL_TEST_POISON is "on", adding 13 throws.
import { contract, entity, service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import * as z from "zod";

const Total = z.object({ total: z.int() });
const Tally = contract("tally", {
  version: 1,
  key: z.string(),
  access: { add: ["gateway"], total: ["gateway"] },
  commands: { add: { in: z.object({ by: z.int() }), out: Total } },
  queries: { total: { out: Total } },
});

const tally = entity(Tally, {
  state: Total,
  initial: { total: 0 },
  events: { Added: z.object({ by: z.int() }) },
  decide: { add: (_, { by }, turn) => turn.emit("Added", { by }).reply((after) => after) },
  evolve: {
    Added: (state, { by }) => {
      if (by === 13 && process.env["ATOLL_TEST_POISON"] === "on") throw new RangeError("thirteen cannot be added");
      return { total: state.total + by };
    },
  },
  queries: { total: (state) => state },
});

export const poisoned = system("poisoned", {
  services: [service("tallies", [tally])],
  gateway: gateway([
    route("POST /tallies/:id", Tally.add, { key: (r) => r.params.id }),
    route("GET /tallies/:id", Tally.total, { key: (r) => r.params.id }),
  ]),
});
