// Everything of one type that has an alarm, from index and tail: for sagas, all that have not ended and all that owe an
// apology, in whosever partition. Read in pages, in the order of due.
import type { AlarmEntry, LogWriter } from "../../journal/index.ts";

const pageSize = 1_000;

/** May miss what changes meanwhile, and may show what has changed. Rejects with a `JournalError`. */
export async function* alarmsOf(writer: LogWriter, type: string): AsyncGenerator<{ readonly key: string; readonly due: number }> {
  const unindexed = new Map<string, number | null>();
  for (const [, change] of writer.tail.alarms()) if (change.type === type) unindexed.set(change.key, change.due);
  for (const [key, due] of unindexed) if (due !== null) yield { key, due };
  let after: AlarmEntry | undefined;
  for (;;) {
    const page = await writer.within(writer.journal.alarms(after, pageSize));
    for (const alarm of page) if (alarm.type === type && !unindexed.has(alarm.key)) yield { key: alarm.key, due: alarm.due };
    after = page.at(-1);
    if (page.length < pageSize) return;
  }
}
