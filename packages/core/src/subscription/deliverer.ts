// Drives one stream: follows one partition of a publisher's log, runs `react` on each message, and sends what it tells, until
// each command is answered or parked. What it knows after a crash is the cursor, the dead letters, and what the entities
// remember (ADR 0013).
//
//  D1  once         A told command is applied at most once by the entity it is for: of one stream each place is higher than the
//                   one told before, and what comes at or below an entity's mark is a duplicate.
//  D2  nothing lost The cursor passes a message when everything told of it was answered or is parked on disk, not before.
//  D3  in order     To one target, what is told comes in the order of the messages; the next is sent when the one before it is
//                   done with. Between targets there is no order.
//  D4  parked       A rejection is an answer. What fails and cannot succeed by being repeated is parked, and the stream goes on;
//                   likewise a message that cannot be read, or on which `react` throws.
//  D5  patient      What may succeed later is tried again, at the same place, for as long as it takes.
//  D6  bounded      At most `tellsOpenMax` told commands and `messagesAheadMax` messages wait behind one that is not done with;
//                   then the stream reads no further, and the publisher's log is the queue.
import { backoffMs } from "../base/backoff.ts";
import { Deque } from "../base/deque.ts";
import { Failure } from "../base/failure.ts";
import { JournalError, type DeadLetter, type EventSource, type SourceItem, type SourceReader, type Told } from "../journal/index.ts";
import { type MessageAnswer, traceField } from "../mailbox/index.ts";
import type { Runtime, Timer } from "../runtime/index.ts";
import { letterOf, mustPark, type Subject, subjectText } from "./letter.ts";
import type { SubscriptionLimits } from "./limits.ts";
import type { DeliveryMetrics } from "./metrics.ts";
import { Progress, type OpenMessage } from "./progress.ts";
import { placeOf, tellsPerRecordMax, toldId } from "./stream.ts";
import type { ToldCommand } from "./tell.ts";

/** A told command on its way to whoever it is for. */
export interface Order extends ToldCommand {
  readonly id: string;
  /** Wall clock (ms) of the message. */
  readonly minted: number;
  readonly told: Told;
  readonly trace: string | undefined;
}

/** Settles exactly once, perhaps before it returns. */
export type Send = (order: Order, answered: (answer: MessageAnswer) => void, failed: (failure: Failure) => void) => void;

export interface DelivererInit {
  readonly service: string;
  readonly stream: string;
  readonly partition: number;
  readonly source: EventSource;
  /** Name of the contract that the source is of. */
  readonly contract: string;
  /** What is told of one message. Throws a `Failure`. */
  readonly commands: (message: unknown) => readonly ToldCommand[];
  /** What the commands of a message carry that came with `trace`: whoever tells them is their span. */
  readonly span: (trace: string) => string;
  /** The cursor, and whether the stream was ever read before. */
  readonly from: number;
  readonly read: boolean;
  /** By place: what was parked at or above the cursor in an earlier life of the process (`subjectText`). */
  readonly parked: ReadonlyMap<number, string>;
  readonly send: Send;
  /** Durable. Rejects with a `JournalError`. */
  readonly park: (letter: DeadLetter) => Promise<void>;
  readonly moved: (cursor: number) => void;
  readonly runtime: Runtime;
  readonly limits: SubscriptionLimits;
  readonly metrics: DeliveryMetrics;
}

/** What is to be done with before the cursor passes its message. */
interface Open {
  readonly subject: Subject;
  /** Among everything that is told of its record: names its dead letter. */
  readonly place: number;
  readonly message: OpenMessage;
  readonly trace: string | undefined;
  failures: number;
  /** A try had no answer, or may have been made before a crash. */
  doubted: boolean;
}

interface Sending extends Open {
  readonly order: Order;
}

/** What is told to one target, in order; the first of it is under way. */
interface Lane {
  readonly target: string;
  readonly queue: Deque<Sending>;
  timer: Timer | undefined;
}

/** Of the record whose messages are being taken. */
interface Taking {
  readonly offset: number;
  /** Tells so far, and those of each target. */
  tells: number;
  readonly ofTarget: Map<string, number>;
}

/** Tries of one tell after which people are told. */
const warnAfter = 5;

export class Deliverer {
  readonly #init: DelivererInit;
  readonly #progress: Progress;
  readonly #parked: Map<number, string>;
  /** What was published before this life of the process may have been told in an earlier one. */
  readonly #doubtedBelow: number;
  readonly #lanes = new Map<string, Lane>();
  readonly #pauses = new Set<() => void>();
  #reader: SourceReader | undefined;
  #taking: Taking = { offset: -1, tells: 0, ofTarget: new Map() };
  #open = 0;
  #failing = 0;
  #roomFor: (() => void) | undefined;
  #halted = false;
  /** Commands sent and letters being parked that have no answer yet. */
  #underWay = 0;
  readonly #onQuiet: (() => void)[] = [];

