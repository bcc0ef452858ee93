// The records in a row of the log, each with its place.
import { JournalError, type Row } from "./journal.ts";
import { decodeRecord, type LogRecord } from "./record.ts";

export interface PlacedRecord {
  readonly offset: number;
  readonly record: LogRecord;
}

/** The records of a row from offset `from` on. */
export function* recordsOf(row: Row, from: number): Generator<PlacedRecord> {
  const lines = row.body.split("\n");
  if (lines.length !== row.count)
    throw new JournalError(
      "damaged",
      `the row at partition ${row.partition}, offset ${row.offset} holds ${lines.length} records instead of ${row.count}`,
    );
  for (const [i, line] of lines.entries()) {
    const offset = row.offset + i;
    if (offset >= from) yield { offset, record: decodeRecord(line, `partition ${row.partition}, offset ${offset}`) };
  }
}
