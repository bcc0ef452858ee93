// The conformance suite of the table store: every implementation runs it. The laws are numbered in table-store.ts; a test's
// name begins with the one it is about. Imported by path, from tests only.
import assert from "node:assert/strict";
import { describe } from "node:test";
import { rowsMax, TableError, type TableErrorKind } from "../table-store.ts";
import { crashLaws } from "./crash-laws.ts";
import { readerLaws } from "./reader-laws.ts";
import { group, idsIn, insert, law, lawOfFile, name, service, type Setup, statement, type Subject, written } from "./table-under-test.ts";

export function tableTck(title: string, setup: Setup, { seeds = 1 }: { readonly seeds?: number } = {}): void {
  const subject: Subject = { setup, seeds };
  describe(`tables ${title}`, () => {
    batchLaws(subject);
    queryLaws(subject);
    valueLaws(subject);
    storeLaws(subject);
    crashLaws(subject);
    readerLaws(subject);
  });
}

const fails =
  (kind: TableErrorKind, pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof TableError && error.kind === kind && pattern.test(error.message);

function batchLaws(subject: Subject): void {
  lawOfFile(subject, "T1, T2: a batch that is written is seen by the next query, in the order of its statements", async (file) => {
    await written(file, [group("x", insert("b"), insert("a")), group("y", insert("c"))]);
    assert.deepEqual(await idsIn(file), ["b", "a", "c"]);
    await written(file, []);
    assert.deepEqual(await idsIn(file), ["b", "a", "c"]);
  });

  lawOfFile(subject, "T1: queries beside writes see whole batches only", async (file) => {
    const writes = Array.from({ length: 30 }, (_, i) =>
      written(
        file,
        Array.from({ length: 20 }, (__, j) => group("x", insert(`${i}.${j}`))),
      ),
    );
    const counts = Array.from({ length: 60 }, () => file.query(statement("select count(*) from t")));
    for (const { rows } of await Promise.all(counts)) assert.equal(Number(rows[0]?.[0]) % 20, 0);
    await Promise.all(writes);
    assert.equal((await idsIn(file)).length, 600);
  });

  lawOfFile(subject, "T3: a batch with refused groups is not written, and exactly those at fault are named", async (file) => {
    await written(file, [group("x", insert("taken"))]);
    const refusals = await file.write([
      group("good", insert("a")),
      group("bad", insert("b"), insert("taken")),
      group("wrong", statement("insert into nowhere values (1)")),
      group("bad", insert("not tried")),
      group("dependent", insert("b")),
      group("misspelt", statement("inzert")),
      group("many", statement("insert into t (id) values (?)", "a1", "a2")),
    ]);
    assert.deepEqual(
      refusals.map(({ group: index }) => index),
      [1, 2, 5, 6],
      "b was not left by a refused group, so the next one may have it",
    );
    assert.match(refusals[0]?.reason ?? "", /UNIQUE constraint failed: t\.id/);
    assert.match(refusals[1]?.reason ?? "", /no such table: nowhere/);
    assert.deepEqual(await idsIn(file), ["taken"]);
    await written(file, [group("good", insert("a")), group("dependent", insert("b"))]);
  });

  lawOfFile(subject, "T3: a statement that ends the transaction refuses its own group only", async (file) => {
    await written(file, [group("x", insert("taken"))]);
    const rollback = statement("insert or rollback into t (id) values ('taken')");
    const refusals = await file.write([
      group("a", insert("a")),
      group("r", rollback),
      group("b", insert("b")),
      group("c", statement("commit"), insert("c")),
      group("d", insert("d")),
      group("r", insert("not tried")),
      group("s", rollback),
      group("e", statement(" /* ; */ -- \n ; END")),
      group("p", statement("pragma journal_mode = delete")),
    ]);
    assert.deepEqual(
      refusals.map(({ group: index }) => index),
      [1, 3, 6, 7, 8],
    );
    assert.deepEqual(await idsIn(file), ["taken"]);
  });

  lawOfFile(subject, "T3: what is refused leaves the file usable, also a hundred times", async (file) => {
    for (let i = 0; i < 100; i++) assert.equal((await file.write([group("x", insert(`${i}`), insert(`${i}`))])).length, 1);
    await written(file, [group("x", insert("a"))]);
    assert.deepEqual(await idsIn(file), ["a"]);
  });
}

function queryLaws(subject: Subject): void {
  lawOfFile(subject, "T5: a query that would change something is refused, and nothing has changed", async (file) => {
    await written(file, [group("x", insert("a"))]);
    const attempts = ["insert into t (id) values ('b')", "delete from t", "create table u (a)", "drop table t"];
    for (const sql of attempts) await assert.rejects(file.query(statement(sql)), fails("refused", /./), sql);
    await assert.rejects(file.query(statement("insert into t (id) values ('b') returning id")), fails("refused", /./));
    assert.deepEqual(await idsIn(file), ["a"]);
    await written(file, [group("x", insert("c"))]);
    assert.deepEqual(await idsIn(file), ["a", "c"]);
  });

  lawOfFile(subject, "T5: a query that begins a transaction is refused and does not keep later ones on an old state", async (file) => {
    await assert.rejects(file.query(statement("begin")), fails("refused", /controls transactions/));
    await written(file, [group("x", insert("a"))]);
    assert.deepEqual(await idsIn(file), ["a"]);
  });

  lawOfFile(subject, "T7: a query with more rows than the bound is refused, and one with exactly as many is answered", async (file) => {
    const count = (n: number): Promise<unknown> =>
      file.query(statement("with recursive c(i) as (select 1 union all select i + 1 from c where i < ?) select i from c", n));
    const { rows } = (await count(rowsMax)) as { readonly rows: readonly unknown[] };
    assert.equal(rows.length, rowsMax);
    await assert.rejects(count(rowsMax + 1), fails("refused", /more than 10000 rows/));
    await assert.rejects(count(100_000_000), fails("refused", /more than 10000 rows/), "it stops there");
    await assert.rejects(
      file.query(statement("select zeroblob(9000000) from (select 1 union all select 2)")),
      fails("refused", /more than 16777216 bytes/),
    );
    await written(file, [group("x", insert("still writable"))]);
  });

  lawOfFile(subject, "T3, T5: a mistake in the SQL of a query is refused with SQLite's words", async (file) => {
    await assert.rejects(file.query(statement("selec 1")), fails("refused", /near "selec": syntax error/));
    await assert.rejects(file.query(statement("select nope from t")), fails("refused", /no such column: nope/));
  });
}

function valueLaws(subject: Subject): void {
  lawOfFile(subject, "T8: text comes back as it was, NUL, every plane and a million characters included", async (file) => {
    const texts = ["", "a\0b", "\0", "ß€😀", "'; drop table t; --", "x".repeat(1_000_000)];
    await written(
      file,
      texts.map((text, i) => group("x", insert(`${i}`, i, text))),
    );
    const { rows } = await file.query(statement("select v from t order by n"));
    assert.deepEqual(
      rows.map(([v]) => v),
      texts,
    );
  });

  lawOfFile(subject, "T8: whole numbers are integers, others reals, and integers beyond 2^53 come back as bigints", async (file) => {
    const values = [1, -7, 0, -0, 2 ** 53 - 1, 1.5, 1e300, 5n, 2n ** 53n, -(2n ** 63n), null, new Uint8Array([0, 255])];
    await written(
      file,
      values.map((value, i) => group("x", insert(`${i}`, i, value))),
    );
    const { rows } = await file.query(statement("select v, typeof(v) from t order by n"));
    assert.deepEqual(
      rows.map(([, type]) => type),
      ["integer", "integer", "integer", "integer", "integer", "real", "real", "integer", "integer", "integer", "null", "blob"],
    );
    const back = rows.map(([v]) => v);
    assert.deepEqual(back.slice(0, 11), [1, -7, 0, 0, 2 ** 53 - 1, 1.5, 1e300, 5, 2n ** 53n, -(2n ** 63n), null]);
    assert.deepEqual([...(back[11] as Uint8Array)], [0, 255]);
    const small = await file.query(statement("select v from t where n < 5"));
    assert(small.rows.every(([v]) => typeof v === "number"));
  });

  lawOfFile(subject, "T3, T8: a value that SQLite has no form for refuses its group", async (file) => {
    const impossible = [undefined, {}, 2n ** 64n] as never[];
    for (const value of impossible) {
      const refusals = await file.write([
        group("x", statement("insert into t (id, v) values (?, ?)", "a", value)),
        group("y", insert("b")),
      ]);
      assert.deepEqual(
        refusals.map(({ group: index }) => index),
        [0],
        String(value),
      );
    }
    assert.deepEqual(await idsIn(file), []);
  });
}

function storeLaws(subject: Subject): void {
  law(
    subject,
    "store: a file is there once it was opened, keeps its content when it is closed, and is gone when removed",
    async (under) => {
      const store = under.store();
      assert.deepEqual(await store.names(service), []);
      const file = await store.open(service, name);
      await written(file, [group("x", statement("create table t (id text)"), statement("insert into t values ('a')"))]);
      await file.close();
      await file.close();
      assert.deepEqual(await store.names(service), [name]);
      await assert.rejects(file.query(statement("select 1")), fails("failed", /closed/));
      const again = await store.open(service, name);
      assert.deepEqual(await idsIn(again), ["a"]);
      const other = await store.open(service, "other");
      assert.deepEqual([...(await store.names(service))].sort(), ["other", name].sort());
      await other.close();
      await store.remove(service, "other");
      await store.remove(service, "other");
      await again.close();
      await store.remove(service, name);
      assert.deepEqual(await store.names(service), []);
      const fresh = await store.open(service, name);
      await assert.rejects(idsIn(fresh), fails("refused", /no such table/), "nothing of the removed one is left");
      await fresh.close();
    },
  );
}
