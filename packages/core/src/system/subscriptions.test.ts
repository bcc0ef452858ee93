// Subscriptions and tells on whole systems in a virtual world: the laws D1 to D6 of the deliverer, marks, cursors, dead
// letters, what handlers tell.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as z from "zod";
import { contract, entity, handlers, service, subscription, system, unavailable, type System, type SubscriptionOptions } from "@atoll/core";
import { failureOf, virtually, type VirtualSystem } from "../../test/virtual-system.ts";

const Line = z.object({ sku: z.string(), qty: z.int() });
const Order = contract("order", {
  version: 1,
  key: z.string(),
  commands: { confirm: { in: z.object({ lines: z.array(Line) }) }, note: {} },
  topics: { confirmed: z.object({ order: z.string(), lines: z.array(Line) }), hidden: z.object({}) },
  access: { confirm: "any", confirmed: ["stock", "glue"] },
});
const order = entity(Order, {
  state: z.object({}),
  initial: {},
  events: { Confirmed: z.object({ lines: z.array(Line) }), Noted: z.object({}) },
  decide: { confirm: (_, c, turn) => turn.emit("Confirmed", c), note: (_, __, turn) => turn.emit("Noted", {}) },
  evolve: { Confirmed: (s) => s, Noted: (s) => s },
  publish: { confirmed: { Confirmed: (e, _, at) => ({ order: at.key, lines: e.lines }) }, hidden: {} },
});

const Stock = contract("stock", {
  version: 1,
  key: z.string(),
  commands: { sell: { in: z.object({ order: z.string(), qty: z.int() }), rejects: { TooMany: z.object({}) } }, mend: {} },
  queries: { sold: { out: z.object({ sold: z.array(z.string()) }) } },
  access: { sell: ["glue", "desk"], mend: "any", sold: "any" },
});
let broken = false;
const stock = entity(Stock, {
  state: z.object({ sold: z.array(z.string()) }),
  initial: { sold: [] },
  events: { Sold: z.object({ order: z.string(), qty: z.int() }) },
  decide: {
    sell: (_, c, turn) => {
      if (broken && c.order.startsWith("bad")) throw new Error("decide broke");
      return c.qty > 100 ? turn.reject("TooMany", {}) : turn.emit("Sold", c);
    },
    mend: (_, __, turn) => turn.reply(),
  },
  evolve: { Sold: (s, e) => ({ sold: [...s.sold, `${e.order}:${e.qty}`] }) },
  queries: { sold: (s) => ({ sold: [...s.sold] }) },
});

const Pager = contract("pager", {
  version: 1,
  commands: { page: { in: z.object({ order: z.string() }) } },
  access: { page: ["stock"] },
});
/** Ids of the pages that came, and whether they are answered. */
const pages: string[] = [];
let away = false;
const pager = handlers(Pager, {
  handle: {
    page: (_, cx) => {
      pages.push(cx.commandId);
      if (away) throw unavailable("nobody answers");
    },
  },
});

/** Pages first for orders of "o", so that the cursor waits for the pager; then sells. */
const pageAndSell = subscription("sell", Order.confirmed, (m, tell) => [
  ...(m.order === "o" ? [tell(Pager).page({ order: m.order })] : []),
  ...m.lines.map(({ sku, qty }) => tell(Stock, sku).sell({ order: m.order, qty })),
]);

const sellWith = (options: SubscriptionOptions = {}) =>
  subscription(
    "sell",
    Order.confirmed,
    (m, tell) => m.lines.map(({ sku, qty }) => tell(Stock, sku).sell({ order: m.order, qty })),
    options,
  );
const sell = sellWith();

const limits = { partitions: 2, entities: { snapshotEvery: 2, residentsMax: 3 } };
const shopOf = (parts: Parameters<typeof service>[1] = [stock, sell]): System =>
  system("shop", { services: [service("orders", [order], { limits }), service("stock", parts, { limits })] });
const shop = shopOf();

const confirm = (running: VirtualSystem, key: string, ...lines: readonly z.infer<typeof Line>[]): Promise<void> =>
  running.inside(() => running.booted.at(Order, key).confirm({ lines }));
