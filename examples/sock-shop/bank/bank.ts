// Speaks to the bank (server.ts) and translates: 402 is a rejection, whatever else is not well is an outcome that nobody knows,
// because a bank that answers with an error, or not at all, may have moved the money. Asking again is safe: a payment goes by its
// order's id, and there is one of each.
import { Failure, handlers, unavailable } from "@atoll/core";
import * as z from "zod";
import { Bank } from "./contract.ts";

/** Where `npm run bank` listens. */
const bankUrl = "http://127.0.0.1:8090";

interface Reach {
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  readonly config: { readonly BANK_URL: string };
}

export const bank = handlers(Bank, {
  config: { BANK_URL: z.url().default(bankUrl) },
  handle: {
    charge: async ({ orderId, customer, cents }, cx) => {
      const body = JSON.stringify({ customer, cents });
      const status = await statusOf(cx, orderId, { method: "PUT", headers: { "content-type": "application/json" }, body });
      if (status === 402) return cx.reject("Declined", { reason: "the bank declined the payment" });
      if (status !== 200) throw unavailable(`the bank answered ${status}`);
      return undefined;
    },
    refund: async ({ orderId }, cx) => {
      const status = await statusOf(cx, orderId, { method: "DELETE" });
      if (status !== 200) throw unavailable(`the bank answered ${status}`);
    },
  },
});

/** What an outside party says beside the status is nothing that we would act on, so it is not read. */
async function statusOf({ fetch, config, signal }: Reach, orderId: string, init: RequestInit): Promise<number> {
  const url = `${config.BANK_URL.replace(/\/+$/, "")}/payments/${orderId}`;
  try {
    const response = await fetch(url, { ...init, signal });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw unavailable(`the bank cannot be reached: ${error instanceof Error ? error.message : String(error)}`);
  }
}
