// The system that the simulation of tells runs: sources whose topic a subscription passes on to sinks, and handlers that tell
// sinks. Sinks accept, reject, and break, by the number that they are told. What comes by the mouth has a trace.
import * as z from "zod";
import type { Gateway } from "@atoll/core/edge";
import { contract, entity, handlers, service, subscription, system } from "@atoll/core";

const Word = z.object({ from: z.string(), n: z.int() });

export const Source = contract("source", {
  version: 1,
  key: z.string(),
  commands: { say: { in: z.object({ n: z.int(), to: z.array(z.string()) }) }, mutter: {} },
  topics: { said: Word.extend({ to: z.array(z.string()) }) },
  access: { said: ["sinks"], say: ["gateway"] },
});
const source = entity(Source, {
  state: z.object({}),
  initial: {},
  events: { Said: z.object({ n: z.int(), to: z.array(z.string()) }), Muttered: z.object({}) },
  decide: { say: (_, c, turn) => turn.emit("Said", c), mutter: (_, __, turn) => turn.emit("Muttered", {}) },
  evolve: { Said: (s) => s, Muttered: (s) => s },
  publish: { said: { Said: (e, _, at) => ({ ...e, from: at.key }) } },
});

/** Numbers that a sink rejects, and those on which it breaks. */
export const isRejected = (n: number): boolean => n % 7 === 3;
export const isBroken = (n: number): boolean => n % 11 === 5;
/** It breaks on every number, until it is in quarantine. */
export const poisoned = "poisoned";

export const Sink = contract("sink", {
  version: 1,
  key: z.string(),
  commands: { hear: { in: Word, rejects: { Deaf: Word } } },
  topics: { heard: z.int() },
  access: { hear: ["desk"] },
});
const sink = entity(Sink, {
  state: z.object({ heard: z.int() }),
  initial: { heard: 0 },
  events: { Heard: Word },
  decide: {
    hear: (_, word, turn) => {
      if (isBroken(word.n) || turn.key === poisoned) throw new TypeError("the sink broke");
      return isRejected(word.n) ? turn.reject("Deaf", word) : turn.emit("Heard", word);
    },
  },
  evolve: { Heard: (s) => ({ heard: s.heard + 1 }) },
  publish: { heard: { Heard: ({ n }) => n } },
});
const hear = subscription("hear", Source.said, ({ from, n, to }, tell) => to.map((key) => tell(Sink, key).hear({ from, n })));

export const Desk = contract("desk", {
  version: 1,
  commands: { relay: { in: z.object({ n: z.int(), to: z.array(z.string()) }) } },
  access: { relay: ["gateway"] },
});
const desk = handlers(Desk, {
  handle: {
    relay: async ({ n, to }, cx) => {
      const word = { from: cx.commandId, n };
      if (n % 2 === 0) for (const key of to) await cx.tell(Sink, key).hear(word);
      else for (const key of to) void cx.tell(Sink, key).hear(word); // its answer waits for them
      await Promise.resolve();
    },
  },
});

/** The trace in which a number is said. */
export const traceIdOf = (n: number): string => n.toString(16).padStart(32, "a");

type Say = (to: "source" | "desk", key: string | undefined, n: number, sinks: readonly string[], commandId: string) => Promise<unknown>;

/** Asks as a gateway does, each number in its trace. */
export class Mouth implements Gateway {
  readonly kind = "gateway";
  readonly parts = [];
  say: Say = () => Promise.reject(new RangeError("the mouth is closed"));

  open: Gateway["open"] = (edge) => {
    this.say = (to, key, n, sinks, commandId) =>
      edge.ask({
        to: to === "source" ? Source.say : Desk.relay,
        ...(key === undefined ? {} : { key }),
        input: { n, to: sinks },
        commandId,
        trace: `00-${traceIdOf(n)}-00f067aa0ba902b7-00`,
      });
    return {
      fetch: () => Promise.reject(new RangeError("nobody fetches from it")),
      listen: () => Promise.reject(new RangeError("nobody listens to it")),
      close: () => Promise.resolve(),
    };
  };
}

const limits = { partitions: 2, entities: { residentsMax: 4, snapshotEvery: 2, receiptsMax: 8 } };

export const tellsSystem = (mouth: Mouth) =>
  system("tells", {
    gateway: mouth,
    services: [
      service("sources", [source], { limits }),
      service("sinks", [sink, hear], { limits }),
      service("desk", [desk], { limits: { partitions: 2 } }),
    ],
  });
