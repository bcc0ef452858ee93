// Mistakes that must not compile, and what the compiler must say about each. Every directive is load-bearing: without an
// error on its line it is an error itself. After the number and the name of a mistake stands, in backticks, what the message
// has to contain so that it names the cause; mistakes.test.ts takes the directives away and looks. Mistakes 23 to 25 are in
// bad-read-model.ts.
/* oxlint-disable unicorn/no-thenable -- mistake 13 is one */
import { contract, entity, handlers, saga, subscription, type At, type Decision } from "@atoll/core";
import * as z from "zod";
import { given, route } from "./others.ts";
import { Bank, Checkout, Order, OrderHistory, stock, Stock } from "./shop.ts";

declare const at: At;

const C = contract("c", {
  version: 1,
  key: z.string(),
  commands: {
    go: { in: z.object({ n: z.int() }), out: z.object({ s: z.enum(["a", "b"]) }), rejects: { No: z.object({}) } },
    ping: {},
  },
});
const base = {
  state: z.object({ n: z.int(), s: z.enum(["a", "b"]) }),
  initial: { n: 0, s: "a" },
  events: { E: z.object({ n: z.int() }) },
} as const;
const ping = (_state: unknown, _command: unknown, turn: { reply(): Decision }): Decision => turn.reply();
const evolve = { E: <S>(state: S): S => state };

// Without a mistake all of this compiles.
entity(C, {
  ...base,
  decide: { go: (s, c, t) => (s.n > 0 ? t.reject("No", {}) : t.emit("E", c).reply({ s: "a" })), ping },
  evolve: { E: (s, e) => ({ ...s, n: s.n + e.n }) },
});
entity(C, { ...base, decide: { go: (_s, _c, t) => t.reply({ s: "a" }), ping }, evolve });

// @ts-expect-error 1 undeclared rejection: `"Nope"` `"No"`
entity(C, { ...base, decide: { go: (_s, _c, t) => t.reject("Nope", {}), ping }, evolve });
// @ts-expect-error 2 wrong event payload: `'m' does not exist in type '{ readonly n: number; }'`
entity(C, { ...base, decide: { go: (_s, _c, t) => t.emit("E", { m: 1 }).reply({ s: "a" }), ping }, evolve });
// @ts-expect-error 3 unhandled event: `Property 'E' is missing`
entity(C, { ...base, decide: { go: (_s, _c, t) => t.reply({ s: "a" }), ping }, evolve: {} });
// @ts-expect-error 4 unhandled command: `Property 'ping' is missing`
entity(C, { ...base, decide: { go: (_s, _c, t) => t.reply({ s: "a" }) }, evolve });
// @ts-expect-error 5 forgotten reply: `Property '[replied]' is missing in type 'Emitting<` `required in type 'Decision'`
entity(C, { ...base, decide: { go: (_s, c, t) => t.emit("E", c), ping }, evolve });
// @ts-expect-error 6 reject after emit: `Property 'reject' does not exist on type 'Emitting<`
entity(C, { ...base, decide: { go: (_s, c, t) => t.emit("E", c).reject("No", {}), ping }, evolve });
// @ts-expect-error 7 mutated state: `Cannot assign to 'n' because it is a read-only property`
entity(C, { ...base, decide: { go: (s, _c, t) => ((s.n += 1), t.reply({ s: "a" })), ping }, evolve });
// @ts-expect-error 8 wrong literal in state: `"c"` `"a" | "b"`
entity(C, { ...base, decide: { go: (_s, _c, t) => t.reply({ s: "a" }), ping }, evolve: { E: (s) => ({ ...s, s: "c" }) } });
// @ts-expect-error 9 async decide: `Property '[replied]' is missing in type 'Promise<Decision>'`
entity(C, { ...base, decide: { go: async (_s, _c, t) => t.reply({ s: "a" }), ping }, evolve });
// @ts-expect-error 10 wrong literal in reply: `"z"` `"a" | "b"`
entity(C, { ...base, decide: { go: (_s, _c, t) => t.reply({ s: "z" }), ping }, evolve });

