// One shop, written twice. Both reserve a unit and place the order; they differ in what becomes of the first step when the
// process dies before the second.
import { contract, handlers, saga, service, system, type Implementation, type System } from "@atoll/core";
import * as z from "zod";
import { Order, order } from "./order.ts";
import { Stock, stock } from "./stock.ts";

const Purchase = z.object({ orderId: z.string(), sku: z.string() });

export const Shop = contract("shop", {
  version: 1,
  access: { buy: "any" },
  commands: { buy: { in: Purchase, rejects: { SoldOut: z.object({}) } } },
});

/** As it is often written. The `catch` looks as if nothing could be left behind. */
const buyStepByStep = handlers(Shop, {
  handle: {
    buy: async ({ orderId, sku }, cx) => {
      const reserved = await cx.at(Stock, sku).reserve({ orderId });
      if (reserved.rejected) return cx.reject("SoldOut", {});
      try {
        await cx.at(Order, orderId).place({ sku }); // dies here, and nobody is left to catch anything
      } catch (error) {
        await cx.at(Stock, sku).release({ orderId });
        throw error;
      }
      return undefined;
    },
  },
});

const Checkout = contract("checkout", {
  version: 1,
  key: z.string(),
  access: { start: ["shop"] },
  commands: { start: { in: z.object({ sku: z.string() }), rejects: { SoldOut: z.object({}) } } },
});

/** The cure: the same two steps, each in a journal before the next. Whoever starts after the crash goes on from there. */
const checkout = saga(Checkout.start, 1, async (run, { sku }) => {
  const orderId = run.key;
  await run.step("reserve", (at) => at(Stock, sku).reserve({ orderId }), { undo: (at) => at(Stock, sku).release({ orderId }) });
  await run.step("place", (at) => at(Order, orderId).place({ sku }));
});

const buyBySaga = handlers(Shop, {
  handle: {
    buy: async ({ orderId, sku }, cx) => {
      const bought = await cx.at(Checkout, orderId).start({ sku });
      return bought.rejected ? cx.reject("SoldOut", {}) : undefined;
    },
  },
});

const shopOf = (name: string, parts: readonly Implementation[]): System =>
  system(name, { services: [service("stock", [stock]), service("orders", [order]), service("shop", parts)] });

export const leakyShop = shopOf("leaky-shop", [buyStepByStep]);
export const curedShop = shopOf("cured-shop", [buyBySaga, checkout]);
