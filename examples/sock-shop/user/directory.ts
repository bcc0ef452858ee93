// All customers, addresses and cards: tables folded from the events of the customers. Passwords do not get into them.
import { readModel, tables } from "@atoll/read-model";
import { pageOf } from "../paging.ts";
import { type Address, type Card, Directory, type Profile } from "./contract.ts";
import { customer } from "./customer.ts";

type Owned<T> = T & { readonly customer: string };

export const directory = readModel(Directory, {
  version: 1,
  tables: tables<{ customers: Profile; addresses: Owned<Address>; cards: Owned<Card> }>((db) => [
    db.schema
      .createTable("customers")
      .addColumn("id", "text", (c) => c.primaryKey())
      .addColumn("username", "text", (c) => c.notNull())
      .addColumn("firstName", "text", (c) => c.notNull())
      .addColumn("lastName", "text", (c) => c.notNull()),
    db.schema
      .createTable("addresses")
      .addColumn("id", "text", (c) => c.notNull())
      .addColumn("customer", "text", (c) => c.notNull())
      .addColumn("number", "text", (c) => c.notNull())
      .addColumn("street", "text", (c) => c.notNull())
      .addColumn("city", "text", (c) => c.notNull())
      .addColumn("postcode", "text", (c) => c.notNull())
      .addColumn("country", "text", (c) => c.notNull())
      .addPrimaryKeyConstraint("addresses_key", ["id", "customer"]),
    db.schema
      .createTable("cards")
      .addColumn("id", "text", (c) => c.notNull())
      .addColumn("customer", "text", (c) => c.notNull())
      .addColumn("longNum", "text", (c) => c.notNull())
      .addColumn("expires", "text", (c) => c.notNull())
      .addPrimaryKeyConstraint("cards_key", ["id", "customer"]),
    // A customer who leaves takes them along.
    db.schema.createIndex("addresses_of").on("addresses").column("customer"),
    db.schema.createIndex("cards_of").on("cards").column("customer"),
  ]),
  from: { customer },
  on: {
    customer: {
      Registered: (db, { username, firstName, lastName }, { key }) =>
        db.insertInto("customers").values({ id: key, username, firstName, lastName }),
      Closed: (db, _, { key }) => [
        db.deleteFrom("customers").where("id", "=", key),
        db.deleteFrom("addresses").where("customer", "=", key),
        db.deleteFrom("cards").where("customer", "=", key),
      ],
      AddressAdded: (db, address, { key }) => db.insertInto("addresses").values({ ...address, customer: key }),
      AddressRemoved: (db, { id }, { key }) => db.deleteFrom("addresses").where("id", "=", id).where("customer", "=", key),
      CardAdded: (db, card, { key }) => db.insertInto("cards").values({ ...card, customer: key }),
      CardRemoved: (db, { id }, { key }) => db.deleteFrom("cards").where("id", "=", id).where("customer", "=", key),
    },
  },
  queries: {
    customers: async (db, asked) => {
      const count = db.selectFrom("customers").select((eb) => eb.fn.countAll<number>().as("total"));
      const all = db.selectFrom("customers").selectAll().select(count.as("total")).orderBy("id");
      const { rows, total } = await pageOf(all, count, asked);
      return { entries: rows.map(({ total: _, ...profile }) => profile), total };
    },
    addresses: async (db, asked) => {
      const count = db.selectFrom("addresses").select((eb) => eb.fn.countAll<number>().as("total"));
      const all = db.selectFrom("addresses").selectAll().select(count.as("total")).orderBy("id").orderBy("customer");
      const { rows, total } = await pageOf(all, count, asked);
      return { entries: rows.map(({ total: _, customer: __, ...address }) => address), total };
    },
    cards: async (db, asked) => {
      const count = db.selectFrom("cards").select((eb) => eb.fn.countAll<number>().as("total"));
      const all = db.selectFrom("cards").selectAll().select(count.as("total")).orderBy("id").orderBy("customer");
      const { rows, total } = await pageOf(all, count, asked);
      return { entries: rows.map(({ total: _, customer: __, ...card }) => card), total };
    },
  },
});
