// The stock that a new shop opens with. The stock service keeps these figures itself: it starts without asking anybody.
import type { At } from "@atoll/core";
import { Stock } from "./contract.ts";

export const openingStock: { readonly [sku: string]: number } = {
  "6d62d909-f957-430e-8689-b5129c0bb75e": 33,
  "a0a4f044-b040-410d-8ead-4de0446aec7e": 115,
  "808a2de1-1aaa-4c25-a9b9-6612e8f29a38": 738,
  "510a0d7e-8e83-4193-b483-e27e09ddc34d": 820,
  "03fef6ac-1896-4ce8-bd69-b798f85c6e0b": 1,
  "d3588630-ad8e-49df-bbd7-3167f7efb246": 801,
  "819e1fbf-8b7e-4f6d-811f-693534916a8b": 808,
  "zzz4f044-b040-410d-8ead-4de0446aec7e": 127,
  "3395a43e-2d88-40de-b95f-e00e1502085b": 438,
  "837ab141-399e-4c1f-9abc-bace40296bac": 175,
};

/** Runs at every start. Repeatable: what has received anything is left as it is. */
export async function openStock(at: At): Promise<void> {
  await Promise.all(Object.entries(openingStock).map(([sku, quantity]) => at(Stock, sku).open({ quantity })));
}
