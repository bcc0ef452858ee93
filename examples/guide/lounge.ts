// The first service of the guide: airport lounges with three seats each. docs/guide quotes the regions.
// #region contract
import { contract, entity, service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import * as z from "zod";

const Guest = z.object({ guest: z.string().min(1) });

export const Lounge = contract("lounge", {
  version: 1,
  key: z.string(), // one entity per lounge, at the address lounge/<name>
  commands: {
    enter: { in: Guest, out: z.object({ free: z.int() }), rejects: { Full: z.object({ seats: z.int() }) } },
    leave: { in: Guest },
  },
  queries: { guests: { out: z.array(z.string()) } },
  access: { enter: ["gateway"], leave: ["gateway"], guests: "any" },
});
// #endregion

// #region entity
const seats = 3;

export const lounge = entity(Lounge, {
  state: z.object({ guests: z.array(z.string()) }),
  initial: { guests: [] },
  events: { Entered: Guest, Left: Guest },
  decide: {
    enter: (state, { guest }, turn) => {
      const free = seats - state.guests.length;
      if (state.guests.includes(guest)) return turn.reply({ free });
      if (free === 0) return turn.reject("Full", { seats });
      return turn.emit("Entered", { guest }).reply({ free: free - 1 });
    },
    leave: (state, { guest }, turn) => (state.guests.includes(guest) ? turn.emit("Left", { guest }) : turn.reply()),
  },
  evolve: {
    Entered: (state, { guest }) => ({ guests: [...state.guests, guest] }),
    Left: (state, { guest }) => ({ guests: state.guests.filter((other) => other !== guest) }),
  },
  queries: { guests: (state) => state.guests },
});
// #endregion

// #region system
export const airport = system("airport", {
  services: [service("lounges", [lounge])],
  gateway: gateway([
    route("POST /lounges/:name/guests", Lounge.enter, { key: (r) => r.params.name }),
    route("DELETE /lounges/:name/guests/:guest", Lounge.leave, {
      key: (r) => r.params.name,
      input: (r) => ({ guest: r.params.guest }),
    }),
    route("GET /lounges/:name/guests", Lounge.guests, { key: (r) => r.params.name }),
  ]),
});
// #endregion
