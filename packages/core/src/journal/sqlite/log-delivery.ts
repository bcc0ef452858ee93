// How far subscriptions have come, and what they could not deliver. Unlike the index these tables cannot be folded from the
// log of this service: the logs they speak of are others'.
import type { Cursor, DeadLetter } from "../journal.ts";
import type { LogFile } from "./log-file.ts";

/** A value that arrives late must not take a cursor back (J12). */
const raiseCursor = "insert into cursor (stream, o) values (?, ?) on conflict do update set o = max(o, excluded.o)";
const upsertLetter = `insert into dead_letter (stream, place, since, contract, command, key, input, code, reason) values (?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict do update set since = excluded.since, contract = excluded.contract, command = excluded.command, key = excluded.key,
    input = excluded.input, code = excluded.code, reason = excluded.reason`;
const lettersBehind = `select stream, place, since, contract, command, key, input, code, reason from dead_letter
  where (stream, place) > (?, ?) order by stream, place limit ?`;

export function cursors(log: LogFile): readonly Cursor[] {
  const rows = log.reading("cursors", () => log.statement("select stream, o from cursor order by stream").all());
  return (rows as unknown as [string, number][]).map(([stream, offset]) => ({ stream, offset }));
}

export function moveCursors(log: LogFile, moved: readonly Cursor[]): void {
  log.transaction("cursors", 1 + moved.length, () => {
    log.begin();
    for (const { stream, offset } of moved) log.statement(raiseCursor).run(stream, offset);
  });
}

export function deadLetters(log: LogFile, after: Pick<DeadLetter, "stream" | "place"> | undefined, max: number): readonly DeadLetter[] {
  const rows = log.reading("dead letters", () => log.statement(lettersBehind).all(after?.stream ?? "", after?.place ?? -1, max));
  return (rows as unknown as [string, number, number, string, string, string, string, string, string][]).map(
    ([stream, place, since, contract, command, key, input, code, reason]) => {
      return { stream, place, since, contract, command, key, input, code, reason };
    },
  );
}

export function park(log: LogFile, { stream, place, since, contract, command, key, input, code, reason }: DeadLetter): void {
  log.transaction("dead letter", 2 + (input.length >>> 12), () => {
    log.begin();
    log.statement(upsertLetter).run(stream, place, since, contract, command, key, input, code, reason);
  });
}

export function discard(log: LogFile, stream: string, place: number): boolean {
  return log.transaction("discard", 2, () => {
    log.begin();
    return log.statement("delete from dead_letter where stream = ? and place = ?").run(stream, place).changes === 1;
  });
}
