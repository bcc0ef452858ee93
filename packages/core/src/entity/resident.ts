// One entity in memory: its mailbox, its state, and the commands whose commit is under way. It decides on speculative
// state, one message after the other, and lets no answer out before the version it rests on is in the log.
//
//  E1  serial       Messages are taken in arrival order, one at a time.
//  E2  durable      Replies, rejections, query answers, duplicates and defects leave when every record that their state
//                   rests on is committed.
//  E3  once         A command id has one outcome; asked again it gets that outcome (receipts.ts). A told command is applied
//                   once, whenever it is repeated (marks.ts).
//  E4  start over   When records turn out not to be in the log, state goes back to the last committed version and what
//                   was decided on it is decided again, in arrival order.
//  E5  bounded      Unanswered messages ≤ mailboxCapacity; beyond, OVERLOADED at once.
//  E6  supervised   What throws restarts from the log after a back-off; a key that keeps failing is quarantined.
import { assert } from "../base/assert.ts";
import { backoffMs } from "../base/backoff.ts";
import { Deque } from "../base/deque.ts";
import { Failure } from "../base/failure.ts";
import { fingerprint } from "../base/hash.ts";
import { JournalError, type Sink, type Snapshot, type SnapshotSource, type Submission } from "../journal/index.ts";
import { type LogIdentity, type Message, type MessageAnswer, traceField } from "../mailbox/index.ts";
import {
  answerFromLog,
  answerOf,
  answerTo,
  leave,
  type Pending,
  recordOf,
  repeatedAnswer,
  overloaded,
  toldBefore,
  tooOld,
  withoutEnded,
} from "./departure.ts";
import { Footprint } from "./footprint.ts";
import type { Verdict } from "./kernel.ts";
import { Receipts } from "./receipts.ts";
import type { Phase } from "./phase.ts";
import { Remembered } from "./remembered.ts";
import { PoisonedRecord, recover, snapshotBody } from "./recovery.ts";
import type { Residence } from "./residence.ts";
import { Unconfirmed, type Confirmed } from "./unconfirmed.ts";

export class Resident implements Sink, SnapshotSource {
  readonly key: string;
  readonly partition: number;
  readonly log: LogIdentity;
  /** Links of the host's list of residents, longest unused first. */
  older: Resident | undefined = undefined;
  newer: Resident | undefined = undefined;

  readonly #host: Residence<Resident>;
  readonly #mailbox = new Deque<Message>();
  readonly #pending = new Deque<Pending>();
  readonly #drain = (): void => this.#run();
  #phase: Phase = { kind: "recovering" };
  #scheduled = false;
  /** Messages taken out of the mailbox that wait for a commit, for the log, or to be confirmed. */
  #departing = 0;
  readonly #unconfirmed = new Unconfirmed();
  #state: unknown;
  #version = 0;
  #committed: { state: unknown; version: number; offset: number } = { state: undefined, version: 0, offset: -1 };
  #snapshotVersion = 0;
  #snapshotWanted = false;
  /** Characters of the committed records since the last snapshot. */
  #unsnappedLength = 0;
  readonly #footprint = new Footprint();
  #remembered: Remembered;
  /** Reads of the log that failed in a row for the journal's own reasons: no fault of this entity. */
  #unreadable = 0;

  constructor(host: Residence<Resident>, key: string, partition: number) {
    this.#host = host;
    this.key = key;
    this.partition = partition;
    this.log = host.log;
    this.#remembered = new Remembered(new Receipts(host.limits.receiptsMax));
  }

  /** Estimate of what it occupies. */
  get bytes(): number {
    return this.#footprint.bytes;
  }

  /** Unanswered messages. */
  get load(): number {
    return this.#mailbox.length + this.#departing;
  }

  get idle(): boolean {
    return this.#phase.kind === "active" && this.load === 0 && this.#pending.length === 0;
  }

