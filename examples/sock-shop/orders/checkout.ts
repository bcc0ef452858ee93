// The checkout: from a request to a confirmed order, or to a rejected one that cost nobody anything (ADR 0020).
//
// The order is placed before anything is taken, so that from then on it can be read; undone last, so that a rejected order has
// nothing reserved and nothing charged any more. Every undo tolerates that its step never happened, and bars one that comes
// late: an order refused is not placed, units released are not reserved, money refunded is not charged.
import { saga } from "@atoll/core";
import { Bank } from "../bank/contract.ts";
import { Payment } from "../payment/contract.ts";
import { Stock } from "../stock/contract.ts";
import { Checkout, Order, OrderDesk } from "./contract.ts";

/** For a step whose outcome was asked for until nobody could wait any longer. */
const gaveUp = "The order could not be carried out in time; nothing was charged.";

export const checkout = saga(Checkout.start, 1, async (run, request) => {
  const orderId = run.key;
  let reason = gaveUp;
  const refuse = (message: string): never => {
    reason = message;
    return run.reject("NotAcceptable", { message });
  };

  const { details, problem } = await run.step("prepare", (at) => at(OrderDesk).prepare(request));
  await run.step("place", (at) => at(Order, orderId).place(details), { undo: (at) => at(Order, orderId).refuse({ reason }) });
  if (problem !== null || details.customerId === null) return refuse(problem ?? gaveUp);
  const { customerId: customer, totalCents: cents } = details;

  for (const { itemId, quantity } of details.lines) {
    await run.step(`reserve ${itemId}`, (at) => at(Stock, itemId).reserve({ orderId, quantity }), {
      undo: (at) => at(Stock, itemId).release({ orderId }),
      rejected: {
        SoldOut: ({ left }) => refuse(left === 0 ? "An item is sold out." : `Of an item only ${left} are left.`),
        TooManyHolds: () => refuse("Too many orders for an item are under way."),
        Barred: () => refuse(gaveUp),
      },
    });
  }
  await run.step("charge", (at) => at(Bank).charge({ orderId, customer, cents }), {
    within: "2s",
    retry: { for: "10m" },
    undo: (at) => at(Bank).refund({ orderId }),
    rejected: { Declined: () => refuse("The payment was declined.") },
  });
  const { charged } = await run.step("record payment", (at) => at(Payment, customer).charge({ orderId, cents }), {
    undo: (at) => at(Payment, customer).refund({ orderId }),
    rejected: { Declined: () => refuse("The payment was declined."), ChargeDiffers: () => refuse(gaveUp) },
  });
  if (!charged) return refuse(gaveUp);
  await run.step("confirm", (at) => at(Order, orderId).confirm());
  return run.step("read", (at) => at(Order, orderId).order(), { rejected: { UnknownOrder: () => refuse(gaveUp) } });
});