const sold = async (running: VirtualSystem, sku: string): Promise<readonly string[]> =>
  (await running.inside(() => running.booted.at(Stock, sku).sold())).sold;
const metric = ({ process }: VirtualSystem, name: string): number =>
  Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "m").exec(process.metrics.render())?.[1] ?? Number.NaN);

/** Until everything that was published is done with. */
async function delivered(running: VirtualSystem): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    await running.pause(20);
    if (metric(running, "atoll_subscription_lag_records") === 0 && metric(running, "atoll_tells_open") === 0) return;
  }
  throw new Error(running.process.metrics.render());
}

test("subscription: every message is told to the entities that react names, in the order of one publishing entity", () =>
  virtually(shop, async (running) => {
    for (let i = 0; i < 10; i++) await confirm(running, "o", { sku: "tea", qty: i }, { sku: `k${i}`, qty: 1 });
    await delivered(running);
    assert.deepEqual(
      await sold(running, "tea"),
      Array.from({ length: 10 }, (_, i) => `o:${i}`),
    );
    assert.deepEqual(await sold(running, "k7"), ["o:1"]);
    assert.equal(metric(running, "atoll_tells_delivered_total"), 20);
    assert.equal(metric(running, "atoll_subscription_messages_total"), 10);
  }));

test("subscription: a rejection is an answer: the stream goes on, and nothing is parked", () =>
  virtually(shop, async (running) => {
    await confirm(running, "o", { sku: "tea", qty: 101 });
    await confirm(running, "o", { sku: "tea", qty: 1 });
    await delivered(running);
    assert.deepEqual(await sold(running, "tea"), ["o:1"]);
    assert.equal(metric(running, "atoll_tells_rejected_total"), 1);
    assert.deepEqual(running.disk.image("stock")?.deadLetters, []);
  }));

test("subscription: what waits behind one target is told again after a crash, and nothing is applied twice, also by entities that come back from a snapshot", () =>
  virtually(shopOf([stock, pager, pageAndSell]), async (running) => {
    [away, pages.length] = [true, 0];
    for (let i = 0; i < 8; i++) await confirm(running, "o", { sku: "tea", qty: i }, { sku: "tea", qty: 50 + i });
    for (let i = 0; i < 5; i++) await confirm(running, "o", { sku: `k${i}`, qty: 1 }); // tea leaves memory
    await running.pause(5_000);
    assert.equal((await sold(running, "tea")).length, 16);
    const { snapshots, cursors } = running.disk.image("stock") ?? { snapshots: [], cursors: [] };
    assert.ok(snapshots.some(({ key, body }) => key === "tea" && body.includes('"marks":[["stock/sell@')));
    assert.ok(cursors.every(({ offset }) => offset === 0));
    assert.deepEqual(new Set(pages).size, 1, "it is paged under one id, again and again");
    assert.ok(pages.length > 5);
    const again = await running.restart();
    away = false;
    await delivered(again);
    assert.equal(metric(again, "atoll_tells_delivered_total"), 34);
    assert.equal((await sold(again, "tea")).length, 16);
    assert.deepEqual(await sold(again, "k3"), ["o:1"]);
    assert.equal(new Set(pages).size, 13);
    await again.pause(3_000);
    assert.match(again.disk.image("stock")?.cursors[0]?.stream ?? "", /^stock\/sell@[0-9a-f]{32}\.1\/[01]$/);
    assert.equal(again.disk.image("stock")?.cursors[0]?.offset, 13);
  }));

test("subscription: what waits behind one target is bounded, and the publisher does not notice", () =>
  virtually(shopOf([stock, pager, pageAndSell]), async (running) => {
    away = true;
    for (let i = 0; i < 400; i++) void running.inside(() => running.booted.at(Order, "o").confirm({ lines: [] }));
    await running.pause(10_000);
    assert.equal(metric(running, "atoll_tells_open"), 256);
    assert.equal(metric(running, "atoll_subscription_lag_records"), 400);
    away = false;
    await delivered(running);
  }));

