// Where a record is, across restores: log id and timeline name the log, partition and offset the place in it.
import type { JournalMeta } from "./journal.ts";

/** `LOGID.timeline.partition.offset`; the log id is 32 hexadecimal digits. */
export function formatPosition(meta: JournalMeta, partition: number, offset: number): string {
  return `${meta.logId}.${meta.timeline}.${partition}.${offset}`;
}
