// The one way in which a node opens the log of its service: its file where the plan names this node, else over a link to the
// node that it names. One for a node.
import { assert } from "../../base/assert.ts";
import { Failure } from "../../base/failure.ts";
import type { Journal, JournalStore, Row } from "../../journal/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Link, LinkHandler, Transport } from "../../transport/index.ts";
import type { Hosting } from "./hosting.ts";
import { JournalHost } from "./journal-host.ts";
import { type LogHostLimits, logHostLimits } from "./limits.ts";
import { Seat } from "./seat.ts";
import { SharedJournal } from "./shared-journal.ts";

export interface SharedJournalStoreInit {
  /** Of this machine: of the log's file where this node hosts. */
  readonly local: JournalStore;
  readonly transport: Transport;
  readonly runtime: Runtime;
  /** That this node runs. */
  readonly service: string;
  readonly hosting: Hosting;
  /** Those that differ from `logHostLimits`. */
  readonly limits?: Partial<LogHostLimits>;
}

/** By partition, when the log was opened here. */
export interface HostedStates {
  readonly epochs: readonly number[];
  readonly heads: readonly number[];
}

export class SharedJournalStore implements JournalStore, AsyncDisposable {
  readonly #init: SharedJournalStoreInit;
  readonly #limits: LogHostLimits;
  readonly #host: JournalHost;
  readonly #hosting: ((states: HostedStates) => void)[] = [];
  readonly #appended: ((row: Row) => void)[] = [];
  readonly #taken: ((partition: number, epoch: number, head: number) => void)[] = [];
  #seat: Seat | undefined;
  #closed: string | undefined;

  constructor(init: SharedJournalStoreInit) {
    this.#init = init;
    this.#limits = { ...logHostLimits, ...init.limits };
    this.#host = new JournalHost({ service: init.service, runtime: init.runtime, limits: this.#limits });
    init.hosting.watch(() => this.#seat?.changed());
  }

  /** Takes the links of other nodes that are for the log (`isLogGreeting`): the greeting is the first message for their handler. */
  accept(link: Link): LinkHandler {
    return this.#host.accept(link);
  }

  /** The log is open here, from now until it is closed. Called before anybody gets to use it. */
  onHosting(listener: (states: HostedStates) => void): void {
    this.#hosting.push(listener);
  }

  /**
   * Of every row that is committed through this host, whoever appended it, also this node; before whoever appended it hears of
   * it. Those of one partition come in their order, as long as its owner has one append of it under way at a time.
   */
  onAppended(listener: (row: Row) => void): void {
    this.#appended.push(listener);
  }

  /**
   * Somebody has taken the partition over: `head` is where the rows of older epochs end, of which some may never have been
   * announced (J7). Comes before any row of the new epoch, except where the log does not say its head at once: then after some of
   * them, so that a listener which finds a gap reads.
   */
  onTaken(listener: (partition: number, epoch: number, head: number) => void): void {
    this.#taken.push(listener);
  }

  /** Present epochs by partition, as far as is known; undefined where the log is not open. */
  get epochs(): readonly number[] | undefined {
    return this.#seat?.here?.epochs;
  }

  /**
   * Waits until there is a host; fails with UNAVAILABLE if the store is closed before. Where this node is to host, it fails like
   * the store of this machine, with JOURNAL_IN_USE only if the former host does not end within `inUseMs`.
   */
  async open(service: string, partitions: number): Promise<Journal> {
    assert(service === this.#init.service, "a node opens the log of the service that it runs");
    assert(!this.#seat || this.#seat.isClosed, "the log is opened once at a time");
    if (this.#closed !== undefined) throw this.#unavailable(this.#closed);
    const seat = new Seat({
      ...this.#init,
      partitions,
      limits: this.#limits,
      host: this.#host,
      hosts: (log, heads) => {
        for (const listener of this.#hosting) listener({ epochs: log.epochs, heads });
      },
      watch: {
        appended: (row) => {
          for (const listener of this.#appended) listener(row);
        },
        taken: (...taken) => {
          for (const listener of this.#taken) listener(...taken);
        },
      },
    });
    this.#seat = seat;
    const { meta } = seat.journal ?? (await seat.next());
    return new SharedJournal(meta, seat, this.#limits);
  }

  /** All nodes that may host share the disk. */
  exists(service: string): Promise<boolean> {
    return this.#init.local.exists(service);
  }

  /** Gives up what waits for a host, closes the log where it is open, and its links. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= "the node is stopping";
    this.#host.close(this.#closed);
    await this.#seat?.close(this.#unavailable(this.#closed));
  }

  #unavailable(what: string): Failure {
    return new Failure("UNAVAILABLE", { what, at: `log of service "${this.#init.service}"` });
  }
}
