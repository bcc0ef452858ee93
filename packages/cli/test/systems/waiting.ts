// A system that waits for the test: GET /answer is answered when the test's own server (HOLD_URL) has answered; with
// ATOLL_TEST_SEED "on" its start waits for that, too.
import { contract, handlers, service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import * as z from "zod";

const Waiter = contract("waiter", {
  version: 1,
  access: { answer: ["gateway", "waiting"] },
  commands: { answer: { out: z.object({ status: z.int() }) } },
});

const waiter = handlers(Waiter, {
  config: { HOLD_URL: z.string() },
  handle: { answer: async (_, cx) => ({ status: (await cx.fetch(cx.config.HOLD_URL)).status }) },
});

export const waiting = system("waiting", {
  services: [
    service("waiting", [waiter], {
      seed: async (at) => {
        if (process.env["ATOLL_TEST_SEED"] === "on") await at(Waiter).answer();
      },
    }),
  ],
  gateway: gateway([route("POST /answer", Waiter.answer)]),
});
