// The saga that the tests of `given` tell of: a seat, a room and a payment, undone if the payment is declined.
import { contract, saga } from "@atoll/core";
import * as z from "zod";

const Booking = z.object({ trip: z.string() });
export const Seat = contract("seat", {
  version: 1,
  key: z.string(),
  commands: {
    take: { in: Booking, out: z.object({ row: z.int() }), rejects: { Full: z.object({ left: z.int() }) } },
    free: { in: Booking },
  },
});
export const Room = contract("room", { version: 1, key: z.string(), commands: { hold: { in: Booking }, free: { in: Booking } } });
export const Bank = contract("bank", {
  version: 1,
  commands: { pay: { in: z.object({ cents: z.int() }), rejects: { Declined: z.object({ why: z.string() }) } }, repay: { in: Booking } },
});
export const Trip = contract("trip", {
  version: 1,
  key: z.string(),
  commands: {
    book: {
      in: z.object({ seat: z.string(), room: z.string(), cents: z.int().default(100) }),
      out: z.object({ row: z.int(), approvedBy: z.string().optional() }),
      rejects: { Full: z.object({ left: z.int() }), NoMoney: z.object({ cents: z.int() }), Cancelled: z.object({ by: z.string() }) },
    },
    approve: { in: z.object({ by: z.string() }) },
    cancel: { in: z.object({ by: z.string() }) },
  },
});

export const trip = saga(Trip.book, 1, async (run, { seat, room, cents }) => {
  run.on(Trip.cancel, ({ by }) => run.reject("Cancelled", { by }));
  const booking = { trip: run.key };
  const { row } = await run.step("seat", (at) => at(Seat, seat).take(booking), { undo: (at) => at(Seat, seat).free(booking) });
  await run.step("room", (at) => at(Room, room).hold(booking), { undo: (at) => at(Room, room).free(booking) });
  const approved = cents > 1_000 ? await run.signal(Trip.approve, { within: "2d" }) : undefined;
  await run.step("pay", (at) => at(Bank).pay({ cents }), {
    undo: (at) => at(Bank).repay(booking),
    rejected: { Declined: () => run.reject("NoMoney", { cents }) },
  });
  return approved ? { row, approvedBy: approved.input.by } : { row };
});
