// The airline of the guide, a system of its own behind a network that can be cut: it alone knows how many seats are left.
import { contract, entity, service, system } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import * as z from "zod";

const Passenger = z.object({ booking: z.string() });

const Cabin = contract("cabin", {
  version: 1,
  key: z.string(),
  commands: {
    open: { in: z.object({ seats: z.int().positive() }) },
    seat: { in: Passenger, rejects: { Full: z.object({ seats: z.int() }) } },
    release: { in: Passenger },
  },
  queries: { passengers: { out: z.object({ seats: z.int(), taken: z.int() }) } },
  access: { open: ["gateway"], seat: ["gateway"], release: ["gateway"], passengers: ["gateway"] },
});

const cabin = entity(Cabin, {
  state: z.object({ seats: z.int(), passengers: z.array(z.string()) }),
  initial: { seats: 0, passengers: [] },
  events: { Opened: z.object({ seats: z.int() }), Seated: Passenger, Released: Passenger },
  decide: {
    open: (_, c, turn) => turn.emit("Opened", c),
    seat: (s, { booking }, turn) => {
      if (s.passengers.includes(booking)) return turn.reply();
      return s.passengers.length >= s.seats ? turn.reject("Full", { seats: s.seats }) : turn.emit("Seated", { booking });
    },
    release: (s, { booking }, turn) => (s.passengers.includes(booking) ? turn.emit("Released", { booking }) : turn.reply()),
  },
  evolve: {
    Opened: (s, { seats }) => ({ ...s, seats }),
    Seated: (s, { booking }) => ({ ...s, passengers: [...s.passengers, booking] }),
    Released: (s, { booking }) => ({ ...s, passengers: s.passengers.filter((other) => other !== booking) }),
  },
  queries: { passengers: ({ seats, passengers }) => ({ seats, taken: passengers.length }) },
});

export const airline = system("airline", {
  services: [service("cabins", [cabin])],
  gateway: gateway([
    route("PUT /cabins/:flight", Cabin.open, { key: (r) => r.params.flight }),
    route("GET /cabins/:flight", Cabin.passengers, { key: (r) => r.params.flight }),
    route("PUT /cabins/:flight/seats/:booking", Cabin.seat, {
      key: (r) => r.params.flight,
      input: (r) => ({ booking: r.params.booking }),
    }),
    route("DELETE /cabins/:flight/seats/:booking", Cabin.release, {
      key: (r) => r.params.flight,
      input: (r) => ({ booking: r.params.booking }),
    }),
  ]),
});
