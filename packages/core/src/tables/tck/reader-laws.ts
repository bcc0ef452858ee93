// T9 and T10: a file that somebody else writes.
import assert from "node:assert/strict";
import { TableError } from "../table-store.ts";
import { group, idsIn, insert, law, lawOfFile, name, service, statement, type Subject, written } from "./table-under-test.ts";

const isGone = (error: unknown): boolean => error instanceof TableError && error.kind === "failed";

export function readerLaws(subject: Subject): void {
  lawOfFile(subject, "T9, T2: what was written is seen by the next query of a reader, whole batches only", async (file, under) => {
    const reading = await under.reader().read(service, name);
    for (let round = 1; round <= 20; round++) {
      const writing = written(
        file,
        Array.from({ length: 10 }, (_, i) => group("x", insert(`${round}.${i}`))),
      );
      const beside = await reading.query(statement("select count(*) from t"));
      assert.equal(Number(beside.rows[0]?.[0]) % 10, 0);
      await writing;
      const behind = await reading.query(statement("select count(*) from t"));
      assert.equal(behind.rows[0]?.[0], round * 10);
    }
    await reading.close();
    await reading.close();
    await assert.rejects(reading.query(statement("select 1")), isGone);
    await file.close();
  });

  lawOfFile(
    subject,
    "T9, T5: a reader changes nothing, and its file is written, synced and closed while it is open",
    async (file, under) => {
      const reading = await under.reader().read(service, name);
      const refused = (error: unknown): boolean => error instanceof TableError && error.kind === "refused";
      for (const sql of ["insert into t (id) values ('b')", "drop table t", "begin"]) {
        await assert.rejects(reading.query(statement(sql)), refused, sql);
      }
      await written(file, [group("x", insert("a"))]);
      await file.sync();
      await file.close();
      assert.deepEqual((await reading.query(statement("select id from t"))).rows, [["a"]]);
      const again = await under.store().open(service, name);
      await written(again, [group("x", insert("b"))]);
      assert.deepEqual((await reading.query(statement("select id from t order by id"))).rows, [["a"], ["b"]]);
      await reading.close();
      assert.deepEqual(await idsIn(again), ["a", "b"]);
      await again.close();
    },
  );

  lawOfFile(
    subject,
    "T10: after its removal a reader gets no answer, also when there is another file of that name",
    async (file, under) => {
      await written(file, [group("x", insert("a"))]);
      const reading = await under.reader().read(service, name);
      await reading.query(statement("select id from t"));
      await file.close();
      await under.store().remove(service, name);
      await assert.rejects(reading.query(statement("select id from t")), isGone);
      const other = await under.store().open(service, name);
      await written(other, [group("create", statement("create table t (id text primary key, n integer, v)")), group("x", insert("z"))]);
      await assert.rejects(reading.query(statement("select id from t")), isGone);
      const again = await under.reader().read(service, name);
      assert.deepEqual((await again.query(statement("select id from t"))).rows, [["z"]]);
      await Promise.all([again.close(), reading.close(), other.close()]);
    },
  );

  lawOfFile(
    subject,
    "T9: a reader, and what it has seen, outlive the process that wrote it, and it sees what its successor writes",
    async (file, under) => {
      await written(file, [group("x", insert("a"))]);
      const reading = await under.reader().read(service, name);
      assert.deepEqual((await reading.query(statement("select id from t"))).rows, [["a"]]);
      await under.crash();
      assert.deepEqual((await reading.query(statement("select id from t"))).rows, [["a"]]);
      const successor = await under.store().open(service, name);
      await written(successor, [group("x", insert("b"))]);
      assert.deepEqual((await reading.query(statement("select id from t order by id"))).rows, [["a"], ["b"]]);
      await reading.close();
      await successor.close();
    },
  );

  lawOfFile(subject, "T9: a file that nobody writes is read, and whoever writes it again is not held up", async (file, under) => {
    await written(file, [group("x", insert("a"))]);
    await file.close();
    const reading = await under.reader().read(service, name);
    assert.deepEqual((await reading.query(statement("select id from t"))).rows, [["a"]]);
    const again = await under.store().open(service, name);
    await written(again, [group("x", insert("b"))]);
    await again.sync();
    assert.deepEqual((await reading.query(statement("select id from t order by id"))).rows, [["a"], ["b"]]);
    await again.close();
    await under.store().remove(service, name);
    await assert.rejects(reading.query(statement("select id from t")), isGone);
    await reading.close();
  });

  law(subject, "T9: a file that is not there is not made by whoever wants to read it", async (under) => {
    await assert.rejects(under.reader().read(service, name), isGone);
    assert.deepEqual(await under.reader().names(service), []);
  });
}
