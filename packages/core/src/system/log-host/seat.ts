// Where the log is, for one node: finds the host that the plan names, or becomes it, and finds the next one when that is gone.
// Whoever needs the log asks for the journal that there is, or waits for the next.
//
// A node that has the log open keeps it until it is closed: the plan takes it from nobody, only the end of the process does.
import { backoffMs } from "../../base/backoff.ts";
import { Failure } from "../../base/failure.ts";
import { type Journal, JournalError, type JournalMeta, type JournalStore } from "../../journal/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import type { Address, Transport } from "../../transport/index.ts";
import { HostedLog, type LogWatch } from "./hosted-log.ts";
import type { Hosting } from "./hosting.ts";
import type { JournalHost } from "./journal-host.ts";
import type { LogHostLimits } from "./limits.ts";
import { RemoteJournal } from "./remote-journal.ts";

export interface SeatInit {
  readonly service: string;
  /** For a new log. */
  readonly partitions: number;
  readonly local: JournalStore;
  readonly transport: Transport;
  readonly runtime: Runtime;
  readonly hosting: Hosting;
  readonly host: JournalHost;
  readonly limits: LogHostLimits;
  readonly watch: LogWatch;
  /** The log is open here. */
  readonly hosts: (log: HostedLog, heads: readonly number[]) => void;
}

interface Waiter {
  readonly resolve: (journal: HostedLog | RemoteJournal) => void;
  readonly reject: (error: Error) => void;
}

/** What is being tried, until it has come to nothing and its pause is over. */
interface Attempt {
  /** Incarnation of the host; undefined: this node. */
  readonly host: string | undefined;
  readonly abort: AbortController;
}

export class Seat {
  readonly #init: SeatInit;
  readonly #waiters = new Set<Waiter>();
  /** Its incarnation, where it is another node. */
  #remote: { readonly journal: RemoteJournal; readonly host: string } | undefined;
  #here: HostedLog | undefined;
  #attempt: Attempt | undefined;
  #failures = 0;
  /** When it was met first that another process has the log open. */
  #inUseSinceMs: number | undefined;
  #meta: JournalMeta | undefined;
  /** Why nobody is waited for any more. */
  #closed: Error | undefined;

  constructor(init: SeatInit) {
    this.#init = init;
    this.#steer();
  }

  /** The log where it is open here; else that of the host, if there is a link to it. */
  get journal(): HostedLog | RemoteJournal | undefined {
    return this.#here ?? this.#remote?.journal;
  }