test("subscription: a changed react is not applied again to what was told before the change, wherever else it tells", () =>
  virtually(shopOf([stock, pager, pageAndSell]), async (running) => {
    away = true;
    await confirm(running, "o", { sku: "tea", qty: 1 });
    await running.pause(100);
    assert.deepEqual(await sold(running, "tea"), ["o:1"]);
    away = false;
    const changed = subscription("sell", Order.confirmed, (m, tell) =>
      ["new", "more", "tea"].map((sku) => tell(Stock, sku).sell({ order: m.order, qty: 1 })),
    );
    const again = await running.restart(shopOf([stock, pager, changed]));
    await delivered(again);
    assert.deepEqual([await sold(again, "tea"), await sold(again, "new")], [["o:1"], ["o:1"]]);
  }));

test("subscription: one that begins now does not hear what was published before, one that begins at the start does", () =>
  virtually(shopOf([stock]), async (running) => {
    await confirm(running, "o", { sku: "tea", qty: 1 });
    const late = await running.restart(shopOf([stock, sellWith({ from: "now" })]));
    const later = await late.restart(); // where it begins is kept from its first start on
    await confirm(later, "o", { sku: "tea", qty: 2 });
    const last = await later.restart();
    await delivered(last);
    assert.deepEqual(await sold(last, "tea"), ["o:2"]);
    const other = subscription("other", Order.confirmed, (m, tell) =>
      m.lines.map(({ sku, qty }) => tell(Stock, sku).sell({ order: "other", qty })),
    );
    const all = await last.restart(shopOf([stock, sellWith({ from: "now" }), other]));
    await all.pause(1_000);
    assert.deepEqual(await sold(all, "tea"), ["o:2", "other:1", "other:2"]);
  }));

test("subscription: a topic that is not for the service, or that nobody publishes, is refused at start", async () => {
  const refusal = (parts: Parameters<typeof service>[1]): Promise<string> =>
    virtually(shopOf(parts), () => Promise.resolve("it started")).catch((error: unknown) => (error as Error).message);
  const hidden = subscription("hidden", Order.hidden, () => undefined);
  assert.match(await refusal([stock, hidden]), /list "stock" under `access\.hidden` of the contract/);
  const Nobody = contract("nobody", { version: 1, key: z.string(), topics: { said: z.object({}) }, access: { said: "any" } });
  assert.match(
    await refusal([stock, subscription("lost", Nobody.said, () => undefined)]),
    /no entity of this system publishes nobody\.said/,
  );
});

test("subscription: two of one name in a service are refused", () => {
  assert.throws(() => service("stock", [sell, sellWith({ from: "now" })]), /two subscriptions are named "sell"/);
});

test("subscription: with its cursor it goes on where it was, and hears what was published while it was away", () =>
  virtually(shop, async (running) => {
    await confirm(running, "o", { sku: "tea", qty: 1 });
    await delivered(running);
    await running.pause(3_000);
    const without = await running.restart(shopOf([stock]));
    await confirm(without, "o", { sku: "tea", qty: 2 });
    const again = await without.restart(shop);
    await delivered(again);
    assert.deepEqual(await sold(again, "tea"), ["o:1", "o:2"]);
    assert.equal(metric(again, "atoll_tells_delivered_total"), 1);
  }));

test("subscription: a command that its target cannot carry out is parked with its reason, those behind it are told, and a crash does not bring it back", () =>
  virtually(shop, async (running) => {
    broken = true;
    await confirm(running, "bad", { sku: "tea", qty: 1 }, { sku: "milk", qty: 1 });
    await confirm(running, "good", { sku: "tea", qty: 2 });
    await delivered(running);
    assert.deepEqual(await sold(running, "tea"), ["good:2"]);
    const [letter, other, ...more] = running.disk.image("stock")?.deadLetters ?? [];
    assert.deepEqual(more, []);
    assert.deepEqual(
      [letter?.contract, letter?.command, letter?.key, letter?.input, letter?.code].join(" "),
      'stock sell tea {"order":"bad","qty":1} DEFECT',
    );
    assert.match(letter?.reason ?? "", /decide broke/);
    assert.equal(other?.key, "milk");
    broken = false;
    const again = await running.restart();
    await delivered(again);
    assert.deepEqual(await sold(again, "tea"), ["good:2"]); // it stays parked until somebody decides
    assert.equal(again.disk.image("stock")?.deadLetters.length, 2);
  }));

