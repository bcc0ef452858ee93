// HTTP of what customers were charged. Not part of the original demo.
import { route } from "@atoll/gateway";
import * as z from "zod";
import { Payment } from "../payment/contract.ts";

const AccountBody = z.object({
  charged_cents: z.int(),
  refunded_cents: z.int(),
  orders: z.array(z.object({ order: z.string(), cents: z.int(), status: z.string() })),
});

export const paymentRoutes = [
  route("GET /payments/:customer", Payment.account, {
    key: (r) => r.params.customer,
    reply: {
      body: AccountBody,
      from: ({ chargedCents, refundedCents, orders }) => ({
        charged_cents: chargedCents,
        refunded_cents: refundedCents,
        orders: orders.map(({ orderId, cents, status }) => ({ order: orderId, cents, status })),
      }),
    },
  }),
];
