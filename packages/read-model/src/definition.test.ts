import assert from "node:assert/strict";
import { test } from "node:test";
import { contract, entity, type Failure } from "@atoll/core";
import type { Compilable, Kysely } from "kysely";
import * as z from "zod";
import { readModel } from "./definition.ts";
import { tables } from "./tables.ts";

const Order = contract("order", { version: 1, key: z.string(), commands: { place: {} }, topics: { placed: z.object({ id: z.string() }) } });
const order = entity(Order, {
  state: z.object({}),
  initial: {},
  events: { Placed: z.object({}) },
  decide: { place: (_, __, turn) => turn.emit("Placed", {}) },
  evolve: { Placed: (s) => s },
  publish: { placed: { Placed: (_, __, at) => ({ id: at.key }) } },
});
const List = contract("list", { version: 1, queries: { all: { out: z.array(z.string()) } } });
const right = {
  version: 1,
  tables: tables<{ orders: { id: string } }>((db) => [db.schema.createTable("orders").addColumn("id", "text")]),
  from: { order, placed: Order.placed },
  on: { order: { Placed: () => undefined }, placed: () => undefined },
  queries: { all: () => Promise.resolve([]) },
};

function refused(pattern: RegExp, change: object, of: unknown = List): void {
  assert.throws(
    () => readModel(of as typeof List, { ...right, ...change } as never),
    (error: Failure) => error.code === "INVALID_DEFINITION" && pattern.test(error.message),
    String(pattern),
  );
}

test("read model: a complete definition is taken, and frozen", () => {
  const part = readModel(List, right);
  assert.deepEqual([part.kind, part.contract, Object.isFrozen(part)], ["readModel", List, true]);
});

test("read model: what is missing, left over or misspelt is refused with its name", () => {
  refused(/`version` is a whole number from 1/, { version: 0 });
  refused(/"extra" is no part of a read model/, { extra: 1 });
  refused(/`tables` is not what tables\(\) returned/, { tables: {} });
  refused(/`from` is empty/, { from: {}, on: {} });
  refused(/source "order" is neither/, { from: { order: Order.place }, on: { order: {} } });
  refused(/`on` lacks "placed"/, { on: { order: {} } });
  refused(/`on` names "oder", which is no source/, { on: { ...right.on, oder: {} } });
  refused(/`on\.order` names "Placd", which is no event/, { on: { ...right.on, order: { Placd: () => undefined } } });
  refused(/`on\.placed` is not a function/, { on: { ...right.on, placed: {} } });
  refused(/`on\.order` is not an object/, { on: { ...right.on, order: null } });
  refused(/`queries` lacks "all"/, { queries: {} });
  refused(/the contract has a key/, {}, Order);
  refused(/command "add": a read model answers queries only/, {}, contract("c", { version: 1, commands: { add: {} } }));
  refused(/topic "t": topics are published by entities/, {}, contract("c", { version: 1, topics: { t: z.object({}) } }));
});

test("tables: what throws, executes, or makes no tables is refused with the reason", () => {
  const of = (create: (db: Kysely<unknown>) => unknown): object => ({
    tables: tables(create as (db: Kysely<unknown>) => readonly Compilable[]),
  });
  refused(
    /`tables` threw: planted/,
    of(() => {
      throw new RangeError("planted");
    }),
  );
  refused(
    /it returned a promise/,
    of((db) => [db.schema.createTable("a").addColumn("x", "text").execute()]),
  );
  refused(
    /it returned a promise/,
    of(() => Promise.resolve([])),
  );
  refused(
    /something that is no statement/,
    of(() => ["create table a (x)"]),
  );
  refused(
    /has no place here \(DropTableNode\): drop table "a"/,
    of((db) => [db.schema.dropTable("a")]),
  );
  refused(
    /has no place here \(SelectQueryNode\)/,
    of((db) => [(db as Kysely<{ a: { x: string } }>).selectFrom("a").selectAll()]),
  );
  refused(
    /at most 1000 are taken/,
    of((db) => Array.from({ length: 1_001 }, (_, i) => db.schema.createTable(`t${i}`).addColumn("x", "text"))),
  );
});
