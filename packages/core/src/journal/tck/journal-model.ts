// What a journal should have answered and stored, as the laws say it, with nothing in the way: no time, no medium, no
// concurrency. The property test looks for an order of the operations in which this model gives the same.
import { unreachable } from "../../base/assert.ts";
import type { Appended, EntityEntry, IndexUpdate, PartitionState, Row, Snapshot } from "../journal.ts";
import { decodeRecord, type LogRecord } from "../record.ts";

export interface ModelPartition {
  readonly epoch: number;
  readonly head: number;
  readonly indexedTo: number;
  readonly rows: readonly Row[];
  readonly entries: { readonly [key: string]: EntityEntry };
  readonly snapshots: { readonly [key: string]: Snapshot };
  readonly alarms: { readonly [key: string]: number };
}

export type Model = readonly ModelPartition[];

export function newModel(states: readonly PartitionState[]): Model {
  return states.map(({ epoch }) => ({ epoch, head: 0, indexedTo: 0, rows: [], entries: {}, snapshots: {}, alarms: {} }));
}

/** One step of an owner. What an owner knows when it takes it is already in it, so it can be tried in any order. */
export type Act =
  | { readonly kind: "take"; readonly partition: number; readonly seen: number }
  | { readonly kind: "append"; readonly row: Row }
  | { readonly kind: "index"; readonly update: IndexUpdate }
  | { readonly kind: "look"; readonly partition: number };

/** An answer in a form that can be compared. */
export type Answer = { readonly taken: boolean; readonly epoch: number } | Appended | boolean | PartitionState;

const withPartition = (model: Model, p: number, change: Partial<ModelPartition>): Model =>
  model.map((partition, i) => (i === p ? { ...partition, ...change } : partition));

/** The model after the act, and what it answers. */
export function perform(model: Model, act: Act): readonly [Model, Answer] {
  switch (act.kind) {
    case "look": {
      const { epoch, head, indexedTo } = at(model, act.partition);
      return [model, { epoch, head, indexedTo }];
    }
    case "take": {
      const { epoch } = at(model, act.partition);
      if (act.seen !== epoch) return [model, { taken: false, epoch }];
      return [withPartition(model, act.partition, { epoch: epoch + 1 }), { taken: true, epoch: epoch + 1 }];
    }
    case "append": {
      const { row } = act;
      const { epoch, head, rows } = at(model, row.partition);
      if (row.epoch !== epoch) return [model, "fenced"];
      if (row.offset !== head) return [model, "misplaced"];
      return [withPartition(model, row.partition, { head: head + row.count, rows: [...rows, row] }), "written"];
    }
    case "index": {
      const { update } = act;
      const { epoch, head, indexedTo, entries, snapshots, alarms } = at(model, update.partition);
      if (update.epoch !== epoch || update.indexedTo > head) return [model, false];
      if (update.indexedTo < indexedTo) return [model, true];
      const stored = {
        indexedTo: update.indexedTo,
        entries: { ...entries, ...Object.fromEntries(update.entities.map((entry) => [entry.key, entry])) },
        snapshots: { ...snapshots, ...Object.fromEntries(update.snapshots.map((snapshot) => [snapshot.key, snapshot])) },
        alarms: withChanges(alarms, update),
      };
      return [withPartition(model, update.partition, stored), true];
    }
    default:
      return unreachable(act, "the model");
  }
}

function withChanges(alarms: ModelPartition["alarms"], update: IndexUpdate): ModelPartition["alarms"] {
  const changed = new Map(Object.entries(alarms));
  for (const { key, due } of update.alarms) {
    if (due === null) changed.delete(key);
    else changed.set(key, due);
  }
  return Object.fromEntries(changed);
}

export function at(model: Model, p: number): ModelPartition {
  return model[p] as ModelPartition;
}

/** The records of the partition by offset. */
export function recordsIn(partition: ModelPartition): readonly LogRecord[] {
  return partition.rows.flatMap((row) => row.body.split("\n").map((line) => decodeRecord(line, `offset ${row.offset}`)));
}

/** Offsets of an entity's records below `end`, newest first. */
export function offsetsOf(records: readonly LogRecord[], key: string, end: number): readonly number[] {
  return records.flatMap((record, offset) => (record.key === key && offset < end ? [offset] : [])).reverse();
}

/** Offsets from `last` on along `prev`: what a chain gives, whether or not owners at odds left a record of the entity out. */
export function chainOf(records: readonly LogRecord[], last: number): readonly number[] {
  const offsets: number[] = [];
  for (let offset = last; offset >= 0; offset = (records[offset] as LogRecord).prev) offsets.push(offset);
  return offsets;
}

/** Every order of every choice of the items; with `all`, only orders of all of them. At most four items. */
export function* ordersOf<T>(items: readonly T[], all: boolean): Generator<readonly T[]> {
  if (!all || items.length === 0) yield [];
  for (const [i, item] of items.entries()) {
    for (const rest of ordersOf(items.toSpliced(i, 1), all)) yield [item, ...rest];
  }
}
