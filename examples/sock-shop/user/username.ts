// One user name: whose it is. A name that is claimed by somebody who never registered is freed by registration.ts.
import { entity } from "@atoll/core";
import * as z from "zod";
import { Username } from "./contract.ts";

const Claim = z.object({ customer: z.string(), at: z.int() });

export const username = entity(Username, {
  state: z.object({ claim: Claim.nullable() }),
  initial: { claim: null },
  events: { Claimed: Claim, Released: z.object({}) },
  decide: {
    claim: (s, { customer }, turn) => {
      if (!s.claim) return turn.emit("Claimed", { customer, at: turn.now });
      return s.claim.customer === customer ? turn.reply() : turn.reject("Taken", s.claim);
    },
    release: (s, { customer }, turn) => (s.claim?.customer === customer ? turn.emit("Released", {}) : turn.reply()),
  },
  evolve: { Claimed: (_, claim) => ({ claim }), Released: () => ({ claim: null }) },
  queries: { owner: ({ claim }) => ({ customer: claim?.customer ?? null }) },
});
