// Rows for tests: records of small entities, whole logs read back, and the few steps that almost every law begins with.
import assert from "node:assert/strict";
import type { DeadLetter, Journal, Row } from "../journal.ts";
import { decodeRecord, encodeRecord, type LogRecord } from "../record.ts";

/** A record of entity `key` whose command id is `id`. */
export function recordOf(key: string, id: string, prev = -1, change: Partial<LogRecord> = {}): LogRecord {
  return {
    type: "counter",
    key,
    version: 1,
    prev,
    command: "add",
    id,
    minted: 1,
    input: "1a2b3c4d",
    caller: "test",
    now: 2,
    events: [["added", 1, { amount: 1 }]],
    reply: { total: 1 },
    ...change,
  };
}

export function rowOf(partition: number, offset: number, epoch: number, records: readonly LogRecord[]): Row {
  return { partition, offset, count: records.length, epoch, body: records.map(encodeRecord).join("\n") };
}

/** One record with this command id. */
export function oneRow(partition: number, offset: number, epoch: number, id: string): Row {
  return rowOf(partition, offset, epoch, [recordOf(`key-${id}`, id)]);
}

export function letterOf(stream: string, place: number, change: Partial<DeadLetter> = {}): DeadLetter {
  const meant = { contract: "counter", command: "add", key: "k", input: '{"amount":1}' };
  return { stream, place, since: 5, ...meant, code: "INVALID_INPUT", reason: "amount is too small", ...change };
}

/** Takes the partition over from whoever has it; the new epoch. */
export async function takeOver(journal: Journal, partition: number): Promise<number> {
  const { epoch: seen } = await stateOf(journal, partition);
  const { taken, epoch } = await journal.takeOver(partition, seen);
  assert.deepEqual({ taken, epoch }, { taken: true, epoch: seen + 1 });
  return epoch;
}

export async function stateOf(
  journal: Journal,
  partition: number,
): Promise<{ readonly epoch: number; readonly head: number; readonly indexedTo: number }> {
  const state = (await journal.partitions())[partition];
  assert(state, `the journal has a partition ${partition}`);
  return state;
}

/** Appends and insists. */
export async function write(journal: Journal, ...rows: readonly Row[]): Promise<void> {
  const results = await journal.append(rows);
  assert.deepEqual(
    results,
    rows.map(() => "written"),
  );
}

/** Every row of the partition, read in pages of about `bytesMax`. */
export async function readAll(journal: Journal, partition: number, bytesMax = 1 << 20): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let from: number | undefined = 0; from !== undefined;) {
    const page: Awaited<ReturnType<Journal["read"]>> = await journal.read(partition, from, bytesMax);
    rows.push(...page.rows);
    assert(page.next === undefined || page.next > from, "a page that is not the last moves on");
    from = page.next;
  }
  return rows;
}

/** Command ids in the order of their offsets; insists on J1 and on whole rows on the way. */
export function idsOf(rows: readonly Row[]): readonly string[] {
  let head = 0;
  return rows.flatMap((row) => {
    assert.equal(row.offset, head, "offsets are dense");
    const lines = row.body.split("\n");
    assert.equal(lines.length, row.count, "a row is whole");
    head += row.count;
    return lines.map((line) => decodeRecord(line, `offset ${row.offset}`).id);
  });
}
