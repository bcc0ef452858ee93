// A desk that tells shelves what to put away. A shelf breaks on 13 while the file named by ATOLL_TEST_POISON is there.
import { contract, entity, handlers, service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import { existsSync } from "node:fs";
import * as z from "zod";

const Qty = z.object({ qty: z.int() });
const Shelf = contract("shelf", {
  version: 1,
  key: z.string(),
  access: { put: ["desk"], holds: ["gateway"] },
  commands: { put: { in: Qty, rejects: { Full: z.object({}) } } },
  queries: { holds: { out: Qty } },
});
const shelf = entity(Shelf, {
  state: Qty,
  initial: { qty: 0 },
  events: { Put: Qty },
  decide: {
    put: (_, { qty }, turn) => {
      if (qty >= 13 && existsSync(process.env["ATOLL_TEST_POISON"] ?? "")) throw new RangeError("thirteen cannot be put away");
      return qty === 99 ? turn.reject("Full", {}) : turn.emit("Put", { qty });
    },
  },
  evolve: { Put: (state, { qty }) => ({ qty: state.qty + qty }) },
  queries: { holds: (state) => state },
});

const Desk = contract("desk", {
  version: 1,
  access: { order: ["gateway"] },
  commands: { order: { in: z.object({ shelf: z.string(), qty: z.int() }) } },
});
const desk = handlers(Desk, { handle: { order: async (order, cx) => await cx.tell(Shelf, order.shelf).put({ qty: order.qty }) } });

export const lettered = system("lettered", {
  services: [service("shelves", [shelf]), service("desk", [desk], { limits: { partitions: 1 } })],
  gateway: gateway([route("POST /orders", Desk.order), route("GET /shelves/:id", Shelf.holds, { key: (r) => r.params.id })]),
});
