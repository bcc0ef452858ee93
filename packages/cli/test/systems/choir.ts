// Singers that keep nothing, and a conductor who asks all of them; the gateway keeps nothing either. What each did is told by the names of the nodes.
import { contract, type EachAnswer, handlers, service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import * as z from "zod";

const Sung = z.object({ pid: z.int(), holds: z.int() });
const Each = z.array(z.object({ node: z.string(), pid: z.int(), holds: z.int(), failure: z.string() }));
const Within = z.object({ withinMs: z.int() });

const Singer = contract("singer", {
  version: 1,
  commands: { hold: { out: Sung }, release: { out: Sung } },
  queries: { look: { out: Sung }, others: { out: Each } },
  access: { hold: ["conductor"], release: ["conductor"], look: ["conductor"], others: ["gateway"] },
});
const Conductor = contract("conductor", {
  version: 1,
  commands: { hold: { in: Within, out: Each }, release: { in: Within, out: Each } },
  queries: { look: { out: Each } },
  access: { hold: ["gateway"], release: ["gateway"], look: ["gateway"] },
});

const told = (each: readonly EachAnswer<z.infer<typeof Sung>>[]): z.infer<typeof Each> =>
  each
    .map(({ node, ...one }) => (one.failure ? { node, pid: 0, holds: 0, failure: one.failure.code } : { node, ...one.answer, failure: "" }))
    .toSorted((a, b) => (a.node < b.node ? -1 : 1));

/** Of those who hold their note. */
const releases: (() => void)[] = [];
const sung = (): z.infer<typeof Sung> => ({ pid: process.pid, holds: releases.length });
const singer = handlers(Singer, {
  handle: {
    /** Until it is released. */
    hold: async () => {
      await new Promise<void>((resolve) => releases.push(resolve));
      return sung();
    },
    release: () => {
      for (const release of releases.splice(0)) release();
      return sung();
    },
    look: sung,
    others: async (_, cx) => told(await cx.every(Singer).look()),
  },
});
const conductor = handlers(Conductor, {
  handle: {
    hold: async ({ withinMs }, cx) => told(await cx.every(Singer).hold({ within: `${withinMs}ms` })),
    release: async ({ withinMs }, cx) => told(await cx.every(Singer).release({ within: `${withinMs}ms` })),
    look: async (_, cx) => told(await cx.every(Singer).look()),
  },
});

export const choir = system("choir", {
  services: [service("singers", [singer]), service("conductor", [conductor])],
  gateway: {
    ...gateway([
      route("POST /hold", Conductor.hold, { within: "60s" }),
      route("POST /release", Conductor.release, { within: "60s" }),
      route("GET /look", Conductor.look, { within: "60s" }),
      route("GET /others", Singer.others, { within: "60s" }),
    ]),
    parts: [],
  },
});