  constructor(init: DelivererInit) {
    this.#init = init;
    this.#progress = new Progress(init.from);
    this.#parked = new Map(init.parked);
    this.#doubtedBelow = init.read ? init.source.head(init.partition) : 0;
  }

  /** Told and not done with. */
  get open(): number {
    return this.#open;
  }

  /** Of them, those that failed and are tried again. */
  get failing(): number {
    return this.#failing;
  }

  /** Records of the partition that are not done with. */
  get lag(): number {
    return this.#init.source.head(this.#init.partition) - this.#progress.cursor;
  }

  start(): void {
    const { service, stream, runtime, source, partition, from } = this.#init;
    if (this.#halted) return;
    this.#reader = source.read(partition, from);
    this.#run(this.#reader).catch((error: unknown) => {
      runtime.logger.log("error", "subscription.bug", { service, stream, error });
    });
  }

  /** Tells nothing any more. What was sent is still answered, and moves the cursor. Idempotent. */
  halt(): void {
    this.#halted = true;
    this.#reader?.close();
    for (const { timer } of this.#lanes.values()) timer?.cancel();
    for (const end of this.#pauses) end();
    this.#roomFor?.();
  }

  /** Resolves when nothing that was sent, or is being parked, is without its answer. */
  quiet(): Promise<void> {
    return this.#underWay === 0 ? Promise.resolve() : new Promise((resolve) => this.#onQuiet.push(resolve));
  }

  #ended(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) for (const resolve of this.#onQuiet.splice(0)) resolve();
  }

  async #run(reader: SourceReader): Promise<void> {
    const { service, stream, limits, runtime } = this.#init;
    for (let failures = 0; !this.#halted;) {
      let page: Awaited<ReturnType<SourceReader["next"]>>;
      try {
        page = await reader.next(limits.pageBytes);
        failures = 0;
      } catch (error) {
        if (!(error instanceof JournalError) && !(error instanceof Failure && error.retry === "later")) throw error;
        failures += 1;
        runtime.logger.log("warn", "subscription.read_failed", { service, stream, failures, error });
        await this.#pause(failures);
        continue;
      }
      for (const item of page.items) {
        while (!this.#halted && this.#full()) await new Promise<void>((resolve) => (this.#roomFor = resolve));
        if (this.#halted) return;
        this.#take(item);
      }
      if (this.#halted) return;
      this.#progress.taken(page.next);
      this.#init.moved(this.#progress.cursor);
    }
  }

  #full(): boolean {
    const { tellsOpenMax, messagesAheadMax } = this.#init.limits;
    return this.#open >= tellsOpenMax || this.#progress.ahead >= messagesAheadMax;
  }

  #take(item: SourceItem): void {
    const { offset } = item;
    if (this.#taking.offset !== offset) this.#taking = { offset, tells: 0, ofTarget: new Map() };
    this.#progress.taken(offset);
    this.#init.metrics.messages.add(1);
    let commands: readonly ToldCommand[];
    try {
      commands = this.#commandsOf(item);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return this.#parkMessage(item, error);
    }
    if (commands.length === 0) return;
    const message = this.#progress.open(offset, commands.length);
    const trace = item.trace === undefined ? undefined : this.#init.span(item.trace);
    for (const command of commands) this.#tell(command, item, message, trace);
  }

  #commandsOf({ data, error, name }: SourceItem): readonly ToldCommand[] {
    const at = `${this.#init.contract}.${name}`;
    if (error) throw error instanceof Failure ? error : new Failure("DEFECT", { what: error.message, at, cause: error });
    const commands = this.#init.commands(data);
    if (this.#taking.tells + commands.length < tellsPerRecordMax) return commands;
    throw new Failure("DEFECT", { what: `more than ${tellsPerRecordMax - 1} commands are told of one record`, at });
  }

  #tell({ to, key: given, input }: ToldCommand, { offset, at }: SourceItem, message: OpenMessage, trace: string | undefined): void {
    const { stream } = this.#init;
    const place = this.#nextPlace();
    const { name: contract, checkKey } = to.contract.$;
    this.#open += 1;
    let key: string;
    try {
      key = checkKey(given);
    } catch (error) {
      const subject: Subject = { contract, command: to.name, key: String(given), input };
      return this.#parkUnlessParked({ subject, place, message, trace, failures: 0, doubted: false }, error as Failure);
    }
    const target = `${contract}\u0000${key}`;
    // Counted for each target by itself, so that what other targets are told, after a change of `react`, shifts nothing here.
    const index = this.#taking.ofTarget.get(target) ?? 0;
    this.#taking.ofTarget.set(target, index + 1);
    const told: Told = [stream, placeOf(offset, index)];
    const order: Order = { to, key: given, input, id: toldId(`${stream}\u0000${target}`, told[1]), minted: at.now, told, trace };
    const open: Sending = {
      order,
      subject: { contract, command: to.name, key, input },
      place,
      message,
      trace,
      failures: 0,
      doubted: offset < this.#doubtedBelow,
    };
    if (this.#wasParked(open)) return this.#done(open);
    let lane = this.#lanes.get(target);
    if (!lane) this.#lanes.set(target, (lane = { target, queue: new Deque(), timer: undefined }));
    lane.queue.push(open);
    if (lane.queue.length === 1) this.#send(lane, open);
  }

  #nextPlace(): number {
    const taking = this.#taking;
    const place = placeOf(taking.offset, Math.min(taking.tells, tellsPerRecordMax - 1));
    taking.tells += 1;
    return place;
  }

  #send(lane: Lane, open: Sending): void {
    if (this.#halted) return;
    this.#underWay += 1;
    this.#init.send(
      open.order,
      (answer) => {
        this.#answered(lane, open, answer);
        this.#ended();
      },
      (failure) => {
        this.#failed(lane, open, failure);
        this.#ended();
      },
    );
  }

  #answered(lane: Lane, open: Sending, answer: MessageAnswer): void {
    const { service, stream, runtime } = this.#init;
    const metrics = this.#init.metrics;
    metrics.delivered.add(1);
    if (answer.kind === "rejection") {
      metrics.rejected.add(1);
      const command = subjectText(open.subject);
      runtime.logger.log("debug", "tell.rejected", { service, stream, command, rejection: answer.name, ...traceField(open.trace) });
    }
    this.#next(lane, open);
  }

  #failed(lane: Lane, open: Sending, failure: Failure): void {
    const { service, stream, runtime, limits } = this.#init;
    if (mustPark(failure)) {
      void this.#park(open, failure).then(() => this.#next(lane, open, false));
      return;
    }
    open.failures += 1;
    open.doubted ||= failure.outcome === "unknown";
    if (open.failures === 1) this.#failing += 1;
    const level = open.failures === warnAfter ? "warn" : "debug";
    const command = subjectText(open.subject);
    const { failures } = open;
    runtime.logger.log(level, "tell.failed", { service, stream, command, failures, error: failure, ...traceField(open.trace) });
    if (this.#halted) return;
    lane.timer = runtime.timers.after(
      backoffMs(limits.again, open.failures, () => runtime.random.next()),
      () => {
        lane.timer = undefined;
        this.#send(lane, open);
      },
    );
  }

  /** The first of the lane is done with; the one behind it is sent. */
  #next(lane: Lane, open: Open, toDo = true): void {
    lane.queue.shift();
    const next = lane.queue.peek();
    if (!next) this.#lanes.delete(lane.target);
    if (toDo) this.#done(open);
    if (next) this.#send(lane, next);
  }

  #done({ message, failures }: Open): void {
    if (failures > 0) this.#failing -= 1;
    this.#open -= 1;
    this.#progress.done(message);
    this.#init.moved(this.#progress.cursor);
    if (this.#full()) return;
    this.#roomFor?.();
    this.#roomFor = undefined;
  }

  #parkMessage({ offset, name, at, data, trace }: SourceItem, failure: Failure): void {
    const subject: Subject = { contract: this.#init.contract, command: name, key: at.key, input: data };
    this.#open += 1;
    const message = this.#progress.open(offset, 1);
    this.#parkUnlessParked({ subject, place: this.#nextPlace(), message, trace, failures: 0, doubted: false }, failure);
  }

  #parkUnlessParked(open: Open, failure: Failure): void {
    if (this.#wasParked(open)) this.#done(open);
    else void this.#park(open, failure);
  }

  /** Resolves once the dead letter is on disk and the tell done with; until then, and for ever, it is tried again. */
  async #park(open: Open, failure: Failure): Promise<void> {
    const { service, stream, runtime, park } = this.#init;
    const { place, subject, trace } = open;
    const command = subjectText(subject);
    const letter = letterOf({ stream, place, since: runtime.clock.now() }, subject, failure, open.doubted);
    this.#underWay += 1;
    for (let failures = 1; !this.#halted; failures++) {
      try {
        await park(letter);
        this.#init.metrics.parked.add(1);
        runtime.logger.log("error", "tell.parked", { service, stream, place, command, error: failure, ...traceField(trace) });
        this.#done(open);
        break;
      } catch (error) {
        if (!(error instanceof JournalError)) throw error;
        runtime.logger.log("warn", "tell.not_parked", { service, stream, place, failures, error });
        await this.#pause(failures);
      }
    }
    this.#ended();
  }

  /** Parked before a crash, and told again since: it stays parked. */
  #wasParked({ place, subject }: Open): boolean {
    const parked = this.#parked.get(place);
    return parked !== undefined && this.#parked.delete(place) && parked === subjectText(subject);
  }

  #pause(failures: number): Promise<void> {
    const { limits, runtime } = this.#init;
    if (this.#halted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const timer = runtime.timers.after(
        backoffMs(limits.again, failures, () => runtime.random.next()),
        end,
      );
      this.#pauses.add(end);
    });
  }
}
