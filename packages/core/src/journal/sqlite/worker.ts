// The thread that owns log.db. It sleeps on a shared counter, which wakes it an order of magnitude faster than an event
// loop would, takes everything that has been posted, commits all writes of one round together, and answers. Reads and
// index updates come in slices between the commits, in turns, so that neither side can starve the other.
import { availableParallelism } from "node:os";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { assert } from "../../base/assert.ts";
import { Deque } from "../../base/deque.ts";
import { JournalError } from "../journal.ts";
import { Task } from "./background.ts";
import { commitGroup, type CommitRequest, type Outcome } from "./log-append.ts";
import { KeyFilter } from "./key-filter.ts";
import { LogFile } from "./log-file.ts";
import { keysBehind, type IndexedKey } from "./log-index.ts";
import { OpenError, openErrorOf } from "./open-error.ts";
import { type Answer, type Request, signalBegun, signalKeysKnown, signalPosted, type WorkerInput } from "./protocol.ts";
import { verify } from "./verify.ts";

/** Requests committed together, at most. */
const groupRequestsMax = 256;
/** A slice of background work ends after this, when somebody else waits. */
const sliceMs = 0.5;
/** How long nothing must happen before a checkpoint counts as made in idleness. */
const idleMs = 5;
/** Keys of the index that are read in one slice. */
const keysPerSlice = 500;
/** After a failed attempt to open the file, requests are refused with the same error for this long. */
const reopenPauseMs = 50;
/** A thread that spins answers a closed loop of one writer without a wake-up (some 50 µs where cores are virtual). */
const spinMsMax = 0.1;
const spinMsMin = 0.01;

class LogHost {
  readonly #port = parentPort as NonNullable<typeof parentPort>;
  readonly #signal: Int32Array;
  readonly #keys: KeyFilter;
  /** The last key of the index that was read into the filter; undefined: none. */
  #learned: IndexedKey | undefined;
  /** The file whose keys could not be read: not tried again before it is opened anew. */
  #unreadable: LogFile | undefined;
  #directory = "";
  #owner = "";
  readonly #commits = new Deque<readonly [id: number, request: CommitRequest]>();
  readonly #tasks = new Deque<Task>();
  #log: LogFile | undefined;
  #openError: JournalError | undefined;
  #openAgainAtMs = 0;
  #closing: number | undefined;
  #spinMs = availableParallelism() > 1 ? spinMsMax : 0;

  constructor({ signal, keys }: WorkerInput) {
    this.#signal = new Int32Array(signal);
    this.#keys = new KeyFilter(keys);
  }

