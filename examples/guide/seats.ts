// Apologies by example: an agency that goes on selling seats while it cannot reach the airline.
// #region flight
import { contract, entity, handlers, saga, service, system, unavailable } from "@atoll/core";
import { gateway, route } from "@atoll/gateway";
import * as z from "zod";

const Passenger = z.object({ booking: z.string() });

export const Flight = contract("flight", {
  version: 1,
  key: z.string(),
  commands: {
    /** What the airline said last, and how many more may be sold on a guess. */
    learn: { in: z.object({ seats: z.int(), guess: z.int() }) },
    promise: { in: Passenger, out: z.object({ sure: z.boolean() }), rejects: { SoldOut: z.object({}) } },
    seated: { in: Passenger },
    withdraw: { in: Passenger },
  },
  queries: { bookings: { out: z.object({ promised: z.int(), seated: z.int(), withdrawn: z.int() }) } },
  access: { learn: ["gateway"], bookings: ["gateway"] },
});

const Booked = z.enum(["promised", "seated", "withdrawn"]);

export const flight = entity(Flight, {
  state: z.object({ seats: z.int(), guess: z.int(), bookings: z.record(z.string(), Booked) }),
  initial: { seats: 0, guess: 0, bookings: {} },
  events: {
    Learned: z.object({ seats: z.int(), guess: z.int() }),
    Promised: z.object({ booking: z.string(), sure: z.boolean() }),
    Seated: Passenger,
    Withdrawn: Passenger,
  },
  decide: {
    learn: (_, c, turn) => turn.emit("Learned", c),
    promise: (s, { booking }, turn) => {
      const sold = Object.values(s.bookings).filter((status) => status !== "withdrawn").length;
      if (sold >= s.seats + s.guess) return turn.reject("SoldOut", {});
      const sure = sold < s.seats;
      return turn.emit("Promised", { booking, sure }).reply({ sure });
    },
    seated: (_, c, turn) => turn.emit("Seated", c),
    withdraw: (s, c, turn) => (Object.hasOwn(s.bookings, c.booking) ? turn.emit("Withdrawn", c) : turn.reply()),
  },
  evolve: {
    Learned: (s, { seats, guess }) => ({ ...s, seats, guess }),
    Promised: (s, { booking }) => ({ ...s, bookings: { ...s.bookings, [booking]: "promised" } }),
    Seated: (s, { booking }) => ({ ...s, bookings: { ...s.bookings, [booking]: "seated" } }),
    Withdrawn: (s, { booking }) => ({ ...s, bookings: { ...s.bookings, [booking]: "withdrawn" } }),
  },
  queries: {
    bookings: ({ bookings }) => {
      const count = (status: string): number => Object.values(bookings).filter((other) => other === status).length;
      return { promised: count("promised"), seated: count("seated"), withdrawn: count("withdrawn") };
    },
  },
});
// #endregion

// #region airline
const Seat = z.object({ flight: z.string(), booking: z.string() });

/** The airline in our words; it is somebody else's system, and sometimes it cannot be reached. */
export const Airline = contract("airline", {
  version: 1,
  commands: { seat: { in: Seat, rejects: { Full: z.object({}) } }, release: { in: Seat } },
});

const airline = handlers(Airline, {
  config: { AIRLINE_URL: z.url().default("http://127.0.0.1:8081") },
  handle: {
    seat: async ({ flight: name, booking }, cx) => {
      const answer = await cx.fetch(`${cx.config.AIRLINE_URL}/cabins/${name}/seats/${booking}`, { method: "PUT", signal: cx.signal });
      if (answer.status === 409) return cx.reject("Full", {});
      if (!answer.ok) throw unavailable(`the airline answered ${answer.status}`);
      return undefined;
    },
    release: async ({ flight: name, booking }, cx) => {
      const answer = await cx.fetch(`${cx.config.AIRLINE_URL}/cabins/${name}/seats/${booking}`, { method: "DELETE", signal: cx.signal });
      if (!answer.ok) throw unavailable(`the airline answered ${answer.status}`);
    },
  },
});
// #endregion

// #region saga
export const Booking = contract("booking", {
  version: 1,
  key: z.string(),
  commands: {
    book: {
      /** `otherwise`: the flight that would do as well. */
      in: z.object({ flight: z.string(), otherwise: z.string() }),
      out: z.object({ seated: z.boolean() }),
      rejects: { SoldOut: z.object({}), Oversold: z.object({ flight: z.string() }) },
    },
  },
  access: { book: ["gateway"] },
});

export const booking = saga(
  Booking.book,
  1,
  async (run, { flight: name, otherwise }) => {
    const passenger = { booking: run.key };
    await run.step("promise", (at) => at(Flight, name).promise(passenger), {
      undo: async (at) => {
        await at(Flight, name).withdraw(passenger);
        return at(Airline).seat({ flight: otherwise, ...passenger }); // full as well: then somebody owes an apology
      },
    });
    await run.step("seat", (at) => at(Airline).seat({ flight: name, ...passenger }), {
      undo: (at) => at(Airline).release({ flight: name, ...passenger }),
      retry: { for: "12h", every: "1s" }, // as long as a cut may last
      rejected: { Full: () => run.reject("Oversold", { flight: name }) },
    });
    await run.step("seated", (at) => at(Flight, name).seated(passenger));
    return { seated: true };
  },
  { apologies: { owner: "customer care", within: "2d" } },
);
// #endregion

// #region system
export const agency = system("agency", {
  services: [service("agency", [flight, airline, booking], { calls: [[Airline, { within: "2s", breaker: { halfOpenAfter: "1s" } }]] })],
  gateway: gateway([
    route("PUT /flights/:flight", Flight.learn, { key: (r) => r.params.flight }),
    route("GET /flights/:flight", Flight.bookings, { key: (r) => r.params.flight }),
    route("POST /bookings/:id", Booking.book, {
      key: (r) => r.params.id,
      body: z.object({ flight: z.string(), otherwise: z.string() }),
      input: (r) => r.body,
      within: "1s",
      reply: { status: 201, later: (r) => `/flights/${r.body.flight}` }, // no seat yet: 202, and where to look
    }),
  ]),
});
// #endregion
