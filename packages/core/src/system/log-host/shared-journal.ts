// The log of a service at any of its nodes, whoever of them has its file open, now and later.
//
//  S1  kept        What was told written is in the log that the next host opens, at its place; what was told otherwise is as J6 says.
//  S2  goes on     Nothing waits for ever for a host that is gone: it is answered as lost, or asked again of the next one. While
//                  there is none it waits, bounded in number; how long is its caller's to say.
//  S3  honest      What may have changed the log, and would change it again, is ambiguous when the link is lost. What certainly left
//                  nobody is asked of the next host. Of the rest the answer of the next host holds.
//  S4  one file    The log's file is open in one process at a time: that of the host, until it ends or closes it.
//  S5  confirmed   J14, whatever happens to the host meanwhile. Rejects if the host is lost that was asked.
import { type Appended, type Journal, JournalError, type JournalMeta, type Row } from "../../journal/index.ts";
import { AskedJournal, type JournalOperation } from "./asked-journal.ts";
import type { LogHostLimits } from "./limits.ts";
import { HostLost } from "./remote-journal.ts";
import type { Seat } from "./seat.ts";
import { type Answer, type Arguments, forms, type Operation } from "./wire.ts";

export class SharedJournal extends AskedJournal {
  readonly meta: JournalMeta;
  readonly #seat: Seat;
  readonly #limits: LogHostLimits;
  #closed: Promise<void> | undefined;

  constructor(meta: JournalMeta, seat: Seat, limits: LogHostLimits) {
    super();
    this.meta = meta;
    this.#seat = seat;
    this.#limits = limits;
  }

  append(rows: readonly Row[]): Promise<readonly Appended[]> {
    return this.ask("append", [rows]);
  }

  confirm(partition: number, epoch: number): boolean | Promise<boolean> {
    const { here } = this.#seat;
    return here && !this.#closed ? here.confirm(partition, epoch) : this.#wait("confirm", (journal) => journal.confirm(partition, epoch));
  }

  mayHold(partition: number, type: string, key: string): boolean {
    return this.#seat.here?.mayHold(partition, type, key) ?? true;
  }

  /** Answers what is under way; what waits for a host fails. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closed ??= this.#seat.close(new JournalError("failed", "the journal is closed")));
  }

  protected ask<O extends JournalOperation>(operation: O, args: Arguments<O>): Promise<Answer<O>> {
    const call = (journal: Journal): Promise<Answer<O>> =>
      (journal[operation] as (...given: Arguments<O>) => Promise<Answer<O>>).call(journal, ...args);
    const { here } = this.#seat;
    return here ? call(here) : this.#wait(operation, call);
  }

  async #wait<T>(operation: Operation, call: (journal: NonNullable<Seat["journal"]>) => T | Promise<T>): Promise<T> {
    for (let lost = 0; ;) {
      if (this.#closed) throw new JournalError("failed", `${operation}: the journal is closed`);
      try {
        return await call(this.#seat.journal ?? (await this.#nextHost(operation)));
      } catch (error) {
        if (!(error instanceof HostLost) || (error.asked && !forms[operation].repeats)) throw error;
        if (error.asked && (lost += 1) >= this.#limits.hostsMax) throw error;
      }
    }
  }

  #nextHost(operation: Operation): Promise<NonNullable<Seat["journal"]>> {
    if (this.#seat.waiting < this.#limits.waitingMax) return this.#seat.next();
    throw new JournalError("failed", `${operation}: ${this.#limits.waitingMax} requests wait for the log's host already`);
  }
}
