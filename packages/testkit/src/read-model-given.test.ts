// given / when / then for read models: what a sentence says, and what it says when it is wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, entity } from "@atoll/core";
import { readModel, tables } from "@atoll/read-model";
import { given } from "@atoll/testkit";
import * as z from "zod";

const Parcel = contract("parcel", {
  version: 1,
  key: z.string(),
  commands: { send: {} },
  topics: { left: z.object({ kg: z.int(), to: z.string().default("home") }) },
});
const Order = contract("order", { version: 1, key: z.string(), commands: { place: {} } });
const order = entity(Order, {
  state: z.object({}),
  initial: {},
  events: { Placed: z.object({ customer: z.string(), cents: z.int() }), Changed: z.object({ by: z.int() }), Seen: z.object({}) },
  upcast: { Placed: [(old: { who: string }) => ({ customer: old.who, cents: 0 })] },
  decide: { place: (_, __, turn) => turn.reply() },
  evolve: { Placed: (s) => s, Changed: (s) => s, Seen: (s) => s },
});
const Row = z.object({ id: z.string(), customer: z.string(), cents: z.int(), at: z.int(), by: z.string() });
const History = contract("history", {
  version: 1,
  queries: {
    of: {
      in: z.object({ customer: z.string().default("ann") }),
      out: z.array(Row),
      rejects: { Nobody: z.object({ customer: z.string() }) },
    },
    weight: { out: z.object({ kg: z.int(), note: z.string().default("-") }) },
    last: { out: z.object({ id: z.string() }) },
    mine: { out: z.object({ caller: z.string() }) },
  },
});
interface Db {
  orders: z.infer<typeof Row>;
  parcels: { id: string; kg: number };
  newest: { one: number; id: string };
}

const history = readModel(History, {
  version: 1,
  tables: tables<Db>((db) => [
    db.schema
      .createTable("orders")
      .addColumn("id", "text", (c) => c.primaryKey())
      .addColumn("customer", "text", (c) => c.notNull())
      .addColumn("cents", "integer", (c) => c.notNull())
      .addColumn("at", "integer")
      .addColumn("by", "text"),
    db.schema
      .createTable("parcels")
      .addColumn("id", "text", (c) => c.primaryKey())
      .addColumn("kg", "integer"),
    db.schema
      .createTable("newest")
      .addColumn("one", "integer", (c) => c.primaryKey())
      .addColumn("id", "text"),
  ]),
  from: { order, parcel: Parcel.left },
  on: {
    order: {
      Placed: (db, { customer, cents }, { key, now, caller }) => [
        db.insertInto("orders").values({ id: key, customer, cents, at: now, by: caller }),
        db.replaceInto("newest").values({ one: 1, id: key }),
      ],
      Changed: (db, { by }, { key }) => {
        if (by === 13) throw new RangeError("thirteen cannot be added");
        return db
          .updateTable("orders")
          .set((eb) => ({ cents: eb("cents", "+", by) }))
          .where("id", "=", key);
      },
    },
    parcel: (db, { kg }, { key }) => db.insertInto("parcels").values({ id: key, kg }),
  },
  queries: {
    of: async (db, { customer }, q) => {
      const rows = await db.selectFrom("orders").selectAll().where("customer", "=", customer).orderBy("id").execute();
      return rows.length === 0 ? q.reject("Nobody", { customer }) : rows;
    },
    weight: (db) =>
      db
        .selectFrom("parcels")
        .select((eb) => eb.fn.sum<number>("kg").as("kg"))
        .executeTakeFirstOrThrow(),
    last: (db) => db.selectFrom("newest").select("id").executeTakeFirstOrThrow(),
    mine: async (_, __, { caller }) => ({ caller }),
  },
});

const begun = 1_767_225_600_000;
const o1 = { id: "o1", customer: "ann", cents: 100, at: begun, by: "test" };
const placed = given(history).had(order, "o1", "Placed", { customer: "ann", cents: 100 });

const failing = (sentence: Promise<void>, message: RegExp): Promise<void> =>
  assert.rejects(sentence, (error) => error instanceof assert.AssertionError && message.test(error.message), String(message));