  /** Returns when the log is closed. */
  run(): void {
    for (;;) {
      const posted = Atomics.load(this.#signal, signalPosted);
      for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port))
        this.#accept(next.message as Request);
      if (this.#commits.length > 0) this.#commit();
      else if (this.#tasks.length === 0) {
        if (this.#closing !== undefined) return this.#close(this.#closing);
        if (!this.#learn()) this.#sleep(posted);
      }
      if (this.#tasks.length > 0) this.#advance(this.#tasks.shift() as Task);
    }
  }

  #accept([id, ask]: Request): void {
    switch (ask[0]) {
      case "serve":
        [, this.#directory, this.#owner] = ask;
        return;
      case "open":
        return this.#open(id, ask[1]);
      case "append":
      case "takeOver":
        return this.#commits.push([id, ask]);
      case "close":
        this.#closing = id;
        return;
      case "index":
        // Before it is stored, and whatever becomes of it: a key too many only costs a look-up.
        for (const { type, key } of ask[1].entities) this.#keys.add(type, key);
        for (const { type, key } of ask[1].snapshots) this.#keys.add(type, key);
        return this.#tasks.push(new Task(id, ask));
      default:
        this.#tasks.push(new Task(id, ask));
    }
  }

  /** The first opening in a process: creates, verifies, and says in full what is wrong. */
  #open(id: number, partitions: number): void {
    try {
      this.#log = LogFile.open({ ...this.#openOptions(), partitions });
      verify(this.#log);
      this.#log.settle();
      this.#answer([id, "value", this.#log.meta]);
    } catch (error) {
      const failure = openErrorOf(error, this.#directory);
      if (!(failure instanceof OpenError)) throw failure;
      this.#drop();
      this.#answer([id, "failure", failure.code, failure.what, failure.at]);
    }
  }

  #commit(): void {
    const ids: number[] = [];
    const group: CommitRequest[] = [];
    while (group.length < groupRequestsMax) {
      const next = this.#commits.shift();
      if (!next) break;
      ids.push(next[0]);
      group.push(next[1]);
    }
    const outcomes = this.#commitGroup(ids.at(-1) as number, group);
    for (const [i, outcome] of outcomes.entries()) this.#settle(ids[i] as number, outcome);
    this.#afterWork(false);
  }

  #commitGroup(newest: number, group: readonly CommitRequest[]): readonly Outcome[] {
    const log = this.#ready();
    if (log instanceof JournalError) return group.map(() => log);
    this.#markBegun(newest);
    return commitGroup(log, this.#owner, group);
  }

  #settle(id: number, outcome: Outcome): void {
    if (outcome === undefined) this.#answer(id);
    else if (outcome instanceof JournalError) this.#answer([id, "error", outcome.kind, outcome.message]);
    else this.#answer([id, "value", outcome]);
  }

  /** One slice of a task, longer only while nobody else waits. */
  #advance(task: Task): void {
    const log = this.#ready();
    if (log instanceof JournalError) return this.#answer([task.id, "error", log.kind, log.message]);
    const endMs = performance.now() + sliceMs;
    try {
      if (task.writes) this.#markBegun(task.id);
      do {
        const { done, value } = task.next(log);
        if (done) {
          this.#answer([task.id, "value", value]);
          return this.#afterWork(false);
        }
      } while (performance.now() < endMs);
      this.#tasks.push(task);
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#answer([task.id, "error", error.kind, error.message]);
      this.#afterWork(false);
    }
  }

  /** Reads further keys of the index into the filter, while nobody asks for anything. False: there is nothing to read now. */
  #learn(): boolean {
    const log = this.#log;
    if (!log?.sound || log === this.#unreadable || Atomics.load(this.#signal, signalKeysKnown) === 1) return false;
    try {
      const keys = keysBehind(log, this.#learned, keysPerSlice);
      for (const { type, key } of keys) this.#keys.add(type, key);
      this.#learned = keys.at(-1) ?? this.#learned;
      if (keys.length < keysPerSlice) Atomics.store(this.#signal, signalKeysKnown, 1);
      return true;
    } catch (error) {
      if (!(error instanceof JournalError)) throw error;
      this.#unreadable = log; // what is not in the filter is looked up
      this.#afterWork(false);
      return false;
    }
  }

  /** Replaces a connection that cannot be trusted, and makes the checkpoint that is due. */
  #afterWork(idle: boolean): void {
    const log = this.#log;
    if (!log) return;
    if (!log.sound) return this.#drop();
    const now = performance.now();
    if (log.checkpointInMs(idle, now) === 0) log.checkpoint(now);
  }

  #ready(): LogFile | JournalError {
    if (this.#log) return this.#log;
    const now = performance.now();
    if (this.#openError && now < this.#openAgainAtMs) return this.#openError;
    try {
      this.#log = LogFile.open(this.#openOptions());
      this.#log.settle();
      this.#openError = undefined;
      this.#answer([0, "log", "info", "journal.reopened", { path: this.#log.path }]);
      return this.#log;
    } catch (error) {
      if (!(error instanceof OpenError)) throw error;
      this.#drop();
      const kind = error.code === "JOURNAL_DAMAGED" ? "damaged" : error.code === "JOURNAL_FULL" ? "full" : "failed";
      this.#openError = new JournalError(kind, `the log cannot be opened: ${error.what}`);
      this.#openAgainAtMs = performance.now() + reopenPauseMs;
      return this.#openError;
    }
  }

  #openOptions(): { readonly directory: string; readonly log: LogFile["log"] } {
    const log: LogFile["log"] = (level, event, fields) => this.#answer([0, "log", level, event, fields]);
    return { directory: this.#directory, log };
  }

  #drop(): void {
    this.#log?.close();
    this.#log = undefined;
  }

  #close(id: number): void {
    this.#drop();
    this.#answer([id, "value", undefined]);
    this.#port.close();
  }

  /** Until something is posted; first spinning, as long as that has been worth it. */
  #sleep(posted: number): void {
    if (this.#spinMs >= spinMsMin) {
      const endMs = performance.now() + this.#spinMs;
      while (Atomics.load(this.#signal, signalPosted) === posted && performance.now() < endMs);
      if (Atomics.load(this.#signal, signalPosted) !== posted) return;
      this.#spinMs /= 2;
    }
    const sleptAtMs = performance.now();
    const checkpointInMs = this.#log?.checkpointInMs(true, sleptAtMs) ?? Number.POSITIVE_INFINITY;
    if (Atomics.wait(this.#signal, signalPosted, posted, Math.max(idleMs, checkpointInMs)) === "timed-out") this.#afterWork(true);
    else if (performance.now() - sleptAtMs < spinMsMax && availableParallelism() > 1) this.#spinMs = spinMsMax;
  }

  /** Told before the work, so that a death under it leaves nobody with a wrong "certainly not". */
  #markBegun(id: number): void {
    const begun = Atomics.load(this.#signal, signalBegun);
    if (((id - begun) | 0) > 0) Atomics.store(this.#signal, signalBegun, id);
  }

  #answer(answer: Answer): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
    this.#port.postMessage(answer);
  }
}

assert(parentPort, "the journal's worker runs in a thread of its own");
new LogHost(workerData as WorkerInput).run();
