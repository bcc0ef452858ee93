// A saga that cannot pay, because the bank does not let it in: it is parked; abandoned, it cannot give back what it took.
import { contract, entity, handlers, saga, service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import * as z from "zod";

const Seat = contract("seat", { version: 1, key: z.string(), access: { take: ["trips"] }, commands: { take: {}, free: {} } });
const seat = entity(Seat, {
  state: z.object({}),
  initial: {},
  events: { Taken: z.object({}) },
  decide: { take: (_, __, turn) => turn.emit("Taken", {}), free: (_, __, turn) => turn.reply() },
  evolve: { Taken: (state) => state },
});

const Bank = contract("bank", { version: 1, commands: { pay: {} } });
const bank = handlers(Bank, { handle: { pay: () => undefined } });

const Trip = contract("trip", {
  version: 1,
  key: z.string(),
  access: { book: ["gateway"] },
  commands: { book: { out: z.object({ ok: z.boolean() }) } },
});
const trip = saga(
  Trip.book,
  1,
  async (run) => {
    await run.step("seat", (at) => at(Seat, run.key).take(), { undo: (at) => at(Seat, run.key).free() });
    if (run.key !== "free") await run.step("pay", (at) => at(Bank).pay());
    return { ok: true };
  },
  { apologies: { owner: "customer care", within: "2d" } },
);

export const stuck = system("stuck", {
  services: [service("seats", [seat]), service("banks", [bank]), service("trips", [trip])],
  gateway: gateway([route("POST /trips/:id", Trip.book, { key: (r) => r.params.id, within: "1s" })]),
});