test("given read model: events of entities and messages of topics are folded, and the reply to a query is compared", async () => {
  await placed
    .had(order, "o1", "Changed", { by: -1 })
    .had(order, "o1", "Seen", {})
    .asked("of", {})
    .replies([{ ...o1, cents: 99 }]);
  await placed.asked("of", { customer: "ben" }).rejects("Nobody", { customer: "ben" });
  await given(history)
    .heard(Parcel.left, "p1", { kg: 2, to: "x" })
    .heard(Parcel.left, "p2", { kg: 3, to: "y" })
    .asked("weight")
    .replies({ kg: 5 });
});

test("given read model: what happens has the time and the caller that are told, and so has the query", async () => {
  const later = given(history)
    .under({ now: begun + 7, caller: "shop" })
    .had(order, "o1", "Placed", { customer: "ann", cents: 100 });
  await later.asked("of", {}).replies([{ ...o1, at: begun + 7, by: "shop" }]);
  await later.under({ caller: "desk" }).asked("mine").replies({ caller: "desk" });
});

test("given read model: an event that cannot be applied parks its entity, in the handler or in the SQL, and every sentence says which are", async () => {
  const poisoned = placed.had(order, "o2", "Changed", { by: 13 }).had(order, "o2", "Placed", { customer: "ann", cents: 1 });
  await poisoned
    .parks("o2", /thirteen/)
    .asked("of", {})
    .replies([o1]);
  await poisoned.parks("order/o2").asked("of", {}).replies([o1]);
  await placed
    .had(order, "o1", "Placed", { customer: "ben", cents: 2 })
    .parks("o1", /UNIQUE/)
    .asked("of", {})
    .replies([o1]);
  await failing(poisoned.asked("of", {}).replies([o1]), /read model history: order\/o2 is parked: thirteen cannot be added\n/);
  await failing(
    poisoned
      .parks("o2", /fourteen/)
      .asked("of", {})
      .replies([o1]),
    /"o2" was to be parked with \/fourteen\/, and is not/,
  );
  await failing(placed.parks("o1").asked("of", {}).replies([o1]), /"o1" was to be parked with .*, and is not/);
});

test("given read model: a read model that depends on the order between entities fails, and says what differs", async () => {
  const two = placed.had(order, "o2", "Placed", { customer: "ben", cents: 1 });
  await placed.asked("last").replies({ id: "o1" });
  await failing(
    two.asked("last").replies({ id: "o2" }),
    /depends on the order between entities, which nothing promises, or `on` is not pure\n {2}at \/answer\/value\/id: as told "o2", turned round "o1"/,
  );
});

test("given read model: what is not as expected says what differs, what has happened, what was asked and what was shown", async () => {
  await failing(
    placed.asked("of", {}).replies([{ ...o1, cents: 3 }]),
    /^read model history: the reply is another than expected\n {2}at \/0\/cents: expected 3, was 100\nhistory {3}1 order\/o1 Placed \{"customer":"ann","cents":100\}\nquery {5}of \{\}\nanswered {2}reply \[\{"id":"o1"/,
  );
  await failing(placed.asked("of", {}).rejects("Nobody", { customer: "ann" }), /another rejection was expected\n.*answered {2}reply/s);
  await failing(
    placed.asked("of", { customer: "x" }).replies([]),
    /a reply was expected\n.*answered {2}rejection Nobody \{"customer":"x"\}/s,
  );
  await failing(placed.asked("of", { customer: "x" }).rejects("Nobody", { customer: "y" }), /at \/customer: expected "y", was "x"/);
  await failing(placed.asked("weight").replies({ kg: 1 }), /weight failed\n {2}.*kg/s);
  await failing(placed.asked("of", { customer: 1 } as never).replies([]), /the input of of is not valid/);
  await failing(placed.asked("of", {}).replies([{ id: "o1" }] as never), /the expected reply can never come/);
});

test("given read model: what can never happen fails where it is told", async () => {
  assert.throws(
    () => placed.had(order, "o2", "Placed", { customer: "ann" } as never),
    /Placed of order "o2" can never happen\n {2}.*cents/s,
  );
  assert.throws(() => placed.had(order, "", "Seen", {}), /Seen of order "" can never happen/);
  assert.throws(() => placed.heard(Parcel.left, "p1", { kg: "2" } as never), /left of parcel.left "p1" can never happen/);
  assert.throws(() => placed.asked("nothing" as "weight"), /no query "nothing"/);
  const Other = contract("other", { version: 1, key: z.string(), topics: { said: z.object({}) } });
  await failing(placed.heard(Other.said, "a", {}).asked("of", {}).replies([o1]), /other\.said is no source of it/);
});