  get here(): HostedLog | undefined {
    return this.#here;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** The next journal there is. Rejects with what `close` is given. */
  next(): Promise<HostedLog | RemoteJournal> {
    if (this.#closed) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => this.#waiters.add({ resolve, reject }));
  }

  /** The plan may have changed. */
  readonly changed = (): void => {
    this.#failures = 0;
    this.#steer();
  };

  /** Those who wait are told `why`; what is under way is answered. */
  async close(why: Error): Promise<void> {
    if (this.#closed) return;
    this.#closed = why;
    this.#attempt?.abort.abort();
    this.#attempt = undefined;
    this.#tell(({ reject }) => reject(why));
    this.#init.host.interrupt("the log's host is stopping");
    const journal: Journal | undefined = this.journal;
    await journal?.[Symbol.asyncDispose]();
  }

  #steer(): void {
    if (this.#closed || this.#here) return;
    const host = this.#init.hosting.host();
    if (host === undefined) return; // whom there is a link to may still be there
    const wanted = host === "here" ? undefined : host.identity.incarnation;
    if (this.#attempt ? this.#attempt.host === wanted : this.#remote && this.#remote.host === wanted) return;
    this.#attempt?.abort.abort();
    this.#remote?.journal.drop("another node is the log's host");
    this.#remote = undefined;
    const attempt: Attempt = { host: wanted, abort: new AbortController() };
    this.#attempt = attempt;
    void (host === "here" ? this.#openHere(attempt) : this.#connect(attempt, host));
  }

  async #connect(attempt: Attempt, address: Address): Promise<void> {
    const { transport, runtime, limits } = this.#init;
    const { signal } = attempt.abort;
    let journal: RemoteJournal;
    let linkedMs = 0;
    const lost = (why: string): void => {
      if (this.#remote?.journal !== journal) return;
      this.#remote = undefined;
      if (this.#closed) return;
      runtime.logger.log("warn", "log_host.lost", { service: this.#init.service, node: address.identity.node, reason: why });
      if (runtime.clock.monotonic() - linkedMs >= limits.steadyMs) this.#failures = 0;
      this.#pause({ host: address.identity.incarnation, abort: new AbortController() });
    };
    try {
      journal = await RemoteJournal.open({ transport, address, runtime, limits, signal, lost });
    } catch (error) {
      return this.#failed(attempt, error, address.identity.node);
    }
    if (this.#attempt !== attempt) return journal.drop("it is not wanted any more");
    if (!this.#isSame(journal.meta)) {
      journal.drop("it is another log");
      const what = `node "${address.identity.node}" hosts log ${journal.meta.logId}, this node knows ${this.#meta?.logId}`;
      return this.#failed(attempt, new Failure("LOG_FORKED", { what, at: `service "${this.#init.service}"` }), address.identity.node);
    }
    if (journal.isLost) return this.#pause(attempt);
    this.#attempt = undefined;
    linkedMs = runtime.clock.monotonic();
    this.#remote = { journal, host: address.identity.incarnation };
    this.#tell(({ resolve }) => resolve(journal));
  }

  async #openHere(attempt: Attempt): Promise<void> {
    const { local, service, partitions, runtime, limits, host, hosts, watch } = this.#init;
    let journal: Journal | undefined;
    try {
      journal = await local.open(service, partitions);
      if (!this.#isSame(journal.meta)) {
        const what = `this node has log ${journal.meta.logId}, the former host had ${this.#meta?.logId}`;
        throw new Failure("LOG_FORKED", { what, at: `service "${service}"` });
      }
      const { log, heads } = await HostedLog.open(journal, runtime, limits, watch);
      if (this.#attempt === attempt) {
        this.#attempt = undefined;
        this.#here = log;
        runtime.logger.log("info", "log_host.opened", { service, partitions: heads.length });
        hosts(log, heads);
        host.serve(log);
        return this.#tell(({ resolve }) => resolve(log));
      }
    } catch (error) {
      await journal?.[Symbol.asyncDispose]();
      return this.#failed(attempt, error, transportName(this.#init.transport));
    }
    await journal[Symbol.asyncDispose](); // another node is named by now, which waits for it
  }

  /** The first opening fails for good where only a person can help; later the others go on, and it is tried again. */
  #failed(attempt: Attempt, error: unknown, node: string): void {
    if (this.#attempt !== attempt) return;
    const { runtime, service } = this.#init;
    if (attempt.host === undefined && !this.#meta && !this.#mayPass(error)) {
      this.#attempt = undefined;
      this.#closed = error as Error;
      return this.#tell(({ reject }) => reject(error as Error));
    }
    const event = attempt.host === undefined ? "log_host.not_opened" : "log_host.not_reached";
    runtime.logger.log("warn", event, { service, node, attempt: this.#failures + 1, error });
    this.#pause(attempt);
  }

  /** Until it is over the same is not tried again; another host is tried at once. */
  #pause(attempt: Attempt): void {
    const { runtime, limits } = this.#init;
    this.#attempt = attempt;
    this.#failures += 1;
    const delayMs = backoffMs(limits.reconnect, this.#failures, () => runtime.random.next());
    runtime.timers.after(delayMs, () => {
      if (this.#attempt !== attempt) return;
      this.#attempt = undefined;
      this.#steer();
    });
  }

  #mayPass(error: unknown): boolean {
    if (error instanceof JournalError) return error.kind !== "damaged";
    if (!(error instanceof Failure) || error.code !== "JOURNAL_IN_USE") return false;
    const nowMs = this.#init.runtime.clock.monotonic();
    this.#inUseSinceMs ??= nowMs;
    return nowMs - this.#inUseSinceMs < this.#init.limits.inUseMs;
  }

  /** A service has one log; the first that was seen says which. */
  #isSame(meta: JournalMeta): boolean {
    const known = (this.#meta ??= meta);
    return known.logId === meta.logId && known.timeline === meta.timeline && known.partitions === meta.partitions;
  }

  #tell(each: (waiter: Waiter) => void): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const waiter of waiters) each(waiter);
  }
}

const transportName = ({ self }: Transport): string => self.node;
