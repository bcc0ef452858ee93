// What an entity remembers of the commands it has answered: receipts of those that somebody waited for, marks of those that
// were told. It is folded from the log like the state, kept in snapshots beside it, and taken back with it when records turn out
// not to be in the log.
import type { LogRecord, Told } from "../journal/index.ts";
import type { Message } from "../mailbox/index.ts";
import { Marks } from "./marks.ts";
import { Receipts, type StoredReceipts } from "./receipts.ts";

/** As snapshots keep it. */
export interface StoredMemory extends StoredReceipts {
  readonly marks: readonly Told[];
}

/** Characters of a receipt in a snapshot. */
const receiptLength = 40;

export class Remembered {
  readonly #receipts: Receipts;
  readonly #marks = new Marks();

  constructor(receipts: Receipts) {
    this.#receipts = receipts;
  }

  /** What it occupies, about. */
  get bytes(): number {
    return this.#receipts.bytes + this.#marks.bytes;
  }

  /** Characters that it takes in a snapshot, about. */
  get storedLength(): number {
    return this.#receipts.size * receiptLength + this.#marks.storedLength;
  }

  /**
   * What is known of a command: the offset of the record that answers it; "told" if it was told before; "forgotten" if it may
   * have been applied and its receipt is gone; undefined if it is new.
   */
  find(message: Message): number | "told" | "forgotten" | undefined {
    if (message.told) return this.#marks.covers(message.told) ? "told" : undefined;
    const offset = this.#receipts.find(message.id);
    if (offset !== undefined) return offset;
    return this.#receipts.hasForgotten(message) ? "forgotten" : undefined;
  }

  /** The command's record is on its way to the log. */
  add(message: Message, offset: number): void {
    if (message.told) this.#marks.add(message.told);
    else this.#receipts.add(message, offset);
  }

  /** The oldest that was added and not committed is in the log. */
  committed({ told }: LogRecord): void {
    if (told) this.#marks.committed(told);
    else this.#receipts.committed();
  }

  /** Nothing that was added and not committed is in the log. */
  rewind(): void {
    this.#receipts.rewind();
    this.#marks.rewind();
  }

  /** A record of the log, which is being replayed. `shared` gives one instance for all equal names of streams. */
  fold(record: LogRecord, offset: number, shared: (stream: string) => string): void {
    if (record.told) this.#marks.committed([shared(record.told[0]), record.told[1]]);
    else {
      this.#receipts.add(record, offset);
      this.#receipts.committed();
    }
  }

  /** Of what is committed. */
  store(): StoredMemory {
    return { ...this.#receipts.store(), marks: this.#marks.store() };
  }

  static restore(receiptsMax: number, { marks, ...receipts }: StoredMemory, shared: (stream: string) => string): Remembered {
    const restored = new Remembered(Receipts.restore(receiptsMax, receipts));
    for (const [stream, place] of marks) restored.#marks.committed([shared(stream), place]);
    return restored;
  }
}
