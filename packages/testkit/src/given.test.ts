import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, entity } from "@atoll/core";
import * as z from "zod";
import { given } from "./index.ts";

const Hold = z.object({ orderId: z.string() });
const Stock = contract("stock", {
  version: 1,
  key: z.string(),
  commands: {
    deliver: { in: z.object({ quantity: z.int().positive() }) },
    reserve: {
      in: Hold.extend({ qty: z.int().positive().default(1) }),
      out: z.object({ left: z.int(), note: z.string().default("-") }),
      rejects: { SoldOut: z.object({ left: z.int() }), Closed: z.object({}) },
    },
    sell: { in: Hold },
    close: {},
  },
  queries: { level: { out: z.object({ sku: z.string(), available: z.int() }), rejects: { UnknownSku: z.object({}) } } },
});
const stock = entity(Stock, {
  state: z.object({ available: z.int(), held: z.record(z.string(), z.int()), closedBy: z.string().default("") }),
  initial: { available: 0, held: {} },
  events: {
    Delivered: z.object({ qty: z.int(), from: z.string().default("unknown") }),
    Reserved: Hold.extend({ qty: z.int() }),
    Sold: Hold,
    Closed: z.object({ at: z.int() }),
  },
  upcast: { Reserved: [(old: { order: string; n: number }) => ({ orderId: old.order, qty: old.n })] },
  decide: {
    deliver: (_, c, turn) => turn.emit("Delivered", { qty: c.quantity }),
    reserve: (s, c, turn) =>
      s.closedBy !== ""
        ? turn.reject("Closed", {})
        : s.available < c.qty
          ? turn.reject("SoldOut", { left: s.available })
          : turn.emit("Reserved", c).reply((after) => ({ left: after.available })),
    sell: (s, c, turn) => (Object.hasOwn(s.held, c.orderId) ? turn.emit("Sold", c) : turn.reply()),
    close: (_, __, turn) => turn.emit("Sold", { orderId: "rest" }).emit("Closed", { at: turn.now }),
  },
  evolve: {
    Delivered: (s, e) => ({ ...s, available: s.available + e.qty }),
    Reserved: (s, e) => ({ ...s, available: s.available - e.qty, held: { ...s.held, [e.orderId]: e.qty } }),
    Sold: (s, e) => ({ ...s, held: Object.fromEntries(Object.entries(s.held).filter(([id]) => id !== e.orderId)) }),
    Closed: (s, _, at) => ({ ...s, closedBy: at.caller }),
  },
  queries: { level: (s, _, q) => (s.available === 0 ? q.reject("UnknownSku", {}) : { sku: q.key, available: s.available }) },
});

const tea = given(stock, "tea").had("Delivered", { qty: 5 });

/** The message of the AssertionError that `act` throws. */
function failure(act: () => unknown): string {
  let message = "";
  assert.throws(act, (error) => {
    assert.ok(error instanceof assert.AssertionError, `an AssertionError, not ${String(error)}`);
    message = error.message;
    return true;
  });
  return message;
}

test("given: the events and the reply that were expected pass", () => {
  tea.when("reserve", { orderId: "a", qty: 2 }).emits("Reserved", { orderId: "a", qty: 2 }).replies({ left: 3 });
});

test("given: a rejection that was expected passes", () => {
  tea.when("reserve", { orderId: "a", qty: 9 }).rejects("SoldOut", { left: 5 });
});

test("given: a command without a reply may end with its events, or with replies()", () => {
  tea.when("deliver", { quantity: 1 }).emits("Delivered", { qty: 1 });
  tea.when("deliver", { quantity: 1 }).emits("Delivered", { qty: 1 }).replies();
  tea.when("sell", { orderId: "nobody" }).replies();
});

test("given: defaults count as written, in inputs, events and replies", () => {
  tea.when("reserve", { orderId: "a" }).emits("Reserved", { orderId: "a", qty: 1 }).replies({ left: 4, note: "-" });
  tea.when("deliver", { quantity: 1 }).emits("Delivered", { qty: 1, from: "unknown" });
});

