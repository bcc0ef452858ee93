// What the payment service promises: the shop's own books of what its customers were charged, one entity per customer. The money
// itself moves at the bank (../bank), which is somebody else's; ADR 0020 says how the two are kept together.
import { contract } from "@atoll/core";
import * as z from "zod";

/** The dearest order that is taken, in cents: 105.00. One of the facts of the original that clients test. */
export const chargeCentsMax = 105_00;
/** The newest orders of a customer that are remembered one by one; the sums are of all. */
export const ordersMax = 1_000;

const OrderId = z.string().regex(/^[A-Za-z0-9-]{1,64}$/);
const Cents = z.int().positive();

/** "voided": refunded before it was charged, so that it never will be. */
export const Entry = z.object({ orderId: OrderId, cents: z.int(), status: z.enum(["charged", "refunded", "voided"]) });

export const Payment = contract("payment", {
  version: 1,
  /** The customer. */
  key: z.string().min(1).max(128),
  commands: {
    /** Once per order, however often it is asked. `charged` is false if the order was refunded before, which ends it. */
    charge: {
      in: z.object({ orderId: OrderId, cents: Cents }),
      out: z.object({ charged: z.boolean() }),
      rejects: {
        Declined: z.object({ reason: z.string() }),
        /** The order was charged already, another amount. */
        ChargeDiffers: z.object({ orderId: z.string(), cents: z.int() }),
      },
    },
    /** Gives back what the order was charged, if anything; a charge of it that comes later changes nothing. */
    refund: { in: z.object({ orderId: OrderId }) },
  },
  queries: { account: { out: z.object({ chargedCents: z.int(), refundedCents: z.int(), orders: z.array(Entry) }) } },
  access: { charge: ["orders"], refund: ["orders"], account: ["gateway"] },
});
