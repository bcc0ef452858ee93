// One customer's cart. A parcel is what has left the cart for another one and is not known to have arrived: `pack` takes
// it out, the other cart's `unpack` puts it in, `settle` forgets it. Each of the three can be repeated, so whoever moves a
// cart can be cut off anywhere and start again (merge.ts).
import { entity } from "@atoll/core";
import * as z from "zod";
import { Cart, Line, Lines, linesMax, Parcel, quantityMax } from "./contract.ts";
import { fits, lineOf, plus, replaced, without } from "./lines.ts";

const full = { linesMax, quantityMax };

/** With what is on its way: it may come back, and must find room. */
const withParcel = (lines: readonly Line[], parcel: { readonly lines: readonly Line[] } | null): readonly Line[] =>
  plus(parcel?.lines ?? [], lines);

export const cart = entity(Cart, {
  state: z.object({ lines: Lines, parcel: Parcel.nullable() }),
  initial: { lines: [], parcel: null },
  events: {
    Put: Line,
    Set: Line,
    Removed: z.object({ itemId: z.string() }),
    Cleared: z.object({}),
    Packed: z.object({ id: z.string(), to: z.string() }),
    Unpacked: z.object({ lines: Lines }),
    Arrived: z.object({}),
    PutBack: z.object({}),
  },
  decide: {
    put: (s, line, turn) => {
      const after = plus(s.lines, [line]);
      if (!fits(withParcel(after, s.parcel))) return turn.reject("CartFull", full);
      return turn.emit("Put", line).reply(lineOf(after, line.itemId) ?? line);
    },
    set: (s, line, turn) => {
      const known = lineOf(s.lines, line.itemId);
      if (known?.quantity === line.quantity && known.cents === line.cents) return turn.reply();
      return fits(withParcel(replaced(s.lines, line), s.parcel)) ? turn.emit("Set", line) : turn.reject("CartFull", full);
    },
    remove: (s, { itemId }, turn) => (lineOf(s.lines, itemId) ? turn.emit("Removed", { itemId }) : turn.reply()),
    clear: (s, _, turn) => (s.lines.length > 0 ? turn.emit("Cleared", {}) : turn.reply()),
    pack: (s, { to }, turn) => {
      if (s.parcel || s.lines.length === 0) return turn.reply({ parcel: s.parcel });
      const id = `parcel/${turn.key}/${turn.version + 1}`;
      return turn.emit("Packed", { id, to }).reply((after) => ({ parcel: after.parcel }));
    },
    unpack: (s, { lines }, turn) =>
      fits(withParcel(plus(s.lines, lines), s.parcel)) ? turn.emit("Unpacked", { lines }) : turn.reject("CartFull", full),
    settle: (s, { parcel, taken }, turn) => {
      if (s.parcel?.id !== parcel) return turn.reply({ left: s.lines.length });
      return turn.emit(taken ? "Arrived" : "PutBack", {}).reply((after) => ({ left: after.lines.length }));
    },
  },
  evolve: {
    Put: (s, line) => ({ ...s, lines: plus(s.lines, [line]) }),
    Set: (s, line) => ({ ...s, lines: replaced(s.lines, line) }),
    Removed: (s, { itemId }) => ({ ...s, lines: without(s.lines, itemId) }),
    Cleared: (s) => ({ ...s, lines: [] }),
    Packed: (s, { id, to }) => ({ lines: [], parcel: { id, to, lines: s.lines } }),
    Unpacked: (s, { lines }) => ({ ...s, lines: plus(s.lines, lines) }),
    Arrived: (s) => ({ ...s, parcel: null }),
    PutBack: (s) => ({ lines: withParcel(s.lines, s.parcel), parcel: null }),
  },
  queries: { contents: ({ lines }, _, q) => ({ customer: q.key, lines }) },
});
