// Entities that are set aside, because one of their events could not be applied: kept in the file of the read model, so that
// they are set aside in the same transaction that passes their event over.

export interface ParkedRow {
  readonly source: string;
  readonly key: string;
  readonly partition: number;
  /** The event that could not be applied: its record, and its index in it. */
  readonly offset: number;
  readonly index: number;
  /** Wall clock, ms. */
  readonly since: number;
  readonly reason: string;
  /** Later events that were passed over. */
  readonly skipped: number;
}

/** Whom an event is about, across sources. */
export const subjectOf = (source: string, key: string): string => `${source}/${key}`;

/** UTF-16 units of a reason that are kept. */
const reasonLengthMax = 1_000;

export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.length > reasonLengthMax ? `${text.slice(0, reasonLengthMax)}…` : text;
}

/** Whether an event lies before the one that failed: it was applied. */
export const isBefore = (row: ParkedRow, offset: number, index: number): boolean =>
  offset < row.offset || (offset === row.offset && index < row.index);
