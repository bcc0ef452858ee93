// Brings an entity back: newest usable snapshot, then the records after it, in pages. The result is the fold of its log
// and nothing else; a snapshot only makes it shorter.
import { type Chain, decodeRecord, formatPosition, JournalError, type LogWriter, type Snapshot } from "../journal/index.ts";
import type { EntityKernel } from "./kernel.ts";
import { entityLimits } from "./limits.ts";
import { Receipts } from "./receipts.ts";
import { Remembered, type StoredMemory } from "./remembered.ts";

export interface Recovered {
  readonly state: unknown;
  readonly version: number;
  /** Offset of its newest record, -1 without one. */
  readonly last: number;
  /** Version at the snapshot it came from, 0 without one. */
  readonly snapshotVersion: number;
  /** Characters of the records that were folded after it. */
  readonly folded: number;
  readonly remembered: Remembered;
}

/** A record that cannot be folded, and where: the entity cannot run until program or log is mended. */
export class PoisonedRecord extends Error {
  override readonly name = "PoisonedRecord";
  readonly offset: number;
  constructor(offset: number, position: string, cause: unknown) {
    super(`the record at ${position} cannot be applied: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.offset = offset;
  }
}

interface SnapshotBody {
  readonly form: typeof snapshotForm;
  readonly fingerprint: string;
  readonly version: number;
  readonly state: unknown;
  readonly remembered: StoredMemory;
}

/** Raised when the form of a snapshot changes: older ones are then not used. */
const snapshotForm = 3;
const chainPage = 10_000;
const recordsPage = 500;
/** Of an entity's newest records, as many are read together with where the others are; most entities have no others. */
const newestBytes = 2 ** 20;

/**
 * Rejects with a `PoisonedRecord`, or with a `JournalError` if the journal cannot be read now. `shared` gives one instance for all
 * equal names of streams.
 */
export async function recover(
  writer: LogWriter,
  kernel: EntityKernel,
  partition: number,
  key: string,
  receiptsMax: number,
  shared: (stream: string) => string,
): Promise<Recovered> {
  const { journal, tail } = writer;
  const { type } = kernel;
  const unindexed = tail.lookup(partition, type, key); // before the index is asked: a flush may come between
  const indexed = await writer.within(journal.lookup(partition, type, key));
  const entry = unindexed ?? indexed.entry;
  const nothing = (): Remembered => new Remembered(new Receipts(receiptsMax));
  if (!entry) return { state: kernel.initial(), version: 0, last: -1, snapshotVersion: 0, folded: 0, remembered: nothing() };
  const base = indexed.snapshot && readSnapshot(indexed.snapshot, kernel);
  let state = base ? base.state : kernel.initial();
  let version = base?.version ?? 0;
  let folded = 0;
  const remembered = base ? Remembered.restore(receiptsMax, base.remembered, shared) : nothing();
  for await (const { offsets, lines } of history(writer, partition, entry.last, base ? indexed.snapshot.offset : -1)) {
    for (const [i, line] of lines.entries()) {
      const offset = offsets[i] as number;
      const position = formatPosition(journal.meta, partition, offset);
      try {
        const record = decodeRecord(line, position);
        if (record.type !== type || record.key !== key || record.version !== version + record.events.length) {
          throw new JournalError(
            "damaged",
            `it belongs to version ${record.version} of ${record.type}/${record.key}, after version ${version} of ${type}/${key}`,
          );
        }
        for (const event of record.events) {
          version += 1;
          state = kernel.apply(state, event, { key, version, now: record.now, caller: record.caller });
        }
        remembered.fold(record, offset, shared);
        folded += line.length;
      } catch (cause) {
        throw new PoisonedRecord(offset, position, cause);
      }
    }
  }
  return { state, version, last: entry.last, snapshotVersion: base?.version ?? 0, folded, remembered };
}

/**
 * What the index and the log have of an entity whose partition may be another node's; undefined if it cannot be applied. Rejects with a
 * `JournalError`.
 */
export async function peek(
  writer: LogWriter,
  kernel: EntityKernel,
  key: string,
): Promise<{ readonly state: unknown; readonly version: number } | undefined> {
  try {
    return await recover(writer, kernel, writer.partitionOf(kernel.type, key), key, entityLimits.receiptsMax, (stream) => stream);
  } catch (error) {
    if (error instanceof PoisonedRecord) return undefined;
    throw error;
  }
}

/**
 * What an entity that cannot run remembers of commands, from its log alone: none of its functions is needed for that. Rejects with a
 * `JournalError`.
 */
export async function recoverMemory(
  writer: LogWriter,
  partition: number,
  type: string,
  key: string,
  receiptsMax: number,
  shared: (stream: string) => string,
): Promise<Remembered> {
  const { journal, tail } = writer;
  const unindexed = tail.lookup(partition, type, key); // before the index is asked: a flush may come between
  const indexed = await writer.within(journal.lookup(partition, type, key));
  const base = indexed.snapshot && snapshotOf(indexed.snapshot);
  const remembered = base ? Remembered.restore(receiptsMax, base.remembered, shared) : new Remembered(new Receipts(receiptsMax));
  const { last = -1 } = unindexed ?? indexed.entry ?? {};
  for await (const { offsets, lines } of history(writer, partition, last, base ? indexed.snapshot.offset : -1)) {
    for (const [i, line] of lines.entries()) {
      const offset = offsets[i] as number;
      remembered.fold(decodeRecord(line, formatPosition(journal.meta, partition, offset)), offset, shared);
    }
  }
  return remembered;
}

/** The entity's records above `after`, oldest first, in pages. */
async function* history(writer: LogWriter, partition: number, last: number, after: number): AsyncGenerator<Chain> {
  if (last <= after) return;
  const { journal } = writer;
  const offsets: number[] = [];
  let newest: readonly string[] = [];
  for (let from = last; ;) {
    const page = await writer.within(journal.chain(partition, from, after, chainPage, from === last ? newestBytes : 0));
    if (from === last) newest = page.lines;
    // A further page starts with the offset that the one before ended with.
    offsets.push(...(from === last ? page.offsets : page.offsets.slice(1)));
    if (page.offsets.length < chainPage) break;
    from = offsets.at(-1) as number;
  }
  const older = offsets.slice(newest.length).reverse();
  for (let i = 0; i < older.length; i += recordsPage) {
    const page = older.slice(i, i + recordsPage);
    yield { offsets: page, lines: await writer.within(journal.records(partition, page)) };
  }
  yield { offsets: offsets.slice(0, newest.length).reverse(), lines: newest.toReversed() };
}

export function snapshotBody(kernel: EntityKernel, state: unknown, version: number, remembered: StoredMemory): string {
  return JSON.stringify({ form: snapshotForm, fingerprint: kernel.fingerprint, version, state, remembered } satisfies SnapshotBody);
}

/** Undefined if it was taken by another program: then the log is replayed, which is always right. */
function readSnapshot(snapshot: Snapshot, kernel: EntityKernel): SnapshotBody | undefined {
  const body = snapshotOf(snapshot);
  return body?.fingerprint === kernel.fingerprint ? body : undefined;
}

function snapshotOf(snapshot: Snapshot): SnapshotBody | undefined {
  try {
    const body = JSON.parse(snapshot.body) as SnapshotBody;
    return body.form === snapshotForm ? body : undefined;
  } catch {
    return undefined; // a cache that cannot be read is no cache
  }
}
