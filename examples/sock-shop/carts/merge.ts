// Moving everything in one cart into another, so that a crash anywhere in between doubles nothing and loses nothing:
//
//   pack (out of the one, on disk) → unpack (into the other, on disk) → settle (the one forgets)
//
// A crash leaves a parcel behind. The next merge of that session finds it and goes on; `unpack` is sent under the parcel's
// own id, so a parcel that had arrived is not put in twice. What remains open: nobody goes on by himself. Until the merge
// is asked for again the lines of a parcel may be in neither cart. Sagas, which resume by themselves, come in a later version.
import type { At } from "@atoll/core";
import { Cart } from "./contract.ts";

/** A parcel that an earlier merge left behind, and the lines of today. */
const parcelsMax = 2;

/** Resolves to why `customer`'s cart refused the lines, which are back in `session`'s cart then; undefined if it took them. */
export async function moveLines(at: At, session: string, customer: string): Promise<{ linesMax: number; quantityMax: number } | undefined> {
  for (let i = 0; i < parcelsMax; i += 1) {
    const { parcel } = await at(Cart, session).pack({ to: customer });
    if (!parcel) break;
    const { id, to, lines } = parcel;
    const unpacked = await at(Cart, to).unpack({ lines }, { commandId: id });
    const { left } = await at(Cart, session).settle({ parcel: id, taken: unpacked.rejected === undefined });
    if (unpacked.rejected && to === customer) return unpacked.details;
    if (left === 0) break;
  }
  return undefined;
}
