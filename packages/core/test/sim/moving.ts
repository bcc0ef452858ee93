// The one service that the simulation of moving partitions runs on several nodes: a checkout saga over stock and a bank, sources
// whose topic a subscription passes on to sinks, and handlers that tell sinks.
import * as z from "zod";
import { contract, entity, handlers, service, subscription, system, type System } from "@atoll/core";
import { bankOf, type BankBooks, checkoutSaga, stock } from "../checkout.ts";

const Word = z.object({ from: z.string(), n: z.int() });

export const Speaker = contract("speaker", {
  version: 1,
  key: z.string(),
  access: { say: "any" },
  commands: { say: { in: z.object({ n: z.int(), to: z.array(z.string()) }) } },
  topics: { said: Word.extend({ to: z.array(z.string()) }) },
});
const speaker = entity(Speaker, {
  state: z.object({}),
  initial: {},
  events: { Said: z.object({ n: z.int(), to: z.array(z.string()) }) },
  decide: { say: (_, c, turn) => turn.emit("Said", c) },
  evolve: { Said: (s) => s },
  publish: { said: { Said: (e, _, at) => ({ ...e, from: at.key }) } },
});

const Listener = contract("listener", {
  version: 1,
  key: z.string(),
  commands: { hear: { in: Word } },
});
/** It breaks on every word, until it is in quarantine. */
export const deaf = "deaf";
const listener = entity(Listener, {
  state: z.object({ heard: z.int() }),
  initial: { heard: 0 },
  events: { Heard: Word },
  decide: {
    hear: (_, word, turn) => {
      if (turn.key === deaf) throw new TypeError("it is deaf");
      return turn.emit("Heard", word);
    },
  },
  evolve: { Heard: (s) => ({ heard: s.heard + 1 }) },
});
const hear = subscription("hear", Speaker.said, ({ from, n, to }, tell) => to.map((key) => tell(Listener, key).hear({ from, n })));

export const Relay = contract("relay", {
  version: 1,
  access: { pass: "any" },
  commands: { pass: { in: z.object({ from: z.string(), n: z.int(), to: z.array(z.string()) }) } },
});
const relay = handlers(Relay, {
  handle: {
    pass: async ({ from, n, to }, cx) => {
      if (n % 2 === 0) for (const key of to) await cx.tell(Listener, key).hear({ from, n });
      else for (const key of to) void cx.tell(Listener, key).hear({ from, n }); // its answer waits for them
    },
  },
});

export const movingPartitions = 4;

/** In the service "orders", for which stock and bank are. */
export const movingSystem = (books: BankBooks): System =>
  system("moving", {
    services: [
      service("orders", [stock, bankOf(books), checkoutSaga(1, "20s"), speaker, listener, hear, relay], {
        limits: { partitions: movingPartitions, entities: { snapshotEvery: 3, residentsMax: 8 } },
      }),
    ],
  });
