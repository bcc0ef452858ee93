// Sagas: a trip is a seat, a room and a payment, held for a day until the traveller confirms it.
// #region parties
import { contract, entity, handlers, saga, service, system, unavailable } from "@atoll/core";
import * as z from "zod";

const ForTrip = z.object({ trip: z.string() });

/** A plane or a hotel: something with places. */
export const Places = contract("places", {
  version: 1,
  key: z.string(),
  commands: { take: { in: ForTrip, rejects: { Full: z.object({}) } }, free: { in: ForTrip } },
  queries: { taken: { out: z.array(z.string()) } },
  access: { take: ["trips"], free: ["trips"], taken: "any" },
});

const placesMax = 2;

export const places = entity(Places, {
  state: z.object({ trips: z.array(z.string()) }),
  initial: { trips: [] },
  events: { Taken: ForTrip, Freed: ForTrip },
  decide: {
    take: (s, { trip }, turn) => {
      if (s.trips.includes(trip)) return turn.reply();
      return s.trips.length === placesMax ? turn.reject("Full", {}) : turn.emit("Taken", { trip });
    },
    free: (s, { trip }, turn) => (s.trips.includes(trip) ? turn.emit("Freed", { trip }) : turn.reply()), // it may never have been taken
  },
  evolve: {
    Taken: (s, { trip }) => ({ trips: [...s.trips, trip] }),
    Freed: (s, { trip }) => ({ trips: s.trips.filter((other) => other !== trip) }),
  },
  queries: { taken: (s) => s.trips },
});
// #endregion

// #region bank
export const Bank = contract("bank", {
  version: 1,
  commands: {
    charge: { in: ForTrip.extend({ cents: z.int() }), rejects: { Declined: z.object({ reason: z.string() }) } },
    refund: { in: ForTrip },
  },
  access: { charge: ["trips"], refund: ["trips"] },
});

/** The only code that speaks the bank's language. */
export const bank = handlers(Bank, {
  config: { BANK_URL: z.url().default("http://127.0.0.1:8090") },
  handle: {
    charge: async ({ trip, cents }, cx) => {
      const answer = await cx.fetch(`${cx.config.BANK_URL}/payments/${trip}`, {
        method: "PUT",
        headers: { "content-type": "application/json", "idempotency-key": cx.commandId }, // asked again, it charges once
        body: JSON.stringify({ cents }),
        signal: cx.signal,
      });
      if (answer.status === 402) return cx.reject("Declined", { reason: await answer.text() });
      if (!answer.ok) throw unavailable(`the bank answered ${answer.status}`);
      return undefined;
    },
    refund: async ({ trip }, cx) => {
      const answer = await cx.fetch(`${cx.config.BANK_URL}/payments/${trip}`, { method: "DELETE", signal: cx.signal });
      if (!answer.ok) throw unavailable(`the bank answered ${answer.status}`);
    },
  },
});
// #endregion

// #region saga
export const Trip = contract("trip", {
  version: 1,
  key: z.string(),
  commands: {
    book: {
      in: z.object({ flight: z.string(), hotel: z.string(), cents: z.int() }),
      out: z.object({ booked: z.boolean() }),
      rejects: { Full: z.object({}), NotPaid: z.object({ reason: z.string() }), NotConfirmed: z.object({}) },
    },
    confirm: {}, // a signal to the saga while it runs
  },
  access: { book: "any", confirm: "any" },
});

export const trip = saga(Trip.book, 1, async (run, { flight, hotel, cents }) => {
  const forTrip = { trip: run.key };
  await run.step("seat", (at) => at(Places, flight).take(forTrip), { undo: (at) => at(Places, flight).free(forTrip) });
  await run.step("room", (at) => at(Places, hotel).take(forTrip), { undo: (at) => at(Places, hotel).free(forTrip) });
  const confirmed = await run.signal(Trip.confirm, { within: "1d" });
  if (!confirmed) return run.reject("NotConfirmed", {});
  await run.step("charge", (at) => at(Bank).charge({ ...forTrip, cents }), {
    undo: (at) => at(Bank).refund(forTrip),
    retry: { for: "10m" },
    rejected: { Declined: ({ reason }) => run.reject("NotPaid", { reason }) },
  });
  return { booked: true };
});

export const travel = system("travel", {
  services: [service("places", [places]), service("banks", [bank]), service("trips", [trip])],
});
// #endregion
