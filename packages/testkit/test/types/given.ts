// Type test: what `given` accepts, and the mistakes that must not compile. Checked by tsc, never run.
import { contract, entity, saga } from "@atoll/core";
import { gateway } from "@atoll/gateway";
import { readModel, tables } from "@atoll/read-model";
import { given } from "@atoll/testkit";
import * as z from "zod";

const Stock = contract("stock", {
  version: 1,
  key: z.string(),
  commands: {
    reserve: {
      in: z.object({ orderId: z.string(), qty: z.int() }),
      out: z.object({ left: z.int() }),
      rejects: { SoldOut: z.object({ left: z.int() }) },
    },
    close: {},
  },
  queries: { level: { out: z.object({ available: z.int() }) }, find: { in: z.object({ q: z.string() }), out: z.int() } },
});
const stock = entity(Stock, {
  state: z.object({ available: z.int() }),
  initial: { available: 0 },
  events: {
    Delivered: z.object({ qty: z.int(), from: z.string().default("x") }),
    Reserved: z.object({ orderId: z.string(), qty: z.int() }),
  },
  decide: {
    reserve: (s, c, turn) => turn.emit("Reserved", c).reply({ left: s.available }),
    close: (_, __, turn) => turn.reply(),
  },
  evolve: { Delivered: (s, e) => ({ available: s.available + e.qty }), Reserved: (s) => s },
  queries: { level: (s) => s, find: () => 1 },
});
const tea = given(stock, "tea");
const reserving = tea.had("Delivered", { qty: 5 }).when("reserve", { orderId: "a", qty: 1 });
reserving.emits("Reserved", { orderId: "a", qty: 1 }).replies({ left: 4 });
reserving.rejects("SoldOut", { left: 4 });
tea.when("close").replies();
tea.asked("level").replies({ available: 1 });
tea.asked("find", { q: "x" }).replies(1);

// @ts-expect-error 26 wrong past: orderId is a string, qty is missing
tea.had("Reserved", { orderId: 1 });
// @ts-expect-error 27 undeclared rejection
tea.when("reserve", { orderId: "a", qty: 1 }).rejects("Nope", {});
// @ts-expect-error an event that the entity does not have
tea.had("Lost", {});
// @ts-expect-error a command that the contract does not have
tea.when("resreve", { orderId: "a", qty: 1 });
// @ts-expect-error a query is not a command
tea.when("level");
// @ts-expect-error a command is not a query
tea.asked("close");
// @ts-expect-error missing input
tea.when("reserve");
// @ts-expect-error input for a command without
tea.when("close", {});
// @ts-expect-error a reply of another form
reserving.replies({ leftt: 4 });
// @ts-expect-error a command without a reply replies nothing
tea.when("close").replies({});
// @ts-expect-error details of another form
reserving.rejects("SoldOut", { left: "4" });
// @ts-expect-error a command without rejections
tea.when("close").rejects("SoldOut", { left: 1 });
// @ts-expect-error data of another event
reserving.emits("Delivered", { orderId: "a", qty: "1" });
// @ts-expect-error queries emit nothing
tea.asked("level").emits("Delivered", { qty: 1 });

// sagas
const Trip = contract("trip", {
  version: 1,
  key: z.string(),
  commands: {
    book: { in: z.object({ days: z.int() }), out: z.object({ ok: z.boolean() }), rejects: { Full: z.object({ left: z.int() }) } },
    cancel: { in: z.object({ by: z.string() }) },
  },
});
const trip = saga(Trip.book, 1, async (run) => {
  run.on(Trip.cancel, () => run.reject("Full", { left: 1 }));
  return { ok: true };
});
const booking = given(trip, "t").when({ days: 1 });
void booking.step("a").replies({ x: 1 }).step("b").fails().undo("a").rejects("No", {}).undoes("a").owes("b").rejects("Full", { left: 0 });
void booking.signal(Trip.cancel, { by: "x" }).replies({ ok: true });

// @ts-expect-error a saga has no past
given(trip).had("Booked", {});
// @ts-expect-error missing input
given(trip).when();
// @ts-expect-error an input of another form
given(trip).when({ days: "1" });
// @ts-expect-error a reply of another form
void booking.replies({ okay: true });
// @ts-expect-error undeclared rejection
void booking.rejects("Nope", {});
// @ts-expect-error details of another form
void booking.rejects("Full", { left: "0" });
// @ts-expect-error a signal without its input
void booking.signal(Trip.cancel);
// @ts-expect-error a signal of another contract
void booking.signal(Stock.close);

// read models
const Shelf = contract("shelf", {
  version: 1,
  queries: {
    top: { in: z.object({ size: z.int() }), out: z.array(z.string()), rejects: { Empty: z.object({ size: z.int() }) } },
    count: { out: z.int() },
  },
});
const Parcel = contract("parcel", { version: 1, key: z.string(), topics: { left: z.object({ kg: z.int() }) } });
const shelf = readModel(Shelf, {
  version: 1,
  tables: tables<{ t: { a: string } }>((db) => [db.schema.createTable("t").addColumn("a", "text")]),
  from: { stock },
  on: { stock: {} },
  queries: { top: async () => [], count: async () => 1 },
});
const shelved = given(shelf).had(stock, "tea", "Delivered", { qty: 1 }).heard(Parcel.left, "p1", { kg: 1 }).parks("tea", /x/);
void shelved.asked("top", { size: 1 }).replies(["a"]);
void shelved.asked("top", { size: 1 }).rejects("Empty", { size: 1 });
void shelved.asked("count").replies(1);

// @ts-expect-error an event of another entity
shelved.had(stock, "tea", "Placed", {});
// @ts-expect-error data of another event
shelved.had(stock, "tea", "Delivered", { orderId: "a" });
// @ts-expect-error a message of another form
shelved.heard(Parcel.left, "p1", { kg: "1" });
// @ts-expect-error a read model takes no commands
shelved.when("top", { size: 1 });
// @ts-expect-error no such query
shelved.asked("bottom");
// @ts-expect-error missing input
shelved.asked("top");
// @ts-expect-error a reply of another form
void shelved.asked("top", { size: 1 }).replies([1]);
// @ts-expect-error undeclared rejection
void shelved.asked("count").rejects("Empty", { size: 1 });

// routes
const edge = given(gateway([]));
const posting = edge.under({ id: "0" }).when("POST /a", { body: { a: 1 }, headers: { "x-a": "b" } });
void posting
  .calls(Stock.reserve, "tea", { orderId: "a", qty: 1 })
  .replies({ left: 1 })
  .responds(200, { body: { left: 1 } });
void posting.calls(Stock.reserve, "tea", { orderId: "a", qty: 1 }).rejects("SoldOut", { left: 0 }).responds(409);
void posting
  .calls(Stock.close, "tea")
  .calls(Shelf.count)
  .replies(1)
  .responds(204, { headers: { allow: "GET" } });
void posting.calls(Stock.close, "tea").fails("DEADLINE").responds(504);

// @ts-expect-error no method
edge.when("/a");
// @ts-expect-error missing key
posting.calls(Stock.close);
// @ts-expect-error missing input
posting.calls(Stock.reserve, "tea");
// @ts-expect-error a key for a contract without
posting.calls(Shelf.count, "tea");
// @ts-expect-error a reply of another form
posting.calls(Shelf.count).replies("1");
// @ts-expect-error undeclared rejection
posting.calls(Stock.close, "tea").rejects("SoldOut", { left: 0 });
// @ts-expect-error no such failure
posting.calls(Stock.close, "tea").fails("TIRED");
