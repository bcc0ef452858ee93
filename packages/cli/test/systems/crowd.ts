// Clerks that keep nothing, behind a gateway that keeps nothing either (so it knows no Idempotency-Key): there may be several of both.
import { contract, handlers, service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";

const Pid = z.object({ pid: z.int() });
const Clerk = contract("clerk", {
  version: 1,
  commands: { work: { in: z.object({ forMs: z.int() }), out: Pid } },
  queries: { who: { out: Pid } },
  access: { work: ["gateway"], who: ["gateway"] },
});
const clerk = handlers(Clerk, {
  handle: {
    work: async ({ forMs }) => {
      await pause(forMs);
      return { pid: process.pid };
    },
    who: () => ({ pid: process.pid }),
  },
});

export const crowd = system("crowd", {
  services: [service("clerks", [clerk])],
  gateway: { ...gateway([route("POST /work", Clerk.work), route("GET /who", Clerk.who, { within: "60s" })]), parts: [] },
});