  receive(message: Message): void {
    const { limits } = this.#host;
    if (this.load >= limits.mailboxCapacity) return message.fail(overloaded(message, limits.mailboxCapacity));
    if (message.read === "local" && this.#phase.kind === "active" && message.to.kind === "query") return this.#answerLocally(message);
    this.#mailbox.push(message);
    if (this.#phase.kind === "active") this.#wake();
    else this.#host.deadlines.watch(message);
  }

  // ── recovery ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Nothing was ever written of it, so there is nothing to read. Once, before anything is received. */
  begin(): void {
    this.#state = this.#host.kernel.initial();
    this.#committed = { state: this.#state, version: 0, offset: -1 };
    this.#host.resized(this.#footprint.begin(this.#host.kernel.initialLength, this.#remembered));
    this.#phase = { kind: "active" };
  }

  /** Reads the log; the host has given this entity its turn. Never rejects. */
  async recover(): Promise<void> {
    const host = this.#host;
    if (this.#isLeaving()) return;
    this.#phase = { kind: "recovering" };
    try {
      const { writer, kernel, limits, sharedStream } = host;
      const known = host.whenKnown(this.partition);
      if (known) await known;
      if (host.isQuarantined(this.key) && !this.#isLeaving()) return this.#quarantined();
      const found = await recover(writer, kernel, this.partition, this.key, limits.receiptsMax, sharedStream);
      if (this.#isLeaving()) return;
      this.#state = found.state;
      this.#version = found.version;
      this.#committed = { state: found.state, version: found.version, offset: found.last };
      this.#snapshotVersion = found.snapshotVersion;
      this.#remembered = found.remembered;
      this.#unsnappedLength = found.folded;
      this.#resize();
      this.#phase = { kind: "active" };
      this.#unreadable = 0;
      this.considerSnapshot();
      this.#wake();
    } catch (error) {
      if (this.#isLeaving()) return;
      if (error instanceof PoisonedRecord) this.#strike(error, { offset: error.offset });
      else if (!(error instanceof JournalError)) throw error;
      else if (error.kind === "damaged") this.#strike(error);
      else this.#restartLater(error, (this.#unreadable += 1));
    }
  }

  // ── the turn ────────────────────────────────────────────────────────────────────────────────────────────────────

  #wake(): void {
    if (this.#scheduled || this.#mailbox.length === 0) return;
    this.#scheduled = true;
    this.#host.runtime.scheduler.soon(this.#drain);
  }

  #run(): void {
    this.#scheduled = false;
    const { writer, deadlines } = this.#host;
    while (this.#phase.kind === "active" && this.#mailbox.length > 0) {
      if (!writer.admits(this.partition)) {
        for (const message of this.#mailbox) deadlines.watch(message);
        writer.waitFor(this.partition, this);
        return;
      }
      const message = this.#mailbox.shift() as Message;
      if (message.settled) continue; // its deadline passed, or its caller gave up
      if (message.to.kind === "query") this.#query(message);
      else this.#command(message);
    }
    this.#host.used(this);
  }

  #command(message: Message): void {
    const input = message.input === undefined || message.idIsOfInput ? "" : fingerprint(JSON.stringify(message.input));
    const known = this.#remembered.find(message);
    if (known === "told") return this.#depart(this.#pending.last(), message, toldBefore);
    if (typeof known === "number") return this.#repeat(message, known, input);
    if (known === "forgotten") return this.#depart(this.#pending.last(), message, tooOld(message));
    const { kernel, runtime, writer } = this.#host;
    const now = runtime.clock.now();
    let verdict: Verdict;
    try {
      const { to, input: given, caller } = message;
      verdict = kernel.decide(this.#state, this.#version, { name: to.name, input: given, key: this.key, now, caller });
    } catch (error) {
      assert(error instanceof Failure, "the kernel turns what implementations throw into failures");
      this.#depart(this.#pending.last(), message, error);
      this.#strike(error, { trace: message.trace });
      return;
    }
    const prev = this.#pending.last()?.submission.offset ?? this.#committed.offset;
    const submission = writer.submit(this.partition, this, recordOf(message, verdict, kernel, { prev, input, now }));
    this.#state = verdict.state;
    this.#version = verdict.version;
    this.#remembered.add(message, submission.offset);
    const pending: Pending = { submission, departures: [], state: verdict.state, version: verdict.version };
    this.#pending.push(pending);
    this.#depart(pending, message, answerOf(verdict.outcome));
  }

  /** Asked again: the same answer, once the record it repeats is committed; that record is in the log, at `offset`. */
  #repeat(message: Message, offset: number, input: string): void {
    for (const pending of this.#pending) {
      if (pending.submission.offset !== offset) continue;
      return this.#depart(pending, message, repeatedAnswer(message, pending.submission.record, input));
    }
    void this.#repeatFromLog(message, offset, input);
  }

  async #repeatFromLog(message: Message, offset: number, input: string): Promise<void> {
    this.#departing += 1;
    this.#host.deadlines.watch(message);
    const answer = await answerFromLog(this.#host.writer, this.partition, offset, message, input);
    this.#departing -= 1;
    leave(message, answer, this, offset);
    this.#whenVacated();
  }

  #query(message: Message): void {
    const { kernel, runtime, writer } = this.#host;
    const confirmed = writer.confirm(this.partition);
    this.#depart(this.#pending.last(), message, answerTo(message, kernel, this.#state, this.#version, runtime.clock), confirmed);
  }

  /** A `local` read: the last committed version, at once, in front of everything that waits. */
  #answerLocally(message: Message): void {
    const { state, version, offset } = this.#committed;
    const { kernel, runtime } = this.#host;
    leave(message, answerTo(message, kernel, state, version, runtime.clock), this, offset);
  }

  /** Lets the answer out now, or with the commit it rests on, and once it is confirmed that the partition was owned. */
  #depart(rests: Pending | undefined, message: Message, answer: MessageAnswer | Failure, confirmed: Confirmed = true): void {
    if (!rests && confirmed === true) return leave(message, answer, this, this.#committed.offset);
    this.#departing += 1;
    this.#host.deadlines.watch(message);
    if (rests) rests.departures.push({ message, answer, confirmed });
    else void this.#leaveConfirmed(message, answer, this.#committed.offset, confirmed);
  }

  async #leaveConfirmed(message: Message, answer: MessageAnswer | Failure, offset: number, confirmed: Confirmed): Promise<void> {
    const owned = await this.#unconfirmed.add(message, confirmed);
    if (owned === undefined) return;
    this.#departing -= 1;
    if (owned) leave(message, answer, this, offset);
    else this.#host.giveBack(message);
    this.#whenVacated();
  }

  // ── the journal's word ──────────────────────────────────────────────────────────────────────────────────────────

  committed(submission: Submission): void {
    const pending = this.#pending.shift();
    assert(pending && pending.submission === submission, "an entity's records are committed in the order of its commands");
    this.#committed = { state: pending.state, version: pending.version, offset: submission.offset };
    this.#remembered.committed(submission.record);
    this.#host.succeeded(this.key);
    this.#unsnappedLength += submission.line.length;
    this.#resize();
    for (const { message, answer, confirmed } of pending.departures) {
      if (confirmed === true) {
        this.#departing -= 1;
        leave(message, answer, this, submission.offset);
      } else void this.#leaveConfirmed(message, answer, submission.offset, confirmed);
    }
    this.considerSnapshot();
    this.#settled();
  }

  rewind(doubted: boolean): void {
    this.#remembered.rewind();
    const open = [...this.#pending];
    for (const { departures } of open) this.#departing -= departures.length;
    this.#pending.clear();
    const again = withoutEnded(open, doubted, this.#host.limits.commitAttemptsMax);
    const refused = open.find(({ submission }) => submission.failure?.kind === "refused");
    this.#state = this.#committed.state;
    this.#version = this.#committed.version;
    for (const message of again.reverse()) this.#mailbox.unshift(message);
    if (refused?.submission.failure && !this.#isLeaving())
      this.#strike(refused.submission.failure, { trace: refused.departures[0]?.message.trace });
    this.#settled();
    if (this.#phase.kind === "active") this.#wake();
  }

  resume(): void {
    if (this.#phase.kind === "active") this.#wake();
  }

  // ── supervision ─────────────────────────────────────────────────────────────────────────────────────────────────

  #strike(cause: Error, { offset, trace }: { readonly offset?: number; readonly trace?: string | undefined } = {}): void {
    const host = this.#host;
    const strikes = host.failed(this.key);
    const { service, kernel, runtime, limits } = host;
    const fields = { service, type: kernel.type, key: this.key, strikes, error: cause, ...traceField(trace) };
    runtime.logger.log("error", "entity.failed", fields);
    if (strikes < limits.strikesMax) return this.#restartLater(cause, strikes);
    host.quarantine(this.key, cause.message, offset);
    this.#quarantined();
  }

  #quarantined(): void {
    this.#phase = { kind: "quarantined" };
    this.#settled();
  }

  #restartLater(cause: Error, failures: number): void {
    const host = this.#host;
    const delayMs = backoffMs(host.limits.restart, failures, () => host.runtime.random.next());
    if (this.#phase.kind === "restarting") this.#phase.timer?.cancel();
    const phase: Phase = { kind: "restarting", timer: undefined };
    this.#phase = phase;
    for (const message of this.#mailbox) host.deadlines.watch(message);
    const delay_ms = Math.round(delayMs);
    const { service, kernel, runtime } = host;
    runtime.logger.log("warn", "entity.restarting", { service, type: kernel.type, key: this.key, delay_ms, reason: cause.message });
    phase.timer = host.runtime.timers.after(delayMs, () => {
      phase.timer = undefined;
      this.#settled();
    });
  }

  /** After a commit, a rewind or the back-off: a failed entity goes on only once nothing of it is under way. */
  #settled(): void {
    if (this.#phase.kind === "quarantined") {
      for (let message = this.#mailbox.shift(); message; message = this.#mailbox.shift()) this.#host.refuse(message);
      if (this.#pending.length === 0) this.#host.remove(this);
    } else if (this.#phase.kind === "restarting" && this.#phase.timer === undefined && this.#pending.length === 0) {
      if (this.load === 0) this.#host.remove(this);
      else this.#host.restart(this);
    } else this.#whenVacated();
  }

  #whenVacated(): void {
    if (this.#phase.kind === "leaving" && this.#pending.length === 0 && this.#departing === 0) this.evict();
  }

  /** An operator has released the key while its last commits were still under way. */
  release(): void {
    if (this.#phase.kind !== "quarantined") return;
    this.#phase = { kind: "restarting", timer: undefined };
    this.#settled();
  }

  /** It is out of memory. */
  leave(): void {
    if (this.#phase.kind === "restarting") this.#phase.timer?.cancel();
    this.#phase = { kind: "gone" };
  }

  /** E7: its partition is to be released. Resolves when nothing of it is under way, and it is out of memory. */
  vacate(): Promise<void> {
    this.leave();
    return new Promise((vacated) => {
      this.#phase = { kind: "leaving", vacated };
      this.#settled();
    });
  }

  /** E7: its partition is somebody else's, and everything it has submitted was settled, or is void. */
  evict(): void {
    assert(this.#pending.length === 0, "the writer settles what is open before it says that a partition is lost");
    const { vacated = () => {} } = this.#phase.kind === "leaving" ? this.#phase : {};
    this.#host.remove(this);
    const unconfirmed = this.#unconfirmed.takeAll();
    this.#departing -= unconfirmed.length;
    for (const message of [...unconfirmed, ...this.#mailbox]) this.#host.giveBack(message);
    this.#mailbox.clear();
    vacated();
  }

  #isLeaving(): boolean {
    return this.#phase.kind === "leaving" || this.#phase.kind === "gone";
  }

  // ── snapshots ───────────────────────────────────────────────────────────────────────────────────────────────────

  snapshot(): Snapshot | undefined {
    this.#snapshotWanted = false;
    const { version, offset, state } = this.#committed;
    if (offset < 0 || version === this.#snapshotVersion) return undefined;
    const { kernel } = this.#host;
    const body = snapshotBody(kernel, state, version, this.#remembered.store());
    this.#snapshotVersion = version;
    this.#unsnappedLength = 0;
    return { type: kernel.type, key: this.key, offset, body };
  }

  /**
   * Asks for a snapshot if it is worth its write: replaying then costs at most as much as reading it, and what snapshots add to
   * what is written is at most as much as the log itself.
   */
  considerSnapshot(): void {
    if (this.#snapshotWanted || this.#committed.version - this.#snapshotVersion < this.#host.limits.snapshotEvery) return;
    if (this.#unsnappedLength < this.#footprint.snapshotLength(this.#remembered)) return;
    this.#snapshotWanted = this.#host.writer.tail.wantSnapshot(this.partition, this);
  }

  #resize(): void {
    const grown = this.#footprint.grown(this.#committed.state, this.#committed.version, this.#remembered);
    if (grown !== 0) this.#host.resized(grown);
  }
}
