// A journal whose operations are all asked of somebody by name: those that are only passed on are here.
import type {
  AlarmEntry,
  Appended,
  Chain,
  Cursor,
  DeadLetter,
  IndexUpdate,
  Journal,
  JournalMeta,
  Page,
  PartitionState,
  QuarantineEntry,
  Row,
} from "../../journal/index.ts";
import type { Answer, Arguments, Operation } from "./wire.ts";

/** Those of the journal's port; `confirm` is answered at once where it can be. */
export type JournalOperation = Exclude<Operation, "confirm">;

export abstract class AskedJournal implements Journal {
  abstract readonly meta: JournalMeta;

  protected abstract ask<O extends JournalOperation>(operation: O, args: Arguments<O>): Promise<Answer<O>>;

  abstract append(rows: readonly Row[]): Promise<readonly Appended[]>;
  abstract confirm(partition: number, epoch: number): boolean | Promise<boolean>;
  abstract mayHold(partition: number, type: string, key: string): boolean;
  abstract [Symbol.asyncDispose](): Promise<void>;

  partitions(): Promise<readonly PartitionState[]> {
    return this.ask("partitions", []);
  }

  takeOver(partition: number, seen: number, to = seen + 1): Promise<Answer<"takeOver">> {
    return this.ask("takeOver", [partition, seen, to]);
  }

  read(partition: number, from: number, bytesMax: number): Promise<Page> {
    return this.ask("read", [partition, from, bytesMax]);
  }

  chain(partition: number, last: number, after: number, max: number, bytesMax: number): Promise<Chain> {
    return this.ask("chain", [partition, last, after, max, bytesMax]);
  }

  records(partition: number, offsets: readonly number[]): Promise<readonly string[]> {
    return this.ask("records", [partition, offsets]);
  }

  lookup(partition: number, type: string, key: string): Promise<Answer<"lookup">> {
    return this.ask("lookup", [partition, type, key]);
  }

  index(update: IndexUpdate): Promise<boolean> {
    return this.ask("index", [update]);
  }

  alarms(after: AlarmEntry | undefined, max: number): Promise<readonly AlarmEntry[]> {
    return this.ask("alarms", [after, max]);
  }

  cursors(): Promise<readonly Cursor[]> {
    return this.ask("cursors", []);
  }

  moveCursors(cursors: readonly Cursor[]): Promise<void> {
    return this.ask("moveCursors", [cursors]);
  }

  deadLetters(after: Pick<DeadLetter, "stream" | "place"> | undefined, max: number): Promise<readonly DeadLetter[]> {
    return this.ask("deadLetters", [after, max]);
  }

  park(letter: DeadLetter): Promise<void> {
    return this.ask("park", [letter]);
  }

  discard(stream: string, place: number): Promise<boolean> {
    return this.ask("discard", [stream, place]);
  }

  quarantined(): Promise<readonly QuarantineEntry[]> {
    return this.ask("quarantined", []);
  }

  quarantine(entry: QuarantineEntry): Promise<void> {
    return this.ask("quarantine", [entry]);
  }

  release(type: string, key: string): Promise<boolean> {
    return this.ask("release", [type, key]);
  }
}
