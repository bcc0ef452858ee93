// What is measured: one small entity and one small handler, with validators on everything that goes in and comes out.
// Real enough to pay every cost of the runtime, small enough that nothing else is paid.
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { contract, entity, handlers, type Running, service, start, type StartOptions, system } from "@atoll/core";
import type { EntityLimits } from "@atoll/core/entity";
import type { Gateway } from "@atoll/core/edge";
import type { Metrics } from "@atoll/core/runtime";
import { troubleLogger } from "./trouble-logger.ts";

const amount = z.object({ by: z.int().positive() });
const total = z.object({ total: z.int() });

export const Counter = contract("counter", {
  version: 1,
  key: z.string(),
  access: { add: "any", after: "any" },
  commands: { add: { in: amount, out: total } },
  queries: { after: { in: amount, out: total } },
});

export const counter = entity(Counter, {
  state: z.object({ total: z.int() }),
  initial: { total: 0 },
  events: { Added: z.object({ by: z.int() }) },
  decide: { add: (_, { by }, turn) => turn.emit("Added", { by }).reply((after) => after) },
  evolve: { Added: (state, { by }) => ({ total: state.total + by }) },
  queries: { after: (state, { by }) => ({ total: state.total + by }) },
});

export const Adder = contract("adder", { version: 1, access: { add: "any" }, commands: { add: { in: amount, out: total } } });

export const adder = handlers(Adder, { handle: { add: ({ by }) => Promise.resolve({ total: by + 1 }) } });

/** The same validators without a runtime around them, for the bare parts. */
export const validators = { amount, total };

export interface CounterSystem extends Pick<StartOptions, "port" | "metrics"> {
  /** Folder of the logs. */
  readonly data: string;
  readonly entities?: Partial<EntityLimits>;
  readonly gateway?: Gateway;
}

/** Starts both services as in production, with a log that speaks of trouble only. */
export function startCounter({ entities = {}, gateway, port = 0, ...options }: CounterSystem): Promise<Running> {
  const services = [service("counter", [counter], { limits: { entities } }), service("adder", [adder])];
  const definition = system("bench", gateway ? { services, gateway } : { services });
  return start(definition, { ...options, port, mode: "production", logger: troubleLogger });
}

/** Waits until index and snapshots of the counters' log have caught up with it: what is written behind is then written. */
export async function indexed(metrics: Metrics): Promise<void> {
  const zero = (name: string): boolean => new RegExp(`^${name}\\{service="counter"\\} 0$`, "m").test(metrics.render());
  while (!zero("atoll_index_tail_entities") || !zero("atoll_snapshots_waiting")) await pause(10);
}
