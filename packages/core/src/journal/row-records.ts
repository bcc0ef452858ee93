// The records in a row of the log, each with its place.
import { JournalError, type Row } from "./journal.ts";
import { decodeRecord, type LogRecord } from "./record.ts";

export interface PlacedRecord {
  readonly offset: number;
  readonly record: LogRecord;
}

/** A record as it is in the log. */
export interface PlacedLine {
  readonly offset: number;
  readonly line: string;
}

export function placedRecord({ offset, line }: PlacedLine, partition: number): PlacedRecord {
  return { offset, record: decodeRecord(line, `partition ${partition}, offset ${offset}`) };
}

/** The records of a row from offset `from` on. */
export function* recordsOf(row: Row, from: number): Generator<PlacedRecord> {
  for (const placed of placedLinesOf(row, from)) yield placedRecord(placed, row.partition);
}

export function placedLinesOf(row: Row, from: number): readonly PlacedLine[] {
  const lines = row.body.split("\n");
  if (lines.length !== row.count)
    throw new JournalError(
      "damaged",
      `the row at partition ${row.partition}, offset ${row.offset} holds ${lines.length} records instead of ${row.count}`,
    );
  return lines.map((line, i) => ({ offset: row.offset + i, line })).slice(Math.max(0, from - row.offset));
}