// @ts-expect-error 11 not JSON: `Property 'when' is incompatible` `Type 'Date' is not assignable to type 'Json'`
contract("x", { version: 1, commands: { a: { in: z.object({ when: z.date() }) } } });
// @ts-expect-error 12 access for a name that is not there: `Mistake<"b", "is no command, query or topic of this contract">`
contract("x", { version: 1, commands: { a: {} }, access: { b: "any" } });
// @ts-expect-error 13 a name that would make a reference thenable: `Mistake<"then", "is reserved: references get awaited">`
contract("x", { version: 1, commands: { then: {} } });
// @ts-expect-error 14 one name, two meanings: `Mistake<"a", "is a command already">`
contract("x", { version: 1, commands: { a: {} }, queries: { a: {} } });

export async function calls(): Promise<void> {
  const a = await at(Stock, "tea").reserve({ orderId: "o", qty: 1 });
  // @ts-expect-error 15 reply used before looking: `Property 'reply' does not exist` `Rejected<` `"SoldOut"`
  a.reply.left;
  // @ts-expect-error 16 missing argument: `Expected 1-2 arguments` `parameter 'input'` `reserve`
  at(Stock, "tea").reserve();
  // @ts-expect-error 17 missing key: `Expected 2 arguments` `parameter 'key'`
  at(Stock).level();
  // @ts-expect-error 18 key on a contract without one: `Expected 1 arguments` `"extra"`
  at(Bank, "extra");
}

saga(Checkout.start, 1, async (run) => {
  // @ts-expect-error 19 rejection that the saga does not declare, and does not answer: `Declined is not answered` `rejected`
  await run.step("c", (book) => book(Bank).charge({ orderId: "o", cents: 1 }));
  return { status: "confirmed" };
});
// @ts-expect-error 20 saga's reply misspelt: `"confirmd"` `Did you mean '"confirmed"'`
saga(Checkout.start, 1, async () => ({ status: "confirmd" }));

// @ts-expect-error 21 no such path parameter: `Property 'id' does not exist` `sku: string`
route("GET /stock/:sku", Stock.level, { key: (r) => r.params.id });
// @ts-expect-error 22 keyed operation without a key: `Expected 3 arguments` `parameter 'how'`
route("GET /stock", Stock.level);

// @ts-expect-error 26 given: wrong past: `Type 'number' is not assignable to type 'string'` `orderId`
given(stock, "tea").had("Reserved", { orderId: 1, qty: 1 });
// @ts-expect-error 27 given: undeclared rejection: `"Nope"` `"SoldOut"`
given(stock, "tea").when("reserve", { orderId: "a", qty: 1 }).rejects("Nope", {});

// @ts-expect-error 28 handler's undeclared rejection: `"Nope"` `"Declined"`
handlers(Bank, { handle: { charge: async (_c, cx) => cx.reject("Nope", {}), refund: async () => {} } });
// @ts-expect-error 29 handler forgets an operation: `Property 'refund' is missing`
handlers(Bank, { handle: { charge: async () => {} } });
// @ts-expect-error 30 told message with a missing field: `Property 'orderId' is missing`
subscription("s", Order.confirmed, (_m, tell) => tell(Stock, "a").release({}));
// @ts-expect-error 31 subscribing to a command: `OpRef<` `is missing the following properties from type 'TopicRef<`
subscription("s", Order.place, () => undefined);
saga(Checkout.start, 1, async (run) => {
  // @ts-expect-error 32 a call outside of a step, where there is no address book: `Property 'at' does not exist on type 'Run<`
  await run.at(Stock, "a").level();
  return { status: "confirmed" };
});
// @ts-expect-error 33 missing input mapping: `Expected 3 arguments` `parameter 'how'`
route("GET /customers/:id/orders", OrderHistory.of);
// @ts-expect-error 34 a query must not come back without the declared reply: `Type 'void' is not assignable` `customer: string`
handlers(OrderHistory, { handle: { of: async () => {} } });
