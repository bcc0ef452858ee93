// The bank in our words. It is an outside party: what it speaks is known to bank.ts only.
import { contract } from "@atoll/core";
import * as z from "zod";

const ForOrder = z.object({ orderId: z.string().regex(/^[A-Za-z0-9-]{1,64}$/) });

export const Bank = contract("bank", {
  version: 1,
  commands: {
    /** Once per order, however often it is asked. After a refund of the order it moves no money. */
    charge: {
      in: ForOrder.extend({ customer: z.string(), cents: z.int().positive() }),
      rejects: { Declined: z.object({ reason: z.string() }) },
    },
    /** Gives back what was charged for the order, if anything; a charge that comes later moves no money. */
    refund: { in: ForOrder },
  },
  access: { charge: ["orders"], refund: ["orders"] },
});
