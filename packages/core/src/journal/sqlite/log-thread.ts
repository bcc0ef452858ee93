// The worker thread as the main thread sees it: requests go in, each gets one answer, also when the thread dies. It keeps
// the process alive exactly as long as an answer is outstanding.
import type { Worker } from "node:worker_threads";
import { Failure } from "../../base/failure.ts";
import { Numbered } from "../../base/numbered.ts";
import type { Logger } from "../../runtime/index.ts";
import { JournalError } from "../journal.ts";
import type { KeyFilter } from "./key-filter.ts";
import { type Answer, type Answers, type Ask, type Request, signalBegun, signalKeysKnown, signalPosted, writing } from "./protocol.ts";
import { startThread, type StartedThread } from "./ready-threads.ts";

/** Requests without an answer. Callers bound what they have under way far below; this is the journal's own bound. */
const pendingMax = 16_384;

interface Pending {
  readonly op: Ask[0];
  /** What the answer that is a bare number stands for. */
  readonly bare: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class LogThread {
  readonly #worker: Worker;
  readonly #signal: Int32Array;
  readonly #keys: KeyFilter;
  readonly #logger: Logger;
  readonly #pending = new Numbered<Pending>();
  readonly #ended = Promise.withResolvers<void>();
  #lastId = 0;
  #alive = true;
  #closing = false;
  #cause: unknown;

  constructor(directory: string, owner: string, logger: Logger, { worker, signal, keys }: StartedThread = startThread()) {
    this.#signal = signal;
    this.#keys = keys;
    this.#logger = logger;
    this.#worker = worker;
    this.#worker.on("message", (answer: Answer) => this.#settle(answer));
    this.#worker.on("error", (error) => {
      this.#cause = error;
    });
    this.#worker.on("exit", () => this.#end());
    this.#worker.unref(); // a listener for messages holds it
    this.#post([0, ["serve", directory, owner]]);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** J13. Until the thread has read the keys that it found in the file, everything may be there. */
  mayHold(type: string, key: string): boolean {
    return Atomics.load(this.#signal, signalKeysKnown) === 0 || this.#keys.mayHold(type, key);
  }

  /** `bare`: see `Pending`. Rejects with a `JournalError`, `open` also with a `Failure`. */
  ask<T>(ask: Ask, bare?: T): Promise<T> {
    if (!this.#alive) return Promise.reject(new JournalError("failed", `${ask[0]}: the journal's thread has ended`));
    if (this.#pending.size >= pendingMax && ask[0] !== "close")
      return Promise.reject(new JournalError("failed", `${ask[0]}: ${pendingMax} requests are waiting already`));
    return new Promise<T>((resolve, reject) => {
      const id = (this.#lastId = (this.#lastId + 1) | 0);
      if (this.#pending.size === 0) this.#worker.ref();
      this.#pending.set(id, { op: ask[0], bare, resolve: resolve as (value: unknown) => void, reject });
      this.#post([id, ask]);
    });
  }

  /** Lets the thread answer what is under way and close its file. Resolves when it is gone, whatever its end. */
  async close(): Promise<void> {
    if (!this.#alive) return;
    this.ask<Answers["close"]>(["close"]).catch(() => {}); // it died: what was committed is in the WAL
    this.#worker.ref();
    this.#closing = true;
    await this.#ended.promise;
  }

  #post(request: Request): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(request);
    Atomics.add(this.#signal, signalPosted, 1);
    Atomics.notify(this.#signal, signalPosted);
  }

  #settle(answer: Answer): void {
    if (typeof answer === "number") return this.#take(answer, (pending) => pending.resolve(pending.bare));
    switch (answer[1]) {
      case "value":
        return this.#take(answer[0], (pending) => pending.resolve(answer[2]));
      case "error":
        return this.#take(answer[0], (pending) => pending.reject(new JournalError(answer[2], answer[3])));
      case "failure":
        return this.#take(answer[0], (pending) => pending.reject(new Failure(answer[2], { what: answer[3], at: answer[4] })));
      case "log":
        return this.#logger.log(answer[2], answer[3], answer[4]);
    }
  }

  #take(id: number, settle: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    if (this.#pending.size === 0 && !this.#closing) this.#worker.unref();
    settle(pending);
  }

  /** The thread is gone. Of what it may have begun to write the outcome is open; everything else certainly was not done. */
  #end(): void {
    this.#alive = false;
    const begun = Atomics.load(this.#signal, signalBegun);
    if (this.#pending.size > 0 || this.#cause !== undefined) {
      this.#logger.log("error", "journal.worker_died", { pending: this.#pending.size, error: this.#cause });
    }
    for (const [id, { op, reject }] of this.#pending.entries()) {
      const open = writing.has(op) && ((begun - id) | 0) >= 0;
      reject(
        new JournalError(open ? "ambiguous" : "failed", `${op}: the journal's thread ended before it answered`, { cause: this.#cause }),
      );
    }
    this.#pending.clear();
    this.#ended.resolve();
  }
}
