// The system that the simulations of this package run: one entity per account, small enough that a model of it fits in
// the checker, with every kind of answer: replies after an event, replies without one, rejections, queries.
import * as z from "zod";
import { contract, entity, service, system } from "@atoll/core";

/** An account that holds this many entries rejects further ones. */
export const entriesMax = 6;

const Count = z.object({ count: z.int() });

export const Ledger = contract("ledger", {
  version: 1,
  key: z.string(),
  commands: {
    put: { in: z.object({ n: z.int() }), out: Count, rejects: { Full: Count } },
    clear: { out: Count },
    touch: { out: Count },
  },
  queries: { count: { out: z.object({ count: z.int(), version: z.int() }) } },
  access: { put: "any", clear: "any", touch: "any", count: "any" },
});

export const ledger = entity(Ledger, {
  state: z.object({ entries: z.array(z.int()) }),
  initial: { entries: [] },
  events: { Put: z.object({ n: z.int() }), Cleared: z.object({}) },
  decide: {
    put: (s, { n }, turn) =>
      s.entries.length >= entriesMax
        ? turn.reject("Full", { count: s.entries.length })
        : turn.emit("Put", { n }).reply((after) => ({ count: after.entries.length })),
    clear: (s, _, turn) => turn.emit("Cleared", {}).reply({ count: s.entries.length }),
    touch: (s, _, turn) => turn.reply({ count: s.entries.length }),
  },
  evolve: { Put: (s, { n }) => ({ entries: [...s.entries, n] }), Cleared: () => ({ entries: [] }) },
  queries: { count: (s, _, q) => ({ count: s.entries.length, version: q.version }) },
});

/** Few partitions and small bounds, so that a short run reaches passivation, snapshots and forgotten receipts. */
export const ledgerSystem = system("ledgers", {
  services: [
    service("ledgers", [ledger], {
      limits: { partitions: 3, entities: { residentsMax: 6, snapshotEvery: 2, mailboxCapacity: 32, receiptsMax: 6 } },
    }),
  ],
});
