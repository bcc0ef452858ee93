// T1, T4 and T6 across a crash.
import assert from "node:assert/strict";
import type { TableFile } from "../table-store.ts";
import { group, idsIn, insert, lawOfFile, name, service, type Subject, type TableStoreUnderTest, written } from "./table-under-test.ts";

async function crashAndReopen(under: TableStoreUnderTest): Promise<TableFile> {
  await under.crash();
  return under.store().open(service, name);
}

export function crashLaws(subject: Subject): void {
  lawOfFile(subject, "T4: what a sync has confirmed survives crashes", async (file, under) => {
    await written(file, [group("x", insert("a")), group("x", insert("b"))]);
    await file.sync();
    const once = await crashAndReopen(under);
    assert.deepEqual(await idsIn(once), ["a", "b"]);
    const twice = await crashAndReopen(under);
    assert.deepEqual(await idsIn(twice), ["a", "b"]);
    await written(twice, [group("x", insert("c"))]);
    await twice.close();
  });

  lawOfFile(subject, "T1, T4, T6: after a crash whole batches are there, a beginning of those that were asked for", async (file, under) => {
    let current = file;
    let expected: readonly string[] = [];
    for (let round = 0; round < 8; round++) {
      const batches = Array.from({ length: 10 }, (_, i) => [`${round}.${i}.0`, `${round}.${i}.1`] as const);
      const asked = batches.map((ids) =>
        current.write(ids.map((id) => group("x", insert(id)))).then(
          () => true,
          () => false,
        ),
      );
      const syncAfter = round % 3 === 0 ? round : undefined;
      await asked[syncAfter ?? 2];
      if (syncAfter !== undefined) await current.sync();
      current = await crashAndReopen(under);
      const found = (await idsIn(current)).map(String);
      const possible = [...expected, ...batches.flat()];
      assert.deepEqual(found, possible.slice(0, found.length), "a beginning, in order");
      assert.equal((found.length - expected.length) % 2, 0, "whole batches");
      if (syncAfter !== undefined) assert(found.length >= expected.length + 2 * (syncAfter + 1), "what was synced is there");
      await current.sync();
      expected = found;
    }
    await current.close();
  });
}
