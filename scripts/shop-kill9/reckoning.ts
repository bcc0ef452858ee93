// What became of everything that shoppers were told, once the shop is at rest: its own invariants, the bank's books, and every answer.
import { atRest } from "../verify/at-rest.ts";
import { Shop } from "../verify/shop.ts";
import type { Shoppers } from "./shoppers.ts";

/** For what was under way when the load ended: a bank that is not answering is asked for that long. */
const restMsMax = 120_000;

export interface Reckoning {
  readonly confirmed: number;
  readonly rejected: number;
  /** A sentence for each thing that is not as it was told, or must not be. */
  readonly faults: readonly string[];
}

/** Says on standard error what was answered, and the first faults. Rejects with a `VerifyError` if it cannot be found out. */
export async function reckon(shoppers: Shoppers, at: { readonly shop: string; readonly bank: string }): Promise<Reckoning> {
  const { acknowledged, answered, retried } = shoppers;
  const how = { acknowledged, bank: new Shop(at.bank, fetch), withinMs: restMsMax };
  const { evidence, found } = await atRest(new Shop(at.shop, fetch), how);
  const faults = [...shoppers.faults, ...(found ? [`invariant ${found.number}: ${found.what}`] : [])];
  for (const fault of faults.slice(0, 20)) console.error(fault);
  const byStatus = [...answered].sort(([a], [b]) => a - b).map(([status, count]) => `${status} ${count} times`);
  console.error(`answered ${byStatus.join(", ")}; ${retried} requests were sent again; ${evidence.bank?.length} payments at the bank`);
  // The verifier has sent one order of its own, which is rejected.
  const count = (status: string): number => [...evidence.orders.values()].filter((order) => order?.status === status).length;
  return { confirmed: count("confirmed"), rejected: count("rejected"), faults };
}
