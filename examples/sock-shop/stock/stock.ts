// The stock of one sku. What it has to remember is bounded: the newest delivery notes, and the reservations that are open.
import { entity } from "@atoll/core";
import * as z from "zod";
import { Stock } from "./contract.ts";

/** Delivery notes that are recognised when they are reported again. A note older than that many others would count once more. */
export const notesMax = 1_000;
/** Reservations that are open at the same time. */
export const holdsMax = 1_000;
/** Orders that must not reserve any more: those that were released before their reservation came. */
export const barredMax = 1_000;

const Note = z.object({ id: z.string(), quantity: z.int() });
const Hold = z.object({ orderId: z.string() });

export const stock = entity(Stock, {
  state: z.object({
    received: z.int(),
    available: z.int(),
    sold: z.int(),
    /** Reserved units by order. */
    held: z.record(z.string(), z.int()),
    /** Oldest first. */
    notes: z.array(Note),
    /** Oldest first. */
    barred: z.array(z.string()),
  }),
  initial: { received: 0, available: 0, sold: 0, held: {}, notes: [], barred: [] },
  events: {
    Opened: z.object({ quantity: z.int() }),
    Delivered: Note,
    Reserved: Hold.extend({ quantity: z.int() }),
    Released: Hold,
    Barred: Hold,
    Sold: Hold,
  },
  decide: {
    open: (s, c, turn) => (s.received > 0 ? turn.reply() : turn.emit("Opened", c)),
    deliver: (s, c, turn) => {
      const known = s.notes.find(({ id }) => id === c.id);
      if (!known) return turn.emit("Delivered", c);
      return known.quantity === c.quantity ? turn.reply() : turn.reject("DeliveryDiffers", known);
    },
    reserve: (s, c, turn) => {
      if (Object.hasOwn(s.held, c.orderId)) return turn.reply({ left: s.available });
      if (s.barred.includes(c.orderId)) return turn.reject("Barred", {});
      if (s.available < c.quantity) return turn.reject("SoldOut", { left: s.available });
      if (Object.keys(s.held).length >= holdsMax) return turn.reject("TooManyHolds", { holdsMax });
      return turn.emit("Reserved", c).reply((after) => ({ left: after.available }));
    },
    release: (s, c, turn) => {
      if (Object.hasOwn(s.held, c.orderId)) return turn.emit("Released", c);
      return s.barred.includes(c.orderId) ? turn.reply() : turn.emit("Barred", c);
    },
    sell: (s, c, turn) => (Object.hasOwn(s.held, c.orderId) ? turn.emit("Sold", c) : turn.reply()),
  },
  evolve: {
    Opened: (s, { quantity }) => ({ ...s, received: s.received + quantity, available: s.available + quantity }),
    Delivered: (s, note) => ({
      ...s,
      received: s.received + note.quantity,
      available: s.available + note.quantity,
      notes: [...s.notes, note].slice(-notesMax),
    }),
    Reserved: (s, { orderId, quantity }) => ({
      ...s,
      available: s.available - quantity,
      held: { ...s.held, [orderId]: quantity },
    }),
    Released: (s, { orderId }) => {
      const { [orderId]: quantity = 0, ...held } = s.held;
      return { ...s, available: s.available + quantity, held, barred: [...s.barred, orderId].slice(-barredMax) };
    },
    Barred: (s, { orderId }) => ({ ...s, barred: [...s.barred, orderId].slice(-barredMax) }),
    Sold: (s, { orderId }) => {
      const { [orderId]: quantity = 0, ...held } = s.held;
      return { ...s, sold: s.sold + quantity, held };
    },
  },
  queries: {
    level: ({ received, available, sold, held }, _, q) => {
      if (received === 0) return q.reject("UnknownSku", {});
      const reserved = Object.values(held).reduce((sum, quantity) => sum + quantity, 0);
      return { sku: q.key, available, reserved, sold, received };
    },
  },
});