test("given: one past can be told on in several ways", () => {
  const held = tea.had("Reserved", { orderId: "a", qty: 5 });
  held.when("reserve", { orderId: "b" }).rejects("SoldOut", { left: 0 });
  tea.when("reserve", { orderId: "b" }).emits("Reserved", { orderId: "b", qty: 1 }).replies({ left: 4 });
});

test("given: who asks and when can be said, for the past and for the command", () => {
  tea.under({ now: 7, caller: "manager" }).when("close").emits("Sold", { orderId: "rest" }).emits("Closed", { at: 7 });
  tea.under({ caller: "x" }).had("Closed", { at: 1 }).under({ caller: "orders" }).when("reserve", { orderId: "a" }).rejects("Closed", {});
});

test("given: a query is asked like a command", () => {
  tea.asked("level").replies({ sku: "tea", available: 5 });
  given(stock).asked("level").rejects("UnknownSku", {});
  assert.match(
    failure(() => tea.asked("level").replies({ sku: "tea", available: 6 })),
    /the reply is another than expected\n {2}at \/available: expected 6, was 5\n/,
  );
});

test("given: a wrong event names its number, the pointer, and everything that led there", () => {
  const held = tea.had("Reserved", { orderId: "z", qty: 1 });
  assert.equal(
    failure(() => held.when("reserve", { orderId: "a", qty: 2 }).emits("Reserved", { orderId: "a", qty: 3 })),
    [
      'stock "tea": event 1, Reserved, has other data than expected',
      "  at /qty: expected 3, was 2",
      'history   1 Delivered {"qty":5}',
      '          2 Reserved {"orderId":"z","qty":1}',
      'command   reserve {"orderId":"a","qty":2}',
      'emitted   1 Reserved {"orderId":"a","qty":2}',
      'answered  reply {"left":2,"note":"-"}',
    ].join("\n"),
  );
});

const closing = (): ReturnType<typeof tea.when<"close">> => tea.when("close").emits("Sold", { orderId: "rest" });

test("given: another event, a missing one and one too many are told apart", () => {
  assert.match(
    failure(() => closing().emits("Delivered", { qty: 1 })),
    /event 2 is another than expected\n {2}expected Delivered \{"qty":1\}\n {2}was {6}Closed \{"at":1767225600000\}\n/,
  );
  assert.match(
    failure(() => tea.when("sell", { orderId: "a" }).emits("Sold", { orderId: "a" })),
    /event 1 was expected and is missing\n {2}expected Sold .*\n.*\n.*\nemitted {3}no events\nanswered {2}reply nothing$/,
  );
  assert.match(
    failure(() => closing().replies()),
    /it emitted an event that was not expected\n {2}event 2: Closed \{"at":1767225600000\}\n/,
  );
  assert.match(
    failure(() => tea.when("close").replies()),
    /it emitted 2 events that were not expected\n/,
  );
});

test("given: another answer than expected says both", () => {
  assert.match(
    failure(() => tea.when("reserve", { orderId: "a" }).emits("Reserved", { orderId: "a", qty: 1 }).replies({ left: 0 })),
    /the reply is another than expected\n {2}at \/left: expected 0, was 4\n/,
  );
  assert.match(
    failure(() => tea.when("reserve", { orderId: "a", qty: 9 }).replies({ left: 0 })),
    /it was rejected, and a reply was expected\n {2}expected reply \{"left":0\}\n {2}was {6}rejection SoldOut \{"left":5\}\n/,
  );
  assert.match(
    failure(() => tea.when("reserve", { orderId: "a" }).rejects("Closed", {})),
    /it was not rejected\n {2}expected rejection Closed \{\}\n {2}was {6}reply /,
  );
  assert.match(
    failure(() => tea.when("reserve", { orderId: "a", qty: 9 }).rejects("Closed", {})),
    /it was rejected otherwise\n/,
  );
  assert.match(
    failure(() => tea.when("reserve", { orderId: "a", qty: 9 }).rejects("SoldOut", { left: 4 })),
    /the rejection SoldOut has other details than expected\n {2}at \/left: expected 4, was 5\n/,
  );
});