test("dead letters: an operator lists them, sends one once more, applied once however often, and discards another", () =>
  virtually(shop, async (running) => {
    broken = true;
    await confirm(running, "bad", { sku: "tea", qty: 1 }, { sku: "milk", qty: 200 }, { sku: "salt", qty: 3 });
    await delivered(running);
    broken = false;
    const letters = running.booted.deadLetters("stock");
    assert.ok(letters);
    const [tea, milk, salt] = await running.inside(() => letters.list(undefined));
    assert.ok(tea && milk && salt);
    assert.deepEqual([tea.key, milk.key, salt.key], ["tea", "milk", "salt"]);
    const retry = ({ stream, place }: typeof tea) => running.inside(() => letters.retry(stream, place));
    assert.deepEqual(await retry(tea), { kind: "answered" });
    assert.equal(await retry(tea), undefined);
    assert.deepEqual(await retry(milk), { kind: "rejected", name: "TooMany" });
    assert.equal(await running.inside(() => letters.discard(salt.stream, salt.place)), true);
    assert.equal(await running.inside(() => letters.discard(salt.stream, salt.place)), false);
    assert.deepEqual(await running.inside(() => letters.list(undefined)), []);
    const again = await running.restart();
    await delivered(again);
    assert.deepEqual([await sold(again, "tea"), await sold(again, "salt")], [["bad:1"], []]);
  }));

test("dead letters: one that its stream has not passed yet is kept, because after a crash it is what says that it was parked", () =>
  virtually(shopOf([stock, pager, pageAndSell]), async (running) => {
    [away, broken] = [true, true];
    const breaks = subscription("sell", Order.confirmed, (m, tell) => [tell(Pager).page({ order: m.order }), tell(Stock, "").mend()]);
    const other = await running.restart(shopOf([stock, pager, breaks]));
    await confirm(other, "o", { sku: "tea", qty: 1 });
    await other.pause(2_000);
    const letters = other.booted.deadLetters("stock");
    const [letter] = (await letters?.list(undefined)) ?? [];
    assert.ok(letters && letter);
    assert.equal((await failureOf(other.inside(() => letters.discard(letter.stream, letter.place)))).code, "UNAVAILABLE");
    [away, broken] = [false, false];
    await delivered(other);
    assert.equal(await other.inside(() => letters.discard(letter.stream, letter.place)), true);
  }));

test("subscription: a target in quarantine has its commands parked, and the stream does not wait for its release", () =>
  virtually(shop, async (running) => {
    broken = true;
    for (let i = 0; i < 7; i++) await confirm(running, `bad${i}`, { sku: "tea", qty: 1 });
    await confirm(running, "good", { sku: "milk", qty: 1 });
    await delivered(running);
    broken = false;
    const codes = running.disk.image("stock")?.deadLetters.map(({ code }) => code) ?? [];
    assert.deepEqual(codes.toSorted(), [...Array.from({ length: 5 }, () => "DEFECT"), "QUARANTINED", "QUARANTINED"]);
    assert.deepEqual(await sold(running, "milk"), ["good:1"]);
  }));

test("subscription: what a target had applied before its quarantine is delivered, not parked, when a crash makes it be told again", () =>
  virtually(shopOf([stock, pager, pageAndSell]), async (running) => {
    [away, broken] = [true, true];
    await confirm(running, "o", { sku: "tea", qty: 1 }); // the cursor waits here, for the pager
    for (let i = 0; i < 5; i++) await confirm(running, `bad${i}`, { sku: "tea", qty: 1 });
    await running.pause(20_000);
    broken = false;
    assert.equal((await failureOf(sold(running, "tea"))).code, "QUARANTINED");
    const again = await running.restart();
    await again.pause(1_000);
    away = false;
    await delivered(again);
    const keys = again.disk.image("stock")?.deadLetters.map(({ input }) => (JSON.parse(input) as { readonly order: string }).order) ?? [];
    assert.deepEqual(keys.toSorted(), ["bad0", "bad1", "bad2", "bad3", "bad4"]);
    await again.inside(() => again.booted.release("stock", "tea"));
    assert.deepEqual(await sold(again, "tea"), ["o:1"]);
  }));