test("given: a past that cannot have been is refused with the pointer", () => {
  const wrong = { orderId: 1, qty: 2 } as unknown as { orderId: string; qty: number };
  assert.match(
    failure(() => tea.had("Reserved", wrong)),
    /^stock "tea": event 2 of the past, Reserved, cannot have been\n {2}at \/orderId: .*string.*\nhistory {3}1 Delivered \{"qty":5\}$/,
  );
  assert.match(
    failure(() => tea.had("Lost" as "Sold", { orderId: "a" })),
    /event 2 of the past, Lost, cannot have been\n.*"Lost"/,
  );
});

test("given: an input, an expected event or an expected reply that its schema refuses is the test's own mistake", () => {
  assert.match(
    failure(() => tea.when("reserve", { orderId: "a", qty: 0 })),
    /the input of reserve is not valid\n {2}at \/qty: /,
  );
  assert.match(
    failure(() => tea.when("deliver", { quantity: 1 }).emits("Delivered", { qty: 0.5 })),
    /the data expected of event 1, Delivered, can never come: it does not match its schema\n/,
  );
  assert.match(
    failure(() => tea.when("reserve", { orderId: "a" }).emits("Reserved", { orderId: "a", qty: 1 }).replies({ left: 0.5 })),
    /the expected reply can never come/,
  );
  assert.match(
    failure(() => tea.when("levle" as "sell", { orderId: "a" })),
    /the contract has no operation "levle"/,
  );
  assert.match(
    failure(() => tea.when("level" as "sell", { orderId: "a" })),
    /"level" is a query, not a command/,
  );
});

const Odd = contract("odd", {
  version: 1,
  key: z.uuid(),
  commands: { go: { out: z.object({ n: z.number() }) } },
  queries: { n: { out: z.number() } },
});
const id = "11111111-1111-4111-8111-111111111111";
type Behaviour = { readonly decide?: () => number; readonly evolve?: (n: number) => number; readonly query?: () => number };
const odd = ({ decide = () => 1, evolve = (n) => n, query = () => 1 }: Behaviour): ReturnType<typeof make> => make(decide, evolve, query);
const make = (decide: () => number, evolve: (n: number) => number, query: () => number) =>
  entity(Odd, {
    state: z.object({ n: z.number() }),
    initial: { n: 0 },
    events: { Went: z.object({ n: z.number() }) },
    decide: { go: (_, __, turn) => turn.emit("Went", { n: decide() }).reply((after) => after) },
    evolve: { Went: (s, e) => ({ n: evolve(s.n + e.n) }) },
    queries: { n: query },
  });
const counter = (): (() => number) => {
  let n = 0;
  return () => (n += 1);
};

test("given: a decide, evolve or query that is not pure fails and says where the two runs part", () => {
  assert.match(
    failure(() => given(odd({ decide: counter() }), id).when("go")),
    /decide of go is not pure: asked twice in the same state it gave\n {2}at \/events\/0\/2\/n: first 1, then 2\n/,
  );
  assert.match(
    failure(() => given(odd({ evolve: counter() }), id).had("Went", { n: 1 })),
    /evolve of Went is not pure: from the same state it made\n {2}at \/n: first 1, then 2\n/,
  );
  assert.match(
    failure(() => given(odd({ query: counter() }), id).asked("n")),
    /query n is not pure: asked twice/,
  );
});

const broken = (): number => {
  throw new RangeError("planted");
};

test("given: an entity that throws fails with its own words, and the error as the cause", () => {
  assert.match(
    failure(() => given(odd({ decide: broken }), id).when("go")),
    /odd "1{8}.*": go failed\n {2}.*planted/,
  );
  assert.match(
    failure(() => given(odd({ evolve: broken }), id).had("Went", { n: 1 })),
    /event 1 of the past, Went, cannot have been\n {2}planted\n/,
  );
  assert.match(
    failure(() => given(odd({ query: broken }), id).asked("n")),
    /n failed\n {2}.*planted/,
  );
});

test("given: a key that the contract refuses is a failure of its own", () => {
  assert.throws(() => given(odd({})), { code: "INVALID_INPUT" });
});