test("subscription: a command that the target's contract does not allow is parked as ACCESS_DENIED", () => {
  const strict = subscription("strict", Order.confirmed, (m, tell) => tell(Stock, m.order).sell({ order: m.order, qty: 1 }));
  const glued = system("shop", { services: [service("orders", [order]), service("stocks", [stock]), service("stock", [strict])] });
  return virtually(glued, async (running) => {
    await confirm(running, "o", { sku: "tea", qty: 1 });
    await delivered(running);
    assert.deepEqual(
      running.disk.image("stock")?.deadLetters.map(({ code }) => code),
      ["ACCESS_DENIED"],
    );
  });
});

test("subscription: a service that only subscribes has a log of its own for its cursors, and tells others as itself", () => {
  const glued = system("shop", { services: [service("orders", [order]), service("stocks", [stock]), service("glue", [sell])] });
  return virtually(glued, async (running) => {
    await confirm(running, "o", { sku: "tea", qty: 1 });
    await delivered(running);
    await running.pause(3_000);
    assert.deepEqual(
      running.disk.image("glue")?.cursors.flatMap(({ offset }) => (offset > 0 ? [offset] : [])),
      [1],
    );
    const again = await running.restart();
    await delivered(again);
    assert.deepEqual([await sold(again, "tea"), metric(again, "atoll_tells_delivered_total")], [["o:1"], 0]);
  });
});

test("subscription: what react does wrong parks the message as a whole, and the stream goes on", () => {
  const mistakes = subscription("mistakes", Order.confirmed, (m, tell) => {
    const told = tell(Stock, "tea").sell({ order: m.order, qty: 1 });
    switch (m.order) {
      case "throws":
        throw new Error("react broke");
      case "forgets":
        return undefined;
      case "invents":
        return "yes" as never;
      case "waits":
        return Promise.resolve(told) as never;
      case "repeats":
        return [told, told];
      case "floods":
        return [told, ...Array.from({ length: 5_000 }, () => tell(Stock, "tea").mend())];
      default:
        return told;
    }
  });
  return virtually(shopOf([stock, mistakes]), async (running) => {
    const wrong = ["throws", "forgets", "invents", "waits", "repeats", "floods"];
    for (const key of [...wrong, "right"]) await confirm(running, key, { sku: "tea", qty: 1 });
    await delivered(running);
    assert.deepEqual(await sold(running, "tea"), ["right:1"]);
    const letters = running.disk.image("stock")?.deadLetters ?? [];
    const of = (key: string): string => letters.find((letter) => letter.key === key)?.reason ?? "";
    assert.deepEqual(letters.map(({ key }) => key).toSorted(), wrong.toSorted());
    for (const { contract: name, command, code } of letters) assert.equal(`${name}.${command} ${code}`, "order.confirmed DEFECT");
    assert.match(of("throws"), /service "stock", subscription "mistakes".*react broke/);
    assert.match(of("forgets"), /told stock\.sell and did not return it/);
    assert.match(of("invents"), /returns what `tell` gave it/);
    assert.match(of("waits"), /react is synchronous, and returned a promise/);
    assert.match(of("repeats"), /returned twice/);
    assert.match(of("floods"), /more than 4095 commands/);
  });
});

test("subscription: a key or an input that does not fit is parked by itself", () => {
  const loose = subscription("loose", Order.confirmed, (m, tell) => [
    tell(Stock, "").sell({ order: m.order, qty: 1 }),
    tell(Stock, "tea").sell({ order: m.order, qty: 1.5 }),
    tell(Stock, "tea").sell({ order: m.order, qty: 2 }),
  ]);
  return virtually(shopOf([stock, loose]), async (running) => {
    await confirm(running, "o", { sku: "tea", qty: 1 });
    await delivered(running);
    assert.deepEqual(await sold(running, "tea"), ["o:2"]);
    assert.deepEqual(
      running.disk.image("stock")?.deadLetters.map(({ code }) => code),
      ["INVALID_INPUT", "INVALID_INPUT"],
    );
  });
});
